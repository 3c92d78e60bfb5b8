"""What is not planned while a remote does not show a field: nothing is written to what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable

from connector.domain.hidden import HiddenField
from connector.domain.plan import TaskCreation, Withheld
from connector.rules.fields import Fields

CONSENT = frozenset({"opted_out", "do_not_call", "do_not_email"})
KEY = ("salesforce.Task", "key")


def writable(fields: Fields, hidden: Iterable[HiddenField]) -> Fields:
    """The mapping without the written fields that are hidden; what it reads stays."""
    away = {(one.stream, one.field) for one in hidden}
    salesforce = {
        name: entry.model_copy(
            update={
                "write": {
                    field: write
                    for field, write in entry.write.items()
                    if not away & {(f"salesforce.{name}", field), (f"salesforce.{name}", "")}
                }
            }
        )
        for name, entry in fields.salesforce.items()
    }
    return fields.model_copy(update={"salesforce": salesforce, "streams": fields.streams})


def why_no_tasks(fields: Fields, hidden: Iterable[HiddenField]) -> str | None:
    """What the persons wait for, where no task may be made: what they allow, or which tasks there are, is not shown."""
    away = {(one.stream, one.field) for one in hidden}
    for mapped in fields.streams:
        for column in mapped.columns:
            needed = column.name in CONSENT or (mapped.stream.name, column.name) == KEY
            if needed and (mapped.stream.name, column.field) in away:
                return f"waits until {mapped.stream.name} shows `{column.field}` again"
    return None


def withheld(tasks: Iterable[TaskCreation], why: str) -> list[Withheld]:
    """The tasks as such that are not made."""
    return [Withheld(task.person_id, ":".join(task.key.split(":")[-2:]), why) for task in tasks]
