"""Closing tasks of ours: each only if nobody touched it since the plan was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.applying.application import Application, Applied
from connector.applying.effect import Call, Effect
from connector.applying.records import calls_for
from connector.domain.plan import Plan
from connector.store.journal import Intent, tasks_closed

CLOSE = "close"


def _calls(application: Application, plan: Plan) -> Iterator[Call]:
    # This plan may have been carried out before; what somebody has opened again since is theirs.
    closed = tasks_closed(application.store, [one.record_id for one in plan.closings])
    yield from calls_for(application, [one for one in plan.closings if one.record_id not in closed], CLOSE)


def _found(application: Application, intents: Sequence[Intent]) -> set[int]:
    """Those whose task shows our word, set by ourselves: we made the task, so its maker is us.

    A task that a rep ticked off in the same moment is the rep's: it counts as done, ours would not.
    """
    ids = ", ".join(f"'{intent.record}'" for intent in intents)
    rows = application.reader.query(f"SELECT Id, Status, CreatedById, LastModifiedById FROM Task WHERE Id IN ({ids})")
    ours = {row["Id"]: row["Status"] for row in rows if row["CreatedById"] == row["LastModifiedById"]}
    return {intent.number for intent in intents if ours.get(intent.record) == intent.after["Status"]}


def _count(applied: Applied, _intent: Intent) -> None:
    applied.closed += 1


CLOSINGS = Effect(CLOSE, _calls, _found, _count)
