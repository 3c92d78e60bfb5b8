"""Apply: the only road to a remote write. Intent is journalled before a call, the outcome after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NoReturn

import structlog

from connector.applying.application import Application, Applied, Failure
from connector.applying.effect import ROWS_A_CALL, Effect, Send, batches
from connector.applying.overtaken import without_overtaken
from connector.applying.records import UPDATES
from connector.applying.tasks import TASKS
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan
from connector.errors import ConfigurationError, RefusedError, RetryError, StopError, StoppedError
from connector.redaction import redact
from connector.store.decisions import record_ends, record_starts, record_transitions
from connector.store.journal import Intent, intend, remember_written, settle, unsettled

NOT_SENT = "NOT_SENT"
"""The code of rows whose whole call was refused for a reason that has none."""

WRITES_OFF = "WRITES_OFF"
"""The code of rows that were left because somebody switched writes off in the middle."""

EFFECTS: Mapping[str, Effect] = {effect.kind: effect for effect in (UPDATES, TASKS)}
"""Every kind of effect by its word in the journal, in the order in which an apply carries them out."""

log = structlog.get_logger()


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
    calls = chain.from_iterable(effect.calls(application, plan) for effect in EFFECTS.values())
    left = [intent for batch, send in calls for intent in _send_unless_off(application, batch, send)]
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
    for batch in batches(open_intents, ROWS_A_CALL):
        _record_outcomes(application, _read_back(application, batch))
    if open_intents:
        log.info("apply.settled", intents=len(open_intents))
    return len(open_intents)


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


Outcomes = Sequence[tuple[Intent, RowResult]]


def _record_outcomes(application: Application, outcomes: Outcomes) -> None:
    """Journals outcomes, and keeps what we wrote as the base of the next comparison."""
    with application.store.transaction():
        settle(
            application.store,
            [(intent.number, _outcome(result), result) for intent, result in outcomes],
            application.now,
        )
        done = [intent for intent, result in outcomes if result.success and EFFECTS[intent.kind].sets_fields]
        remember_written(application.store, done, application.now)


def _count(applied: Applied, outcomes: Outcomes) -> None:
    for intent, result in outcomes:
        if result.success:
            EFFECTS[intent.kind].count(applied, intent)
        elif result.moved:
            applied.moved += 1
        else:
            words = None if result.message is None else redact(result.message)
            applied.failures.append(Failure(intent.object, intent.record, result.error_code, words))
            log.info("apply.refused", object=intent.object, record=intent.record, code=result.error_code)


def _read_back(application: Application, intents: Sequence[Intent]) -> Outcomes:
    kinds = {intent.kind for intent in intents}
    there = set[int]().union(
        *(EFFECTS[kind].found(application, [one for one in intents if one.kind == kind]) for kind in sorted(kinds))
    )
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
