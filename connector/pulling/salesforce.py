"""Pull from Salesforce: by pages where little has changed, by a bulk query where much has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.http.outcome import TooSlowError
from connector.pulling.reading import LandedPage, Landing, Pulled, Reading, pull_stream
from connector.pulling.slices import condition, next_slice, soql
from connector.salesforce.bulk import bulk_calls
from connector.store.cursors import read_cursor
from connector.store.database import Store

log = structlog.get_logger()


ROWS_A_PAGE = 2_000
"""What the org puts on a page of a query, unless it decides otherwise."""


class SalesforceSource(Protocol):
    def server_time(self) -> datetime: ...

    def count(self, object_name: str, where: str | None = None, *, deleted: bool = False) -> int: ...

    def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]: ...

    def bulk_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]: ...


@dataclass(frozen=True)
class Road:
    """How a slice is going to be read, and what it should cost. `rows` is None where nobody has counted."""

    name: str
    rows: int | None = None

    @property
    def calls(self) -> int | None:
        """API calls that it should take, the count that was needed to know included."""
        if self.rows is None:
            return None
        return 1 + (bulk_calls(self.rows) if self.name == "bulk" else max(1, -(-self.rows // ROWS_A_PAGE)))


def pull_salesforce(source: SalesforceSource, store: Store, mapped: MappedStream, landing: Landing) -> Pulled:
    """Brings one Salesforce object's mirror up to the server's time; goes on where an earlier pull was cut off."""
    before = landing.calls()
    now = source.server_time()
    cursor = next_slice(read_cursor(store, mapped.stream.name, ""), now)
    if landing.expected is not None:
        road = Road("bulk" if landing.expected >= landing.bulk_from else "pages", landing.expected)
    else:
        road = choose_road(source, mapped, cursor, landing.bulk_from)
    log.info(
        "pull.plan",
        stream=mapped.stream.name,
        lower=str(cursor.slice_lower) if cursor.slice_lower else None,
        upper=str(cursor.slice_upper),
        rows=road.rows,
        road=road.name,
        calls=road.calls,
    )
    reading = reading_of(source, store, mapped, now, by_bulk=road.name == "bulk")
    pulled = pull_stream(reading, landing, road.rows)
    return replace(pulled, calls=landing.calls() - before)


def reading_of(
    source: SalesforceSource, store: Store, mapped: MappedStream, now: datetime, *, by_bulk: bool
) -> Reading:
    """How a slice of an object is read: by a bulk query, or by pages, which also serve when the former does not."""
    deleted = mapped.stream.keeps_deleted

    def bulk(place: Cursor, folder: Path) -> Iterator[LandedPage]:
        return source.bulk_pages(soql(mapped, place, ordered=False), folder, deleted=deleted)

    def pages(place: Cursor, folder: Path) -> Iterator[LandedPage]:
        return source.query_pages(soql(mapped, place), folder, deleted=deleted)

    def few(place: Cursor, folder: Path, rows: int) -> Iterator[LandedPage]:
        for page in source.query_pages(f"{soql(mapped, place)} LIMIT {rows}", folder, deleted=deleted):
            # The question is ours to cut off: a full answer is not the end of the data.
            yield FewRows(page.path, truncated=getattr(page, "total", rows) == rows)

    by_pages = Reading(store, mapped, "", now, pages, few=few if mapped.stream.cursor else None)
    return Reading(store, mapped, "", now, bulk, False, "bulk", by_pages) if by_bulk else by_pages


@dataclass(frozen=True)
class FewRows:
    """A page of a question that was limited by us."""

    path: Path
    truncated: bool


def choose_road(source: SalesforceSource, mapped: MappedStream, cursor: Cursor, bulk_from: int) -> Road:
    """Whether a slice is read by pages or by a bulk query, which it is from `bulk_from` rows on.

    They are counted (one call) only where they may be many: at a first reading, or after more than a day.
    """
    if mapped.stream.cursor is None or cursor.slice_upper is None:
        return Road("pages")
    if cursor.slice_lower is not None and cursor.slice_upper - cursor.slice_lower < timedelta(days=1):
        return Road("pages")
    try:
        rows = source.count(mapped.stream.object, condition(mapped, cursor), deleted=mapped.stream.keeps_deleted)
    except TooSlowError:
        # What takes too long to count is much; a bulk query has all the time that it needs.
        return Road("bulk")
    return Road("bulk" if rows >= bulk_from else "pages", rows)
