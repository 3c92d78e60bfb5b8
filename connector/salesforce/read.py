"""Reading from Salesforce. Nothing here can change the org."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from connector.errors import ConfigurationError, RetryError, StopError
from connector.http.landing import CHUNK, MalformedPageError, Page, envelope, land, page_path
from connector.http.outcome import PASSES, from_exception
from connector.http.retry import Retry
from connector.salesforce.bulk import BulkPage, BulkReader
from connector.salesforce.connection import Connection
from connector.salesforce.description import Description, description
from connector.salesforce.outcome import refusal

ENVELOPE = ("totalSize", "done", "records")
LONGEST_QUESTION = 12_000
"""Characters, percent-encoded: the whole address with all headers may have 16,384."""


@dataclass(frozen=True)
class Organization:
    """The org itself. `time_zone` is an IANA name; the fiscal year starts on the 1st of the month (1..12)."""

    id: str
    name: str
    time_zone: str
    fiscal_year_start_month: int
    is_sandbox: bool


@dataclass(frozen=True)
class Limit:
    """One of the org's limits: how much there is, and how much of it is left."""

    allowed: int
    remaining: int


class SalesforceReader:
    """Queries and descriptions of one org. All calls raise RetryError, StopError or ConfigurationError."""

    def __init__(self, connection: Connection, retry: Retry) -> None:
        self._connection = connection
        self._retry = retry
        self._descriptions: dict[str, Description] = {}

    @property
    def instance_url(self) -> str:
        """The org's origin, as the login gave it."""
        return self._connection.instance_url

    def server_time(self) -> datetime:
        """The org's clock now (UTC), asked by a call that no limit counts."""
        self._retry.read("salesforce.server_time", self._ask_versions)
        now = self._connection.session.server_time(self.instance_url)
        if now is None:
            raise StopError(f"{self._connection.where} sends no Date header: check what stands between.")
        return now

    def organization(self) -> Organization:
        """The org's name, id and calendar."""
        fields = "Id, Name, TimeZoneSidKey, FiscalYearStartMonth, IsSandbox"
        rows = self.query(f"SELECT {fields} FROM Organization LIMIT 1")
        if not rows:
            raise StopError(f"{self._connection.where} shows no Organization: give the integration user API access.")
        row = rows[0]
        return Organization(
            row["Id"], row["Name"], row["TimeZoneSidKey"], int(row["FiscalYearStartMonth"]), bool(row["IsSandbox"])
        )

    def user_zone(self) -> str | None:
        """The time zone of the user that we are (IANA name); None where the org does not tell it."""
        try:
            answer = self._retry.read("salesforce.userinfo", self._ask_userinfo)
        except (ConfigurationError, StopError):
            return None
        return str(answer["zoneinfo"]) if isinstance(answer, dict) and answer.get("zoneinfo") else None

    def describe(self, object_name: str, *, fresh: bool = False) -> Description:
        """What the org says about an object; asked once a reader, `fresh`: again. StopError (NOT_FOUND): unknown."""
        if fresh or object_name not in self._descriptions:
            body = self._get("salesforce.describe", f"sobjects/{object_name}/describe", ("name", "fields"))
            self._descriptions[object_name] = description(body)
        return self._descriptions[object_name]

    def query(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        """All rows of a small question, as dicts of the selected fields. `deleted`: soft-deleted rows as well."""
        resource = "queryAll/" if deleted else "query/"
        answer = self._asked(resource, soql)
        rows = list(answer["records"])
        while not answer["done"]:
            path = str(answer["nextRecordsUrl"]).removeprefix(self._connection.base_path).lstrip("/")
            answer = self._get("salesforce.query", path, ENVELOPE)
            rows += answer["records"]
        return [{name: value for name, value in row.items() if name != "attributes"} for row in rows]

    def count(self, object_name: str, where: str | None = None, *, deleted: bool = False) -> int:
        """How many rows of an object there are, of those that a condition in SOQL holds for.

        `deleted`: soft-deleted and archived rows are counted as well.
        """
        condition = f" WHERE {where}" if where else ""
        params = {"q": f"SELECT COUNT() FROM {object_name}{condition}"}
        resource = "queryAll/" if deleted else "query/"
        return int(self._get("salesforce.count", resource, ENVELOPE, params=params)["totalSize"])

    def limits(self) -> Mapping[str, Limit]:
        """The org's limits by name, such as DailyApiRequests."""
        body = self._get("salesforce.limits", "limits/", ())
        return {name: Limit(int(value["Max"]), int(value["Remaining"])) for name, value in body.items()}

    def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[Page]:
        """The pages of a question, landed in `folder` one by one as they are asked for: 00001.json, …

        At least one page comes, be it empty. `deleted`: soft-deleted, merged-away and archived rows as well.
        StopError with INVALID_QUERY_LOCATOR when the pages have ended while we were away.
        """
        path = f"{self._connection.base_path}/{'queryAll' if deleted else 'query'}/"
        page = self._page(folder, 1, path, {"q": soql})
        yield page
        while page.next_url:
            page = self._page(folder, page.number + 1, page.next_url, {})
            yield page

    def bulk_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[BulkPage]:
        """The same by a bulk query: for many rows, in no order, as CSV. See `bulk.BulkReader.pages`."""
        return BulkReader(self._connection, self._retry).pages(soql, folder, deleted=deleted)

    def _page(self, folder: Path, number: int, path: str, params: Mapping[str, str]) -> Page:
        return self._retry.read(
            "salesforce.page", lambda: self._landed(page_path(folder, number), number, path, params)
        )

    def _landed(self, file: Path, number: int, path: str, params: Mapping[str, str]) -> Page:
        try:
            with self._connection.open_stream(path, params=params) as response:
                land(response, file)
            head = envelope(file, "records", ENVELOPE[:2])
        except requests.RequestException as error:
            raise from_exception(self._connection.where, error, "read") from None
        except MalformedPageError as error:
            file.unlink()
            raise RetryError(f"{self._connection.where} sent a page that is not whole ({error}). {PASSES}") from None
        last = bool(head["done"])
        following = None if last else head.get("nextRecordsUrl")
        if not last and not following:
            raise RetryError(f"{self._connection.where} sent a page that tells of no next one. {PASSES}")
        return Page(file, number, last, int(head["totalSize"]), following)

    def _asked(self, resource: str, soql: str) -> Any:
        if len(quote(soql, safe="")) <= LONGEST_QUESTION:
            return self._get("salesforce.query", resource, ENVELOPE, params={"q": soql})
        return self._retry.read("salesforce.query", lambda: self._asked_inside(resource, soql))

    def _asked_inside(self, resource: str, soql: str) -> Any:
        """A question that is too long for a URL, as a part of a composite call."""
        url = f"{self._connection.base_path}/{resource}?q={quote(soql, safe='')}"
        body = {"compositeRequest": [{"method": "GET", "url": url, "referenceId": "question"}]}
        answer = self._connection.call("read", "POST", "composite", json=body)
        part = answer["compositeResponse"][0]
        if part["httpStatusCode"] != 200:
            raise refusal(self._connection.where, part["httpStatusCode"], part["body"], "read")
        return part["body"]

    def _get(self, step: str, path: str, needed: tuple[str, ...], **options: Any) -> Any:
        return self._retry.read(step, lambda: self._answer(path, needed, **options))

    def _answer(self, path: str, needed: tuple[str, ...], **options: Any) -> Any:
        body = self._connection.call("read", "GET", path, **options)
        if not isinstance(body, dict) or not all(key in body for key in needed):
            raise RetryError(f"{self._connection.where} sent an answer without {' and '.join(needed)}. {PASSES}")
        return body

    def _ask_userinfo(self) -> Any:
        try:
            with self._connection.open_stream("/services/oauth2/userinfo") as response:
                return response.json()
        except requests.RequestException as error:
            raise from_exception(self._connection.where, error, "read") from None

    def _ask_versions(self) -> None:
        try:
            with self._connection.open_stream("/services/data") as response:
                # Read to its end, or the connection could not be used again.
                list(response.iter_content(CHUNK))
        except requests.RequestException as error:
            raise from_exception(self._connection.where, error, "read") from None
