"""Tasks that are made once, whatever the org allows their key to be.

Where the key is an external id that is unique, the org finds the task by it: an upsert makes it or leaves it one.
Where it is not, an upsert may be refused, or match nothing that our user does not see, or several: then the tasks are
looked for by their keys first, deleted ones too, and only those that are not there are created.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from connector.applying.application import Application
from connector.applying.settling import quoted
from connector.domain.outcome import RowResult
from connector.errors import StopError
from connector.http.outcome import UnknownOutcomeError
from connector.salesforce.description import Description
from connector.store.journal import Intent

TASK_KEY = "Connector_Key__c"


class Describer(Protocol):
    def describe(self, object_name: str) -> Description: ...


def key_is_unique(describer: Describer) -> bool:
    """Whether the org itself sees to it that no two tasks have one key. A question once a process."""
    there = {name.lower(): entry for name, entry in describer.describe("Task").fields.items()}
    key = there.get(TASK_KEY.lower())
    if key is None:
        raise StopError(
            f"The org shows no field {TASK_KEY} on Task: no task was made. "
            "`connector check --live` says what is missing."
        )
    return key.external_id and key.unique


def make_tasks(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    """Makes tasks by their keys; one result a row, in their order. A task that is there already stays as it is."""
    rows: list[dict[str, Any]] = [dict(intent.after) for intent in intents]
    if application.key_is_unique():
        return application.writer.upsert("Task", TASK_KEY, rows)
    there = _there(application, intents)
    missing = [row for intent, row in zip(intents, rows, strict=True) if intent.record not in there]
    try:
        made = iter(application.writer.create("Task", missing) if missing else ())
    except UnknownOutcomeError as error:
        # Its places are of the rows that were sent; by their keys all of them are found.
        raise UnknownOutcomeError(str(error), error.again_after) from error
    return [RowResult(there[intent.record], True) if intent.record in there else next(made) for intent in intents]


def _there(application: Application, intents: Sequence[Intent]) -> dict[str, str]:
    """Key → id of the tasks that exist or existed."""
    keys = ", ".join(f"'{quoted(intent.record)}'" for intent in intents)
    soql = f"SELECT Id, {TASK_KEY} FROM Task WHERE {TASK_KEY} IN ({keys})"
    return {str(row[TASK_KEY]): str(row["Id"]) for row in application.reader.query(soql, deleted=True)}
