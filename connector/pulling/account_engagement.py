"""Pull from Account Engagement: collection by collection, by pages walked by id, or by an export where it is cheaper.

The first page of a slice tells how much there is: all of it, or, with the greatest id, how many rows lie between. Many
rows are read by pages of several stretches of ids side by side; very many by an export, where there is one for the
collection and its fields.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import structlog

from connector.account_engagement.export import Wanted, exportable, ranges
from connector.account_engagement.read import ids_on
from connector.account_engagement.windows import Window, windows
from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.errors import BudgetSpentError, SpoiltPageError, StopError
from connector.http.outcome import TooSlowError
from connector.pulling.reading import LandedPage, Landing, Pulled, Reading, pull_stream
from connector.pulling.slices import engagement_filters, next_slice
from connector.store.cursors import read_cursor
from connector.store.database import Store

WIDE = timedelta(days=1)
"""Slices from which on the rows are estimated, which costs a call: shorter ones have few."""

log = structlog.get_logger()


class EngagementPage(LandedPage, Protocol):
    @property
    def last(self) -> bool: ...

    @property
    def truncated(self) -> bool: ...


class EngagementSource(Protocol):
    @property
    def unit(self) -> str: ...

    def server_time(self) -> datetime: ...

    def account(self, fields: Sequence[str]) -> Mapping[str, Any]: ...

    def pages(
        self,
        collection: str,
        fields: tuple[str, ...],
        filters: Mapping[str, str],
        order_by: str,
        folder: Path,
        *,
        deleted: str | None,
        rows: int | None = None,
    ) -> Iterator[EngagementPage]: ...

    def windows(
        self,
        collection: str,
        fields: tuple[str, ...],
        filters: Mapping[str, str],
        stretches: Sequence[Window],
        folder: Path,
        *,
        deleted: str | None,
    ) -> Iterator[EngagementPage]: ...

    def greatest_id(self, collection: str, filters: Mapping[str, str], *, deleted: str | None) -> int | None: ...

    def export(self, wanted: Wanted, folder: Path) -> Iterator[LandedPage]: ...


@dataclass(frozen=True)
class Questions:
    """What one collection of one business unit is asked."""

    source: EngagementSource
    mapped: MappedStream

    @property
    def deleted(self) -> str | None:
        return "all" if self.mapped.stream.keeps_deleted else None

    def pages(self, place: Cursor, folder: Path) -> Iterator[EngagementPage]:
        """The rest of a slice, one page after the other."""
        object_name, filters = self.mapped.stream.object, engagement_filters(self.mapped, place)
        return self.source.pages(object_name, self.mapped.fields, filters, "id", folder, deleted=self.deleted)

    def windows(self, place: Cursor, stretches: Sequence[Window], folder: Path) -> Iterator[EngagementPage]:
        """The rest of a slice from the first stretch on, several stretches at a time."""
        filters = engagement_filters(self.mapped, replace(place, at_id=None))
        object_name = self.mapped.stream.object
        return self.source.windows(object_name, self.mapped.fields, filters, stretches, folder, deleted=self.deleted)

    def few(self, place: Cursor, folder: Path, rows: int) -> Iterator[LandedPage]:
        """One page of so many rows at most from the place on."""
        filters = engagement_filters(self.mapped, place)
        pages = self.source.pages(
            self.mapped.stream.object, self.mapped.fields, filters, "id", folder, deleted=self.deleted, rows=rows
        )
        page = next(pages)
        yield OnePage(page.path, truncated=page.truncated or not page.last)

    def shown(self, place: Cursor, folder: Path, ids: frozenset[int]) -> frozenset[int]:
        """Which of some ids pages show in a slice: those of the first page, and the greatest."""
        filters = engagement_filters(self.mapped, replace(place, at_id=None))
        found: frozenset[int] = frozenset()
        for least in dict.fromkeys((min(ids), max(ids))):
            bounds = {"idGreaterThanOrEqualTo": str(least), "idLessThanOrEqualTo": str(max(ids))}
            pages = self.source.pages(
                self.mapped.stream.object, ("id",), {**filters, **bounds}, "id", folder, deleted=self.deleted
            )
            found |= ids.intersection(ids_on(next(pages).path))
            shutil.rmtree(folder, ignore_errors=True)
            if found:
                break
        return found


@dataclass(frozen=True)
class OnePage:
    """A page whose followers are not asked for: `truncated` where there are any."""

    path: Path
    truncated: bool


@dataclass(frozen=True)
class First:
    """The first page of a slice, and what it tells. `rows`: estimated for the whole slice, None when few or unknown.

    `rest` are the pages that follow it. `ids` are those on it; `greatest` is the last one of the slice.
    """

    place: Cursor
    page: EngagementPage
    rest: Iterator[EngagementPage]
    ids: tuple[int, ...] = ()
    greatest: int | None = None
    rows: int | None = None

    def stretches(self, above: int) -> list[Window]:
        """The ids above one, in stretches to be read side by side; none where one chain is enough."""
        if self.rows is None or self.greatest is None:
            return []
        return windows(above, self.greatest, self.rows // len(self.ids))


def pull_account_engagement(source: EngagementSource, store: Store, mapped: MappedStream, landing: Landing) -> Pulled:
    """Brings one collection of one business unit up to the server's time.

    A chain of pages that the remote cut off (its cap of rows) is followed by another from the last id on.
    """
    before = landing.calls()
    now = source.server_time()
    cursor = next_slice(read_cursor(store, mapped.stream.name, source.unit), now)
    questions = Questions(source, mapped)
    folder = landing.folder / f"{mapped.stream.table}_first"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        first = _first(questions, cursor, folder)
        reading = _reading(questions, store, now, first, landing)
        rows = first.rows if first else None
        log.info("pull.plan", stream=mapped.stream.name, unit=source.unit, rows=rows, road=reading.road)
        pulled = pull_stream(reading, landing, rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return replace(pulled, calls=landing.calls() - before)


def _first(questions: Questions, cursor: Cursor, folder: Path) -> First | None:
    """Asks for the first page of a slice; None for objects that are read whole, and where it takes too long."""
    if questions.mapped.stream.cursor is None:
        return None
    rest = questions.pages(cursor, folder)
    try:
        page = next(rest)
        first = First(cursor, page, rest)
        if page.last or page.truncated or not _wide(cursor):
            return first
        ids = tuple(ids_on(page.path))
        greatest = questions.source.greatest_id(
            questions.mapped.stream.object, engagement_filters(questions.mapped, cursor), deleted=questions.deleted
        )
    except (TooSlowError, SpoiltPageError):
        # It is asked again by who knows what to do about it.
        return None
    if greatest is None or greatest <= ids[-1]:
        return first
    # As dense as the page ends, so the rest should be: what lies before may have been another time, or another range.
    half = ids[len(ids) // 2 :]
    density = len(half) / (half[-1] - half[0] + 1)
    return replace(first, ids=ids, greatest=greatest, rows=len(ids) + round((greatest - ids[-1]) * density))


def _wide(cursor: Cursor) -> bool:
    lower, upper = cursor.slice_lower, cursor.slice_upper
    return lower is None or upper is None or upper - lower >= WIDE


def _reading(questions: Questions, store: Store, now: datetime, first: First | None, landing: Landing) -> Reading:
    """The road: an export for very many rows, else pages."""
    source, mapped = questions.source, questions.mapped
    # What an export could not bring is read by pages from the beginning.
    above = [] if first is None or not first.ids else first.stretches(first.ids[0] - 1)
    plain = Reading(store, mapped, source.unit, now, partial(_ask, questions, first, above, None), few=questions.few)
    since = _since(questions, first, landing.bulk_from)
    if first is None or since is None:
        after = [] if first is None or not first.ids else first.stretches(first.ids[-1])
        return replace(plain, ask=partial(_ask, questions, first, after, first))
    wanted = partial(_export, questions, first, since)
    return Reading(store, mapped, source.unit, now, wanted, False, "export", plain)


def _ask(
    questions: Questions,
    first: First | None,
    stretches: Sequence[Window],
    landed: First | None,
    place: Cursor,
    folder: Path,
) -> Iterator[LandedPage]:
    """Pages of the rest of a slice; where it is the one that was looked at, the page at hand and then what follows."""
    if first is None or place != first.place or (landed is not None and not landed.page.path.exists()):
        yield from questions.pages(place, folder)
        return
    if landed is not None:
        yield landed.page
    if stretches:
        yield from questions.windows(place, stretches, folder)
    elif landed is not None:
        yield from landed.rest
    else:
        yield from questions.pages(place, folder)


def _export(questions: Questions, first: First, since: datetime, place: Cursor, folder: Path) -> Iterator[LandedPage]:
    mapped, upper = questions.mapped, place.slice_upper
    if upper is None or place != first.place:
        # What has changed since a slice that was begun before: a few rows, for which an export is too dear.
        return questions.pages(place, folder)
    wanted = Wanted(
        mapped.stream.object,
        mapped.fields,
        since,
        upper,
        mapped.stream.keeps_deleted,
        frozenset({*first.ids, *((first.greatest,) if first.greatest else ())}),
        partial(questions.shown, place, folder / "shown"),
    )
    return questions.source.export(wanted, folder)


def _since(questions: Questions, first: First | None, export_from: int) -> datetime | None:
    """From when on a slice is exported; None where pages read it.

    An export costs a dozen calls, so much as pages of as many thousand rows; each year of a slice needs its own.
    """
    mapped = questions.mapped
    if first is None or first.rows is None or first.rows < export_from or first.place.at_id is not None:
        return None
    if mapped.stream.cursor != "updatedAt" or not exportable(mapped.stream.object, mapped.fields):
        return None
    since = first.place.slice_lower or _opened(questions.source)
    upper = first.place.slice_upper
    if since is None or upper is None:
        return None
    return since if first.rows >= export_from * len(ranges(since, upper)) else None


def _opened(source: EngagementSource) -> datetime | None:
    """When the account was opened: nothing in it is older. None where the user may not know."""
    try:
        text = source.account(("createdAt",)).get("createdAt")
    except BudgetSpentError:
        raise
    except StopError:
        return None
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
