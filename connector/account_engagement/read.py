"""Reading from one business unit of Account Engagement, API v5. Nothing here can change it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from connector.account_engagement.connection import UnitConnection
from connector.account_engagement.export import ExportFile, ExportReader, Wanted
from connector.account_engagement.outcome import REMOTE
from connector.account_engagement.windows import Window, side_by_side
from connector.errors import RetryError, SpoiltPageError, StopError
from connector.http.landing import MalformedPageError, Page, envelope, land, page_path
from connector.http.outcome import PASSES, from_exception

ROWS_A_PAGE = 1000
FRESH_SECONDS = 60.0
# The header's number stands for several warnings on record; its words are what tells.
CHAIN_ENDED = "record count for nextpagetoken sequence has been exceeded"

FilterValue = str | int | datetime


class AccountEngagementReader:
    """Queries of one business unit. All calls raise RetryError, StopError or ConfigurationError."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection
        self._exports = ExportReader(connection)

    @property
    def unit(self) -> str:
        """The business unit's id, 0Uv…"""
        return self._connection.unit

    @property
    def connection(self) -> UnitConnection:
        """What its calls go through: who else speaks to the business unit shares it, and its calls at one time."""
        return self._connection

    def server_time(self) -> datetime:
        """The remote's clock now (UTC): from its last answer, if that is less than a minute old."""
        session, url = self._connection.session, self._connection.url
        age = session.seconds_since_answer(url)
        if age is None or age > FRESH_SECONDS:
            self.account(("id",))
        now = session.server_time(url)
        if now is None:
            raise StopError(f"{self._connection.where} sends no Date header: check what stands between.")
        return now

    def account(self, fields: Sequence[str] = ("id", "company", "level")) -> Mapping[str, Any]:
        """The account behind the business unit; also maximumDailyApiCalls and apiCallsUsed, by right of the user."""
        params = {"fields": ",".join(fields)}
        return self._connection.read(
            "account_engagement.account", lambda: self._connection.json("/api/v5/objects/account", params)
        )

    def pages(
        self,
        collection: str,
        fields: Sequence[str],
        filters: Mapping[str, FilterValue],
        order_by: str | None,
        folder: Path,
        *,
        deleted: str | None = None,
        rows: int | None = None,
    ) -> Iterator[Page]:
        """The pages of a collection (`visitor-activities`), landed in `folder` one by one as they are asked for.

        At least one page comes, be it empty. `filters` by the remote's names (`updatedAtAfterOrEqualTo`), datetimes
        aware. `deleted`: "all" or "true" where the collection has a recycle bin. `rows`: of a page, if fewer than
        usual. A page with `truncated` ends a chain that has reached the remote's cap: ask again from its last row on.
        Raises UnknownFieldError as well.
        """
        params = {"fields": ",".join(fields), "limit": str(rows or ROWS_A_PAGE)}
        params |= _filters(filters)
        params |= {"orderBy": order_by} if order_by else {}
        params |= {"deleted": deleted} if deleted else {}
        number, token = 1, ""
        while number == 1 or token:
            # With a token only the fields may be said again; the rest is frozen inside it.
            asked = {"fields": params["fields"], "nextPageToken": token} if token else params
            page, token = self._page(collection, folder, number, asked)
            yield page
            number += 1

    def _page(self, collection: str, folder: Path, number: int, params: Mapping[str, str]) -> tuple[Page, str]:
        file = page_path(folder, number)
        return self._connection.read("account_engagement.page", lambda: self._landed(collection, file, number, params))

    def _landed(self, collection: str, file: Path, number: int, params: Mapping[str, str]) -> tuple[Page, str]:
        try:
            with self._connection.opened(f"/api/v5/objects/{collection}", params) as response:
                land(response, file)
                warning = response.headers.get("Pardot-Warning", "")
            head = envelope(file, "values", ("nextPageToken",))
        except requests.RequestException as error:
            raise from_exception(self._connection.where, error, "read") from None
        except MalformedPageError as error:
            file.unlink()
            raise RetryError(f"{self._connection.where} sent a page that is not whole ({error}). {PASSES}") from None
        token = str(head["nextPageToken"] or "")
        truncated = CHAIN_ENDED in warning.lower()
        return Page(file, number, not token, None, head.get("nextPageUrl"), truncated), token

    def windows(
        self,
        collection: str,
        fields: Sequence[str],
        filters: Mapping[str, FilterValue],
        stretches: Sequence[Window],
        folder: Path,
        *,
        deleted: str | None = None,
    ) -> Iterator[Page]:
        """The same pages by id for stretches of ids, in their order, of which several are fetched at a time."""

        def chain(stretch: Window) -> Iterator[Page]:
            above, upto = stretch
            bounds: dict[str, FilterValue] = {"idGreaterThan": above}
            bounds |= {} if upto is None else {"idLessThanOrEqualTo": upto}
            own = folder / f"above-{above}"
            return self.pages(collection, fields, {**filters, **bounds}, "id", own, deleted=deleted)

        yield from side_by_side(chain, stretches, self._connection.at_once)

    def greatest_id(
        self, collection: str, filters: Mapping[str, FilterValue], *, deleted: str | None = None
    ) -> int | None:
        """The id of the last row that a walk by id would come to (one call); None when there is none."""
        params = {"fields": "id", "limit": "1", "orderBy": "id DESC", **_filters(filters)}
        params |= {"deleted": deleted} if deleted else {}
        found = self._connection.read(
            "account_engagement.greatest", lambda: self._connection.json(f"/api/v5/objects/{collection}", params)
        )
        rows = found.get("values") or []
        return int(rows[0]["id"]) if rows else None

    def export(self, wanted: Wanted, folder: Path) -> Iterator[ExportFile]:
        """The rows of an export as files of CSV, landed one by one. RoadClosedError when pages are needed instead."""
        return self._exports.files(wanted, folder, self.server_time())


def ids_on(page: Path) -> list[int]:
    """The ids of a landed page, in its order. SpoiltPageError when it cannot be read."""
    try:
        return [int(row["id"]) for row in json.loads(page.read_bytes())["values"]]
    except (ValueError, TypeError, KeyError):
        raise SpoiltPageError(f"{REMOTE} sent a page that is not whole. {PASSES}") from None


def _filters(filters: Mapping[str, FilterValue]) -> dict[str, str]:
    return {name: _filter_value(value) for name, value in filters.items()}


def _filter_value(value: FilterValue) -> str:
    """A filter as the remote takes it: it refuses Z and wants a numeric offset."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be asked for")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return str(value)
