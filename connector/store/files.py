"""CSV and Parquet files → typed tables, with every cell that cannot be read named by its place.

The engine reads the files; no row passes through Python. Nothing is kept of a file in which anything is wrong.
"""

from __future__ import annotations

import codecs
import csv
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import duckdb

from connector.domain.inputs import InputColumn, InputTable
from connector.domain.statements import quoted
from connector.domain.streams import AttributeType
from connector.errors import ConfigurationError, Problem
from connector.store.database import Store

SQL_TYPES: Mapping[AttributeType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "instant": "TIMESTAMP",
    "date": "DATE",
}
_WORDS: Mapping[str, str] = {
    "integer": "a whole number such as 1200",
    "number": "a number such as 12.5",
    "boolean": "true or false",
    "instant": "a time such as 2026-10-01T09:00:00+09:00",
    "date": "a date such as 2026-10-01",
}
_GUESSED = ("BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP")
_LONGEST_LINE = 16_000_000
_PLACES_SHOWN = 5
_LINE = re.compile(r"Line: (\d+)")
_OFFSET = r"(Z|z|[+-]\d{2}(:?\d{2})?)$"
_DAY = r"^(19|[2-9][0-9])[0-9]{2}[-/][0-9]{1,2}[-/][0-9]{1,2}"
"""The engine alone would also take `infinity`, `epoch` and years before and beyond those of a calendar."""
_TIME = _DAY + r"([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)? ?(Z|z|[+-](0[0-9]|1[0-8])(:?[0-9]{2})?)?)?$"
_NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,2})?$"
"""Neither `nan` nor `inf`."""
_LONGEST_NAME = 100


@dataclass(frozen=True)
class FileRead:
    """What a file brought: its rows, and the columns beyond the known ones with their SQL types."""

    table: str
    rows: int
    extra: Mapping[str, str]


def load_file(store: Store, path: Path, table: InputTable, zone: str, encoding: str) -> FileRead:
    """Makes the temporary table `table.name` with all known columns and those that the file has beyond them.

    `zone` (IANA) is that of times without an offset; times become UTC. `encoding` by its Python name; for CSV only.
    Raises ConfigurationError with the first places where something is wrong.
    """
    if not path.is_file():
        raise ConfigurationError(f"There is no file {path}.")
    try:
        with _readable(path, encoding) as plain:
            return _load(store, path, plain, table, zone)
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        # The engine's own words quote the file, which is full of people.
        raise _unreadable(path, error, encoding) from None


def _load(store: Store, path: Path, plain: Path, table: InputTable, zone: str) -> FileRead:
    is_parquet = path.suffix.lower() in {".parquet", ".pq"}
    given = _parquet_columns(store, plain) if is_parquet else dict.fromkeys(_header(path, plain), "VARCHAR")
    _check_columns(path, table, given)
    raw = f"raw_{table.name}"
    # Rows are told by their number, so the order of the file has to be kept.
    store.run("SET preserve_insertion_order = true")
    store.run(f'CREATE OR REPLACE TEMP VIEW "{raw}" AS {_source(plain, given, is_parquet=is_parquet)}')
    known = {column.name for column in table.columns}
    extra = {name: _guessed(store, raw, name, kind, zone) for name, kind in given.items() if name not in known}
    typed = [(column.name, _typed(column, given.get(column.name), zone)) for column in table.columns]
    typed += [(name, _cast(name, given[name], kind, zone)) for name, kind in extra.items()]
    store.run(
        f'CREATE OR REPLACE TEMP TABLE "{table.name}" AS '
        f"SELECT {', '.join(f'{sql} AS {_named(name)}' for name, sql in typed)}, row_number() OVER () AS _row "
        f'FROM "{raw}"'
    )
    problems = list(_bad_cells(store, path, table, raw, given, zone))
    problems = problems or [*_empty_cells(store, path, table), *_twice(store, path, table)]
    if problems:
        store.run(f'DROP TABLE "{table.name}"')
        raise ConfigurationError(f"{path.name} cannot be used; nothing was evaluated.", problems)
    if table.last_wins:
        _keep_last(store, table)
    store.run(f'ALTER TABLE "{table.name}" DROP COLUMN _row')
    store.run(f'DROP VIEW "{raw}"')
    rows = int(store.value(f'SELECT count(*) FROM "{table.name}"'))
    return FileRead(table.name, rows, extra)


