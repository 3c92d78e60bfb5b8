"""The single values that a run wrote, and whether each can be put back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from sys import intern
from typing import Any

from connector.domain.plan import FieldChange, PlainValue
from connector.planning.read_back import Row, stands
from connector.planning.undo_tasks import WORKED_ON, is_somebodys

CHANGED = "somebody changed it since"
CONVERTED = "the lead was converted since"
GONE = "the record is not there any more"
NOT_KNOWN = "what stood there before is not known"
PUT_AWAY = "the journal does not keep its values any more"
FORGOTTEN = "the person was forgotten"
DEAL_STAYS = "field sales may count on it: delete it in the org if nobody does"
NOT_ENDED = "it is not known yet whether it arrived: undo again later"


@dataclass(frozen=True, order=True)
class Left:
    """Something that a run did and that stays, and why. `field` is empty where it is the whole record or task."""

    reason: str
    object: str
    record: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A field that the run wrote. `known`: whether `before` is what stood there. `written_by`: who wrote it last."""

    object: str
    record: str
    field: str
    known: bool
    before: PlainValue
    after: PlainValue
    written_by: str


def cell(row: tuple[Any, ...]) -> Cell:
    """A cell as the journal tells it: object, record, field, what stood there, what was written (JSON), by whom."""
    object_name, record, field, before, after, written_by = row
    value = None if before["value"] is None else json.loads(before["value"])
    # The same names come in every row: each is held once.
    names = intern(object_name), record, intern(field)
    return Cell(*names, bool(before["known"]), value, json.loads(after), intern(written_by))


def why_not(cell: Cell, run_id: str, row: Row | None) -> str | None:
    """Why a field is left alone; None where it is put back. `row`: the record as it stands now, None where gone."""
    if cell.written_by != run_id:
        return f"written again by run {cell.written_by}"
    if row is None:
        return GONE
    if not stands(cell.after, row.get(cell.field.lower())):
        return CHANGED
    if cell.object == "Task" and is_somebodys(row):
        return WORKED_ON
    if row.get("isconverted"):
        return CONVERTED
    return None if cell.known else NOT_KNOWN


def sorted_out(cells: Iterable[Cell], run_id: str, row: Row | None) -> tuple[tuple[FieldChange, ...], list[Left]]:
    """Of the cells of one record: the changes that put them back, and those that stay."""
    verdicts = [(one, why_not(one, run_id, row)) for one in cells]
    left = [Left(reason, one.object, one.record, one.field) for one, reason in verdicts if reason]
    free = [one for one, reason in verdicts if not reason and one.before != one.after]
    return tuple(FieldChange(one.field, one.after, one.before) for one in free), left
