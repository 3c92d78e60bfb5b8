"""Into which slices history is cut. Pure, save for the counting that a remote is asked for.

Small enough that one which is lost in the middle costs little, large enough that reading them all costs hardly more
than reading everything at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from connector.domain.backfill import Slice
from connector.pulling.halving import EARLIEST

ROWS_COUNTED = 1_000_000
"""Rows of a slice where the remote counts them: twenty result pages of a bulk query, beside which its job is cheap."""

ROWS_WINDOWED = 100_000
"""Rows that a window of time should have where nobody counts: a hundred pages, or an export."""

FIRST_WINDOW = timedelta(days=30)
GROWTH, SHRINKAGE = 16.0, 1 / 8
MOST_COUNTS = 4
SECOND = timedelta(seconds=1)


def counted_slice(
    upper: datetime, lowest: datetime | None, left: int, count: Callable[[datetime, datetime], int]
) -> Slice:
    """The next slice down from `upper` of a stream that has `left` rows down to `lowest` (None: its beginning).

    What is not much more than a slice is one, without counting again. `count` gives the rows between two times.
    """
    if left <= ROWS_COUNTED * 3 // 2:
        return Slice(lowest, upper, left)
    width = max((upper - (lowest or EARLIEST)) * (ROWS_COUNTED / left), SECOND)
    for _ in range(MOST_COUNTS):
        lower = _floor(max(upper - width, lowest or EARLIEST))
        rows = count(lower, upper)
        if ROWS_COUNTED // 4 <= rows <= 2 * ROWS_COUNTED or width <= SECOND:
            break
        width = max(width * _within(ROWS_COUNTED / max(rows, 1)), SECOND)
    return Slice(lower, upper, rows)


def windowed_slice(upper: datetime, lowest: datetime | None, before: Sequence[Slice]) -> Slice:
    """The next window down from `upper`, as wide as the last one's rows advise; without `lowest` all that is left.

    `before`: the windows that were read, newest first.
    """
    if lowest is None:
        return Slice(None, upper)
    width = FIRST_WINDOW
    if before and before[-1].lower is not None and before[-1].rows is not None:
        last = max(before[-1].upper - before[-1].lower, SECOND)
        width = max(last * _within(ROWS_WINDOWED / max(before[-1].rows, 1)), SECOND)
    lower = _floor(upper - width)
    # What would be left is less than half a window: it goes along.
    return Slice(lowest if lower - lowest < width / 2 else lower, upper)


def _within(factor: float) -> float:
    return min(max(factor, SHRINKAGE), GROWTH)


def _floor(instant: datetime) -> datetime:
    """Remotes compare times to the second."""
    return instant.replace(microsecond=0)
