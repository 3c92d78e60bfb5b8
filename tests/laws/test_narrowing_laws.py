"""Whatever differs lies in the spans that are listed, and asking for counts costs by the differences (SY-6)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.reconciled import Span
from connector.http.outcome import TooSlowError
from connector.pulling.narrowing import Counts, by_age, merged, narrowed

pytestmark = pytest.mark.requirement("SY-6")

START = datetime(2024, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PAGE = 4


class Sides:
    """Two sides with rows at some seconds after the start; each count of theirs is a call."""

    def __init__(self, theirs: Sequence[int], ours: Sequence[int], page: int = PAGE, slow_from: int = 10**9) -> None:
        self.theirs, self.ours = sorted(theirs), sorted(ours)
        self.page, self.slow_from = page, slow_from
        self.calls = 0

    def counts(self) -> Counts:
        return Counts(
            self._ask, lambda span: _in(self.ours, span), self._middle, lambda rows: -(-rows // self.page), self.page
        )

    def _ask(self, span: Span) -> int:
        self.calls += 1
        found = _in(self.theirs, span)
        if found >= self.slow_from:
            raise TooSlowError("too many to count in time")
        return found

    def _middle(self, span: Span) -> datetime | None:
        low, high = _bounds(self.ours, span)
        return START + self.ours[(low + high - 1) // 2] * SECOND if high > low else None


def _bounds(rows: Sequence[int], span: Span) -> tuple[int, int]:
    low = 0 if span.lower is None else bisect_left(rows, (span.lower - START) / SECOND)
    return low, bisect_right(rows, (span.upper - START) / SECOND)


def _in(rows: Sequence[int], span: Span) -> int:
    low, high = _bounds(rows, span)
    return high - low


SECONDS = st.lists(st.integers(0, 50), max_size=60)


@settings(max_examples=150, deadline=None)
@given(kept=SECONDS, theirs=SECONDS, upper=st.integers(0, 60), slow_from=st.sampled_from([3, 10**9]))
def test_missing_rows_lie_in_what_is_listed(kept: list[int], theirs: list[int], upper: int, slow_from: int) -> None:
    sides = Sides([*kept, *theirs], kept, slow_from=slow_from)
    whole = Span(None, START + upper * SECOND)
    counts = sides.counts()
    try:
        spans = merged(narrowed(counts, whole, counts.count(whole), counts.ours(whole)))
    except TooSlowError:
        assert any(sides.theirs.count(second) >= slow_from for second in sides.theirs)
        return
    for second in theirs:
        if second <= upper:
            assert any(_in([second], span) for span in spans), f"{second} is in none of {spans}"
    assert all(before.upper + SECOND < (after.lower or START) for before, after in pairwise(spans))
    assert spans == [] or theirs


@pytest.mark.complaint(12)
@settings(max_examples=60, deadline=None)
@given(kept=st.lists(st.integers(0, 60_000_000), max_size=60), days=st.integers(8, 600))
def test_a_row_that_missed_an_update_differs_by_age(kept: list[int], days: int) -> None:
    end = 60_000_000
    sides = Sides([*kept, end - 10], [*kept, end - days * 86_400])
    whole = Span(None, START + end * SECOND)
    spans = merged(by_age(sides.counts(), whole))
    assert any(_in([end - days * 86_400], span) for span in spans)


@pytest.mark.parametrize("lost", [0, 1, 141_592, 399_999])
@pytest.mark.parametrize("page", [2, 2_000])
def test_one_row_among_very_many_costs_a_count_a_level(lost: int, page: int) -> None:
    rows = range(400_000)
    sides = Sides(rows, [*range(lost), *range(lost + 1, 400_000)], page=page)
    counts = sides.counts()
    whole = Span(None, START + 400_000 * SECOND)
    spans = list(narrowed(counts, whole, counts.count(whole), counts.ours(whole)))
    levels = (400_000 // page).bit_length()
    assert sides.calls + sum(counts.listed(_in(rows, span)) for span in spans) <= levels + 4
    assert any(_in([lost], span) for span in spans)
