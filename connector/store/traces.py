"""What identifies a person, and where it still stands: in rows, in files, in copies (SY-10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.errors import StopError
from connector.store.belonging import LIST, PEOPLE, PERSONS, PROSPECT, same_id, tables_of
from connector.store.database import Store

CHUNK = 1 << 20
SHORTEST = 6
"""Bytes: two Chinese characters. A shorter value says too little: it would be found in half of all texts."""

_SPELLED = ("email", "phone", "name")


@dataclass(frozen=True)
class Traces:
    """What identifies somebody: `values` are theirs alone; `shared` counts those that other people's records have too.

    They live in memory only, and never in a log or a report.
    """

    values: tuple[str, ...]
    shared: int = 0

    @property
    def pattern(self) -> str:
        """A regular expression for any of them, whatever the case."""
        return "(?i)" + "|".join(re.escape(value) for value in self.values)


def spellings(store: Store) -> set[str]:
    """The addresses, phone numbers and whole names in every version of the people in `erasing`."""
    found: set[str] = set()
    for table in tables_of(store, dict.fromkeys(PERSONS)):
        same = f"{same_id(table.stream, 'erasing.id')} = {same_id(table.stream, 'one.id')}"
        there = f"erasing.stream = $stream AND erasing.unit = one._unit AND {same}"
        columns = [f'one."{name}"' for name in _SPELLED if name in table.columns]
        if {"first_name", "last_name"} <= table.columns:
            for order in (("last_name", "first_name"), ("first_name", "last_name")):
                first, second = (f"trim(one.{name})" for name in order)
                whole = "CASE WHEN trim(one.first_name) <> '' AND trim(one.last_name) <> '' THEN "
                columns += [f"{whole}{first} || ' ' || {second} END", f"{whole}{first} || {second} END"]
        if columns:
            rows = store.run(
                f"SELECT DISTINCT unnest([{', '.join(columns)}]) FROM \"{table.name}\" AS one JOIN erasing ON {there}",
                {"stream": table.stream},
            )
            found |= _long_enough(rows)
    listed = store.run(
        "SELECT DISTINCT unnest([email, person_name]) FROM list_member JOIN erasing ON erasing.stream = $list "
        "AND erasing.id = member_id",
        {"list": LIST},
    )
    return found | _long_enough(listed)


def _long_enough(rows: Iterable[tuple[str | None, ...]]) -> set[str]:
    return {row[0].strip() for row in rows if row[0] and len(row[0].strip().encode()) >= SHORTEST}


def keys(store: Store, persons: Iterable[str]) -> set[str]:
    """The ids of the people in `erasing`: records (Salesforce: 15 characters), prospects with their unit, persons."""
    found = {
        f"{unit}:{id_}" if stream == PROSPECT else id_[:15]
        for stream, unit, id_ in store.run("SELECT stream, unit, id FROM erasing")
        if stream in PEOPLE
    }
    return found | set(persons)


def traces_of(store: Store, spelled: set[str], keyed: set[str]) -> Traces:
    """What to search for: asked after the erasure, so that what is still there of these spellings is other people's."""
    places = [
        (table.name, name)
        for table in tables_of(store, dict.fromkeys(PERSONS))
        for name in _SPELLED
        if name in table.columns
    ]
    theirs = set()
    for table_name, name in (*places, ("list_member", "email"), ("list_member", "person_name")):
        rows = store.run(
            f'SELECT DISTINCT "{name}" FROM "{table_name}" WHERE lower(trim("{name}")) IN '
            "(SELECT lower(unnest($values::VARCHAR[])))",
            {"values": sorted(spelled)},
        )
        theirs |= {row[0].strip().lower() for row in rows}
    bare = {re.sub(r"\s", "", one) for one in theirs}
    kept = {value for value in spelled if re.sub(r"\s", "", value).lower() not in bare}
    return Traces(tuple(sorted(kept | keyed)), len(spelled) - len(kept))


def in_rows(store: Store, traces: Traces, database: str | None = None) -> dict[str, int]:
    """`table.column` → how many rows of an open store (or of one attached to it) still name one of the traces."""
    if not traces.values:
        return {}
    columns = store.run(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() WHERE NOT internal "
        "AND data_type = 'VARCHAR' AND database_name = coalesce($database, current_database()) GROUP BY ALL ORDER BY 1",
        {"database": database},
    )
    found: dict[str, int] = {}
    place = "" if database is None else f'"{database}".'
    for table, names in columns:
        counts = ", ".join(f'count(*) FILTER (WHERE regexp_matches("{name}", $pattern))' for name in names)
        row = store.run(f'SELECT {counts} FROM {place}"{table}"', {"pattern": traces.pattern})[0]
        found |= {f"{table}.{name}": count for name, count in zip(names, row, strict=True) if count}
    return found


def in_copy(store: Store, traces: Traces, copy: Path) -> bool:
    """Whether a copy of a store names one of the traces. A copy that cannot be opened is searched byte by byte."""
    literal = copy.as_posix().replace("'", "''")
    try:
        store.run(f"ATTACH '{literal}' AS searched (READ_ONLY)")
    except StopError:
        return in_file(copy, traces)
    try:
        return bool(in_rows(store, traces, "searched"))
    finally:
        store.run("DETACH searched")


def in_file(path: Path, traces: Traces) -> bool:
    """Whether the bytes of a file have one of the traces, as UTF-8 or as JSON escapes it."""
    if not traces.values:
        return False
    spelled = {value for one in traces.values for value in (one, one.lower(), one.upper())}
    forms = {value.encode() for value in spelled} | {
        value.encode("ascii", "backslashreplace") for value in spelled if not value.isascii()
    }
    pattern = re.compile(b"|".join(re.escape(form) for form in sorted(forms)))
    return any(pattern.search(piece) for piece in _pieces(path, max(map(len, forms))))


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    kept = b""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield kept + piece
            kept = (kept + piece)[-overlap:]