def keep_columns(store: Store, read: Mapping[str, Mapping[str, str]], named: Collection[str]) -> None:
    """Takes away what files bring beyond the known columns and nobody names: it costs, and its names could be taken
    for those of the engine. `read`: the further columns by table."""
    for table, extra in read.items():
        for column in extra:
            if column not in named:
                store.run(f'ALTER TABLE "{table}" DROP COLUMN {_named(column)}')


def empty_table(store: Store, table: InputTable) -> None:
    """The table of a file that was not given."""
    columns = ", ".join(f"{_named(column.name)} {SQL_TYPES[column.kind]}" for column in table.columns)
    store.run(f'CREATE OR REPLACE TEMP TABLE "{table.name}" ({columns})')


@contextmanager
def _readable(path: Path, encoding: str) -> Iterator[Path]:
    """The file itself, or a copy in UTF-8 for the time of the block."""
    try:
        codec = codecs.lookup(encoding).name
        "a".encode(encoding)
    except (LookupError, ValueError):
        raise ConfigurationError(f"There is no encoding {encoding!r}: give one such as utf-8 or cp932.") from None
    if path.suffix.lower() in {".parquet", ".pq"} or codec in {"utf-8", "ascii"}:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        try:
            with path.open(encoding=codec, newline="") as stream, copy.open("w", encoding="utf-8", newline="") as out:
                while piece := stream.read(1 << 20):
                    out.write(piece)
        except UnicodeDecodeError:
            raise ConfigurationError(_not_in(path, codec)) from None
        yield copy


def _not_in(path: Path, encoding: str) -> str:
    line = _first_bad_line(path, encoding)
    place = f"{path.name}, line {line}" if line else path.name
    return f"{place}: there are bytes that are not {encoding.upper()}: give --encoding, such as cp932 for Shift-JIS."


def _first_bad_line(path: Path, encoding: str) -> int | None:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return None


def _unreadable(path: Path, error: Exception, encoding: str) -> ConfigurationError:
    said = str(error)
    if path.suffix.lower() not in {".parquet", ".pq"} and _first_bad_line(path, encoding):
        return ConfigurationError(_not_in(path, encoding))
    found = _LINE.search(said)
    place = f"{path.name}, line {found[1]}" if found else path.name
    if "Expected Number of Columns" in said:
        return ConfigurationError(f"{place}: the row has not as many cells as the header: look for quotes and commas.")
    if "max_line_size" in said or "Maximum line size" in said:
        return ConfigurationError(f"{place}: a row is longer than {_LONGEST_LINE:,} bytes: is a quote not closed?")
    if "quote" in said.lower():
        return ConfigurationError(f"{place}: a quote is opened and not closed, or stands within a cell undoubled.")
    kind = "Parquet" if path.suffix.lower() in {".parquet", ".pq"} else "CSV"
    return ConfigurationError(f"{place}: this is no {kind} file that can be read.")


def _header(path: Path, plain: Path) -> list[str]:
    with plain.open(encoding="utf-8-sig", newline="") as stream:
        try:
            names = next(csv.reader(stream), [])
        except UnicodeDecodeError:
            raise ConfigurationError(_not_in(path, "utf-8")) from None
        except csv.Error:
            raise ConfigurationError(f"{path.name}, line 1: the names of the columns cannot be read.") from None
    names = [name.strip().lower() for name in names]
    if not any(names):
        raise ConfigurationError(f"{path.name} is empty: its first line has to name the columns.")
    if "" in names:
        raise ConfigurationError(f"{path.name}, line 1: column {names.index('') + 1} has no name.")
    strange = next((name for name in names if len(name) > _LONGEST_NAME or '"' in name or not name.isprintable()), None)
    if strange is not None:
        raise ConfigurationError(
            f"{path.name}, line 1: the name of column {names.index(strange) + 1} has a quote or a character that "
            f"cannot be seen, or more than {_LONGEST_NAME} letters."
        )
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ConfigurationError(f"{path.name}, line 1: the column `{double}` stands twice.")
    return names


