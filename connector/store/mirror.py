"""The mirror: every version seen of the mapped attributes of every record.

One table a stream. A row is one version: `_valid_from` is when the remote says that it began (the record's
creation for the first version seen), `_seen_at` when we saw it, `_until` when we saw the next one. Landed pages
are read, typed and merged by the engine; no row passes through Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from connector.domain.statements import quoted
from connector.domain.streams import STREAMS, AttributeType, Column, MappedStream, Stream
from connector.errors import SpoiltPageError, StopError
from connector.store.database import Store
from connector.store.pages import landed_records
from connector.store.touched import touch, touch_all
from connector.store.turning_away import turn_away

_SQL_TYPES: dict[AttributeType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "instant": "TIMESTAMP",
    "date": "DATE",
}
ENDS = "greatest($seen::TIMESTAMP, _seen_at)"
"""When a version ends that is not seen any more: never before it was seen, though the remote's clock be set back."""


@dataclass(frozen=True)
class Merged:
    """What a batch of landed pages brought: rows read, versions added, the place reached, values not readable.

    `landed`: rows on the pages, those sent twice too; counted where pages announce their rows (CSV).
    """

    rows: int
    added: int
    last_stamp: datetime | None
    last_id: str | None
    unreadable: dict[str, int]
    landed: int | None = None


def table_of(mapped: MappedStream) -> str:
    return f"mirror_{mapped.stream.table}"


def prepare(store: Store, streams: Iterable[MappedStream]) -> None:
    """Makes the table of each stream, or follows the mapping.

    Where the mapping has gained an attribute, or another field or type stands behind one, the stream's place is
    forgotten, so that the next pull reads it from its floor on: else unchanged records would never get the value.
    """
    for mapped in streams:
        table = table_of(mapped)
        comment = store.value("SELECT comment FROM duckdb_tables() WHERE table_name = $table", {"table": table})
        kept: dict[str, str] = {} if comment is None else json.loads(comment)
        wanted = {column.name: f"{column.field} {column.type}" for column in mapped.columns}
        if kept == wanted:
            continue
        with store.transaction():
            _follow(store, mapped)
            if not wanted.items() <= kept.items():
                store.run(
                    "UPDATE cursor SET watermark = NULL, slice_lower = NULL, slice_upper = NULL, at_stamp = NULL, "
                    "at_id = NULL WHERE stream = $stream",
                    {"stream": mapped.stream.name},
                )
            store.run(f'COMMENT ON TABLE "{table}" IS {quoted(json.dumps(wanted, sort_keys=True))}')


def _follow(store: Store, mapped: MappedStream) -> None:
    """Makes the table, or gives its columns the names and types of the mapping. Old values stay where they fit."""
    table = table_of(mapped)
    known = dict(
        store.run("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = $table", {"table": table})
    )
    if not known:
        columns = ", ".join(f'"{column.name}" {_SQL_TYPES[column.type]}' for column in mapped.columns)
        store.run(
            f'CREATE TABLE "{table}" (_unit VARCHAR NOT NULL, {columns}, '
            "_valid_from TIMESTAMP, _seen_at TIMESTAMP NOT NULL, _until TIMESTAMP)"
        )
        return
    for column in mapped.columns:
        kind, name = _SQL_TYPES[column.type], f'"{column.name}"'
        if column.name not in known:
            store.run(f'ALTER TABLE "{table}" ADD COLUMN {name} {kind}')
        elif known[column.name] != kind:
            store.run(f'ALTER TABLE "{table}" ALTER {name} TYPE {kind} USING TRY_CAST({name} AS {kind})')


def merge(store: Store, mapped: MappedStream, unit: str, pages: Sequence[Path], seen_at: datetime) -> Merged:
    """Merges landed pages of one stream and business unit; the caller holds the transaction.

    A row that is older than what is known is left out; a row whose attributes are as known moves only its
    stamps. Rows sent twice count once, the last by its stamp. StopError when a record comes without an id,
    SpoiltPageError when a page is spoilt.
    """
    params: dict[str, object] = {"unit": unit, "seen": _naive(seen_at)}
    run_on_pages(store, mapped, _incoming(mapped, pages))
    landed, rows, readable, last_stamp, last_id = store.run(_reached(mapped))[0]
    if readable < landed:
        raise StopError(
            f"{mapped.stream.name}: the remote sent a record without a readable id; nothing of these pages was kept. "
            "Run again; when it comes again, ask the administrator of the remote."
        )
    told = int(landed) if pages[0].suffix == ".csv" else None
    if not rows:
        # Most streams are still at most times: their cycle is as short as it can be.
        return Merged(0, 0, None, None, {}, told)
    if rows < landed:
        store.run(_once(mapped))
    turn_away(store, mapped, unit)
    unreadable = _unreadable(store, mapped)
    if store.run(f'SELECT 1 FROM "{table_of(mapped)}" WHERE _unit = $unit LIMIT 1', params):
        added = _add_changed(store, mapped, params)
    else:
        added = _add_first(store, mapped, params)
    place = None if last_id is None else str(last_id)
    return Merged(int(rows), added, last_stamp, place, unreadable, told)


