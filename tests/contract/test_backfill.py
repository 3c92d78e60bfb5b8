"""A backfill through the sandbox, killed ten times: it ends as if nothing had happened, for hardly more (OP-2, SY-3).

`python -m tests.worlds.backfill --kills 50` does the same with more of everything.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.backfill import Size, compare

pytestmark = pytest.mark.requirement("OP-2", "OP-3", "SY-3")

OBJECTS = ("Lead", "Task", "visitor-activities", "visitor-page-views", "forms")


@pytest.mark.complaint(13, 16)
def test_killed_ten_times_it_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    size = Size(people=25, kills=10, rows_a_page=2, names=OBJECTS, at_once=1, ahead=0, by_jobs=False)
    calm, killed = compare(tmp_path, size, seed=4)
    assert killed.kills == 10
    assert killed.rows == calm.rows
    assert any(calm.rows.values())
    assert killed.calls <= 1.2 * calm.calls
    assert [one.floor for one in killed.ended.streams] == [one.floor for one in calm.ended.streams]
