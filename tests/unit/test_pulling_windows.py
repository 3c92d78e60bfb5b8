"""Into which slices history is cut, and what is concluded from those that are done (OP-2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.domain.backfill import Slice
from connector.pulling import progress
from connector.pulling.progress import Estimate, Progress, StreamProgress, duration, estimate, line, rate
from connector.pulling.windows import (
    FIRST_WINDOW,
    ROWS_COUNTED,
    ROWS_WINDOWED,
    counted_slice,
    windowed_slice,
)
from tests.mirror_world import DAY, HOUR, NOON

pytestmark = pytest.mark.requirement("OP-2")

YEARS = timedelta(days=1000)
SINCE = NOON - YEARS


class Counting:
    """A remote with rows evenly over the range, or all of them within one second."""

    def __init__(self, rows: int, at_once: datetime | None = None) -> None:
        self.rows = rows
        self.at_once = at_once
        self.counts = 0

    def __call__(self, lower: datetime, upper: datetime) -> int:
        self.counts += 1
        if self.at_once is not None:
            return self.rows if lower <= self.at_once <= upper else 0
        return int(self.rows * ((upper - lower) / YEARS))


class TestWhereTheRemoteCounts:
    def test_what_is_little_more_than_a_slice_is_one_without_another_count(self) -> None:
        count = Counting(ROWS_COUNTED)
        assert counted_slice(NOON, SINCE, ROWS_COUNTED * 3 // 2, count) == Slice(SINCE, NOON, ROWS_COUNTED * 3 // 2)
        assert counted_slice(NOON, None, 7, count) == Slice(None, NOON, 7)
        assert count.counts == 0

    def test_even_rows_are_cut_with_one_count_a_slice(self) -> None:
        count = Counting(10 * ROWS_COUNTED)
        found = counted_slice(NOON, SINCE, 10 * ROWS_COUNTED, count)
        assert found.lower == NOON - YEARS / 10
        assert found.expected == ROWS_COUNTED
        assert count.counts == 1

    def test_rows_in_a_heap_are_cut_into_few_slices_all_the_same(self) -> None:
        count = Counting(10 * ROWS_COUNTED, at_once=NOON - DAY)
        upper, slices, left = NOON, [], 10 * ROWS_COUNTED
        while upper > SINCE:
            found = counted_slice(upper, SINCE, left, count)
            assert found.lower is not None
            slices.append(found)
            upper, left = found.lower, max(left - (found.expected or 0), 0)
        assert len(slices) < 10
        assert count.counts < 30

    def test_a_stream_without_a_beginning_is_cut_from_the_first_year_of_the_remotes(self) -> None:
        found = counted_slice(NOON, None, 10 * ROWS_COUNTED, Counting(10 * ROWS_COUNTED))
        assert found.lower is not None
        assert found.lower < NOON


class TestWhereNobodyCounts:
    def windows(self, rows_a_day: float) -> list[Slice]:
        upper = NOON
        found: list[Slice] = []
        while upper > SINCE:
            window = windowed_slice(upper, SINCE, found)
            assert window.lower is not None
            assert SINCE <= window.lower < upper
            found.append(Slice(window.lower, upper, rows=int(rows_a_day * ((upper - window.lower) / DAY))))
            upper = window.lower
        return found

    def test_few_rows_are_read_in_few_windows(self) -> None:
        windows = self.windows(1.0)
        assert windows[0].upper - (windows[0].lower or NOON) == FIRST_WINDOW
        assert len(windows) <= 4

    @pytest.mark.complaint(16, 21)
    def test_many_rows_are_cut_to_about_what_a_window_should_have(self) -> None:
        windows = self.windows(20_000)
        assert all((one.rows or 0) <= 2 * ROWS_WINDOWED for one in windows[2:])
        assert all((one.rows or 0) >= ROWS_WINDOWED // 2 for one in windows[2:-1])

    def test_without_an_end_there_is_one(self) -> None:
        assert windowed_slice(NOON, None, []) == Slice(None, NOON)

    def test_a_short_history_is_one_window(self) -> None:
        assert windowed_slice(NOON, NOON - 20 * DAY, []) == Slice(NOON - 20 * DAY, NOON)


def counted(came: int, seconds: float, expected: int = 1000) -> StreamProgress:
    return StreamProgress(SINCE, expected, noted=came, came=came, seconds=seconds)


def windowed(days: int, seconds: float) -> StreamProgress:
    return StreamProgress(SINCE, None, came=5, seconds=seconds, top=NOON, floor=NOON - days * DAY)


class TestEstimates:
    def test_none_before_there_is_a_basis(self) -> None:
        assert estimate([counted(0, 0.0)]) is None
        assert estimate([windowed(0, 10.0)]) is None
        assert estimate([counted(500, 10.0), StreamProgress(SINCE)]) is None, "one of them is still unknown"
        assert estimate([StreamProgress(None, None, came=10, seconds=9.0)]) is None, "nobody knows how far back it goes"

    def test_by_counted_rows(self) -> None:
        assert estimate([counted(250, 10.0)]) == Estimate(30.0, "counted rows")
        assert estimate([counted(1000, 10.0), StreamProgress(SINCE, 0)]) == Estimate(0.0, "counted rows")

    def test_by_the_time_behind(self) -> None:
        assert estimate([windowed(100, 10.0)]) == Estimate(90.0, "windows of time")

    def test_by_both(self) -> None:
        found = estimate([counted(250, 10.0), windowed(500, 10.0)])
        assert found == Estimate(40.0, "counted rows and windows of time")

    def test_streams_that_are_done_take_no_more_time(self) -> None:
        assert estimate([StreamProgress(SINCE, done=True), counted(250, 10.0)]) == Estimate(30.0, "counted rows")
        assert estimate([StreamProgress(SINCE, done=True)]) is None

    def test_rows_of_earlier_runs_count_as_done_and_not_as_fast(self) -> None:
        resumed = StreamProgress(SINCE, 1000, noted=900, came=50, seconds=10.0)
        assert estimate([resumed]) == Estimate(20.0, "counted rows")
        assert rate([resumed]) == 5.0

    @pytest.mark.parametrize(
        ("seconds", "words"), [(0.0, "1 s"), (89.0, "89 s"), (600.0, "10 min"), (3 * 3600.0, "3.0 h")]
    )
    def test_lengths_of_time_are_for_people(self, seconds: float, words: str) -> None:
        assert duration(seconds) == words


def test_the_line_tells_rows_rate_and_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 4.0, 4.0])
    said: list[str] = []
    shown = Progress(lambda: next(clock), said.append)
    key = ("salesforce.Task", "")
    shown.streams[key] = StreamProgress(SINCE, 8_000)
    shown.reads(key, NOON)
    shown.landed(key, 2_000)
    shown.landed(key, 4_000)
    shown.read(key, 4_100, NOON - HOUR)
    assert said == [
        "backfill salesforce.Task: 2,000 rows, 1,000 rows/s, about 6 s left by counted rows",
        "backfill salesforce.Task: 4,000 rows, 1,000 rows/s, about 4 s left by counted rows",
    ]
    assert (shown.of(key).noted, shown.of(key).landed, shown.of(key).floor) == (4_100, 0, NOON - HOUR)
    monkeypatch.setattr(progress, "LEAST_SECONDS", 100.0)
    assert line("x", shown.streams.values()) == "backfill x: 4,100 rows, no estimate yet"
