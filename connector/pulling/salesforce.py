"""Pull from Salesforce: by pages where little has changed, by a bulk query where much has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.pulling.reading import LandedPage, Landing, Pulled, Reading, pull_stream
from connector.pulling.slices import condition, next_slice, soql
from connector.store.cursors import read_cursor
from connector.store.database import Store

log = structlog.get_logger()


class SalesforceSource(Protocol):
    def server_time(self) -> datetime: ...

    def count(self, object_name: str, where: str | None = None, *, deleted: bool = False) -> int: ...

    def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]: ...

    def bulk_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]: ...


def pull_salesforce(source: SalesforceSource, store: Store, mapped: MappedStream, landing: Landing) -> Pulled:
    """Brings one Salesforce object's mirror up to the server's time; goes on where an earlier pull was cut off."""

    now = source.server_time()
    deleted = mapped.stream.keeps_deleted
    bulk = by_bulk(source, mapped, next_slice(read_cursor(store, mapped.stream.name, ""), now), landing.bulk_from)

    def ask(place: Cursor, folder: Path) -> Iterator[LandedPage]:
        if bulk:
            return source.bulk_pages(soql(mapped, place, ordered=False), folder, deleted=deleted)
        return source.query_pages(soql(mapped, place), folder, deleted=deleted)

    return pull_stream(Reading(store, mapped, "", now, ask, in_order=not bulk), landing)


def by_bulk(source: SalesforceSource, mapped: MappedStream, cursor: Cursor, bulk_from: int) -> bool:
    """Whether a slice is read by a bulk query: it has many rows.

    They are counted (one call) only where they may be many: at a first reading, or after more than a day.
    """
    if mapped.stream.cursor is None or cursor.slice_upper is None:
        return False
    if cursor.slice_lower is not None and cursor.slice_upper - cursor.slice_lower < timedelta(days=1):
        return False
    rows = source.count(mapped.stream.object, condition(mapped, cursor), deleted=mapped.stream.keeps_deleted)
    log.debug("pull.estimate", stream=mapped.stream.name, rows=rows, bulk=rows >= bulk_from)
    return rows >= bulk_from