def _add_first(store: Store, mapped: MappedStream, params: dict[str, object]) -> int:
    """The first rows of a unit: there is nothing to compare them with. Answers how many."""
    names = _names(mapped.columns)
    inserted = store.run(
        f'INSERT INTO "{table_of(mapped)}" (_unit, {names}, _valid_from, _seen_at) '
        f"SELECT $unit, {names}, {_began(mapped, first=True)}, $seen FROM incoming",
        params,
    )
    touch_all(store, mapped.stream.name)
    return int(inserted[0][0])


def _add_changed(store: Store, mapped: MappedStream, params: dict[str, object]) -> int:
    """New versions of rows that are new or not as known; those that are as known follow their stamps.

    Answers how many were added.
    """
    table = table_of(mapped)
    store.run(_changed(mapped), params)
    added, first, all_rows = store.run(
        "SELECT count(*), count(*) FILTER (is_first), (SELECT count(*) FROM incoming) FROM changed"
    )[0]
    if added > first:
        store.run(
            f'UPDATE "{table}" SET _until = {ENDS} WHERE _until IS NULL AND _unit = $unit '
            "AND id IN (SELECT id FROM changed WHERE NOT is_first)",
            params,
        )
    if added:
        names = _names((*mapped.columns, *mapped.hidden))
        store.run(
            f'INSERT INTO "{table}" (_unit, {names}, _valid_from, _seen_at) '
            f"SELECT $unit, {names}, CASE WHEN is_first THEN {_began(mapped, first=True)} "
            f"ELSE {_began(mapped, first=False)} END, greatest($seen::TIMESTAMP, _ended) FROM changed "
            f'LEFT JOIN (SELECT id, max(_until) AS _ended FROM "{table}" WHERE _until IS NOT NULL AND _unit = $unit '
            "AND id IN (SELECT id FROM changed) GROUP BY id) AS past USING (id)",
            params,
        )
        touch(store, mapped.stream.name, str(params["unit"]), "changed")
    if first < all_rows:
        _move_stamps(store, mapped, params)
    return int(added)


def _began(mapped: MappedStream, *, first: bool) -> str:
    """When a version began: the first one with the record, a later one when the record was changed."""
    times = [name for name in ("stamp", "created_at") if name in mapped.stream.system]
    return f"coalesce({', '.join([*(reversed(times) if first else times), '$seen'])})"


def run_on_pages(store: Store, mapped: MappedStream, sql: str) -> None:
    """Runs a statement that reads landed pages of a stream. SpoiltPageError when one of them is."""
    try:
        store.run(sql)
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        # The engine's own words quote the page, which is full of people.
        sentence = f"{mapped.stream.name}: a page that arrived is not whole; nothing of it was kept. Run again."
        raise SpoiltPageError(sentence) from None


def note_read(store: Store, *, first: bool) -> None:
    """Keeps the ids of the last merge, for an object that is read whole; `first` forgets those of another reading."""
    how = "CREATE OR REPLACE TEMP TABLE read_whole AS" if first else "INSERT INTO read_whole"
    store.run(f"{how} SELECT id FROM incoming")


def close_missing(store: Store, mapped: MappedStream, unit: str, seen_at: datetime) -> int:
    """After a whole object was read and noted: ends the records that were not in it. Answers how many."""
    table = table_of(mapped)
    gone = store.run(
        f'UPDATE "{table}" SET _until = {ENDS} WHERE _until IS NULL AND _unit = $unit '
        "AND id NOT IN (SELECT id FROM read_whole) RETURNING id",
        {"unit": unit, "seen": _naive(seen_at)},
    )
    if gone:
        touch_all(store, mapped.stream.name)
    return len(gone)


