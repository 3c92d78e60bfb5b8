"""Bulk API 2.0 ingest: one job that takes rows as CSV, works on them by itself, and tells what became of each.

Create → PUT the rows → UploadComplete → poll → the rows that failed. Until UploadComplete nothing happens in the org,
whatever was uploaded; from then on the job goes on without us, and its id is how to ask what became of it. Every
request counts as one API call, polls too. Assignment rules do not run: only a job that names one runs it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
import structlog

from connector.domain.ingest import JobState, Waited
from connector.domain.outcome import RowResult
from connector.errors import SpoiltPageError, StopError
from connector.http.landing import land
from connector.http.outcome import PASSES, RoadClosedError, UnknownOutcomeError, from_exception
from connector.http.retry import Retry
from connector.salesforce.bulk import NOT_BY_BULK
from connector.salesforce.connection import Connection
from connector.salesforce.csv_rows import CsvRows
from connector.salesforce.rows import Row

GROWTH, LONGEST_PAUSE = 1.5, 120.0
"""Each pause between two questions after a job is so much longer than the last one, up to so many seconds."""

PATIENCE = 1_800.0
"""Seconds after which a job that does not end is left to itself: the next run asks for it."""

GONE = frozenset({"NOT_FOUND", "ENTITY_IS_DELETED"})

log = structlog.get_logger()


class SalesforceIngest:
    """Ingest jobs of one org. `folder`: where results land, which are removed once they are read.

    `allowed`: whether new jobs may be made; jobs of before are asked for all the same. Raises RetryError, StopError
    and ConfigurationError.
    """

    def __init__(self, connection: Connection, retry: Retry, folder: Path, *, allowed: bool = True) -> None:
        self._connection = connection
        self._retry = retry
        self._folder = folder
        self.allowed = allowed

    def begin(self, object_name: str) -> str:
        """The id of a new job that updates records of an object. RoadClosedError where the org takes none, or not
        today."""
        body = {
            "object": object_name,
            "operation": "update",
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        try:
            # A job created twice after a lost answer holds no rows and does nothing: it may be tried again.
            return str(self._ask("salesforce.ingest_create", "POST", "jobs/ingest", json=body)["id"])
        except StopError as error:
            if error.code not in NOT_BY_BULK:
                raise
            raise RoadClosedError(str(error), error.code) from None

    def upload(self, job: str, rows: Sequence[Row]) -> None:
        """Hands the rows over, each with its `Id`; None empties a field, what a row lacks stays. Nothing happens yet.

        Raises UnknownOutcomeError where nobody knows whether they arrived: then the job is of no use.
        """
        path, body = f"jobs/ingest/{job}/batches", CsvRows(rows)
        self._retry.write("salesforce.ingest_upload", lambda: self._connection.put_csv(path, body))

    def start(self, job: str) -> None:
        """Lets the job go. A lost answer is no error: the state tells."""
        body = {"state": "UploadComplete"}
        try:
            self._retry.write(
                "salesforce.ingest_start",
                lambda: self._connection.call("write", "PATCH", f"jobs/ingest/{job}", json=body),
            )
        except UnknownOutcomeError as error:
            log.info("apply.ingest_start_unknown", job=job, why=str(error))

    def state(self, job: str) -> JobState | None:
        """Where a job is; None when the org knows it no more (it keeps them for seven days)."""
        try:
            info = self._ask("salesforce.ingest_poll", "GET", f"jobs/ingest/{job}")
        except StopError as error:
            if error.code not in GONE:
                raise
            return None
        return JobState(
            str(info["state"]),
            int(info.get("numberRecordsProcessed") or 0),
            int(info.get("numberRecordsFailed") or 0),
            info.get("errorMessage"),
            float(info.get("totalProcessingTime") or 0) / 1_000,
        )

    def wait(self, job: str, expected: float, patience: float = PATIENCE) -> Waited:
        """Waits until a job ends, or longer than `patience`. The first question comes after `expected` seconds."""
        waited, polls, pause = 0.0, 0, min(expected, LONGEST_PAUSE)
        while True:
            self._retry.sleep(pause)
            waited, polls, pause = waited + pause, polls + 1, min(pause * GROWTH, LONGEST_PAUSE)
            found = self.state(job) or JobState("Aborted")
            if found.ended or waited >= patience:
                return Waited(found, polls, waited)
            if found.state == "Open":
                self.start(job)

    def abort(self, job: str) -> None:
        """Ends a job before its time."""
        self._ask("salesforce.ingest_abort", "PATCH", f"jobs/ingest/{job}", json={"state": "Aborted"})

    def failed(self, job: str) -> Mapping[str, RowResult]:
        """What the org said of the rows that it refused, by their `Id` as it was sent."""
        return {row["Id"]: _refused(row["Id"], row["sf__Error"]) for row in self._rows(job, "failedResults")}

    def successful(self, job: str) -> Mapping[str, RowResult]:
        """The rows that were written, by their `Id` as it was sent."""
        return {row["Id"]: RowResult(row["Id"], True) for row in self._rows(job, "successfulResults")}

    def _rows(self, job: str, name: str) -> Iterator[dict[str, str]]:
        path = f"{self._connection.base_path}/jobs/ingest/{job}/{name}/"
        file = self._folder / f"ingest-{uuid4().hex}.csv"
        try:
            self._retry.read("salesforce.ingest_results", lambda: self._land(path, file))
            with file.open(encoding="utf-8", newline="") as stream:
                yield from csv.DictReader(stream, strict=True)
        except csv.Error as error:
            what = f"{self._connection.where} sent results of the job {job} that are no CSV"
            raise SpoiltPageError(f"{what} ({error}). {PASSES}") from None
        finally:
            file.unlink(missing_ok=True)

    def _land(self, path: str, file: Path) -> None:
        try:
            with self._connection.open_stream(path, headers={"Accept": "text/csv"}) as response:
                land(response, file)
        except requests.RequestException as error:
            raise from_exception(self._connection.where, error, "read") from None

    def _ask(self, step: str, method: str, path: str, **options: Any) -> Any:
        return self._retry.read(step, lambda: self._connection.call("read", method, path, **options))


def _refused(row_id: str, text: str) -> RowResult:
    """From `CODE:message:FIELD FIELD --`; a message may hold colons and line ends."""
    code, _, rest = text.partition(":")
    message, _, names = rest.rpartition(":")
    fields = tuple(names.strip().removesuffix("--").replace(",", " ").split())
    return RowResult(row_id, False, error_code=code or None, message=message or None, fields=fields)
