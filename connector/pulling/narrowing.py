"""Where two sides differ: spans of stamps whose counts differ are halved until they are short enough to be listed.

The counts to ask for grow with the differences, not with the table. A count is asked for one half; the other follows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.domain.reconciled import Span
from connector.http.outcome import TooSlowError
from connector.pulling.halving import EARLIEST, SECOND

AGES = (timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=365))
"""Where stamps are cut first, counted back from the end: a row that missed an update lies in another part then."""


@dataclass(frozen=True)
class Counts:
    """Both sides of a comparison. `theirs` costs a call, `ours` and `middle` cost none.

    `listed`: what listing so many rows costs in calls; `shortest`: rows that are listed by one call.
    """

    theirs: Callable[[Span], int]
    ours: Callable[[Span], int]
    middle: Callable[[Span], datetime | None]
    listed: Callable[[int], int]
    shortest: int

    def count(self, span: Span) -> int:
        """The remote's rows of a span; where it cannot count them in time, those of its halves. TooSlowError."""
        try:
            return self.theirs(span)
        except TooSlowError:
            halves = self.halves(span)
            if halves is None:
                raise
            return sum(self.count(half) for half in halves)

    def halves(self, span: Span) -> tuple[Span, Span] | None:
        """A span in two, at the middle of our rows where there is one, else of the time; None for a single second."""
        lower = span.lower or EARLIEST
        if span.upper - lower < SECOND:
            return None
        middle = self.middle(span)
        if middle is None or not lower <= middle < span.upper:
            middle = lower + (span.upper - lower) // 2
        return parted(span, middle)


def parted(span: Span, at: datetime) -> tuple[Span, Span]:
    """A span up to an instant, and from the second after it."""
    cut = at.replace(microsecond=0)
    return Span(span.lower, cut), Span(cut + SECOND, span.upper)


def narrowed(counts: Counts, span: Span, theirs: int, ours: int) -> Iterator[Span]:
    """The parts of a span that have to be listed, because their counts differ; from the oldest on."""
    if theirs == ours:
        return
    rows = max(theirs, ours)
    halves = counts.halves(span)
    if halves is None or not _pays(counts, rows, abs(theirs - ours)):
        yield span
        return
    older, younger = halves
    theirs_older, ours_older = counts.count(older), counts.ours(older)
    yield from narrowed(counts, older, theirs_older, ours_older)
    yield from narrowed(counts, younger, theirs - theirs_older, ours - ours_older)


def by_age(counts: Counts, span: Span) -> Iterator[Span]:
    """The parts of a span to be listed, by counts of each age: for where the whole has the same count on both sides."""
    rest = span
    for age in reversed(AGES):
        cut = span.upper - age
        if cut <= (rest.lower or EARLIEST):
            continue
        older, rest = parted(rest, cut)
        yield from _counted(counts, older)
    yield from _counted(counts, rest)


def _counted(counts: Counts, span: Span) -> Iterator[Span]:
    ours = counts.ours(span)
    if ours:
        # Where we have none, a row too many of theirs is one too few in another part.
        yield from narrowed(counts, span, counts.count(span), ours)


def merged(spans: Iterator[Span]) -> list[Span]:
    """The same stamps in as few spans as can be; by age."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.lower or EARLIEST, one.upper)):
        if found and (span.lower or EARLIEST) <= found[-1].upper + SECOND:
            found[-1] = Span(found[-1].lower, max(found[-1].upper, span.upper))
        else:
            found.append(span)
    return found


def _pays(counts: Counts, rows: int, differ: int) -> bool:
    """Whether halving further is cheaper than listing all of it: a count for each level and each difference."""
    if rows <= counts.shortest:
        return False
    pages = math.ceil(rows / counts.shortest)
    levels = math.ceil(math.log2(pages)) + 1
    return min(differ, pages) * levels < counts.listed(rows)
