"""Apply: the only road to a remote write. Intent is journalled before a call, the outcome after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol, TypeVar

import structlog

from connector.applying.overtaken import without_overtaken
from connector.applying.settling import found_after_loss
from connector.applying.switch import Off
from connector.domain.outcome import RowResult
from connector.domain.plan import PlainValue, Plan, RecordChange, TaskCreation
from connector.errors import ConfigurationError, RefusedError, RetryError, StopError, StoppedError
from connector.redaction import redact
from connector.store.database import Store
from connector.store.decisions import record_ends, record_starts, record_transitions
from connector.store.journal import Intent, intend, remember_written, settle, tasks_made, unsettled

ROWS_A_CALL = 200
SHARED_ROWS_A_CALL = 25
TASK_KEY = "Connector_Key__c"
NOT_SENT = "NOT_SENT"
"""The code of rows whose whole call was refused for a reason that has none."""

WRITES_OFF = "WRITES_OFF"
"""The code of rows that were left because somebody switched writes off in the middle."""

BEFORE_ANY_RECORD = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger()
T = TypeVar("T")


class Writer(Protocol):
    """What applying needs of Salesforce. Row results come in the order of the rows."""

    def update(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]: ...

    def update_unmodified(
        self, object_name: str, rows: Sequence[tuple[str, Mapping[str, Any], datetime]]
    ) -> list[RowResult]: ...

    def upsert(self, object_name: str, external_id: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]: ...


class Reader(Protocol):
    """What settling lost answers needs of Salesforce."""

    def query(self, soql: str) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Failure:
    """A row that the platform refused, with its own words, save the addresses and phone numbers in them."""

    object: str
    record: str
    code: str | None
    message: str | None


@dataclass
class Applied:
    """What an apply did. `fields` counts field values written, `tasks` tasks made, `moved` what was skipped
    because somebody, or a later plan of ours, changed it since the plan was made."""

    fields: int = 0
    records: int = 0
    tasks: int = 0
    moved: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return self.fields + self.tasks


@dataclass
class Application:
    """One apply: where it writes, where it journals, what it counts."""

    writer: Writer
    reader: Reader
    store: Store
    run_id: str
    now: datetime
    progress: Callable[[int], None] = lambda _rows: None
    applied: Applied = field(default_factory=Applied)
    writes_off: Callable[[], Off | None] = lambda: None
    off: Off | None = None


def apply_plan(application: Application, plan: Plan) -> Applied:
    """Carries out a plan that was checked to fit: decisions into the ledger, records, then tasks.

    Rows that the platform refuses are kept as failures and do not stop the others. Raises RetryError when the
    remote is lost in the middle; the next apply settles what is unknown by reading back. Raises RefusedError when
    writes are switched off, which is looked at before each call; what is left then stands in the journal.
    """
    store, run_id, now = application.store, application.run_id, application.now
    settle_open_intents(application)
    plan, application.applied.moved = without_overtaken(store, plan)
    with store.transaction():
        record_starts(store, run_id, plan.starts, now)
        record_ends(store, plan.ends, now)
        record_transitions(store, run_id, plan.transitions, now)
    left = [
        intent for batch, send in _calls(application, plan) for intent in _send_unless_off(application, batch, send)
    ]
    if left:
        _leave(application, left)
    log.info(
        "apply.done",
        records=application.applied.records,
        tasks=application.applied.tasks,
        moved=application.applied.moved,
        failed=len(application.applied.failures),
    )
    return application.applied


def settle_open_intents(application: Application) -> int:
    """Finds out what became of writes whose answers were lost, by reading them back. Answers how many there were.

    They belong to the run that made them: they count neither as changes nor as failures of this one. What did not
    arrive is planned anew.
    """
    open_intents = unsettled(application.store)
    for batch in _batches(open_intents, ROWS_A_CALL):
        _record_outcomes(application, _read_back(application, batch))
    if open_intents:
        log.info("apply.settled", intents=len(open_intents))
    return len(open_intents)


Send = Callable[[Application, Sequence[Intent]], list[RowResult]]
Call = tuple[list[Intent], Send]


def _calls(application: Application, plan: Plan) -> Iterator[Call]:
    """Every call that the plan takes, in order: what is to be journalled, and how it is sent."""
    for object_name in sorted({record.object for record in plan.records}):
        mine = [record for record in plan.records if record.object == object_name and not record.shared]
        shared = [record for record in plan.records if record.object == object_name and record.shared]
        # Shared first: our own write to the record would move its LastModifiedDate and look like somebody's edit.
        for records, size, send in ((shared, SHARED_ROWS_A_CALL, _send_unmodified), (mine, ROWS_A_CALL, _send_update)):
            for batch in _batches(records, size):
                yield [_record_intent(record) for record in batch], _sending(send, batch)
    # To send a task again would undo what its rep has done with it since: this plan may have been carried out before.
    made = tasks_made(application.store, [task.key for task in plan.tasks])
    for tasks in _batches([task for task in plan.tasks if task.key not in made], ROWS_A_CALL):
        yield [_task_intent(task) for task in tasks], _send_tasks


def _send_unless_off(application: Application, intents: list[Intent], send: Send) -> list[Intent]:
    """One call, if writes are on; else what is left. Once off they stay off for this apply."""
    application.off = application.off or application.writes_off()
    if application.off is not None:
        return intents
    _send(application, intents, send)
    return []


def _leave(application: Application, left: Sequence[Intent]) -> NoReturn:
    """Journals what the switch has left unwritten. The next plan brings what is still different."""
    off, applied = application.off, application.applied
    sentence = "" if off is None else off.sentence
    with application.store.transaction():
        numbers = intend(application.store, application.run_id, left, application.now)
        result = RowResult(None, False, error_code=WRITES_OFF, message=sentence)
        settle(application.store, [(number, "left", result) for number in numbers], application.now)
    log.warning("apply.switched_off", left=len(left), records=applied.records, tasks=applied.tasks)
    raise RefusedError(
        f"{sentence}: {applied.records} records and {applied.tasks} tasks had been written, {len(left)} were left. "
        "`connector writes on` switches them on again; the next plan brings what is still different."
    )


def _sending(
    send: Callable[[Application, Sequence[RecordChange]], list[RowResult]], records: Sequence[RecordChange]
) -> Send:
    return lambda application, _intents: send(application, records)


def _send(application: Application, intents: Sequence[Intent], send: Send) -> None:
    """One call: intents, the call, outcomes. A lost answer is settled by reading back before anything else."""
    with application.store.transaction():
        numbers = intend(application.store, application.run_id, intents, application.now)
    numbered = [
        replace(intent, number=number, run_id=application.run_id)
        for intent, number in zip(intents, numbers, strict=True)
    ]
    try:
        results = send(application, numbered)
    except RetryError:
        _record_outcomes(application, _read_back(application, numbered))
        raise
    except (ConfigurationError, StopError, StoppedError) as error:
        # Surely nothing was written. Left open, its fields would be asked for before every later apply, and refused.
        _record_outcomes(application, [(intent, _not_sent(intent, error)) for intent in numbered])
        raise
    outcomes = list(zip(numbered, results, strict=True))
    _record_outcomes(application, outcomes)
    _count(application.applied, outcomes)
    application.progress(len(numbered))


def _send_update(application: Application, records: Sequence[RecordChange]) -> list[RowResult]:
    rows = [{"Id": record.record_id, **_values(record)} for record in records]
    return application.writer.update(records[0].object, rows)


def _send_unmodified(application: Application, records: Sequence[RecordChange]) -> list[RowResult]:
    # Without a time at which we saw the record, every record counts as moved: nothing is overwritten blindly.
    rows = [(record.record_id, _values(record), record.seen_modified_at or BEFORE_ANY_RECORD) for record in records]
    return application.writer.update_unmodified(records[0].object, rows)


def _send_tasks(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    return application.writer.upsert("Task", TASK_KEY, [dict(intent.after) for intent in intents])


Outcomes = Sequence[tuple[Intent, RowResult]]


def _record_outcomes(application: Application, outcomes: Outcomes) -> None:
    """Journals outcomes, and keeps what we wrote as the base of the next comparison."""
    with application.store.transaction():
        settle(
            application.store,
            [(intent.number, _outcome(result), result) for intent, result in outcomes],
            application.now,
        )
        done = [intent for intent, result in outcomes if result.success and intent.kind == "update"]
        remember_written(application.store, done, application.now)


def _count(applied: Applied, outcomes: Outcomes) -> None:
    for intent, result in outcomes:
        if result.success:
            applied.records += intent.kind == "update"
            applied.fields += len(intent.after) if intent.kind == "update" else 0
            applied.tasks += intent.kind == "task"
        elif result.moved:
            applied.moved += 1
        else:
            words = None if result.message is None else redact(result.message)
            applied.failures.append(Failure(intent.object, intent.record, result.error_code, words))
            log.info("apply.refused", object=intent.object, record=intent.record, code=result.error_code)


def _read_back(application: Application, intents: Sequence[Intent]) -> Outcomes:
    there = found_after_loss(application.reader.query, intents)
    return [
        (
            intent,
            RowResult(intent.record, True)
            if intent.number in there
            else RowResult(intent.record, False, error_code="NOT_WRITTEN", message="the write did not arrive"),
        )
        for intent in intents
    ]


def _not_sent(intent: Intent, error: ConfigurationError | StopError | StoppedError) -> RowResult:
    code = error.code if isinstance(error, StopError) else None
    return RowResult(intent.record, False, error_code=code or NOT_SENT, message=str(error))


def _outcome(result: RowResult) -> str:
    if result.success:
        return "done"
    return "moved" if result.moved else "failed"


def _record_intent(record: RecordChange) -> Intent:
    return Intent(
        "update",
        record.object,
        record.record_id,
        {change.field: change.before for change in record.changes},
        _values(record),
        record.why,
    )


def _task_intent(task: TaskCreation) -> Intent:
    return Intent("task", "Task", task.key, {}, {TASK_KEY: task.key, **task.values}, task.why)


def _values(record: RecordChange) -> dict[str, PlainValue]:
    return {change.field: change.after for change in record.changes}


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
