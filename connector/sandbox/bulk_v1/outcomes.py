"""What a batch answers in CSV, JSON or XML: what became of each of its rows, or the rows that a query found."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from connector.sandbox.bulk.dialect import Dialect, Lines
from connector.sandbox.bulk.loading import sf_error
from connector.sandbox.bulk_v1.jobs import ContentType
from connector.sandbox.catalogue.model import Catalogue, ObjectDef
from connector.sandbox.salesforce.changes import Saved
from connector.sandbox.salesforce.refused import RefusedError

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
MIME: Mapping[ContentType, str] = MappingProxyType(
    {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}
)
NOTHING_FOUND = b"Records not found for this query"

Outcome = Saved | RefusedError
Plain = str | int | float | bool | None


@dataclass(frozen=True)
class Column:
    """A column of a query's CSV: its path (`Account.Name`), the object at each step, and its type."""

    path: tuple[str, ...]
    objects: tuple[str, ...]
    type: str


def results_of(content_type: ContentType, outcomes: Sequence[Outcome]) -> bytes:
    """The results of a batch's rows, in the order in which they came."""
    if content_type == "CSV":
        rows = [("Id", "Success", "Created", "Error"), *(_cells(outcome) for outcome in outcomes)]
        return b"".join(Lines(Dialect()).encode(rows))
    if content_type == "JSON":
        return json.dumps([_entry(outcome) for outcome in outcomes], ensure_ascii=False).encode()
    body = "".join(f"<result>{_elements(_entry(outcome))}</result>" for outcome in outcomes)
    return f'{XML_HEAD}<results xmlns="{NAMESPACE}">{body}</results>'.encode()


def write_records(page: Path, content_type: ContentType, columns: Sequence[Column], target: Path) -> None:
    """Writes a page of a query's CSV again as JSON or XML, with types and parents."""
    with page.open(encoding="utf-8", newline="") as stream, target.open("w", encoding="utf-8") as out:
        csv.field_size_limit(sys.maxsize)
        rows = csv.reader(stream)
        next(rows)
        if content_type == "JSON":
            _write_json(rows, columns, out.write)
        else:
            _write_xml(rows, columns, out.write)


def columns_of(catalogue: Catalogue, definition: ObjectDef, header: Sequence[str]) -> list[Column]:
    """What stands behind each column of a query's CSV. A label has the type of a text."""
    return [_column(catalogue, definition, name) for name in header]


def _column(catalogue: Catalogue, definition: ObjectDef, name: str) -> Column:
    path, objects = tuple(name.split(".")), [definition.name]
    at: ObjectDef | None = definition
    for step in path[:-1]:
        links = at.fields if at else ()
        link = next((entry for entry in links if (entry.relationship or "").lower() == step.lower()), None)
        at = catalogue.object(link.references[0]) if link else None
        objects.append(at.name if at else step)
    field = at.field(path[-1]) if at else None
    return Column(path, tuple(objects), field.type if field else "string")


def _write_json(rows: Iterator[list[str]], columns: Sequence[Column], write: Callable[[str], object]) -> None:
    write("[")
    for number, row in enumerate(rows):
        found = json.dumps(_record(columns, row), ensure_ascii=False)
        write(f"{',' if number else ''}{found}")
    write("]")


def _write_xml(rows: Iterator[list[str]], columns: Sequence[Column], write: Callable[[str], object]) -> None:
    schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    write(f'{XML_HEAD}<queryResult xmlns="{NAMESPACE}" {schema}>')
    for row in rows:
        write(f'<records xsi:type="sObject"><type>{columns[0].objects[0]}</type>')
        for column, cell in zip(columns, row, strict=True):
            write(_nested(column, cell))
        write("</records>")
    write("</queryResult>")


def _nested(column: Column, cell: str) -> str:
    inner = _element(column.path[-1], cell) if cell else f'<{column.path[-1]} xsi:nil="true"/>'
    for step, name in reversed(list(zip(column.path[:-1], column.objects[1:], strict=True))):
        inner = f'<{step} xsi:type="sObject"><type>{name}</type>{inner}</{step}>'
    return inner


def _record(columns: Sequence[Column], row: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"attributes": {"type": columns[0].objects[0]}}
    for column, cell in zip(columns, row, strict=True):
        place = found
        for step, name in zip(column.path[:-1], column.objects[1:], strict=True):
            place = place.setdefault(step, {"attributes": {"type": name}})
        place[column.path[-1]] = _value(column.type, cell)
    return found


def _value(kind: str, cell: str) -> Plain:
    """A value as JSON of this API has it: times and dates in milliseconds since 1970."""
    if cell == "":
        return None
    if kind == "boolean":
        return cell == "true"
    if kind in {"int", "long"}:
        return int(float(cell))
    if kind in {"double", "currency", "percent"}:
        return float(cell)
    if kind in {"datetime", "date"}:
        instant = datetime.fromisoformat(cell)
        return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000)
    return cell


def _cells(outcome: Outcome) -> tuple[str, str, str, str]:
    if isinstance(outcome, Saved):
        return outcome.id, "true", "true" if outcome.created else "false", ""
    return "", "false", "false", sf_error(outcome)


def _entry(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Saved):
        return {"success": True, "created": bool(outcome.created), "id": outcome.id, "errors": []}
    error = {**outcome.as_row_error(), "extendedErrorDetails": None}
    return {"success": False, "created": False, "id": None, "errors": [error]}


def _elements(entry: Mapping[str, Any]) -> str:
    errors = "".join(
        "<errors>"
        + "".join(_element("fields", name) for name in error["fields"])
        + _element("message", error["message"])
        + _element("statusCode", error["statusCode"])
        + "</errors>"
        for error in entry["errors"]
    )
    own = "" if entry["id"] is None else _element("id", entry["id"])
    flags = "".join(_element(name, "true" if entry[name] else "false") for name in ("success", "created"))
    return errors + own + flags


def _element(name: str, text: object) -> str:
    return f"<{name}>{escape(str(text))}</{name}>"