def _parquet_columns(store: Store, path: Path) -> dict[str, str]:
    rows = store.run(f"DESCRIBE SELECT * FROM read_parquet({quoted(path.as_posix())})")
    return {str(name).lower(): str(kind) for name, kind, *_ in rows}


def _check_columns(path: Path, table: InputTable, given: Mapping[str, str]) -> None:
    missing = [name for name in table.required if name not in given]
    if missing:
        close = get_close_matches(missing[0], list(given), n=1, cutoff=0.5)
        advice = f" Is it `{close[0]}`?" if close else f" Columns here: {', '.join(given)}."
        if len(given) == 1 and re.search("[;\t|]", next(iter(given))):
            advice = " Cells are parted by commas; this file has another sign between them."
        words = f"columns {', '.join(missing)} are" if len(missing) > 1 else f"column `{missing[0]}` is"
        raise ConfigurationError(f"{path.name}: the {words} missing.{advice}")


def _source(path: Path, given: Mapping[str, str], *, is_parquet: bool) -> str:
    file = quoted(path.as_posix())
    if is_parquet:
        return f"SELECT * FROM read_parquet({file})"
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in given)
    return (
        f"SELECT * FROM read_csv({file}, header = TRUE, delim = ',', quote = '\"', escape = '\"', auto_detect = FALSE, "
        f"columns = {{{columns}}}, nullstr = '', max_line_size = {_LONGEST_LINE}, buffer_size = {2 * _LONGEST_LINE})"
    )


def _typed(column: InputColumn, given: str | None, zone: str) -> str:
    kind = SQL_TYPES[column.kind]
    return f"NULL::{kind}" if given is None else _cast(column.name, given, kind, zone)


def _cast(name: str, given: str, kind: str, zone: str) -> str:
    """SQL for a cell in its type; null where it is not one."""
    column = _named(name)
    if given != "VARCHAR":
        return _from_parquet(column, given, kind, zone)
    value = f"nullif(trim({column}), '')"
    if kind == "VARCHAR":
        return value
    if kind == "DATE":
        return f"CASE WHEN regexp_matches({value}, '{_DAY}') THEN TRY_CAST({value} AS DATE) END"
    if kind == "TIMESTAMP":
        local = f"timezone('UTC', timezone({quoted(zone)}, TRY_CAST({value} AS TIMESTAMP)))"
        with_offset = f"TRY_CAST({value} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
        has_offset = f"length({value}) > 10 AND regexp_matches({value}, '{_OFFSET}')"
        is_time = f"regexp_matches({value}, '{_TIME}')"
        return f"CASE WHEN NOT {is_time} THEN NULL WHEN {has_offset} THEN {with_offset} ELSE {local} END"
    if kind == "BIGINT":
        # A cast alone would take 1.5 for 2.
        return f"CASE WHEN regexp_matches({value}, '^[+-]?[0-9]+$') THEN TRY_CAST({value} AS BIGINT) END"
    if kind == "DOUBLE":
        return f"CASE WHEN regexp_matches({value}, '{_NUMBER}') THEN TRY_CAST({value} AS DOUBLE) END"
    return f"TRY_CAST({value} AS {kind})"


def _from_parquet(column: str, given: str, kind: str, zone: str) -> str:
    if kind == "TIMESTAMP" and "TIME ZONE" in given:
        return f"({column})::TIMESTAMPTZ AT TIME ZONE 'UTC'"
    if kind == "TIMESTAMP":
        return f"timezone('UTC', timezone({quoted(zone)}, TRY_CAST({column} AS TIMESTAMP)))"
    return f"TRY_CAST({column} AS {kind})"


