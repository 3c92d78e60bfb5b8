"""The results of an export as CSV files on disk, none larger than was asked for."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.account_engagement.export_terms import Terms

_FETCHED = 2_000
_MINUTE = 16
"""Characters of a stamp up to its minutes."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Row = tuple[Any, ...]
Write = Callable[[Any], Any]


class LocalMinutes(dict[str, tuple[str, str]]):
    """From a minute in UTC to the same in a zone, with the offset: many rows share one, and each costs a while."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, minute: str) -> tuple[str, str]:
        local = datetime.fromisoformat(minute + "+00:00").astimezone(self._zone).isoformat(timespec="minutes")
        self[minute] = found = (local[:_MINUTE], local[_MINUTE:])
        return found

    def iso(self, stamp_text: str | None) -> str | None:
        """2026-10-01T09:00:00+09:00"""
        if stamp_text is None:
            return None
        minute, offset = self[stamp_text[:_MINUTE]]
        return f"{minute}{stamp_text[_MINUTE:19]}{offset}"

    def legacy(self, stamp_text: str | None) -> str | None:
        """2026-10-01 09:00:00, of which nobody can tell the zone."""
        if stamp_text is None:
            return None
        return f"{self[stamp_text[:_MINUTE]][0].replace('T', ' ')}{stamp_text[_MINUTE:19]}"


class Rows:
    """The rows of an export as of one instant, some thousand at a time."""

    def __init__(self, connection: sqlite3.Connection, terms: Terms) -> None:
        self._cursor = connection.cursor()
        self._cursor.row_factory = None
        self._cursor.execute(
            f'SELECT {", ".join(terms.shape.columns)} FROM "{terms.definition.name}" AS m '
            f"{' '.join(terms.shape.joins)} WHERE {' AND '.join(terms.conditions)}",
            terms.bound,
        )
        self._first: list[Row] = self._cursor.fetchmany(1)

    def batches(self, go_on: Callable[[], bool]) -> Iterator[list[Row]]:
        rows = self._first
        while rows and go_on():
            yield rows
            rows = self._cursor.fetchmany(_FETCHED)
        self._cursor.close()


def prepare(rows: Rows, terms: Terms, folder: Path, go_on: Callable[[], bool]) -> int:
    """Writes all rows into 1.csv, 2.csv, … in `folder`; at least one file. Answers how many.

    Ends early when `go_on` says so, between some thousand rows.
    """
    return _write_files(folder, terms, _pieces(rows.batches(go_on), terms))


def _pieces(batches: Iterator[list[Row]], terms: Terms) -> Iterator[bytes]:
    """The lines of the rows."""
    minutes = LocalMinutes(terms.zone)
    cells = terms.shape.cells()
    picked = [cells[name] for name in terms.columns]
    writes = [(place, _writer(kind, minutes, legacy=terms.legacy_dates)) for place, kind in picked]
    for rows in batches:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [row[place] if write is None else write(row[place]) for place, write in writes] for row in rows
        )
        yield text.getvalue().encode()


def _write_files(folder: Path, terms: Terms, pieces: Iterator[bytes]) -> int:
    """Pieces go into a file as long as there is room; a file has one at least, so that it may be a little larger."""
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(terms.columns)
    head = (_BYTE_ORDER_MARK if terms.byte_order_mark else b"") + header.getvalue().encode()
    number = 1
    stream = (folder / "1.csv").open("wb")
    try:
        stream.write(head)
        for piece in pieces:
            if stream.tell() > len(head) and stream.tell() + len(piece) > terms.file_bytes:
                stream.close()
                number += 1
                stream = (folder / f"{number}.csv").open("wb")
                stream.write(head)
            stream.write(piece)
    finally:
        stream.close()
    return number


def _writer(kind: str, minutes: LocalMinutes, *, legacy: bool) -> Write | None:
    """How a value of a type stands in CSV; None when it does as it is. UNVERIFIED: true and false."""
    if kind == "datetime":
        return minutes.legacy if legacy else minutes.iso
    if kind == "boolean":
        return lambda value: None if value is None else "true" if value else "false"
    if kind == "double":
        return lambda value: int(value) if isinstance(value, float) and value.is_integer() else value
    return None
