"""Reads the CSV that a client uploads: its header against the object, its rows as records for a change."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from connector.sandbox.bulk.dialect import Dialect
from connector.sandbox.bulk.jobs import JobError
from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef

_NULL = "#N/A"
_WORDS: Mapping[str, bool] = MappingProxyType(
    {"true": True, "yes": True, "y": True, "on": True, "1": True}
    | {"false": False, "no": False, "n": False, "off": False, "0": False}
)
"""How CSV may write a boolean, in any case."""

_LONGEST_HEADER = 32_000
_LONGEST_CELL = 131_072
_MARK = "\ufeff"

Fill = Callable[[dict[str, Any], Any], None]


@dataclass(frozen=True)
class Row:
    """One row: its cells as they came, and why it cannot be read, if so."""

    cells: tuple[str, ...]
    fault: str | None = None


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded: the header as it was written, the names in it, and all rows."""

    header: str
    names: tuple[str, ...]
    rows: tuple[Row, ...]


def read_upload(raw: bytes, dialect: Dialect) -> Upload:
    """Reads a file. Raises JobError when it is none that a job can begin with."""
    try:
        text = raw.decode().removeprefix(_MARK)
    except UnicodeDecodeError:
        raise JobError("InvalidBatch : Failed to parse CSV. The data is not UTF-8") from None
    first = text.partition("\n")[0]
    if not first.strip():
        raise JobError("InvalidBatch : Failed to parse CSV. The header row is missing")
    if first.endswith("\r") != (dialect.line_ending == "CRLF") and "\n" in text:
        message = "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is"
        raise JobError(f"{message} {dialect.line_ending}")
    header = first.removesuffix("\r")
    if len(header) > _LONGEST_HEADER:
        raise JobError(f"InvalidBatch : Failed to parse CSV. The header is longer than {_LONGEST_HEADER} characters")
    parsed = _parsed(text, dialect)
    names = next(parsed)
    if names.fault is not None:
        raise JobError("InvalidBatch : Failed to parse CSV header")
    width = len(names.cells)
    return Upload(header, names.cells, tuple(_checked(row, width) for row in parsed if row.cells or row.fault))


def fills(catalogue: Catalogue, definition: ObjectDef, names: Sequence[str]) -> tuple[Fill, ...]:
    """For each column, what puts its cell into a record. Raises JobError for a column that the object has not."""
    seen: set[str] = set()
    found = []
    for name in names:
        if name.lower() in seen:
            raise JobError(f"InvalidBatch : Field name duplicated : {name}")
        seen.add(name.lower())
        fill = _own_field(definition, name) or _parents_key(catalogue, definition, name)
        if fill is None:
            raise JobError(f"InvalidBatch : Field name not found : {name}")
        found.append(fill)
    return tuple(found)


def record(fill: Sequence[Fill], row: Row) -> dict[str, Any]:
    """The row as a record in the form of JSON: an empty cell says nothing, `#N/A` says null."""
    values: dict[str, Any] = {}
    for put, cell in zip(fill, row.cells, strict=True):
        if cell != "":
            put(values, None if cell == _NULL else cell)
    return values


def _parsed(text: str, dialect: Dialect) -> Iterator[Row]:
    """The rows of a file, header first. A row that is no CSV does not hide the rows after it."""
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=dialect.delimiter, strict=True)
    # The module's own limit is lower than Salesforce's.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    while True:
        begin = stream.tell()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = text[begin : stream.tell()].rstrip("\r\n").split(dialect.delimiter)
            yield Row(
                tuple(cells), "Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote"
            )
            continue
        yield Row(tuple(cells))


def _checked(row: Row, width: int) -> Row:
    """The row with as many cells as the header has, and with what is wrong with it."""
    cells = (row.cells + ("",) * width)[:width]
    if row.fault is None and len(row.cells) != width:
        return Row(cells, f"The number of cells in the row ({len(row.cells)}) is not that of the header ({width})")
    if row.fault is None and any(len(cell) > _LONGEST_CELL for cell in cells):
        return Row(cells, f"A value is longer than {_LONGEST_CELL} characters")
    return Row(cells, row.fault)


def _own_field(definition: ObjectDef, name: str) -> Fill | None:
    field = definition.field(name)
    if field is None or not field.stored:
        return None
    if field.type == "boolean":
        return _boolean(field)
    return _plain(field)


def _plain(field: FieldDef) -> Fill:
    def fill(values: dict[str, Any], cell: Any) -> None:
        values[field.name] = cell

    return fill


def _boolean(field: FieldDef) -> Fill:
    def fill(values: dict[str, Any], cell: Any) -> None:
        values[field.name] = _WORDS.get(cell.lower(), cell) if isinstance(cell, str) else cell

    return fill


def _parents_key(catalogue: Catalogue, definition: ObjectDef, name: str) -> Fill | None:
    """`Account.Ext__c`, or for a lookup to several objects `Lead:Who.Email`: the parent by a key of its own."""
    kind, _, path = name.rpartition(":")
    relationship, _, key = path.partition(".")
    links = (entry for entry in definition.fields if entry.relationship and entry.references)
    link = next((entry for entry in links if str(entry.relationship).lower() == relationship.lower()), None)
    if link is None or not key:
        return None
    targets = [entry for entry in link.references if not kind or entry.lower() == kind.lower()]
    target = catalogue.object(targets[0]) if len(targets) == 1 else None
    identifying = target.field(key) if target else None
    if target is None or identifying is None or not (identifying.external_id or identifying.id_lookup):
        return None
    return _nested(str(link.relationship), target.name, identifying.name)


def _nested(relationship: str, target: str, key: str) -> Fill:
    def fill(values: dict[str, Any], cell: Any) -> None:
        values[relationship] = None if cell is None else {"attributes": {"type": target}, key: cell}

    return fill
