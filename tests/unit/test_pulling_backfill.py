"""Years of history, slice by slice: what is asked for, what is not asked for again, and what the cursor says (SY-3,
OP-2)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.cursor import Cursor
from connector.errors import BudgetSpentError, StoppedError
from connector.pulling import windows
from connector.pulling.backfill import Backfilled
from connector.store.cursors import read_cursor
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare, table_of
from tests.backfill_world import ACTIVITIES, LEADS, STATUSES, TASKS, UNIT, Remote, World, spread, years
from tests.mirror_world import DAY, HOUR, MINUTE, NOON
from tests.remote_world import Killed

pytestmark = pytest.mark.requirement("SY-3", "OP-2")

SINCE = NOON - years(2)
LONG_AGO = NOON - years(4)
STREAMS = (STATUSES, LEADS, TASKS, ACTIVITIES)


@pytest.fixture(scope="module")
def memory() -> Store:
    store = memory_store()
    store.run("SET threads = 1")
    prepare(store, STREAMS)
    return store


@pytest.fixture
def world(memory: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """20 rows of behaviour in four years, half of which lie before the date, and a few of everything else."""
    for table in ("cursor", "backfill", "backfill_stream", "backfill_slice", *(table_of(one) for one in STREAMS)):
        memory.run(f'DELETE FROM "{table}"')
    monkeypatch.setattr(windows, "ROWS_COUNTED", 4)
    monkeypatch.setattr(windows, "ROWS_WINDOWED", 4)
    rows = {one.stream.object: spread(20, LONG_AGO, NOON) for one in (TASKS, ACTIVITIES)}
    rows |= {one.stream.object: spread(5, LONG_AGO, NOON) for one in (LEADS, STATUSES)}
    return World(memory, Remote(rows), tmp_path, (TASKS, ACTIVITIES))


@pytest.fixture
def whole_world(world: World) -> World:
    """The same with streams that are read whole."""
    world.streams = STREAMS
    return world


def cursor(world: World, stream: object = TASKS) -> Cursor:
    unit = UNIT if stream is ACTIVITIES else ""
    return read_cursor(world.store, stream.stream.name, unit)  # type: ignore[attr-defined] # one of STREAMS


def test_behaviour_comes_since_the_date_and_everything_else_whole(whole_world: World) -> None:
    done = whole_world.backfill(SINCE)
    assert done.finished
    for stream in (TASKS, ACTIVITIES):
        assert whole_world.mirrored(stream) == whole_world.truth(stream, SINCE)
        assert cursor(whole_world, stream).floor == SINCE
    for stream in (LEADS, STATUSES):
        assert whole_world.mirrored(stream) == whole_world.truth(stream)
        assert cursor(whole_world, stream).floor is None
    assert all(cursor(whole_world, stream).watermark == NOON for stream in STREAMS)


@pytest.mark.parametrize("stream", [TASKS, ACTIVITIES], ids=lambda one: one.stream.object)
def test_slices_go_back_from_now_without_a_gap(world: World, stream: object) -> None:
    slices = world.slices(world.backfill(SINCE), stream)  # type: ignore[arg-type] # one of STREAMS
    assert len(slices) >= 2
    assert slices[0][1] == NOON
    assert slices[-1][0] == SINCE
    assert [upper for _, upper in slices[1:]] == [lower for lower, _ in slices[:-1]]


def test_rows_are_those_of_the_mirror_and_each_is_told(whole_world: World) -> None:
    done = whole_world.backfill(SINCE)
    told = {one.stream: one for one in done.streams}
    assert told["salesforce.Lead"].rows == 5
    assert told["salesforce.LeadStatus"].rows == 5
    assert told["salesforce.Task"].slices == len(whole_world.slices(done, TASKS))
    assert done.rows == sum(one.rows for one in done.streams)


class TestOnAStoreThatHasSomeHistory:
    def test_a_second_time_nothing_is_read(self, world: World) -> None:
        world.backfill(SINCE)
        calls = world.remote.calls
        again = world.backfill(SINCE + 30 * DAY)
        assert (again.finished, again.rows, world.remote.calls) == (True, 0, calls)
        assert cursor(world).floor == SINCE

    def test_an_earlier_date_reads_what_lies_before(self, world: World) -> None:
        world.backfill(SINCE)
        world.remote.asked.clear()
        world.backfill(SINCE - years(1))
        assert {name for name, _, _ in world.remote.asked} == {"Task", "visitor-activities"}
        assert all(upper is not None and upper <= SINCE for _, _, upper in world.remote.asked)
        assert world.mirrored(TASKS) == world.truth(TASKS, SINCE - years(1))
        assert cursor(world) == Cursor("salesforce.Task", "", NOON, floor=SINCE - years(1))

    def test_again_reads_everything_once_more_and_forgets_nothing(self, whole_world: World) -> None:
        whole_world.backfill(SINCE)
        calls = whole_world.remote.calls
        again = whole_world.backfill(SINCE + years(1), again=True)
        assert again.finished
        assert whole_world.remote.calls > calls
        assert cursor(whole_world).floor == SINCE, "what the mirror held before, it still holds"
        assert cursor(whole_world, LEADS) == Cursor("salesforce.Lead", "", NOON)
        assert whole_world.mirrored(TASKS) == whole_world.truth(TASKS, SINCE)

    def test_a_store_that_was_pulled_whole_has_it_all(self, world: World) -> None:
        for source in world.sources:
            source.pull(world.history(world.backfill(NOON - DAY).backfill).landing)
        world.store.run("UPDATE cursor SET floor = NULL")
        calls = world.remote.calls
        assert world.backfill(LONG_AGO).rows == 0
        assert world.remote.calls == calls

    def test_until_a_day_leaves_the_rest_to_the_next_pull(self, world: World) -> None:
        until = NOON - years(1)
        world.backfill(SINCE, until)
        assert cursor(world) == Cursor("salesforce.Task", "", until, floor=SINCE)
        task = next(source for source in world.sources if source.name == "salesforce.Task")
        task.pull(world.history(world.backfill(SINCE, until).backfill).landing)
        assert world.mirrored(TASKS) == world.truth(TASKS, SINCE)
        assert cursor(world) == Cursor("salesforce.Task", "", NOON, floor=SINCE)


class TestBetweenSlices:
    def killed_in_the_middle(self, world: World) -> None:
        world.backfill(NOON - DAY)
        world.remote.dies_at = world.remote.passed + 6
        with pytest.raises(Killed):
            world.backfill(SINCE)
        world.remote.dies_at = None

    def test_a_pull_goes_on_from_the_newest_slice_and_leaves_the_past_alone(self, world: World) -> None:
        self.killed_in_the_middle(world)
        floor = cursor(world).floor
        assert floor is not None
        assert floor > SINCE
        world.remote.rows["Task"].append((99, NOON + HOUR))
        world.remote.now = NOON + 2 * HOUR
        task = next(source for source in world.sources if source.name == "salesforce.Task")
        world.remote.asked.clear()
        task.pull(world.history(world.backfill(SINCE).backfill).landing)
        assert world.mirrored(TASKS) == world.truth(TASKS, SINCE)
        assert cursor(world).watermark == NOON + 2 * HOUR
        assert cursor(world).floor == SINCE

    def test_the_floor_tells_what_is_there_at_any_moment(self, world: World) -> None:
        world.backfill(NOON - DAY)
        boundary = world.remote.passed
        for _ in range(200):
            boundary += 9
            world.remote.dies_at = boundary
            try:
                world.backfill(SINCE)
            except Killed:
                for stream in (TASKS, ACTIVITIES):
                    at = cursor(world, stream)
                    there = [row for row in world.mirrored(stream) if row[1] >= at.floor]
                    assert there == world.truth(stream, at.floor)
            else:
                break
            boundary = world.remote.passed
        assert world.mirrored(TASKS) == world.truth(TASKS, SINCE)


def spent(resumes: int) -> BudgetSpentError:
    return BudgetSpentError("The calls of the day are used up.", 60.0, NOON + resumes * HOUR, account="salesforce")


class TestEndingEarly:
    def test_used_up_calls_end_it_without_an_error_and_the_next_run_goes_on(self, world: World) -> None:
        def refuse() -> None:
            if world.remote.calls >= 6:
                raise spent(5)

        world.remote.before_call = refuse
        done = self.run(world)
        assert not done.finished
        assert isinstance(done.ended_by, BudgetSpentError)
        assert done.ended_by.resumes_at == NOON + 5 * HOUR
        world.remote.before_call = lambda: None
        again = self.run(world)
        assert again.finished
        assert again.backfill.backfill_id == done.backfill.backfill_id
        assert world.mirrored(TASKS) == world.truth(TASKS, SINCE)

    def test_a_stop_ends_it_too(self, world: World) -> None:
        def stop() -> None:
            if world.remote.calls >= 6:
                raise StoppedError("Stopped.")

        world.remote.before_call = stop
        assert isinstance(self.run(world).ended_by, StoppedError)

    def test_where_one_account_is_spent_the_others_are_read(self, whole_world: World) -> None:
        salesforce = whole_world.remote

        def refuse() -> None:
            if salesforce.asked and salesforce.asked[-1][0] == "Task":
                raise spent(3)

        salesforce.before_call = refuse
        done = self.run(whole_world)
        assert not done.finished
        finished = {one.stream for one in done.streams if one.finished}
        assert finished == {"salesforce.Lead", "salesforce.LeadStatus", ACTIVITIES.stream.name}

    def run(self, world: World) -> Backfilled:
        return world.backfill(SINCE)


def test_streams_go_back_in_step(world: World) -> None:
    def refuse() -> None:
        if len(world.remote.asked) >= 4:
            raise StoppedError("Stopped.")

    world.remote.before_call = refuse
    floors = [one.floor for one in world.backfill(SINCE).streams if one.lowest is not None]
    assert all(floor is not None for floor in floors)
    assert max(floors) - min(floors) < timedelta(days=400)  # type: ignore[type-var, operator] # none is None


def test_many_rows_are_read_by_bulk_without_being_counted_twice(world: World) -> None:
    world.bulk_from = 2
    world.backfill(SINCE)
    assert world.mirrored(TASKS) == world.truth(TASKS, SINCE)


def test_a_row_that_changes_while_history_is_read_comes_with_the_next_pull(world: World) -> None:
    world.backfill(NOON - DAY)
    world.remote.dies_at = world.remote.passed + 6
    with pytest.raises(Killed):
        world.backfill(SINCE)
    world.remote.dies_at = None
    world.remote.rows["Task"] = [(n, NOON + MINUTE if n == 13 else at) for n, at in world.remote.rows["Task"]]
    world.remote.now = NOON + HOUR
    task = next(source for source in world.sources if source.name == "salesforce.Task")
    task.pull(world.history(world.backfill(SINCE).backfill).landing)
    assert world.mirrored(TASKS) == world.truth(TASKS, SINCE)
