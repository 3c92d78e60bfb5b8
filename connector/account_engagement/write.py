"""Writing to one business unit of Account Engagement. Planning never sees this; applying does.

Version 5 has no call for several records: each takes one, several at a time. Many go by an import (`imports`). All give
one result a row, in order; what becomes of a failing call is as in `salesforce.write`: a row that is refused is a
RowResult with the platform's words; where an answer was lost UnknownOutcomeError tells the settled rows and the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from connector.account_engagement.connection import UnitConnection
from connector.account_engagement.imports import Ended, ImportWriter
from connector.account_engagement.outcome import RefusedRecordError, legacy_refusal
from connector.account_engagement.read import ROWS_A_PAGE
from connector.domain.outcome import RowResult
from connector.errors import ConnectorError
from connector.http.outcome import UnknownOutcomeError

NOT_SENT = "NOT_SENT"
GONE = "109"
MEMBER_ALREADY = "58"
OTHER_VERSION = "89"
"""The refusal of a legacy call in another version than the account's: 4 where addresses may stand twice, else 3."""

STALE_SECONDS = 60.0
"""For so long an answer may come from a copy that has not seen a write yet."""

log = structlog.get_logger()


class AccountEngagementWriter:
    """Changes prospects and memberships of one business unit. Raises RetryError, StopError and ConfigurationError."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection
        self._imports = ImportWriter(connection)
        self._legacy = "4"

    @property
    def unit(self) -> str:
        """The business unit's id, 0Uv…"""
        return self._connection.unit

    def rows(self, collection: str, fields: Sequence[str], ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
        """Fields of live records as they stand now, by id: a call for each stretch of at most 1,000 records."""
        wanted, found = sorted(set(ids)), dict[int, Mapping[str, Any]]()
        named = ",".join(dict.fromkeys(("id", *fields)))
        while wanted:
            bounds = {"idGreaterThanOrEqualTo": str(wanted[0]), "idLessThanOrEqualTo": str(wanted[-1])}
            page = self._ask(collection, {"fields": named, "orderBy": "id", "limit": str(ROWS_A_PAGE), **bounds})
            values = {int(row["id"]): row for row in page.get("values") or ()}
            found |= {number: values[number] for number in wanted if number in values}
            if not page.get("nextPageToken") or not values:
                break
            wanted = [number for number in wanted if number > max(values)]
        return found

    def members(self, list_id: int, prospects: Collection[int]) -> set[int]:
        """Those of some prospects that are on a list now: a call for each 1,000 members in their stretch of ids."""
        wanted, found = set(prospects), set[int]()
        if not wanted:
            return found
        bounds = {"prospectIdGreaterThanOrEqualTo": str(min(wanted)), "prospectIdLessThanOrEqualTo": str(max(wanted))}
        asked = {"fields": "id,prospectId", "limit": str(ROWS_A_PAGE), "listId": str(list_id), **bounds}
        while True:
            page = self._ask("list-memberships", asked)
            found |= wanted.intersection(int(row["prospectId"]) for row in page.get("values") or ())
            if not page.get("nextPageToken") or found == wanted:
                return found
            asked = {"fields": "id,prospectId", "nextPageToken": str(page["nextPageToken"])}

    def again(self) -> None:
        """Waits until an answer shows what was written before the last one."""
        self._connection.retry.sleep(STALE_SECONDS)

    def update_prospects(self, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> list[RowResult]:
        """Sets fields of prospects by their ids; None empties one. A call each."""
        return self._each("account_engagement.update", [partial(self._patch, *row) for row in rows])

    def add_members(self, pairs: Sequence[tuple[int, int]]) -> list[RowResult]:
        """Puts prospects onto lists (list, prospect); who is there already counts as moved. A call each."""
        return self._each("account_engagement.add_member", [partial(self._add, *pair) for pair in pairs])

    def remove_members(self, memberships: Sequence[int]) -> list[RowResult]:
        """Ends memberships by their ids; one that is gone counts as moved. A call each."""
        return self._each("account_engagement.remove_member", [partial(self._remove, one) for one in memberships])

    def set_criteria(self, rows: Sequence[tuple[int, Mapping[int, str]]]) -> list[RowResult]:
        """Says of prospects how criteria of their profile match (`match`, `nomatch`, `unknown`). A call each.

        `fields` of a result has the grade that followed, where the answer tells it.
        """
        return self._each("account_engagement.criteria", [partial(self._criteria, *row) for row in rows])

    def start_import(self, content: bytes, columns: Sequence[str] | None, *, erase: bool) -> int:
        """Starts an import of CSV and answers its number; see `imports`."""
        return self._imports.start(content, columns, erase=erase)

    def import_ended(self, number: int, *, patience: float) -> Ended | None:
        """What became of an import, asked for so many seconds at most; None when it has not ended."""
        return self._imports.ended(number, patience)

    def imports_running(self, since: datetime) -> bool:
        """Whether an import that was touched since then has not ended, whoever began it."""
        return self._imports.running(since)

    def _ask(self, collection: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        path = f"/api/v5/objects/{collection}"
        return self._connection.read("account_engagement.rows", lambda: self._connection.json(path, params))

    def _patch(self, number: int, values: Mapping[str, Any]) -> RowResult:
        self._connection.write("PATCH", f"/api/v5/objects/prospects/{number}", {}, json=dict(values))
        return RowResult(str(number), True)

    def _add(self, list_id: int, prospect: int) -> RowResult:
        body = {"listId": list_id, "prospectId": prospect}
        try:
            self._connection.write("POST", "/api/v5/objects/list-memberships", {}, json=body)
        except RefusedRecordError as refused:
            if refused.code == MEMBER_ALREADY:
                return RowResult(str(prospect), False, moved=True, error_code=refused.code, message=refused.words)
            raise
        return RowResult(str(prospect), True, created=True)

    def _remove(self, membership: int) -> RowResult:
        try:
            self._connection.write("DELETE", f"/api/v5/objects/list-memberships/{membership}", {})
        except RefusedRecordError as refused:
            if refused.code == GONE:
                return RowResult(str(membership), False, moved=True, error_code=refused.code, message=refused.words)
            raise
        return RowResult(str(membership), True)

    def _criteria(self, number: int, criteria: Mapping[int, str]) -> RowResult:
        form = {f"profile_criteria_{criterion}": how for criterion, how in criteria.items()}
        answer = self._legacy_call(number, form)
        prospect = answer.get("prospect")
        grade = prospect.get("grade") if isinstance(prospect, Mapping) else None
        return RowResult(str(number), True, fields=(str(grade),) if grade else ())

    def _legacy_call(self, number: int, form: Mapping[str, str]) -> Mapping[str, Any]:
        """A call of version 4, or of 3 where the account does not take 4: errors come inside HTTP 200."""
        spoken = self._legacy
        path = f"/api/prospect/version/{spoken}/do/update/id/{number}"
        answer = self._connection.write("POST", path, {"format": "json"}, data=dict(form))
        error = legacy_refusal(self._connection.where, answer)
        if error is None:
            return answer
        if getattr(error, "code", None) == OTHER_VERSION and spoken == "4":
            self._legacy = "3"
            return self._legacy_call(number, form)
        raise error

    def _each(self, step: str, calls: Sequence[Callable[[], RowResult]]) -> list[RowResult]:
        """The results of calls, several at a time; the first that fails for all of them ends the rest."""
        with ThreadPoolExecutor(self._connection.at_once, "write") as senders:
            stopped: list[ConnectorError] = []
            futures = [senders.submit(copy_context().run, self._one, step, call, stopped) for call in calls]
            outcomes = [future.result() for future in futures]
        return _told(outcomes, stopped)

    def _one(
        self, step: str, call: Callable[[], RowResult], stopped: list[ConnectorError]
    ) -> RowResult | ConnectorError:
        if stopped:
            return RowResult(None, False, error_code=NOT_SENT, message=str(stopped[0]))
        try:
            return self._connection.retry.write(step, call)
        except RefusedRecordError as refused:
            return RowResult(None, False, error_code=refused.code, message=refused.words)
        except ConnectorError as error:
            stopped.append(error)
            return error


def _told(outcomes: Sequence[RowResult | ConnectorError], stopped: Sequence[ConnectorError]) -> list[RowResult]:
    """The results, or what is raised for them: a lost answer, or a first call that failed for all."""
    results = {place: one for place, one in enumerate(outcomes) if isinstance(one, RowResult)}
    unknown = tuple(place for place, one in enumerate(outcomes) if isinstance(one, UnknownOutcomeError))
    if unknown:
        lost = next(one for one in stopped if isinstance(one, UnknownOutcomeError))
        raise UnknownOutcomeError(str(lost), lost.again_after, results, unknown)
    if stopped and not any(one.success or one.error_code != NOT_SENT for one in results.values()):
        raise stopped[0]
    found = [
        one if isinstance(one, RowResult) else RowResult(None, False, error_code=NOT_SENT, message=str(one))
        for one in outcomes
    ]
    if stopped:
        log.warning("account_engagement.write_stopped", rows=len(outcomes), why=str(stopped[0]))
    return found
