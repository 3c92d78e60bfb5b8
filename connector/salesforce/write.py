"""Writing to Salesforce: the only way to change the org. Planning never sees this; applying does.

All calls take any number of rows and give one result a row, in order. What becomes of a failing call:

- a row that the org refuses is a RowResult with the org's code; the other rows go through;
- a call that surely did nothing is tried again; when that is in vain, the first call's error is raised, and a later
  call's turns its rows and all that follow into RowResults with NOT_SENT, so that what is written stays known;
- a call whose answer was lost raises UnknownOutcomeError with the settled results and the rows in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog

from connector.domain.outcome import RowResult
from connector.errors import ConnectorError
from connector.http.outcome import PASSES, UnknownOutcomeError
from connector.http.retry import Retry
from connector.salesforce.connection import Connection, RefusedRowsError, are_row_results
from connector.salesforce.ingest import SalesforceIngest
from connector.salesforce.rows import (
    ID_NAMES,
    Row,
    calls,
    http_date,
    id_of,
    record,
    row_result,
    subrequest_result,
    wire_value,
)

ROWS_A_CALL = 200
UNMODIFIED_ROWS_A_CALL = 25
NOT_SENT = "NOT_SENT"

WRITE_HEADERS: Mapping[str, str] = {
    # Without it the org's assignment rules may give the record to somebody else.
    "Sforce-Auto-Assign": "FALSE",
    # We change records that exist: a duplicate alert is for people who create them.
    "Sforce-Duplicate-Rule-Header": "allowSave=true",
}

Unmodified = tuple[str, Row, datetime]

log = structlog.get_logger()


class SalesforceWriter:
    """Changes records of one org. Calls raise RetryError, StopError and ConfigurationError as the module says."""

    def __init__(self, connection: Connection, retry: Retry) -> None:
        self._connection = connection
        self._retry = retry

    def jobs(self, folder: Path, *, allowed: bool) -> SalesforceIngest:
        """Bulk jobs for rows of the same org. `folder`: where results land until they are read."""
        return SalesforceIngest(self._connection, self._retry, folder, allowed=allowed)

    def update(self, object_name: str, rows: Sequence[Row]) -> list[RowResult]:
        """Sets fields of records by their `Id` or `id`; None empties a field. 200 rows a call."""
        return self._collections("salesforce.update", "PATCH", "composite/sobjects", object_name, rows, "Id")

    def create(self, object_name: str, rows: Sequence[Row]) -> list[RowResult]:
        """Creates records. After UnknownOutcomeError look by a key of ours before creating again. 200 rows a call."""
        return self._collections("salesforce.create", "POST", "composite/sobjects", object_name, rows, None)

    def upsert(self, object_name: str, external_id: str, rows: Sequence[Row]) -> list[RowResult]:
        """Creates or updates by an external id that each row holds; the same id twice goes in two calls. 200 a call."""
        path = f"composite/sobjects/{object_name}/{external_id}"
        return self._collections("salesforce.upsert", "PATCH", path, object_name, rows, external_id)

    def delete(self, ids: Sequence[str]) -> list[RowResult]:
        """Moves records to the recycle bin. 200 a call."""

        def send(places: Sequence[int]) -> list[RowResult]:
            params = {"ids": ",".join(ids[place] for place in places), "allOrNone": "false"}
            answers = self._answers("DELETE", "composite/sobjects", len(places), params=params)
            return [row_result(answer, ids[place]) for answer, place in zip(answers, places, strict=True)]

        return self._in_calls("salesforce.delete", calls(list(ids), ROWS_A_CALL), ids, send)

    def update_unmodified(self, object_name: str, rows: Sequence[Unmodified]) -> list[RowResult]:
        """Sets fields of records (id, values, since), but not where they changed after `since` (`moved`).

        The org compares to the second; `since` is aware. 25 rows a call.
        """

        def send(places: Sequence[int]) -> list[RowResult]:
            return self._send_unmodified(object_name, [rows[place] for place in places])

        ids = [row_id for row_id, _values, _since in rows]
        return self._in_calls("salesforce.update_unmodified", calls(ids, UNMODIFIED_ROWS_A_CALL), ids, send)

    def _collections(
        self, step: str, method: str, path: str, object_name: str, rows: Sequence[Row], key: str | None
    ) -> list[RowResult]:
        def send(places: Sequence[int]) -> list[RowResult]:
            body = {"allOrNone": False, "records": [record(object_name, rows[place]) for place in places]}
            answers = self._answers(method, path, len(places), json=body)
            return [row_result(answer, id_of(rows[place])) for answer, place in zip(answers, places, strict=True)]

        ids = [id_of(row) for row in rows]
        keys = ids if key == "Id" else [row[key] if key else place for place, row in enumerate(rows)]
        return self._in_calls(step, calls(keys, ROWS_A_CALL), ids, send)

    def _answers(self, method: str, path: str, expected: int, **options: Any) -> list[Any]:
        try:
            answers = self._connection.call("write", method, path, headers=dict(WRITE_HEADERS), **options)
        except RefusedRowsError as refused:
            answers = refused.rows
        if not are_row_results(answers) or len(answers) != expected:
            raise UnknownOutcomeError(f"{self._connection.where} answered for other rows than were sent. {PASSES}")
        return list(answers)

    def _send_unmodified(self, object_name: str, rows: Sequence[Unmodified]) -> list[RowResult]:
        path = f"{self._connection.base_path}/sobjects/{object_name}"
        requests = [
            {
                "method": "PATCH",
                "url": f"{path}/{quote(row_id)}",
                "referenceId": f"row{place}",
                # On the outer call the condition would mean nothing.
                "httpHeaders": {**WRITE_HEADERS, "If-Unmodified-Since": http_date(since)},
                "body": {name: wire_value(value) for name, value in values.items() if name not in ID_NAMES},
            }
            for place, (row_id, values, since) in enumerate(rows)
        ]
        body = {"allOrNone": False, "compositeRequest": requests}
        answer = self._connection.call("write", "POST", "composite", json=body, headers=dict(WRITE_HEADERS))
        found = {each["referenceId"]: each for each in (answer or {}).get("compositeResponse", ())}
        if len(found) != len(rows):
            raise UnknownOutcomeError(f"{self._connection.where} answered for other rows than were sent. {PASSES}")
        return [subrequest_result(found[f"row{place}"], row[0]) for place, row in enumerate(rows)]

    def _in_calls(
        self,
        step: str,
        batches: Iterable[Sequence[int]],
        ids: Sequence[object],
        send: Callable[[Sequence[int]], list[RowResult]],
    ) -> list[RowResult]:
        results: dict[int, RowResult] = {}
        for places in batches:
            try:
                sent = self._retry.rows(step, send, places)
            except UnknownOutcomeError as error:
                raise _with_places(error, results, places) from error
            except ConnectorError as error:
                if not results:
                    raise
                log.warning("salesforce.write_stopped", step=step, rows=len(ids) - len(results), why=str(error))
                return [results.get(place) or _not_sent(row_id, error) for place, row_id in enumerate(ids)]
            results.update(zip(places, sent, strict=True))
        return [results[place] for place in range(len(ids))]


def _with_places(
    error: UnknownOutcomeError, results: Mapping[int, RowResult], places: Sequence[int]
) -> UnknownOutcomeError:
    """The error in terms of all rows that were given, not of those in its call."""
    settled = {**results, **{places[place]: result for place, result in error.results.items()}}
    unknown = tuple(places[place] for place in error.unknown) or tuple(places)
    return UnknownOutcomeError(str(error), error.again_after, settled, unknown)


def _not_sent(row_id: object, error: ConnectorError) -> RowResult:
    return RowResult(str(row_id) if row_id else None, success=False, error_code=NOT_SENT, message=str(error))
