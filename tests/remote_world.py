"""A Salesforce in memory for tests of applying: records, tasks, and moments at which it all breaks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.applying.application import Application
from connector.domain.outcome import RowResult
from connector.domain.plan import FieldChange, Plan, RecordChange, TaskCreation
from connector.store.database import Store
from tests.mirror_world import HOUR, NOON, lead_id

Row = dict[str, Any]
_QUESTION = re.compile(r"SELECT (?P<fields>.+) FROM (?P<object>\w+) WHERE (?P<key>\w+) IN \((?P<values>.*)\)")


class Killed(BaseException):  # no error: the end of the process
    """The process dies here."""


@dataclass
class Moments:
    """Counts the boundaries of effects, and dies at one of them."""

    dies_at: int | None = None
    passed: int = 0

    def tick(self) -> None:
        self.passed += 1
        if self.passed == self.dies_at:
            raise Killed


class MortalStore(Store):
    """A store whose process can die before, within and after each transaction."""

    def __init__(self, store: Store, moments: Moments) -> None:
        super().__init__(store._connection, store.path)
        self.moments = moments

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.moments.tick()
        with super().transaction():
            yield
            self.moments.tick()
        self.moments.tick()


@dataclass
class Remote:
    """Writer and reader of one org.

    `refuses` gives a row's error code and message. `before` and `after` are called around the effect of each call, and
    may raise.
    """

    now: datetime
    records: dict[str, dict[str, Row]] = field(default_factory=dict)
    tasks: dict[str, Row] = field(default_factory=dict)
    deals: dict[str, Row] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    calls: list[tuple[str, int]] = field(default_factory=list)
    refuses: Callable[[str, Mapping[str, Any]], tuple[str, str] | None] = lambda _object, _row: None
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def put(self, object_name: str, record_id: str, **values: Any) -> None:
        stamped = {"Id": record_id, "LastModifiedDate": self.now, **values}
        self.records.setdefault(object_name, {})[record_id] = stamped

    def edit(self, object_name: str, record_id: str, **values: Any) -> None:
        """Somebody saves a record a second later."""
        self.now += timedelta(seconds=1)
        self.records[object_name][record_id] |= {**values, "LastModifiedDate": self.now}

    def update(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        return self._call("update", rows, lambda row: self._save(object_name, row["Id"], row))

    def update_unmodified(
        self, object_name: str, rows: Sequence[tuple[str, Mapping[str, Any], datetime]]
    ) -> list[RowResult]:
        def save(row: tuple[str, Mapping[str, Any], datetime]) -> RowResult:
            record_id, values, since = row
            record = self._record(object_name, record_id)
            if record is not None and record["LastModifiedDate"] > since:
                return RowResult(record_id, False, moved=True, error_code="PRECONDITION_FAILED")
            return self._save(object_name, record_id, values)

        return self._call("update_unmodified", rows, save)

    def upsert(self, object_name: str, external_id: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        assert external_id == "Connector_Key__c"
        if object_name == "Opportunity":
            return self._call("upsert", rows, self._save_deal)
        assert object_name == "Task"
        return self._call("upsert", rows, self._save_task)

    def delete(self, ids: Sequence[str]) -> list[RowResult]:
        return self._call("delete", ids, self._delete_task)

    def work_on(self, key: str, **values: Any) -> None:
        """A rep saves a task of ours a second later."""
        self.now += timedelta(seconds=1)
        self.tasks[key] |= {**values, "LastModifiedDate": self.now, "LastModifiedById": "005R"}

    def query(self, soql: str, *, deleted: bool = False) -> list[Row]:
        self.before()
        asked = _QUESTION.fullmatch(soql)
        assert asked is not None, soql
        wanted = {value[1:-1].replace("\\'", "'") for value in asked["values"].split(", ")}
        rows = list(self.records.get(asked["object"], {}).values())
        rows += self.tasks.values() if asked["object"] == "Task" else ()
        rows += self.deals.values() if asked["object"] == "Opportunity" else ()
        names = asked["fields"].split(", ")
        found = [
            {name: row.get(name) for name in names}
            for row in rows
            if row.get(asked["key"]) in wanted and (deleted or not row.get("IsDeleted"))
        ]
        self.after()
        return found

    def _call(self, name: str, rows: Sequence[Any], save: Callable[[Any], RowResult]) -> list[RowResult]:
        self.before()
        self.calls.append((name, len(rows)))
        self.now += timedelta(seconds=1)
        results = [save(row) for row in rows]
        self.after()
        return results

    def _save(self, object_name: str, record_id: str, values: Mapping[str, Any]) -> RowResult:
        refused = self.refuses(object_name, {"Id": record_id, **values})
        record = self._record(object_name, record_id)
        if record is None or record.get("IsDeleted"):
            refused = ("ENTITY_IS_DELETED", "entity is deleted")
        if refused or record is None:
            code, message = refused or ("", "")
            return RowResult(record_id, False, error_code=code, message=message)
        record |= {**values, "Id": record_id, "LastModifiedDate": self.now}
        if object_name == "Task":
            record["IsClosed"] = record["Status"] == "Completed"
        return RowResult(record_id, True)

    def _record(self, object_name: str, record_id: str) -> Row | None:
        made = next((row for row in self.tasks.values() if object_name == "Task" and row["Id"] == record_id), None)
        return made or self.records.get(object_name, {}).get(record_id)

    def _delete_task(self, record_id: str) -> RowResult:
        row = self._record("Task", record_id)
        refused = self.refuses("Task", {"Id": record_id, "IsDeleted": True})
        if row is None or refused:
            code, message = refused or ("ENTITY_IS_DELETED", "entity is deleted")
            return RowResult(record_id, False, error_code=code, message=message)
        row["IsDeleted"] = True
        return RowResult(record_id, True)

    def _save_deal(self, row: Mapping[str, Any]) -> RowResult:
        refused = self.refuses("Opportunity", row)
        if refused:
            return RowResult(None, False, error_code=refused[0], message=refused[1])
        key = row["Connector_Key__c"]
        self.created[key] += 1
        self.deals[key] = {**row, "Id": f"006{len(self.deals):012d}AAA"}
        return RowResult(self.deals[key]["Id"], True, created=True)

    def _save_task(self, row: Mapping[str, Any]) -> RowResult:
        refused = self.refuses("Task", row)
        if refused:
            return RowResult(None, False, error_code=refused[0], message=refused[1])
        key = row["Connector_Key__c"]
        known = self.tasks.get(key)
        if known is not None and not known.get("IsDeleted"):
            known |= row
            return RowResult(known["Id"], True)
        self.created[key] += 1
        ours = {"CreatedById": "005U", "LastModifiedById": "005U", "CreatedDate": self.now, "IsClosed": False}
        task_id = f"00T{sum(self.created.values()):015d}"
        self.tasks[key] = {**row, **ours, "Id": task_id, "LastModifiedDate": self.now}
        return RowResult(self.tasks[key]["Id"], True, created=True)


SEEN = NOON - HOUR


def emptied(store: Store) -> Store:
    """The ledger before anything was written; cheaper than another one."""
    for table in ("journal", "written", "transitions", "cadence_runs", "failure", "undo", "held"):
        store.run(f"DELETE FROM {table}")
    return store


def change(number: int, *, status: str | None = None, score: int = 72, person: str = "P1") -> RecordChange:
    changes = [FieldChange("Score__c", 70, score)]
    if status is not None:
        changes.append(FieldChange("Status", "Open", status))
    return RecordChange("Lead", lead_id(number), person, tuple(changes), "why", status is not None, SEEN)


def task(number: int) -> TaskCreation:
    values = {"Subject": "1日目：電話", "Status": "Not Started", "WhoId": lead_id(number), "OwnerId": "005A"}
    return TaskCreation(f"00D1:{lead_id(number)}:hot:2026-03-02:day1:call", f"P{number}", values, "hot day1")


def plan_of(*records: RecordChange, tasks: tuple[TaskCreation, ...] = (), **more: Any) -> Plan:
    values: dict[str, Any] = {
        "org_id": "00D1", "rules_hash": "h", "as_of": NOON, "made_at": NOON, "watermarks": {}, "starts": (), "ends": (),
        "transitions": (), "kept": (), "withheld": (), "findings": (), **more,
    }  # fmt: skip
    return Plan(records=records, tasks=tasks, **values)


def org(count: int = 6) -> Remote:
    remote = Remote(now=SEEN)
    for number in range(1, count + 1):
        remote.put("Lead", lead_id(number), Status="Open", Score__c=70.0)
    remote.now = NOON
    return remote


def run_of(remote: Remote, store: Store, run_id: str = "run1", now: datetime = NOON) -> Application:
    return Application(remote, remote, store, run_id, now)


def leads(remote: Remote, *names: str) -> list[tuple[Any, ...]]:
    rows = sorted(remote.records["Lead"].values(), key=lambda row: str(row["Id"]))
    return [tuple(row[name] for name in names) for row in rows]


def outcomes(store: Store) -> list[tuple[Any, ...]]:
    return store.run("SELECT run_id, kind, outcome, error_code FROM journal ORDER BY number")


def bases(store: Store) -> Mapping[tuple[str, str], str]:
    return {(row[0], row[1]): row[2] for row in store.run("SELECT record_id, field, value FROM written")}
