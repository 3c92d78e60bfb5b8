"""What identifies a person, and where it still stands: in rows, in files, in copies (SY-10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.errors import StopError
from connector.store.belonging import LIST, PEOPLE, PERSONS, PROSPECT, Table, same_id, tables_of
from connector.store.database import Store

CHUNK = 1 << 20
SHORTEST = 6
"""Bytes: two Chinese characters. A shorter value says too little: it would be found in half of all texts."""

_SPELLED = ("email", "phone", "name")


@dataclass(frozen=True)
class Traces:
    """What identifies somebody: `values` and `ids` are theirs alone; `shared` counts values that others have too.

    `values` are found whatever their case. `ids` are not: in Salesforce's 15 characters case tells two records apart.
    `covers` are other people's values that contain one of these (大森 太郎, 森 太郎): they are passed over.
    They live in memory only, and never in a log or a report.
    """

    values: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    shared: int = 0

    def __len__(self) -> int:
        return len(self.values) + len(self.ids)

    @property
    def pattern(self) -> str:
        """A regular expression for any of them."""
        parts = [rf"{re.escape(one)}\b" if ":" in one else re.escape(one) for one in self.ids]
        return "|".join([*parts, *([_any_case(self.values)] if self.values else [])])

    @property
    def covering(self) -> str | None:
        """A regular expression for what is passed over."""
        return _any_case(self.covers) if self.covers else None


def _any_case(values: Iterable[str]) -> str:
    return f"(?i:{'|'.join(re.escape(one) for one in sorted(values, key=len, reverse=True))})"


def spellings(store: Store) -> set[str]:
    """The addresses, phone numbers and whole names in every version of the people in `erasing`."""
    found: set[str] = set()
    for table in tables_of(store, dict.fromkeys(PERSONS)):
        same = f"{same_id(table.stream, 'erasing.id')} = {same_id(table.stream, 'one.id')}"
        there = f"erasing.stream = $stream AND erasing.unit = one._unit AND {same}"
        columns = _spelled(table)
        if columns:
            rows = store.run(
                f'SELECT DISTINCT unnest([{", ".join(columns)}]) FROM "{table.name}" AS one JOIN erasing ON {there}',
                {"stream": table.stream},
            )
            found |= _long_enough(rows)
    listed = store.run(
        "SELECT DISTINCT unnest([email, person_name]) FROM list_member JOIN erasing ON erasing.stream = $list "
        "AND erasing.id = member_id",
        {"list": LIST},
    )
    return found | _long_enough(listed)


def _spelled(table: Table) -> list[str]:
    """SQL: what a row `one` of a person's table says of address, phone number and whole name, in each spelling."""
    columns = [f'one."{name}"' for name in _SPELLED if name in table.columns]
    if {"first_name", "last_name"} <= table.columns:
        for order in (("last_name", "first_name"), ("first_name", "last_name")):
            first, second = (f"trim(one.{name})" for name in order)
            whole = "CASE WHEN trim(one.first_name) <> '' AND trim(one.last_name) <> '' THEN "
            columns += [f"{whole}{first} || ' ' || {second} END", f"{whole}{first} || {second} END"]
    return columns


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
    store.load("spelled", ("value",), [(_bare(value),) for value in sorted(spelled)])
    places = [(table.name, _spelled(table)) for table in tables_of(store, dict.fromkeys(PERSONS))]
    theirs: set[str] = set()
    for table_name, columns in (*places, ("list_member", ["one.email", "one.person_name"])):
        if columns:
            rows = store.run(
                f'SELECT DISTINCT other FROM (SELECT unnest([{", ".join(columns)}]) AS other FROM "{table_name}" AS '
                "one) JOIN spelled ON contains(lower(regexp_replace(other, '[\\s\u3000]', '', 'g')), value)"
            )
            theirs |= {row[0].strip() for row in rows}
    store.run("DROP TABLE spelled")
    shared = {_bare(one) for one in theirs}
    kept = {value for value in spelled if _bare(value) not in shared}
    bare = {_bare(value) for value in kept}
    covers = {form for one in theirs if _bare(one) not in bare for form in (one, re.sub(r"\s", "", one))}
    return Traces(tuple(sorted(kept)), tuple(sorted(keyed)), tuple(sorted(covers)), len(spelled) - len(kept))


def _bare(value: str) -> str:
    return re.sub(r"\s", "", value).lower()


def in_rows(store: Store, traces: Traces, database: str | None = None) -> dict[str, int]:
    """`table.column` → how many rows of an open store (or of one attached to it) still name one of the traces."""
    if not traces:
        return {}
    columns = store.run(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() WHERE NOT internal "
        "AND data_type = 'VARCHAR' AND database_name = coalesce($database, current_database()) GROUP BY ALL ORDER BY 1",
        {"database": database},
    )
    given = {"pattern": traces.pattern, "covering": traces.covering}
    masked = "{}" if traces.covering is None else "regexp_replace({}, $covering, ' ', 'g')"
    found: dict[str, int] = {}
    place = "" if database is None else f'"{database}".'
    for table, names in columns:
        shown = [masked.format(f'"{name}"') for name in names]
        counts = ", ".join(f"count(*) FILTER (WHERE regexp_matches({one}, $pattern))" for one in shown)
        row = store.run(f'SELECT {counts} FROM {place}"{table}"', given)[0]
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
    if not traces:
        return False
    parts = [rb"%b(?![0-9])" % re.escape(one.encode()) for one in traces.ids]
    parts += [_any_case_in_bytes(traces.values)] if traces.values else []
    pattern = re.compile(b"|".join(parts))
    covering = re.compile(_any_case_in_bytes(traces.covers)) if traces.covers else None
    # A byte more than the longest: what stands beside a trace is looked at as well.
    longest = max(len(form) for one in (*traces.values, *traces.ids, *traces.covers) for form in _forms(one)) + 1
    for piece, first, last in _pieces(path, longest):
        shown = covering.sub(lambda cover: b" " * len(cover[0]), piece) if covering else piece
        if any(first <= match.start() < last for match in pattern.finditer(shown)):
            return True
    return False


def _forms(value: str) -> set[bytes]:
    return {value.encode(), value.encode("ascii", "backslashreplace")}


def _any_case_in_bytes(values: Iterable[str]) -> bytes:
    forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
    return rb"(?i:%b)" % b"|".join(re.escape(form) for form in forms)


def _pieces(path: Path, longest: int) -> Iterator[tuple[bytes, int, int]]:
    """Pieces that overlap, each with the span in which a match may begin and is seen with all that stands around it."""
    kept, first = b"", 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            kept += piece
            last = max(len(kept) - longest, first)
            yield kept, first, last
            seen, kept = len(kept), kept[-3 * longest :]
            first = last - (seen - len(kept))
    yield kept, first, len(kept)
