"""The three forms in which a batch's rows come: CSV, JSON and XML, each read as records for a change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from connector.sandbox.bulk.dialect import Dialect
from connector.sandbox.bulk.jobs import JobError
from connector.sandbox.bulk.upload import fills, read_upload, record
from connector.sandbox.bulk_v1.jobs import ContentType
from connector.sandbox.catalogue.model import Catalogue, ObjectDef

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True)
class Given:
    """One row of a batch as a record in the form of JSON, and why it cannot be read, if so."""

    values: dict[str, Any]
    fault: str | None = None


def read_rows(content_type: ContentType, raw: bytes, catalogue: Catalogue, definition: ObjectDef) -> list[Given]:
    """The rows of a batch's body. Raises JobError when it is none that can be worked on."""
    if content_type == "CSV":
        return list(_from_csv(raw, catalogue, definition))
    if content_type == "JSON":
        return _from_json(raw)
    return list(_from_xml(raw, catalogue, definition))


def _from_csv(raw: bytes, catalogue: Catalogue, definition: ObjectDef) -> Iterator[Given]:
    # Unlike 2.0, a job does not say how its lines end: both ways are taken.
    ending = "CRLF" if raw.partition(b"\n")[0].endswith(b"\r") else "LF"
    upload = read_upload(raw, Dialect(line_ending=ending))
    filled = fills(catalogue, definition, upload.names)
    for row in upload.rows:
        yield Given({}, row.fault) if row.fault else Given(record(filled, row))


def _from_json(raw: bytes) -> list[Given]:
    try:
        found = json.loads(raw)
    except ValueError:
        raise JobError("InvalidBatch : Unable to parse JSON") from None
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise JobError("InvalidBatch : The batch must be an array of records")
    return [Given(entry) for entry in found]


def _from_xml(raw: bytes, catalogue: Catalogue, definition: ObjectDef) -> Iterator[Given]:
    root = parsed_xml(raw)
    if root is None or _name(root) != "sObjects":
        raise JobError("InvalidBatch : Unable to parse XML: an sObjects document is expected")
    for entry in root:
        cells = dict(_cells(entry))
        filled = fills(catalogue, definition, tuple(cells))
        values: dict[str, Any] = {}
        for put, cell in zip(filled, cells.values(), strict=True):
            if cell != "":
                put(values, cell)
        yield Given(values)


def parsed_xml(raw: bytes) -> ET.Element | None:
    """The root of an XML document; None when it is none, or one that declares entities."""
    if b"<!" in raw:
        return None
    try:
        return ET.fromstring(raw)  # noqa: S314 - without a document type there are no entities to expand
    except ET.ParseError:
        return None


def children_of(element: ET.Element) -> dict[str, str]:
    """The texts of an element's children by their names without namespace."""
    return {_name(child): (child.text or "").strip() for child in element}


def _cells(entry: ET.Element) -> Iterator[tuple[str, str | None]]:
    """The columns of one sObject; a parent that is named by its key becomes `Parent.Key`."""
    for child in entry:
        parent: Sequence[ET.Element] = [below for below in child if _name(below) == "sObject"]
        if child.get(_NIL) == "true":
            yield _name(child), None
        elif parent:
            for key in parent[0]:
                if _name(key) != "type":
                    yield f"{_name(child)}.{_name(key)}", key.text or ""
        else:
            yield _name(child), child.text or ""


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
