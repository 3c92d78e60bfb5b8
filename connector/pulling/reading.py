"""Reading a stream: slices are asked for, landed page by page, and merged together with the cursor."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

import structlog

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.errors import ConnectorError, RetryError, SpoiltPageError, StopError
from connector.http.outcome import RoadClosedError, TooSlowError
from connector.pulling.ahead import PAGES_AHEAD, read_ahead
from connector.pulling.halving import Order, Parts, ended, halved, kept, reached
from connector.pulling.slices import finished, next_slice
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store
from connector.store.mirror import Merged, close_missing, merge, note_read

PAGES_A_MERGE = 25
"""Pages merged in one transaction: few enough that a crash costs little, enough that merging stays cheap."""

BYTES_A_MERGE = 64 * 1024 * 1024
"""And as much text: the engine holds a batch in memory, several times its size."""

FEW = (500, 100, 20, 5, 1)
"""Rows to ask for at a time when a single second takes too long."""

MOST_IDLE_TURNS = 3
"""Times that a remote may cut an answer off before its first row, one after another."""

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
    """What one stream brought in one pull: rows read, versions added to the mirror, values of the wrong type.

    `road`: how it was read (pages, bulk, export). `estimated`: rows that it should have by a count made before
    reading, None where none was made. `calls`: API calls that it took, counts and waiting for jobs included.
    """

    stream: str
    unit: str
    rows: int = 0
    added: int = 0
    unreadable: Mapping[str, int] = field(default_factory=dict)
    road: str = "pages"
    estimated: int | None = None
    calls: int = 0

    @property
    def so_far(self) -> str:
        """How far it is, as people are told: 20,000 of about 500,000 rows by bulk."""
        of = f" of about {self.estimated:,}" if self.estimated and self.estimated > self.rows else ""
        by = "" if self.road == "pages" else f" by {self.road}"
        return f"{self.rows:,}{of} rows{by}"


@dataclass
class Landing:
    """Where pages land, who is told how far it is, and who counts calls. `ahead`: pages fetched before they are
    merged."""

    folder: Path
    bulk_from: int = BULK_FROM
    progress: Callable[[Pulled], None] = lambda _pulled: None
    calls: Callable[[], int] = lambda: 0
    ahead: int = PAGES_AHEAD
    pages_a_merge: int = PAGES_A_MERGE
    onward: bool = True
    """Whether a slice that was begun before is followed by all that changed up to now."""
    expected: int | None = None
    """Rows of the slice, where they were counted when it was planned."""


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
    road: str = "pages"
    instead: Reading | None = None
    """The same stream by another road, taken when this one is closed or does not answer in time."""
    few: Callable[[Cursor, Path, int], Iterator[LandedPage]] | None = None
    """Gives one page with at most so many rows from the place on, in order, truncated where there are more."""

    @property
    def whole(self) -> bool:
        """Whether the object is read whole each time, so that a row that does not come is gone."""
        return self.mapped.stream.cursor is None

    @property
    def order(self) -> Order:
        """How the rows of an answer come."""
        if not self.in_order:
            return "none"
        by_id = self.whole or self.mapped.stream.remote == "account_engagement"
        return "id" if by_id else "stamp"


@dataclass(frozen=True)
class _State:
    """How far a slice is: its parts, what came, how rows are asked for now, and turns that brought nothing."""

    parts: Parts
    pulled: Pulled
    few: int | None = None
    idle: int = 0
    slow: int = 0


def pull_stream(reading: Reading, landing: Landing, estimated: int | None = None) -> Pulled:
    """Reads a slice that was cut off to its end, if there is one, and then all that changed up to now.

    `estimated`: how many rows should come, where they were counted before.
    """
    before = landing.calls()
    pulled = Pulled(reading.mapped.stream.name, reading.unit, road=reading.road, estimated=estimated)
    known = read_cursor(reading.store, pulled.stream, reading.unit)
    pulled, reached_to = read_slice(reading, next_slice(known, reading.now), landing, pulled)
    if known.slice_upper is not None and landing.onward:
        pulled, _ = read_slice(reading, next_slice(reached_to, reading.now), landing, pulled)
    pulled = replace(pulled, calls=landing.calls() - before)
    log.info(
        "pull.stream",
        stream=pulled.stream,
        unit=pulled.unit or None,
        rows=pulled.rows,
        added=pulled.added,
        road=pulled.road,
        calls=pulled.calls,
    )
    return pulled


def read_slice(reading: Reading, cursor: Cursor, landing: Landing, pulled: Pulled) -> tuple[Pulled, Cursor]:
    """Reads a slice to its end, however many questions that takes, then advances the watermark.

    What the remote cannot answer in time is asked for in halves (`halving`), in the end a few rows at a time.
    TooSlowError when it cannot answer even that, StopError when it cuts off or forgets its answers time after time.
    """
    folder = landing.folder / reading.mapped.stream.table
    landing = replace(landing, folder=folder)
    state = _State((cursor,), replace(pulled, road=reading.road))
    while state.parts:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        reading, state = _turn(reading, state, landing)
    cursor = finished(cursor)
    with reading.store.transaction():
        if reading.whole:
            close_missing(reading.store, reading.mapped, reading.unit, reading.now)
        save_cursor(reading.store, cursor, reading.now)
    shutil.rmtree(folder, ignore_errors=True)
    return state.pulled, cursor


def _turn(reading: Reading, state: _State, landing: Landing) -> tuple[Reading, _State]:
    """Asks once for the rest of the last part, merges what comes, and finds what to ask for next."""
    asked = state.parts[-1]
    turn = _Turn(reading, state, landing)
    try:
        turn.read()
    except TooSlowError as error:
        return _ask_less(reading, turn.state, turn.state.parts[-1] != asked, error)
    except (RoadClosedError, SpoiltPageError) as error:
        if reading.instead is None:
            raise
        log.info("pull.other_road", stream=state.pulled.stream, road=reading.instead.road, why=str(error))
        return reading.instead, replace(turn.state, pulled=replace(turn.state.pulled, road=reading.instead.road))
    except StopError as error:
        if error.code not in PAGES_FORGOTTEN:
            raise
        log.info("pull.pages_forgotten", stream=state.pulled.stream, rows=turn.state.pulled.rows)
        turn.truncated = True
    state = replace(turn.state, slow=0)
    if turn.truncated:
        idle = 0 if state.parts[-1] != asked else state.idle + 1
        if idle >= MOST_IDLE_TURNS:
            raise StopError(
                f"{state.pulled.stream} was cut off by the remote before its first row, {idle} times: it cannot be "
                "read on. Run again later; when it comes again, ask the administrator of the remote."
            )
        return reading, replace(state, idle=idle)
    parts = ended(state.parts, reading.order)
    if parts and not reading.whole:
        with reading.store.transaction():
            save_cursor(reading.store, kept(parts, reading.order), reading.now)
    return reading, replace(state, parts=parts, few=None, idle=0)


def _ask_less(reading: Reading, state: _State, progress: bool, error: TooSlowError) -> tuple[Reading, _State]:
    """What to ask after an answer that took too long: the same by another road, half of it, or a few rows."""
    state = replace(state, slow=state.slow + 1)
    stream = state.pulled.stream
    if reading.instead is not None:
        log.info("pull.other_road", stream=stream, road=reading.instead.road, why=str(error))
        return reading.instead, replace(state, slow=0, pulled=replace(state.pulled, road=reading.instead.road))
    if progress and state.slow == 1:
        return reading, state
    halves = None if reading.whole else halved(state.parts)
    if halves is not None:
        log.info("pull.halved", stream=stream, upper=str(halves[-1].slice_upper), why=str(error))
        return reading, replace(state, parts=halves)
    fewer = [rows for rows in FEW if state.few is None or rows < state.few]
    if reading.few is None or not fewer:
        raise error
    log.info("pull.few_rows", stream=stream, rows=fewer[0], why=str(error))
    return reading, replace(state, few=fewer[0])


class _Turn:
    """One question and the merging of its pages; what has come stands in `state` whatever ends it.

    `truncated`: the remote ended the pages before the end of the data.
    """

    def __init__(self, reading: Reading, state: _State, landing: Landing) -> None:
        self.state = state
        self.truncated = False
        self._reading = reading
        self._landing = landing

    def read(self) -> None:
        """Raises what asking and merging raise, after having merged what had arrived."""
        with closing(read_ahead(self._pages(), self._landing.ahead)) as pages:
            for batch in _batches(pages, self._landing.pages_a_merge):
                self._take(batch)

    def _pages(self) -> Iterator[LandedPage]:
        reading, asked, folder = self._reading, self.state.parts[-1], self._landing.folder
        if self.state.few is not None and reading.few is not None:
            return reading.few(asked, folder, self.state.few)
        return iter(reading.ask(asked, folder))

    def _take(self, batch: Sequence[LandedPage]) -> None:
        merged, parts = _merge(self._reading, self.state.parts, [page.path for page in batch], _announced(batch))
        self.truncated = bool(getattr(batch[-1], "truncated", False))
        self.state = replace(self.state, parts=parts, pulled=_and(self.state.pulled, merged))
        self._landing.progress(self.state.pulled)
        log.debug("pull.pages", stream=self.state.pulled.stream, pages=len(batch), rows=self.state.pulled.rows)
        for page in batch:
            page.path.unlink()


def _batches(pages: Iterator[LandedPage], most: int = PAGES_A_MERGE) -> Iterator[list[LandedPage]]:
    """Pages by the batch. When the remote is lost in the middle of one, what has arrived comes before the error."""
    batch: list[LandedPage] = []
    size = 0
    try:
        for page in pages:
            batch.append(page)
            size += page.path.stat().st_size
            if len(batch) >= most or size >= BYTES_A_MERGE:
                yield batch
                batch, size = [], 0
    except ConnectorError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _merge(reading: Reading, parts: Parts, pages: list[Path], told: int | None = None) -> tuple[Merged, Parts]:
    """Rows and the place that they reach, in one transaction. A whole object's place is not kept: it begins anew.

    `told`: how many rows the remote announced, where it did.
    """
    asked = parts[-1]
    with reading.store.transaction():
        merged = merge(reading.store, reading.mapped, reading.unit, pages, reading.now)
        if told is not None and merged.landed != told:
            raise RetryError(f"{asked.stream}: {merged.landed} rows arrived of {told} that were announced. Run again.")
        if reading.whole:
            note_read(reading.store, first=asked.at_id is None)
        if merged.rows and reading.in_order:
            stamp = None if merged.last_stamp is None else merged.last_stamp.replace(tzinfo=UTC)
            parts = reached(parts, replace(asked, at_stamp=stamp, at_id=merged.last_id))
            if not reading.whole:
                save_cursor(reading.store, kept(parts, reading.order), reading.now)
    return merged, parts


def _announced(batch: Sequence[LandedPage]) -> int | None:
    """How many rows a batch of pages has by the remote's own count; None where it does not count pages."""
    counts: list[int] = [page.rows for page in batch if isinstance(page, CountedPage)]
    return sum(counts) if len(counts) == len(batch) else None


def _and(pulled: Pulled, merged: Merged) -> Pulled:
    unreadable = dict(pulled.unreadable)
    for name, count in merged.unreadable.items():
        unreadable[name] = unreadable.get(name, 0) + count
    return replace(pulled, rows=pulled.rows + merged.rows, added=pulled.added + merged.added, unreadable=unreadable)
