"""Pull: asks each remote for what changed, lands it page by page, and merges it together with the cursor."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

import structlog

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.pulling.slices import engagement_filters, finished, next_slice, soql
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store
from connector.store.mirror import Merged, close_missing, merge

PAGES_A_MERGE = 25
"""Pages merged in one transaction: few enough that a crash costs little, enough that merging stays cheap."""

log = structlog.get_logger()


class LandedPage(Protocol):
    """One page of an answer, on disk as it came. `truncated`: the remote stopped before the end of the data."""

    @property
    def path(self) -> Path: ...


class SalesforceSource(Protocol):
    def server_time(self) -> datetime: ...

    def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]: ...


class EngagementPage(LandedPage, Protocol):
    @property
    def truncated(self) -> bool: ...


class EngagementSource(Protocol):
    @property
    def unit(self) -> str: ...

    def server_time(self) -> datetime: ...

    def pages(
        self,
        collection: str,
        fields: tuple[str, ...],
        filters: Mapping[str, str],
        order_by: str,
        folder: Path,
        *,
        deleted: str | None,
    ) -> Iterator[EngagementPage]: ...


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
    progress: Callable[[Pulled], None] = lambda _pulled: None


def pull_salesforce(source: SalesforceSource, store: Store, mapped: MappedStream, landing: Landing) -> Pulled:
    """Brings one Salesforce object's mirror up to the server's time; goes on where an earlier pull was cut off."""
    now = source.server_time()
    cursor = next_slice(read_cursor(store, mapped.stream.name, ""), now)

    def ask(place: Cursor, folder: Path) -> Iterator[LandedPage]:
        return source.query_pages(soql(mapped, place), folder, deleted=mapped.stream.keeps_deleted)

    return _pull(store, mapped, cursor, landing, ask)


def pull_account_engagement(source: EngagementSource, store: Store, mapped: MappedStream, landing: Landing) -> Pulled:
    """Brings one collection of one business unit up to the server's time.

    A chain of pages that the remote cut off (its cap of rows) is followed by another from the last id on.
    """
    cursor = next_slice(read_cursor(store, mapped.stream.name, source.unit), source.server_time())

    def ask(place: Cursor, folder: Path) -> Iterator[LandedPage]:
        return source.pages(
            mapped.stream.object,
            mapped.fields,
            engagement_filters(mapped, place),
            "id",
            folder,
            deleted="all" if mapped.stream.keeps_deleted else None,
        )

    return _pull(store, mapped, cursor, landing, ask)


def _pull(
    store: Store,
    mapped: MappedStream,
    cursor: Cursor,
    landing: Landing,
    ask: Callable[[Cursor, Path], Iterator[LandedPage]],
) -> Pulled:
    """Reads a slice to its end, however many questions that takes, then advances the watermark."""
    pulled = Pulled(mapped.stream.name, cursor.unit)
    folder = landing.folder / mapped.stream.table
    truncated = True
    while truncated:
        truncated = False
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        pages = ask(cursor, folder)
        while batch := list(islice(pages, PAGES_A_MERGE if mapped.stream.cursor else None)):
            merged, cursor = _merge(store, mapped, cursor, [page.path for page in batch])
            truncated = bool(getattr(batch[-1], "truncated", False))
            pulled = _and(pulled, merged)
            landing.progress(pulled)
            log.debug("pull.pages", stream=pulled.stream, pages=len(batch), rows=pulled.rows)
            for page in batch:
                page.path.unlink()
    with store.transaction():
        save_cursor(store, finished(cursor), _now_of(cursor))
    shutil.rmtree(folder, ignore_errors=True)
    log.info("pull.stream", stream=pulled.stream, unit=pulled.unit or None, rows=pulled.rows, added=pulled.added)
    return pulled


def _merge(store: Store, mapped: MappedStream, cursor: Cursor, pages: list[Path]) -> tuple[Merged, Cursor]:
    """Rows and the place that they reach, in one transaction."""
    seen_at = _now_of(cursor)
    with store.transaction():
        merged = merge(store, mapped, cursor.unit, pages, seen_at)
        if mapped.stream.cursor is None:
            close_missing(store, mapped, cursor.unit, seen_at)
        elif merged.rows:
            stamp = None if merged.last_stamp is None else merged.last_stamp.replace(tzinfo=UTC)
            cursor = replace(cursor, at_stamp=stamp, at_id=merged.last_id)
            save_cursor(store, cursor, seen_at)
    return merged, cursor


def _now_of(cursor: Cursor) -> datetime:
    if cursor.slice_upper is None:
        raise ValueError(f"{cursor.stream} is not being read")
    return cursor.slice_upper


def _and(pulled: Pulled, merged: Merged) -> Pulled:
    unreadable = dict(pulled.unreadable)
    for name, count in merged.unreadable.items():
        unreadable[name] = unreadable.get(name, 0) + count
    return replace(pulled, rows=pulled.rows + merged.rows, added=pulled.added + merged.added, unreadable=unreadable)
