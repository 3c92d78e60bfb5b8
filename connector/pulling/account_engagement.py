"""Pull from Account Engagement: collection by collection, walked by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.pulling.reading import LandedPage, Landing, Pulled, Reading, pull_stream
from connector.pulling.slices import engagement_filters
from connector.store.database import Store


class EngagementPage(LandedPage, Protocol):
    @property
    def last(self) -> bool: ...

    @property
    def truncated(self) -> bool: ...


@dataclass(frozen=True)
class OnePage:
    """A page whose followers are not asked for: `truncated` where there are any."""

    path: Path
    truncated: bool


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
        rows: int | None = None,
    ) -> Iterator[EngagementPage]: ...


def pull_account_engagement(source: EngagementSource, store: Store, mapped: MappedStream, landing: Landing) -> Pulled:
    """Brings one collection of one business unit up to the server's time.

    A chain of pages that the remote cut off (its cap of rows) is followed by another from the last id on.
    """

    def pages(place: Cursor, folder: Path, rows: int | None = None) -> Iterator[EngagementPage]:
        return source.pages(
            mapped.stream.object,
            mapped.fields,
            engagement_filters(mapped, place),
            "id",
            folder,
            deleted="all" if mapped.stream.keeps_deleted else None,
            rows=rows,
        )

    def few(place: Cursor, folder: Path, rows: int) -> Iterator[LandedPage]:
        page = next(pages(place, folder, rows))
        yield OnePage(page.path, truncated=page.truncated or not page.last)

    return pull_stream(Reading(store, mapped, source.unit, source.server_time(), pages, few=few), landing)
