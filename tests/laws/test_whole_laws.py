"""With every feature of the rules at once the engine says of everybody what the plain references say together.

`python -m tests.differential --lives 100000` tries as many lives as one has time for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.whole_world import tried

pytestmark = pytest.mark.requirement(
    "SC-4", "SC-6", "SC-7", "SC-8", "SC-11", "LC-1", "LC-2", "LC-3", "LC-5", "LC-12", "RC-2", "RC-3", "TU-1", "EN-4"
)


@pytest.mark.parametrize("seed", [0, 1])
def test_features_together_say_what_their_references_say_together(seed: int, tmp_path: Path) -> None:
    assert tried(seed, people=100, folder=tmp_path, moments=0.3) == []
