"""Making tasks: each found again by its key, however often it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.applying.application import Application, Applied
from connector.applying.effect import ROWS_A_CALL, Call, Effect, batches
from connector.applying.settling import found_tasks
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan, TaskCreation
from connector.store.journal import Intent, tasks_made

TASK_KEY = "Connector_Key__c"


def _calls(application: Application, plan: Plan) -> Iterator[Call]:
    # To send a task again would undo what its rep has done with it since: this plan may have been carried out before.
    made = tasks_made(application.store, [task.key for task in plan.tasks])
    for tasks in batches([task for task in plan.tasks if task.key not in made], ROWS_A_CALL):
        yield [_intent(task) for task in tasks], _send


def _intent(task: TaskCreation) -> Intent:
    return Intent("task", "Task", task.key, {}, {TASK_KEY: task.key, **task.values}, task.why)


def _send(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    return application.writer.upsert("Task", TASK_KEY, [dict(intent.after) for intent in intents])


def _found(application: Application, intents: Sequence[Intent]) -> set[int]:
    return found_tasks(application.reader.query, intents)


def _count(applied: Applied, _intent: Intent) -> None:
    applied.tasks += 1


TASKS = Effect("task", _calls, _found, _count)
