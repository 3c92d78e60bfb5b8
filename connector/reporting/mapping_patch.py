"""A patch of fields.yaml for fields that have another name now: only the names change, comments and all else stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff

from connector.rules.fields import Fields
from connector.rules.mapping import FIELDS_FILE
from connector.rules.source import KeyPath, Source

Renamed = Mapping[tuple[str, str], str]
"""(object, field) → its name now."""


def patched(text: str, source: Source, fields: Fields, renamed: Renamed) -> str:
    """The text of fields.yaml with the new names where the old ones stand."""
    lines = text.splitlines(keepends=True)
    edits = sorted(_edits(source, fields, renamed), reverse=True)
    for line, column, old, new in edits:
        written = lines[line - 1]
        start = written.find(old, column - 1)
        if start >= 0:
            lines[line - 1] = written[:start] + new + written[start + len(old) :]
    return "".join(lines)


def mapping_patch(text: str, source: Source, fields: Fields, renamed: Renamed) -> str:
    """The same as a unified diff, which `patch` takes; empty where nothing changes."""
    after = patched(text, source, fields, renamed)
    return "".join(_whole_lines(unified_diff(_lines(text), _lines(after), f"a/{FIELDS_FILE}", f"b/{FIELDS_FILE}")))


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _whole_lines(diff: Iterable[str]) -> Iterator[str]:
    for line in diff:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _edits(source: Source, fields: Fields, renamed: Renamed) -> Iterator[tuple[int, int, str, str]]:
    for (name, old), new in renamed.items():
        entry = fields.salesforce.get(name)
        for attribute, read in entry.read.items() if entry else ():
            if read.field == old:
                path: KeyPath = ("salesforce", name, "read", attribute)
                place = source.values.get((*path, "field")) or source.values[path]
                yield place.line, place.column, old, new
        if entry and old in entry.write:
            place = source.keys[("salesforce", name, "write", old)]
            yield place.line, place.column, old, new