def freeze(
    store: Store,
    streams: Iterable[MappedStream],
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> None:
    """Makes the views `seen_<stream>` that everything after the mirror reads: one row a record. `whole_<stream>` is
    the same.

    Beside each `versions_<stream>`: all the versions that such a row has had by then, with `_valid_from` and
    `_seen_at`.

    Without times: what is known now. `as_of`: what is known now of that time. `known_at`: what was known then.
    Attributes that the mapping does not read are there as unknown; streams that it does not read are there, empty.
    """
    chosen_streams = list(streams)
    for stream in STREAMS:
        if stream not in [mapped.stream for mapped in chosen_streams]:
            _blank(store, stream)
    for mapped in chosen_streams:
        present = {column.name for column in mapped.columns}
        absent = [
            f'NULL::{_SQL_TYPES[kind]} AS "{name}"'
            for name, kind in mapped.stream.attributes.items()
            if name not in present
        ]
        if "is_deleted" not in mapped.stream.system:
            absent.append("FALSE AS is_deleted")
        columns = ", ".join(["_unit", _names(mapped.columns), *absent])
        chosen = _chosen(as_of, known_at)
        store.run(
            f'CREATE OR REPLACE TEMP VIEW "whole_{mapped.stream.table}" AS '
            f'SELECT {columns} FROM "{table_of(mapped)}" {chosen}'
        )
        _show_whole(store, mapped.stream)
        store.run(
            f'CREATE OR REPLACE TEMP VIEW "versions_{mapped.stream.table}" AS '
            f'SELECT {columns}, _valid_from, _seen_at FROM "{table_of(mapped)}" {_by_then(as_of, known_at)}'
        )


def _blank(store: Store, stream: Stream) -> None:
    """The view of a stream that is not read: its columns, and no rows."""
    kinds = {name: kind for name, (_, kind) in stream.system.items()} | dict(stream.attributes)
    columns = ", ".join(f'NULL::{_SQL_TYPES[kind]} AS "{name}"' for name, kind in kinds.items())
    deleted = "" if "is_deleted" in kinds else ", FALSE AS is_deleted"
    for name, times in (("whole", ""), ("versions", ", NULL::TIMESTAMP AS _valid_from, NULL::TIMESTAMP AS _seen_at")):
        store.run(
            f'CREATE OR REPLACE TEMP VIEW "{name}_{stream.table}" AS '
            f"SELECT '' AS _unit, {columns}{deleted}{times} WHERE FALSE"
        )
    _show_whole(store, stream)


def _show_whole(store: Store, stream: Stream) -> None:
    """What is seen is the whole mirror, until an evaluation looks at a few people only (store.touched)."""
    store.run(f'CREATE OR REPLACE TEMP VIEW "seen_{stream.table}" AS SELECT * FROM "whole_{stream.table}"')


def _chosen(as_of: datetime | None, known_at: datetime | None) -> str:
    if known_at is not None:
        moment = f"TIMESTAMP '{_naive(known_at)}'"
        return f"WHERE _seen_at <= {moment} AND (_until IS NULL OR _until > {moment})"
    if as_of is not None:
        moment = f"TIMESTAMP '{_naive(as_of)}'"
        # The version that began last by then; none where the record itself had gone by then.
        return (
            f"WHERE _valid_from <= {moment} "
            "QUALIFY row_number() OVER (PARTITION BY _unit, id ORDER BY _valid_from DESC, _seen_at DESC) = 1 "
            f"AND (_until IS NULL OR _until > {moment})"
        )
    return "WHERE _until IS NULL"


def _by_then(as_of: datetime | None, known_at: datetime | None) -> str:
    """Which versions there were by a time, whether they speak then or not."""
    if known_at is not None:
        return f"WHERE _seen_at <= TIMESTAMP '{_naive(known_at)}'"
    return f"WHERE _valid_from <= TIMESTAMP '{_naive(as_of)}'" if as_of is not None else ""


def _incoming(mapped: MappedStream, pages: Sequence[Path]) -> str:
    """The landed pages as one typed temporary table. `bad x`: there was a value, but not of the type of `x`."""
    picked = ", ".join(f'{_typed(column)} AS "{column.name}"' for column in mapped.columns)
    bad = "".join(
        f", nullif({_path(column.field)}, '') IS NOT NULL AND ({_typed(column)}) IS NULL AS \"bad {column.name}\""
        for column in mapped.columns
        if column.type != "text"
    )
    records = landed_records(mapped, pages, [column.field for column in mapped.columns])
    return f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT {picked}{bad} FROM ({records})"


def _once(mapped: MappedStream) -> str:
    """Each id of `incoming` once, the last by its stamp. Rarely needed, and dear: so it is no part of reading."""
    order = "stamp DESC NULLS LAST" if mapped.has_stamp else "id"
    return (
        "CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM incoming "
        f"QUALIFY row_number() OVER (PARTITION BY id ORDER BY {order}) = 1"
    )


def _path(field: str) -> str:
    return "record." + ".".join(f'"{part}"' for part in field.split("."))


def _typed(column: Column) -> str:
    value = f"nullif({_path(column.field)}, '')"
    if column.type == "text":
        return value
    if column.type == "instant":
        return f"TRY_CAST({value} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    return f"TRY_CAST({value} AS {_SQL_TYPES[column.type]})"


def _reached(mapped: MappedStream) -> str:
    """Rows that landed, ids among them, rows with a readable id, and the place that they reach."""
    counts = "count(*), count(DISTINCT id), count(id)"
    if not mapped.has_stamp:
        return f"SELECT {counts}, NULL, max(id) FROM incoming"
    if mapped.stream.remote == "account_engagement":
        return f"SELECT {counts}, max(stamp), max(id) FROM incoming"
    return (
        f"SELECT {counts}, max(stamp), max(id) FILTER (WHERE stamp = (SELECT max(stamp) FROM incoming)) FROM incoming"
    )


def _changed(mapped: MappedStream) -> str:
    content = [column.name for column in mapped.columns if column.name not in _NO_CONTENT]
    differs = " OR ".join(f'known."{name}" IS DISTINCT FROM incoming."{name}"' for name in content)
    newer = "incoming.stamp >= known.stamp" if mapped.has_stamp else "TRUE"
    # What the remote does not show just now is not emptied: the next version has it as it was.
    carried = "".join(f', known."{column.name}"' for column in mapped.hidden)
    return (
        "CREATE OR REPLACE TEMP TABLE changed AS "
        f"SELECT incoming.*{carried}, known.id IS NULL AS is_first FROM incoming LEFT JOIN (SELECT * FROM "
        f'"{table_of(mapped)}" WHERE _until IS NULL AND _unit = $unit AND id IN (SELECT id FROM incoming)) AS known '
        f"ON known.id = incoming.id WHERE known.id IS NULL OR (coalesce({newer}, TRUE) AND ({differs}))"
    )


_NO_CONTENT = frozenset({"stamp", "modified_at", "modified_by_id"})
"""What makes no new version by itself. Who changed a record stays with the version that the change made."""


def _move_stamps(store: Store, mapped: MappedStream, params: dict[str, object]) -> None:
    """Rows whose stamps alone moved keep their version: only the stamps follow."""
    stamps = [name for name in ("stamp", "modified_at") if name in mapped.stream.system]
    if not stamps:
        return
    table = table_of(mapped)
    moved = ", ".join(f"{name} = incoming.{name}" for name in stamps)
    # Within one second the record may be modified after something else has moved its stamp.
    differs = " OR ".join(f'incoming.{name} IS DISTINCT FROM "{table}".{name}' for name in stamps)
    store.run(
        f'UPDATE "{table}" SET {moved} FROM incoming '
        f'WHERE "{table}"._until IS NULL AND "{table}"._unit = $unit AND "{table}".id = incoming.id '
        f'AND incoming.stamp >= "{table}".stamp AND ({differs})',
        params,
    )


def _unreadable(store: Store, mapped: MappedStream) -> dict[str, int]:
    """How many values of each column were there but not of the type that the mapping gives."""
    typed = [column for column in mapped.columns if column.type != "text"]
    if not typed:
        return {}
    counts = ", ".join(f'count(*) FILTER (WHERE "bad {column.name}")' for column in typed)
    row = store.run(f"SELECT {counts} FROM incoming")[0]
    return {column.field: int(count) for column, count in zip(typed, row, strict=True) if count}


def _names(columns: Iterable[Column]) -> str:
    return ", ".join(f'"{column.name}"' for column in columns)


def _naive(instant: datetime) -> datetime:
    """Times in the store are UTC without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
