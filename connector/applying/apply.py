"""Apply: the only road to a remote write. Intent is journalled before a call, the outcome after it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import NoReturn

import structlog

from connector.applying.application import Application, Applied, Failure
from connector.applying.bulk_records import STILL_RUNNING, ask_jobs
from connector.applying.closings import CLOSINGS
from connector.applying.deletions import DELETIONS
from connector.applying.effect import ROWS_A_CALL, Effect, Send, batches
from connector.applying.forecast import finished_early, tell_ahead
from connector.applying.imports import ask_imports
from connector.applying.memberships import LIST_MEMBERSHIPS
from connector.applying.native_grades import NATIVE_GRADES
from connector.applying.opportunities import OPPORTUNITIES
from connector.applying.overtaken import without_overtaken
from connector.applying.prospects import PROSPECT_FIELDS
from connector.applying.records import UPDATES
from connector.applying.refusals import refusal, remedy
from connector.applying.tasks import TASKS
from connector.applying.units import prospect_key
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan
from connector.errors import BudgetSpentError, ConfigurationError, RefusedError, RetryError, StopError, StoppedError
from connector.http.outcome import UnknownOutcomeError
from connector.redaction import redact
from connector.store.decisions import record_ends, record_starts, record_transitions
from connector.store.failures import Failed, drop_unwanted, keep_failures, resolve
from connector.store.journal import Intent, intend, open_numbers, remember_written, settle, unsettled
from connector.store.undoing import hold, note_undo

NOT_SENT = "NOT_SENT"
"""The code of rows whose whole call was refused for a reason that has none."""

UNNAMED = "UNKNOWN"
"""The code of rows that were refused without one."""

ROWS_ONCE_MORE = 20
"""So few records are locked together for a short time only."""

WRITES_OFF = "WRITES_OFF"
"""The code of rows that were left because somebody switched writes off in the middle."""

ENGAGEMENT = (PROSPECT_FIELDS, NATIVE_GRADES, LIST_MEMBERSHIPS)

_OF_SALESFORCE = (UPDATES, CLOSINGS, DELETIONS, OPPORTUNITIES, TASKS)
EFFECTS: Mapping[str, Effect] = {effect.kind: effect for effect in (*_OF_SALESFORCE, *ENGAGEMENT)}
"""Every kind of effect by its word in the journal, in the order in which an apply carries them out."""

log = structlog.get_logger()


def apply_plan(application: Application, plan: Plan) -> Applied:
    """Carries out a plan that was checked to fit: decisions into the ledger, records, then tasks.

    Rows that the platform refuses are kept as failures and do not stop the others. Raises RetryError when the
    remote is lost in the middle; the next apply settles what is unknown by reading back. Raises RefusedError when
    writes are switched off, which is looked at before each call; what is left then stands in the journal. Raises
    BudgetSpentError when the calls of the day end in between: what fitted is written, each record whole or not at all.
    """
    store, run_id, now = application.store, application.run_id, application.now
    # Of what was in doubt until now the plan did not know what stands there.
    in_doubt = open_numbers(store)
    settle_open_intents(application)
    wanted = plan
    plan, application.applied.moved = without_overtaken(store, plan, in_doubt)
    with store.transaction():
        record_starts(store, run_id, plan.starts, now)
        record_ends(store, plan.ends, now)
        record_transitions(store, run_id, plan.transitions, now)
        note_undo(store, run_id, plan.undoes, now)
    try:
        left = _carry_out(application, plan)
    except BudgetSpentError as error:
        raise finished_early(application, plan, error) from error
    if left:
        _leave(application, left)
    _drop_unwanted(application, wanted)
    log.info(
        "apply.done",
        records=application.applied.records,
        tasks=application.applied.tasks,
        moved=application.applied.moved,
        failed=len(application.applied.failures),
    )
    return application.applied


def _carry_out(application: Application, plan: Plan) -> list[Intent]:
    """Every call in order. Answers what is left when writes are switched off in between."""
    tell_ahead(application, plan)
    calls = chain.from_iterable(effect.calls(application, plan) for effect in EFFECTS.values())
    left = [intent for batch, send in calls for intent in _send_unless_off(application, batch, send)]
    return left + _once_more(application)


def settle_open_intents(application: Application) -> int:
    """Finds out what became of writes whose answers were lost, by reading them back. Answers how many there were.

    They belong to the run that made them: they count neither as changes nor as failures of this one. What did not
    arrive is planned anew.
    """
    open_intents = unsettled(application.store)
    asked, others = ask_jobs(application, open_intents)
    imported, others = ask_imports(application, others)
    _record_outcomes(application, [*asked, *imported])
    for batch in batches(others, ROWS_A_CALL):
        _record_outcomes(application, _found_or_not(application, batch))
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
    except UnknownOutcomeError as error:
        _settle_known(application, numbered, error)
        raise
    except RetryError:
        _record_outcomes(application, _read_back(application, numbered))
        raise
    except (ConfigurationError, StopError, StoppedError) as error:
        # Surely nothing was written. Left open, its fields would be asked for before every later apply, and refused.
        _record_outcomes(application, [(intent, _not_sent(intent, error)) for intent in numbered])
        raise
    outcomes = list(zip(numbered, results, strict=True))
    _take(application, outcomes, send)
    application.progress(len(numbered))


Outcomes = Sequence[tuple[Intent, RowResult]]


def _take(application: Application, outcomes: Outcomes, send: Send) -> None:
    """Journals and counts what came of a call; rows that may go through in another round wait for it."""
    again = {intent.number: one for intent, result in outcomes if (one := _another_try(application, intent, result))}
    refused = [pair for pair in outcomes if _is_refused(pair[1]) and pair[0].number not in again]
    with application.store.transaction():
        _record_outcomes(application, outcomes, again)
        failed = [_failed(intent, result) for intent, result in refused]
        keep_failures(application.store, failed, remedy, application.run_id, application.now)
    application.again += [(one, send) for one in again.values()]
    _count(application.applied, [pair for pair in outcomes if pair[0].number not in again])


def _another_try(application: Application, intent: Intent, result: RowResult) -> Intent | None:
    """What of a refused row is sent once more in this apply: as it is when somebody had locked it, or otherwise."""
    if application.last_round or not _is_refused(result):
        return None
    code = result.error_code or ""
    return intent if refusal(code).remedy == "now" else EFFECTS[intent.kind].otherwise(intent, code)


def _once_more(application: Application) -> list[Intent]:
    """The other round: in smaller calls, rows of one parent together. What is left when writes are switched off."""
    application.last_round = True
    rows = sorted(application.again, key=lambda pair: (pair[0].kind, pair[0].object, pair[0].record))
    application.again = []
    left = []
    for send in dict.fromkeys(send for _intent, send in rows):
        for _object, mine in groupby((one for one, its in rows if its == send), lambda intent: intent.object):
            for batch in batches(list(mine), ROWS_ONCE_MORE):
                left += _send_unless_off(application, list(batch), send)
    return left


def _settle_known(application: Application, numbered: Sequence[Intent], error: UnknownOutcomeError) -> None:
    """Takes what is known of a call whose answer was lost in part, and reads back the rest of what was sent."""
    doubtful = set(error.unknown) or (set(range(len(numbered))) - set(error.results))
    known = [(numbered[place], result) for place, result in error.results.items() if place not in doubtful]
    unsent = [
        (intent, RowResult(intent.record, False, error_code=NOT_SENT, message=str(error)))
        for place, intent in enumerate(numbered)
        if place not in doubtful and place not in error.results
    ]
    _record_outcomes(application, [*known, *unsent])
    _record_outcomes(application, _read_back(application, [numbered[place] for place in sorted(doubtful)]))


def _record_outcomes(application: Application, outcomes: Outcomes, again: Container[int] = ()) -> None:
    """Journals outcomes, and keeps what we wrote as the base of the next comparison. What still runs stays open."""
    outcomes = [(intent, result) for intent, result in outcomes if result.error_code != STILL_RUNNING]
    with application.store.transaction():
        settle(
            application.store,
            [
                (intent.number, "again" if intent.number in again else _outcome(result), result)
                for intent, result in outcomes
            ],
            application.now,
        )
        done = [intent for intent, result in outcomes if result.success]
        resolve(application.store, done)
        values = [intent for intent in done if EFFECTS[intent.kind].sets_fields]
        remember_written(application.store, values, application.now)
        hold(application.store, values, application.now)


def _count(applied: Applied, outcomes: Outcomes) -> None:
    for intent, result in outcomes:
        if result.success:
            EFFECTS[intent.kind].count(applied, intent)
        elif result.moved:
            applied.moved += 1
        elif result.error_code == STILL_RUNNING:
            applied.waiting += 1
        else:
            applied.failures.append(Failure(intent.object, intent.record, result.error_code, _words(result)))
            log.info("apply.refused", object=intent.object, record=intent.record, code=result.error_code)


def _is_refused(result: RowResult) -> bool:
    return not result.success and not result.moved and result.error_code != STILL_RUNNING


def _failed(intent: Intent, result: RowResult) -> Failed:
    named = {name.lower() for name in result.fields}
    fields = tuple(name for name in intent.after if name.lower() in named)
    return Failed(intent, result.error_code or UNNAMED, _words(result), fields)


def _words(result: RowResult) -> str | None:
    """The platform's own words, less the addresses and numbers in them."""
    return None if result.message is None else redact(result.message)


