"""Taking back what a run wrote to Account Engagement: fields of prospects, the native grade, list memberships."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

from connector.domain.native_grade import GRADE, LADDER
from connector.domain.plan import MembershipChange, ProspectChange
from connector.domain.running import Run
from connector.planning.undo_cells import Cell, Left, sorted_out

PROSPECTS, MEMBERSHIPS = "prospects", "list-memberships"
NO_UNIT = "the settings do not name its business unit"
NO_GRADE = "there was no native grade before, and one cannot be taken away"
NOT_READ = "the mirror has not read it yet: pull, and undo again"


class Unit(Protocol):
    """A business unit, for reading what stands there now."""

    def rows(self, collection: str, fields: Sequence[str], ids: Collection[int]) -> dict[int, Mapping[str, Any]]: ...

    def members(self, list_id: int, prospects: Collection[int]) -> set[int]: ...


@dataclass(frozen=True)
class Engagement:
    """What becomes of it."""

    prospects: tuple[ProspectChange, ...]
    memberships: tuple[MembershipChange, ...]
    left: tuple[Left, ...]


def take_back_engagement(run: Run, units: Mapping[str, Unit], run_id: str, cells: Sequence[Cell]) -> Engagement:
    """What is taken back of the cells of prospects and memberships. Reads the views of the whole mirror for lists."""
    prospects: list[ProspectChange] = []
    memberships: list[MembershipChange] = []
    left: list[Left] = []
    for (object_name, name), found in groupby(sorted(cells, key=_place), key=_place):
        mine, unit = list(found), units.get(name)
        if unit is None:
            left += [Left(NO_UNIT, one.object, one.record, one.field) for one in mine]
        elif object_name == PROSPECTS:
            changes, stays = _prospects(unit, name, run_id, mine)
            prospects += changes
            left += stays
        else:
            joined, stays = _memberships(run, unit, name, run_id, mine)
            memberships += joined
            left += stays
    return Engagement(tuple(prospects), tuple(memberships), tuple(left))


def _place(cell: Cell) -> tuple[str, str]:
    return cell.object, cell.record.partition(":")[0]


def _prospects(unit: Unit, name: str, run_id: str, cells: Sequence[Cell]) -> tuple[list[ProspectChange], list[Left]]:
    by_number = {int(key.partition(":")[2]): list(mine) for key, mine in groupby(cells, key=lambda one: one.record)}
    there = unit.rows(PROSPECTS, sorted({one.field for one in cells}), list(by_number))
    found: list[ProspectChange] = []
    left: list[Left] = []
    for number, mine in by_number.items():
        row = there.get(number)
        changes, stays = sorted_out(mine, run_id, None if row is None else _lower(row))
        left += stays
        for of_grade in (False, True):  # The native grade has a road of its own.
            part = tuple(one for one in changes if (one.field == GRADE) is of_grade)
            if of_grade and part and part[0].after not in LADDER:
                left.append(Left(NO_GRADE, PROSPECTS, f"{name}:{number}", GRADE))
            elif part:
                found.append(ProspectChange(name, str(number), "", part, f"undo of {run_id}", shared=True))
    return found, left


def _memberships(
    run: Run, unit: Unit, name: str, run_id: str, cells: Sequence[Cell]
) -> tuple[list[MembershipChange], list[Left]]:
    lists: dict[int, str] = dict(run(_LISTS, {"unit": name}))
    known = set(run(_KNOWN, {"unit": name}))
    found: list[MembershipChange] = []
    left: list[Left] = []
    for list_id, of_list in groupby(sorted(cells, key=_list), key=_list):
        mine = list(of_list)
        there = unit.members(list_id, [_prospect(one) for one in mine])
        for one in mine:
            row = {one.field.lower(): _prospect(one) in there}
            changes, stays = sorted_out([one], run_id, row)
            left += stays
            if changes and one.after is True and (list_id, _prospect(one)) not in known:
                left.append(Left(NOT_READ, one.object, one.record))
            elif changes:
                wanted, told = not one.after, str(lists.get(list_id, list_id))
                found.append(
                    MembershipChange(name, str(list_id), told, str(_prospect(one)), "", wanted, f"undo of {run_id}")
                )
    return found, left


def _list(cell: Cell) -> int:
    return int(cell.record.split(":")[2])


def _prospect(cell: Cell) -> int:
    return int(cell.record.split(":")[1])


def _lower(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in row.items()}


_LISTS = "SELECT id, name FROM whole_account_engagement_lists WHERE _unit = $unit"
_KNOWN = """
SELECT list_id, prospect_id FROM whole_account_engagement_list_memberships
WHERE _unit = $unit AND NOT coalesce(is_deleted, FALSE)
"""
