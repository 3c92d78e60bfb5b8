"""Taking back what a run wrote to Account Engagement: planned from what stands there now (WB-4, NU-2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.domain.plan import FieldChange, MembershipChange, PlainValue
from connector.planning.assemble import Basis
from connector.planning.undo import Asked, Undoing, undo_run
from connector.planning.undo_tasks import Closing
from connector.store.database import Store, memory_store
from connector.store.journal import Intent, intend
from tests.mirror_world import NOON

pytestmark = pytest.mark.requirement("WB-4", "NU-2")

UNIT = "0Uv1"


@dataclass
class Unit:
    """A business unit, for reading."""

    prospects: dict[int, dict[str, Any]] = field(default_factory=dict)
    lists: dict[int, set[int]] = field(default_factory=dict)

    def rows(self, collection: str, fields: Sequence[str], ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
        assert collection == "prospects"
        return {one: {name: self.prospects[one][name] for name in fields} for one in ids if one in self.prospects}

    def members(self, list_id: int, prospects: Collection[int]) -> set[int]:
        return self.lists.get(list_id, set()) & set(prospects)


@pytest.fixture
def store() -> Iterator[Store]:
    made = memory_store()
    made.run("SET threads = 1")
    made.run("CREATE TEMP TABLE whole_account_engagement_lists AS SELECT '0Uv1' AS _unit, 5 AS id, 'Warm' AS name")
    made.run(
        "CREATE TEMP TABLE whole_account_engagement_list_memberships AS "
        "SELECT '0Uv1' AS _unit, 5 AS list_id, 11 AS prospect_id, FALSE AS is_deleted"
    )
    yield made
    made.close()


def wrote(store: Store, kind: str, object_name: str, record: str, **cells: tuple[PlainValue, PlainValue]) -> None:
    before, after = ({name: cell[side] for name, cell in cells.items()} for side in (0, 1))
    intend(store, "run1", [Intent(kind, object_name, record, before, after, "why")], NOON)
    store.run("UPDATE journal SET outcome = 'done'")


def looked(store: Store, unit: Unit) -> Undoing:
    asked = Asked(lambda _soql: [], {UNIT: unit})
    return undo_run(store.run, asked, "run1", Basis("00D1", "h", NOON, NOON.date()), Closing())


def left(undoing: Undoing) -> list[tuple[str, str]]:
    return [(one.record, one.reason) for one in undoing.left]


def test_fields_of_prospects_come_back_where_ours_still_stands(store: Store) -> None:
    wrote(store, "prospect", "prospects", f"{UNIT}:11", score=(3, 7), track=(None, "warm"))
    wrote(store, "prospect", "prospects", f"{UNIT}:12", score=(3, 7))
    wrote(store, "prospect", "prospects", "0Uv2:13", score=(3, 7))
    undoing = looked(store, Unit({11: {"score": "7", "track": "mine"}}))
    (change,) = undoing.plan.prospects
    assert (change.unit, change.record_id, change.shared) == (UNIT, "11", True)
    assert change.changes == (FieldChange("score", 7, 3),)
    assert sorted(left(undoing)) == [
        ("0Uv1:11", "somebody changed it since"),
        ("0Uv1:12", "the record is not there any more"),
        ("0Uv2:13", "the settings do not name its business unit"),
    ]


@pytest.mark.requirement("GR-3")
def test_the_native_grade_goes_by_its_own_road_and_is_never_emptied(store: Store) -> None:
    wrote(store, "native_grade", "prospects", f"{UNIT}:11", grade=("C+", "A"))
    wrote(store, "native_grade", "prospects", f"{UNIT}:12", grade=(None, "A"))
    wrote(store, "prospect", "prospects", f"{UNIT}:11", score=(3, 7))
    undoing = looked(store, Unit({11: {"grade": "A", "score": 7}, 12: {"grade": "A", "score": None}}))
    assert [one.changes for one in undoing.plan.prospects] == [
        (FieldChange("score", 7, 3),),
        (FieldChange("grade", "A", "C+"),),
    ]
    assert [record for record, _ in left(undoing)] == [f"{UNIT}:12"]


def test_who_was_put_onto_a_list_leaves_it_and_who_was_taken_off_comes_back(store: Store) -> None:
    for prospect, wanted in ((11, True), (12, False), (13, True), (14, True)):
        wrote(store, "membership", "list-memberships", f"{UNIT}:{prospect}:5", member=(not wanted, wanted))
    undoing = looked(store, Unit(lists={5: {11, 14}}))
    assert undoing.plan.memberships == (
        MembershipChange(UNIT, "5", "Warm", "11", "", False, "undo of run1"),
        MembershipChange(UNIT, "5", "Warm", "12", "", True, "undo of run1"),
    )
    assert sorted(left(undoing)) == [
        (f"{UNIT}:13:5", "somebody changed it since"),
        (f"{UNIT}:14:5", "the mirror has not read it yet: pull, and undo again"),
    ]
