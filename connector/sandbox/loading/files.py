"""CSV files as bytes: their encoding, their header, their records with the lines they stand on."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LONGEST_CELL = 16 * 1024 * 1024
_CHUNK = 1 << 20


class UnreadableError(Exception):
    """A file that is no CSV file; the message says why."""


@dataclass(frozen=True)
class CsvFile:
    """One file whose header has been read. `header` holds the column names as they stand there."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True)
class Record:
    """One row: the line on which it begins (from 1), and its cells; or why it cannot be read."""

    line: int
    cells: tuple[str, ...]
    problem: str | None = None


def open_csv(path: Path) -> CsvFile:
    """Finds out how a file is written: UTF-8 (with or without a mark), UTF-16 with a mark, or Shift-JIS.

    Raises UnreadableError for a file without a header, with a column named twice, or in another encoding.
    """
    csv.field_size_limit(_LONGEST_CELL)
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as stream:
        first = stream.readline()
        delimiter = "\t" if "\t" in first and "," not in first else ","
        stream.seek(0)
        header = next(csv.reader(stream, delimiter=delimiter), [])
    names = tuple(name.strip() for name in header)
    if not any(names):
        raise UnreadableError("it has no header line")
    if "" in names:
        raise UnreadableError(f"column {names.index('') + 1} of its header has no name")
    twice = {name for name in names if [other.lower() for other in names].count(name.lower()) > 1}
    if twice:
        raise UnreadableError(f"its header names {min(twice)} twice")
    return CsvFile(path, encoding, delimiter, names)


def records(file: CsvFile) -> Iterator[Record]:
    """The rows of a file; empty lines are no rows."""
    with file.path.open(encoding=file.encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=file.delimiter)
        next(reader)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, (), f"not readable as CSV ({error})")
                continue
            if cells and len(cells) != len(file.header):
                problem = f"has {len(cells)} cells where the header has {len(file.header)}"
                yield Record(line, tuple(cells), problem)
            elif cells:
                yield Record(line, tuple(cells))


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(2)
    if start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    for encoding in ("utf-8-sig", "cp932"):
        if _decodes(path, encoding):
            return encoding
    raise UnreadableError("it is neither UTF-8 nor Shift-JIS: save it as UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
