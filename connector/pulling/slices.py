"""What to ask a remote for: the next slice of a stream, and the words of the question. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream

OVERLAP = timedelta(minutes=15)
"""How far back each slice begins before the last one's end: rows become visible when their transaction commits,
with the stamp of when it ran, and a transaction may take ten minutes."""


def next_slice(cursor: Cursor, now: datetime) -> Cursor:
    """The cursor with the slice to read: the interrupted one, or a new one up to `now` (the server's time)."""
    if cursor.slice_upper is not None:
        return cursor
    lower = cursor.floor if cursor.watermark is None else min(cursor.watermark, now) - OVERLAP
    return replace(cursor, slice_lower=lower, slice_upper=now, at_stamp=None, at_id=None)


def finished(cursor: Cursor) -> Cursor:
    """The cursor after its slice was read to the end: a slice below the floor lowers it, any other ends at the
    watermark."""
    if is_past(cursor):
        return Cursor(cursor.stream, cursor.unit, watermark=cursor.watermark, floor=cursor.slice_lower)
    return Cursor(cursor.stream, cursor.unit, watermark=cursor.slice_upper, floor=cursor.floor)


def is_past(cursor: Cursor) -> bool:
    """Whether the slice being read ends where what the mirror has already begins: one of a backfill.

    One that ends before it (a pull after the clock was set back) leaves a gap, and lowers nothing.
    """
    return cursor.watermark is not None and cursor.floor is not None and cursor.slice_upper == cursor.floor


def soql(mapped: MappedStream, cursor: Cursor, *, ordered: bool = True) -> str:
    """The query for the rest of a slice, by (SystemModstamp, Id), so that ties in one second are never lost.

    `ordered=False` for bulk queries, which an order makes slow.
    """
    select = f"SELECT {', '.join(mapped.fields)} FROM {mapped.stream.object}"
    if mapped.stream.cursor is None:
        return f"{select} ORDER BY Id"
    bounds = [f"{mapped.stream.cursor} <= {literal(cursor.slice_upper)}"] if cursor.slice_upper else []
    if cursor.at_stamp is not None:
        at = literal(cursor.at_stamp)
        stamp = mapped.stream.cursor
        bounds.append(f"({stamp} > {at} OR ({stamp} = {at} AND Id > '{cursor.at_id}'))")
    elif cursor.slice_lower is not None:
        bounds.append(f"{mapped.stream.cursor} >= {literal(cursor.slice_lower)}")
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    return f"{select}{where} ORDER BY {mapped.stream.cursor}, Id" if ordered else f"{select}{where}"


def condition(mapped: MappedStream, cursor: Cursor) -> str | None:
    """The condition of the rest of a slice alone, to count its rows by."""
    _, _, where = soql(mapped, cursor, ordered=False).partition(" WHERE ")
    return where or None


def engagement_filters(mapped: MappedStream, cursor: Cursor) -> dict[str, str]:
    """The filters for the rest of a slice in Account Engagement, which is walked by id within the slice's times."""
    filters = {}
    field = mapped.stream.cursor
    if field is not None and cursor.slice_lower is not None:
        filters[f"{field}AfterOrEqualTo"] = _offset(cursor.slice_lower)
    if field is not None and cursor.slice_lower is not None and cursor.slice_upper is not None:
        filters[f"{field}BeforeOrEqualTo"] = _offset(cursor.slice_upper)
    if cursor.at_id is not None:
        filters["idGreaterThan"] = cursor.at_id
    return filters


def literal(instant: datetime | None) -> str:
    """An instant as SOQL writes it: UTC, unquoted, to the second."""
    if instant is None:
        raise ValueError("a slice without an end has no literal")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _offset(instant: datetime) -> str:
    """Account Engagement refuses Z: always a numeric offset."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
