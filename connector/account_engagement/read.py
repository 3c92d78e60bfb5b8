"""Reading from one business unit of Account Engagement, API v5. Nothing here can change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from connector.account_engagement.outcome import REMOTE, refusal
from connector.errors import RetryError, StopError
from connector.http.landing import MalformedPageError, Page, envelope, land, page_path
from connector.http.outcome import PASSES, from_exception, where, wish
from connector.http.retry import Retry
from connector.http.session import RemoteSession

ROWS_A_PAGE = 1000
FRESH_SECONDS = 60.0
# The header's number stands for several warnings on record; its words are what tells.
CHAIN_ENDED = "record count for nextpagetoken sequence has been exceeded"

FilterValue = str | int | datetime


class AccountEngagementReader:
    """Queries of one business unit. All calls raise RetryError, StopError or ConfigurationError.

    Calls go one after another, so that of the five that a business unit allows at one time four are left to others.
    """

    def __init__(self, session: RemoteSession, url: str, unit: str, retry: Retry) -> None:
        self._session = session
        self._url = url
        self._unit = unit
        self._retry = retry
        self._where = where(REMOTE, url)

    @property
    def unit(self) -> str:
        """The business unit's id, 0Uv…"""
        return self._unit

    def server_time(self) -> datetime:
        """The remote's clock now (UTC): from its last answer, if that is less than a minute old."""
        age = self._session.seconds_since_answer(self._url)
        if age is None or age > FRESH_SECONDS:
            self.account(("id",))
        now = self._session.server_time(self._url)
        if now is None:
            raise StopError(f"{self._where} sends no Date header: check what stands between.")
        return now

    def account(self, fields: Sequence[str] = ("id", "company", "level")) -> Mapping[str, Any]:
        """The account behind the business unit; also maximumDailyApiCalls and apiCallsUsed, by right of the user."""
        params = {"fields": ",".join(fields)}
        return self._retry.read("account_engagement.account", lambda: self._object("account", params))

    def pages(
        self,
        collection: str,
        fields: Sequence[str],
        filters: Mapping[str, FilterValue],
        order_by: str | None,
        folder: Path,
        *,
        deleted: str | None = None,
    ) -> Iterator[Page]:
        """The pages of a collection (`visitor-activities`), landed in `folder` one by one as they are asked for.

        At least one page comes, be it empty. `filters` by the remote's names (`updatedAtAfterOrEqualTo`), datetimes
        aware. `deleted`: "all" or "true" where the collection has a recycle bin. A page with `truncated` ends a
        chain that has reached the remote's cap: ask again from its last row on. Raises UnknownFieldError as well.
        """
        params = {"fields": ",".join(fields), "limit": str(ROWS_A_PAGE)}
        params |= {name: _filter_value(value) for name, value in filters.items()}
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
        return self._retry.read("account_engagement.page", lambda: self._landed(collection, file, number, params))

    def _landed(self, collection: str, file: Path, number: int, params: Mapping[str, str]) -> tuple[Page, str]:
        try:
            with self._open(collection, params) as response:
                land(response, file)
                warning = response.headers.get("Pardot-Warning", "")
            head = envelope(file, "values", ("nextPageToken",))
        except requests.RequestException as error:
            raise from_exception(self._where, error, "read") from None
        except MalformedPageError as error:
            file.unlink()
            raise RetryError(f"{self._where} sent a page that is not whole ({error}). {PASSES}") from None
        token = str(head["nextPageToken"] or "")
        truncated = CHAIN_ENDED in warning.lower()
        return Page(file, number, not token, None, head.get("nextPageUrl"), truncated), token

    def _object(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            with self._open(path, params) as response:
                body = response.json()
        except requests.RequestException as error:
            raise from_exception(self._where, error, "read") from None
        if not isinstance(body, dict):
            raise RetryError(f"{self._where} sent an answer that is no object. {PASSES}")
        return body

    def _open(self, path: str, params: Mapping[str, str]) -> requests.Response:
        """A 200 answer with its body still on the wire."""
        headers = {"Pardot-Business-Unit-Id": self._unit, "Accept": "application/json"}
        response = self._session.get(
            f"{self._url}/api/v5/objects/{path}", params=dict(params), headers=headers, stream=True
        )
        if response.status_code == 200:
            return response
        with response:
            try:
                content: Any = response.json()
            except requests.exceptions.JSONDecodeError:
                content = None
            raise refusal(self._where, response.status_code, content, "read", wish(response.headers))


def _filter_value(value: FilterValue) -> str:
    """A filter as the remote takes it: it refuses Z and wants a numeric offset."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be asked for")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return str(value)
