"""The CSV that Bulk API 2.0 writes and reads: which characters part the cells and the lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

DELIMITERS: Mapping[str, str] = MappingProxyType(
    {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
)
LINE_ENDINGS: Mapping[str, str] = MappingProxyType({"LF": "\n", "CRLF": "\r\n"})


@dataclass(frozen=True)
class Dialect:
    """A job's `columnDelimiter` and `lineEnding`, by their API names."""

    column_delimiter: str = "COMMA"
    line_ending: str = "LF"

    @property
    def delimiter(self) -> str:
        return DELIMITERS[self.column_delimiter]

    @property
    def line_end(self) -> str:
        return LINE_ENDINGS[self.line_ending]


class Lines:
    """Rows as lines of CSV with every cell in quotation marks; None is an empty cell."""

    def __init__(self, dialect: Dialect) -> None:
        self._lines: list[str] = []
        self._writer = csv.writer(
            _Sink(self._lines), delimiter=dialect.delimiter, lineterminator=dialect.line_end, quoting=csv.QUOTE_ALL
        )

    def encode(self, rows: Iterable[Sequence[Any]]) -> list[bytes]:
        """Each row as one piece of UTF-8, its line's end included."""
        self._lines.clear()
        self._writer.writerows(rows)
        return [line.encode() for line in self._lines]


class _Sink:
    """What a csv writer needs of a file: it gives each row in one call."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append
