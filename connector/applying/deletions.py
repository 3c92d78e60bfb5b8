"""Taking away tasks of ours that nobody worked on, as only an undo does; closed where the org lets us delete none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from connector.applying.application import Application, Applied
from connector.applying.closings import CLOSE
from connector.applying.effect import Call, Effect, batches
from connector.applying.keyed_tasks import TASK_KEY
from connector.applying.records import send_unmodified
from connector.applying.settling import quoted
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan, TaskDeletion
from connector.store.journal import Intent

DELETE = "delete"
ROWS_A_CALL = 25
"""As many as can be closed instead in one call, where the org refuses."""

_NO_RIGHT = ("INSUFFICIENT_ACCESS", "DELETE_FAILED", "CANNOT_DELETE")
"""How codes begin by which the org says that we may not delete the record."""


def _calls(_application: Application, plan: Plan) -> Iterator[Call]:
    for chosen in batches(plan.deletions, ROWS_A_CALL):
        yield [_intent(one) for one in chosen], _send


def _intent(deletion: TaskDeletion) -> Intent:
    """Beside `IsDeleted` stand the values that close the task, should that be what the org lets us do."""
    return Intent(
        DELETE,
        "Task",
        deletion.record_id,
        {TASK_KEY: deletion.key, **{change.field: change.before for change in deletion.or_closed}},
        {"IsDeleted": True, **{change.field: change.after for change in deletion.or_closed}},
        deletion.why,
        person_id=deletion.person_id,
        seen=deletion.seen_modified_at,
    )


def _send(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    """Deletes, or closes what could not be deleted before; each task only if nobody touched it since we saw it."""
    results: dict[int, RowResult] = {}
    for kind, mine in groupby(intents, key=lambda intent: intent.kind):
        chosen = list(mine)
        send = _delete if kind == DELETE else send_unmodified
        results |= {one.number: result for one, result in zip(chosen, send(application, chosen), strict=True)}
    return [results[intent.number] for intent in intents]


def _delete(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    # The org deletes on no condition, so that each task is looked at right before.
    now = _there(application, intents, "Id, LastModifiedDate")
    free = [intent for intent in intents if _untouched(intent, now.get(intent.record))]
    answers = application.writer.delete([intent.record for intent in free]) if free else []
    said = {intent.number: answer for intent, answer in zip(free, answers, strict=True)}
    return [said.get(intent.number) or RowResult(intent.record, False, moved=True) for intent in intents]


def _there(application: Application, intents: Sequence[Intent], fields: str) -> dict[str, Mapping[str, Any]]:
    ids = ", ".join(f"'{quoted(intent.record)}'" for intent in intents)
    rows = application.reader.query(f"SELECT {fields} FROM Task WHERE Id IN ({ids})")
    return {str(row["Id"]): row for row in rows}


def _untouched(intent: Intent, row: Mapping[str, Any] | None) -> bool:
    if row is None or intent.seen is None:
        return False
    told = row["LastModifiedDate"]
    modified = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
    return modified.astimezone(UTC) <= intent.seen


def _otherwise(intent: Intent, code: str) -> Intent | None:
    """The same task closed, where the org does not let us delete it."""
    if intent.kind != DELETE or not code.startswith(_NO_RIGHT) or len(intent.after) == 1:
        return None
    after = {field: value for field, value in intent.after.items() if field != "IsDeleted"}
    return replace(intent, kind=CLOSE, after=after, before={field: intent.before.get(field) for field in after})


def _found(application: Application, intents: Sequence[Intent]) -> set[int]:
    """Those whose task is not there any more."""
    there = _there(application, intents, "Id")
    return {intent.number for intent in intents if intent.record not in there}


def _count(applied: Applied, _intent: Intent) -> None:
    applied.deleted += 1


DELETIONS = Effect(DELETE, _calls, _found, _count, otherwise=_otherwise)
