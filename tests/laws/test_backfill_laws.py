"""Whatever the rows, the slices and the moments at which the process dies: what is finished is not asked for again, the
slices are the range without a gap, and the mirror is the truth (SY-3, OP-2)."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.domain.streams import MappedStream
from connector.pulling import windows
from connector.store.cursors import read_cursor
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare, table_of
from tests.backfill_world import ACTIVITIES, TASKS, UNIT, Remote, World, years
from tests.mirror_world import NOON
from tests.remote_world import Killed

pytestmark = pytest.mark.requirement("SY-3", "OP-2")

SPAN = years(1)
SINCE = NOON - SPAN
SECOND = timedelta(seconds=1)

ages = st.integers(0, int(SPAN / SECOND) + 86_400)
"""Seconds before noon: within the range and a day before it."""

rows = st.lists(st.one_of(ages, st.sampled_from([0, 1, 60, 86_400, int(SPAN / SECOND)])), max_size=10)


@cache
def empty_store() -> Store:
    store = memory_store()
    store.run("SET threads = 1")
    prepare(store, (TASKS, ACTIVITIES))
    return store


@contextmanager
def small_slices(size: int) -> Iterator[Path]:
    for table in ("cursor", "backfill", "backfill_stream", "backfill_slice", table_of(TASKS), table_of(ACTIVITIES)):
        empty_store().run(f'DELETE FROM "{table}"')
    folder = Path(tempfile.mkdtemp())
    with patch.object(windows, "ROWS_COUNTED", size), patch.object(windows, "ROWS_WINDOWED", size):
        yield folder
    shutil.rmtree(folder)


@dataclass
class Watched(World):
    """Looks at each question whether it overlaps a slice that is finished, by more than its edge."""

    finished: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))

    def watch(self) -> None:
        for name, lower, upper in self.remote.asked:
            stream = TASKS if name == "Task" else ACTIVITIES
            for finished_lower, finished_upper in self.finished[stream.stream.name]:
                overlap = min(upper or NOON, finished_upper) - max(lower or SINCE, finished_lower)
                assert overlap <= timedelta(0), f"{name} {lower}..{upper} was read already"
        self.remote.asked.clear()
        self.finished = {one.stream.name: spans(self.store, one, "rows IS NOT NULL") for one in self.streams}


@settings(
    max_examples=6, phases=[Phase.explicit, Phase.generate], deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    tasks=rows,
    activities=rows,
    size=st.integers(3, 6),
    bulk=st.booleans(),
    deaths=st.lists(st.integers(1, 25), max_size=4),
)
def test_finished_slices_stay_finished_and_the_mirror_is_the_truth(
    tasks: list[int], activities: list[int], size: int, bulk: bool, deaths: list[int]
) -> None:
    with small_slices(size) as folder:
        remote = Remote({"Task": at(tasks), "visitor-activities": at(activities)}, page_rows=2)
        world = Watched(empty_store(), remote, folder, (TASKS, ACTIVITIES), bulk_from=0 if bulk else 10**9)
        for death in deaths:
            remote.dies_at = remote.passed + death
            try:
                world.backfill(SINCE)
            except Killed:
                world.watch()
        remote.dies_at = None
        done = world.backfill(SINCE)
        world.watch()
        assert done.finished
        for stream in (TASKS, ACTIVITIES):
            assert world.mirrored(stream) == world.truth(stream, SINCE)
            assert_whole_range(world, stream)


def assert_whole_range(world: World, stream: MappedStream) -> None:
    unit = UNIT if stream is ACTIVITIES else ""
    found = spans(world.store, stream)
    assert found[0][0] == SINCE
    assert found[-1][1] == NOON
    assert [lower for lower, _ in found[1:]] == [upper for _, upper in found[:-1]]
    cursor = read_cursor(world.store, stream.stream.name, unit)
    assert (cursor.floor, cursor.watermark, cursor.slice_upper) == (SINCE, NOON, None)


def spans(store: Store, stream: MappedStream, which: str = "TRUE") -> list[tuple[datetime, datetime]]:
    """The slices of a stream, oldest first."""
    found = store.run(
        f"SELECT lower, upper FROM backfill_slice WHERE stream = $stream AND {which} ORDER BY upper",
        {"stream": stream.stream.name},
    )
    return [(lower.replace(tzinfo=UTC), upper.replace(tzinfo=UTC)) for lower, upper in found]


def at(seconds: list[int]) -> list[tuple[int, datetime]]:
    return [(number + 1, NOON - age * SECOND) for number, age in enumerate(seconds)]