def _guessed(store: Store, raw: str, name: str, given: str, zone: str) -> str:
    """The type of a column that nobody has declared: the narrowest that all its cells are."""
    if given != "VARCHAR":
        return _plain_type(given)
    value = f"nullif(trim({_named(name)}), '')"
    tests = [
        # What begins with 0 is a code, not a number.
        f"coalesce(bool_and(regexp_matches({value}, '^-?(0|[1-9][0-9]{{0,17}})$')), FALSE)",
        f"coalesce(bool_and(regexp_matches({value}, '^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$')), FALSE)",
        f"coalesce(bool_and(lower({value}) IN ('true', 'false')), FALSE)",
        f"coalesce(bool_and(length({value}) = 10 AND TRY_CAST({value} AS DATE) IS NOT NULL), FALSE)",
        f"coalesce(bool_and(length({value}) > 10 AND {_cast(name, given, 'TIMESTAMP', zone)} IS NOT NULL), FALSE)",
    ]
    (found,) = store.run(f'SELECT {", ".join(tests)} FROM "{raw}" WHERE {value} IS NOT NULL')
    return next((kind for kind, fits in zip(_GUESSED, found, strict=True) if fits), "VARCHAR")


def _plain_type(given: str) -> str:
    if given.startswith(("DECIMAL", "FLOAT", "DOUBLE")):
        return "DOUBLE"
    if given.startswith("TIMESTAMP"):
        return "TIMESTAMP"
    if given in {"BOOLEAN", "DATE"}:
        return given
    return "BIGINT" if given.endswith(("INT", "INTEGER")) else "VARCHAR"


def _bad_cells(
    store: Store, path: Path, table: InputTable, raw: str, given: Mapping[str, str], zone: str
) -> Iterator[Problem]:
    for column in table.columns:
        if column.kind == "text" or given.get(column.name) is None:
            continue
        kind = SQL_TYPES[column.kind]
        cell = f"nullif(trim({_named(column.name)}::VARCHAR), '')"
        wrong = f"{cell} IS NOT NULL AND {_cast(column.name, given[column.name], kind, zone)} IS NULL"
        rows = store.run(
            f"SELECT number, left(cell, 40) FROM (SELECT row_number() OVER () AS number, {cell} AS cell, "
            f'{wrong} AS wrong FROM "{raw}") WHERE wrong ORDER BY number LIMIT {_PLACES_SHOWN}'
        )
        for number, value in rows:
            sentence = f"row {number}, {column.name}: '{value}' is not {_WORDS[column.kind]}."
            yield Problem(path.name, 0, 0, sentence)


def _empty_cells(store: Store, path: Path, table: InputTable) -> Iterator[Problem]:
    for name in table.required:
        rows = store.run(
            f'SELECT _row FROM "{table.name}" WHERE {_named(name)} IS NULL ORDER BY _row LIMIT {_PLACES_SHOWN}'
        )
        for (number,) in rows:
            yield Problem(path.name, 0, 0, f"row {number}, {name}: the cell is empty; every row needs one.")


def _twice(store: Store, path: Path, table: InputTable) -> Iterator[Problem]:
    if table.last_wins or not table.key:
        return
    names = ", ".join(_named(name) for name in table.key)
    rows = store.run(
        f'SELECT min(_row), max(_row) FROM "{table.name}" GROUP BY {names} HAVING count(*) > 1 '
        f"ORDER BY 1 LIMIT {_PLACES_SHOWN}"
    )
    for first, last in rows:
        sentence = f"row {last}, {table.key[0]}: the same as in row {first}; keep one of them."
        yield Problem(path.name, 0, 0, sentence)


def _keep_last(store: Store, table: InputTable) -> None:
    key = ", ".join(_named(name) for name in table.key)
    rows, different = store.run(f'SELECT count(*), count(DISTINCT {key}) FROM "{table.name}"')[0]
    if rows != different:
        store.run(f'DELETE FROM "{table.name}" WHERE _row NOT IN (SELECT max(_row) FROM "{table.name}" GROUP BY {key})')


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
