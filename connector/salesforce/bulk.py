"""Bulk API 2.0 queries: one job, its result pages streamed to disk as the CSV that they are.

Every request counts as one API call, polls too, so that it pays for much and not for little. Results come in no
order and are re-readable; a job is deleted when its pages have landed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog

from connector.errors import ConfigurationError, RetryError, StopError, StoppedError
from connector.http.landing import land
from connector.http.outcome import PASSES, RoadClosedError, TooSlowError, from_exception
from connector.http.retry import Retry
from connector.salesforce.connection import Connection

ROWS_A_PAGE = 50_000
FIRST_POLL, LONGEST_POLL, GROWTH = 0.5, 10.0, 2.0
"""Seconds between questions after a job. Each is an API call, and even a small job takes an org some ten seconds."""

DEADLINE = 1_800.0
"""Seconds of polling after which a job counts as stuck: it is aborted, and less has to be asked for."""

ROWS_WORTH_LISTING = 50_000
"""Above, result pages are listed and fetched at the same time; below there is but one."""

PAGES_AT_ONCE = 4
PAGES_A_LIST = 5
LISTS_PAGES_SINCE = 58.0

NOT_BY_BULK = frozenset({"INVALIDENTITY", "FEATURENOTENABLED", "LIMIT_EXCEEDED", "API_ERROR"})
"""What the org says when a question cannot be asked by a bulk query, or not today."""

log = structlog.get_logger()


@dataclass(frozen=True)
class BulkPage:
    """One result page on disk; `rows` as the org counts them (header apart)."""

    path: Path
    rows: int
    last: bool


class BulkReader:
    """Runs query jobs of one org. Raises RetryError, StopError, ConfigurationError; TooSlowError for a stuck job,
    RoadClosedError for a question that bulk queries do not take, for a job that failed, or that gave other rows than
    it had found.

    `at_once`: result pages fetched at the same time.
    """

    def __init__(self, connection: Connection, retry: Retry, at_once: int = PAGES_AT_ONCE) -> None:
        self._connection = connection
        self._retry = retry
        self._at_once = at_once

    def pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[BulkPage]:
        """The result pages of a query, landed in `folder` one by one: 00001.csv, …; at least one, be it empty."""
        job = self._create(soql, deleted=deleted)
        log.debug("pull.bulk", job=job)
        ended = False
        try:
            rows = self._wait_for(job)
            ended = True
            brought = 0
            for page in self._results(job, rows, folder):
                brought += page.rows
                yield page
            if rows is not None and brought != rows:
                # Not RetryError: an org that counts otherwise does so each time, and reading would never end.
                raise RoadClosedError(
                    f"{self._connection.where} gave {brought} of the {rows} rows of the bulk query {job}. {PASSES}"
                )
        finally:
            self._end(job, ended=ended)

    def _create(self, soql: str, *, deleted: bool) -> str:
        body = {
            "operation": "queryAll" if deleted else "query",
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        try:
            return str(self._call("salesforce.bulk_create", "POST", "jobs/query", json=body)["id"])
        except StopError as error:
            if error.code not in NOT_BY_BULK:
                raise
            raise RoadClosedError(str(error), error.code) from None

    def _wait_for(self, job: str) -> int | None:
        """How many rows the job has found, when it has ended; None where the org does not say."""
        waited, pause = 0.0, FIRST_POLL
        while True:
            info = self._call("salesforce.bulk_poll", "GET", f"jobs/query/{job}")
            state = info["state"]
            if state == "JobComplete":
                rows = info.get("numberRecordsProcessed")
                return rows if isinstance(rows, int) else None
            if state in {"Failed", "Aborted"}:
                why = info.get("errorMessage") or state
                raise RoadClosedError(f"{self._connection.where} ended the bulk query {job}: {why}.", "BULK_JOB_FAILED")
            if waited >= DEADLINE:
                raise TooSlowError(f"{self._connection.where} has not finished the bulk query {job}. {PASSES}")
            self._retry.sleep(pause)
            waited, pause = waited + pause, min(pause * GROWTH, LONGEST_POLL)

    def _results(self, job: str, rows: int | None, folder: Path) -> Iterator[BulkPage]:
        several = rows is not None and rows > ROWS_WORTH_LISTING
        if several and float(self._connection.version) >= LISTS_PAGES_SINCE:
            return self._listed_pages(job, folder)
        return self._chained_pages(job, folder)

    def _chained_pages(self, job: str, folder: Path) -> Iterator[BulkPage]:
        """Pages one after another, each of which names the next."""
        number, locator = 0, ""
        while number == 0 or locator:
            number += 1
            params = {"maxRecords": str(ROWS_A_PAGE), **({"locator": locator} if locator else {})}
            path = f"{self._connection.base_path}/jobs/query/{job}/results"
            page, locator = self._page(path, params, folder / f"{number:05d}.csv")
            yield page

    def _listed_pages(self, job: str, folder: Path) -> Iterator[BulkPage]:
        """Pages whose addresses the org lists beforehand, several at the same time; taken in their order."""
        numbers = count(1)
        following: str | None = f"{self._connection.base_path}/jobs/query/{job}/resultPages"
        waiting: deque[str] = deque()
        with ThreadPoolExecutor(self._at_once, "bulk") as fetching:
            coming: deque[Future[tuple[BulkPage, str]]] = deque()
            try:
                while waiting or coming or following:
                    while following and len(waiting) < self._at_once:
                        urls, following = self._list(following)
                        waiting += urls
                    while waiting and len(coming) < self._at_once:
                        file = folder / f"{next(numbers):05d}.csv"
                        context = copy_context()
                        coming.append(fetching.submit(context.run, self._page, waiting.popleft(), {}, file))
                    if coming:
                        yield coming.popleft().result()[0]
            finally:
                for future in coming:
                    future.cancel()

    def _list(self, path: str) -> tuple[list[str], str | None]:
        """Where the next result pages are, as paths below the origin, and where more of them are told of."""
        below = path.removeprefix(self._connection.base_path).lstrip("/")
        answer = self._call("salesforce.bulk_pages", "GET", below)
        urls = [_path(entry["resultUrl"]) for entry in answer["resultPages"]]
        following = answer.get("nextRecordsUrl")
        return urls, _path(following) if following and not answer.get("done") else None

    def _page(self, path: str, params: Mapping[str, str], file: Path) -> tuple[BulkPage, str]:
        return self._retry.read("salesforce.bulk_page", lambda: self._landed(path, params, file))

    def _landed(self, path: str, params: Mapping[str, str], file: Path) -> tuple[BulkPage, str]:
        try:
            with self._connection.open_stream(path, params=params, headers={"Accept": "text/csv"}) as response:
                land(response, file)
                headers = response.headers
        except requests.RequestException as error:
            raise from_exception(self._connection.where, error, "read") from None
        rows, locator = headers.get("Sforce-NumberOfRecords"), headers.get("Sforce-Locator", "null")
        if rows is None or not rows.isdigit():
            raise RetryError(f"{self._connection.where} sent a result page without its number of rows. {PASSES}")
        following = "" if locator in {"null", ""} else locator
        return BulkPage(file, int(rows), not following), following

    def _end(self, job: str, *, ended: bool) -> None:
        """Deletes the job, aborting it first when it is still at work; one that stays is deleted by the org."""
        try:
            if not ended:
                state = self._call("salesforce.bulk_poll", "GET", f"jobs/query/{job}")["state"]
                if state not in {"JobComplete", "Failed", "Aborted"}:
                    self._call("salesforce.bulk_abort", "PATCH", f"jobs/query/{job}", json={"state": "Aborted"})
            self._call("salesforce.bulk_delete", "DELETE", f"jobs/query/{job}")
        except (ConfigurationError, RetryError, StopError, StoppedError) as error:
            log.info("pull.bulk_job_left", job=job, why=str(error))

    def _call(self, step: str, method: str, path: str, **options: Any) -> Any:
        # A job created twice after a lost answer costs a job and no data: reads may be tried again.
        return self._retry.read(step, lambda: self._connection.call("read", method, path, **options))


def bulk_calls(rows: int) -> int:
    """API calls of a bulk query with so many rows: create, two polls, lists of pages, pages, delete."""
    pages = max(1, -(-rows // ROWS_A_PAGE))
    lists = -(-pages // PAGES_A_LIST) if rows > ROWS_WORTH_LISTING else 0
    return 4 + lists + pages


def _path(url: str) -> str:
    """An address as the org gives it, as a path below its origin with its query."""
    parts = urlsplit(url)
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path
