"""Which fields the remotes have shown, and which of them they do not show any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from connector.domain.cursor import Cursor
from connector.domain.hidden import HiddenField
from connector.domain.streams import MappedStream
from connector.store.cursors import naive, read_cursor, save_cursor
from connector.store.database import Store


def hidden_fields(store: Store, stream: str | None = None, unit: str | None = None) -> list[HiddenField]:
    """What is hidden now, of one stream and unit or of all, in order."""
    rows = store.rows(
        'SELECT * EXCLUDE most_similar, most_similar AS "similar" FROM hidden_fields '
        "WHERE coalesce(stream = $stream, TRUE) AND coalesce(unit = $unit, TRUE) ORDER BY stream, unit, field",
        {"stream": stream, "unit": unit},
    )
    aware = ("since", "looked_at")
    return [HiddenField(**{**row, **{name: row[name].replace(tzinfo=UTC) for name in aware}}) for row in rows]


def save_hidden(store: Store, stream: str, unit: str, hidden: Iterable[HiddenField]) -> None:
    """Replaces what is hidden of one stream and unit; the caller holds the transaction."""
    store.run("DELETE FROM hidden_fields WHERE stream = $stream AND unit = $unit", {"stream": stream, "unit": unit})
    for one in hidden:
        store.run(
            "INSERT INTO hidden_fields VALUES ($stream, $unit, $field, $since, $looked, $place, $similar)",
            {
                "stream": stream,
                "unit": unit,
                "field": one.field,
                "since": naive(one.since),
                "looked": naive(one.looked_at),
                "place": one.place,
                "similar": one.similar,
            },
        )


def shown_before(store: Store, mapped: MappedStream, unit: str) -> frozenset[str]:
    """The mapped fields that were read once.

    In a store of before these were noted, a stream that was read to its end has been read with all its fields.
    """
    place = {"stream": mapped.stream.name, "unit": unit}
    rows = store.run("SELECT field FROM shown_fields WHERE stream = $stream AND unit = $unit", place)
    if not rows and read_cursor(store, mapped.stream.name, unit).watermark is not None:
        return frozenset(mapped.fields)
    return frozenset(str(row[0]) for row in rows) & frozenset(mapped.fields)


def note_shown(store: Store, stream: str, unit: str, fields: Collection[str]) -> None:
    """Notes the fields that a reading brought."""
    place = {"stream": stream, "unit": unit}
    known = {
        str(row[0])
        for row in store.run("SELECT field FROM shown_fields WHERE stream = $stream AND unit = $unit", place)
    }
    fresh = sorted(set(fields) - known)
    if fresh:
        insert = "INSERT INTO shown_fields SELECT $stream, $unit, unnest($fields::VARCHAR[])"
        store.run(insert, {**place, "fields": fresh})


def similar_custom_fields(store: Store, unit: str) -> list[str]:
    """The names of Account Engagement's custom fields, as far as the mirror knows them."""
    table = "mirror_account_engagement_custom_fields"
    if not store.run(
        "SELECT 1 FROM duckdb_columns() WHERE table_name = $table AND column_name = 'field_id'", {"table": table}
    ):
        return []
    rows = store.run(
        f"SELECT field_id FROM {table} WHERE _until IS NULL AND _unit = $unit ORDER BY ALL", {"unit": unit}
    )
    return [f"{row[0]}__c" for row in rows if row[0]]


def read_again(store: Store, stream: str, unit: str, now: datetime) -> None:
    """Lets the next reading of a stream begin at its floor: a field is back, also in rows that have not changed.

    The caller holds the transaction. The watermark stays true meanwhile.
    """
    cursor = read_cursor(store, stream, unit)
    upper = max(now, cursor.watermark or now)
    save_cursor(store, Cursor(stream, unit, cursor.watermark, cursor.floor, upper, floor=cursor.floor), now)
