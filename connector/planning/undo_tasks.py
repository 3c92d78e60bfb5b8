"""Taking back the tasks that a run made: closed, or deleted where that was asked for, save where somebody worked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connector.domain.plan import FieldChange, PlainValue, RecordChange, TaskDeletion
from connector.planning.desired import Language
from connector.planning.read_back import Query, Row, instant, read_back, stands
from connector.planning.tasks import SUBJECT_LENGTH

KEY = "Connector_Key__c"
GONE = "the task is not there any more"
CLOSED = "the task is closed already"
WORKED_ON = "somebody worked on the task"
NO_WORD = "fields.yaml names no status for tasks that are over (tasks.closed_status)"
SETTLING = timedelta(minutes=1)
"""So long after a task was made the org's own automation may still set something in it."""

_WORDS: Mapping[Language, str] = {"ja": "取消：", "en": "Taken back: "}


@dataclass(frozen=True)
class Closing:
    """How tasks are taken back: by a status that stands for closed, where there is one, or `deleted`."""

    status: str | None = "Completed"
    language: Language = "ja"
    deleted: bool = False


@dataclass(frozen=True)
class Made:
    """A task that a run made: its key, the values that were sent, and whose it is."""

    key: str
    sent: Mapping[str, PlainValue]
    person: str = ""


@dataclass(frozen=True)
class Tasks:
    """What becomes of tasks. `left`: key and reason. `worked_on`: keys of those that are in somebody's hands."""

    closings: tuple[RecordChange, ...]
    deletions: tuple[TaskDeletion, ...]
    left: tuple[tuple[str, str], ...]
    worked_on: frozenset[str]


def take_back(query: Query, run_id: str, made: Sequence[Made], again: Collection[str], closing: Closing) -> Tasks:
    """What becomes of the tasks. `again`: ids and keys of those taken back before, of which nothing is said."""
    known = [one for one in made if one.key not in again]
    fields = sorted({field for one in known for field in one.sent})
    there = {str(row[KEY.lower()]): row for row in read_back(query, "Task", KEY, [one.key for one in known], fields)}
    closings, deletions, left, worked_on = [], [], [], set()
    for one in known:
        row = there.get(one.key)
        if row is not None and row["id"] in again:
            continue
        reason = _why_not(one, row, closing)
        if row is None or reason:
            left.append((one.key, reason or GONE))
            worked_on |= {one.key} if row is not None else set()
        elif closing.deleted:
            deletions.append(_deletion(one, row, run_id, closing))
        else:
            changes = _closed(row, closing)
            closings.append(
                RecordChange("Task", str(row["id"]), one.person, changes, f"undo of {run_id}", True, instant(row))
            )
    return Tasks(tuple(closings), tuple(deletions), tuple(left), frozenset(worked_on))


def _why_not(made: Made, row: Row | None, closing: Closing) -> str | None:
    """Why a task is left alone; None where it is as we made it and can be taken back."""
    if row is None:
        return GONE
    if row.get("isclosed"):
        return CLOSED
    created, modified = instant(row, "createddate"), instant(row)
    later = created is not None and modified is not None and modified - created > SETTLING
    as_sent = all(stands(value, row.get(field.lower())) for field, value in made.sent.items())
    if is_somebodys(row) or later or not as_sent:
        return WORKED_ON
    return NO_WORD if closing.status is None and not closing.deleted else None


def is_somebodys(row: Row) -> bool:
    """Whether somebody else has saved a task of ours last: whoever made it is us."""
    return bool(row.get("lastmodifiedbyid") != row.get("createdbyid"))


def _deletion(made: Made, row: Row, run_id: str, closing: Closing) -> TaskDeletion:
    instead = _closed(row, closing)
    return TaskDeletion(str(row["id"]), made.key, made.person, f"undo of {run_id}", instant(row), instead)


def _closed(row: Row, closing: Closing) -> tuple[FieldChange, ...]:
    """Closed with a word before its subject: in the history of the lead it is no call that somebody made."""
    if closing.status is None:
        return ()
    subject = f"{_WORDS[closing.language]}{row.get('subject') or ''}"[:SUBJECT_LENGTH]
    return (
        FieldChange("Status", row.get("status"), closing.status),
        FieldChange("Subject", row.get("subject"), subject),
    )
