"""What is not planned while a remote does not show a field: nothing is written to what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from connector.domain.hidden import HiddenField
from connector.domain.plan import TaskCreation, Withheld
from connector.rules.fields import Fields, ObjectFields

CONSENT = frozenset({"opted_out", "do_not_call", "do_not_email"})
KEY = ("salesforce.Task", "key")
PROSPECTS, MEMBERSHIPS = "account_engagement.prospects", "account_engagement.list_memberships"


def writable(fields: Fields, hidden: Iterable[HiddenField]) -> Fields:
    """The mapping without the written fields that are hidden; what it reads stays."""
    away = {(one.stream, one.field) for one in hidden}
    if away & _needed_for_lists(fields):
        away.add((MEMBERSHIPS, ""))
    shown = {remote: _shown(fields.objects(remote), remote, away) for remote in ("salesforce", "account_engagement")}
    grade = {} if away & {(PROSPECTS, "grade"), (PROSPECTS, "")} else fields.native_grade
    return fields.model_copy(update={**shown, "native_grade": grade, "streams": fields.streams})


def _shown(objects: Mapping[str, ObjectFields], remote: str, away: Set[tuple[str, str]]) -> dict[str, ObjectFields]:
    return {
        name: entry.model_copy(
            update={
                "write": {
                    field: write
                    for field, write in entry.write.items()
                    if not away & {(_stream(remote, name), field), (_stream(remote, name), "")}
                }
            }
        )
        for name, entry in objects.items()
    }


def _stream(remote: str, name: str) -> str:
    return f"{remote}.{name.replace('-', '_')}"


def _needed_for_lists(fields: Fields) -> set[tuple[str, str]]:
    """Without what people allow, and without how memberships stand, nobody is put onto a list or taken off one."""
    return {
        (mapped.stream.name, field)
        for mapped in fields.streams
        for column in mapped.columns
        if mapped.stream.name == MEMBERSHIPS or (mapped.stream.name == PROSPECTS and column.name in CONSENT)
        for field in (column.field, "")
    }


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
