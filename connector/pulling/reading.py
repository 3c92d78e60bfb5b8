"""Reading a stream: slices are asked for, landed page by page, and merged together with the cursor."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

import structlog

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.errors import ConnectorError, RetryError, StopError
from connector.pulling.slices import finished, next_slice
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store
from connector.store.mirror import Merged, close_missing, merge, note_read

PAGES_A_MERGE = 25
"""Pages merged in one transaction: few enough that a crash costs little, enough that merging stays cheap."""

BULK_FROM = 20_000
"""Rows from which a slice is read by a bulk query: below, its job and polls cost more calls and time than pages."""

PAGES_FORGOTTEN = frozenset({"INVALID_QUERY_LOCATOR", "210", "211"})
"""What Salesforce and Account Engagement say when the rest of an answer is not kept any more."""

log = structlog.get_logger()


class LandedPage(Protocol):
    """One page of an answer, on disk as it came. `truncated`: the remote stopped before the end of the data."""

    @property
    def path(self) -> Path: ...


@runtime_checkable
class CountedPage(Protocol):
    """A page whose rows the remote has counted."""

    @property
    def rows(self) -> int: ...


@dataclass(frozen=True)
class Pulled:
    """What one stream brought in one pull: rows read, versions added to the mirror, values of the wrong type."""

    stream: str
    unit: str
    rows: int = 0
    added: int = 0
    unreadable: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Landing:
    """Where pages land, and who is told how far it is."""

    folder: Path
    bulk_from: int = BULK_FROM
    progress: Callable[[Pulled], None] = lambda _pulled: None


@dataclass(frozen=True)
class Reading:
    """One stream of one business unit being read. `now` is the server's time: when its rows are seen.

    `ask` gives the pages of the rest of a slice, landed one by one as they are asked for.
    """

    store: Store
    mapped: MappedStream
    unit: str
    now: datetime
    ask: Callable[[Cursor, Path], Iterator[LandedPage]]
    in_order: bool = True
    """Whether rows come by stamp and id, so that the last one merged is a place to go on from."""

    @property
    def whole(self) -> bool:
        """Whether the object is read whole each time, so that a row that does not come is gone."""
        return self.mapped.stream.cursor is None


def pull_stream(reading: Reading, landing: Landing) -> Pulled:
    """Reads a slice that was cut off to its end, if there is one, and then all that changed up to now."""
    pulled = Pulled(reading.mapped.stream.name, reading.unit)
    known = read_cursor(reading.store, pulled.stream, reading.unit)
    pulled, reached = read_slice(reading, next_slice(known, reading.now), landing, pulled)
    if known.slice_upper is not None:
        pulled, _ = read_slice(reading, next_slice(reached, reading.now), landing, pulled)
    log.info("pull.stream", stream=pulled.stream, unit=pulled.unit or None, rows=pulled.rows, added=pulled.added)
    return pulled


def read_slice(reading: Reading, cursor: Cursor, landing: Landing, pulled: Pulled) -> tuple[Pulled, Cursor]:
    """Reads a slice to its end, however many questions that takes, then advances the watermark."""
    folder = landing.folder / reading.mapped.stream.table
    whole = False
    while not whole:
        asked_from = (cursor.at_stamp, cursor.at_id)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        pulled, cursor, whole = _read_chain(reading, cursor, replace(landing, folder=folder), pulled)
        if not whole and (cursor.at_stamp, cursor.at_id) == asked_from:
            raise StopError(f"{pulled.stream} was cut off by the remote before its first row: it cannot be read on.")
    cursor = finished(cursor)
    with reading.store.transaction():
        if reading.whole:
            close_missing(reading.store, reading.mapped, reading.unit, reading.now)
        save_cursor(reading.store, cursor, reading.now)
    shutil.rmtree(folder, ignore_errors=True)
    return pulled, cursor


def _read_chain(reading: Reading, cursor: Cursor, landing: Landing, pulled: Pulled) -> tuple[Pulled, Cursor, bool]:
    """Asks once and merges the pages of the answer. Whether that was all: a remote may cut a chain of pages off, or
    forget it while we are at work on what came."""
    truncated = False
    try:
        for batch in _batches(reading.ask(cursor, landing.folder)):
            merged, cursor = _merge(reading, cursor, [page.path for page in batch], _announced(batch))
            truncated = bool(getattr(batch[-1], "truncated", False))
            pulled = _and(pulled, merged)
            landing.progress(pulled)
            log.debug("pull.pages", stream=pulled.stream, pages=len(batch), rows=pulled.rows)
            for page in batch:
                page.path.unlink()
    except StopError as error:
        if error.code not in PAGES_FORGOTTEN:
            raise
        log.info("pull.pages_forgotten", stream=pulled.stream, rows=pulled.rows)
        return pulled, cursor, False
    return pulled, cursor, not truncated


def _batches(pages: Iterator[LandedPage]) -> Iterator[list[LandedPage]]:
    """Pages by the batch. When the remote is lost in the middle of one, what has arrived comes before the error."""
    batch: list[LandedPage] = []
    try:
        for page in pages:
            batch.append(page)
            if len(batch) == PAGES_A_MERGE:
                yield batch
                batch = []
    except ConnectorError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _merge(reading: Reading, cursor: Cursor, pages: list[Path], told: int | None = None) -> tuple[Merged, Cursor]:
    """Rows and the place that they reach, in one transaction. A whole object's place is not kept: it begins anew.

    `told`: how many rows the remote announced, where it did.
    """
    with reading.store.transaction():
        merged = merge(reading.store, reading.mapped, reading.unit, pages, reading.now)
        if told is not None and merged.landed != told:
            raise RetryError(f"{cursor.stream}: {merged.landed} rows arrived of {told} that were announced. Run again.")
        if reading.whole:
            note_read(reading.store, first=cursor.at_id is None)
        if merged.rows and reading.in_order:
            stamp = None if merged.last_stamp is None else merged.last_stamp.replace(tzinfo=UTC)
            cursor = replace(cursor, at_stamp=stamp, at_id=merged.last_id)
            if not reading.whole:
                save_cursor(reading.store, cursor, reading.now)
    return merged, cursor


def _announced(batch: Sequence[LandedPage]) -> int | None:
    """How many rows a batch of pages has by the remote's own count; None where it does not count pages."""
    counts: list[int] = [page.rows for page in batch if isinstance(page, CountedPage)]
    return sum(counts) if len(counts) == len(batch) else None


def _and(pulled: Pulled, merged: Merged) -> Pulled:
    unreadable = dict(pulled.unreadable)
    for name, count in merged.unreadable.items():
        unreadable[name] = unreadable.get(name, 0) + count
    return replace(pulled, rows=pulled.rows + merged.rows, added=pulled.added + merged.added, unreadable=unreadable)
