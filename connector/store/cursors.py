"""Cursors, which move only together with the data that they speak of."""

from __future__ import annotations

from datetime import UTC, datetime

from connector.domain.cursor import Cursor
from connector.store.database import Store


def read_cursor(store: Store, stream: str, unit: str) -> Cursor:
    """The cursor of a stream; a new one when it was never read."""
    rows = store.rows("SELECT * FROM cursor WHERE stream = $stream AND unit = $unit", {"stream": stream, "unit": unit})
    if not rows:
        return Cursor(stream, unit)
    row = rows[0]
    return Cursor(
        stream,
        unit,
        _aware(row["watermark"]),
        _aware(row["slice_lower"]),
        _aware(row["slice_upper"]),
        _aware(row["at_stamp"]),
        row["at_id"],
        _aware(row["floor"]),
    )


def save_cursor(store: Store, cursor: Cursor, pulled_at: datetime, *, saw_journal: bool = True) -> None:
    """Replaces the cursor; the caller holds the transaction that merges the rows.

    At the end of a slice it notes how far the journal had come: what was written later, the mirror has not seen. A
    slice of the past, which moves the floor alone, sees nothing of what was written lately. `saw_journal=False` for a
    slice that an earlier run has begun: it ends before what may have been written since.
    """
    ended = saw_journal and cursor.slice_upper is None
    values = {
        "stream": cursor.stream,
        "unit": cursor.unit,
        "watermark": naive(cursor.watermark),
        "lower": naive(cursor.slice_lower),
        "upper": naive(cursor.slice_upper),
        "stamp": naive(cursor.at_stamp),
        "id": cursor.at_id,
        "pulled": naive(pulled_at),
        "floor": naive(cursor.floor),
        "number": store.value("SELECT coalesce(max(number), 0) FROM journal") if ended else None,
    }
    # Replacing the row would cost four times as much, for each stream of each cycle.
    known = store.value(
        "UPDATE cursor SET watermark = $watermark, slice_lower = $lower, slice_upper = $upper, at_stamp = $stamp, "
        "at_id = $id, pulled_at = $pulled, floor = $floor, journal_number = "
        "CASE WHEN coalesce(watermark = $watermark AND floor IS DISTINCT FROM $floor, FALSE) THEN journal_number "
        "ELSE coalesce($number, journal_number) END WHERE stream = $stream AND unit = $unit",
        values,
    )
    if not known:
        store.run(
            "INSERT INTO cursor SELECT $stream, $unit, $watermark, $lower, $upper, $stamp, $id, $pulled, "
            "coalesce($number, 0), $floor",
            values,
        )


def naive(instant: datetime | None) -> datetime | None:
    """An aware time as the store holds it: UTC without a zone."""
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)


def _aware(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)
