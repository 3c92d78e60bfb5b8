"""Landed pages as rows that the engine reads: JSON of either remote, CSV of bulk queries and exports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from connector.domain.statements import quoted
from connector.domain.streams import MappedStream
from connector.store.spelling import as_spelled, check_columns

_LONGEST_LINE = 4_000_000
"""Bytes of one CSV row: a record has at most 400,000 characters."""

_RECORDS = {"salesforce": "records", "account_engagement": "values"}


def landed_records(mapped: MappedStream, pages: Sequence[Path], fields: Iterable[str]) -> str:
    """A query for the records of landed pages (JSON, or CSV of a bulk query): one column `record`, fields as texts.

    SpoiltPageError for other columns than `fields`.
    """
    fields = list(fields)
    files = ", ".join(quoted(page.as_posix()) for page in pages)
    key = _RECORDS[mapped.stream.remote]
    paths = [field.split(".") for field in fields]
    if pages[0].suffix == ".csv":
        check_columns(pages, list(dict.fromkeys(fields)))
        options = "header = TRUE, all_varchar = TRUE, delim = ',', quote = '\"', escape = '\"', auto_detect = FALSE"
        columns = json.dumps(dict.fromkeys(fields, "VARCHAR")).replace('"', "'")
        return (
            f"SELECT {_packed(paths)} AS record FROM read_csv([{files}], {options}, columns = {columns}, "
            f"new_line = '\\n', max_line_size = {_LONGEST_LINE}, buffer_size = {4 * _LONGEST_LINE})"
        )
    shape = json.dumps({key: [_shape(as_spelled(pages, key, paths))]})
    # from_json over whole texts, because read_json needs six to ten times the processor time for such pages.
    return f"SELECT unnest(from_json(content, {quoted(shape)}).{key}) AS record FROM read_text([{files}])"


def _shape(paths: list[list[str]]) -> dict[str, Any]:
    """The structure of one record as from_json takes it: texts, nested where a field is a parent's."""
    shape: dict[str, Any] = {}
    for name in dict.fromkeys(path[0] for path in paths):
        below = [path[1:] for path in paths if path[0] == name and len(path) > 1]
        shape[name] = _shape(below) if below else "VARCHAR"
    return shape


def _packed(paths: list[list[str]], above: str = "") -> str:
    """The structure of one record put together from CSV columns, whose names are the whole dotted paths."""
    parts = []
    for name in dict.fromkeys(path[0] for path in paths):
        below = [path[1:] for path in paths if path[0] == name and len(path) > 1]
        column = f'"{above}{name}"'
        parts.append(f'"{name}" := {_packed(below, f"{above}{name}.") if below else column}')
    return f"struct_pack({', '.join(parts)})"
