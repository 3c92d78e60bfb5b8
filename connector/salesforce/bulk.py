"""Bulk API 2.0 queries: one job, its result pages streamed to disk as the CSV that they are.

Every request counts as one API call, polls too, so that it pays for much and not for little. Results come in no
order and are re-readable; a job is deleted when its pages have landed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import structlog

from connector.errors import RetryError, StopError, StoppedError
from connector.http.landing import land
from connector.http.outcome import PASSES, TooSlowError, from_exception
from connector.http.retry import Retry
from connector.salesforce.connection import Connection

ROWS_A_PAGE = 50_000
FIRST_POLL, LONGEST_POLL = 0.25, 10.0
DEADLINE = 1_800.0
"""Seconds of polling after which a job counts as stuck: it is aborted, and less has to be asked for."""

log = structlog.get_logger()


@dataclass(frozen=True)
class BulkPage:
    """One result page on disk; `rows` as the org counts them (header apart)."""

    path: Path
    rows: int
    last: bool


class BulkReader:
    """Runs query jobs of one org. Raises RetryError, StopError, ConfigurationError; TooSlowError for a stuck job."""

    def __init__(self, connection: Connection, retry: Retry) -> None:
        self._connection = connection
        self._retry = retry

    def pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[BulkPage]:
        """The result pages of a query, landed in `folder` one by one: 00001.csv, …; at least one, be it empty."""
        body = {
            "operation": "queryAll" if deleted else "query",
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        job = str(self._call("salesforce.bulk_create", "POST", "jobs/query", json=body)["id"])
        log.debug("pull.bulk", job=job)
        try:
            self._wait_for(job)
            number, locator = 0, ""
            while number == 0 or locator:
                number += 1
                page, locator = self._page(job, folder / f"{number:05d}.csv", locator)
                yield page
        finally:
            self._end(job)

    def _wait_for(self, job: str) -> None:
        waited, pause = 0.0, FIRST_POLL
        while True:
            info = self._call("salesforce.bulk_poll", "GET", f"jobs/query/{job}")
            state = info["state"]
            if state == "JobComplete":
                return
            if state in {"Failed", "Aborted"}:
                why = info.get("errorMessage") or state
                raise StopError(f"{self._connection.where} ended the bulk query {job}: {why}.", "BULK_JOB_FAILED")
            if waited >= DEADLINE:
                raise TooSlowError(f"{self._connection.where} has not finished the bulk query {job}. {PASSES}")
            self._retry.sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, LONGEST_POLL)

    def _page(self, job: str, file: Path, locator: str) -> tuple[BulkPage, str]:
        params = {"maxRecords": str(ROWS_A_PAGE), **({"locator": locator} if locator else {})}
        path = f"{self._connection.base_path}/jobs/query/{job}/results"
        return self._retry.read("salesforce.bulk_page", lambda: self._landed(path, params, file))

    def _landed(self, path: str, params: dict[str, str], file: Path) -> tuple[BulkPage, str]:
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

    def _end(self, job: str) -> None:
        """Deletes the job, aborting it first when it is still at work; one that stays is deleted by the org."""
        try:
            state = self._call("salesforce.bulk_poll", "GET", f"jobs/query/{job}")["state"]
            if state not in {"JobComplete", "Failed", "Aborted"}:
                self._call("salesforce.bulk_abort", "PATCH", f"jobs/query/{job}", json={"state": "Aborted"})
            self._call("salesforce.bulk_delete", "DELETE", f"jobs/query/{job}")
        except (RetryError, StopError, StoppedError) as error:
            log.info("pull.bulk_job_left", job=job, why=str(error))

    def _call(self, step: str, method: str, path: str, **options: Any) -> Any:
        # A job created twice after a lost answer costs a job and no data: reads may be tried again.
        return self._retry.read(step, lambda: self._connection.call("read", method, path, **options))
