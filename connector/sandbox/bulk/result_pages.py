"""The results of a query job as files: pages of one size made ready beforehand, others cut from them when asked for."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO

Row = tuple[bytes]

PAGE_ROWS = 50_000
"""Rows of a page when the client does not say how many it wants. UNVERIFIED: the real number varies."""

_FETCHED = 2_000
_ENDS = "row-ends"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Prepared:
    """How much lies on disk."""

    rows: int
    bytes: int


def prepare(folder: Path, header: bytes, rows: Iterator[Row], go_on: Callable[[int], bool]) -> Prepared:
    """Writes all rows, a line of CSV each, into pages with a header.

    `go_on` is told how many rows there are so far, and says whether to go on.
    """
    done = written = 0
    with (folder / _ENDS).open("wb") as ends:
        while True:
            page = folder / _page_name(done // PAGE_ROWS)
            with page.open("wb") as stream:
                count = _write_page(stream, ends, header, _page_lines(rows))
                written += stream.tell()
            done += count
            if count == 0 and done > 0:
                page.unlink()
                written -= len(header)
            if count < PAGE_ROWS or not go_on(done):
                return Prepared(done, written)


def page_file(folder: Path, rows: int, offset: int, count: int) -> Path:
    """The file with the header and the rows from `offset` on, at most `count`; `rows` is how many there are."""
    last = min(offset + count, rows)
    page = offset // PAGE_ROWS
    if offset % PAGE_ROWS == 0 and last == min(offset + PAGE_ROWS, rows):
        return folder / _page_name(page)
    wanted = folder / f"rows-{offset}-{last}.csv"
    if not wanted.exists():
        with _in_one_go(wanted) as stream:
            _cut(folder, offset, last, stream)
    return wanted


def packed(page: Path) -> Path:
    """The same file as gzip."""
    wanted = page.with_name(page.name + ".gz")
    if not wanted.exists():
        with _in_one_go(wanted) as stream, gzip.GzipFile("", "wb", 1, stream, mtime=0) as pack, page.open("rb") as raw:
            shutil.copyfileobj(raw, pack, _PIECE)
    return wanted


def _page_name(number: int) -> str:
    return f"page-{number}.csv"


def _page_lines(rows: Iterator[Row]) -> Iterator[list[bytes]]:
    """The lines of one page, some thousand at a time."""
    for _ in range(PAGE_ROWS // _FETCHED):
        fetched = list(islice(rows, _FETCHED))
        if fetched:
            yield [row[0] for row in fetched]
        if len(fetched) < _FETCHED:
            return


def _write_page(stream: BinaryIO, ends: BinaryIO, header: bytes, lines: Iterator[list[bytes]]) -> int:
    """Writes a page and where in it each row ends; answers how many rows there were."""
    stream.write(header)
    position, count = len(header), 0
    for pieces in lines:
        stream.write(b"".join(pieces))
        positions = array("Q", accumulate(map(len, pieces), initial=position))[1:]
        ends.write(positions.tobytes())
        position, count = positions[-1], count + len(pieces)
    return count


def _cut(folder: Path, offset: int, last: int, target: BinaryIO) -> None:
    """Copies rows, from as many pages as they lie in, behind one header."""
    with (folder / _ENDS).open("rb") as ends:
        for page in range(offset // PAGE_ROWS, (last - 1) // PAGE_ROWS + 1):
            first = page * PAGE_ROWS
            start, end = max(offset, first), min(last, first + PAGE_ROWS)
            with (folder / _page_name(page)).open("rb") as source:
                header = source.readline()
                if page == offset // PAGE_ROWS:
                    target.write(header)
                begin = len(header) if start == first else _row_end(ends, start - 1)
                source.seek(begin)
                _copy(source, target, _row_end(ends, end - 1) - begin)


def _row_end(ends: BinaryIO, row: int) -> int:
    """Where in its page a row ends."""
    ends.seek(row * 8)
    return array("Q", ends.read(8))[0]


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size > 0:
        piece = source.read(min(size, _PIECE))
        target.write(piece)
        size -= len(piece)


@contextmanager
def _in_one_go(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is whole: others may ask for the same at the same time."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as stream:
        yield stream
    Path(name).replace(path)
