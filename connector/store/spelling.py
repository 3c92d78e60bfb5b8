"""How a remote spells the fields of a landed page: asked for in any letters, they come by the names that it knows."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from connector.errors import SpoiltPageError

HEAD = 64 * 1024

Fields = Sequence[Sequence[str]]
"""Each the path to one field: [Owner, Name]."""


def as_spelled(pages: Sequence[Path], key: str, fields: Fields) -> list[list[str]]:
    """The fields in the letters of the pages, whose rows stand behind `key`.

    Salesforce takes leadsource and answers LeadSource. What no row has stays as it was asked for.
    """
    sample = _first_record(pages[0], key)
    found = []
    for field in fields:
        spelled = _spelled(sample, field)
        if spelled is None and len(field) > 1:
            # The parent is empty in the first row: another one tells.
            spelled = next((path for row in _with_parent(pages, key, field[0]) if (path := _spelled(row, field))), None)
        found.append(spelled or list(field))
    return found


def check_columns(pages: Sequence[Path], fields: Sequence[str]) -> None:
    """SpoiltPageError when a CSV has other columns than were asked for, or in another order."""
    wanted = [field.lower() for field in fields]
    for page in pages:
        with page.open(encoding="utf-8", errors="replace", newline="") as file:
            head = next(csv.reader([file.readline(HEAD)]), [])
        if head and [name.lower() for name in head] != wanted:
            raise SpoiltPageError("A result came in other columns than asked; nothing of it was kept. Run again.")


def _first_record(page: Path, key: str) -> Mapping[str, Any]:
    with page.open("rb") as file:
        head = file.read(HEAD)
    start = re.search(rb'"' + key.encode() + rb'"\s*:\s*\[\s*', head)
    if start is None:
        return {}
    try:
        record, _ = json.JSONDecoder().raw_decode(head[start.end() :].decode("utf-8", "replace"))
    except ValueError:
        # Longer than the head, or no record: then all of it is looked at, or nothing.
        return next(iter(_records(page, key)), {})
    return record if isinstance(record, dict) else {}


def _with_parent(pages: Sequence[Path], key: str, parent: str) -> Iterator[Mapping[str, Any]]:
    filled = re.compile(rb'"' + re.escape(parent).encode() + rb'"\s*:\s*\{', re.IGNORECASE)
    for page in pages:
        if filled.search(page.read_bytes()):
            yield from _records(page, key)


def _records(page: Path, key: str) -> list[dict[str, Any]]:
    try:
        records = json.loads(page.read_bytes())[key]
    except (ValueError, TypeError, KeyError):
        return []
    return [record for record in records if isinstance(record, dict)] if isinstance(records, list) else []


def _spelled(record: Mapping[str, Any], field: Sequence[str]) -> list[str] | None:
    here: Any = record
    path: list[str] = []
    for part in field:
        if not isinstance(here, dict):
            return None
        name = part if part in here else next((one for one in here if one.lower() == part.lower()), None)
        if name is None:
            return None
        path.append(name)
        here = here[name]
    return path
