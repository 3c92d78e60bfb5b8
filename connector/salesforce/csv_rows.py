"""Rows as the CSV of a bulk job, made while they are sent: there is never more of it than a piece at a time.

An empty cell leaves a field as it is and #N/A empties it, so that rows which change different fields share one header
(Salesforce, Bulk API 2.0 Developer Guide, "Prepare CSV Files").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from connector.salesforce.rows import Row, wire_value

EMPTIES = "#N/A"
ROWS_A_PIECE = 2_000

_QUOTED = re.compile(r'[,"\r\n]|^\s|\s$')


class CsvRows:
    """A body of `len` bytes that can be read several times: a call that is sent again begins from its first row.

    UTF-8, comma, LF; columns in the order in which they first come.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.columns = tuple(dict.fromkeys(name for row in rows for name in row))
        self._size = sum(len(piece) for piece in self)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        yield (",".join(self.columns) + "\n").encode()
        rows = iter(self._rows)
        while piece := "".join(self._line(row) for row in islice(rows, ROWS_A_PIECE)):
            yield piece.encode()

    def _line(self, row: Row) -> str:
        return ",".join([_cell(row, name) for name in self.columns]) + "\n"


def fits_csv(row: Mapping[str, object]) -> bool:
    """Whether every value can be said in CSV: a text that reads #N/A would empty its field."""
    return EMPTIES not in row.values()


def most_bytes(row: Mapping[str, object]) -> int:
    """What a row takes at most, its share of other rows' columns apart."""
    return sum(_most(value) for value in row.values())


def _most(value: object) -> int:
    return 3 + len(value.encode()) + value.count('"') if isinstance(value, str) else 33


def _cell(row: Row, name: str) -> str:
    if name not in row:
        return ""
    value = wire_value(row[name])
    if value is None or value == "":
        return EMPTIES
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