def _drop_unwanted(application: Application, plan: Plan) -> None:
    """Drops the failures of what the plan does not want any more. A plan that takes a run back says nothing of it."""
    if plan.undoes is None:
        kinds = (effect.kind for effect in (UPDATES, CLOSINGS, OPPORTUNITIES, TASKS, PROSPECT_FIELDS))
        drop_unwanted(application.store, kinds, lambda: _wanted(plan), plan.made_at)


def _wanted(plan: Plan) -> set[str]:
    """The records and the keys of tasks for which a plan wants something, also what waits in it."""
    waiting = {one.record_id for one in plan.refused} | {one.record_id for one in plan.closings}
    waiting |= {prospect_key(one.unit, one.record_id) for one in plan.prospects}
    waiting |= {one.key for one in plan.opportunities}
    return waiting | {record.record_id for record in plan.records} | {task.key for task in plan.tasks}


def _read_back(application: Application, intents: Sequence[Intent]) -> Outcomes:
    asked, others = ask_jobs(application, intents)
    imported, others = ask_imports(application, others)
    found = chain.from_iterable(_found_or_not(application, batch) for batch in batches(others, ROWS_A_CALL))
    return [*asked, *imported, *found]


def _found_or_not(application: Application, intents: Sequence[Intent]) -> Outcomes:
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
