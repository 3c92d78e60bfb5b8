"""A slice in parts: what a remote cannot answer in time is asked for in halves, down to a second. Pure.

The parts of a slice lie within one another, the slice itself first. All of them begin at the same instant, and the
last one is what is asked for next.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from connector.domain.cursor import Cursor

Parts = tuple[Cursor, ...]
Order = Literal["stamp", "id", "none"]
"""How the rows of an answer come: by (stamp, id), by id alone, or in no order."""

EARLIEST = datetime(1999, 1, 1, tzinfo=UTC)
"""Neither remote is older than this: where a slice without a beginning begins when it is halved."""

SECOND = timedelta(seconds=1)
"""Both remotes compare times to the second."""


def halved(parts: Parts, pieces: int = 2) -> Parts | None:
    """With the first half of the last part as the next to ask for; None when that is a single second.

    `pieces`: more than two for a smaller first piece.
    """
    last = parts[-1]
    if last.slice_upper is None:
        return None
    lower = last.at_stamp or last.slice_lower or EARLIEST
    seconds = (last.slice_upper - lower) // SECOND
    if seconds < 1:
        return None
    middle = (lower + seconds // pieces * SECOND).replace(microsecond=0)
    return (*parts, replace(last, slice_lower=last.slice_lower or EARLIEST, slice_upper=max(middle, lower)))


def reached(parts: Parts, place: Cursor) -> Parts:
    """The parts when the last one was read up to the place of a cursor."""
    return (*parts[:-1], replace(parts[-1], at_stamp=place.at_stamp, at_id=place.at_id))


def ended(parts: Parts, order: Order) -> Parts:
    """The parts when the last one was read to its end: the others begin a second after it."""
    read = parts[-1].slice_upper
    if read is None or len(parts) == 1:
        return parts[:-1]
    begin = read.replace(microsecond=0) + SECOND
    # By id, a place speaks of all of a part's times, so that it still holds for those that are left.
    return tuple(
        replace(part, slice_lower=begin, at_stamp=None, at_id=part.at_id if order == "id" else None)
        for part in parts[:-1]
    )


def kept(parts: Parts, order: Order) -> Cursor:
    """What to keep, so that another run goes on: the slice, with the place that holds for all of it."""
    whole = parts[0]
    if len(parts) == 1 or order != "stamp":
        return whole
    return replace(whole, slice_lower=parts[-1].slice_lower, at_stamp=parts[-1].at_stamp, at_id=parts[-1].at_id)
