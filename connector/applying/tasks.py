"""Making tasks: each found again by its key, however often it is sent, and only where the org still allows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import structlog

from connector.applying.application import Application, Applied
from connector.applying.consent import forbidden, in_order
from connector.applying.effect import ROWS_A_CALL, Call, Effect, batches
from connector.applying.keyed_tasks import TASK_KEY, make_tasks
from connector.applying.refusals import OWNERS
from connector.applying.settling import found_tasks
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan, TaskCreation
from connector.store.journal import Intent, tasks_made

UNOWNED = "its owner may own none"

log = structlog.get_logger()


def _calls(application: Application, plan: Plan) -> Iterator[Call]:
    # To send a task again would undo what its rep has done with it since: this plan may have been carried out before.
    made = tasks_made(application.store, [task.key for task in plan.tasks])
    for batch in batches(in_order([task for task in plan.tasks if task.key not in made]), ROWS_A_CALL):
        allowed = _allowed(application, batch)
        if allowed:
            yield [_intent(task) for task in allowed], send_tasks


def _allowed(application: Application, tasks: Sequence[TaskCreation]) -> Sequence[TaskCreation]:
    """Those that the org allows at this moment; the others are counted, and the next plan decides anew."""
    if application.off is not None:
        return tasks
    reasons = forbidden(application.reader.query, application.asked, tasks)
    application.applied.forbidden.update(reasons.values())
    for key, reason in sorted(reasons.items()):
        log.info("apply.forbidden", task=key, why=reason)
    return [task for task in tasks if task.key not in reasons]


def _intent(task: TaskCreation) -> Intent:
    return Intent("task", "Task", task.key, {}, {TASK_KEY: task.key, **task.values}, task.why, person_id=task.person_id)


def send_tasks(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    """Makes tasks by their keys."""
    return make_tasks(application, intents)


def _found(application: Application, intents: Sequence[Intent]) -> set[int]:
    # One that a rep has deleted since was made all the same: it does not come back.
    return found_tasks(partial(application.reader.query, deleted=True), intents)


def _otherwise(intent: Intent, code: str) -> Intent | None:
    """A task whose owner may own none goes to our own user: better in a list that somebody looks at than nowhere."""
    if code not in OWNERS or "OwnerId" not in intent.after:
        return None
    values = {name: value for name, value in intent.after.items() if name != "OwnerId"}
    return replace(intent, after=values, why=f"{intent.why}; {UNOWNED}")


def _count(applied: Applied, intent: Intent) -> None:
    applied.tasks += 1
    applied.unowned += intent.why.endswith(UNOWNED)


TASKS = Effect("task", _calls, _found, _count, otherwise=_otherwise)
