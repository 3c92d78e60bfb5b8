"""After an undo the next plans do nothing of it again by themselves, and everything new as always (WB-4, WB-7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from connector.domain.plan import UNDONE, Plan, RunEnd
from connector.store.decisions import record_ends, record_starts
from tests.planning_world import DAY, MONDAY, PlanningWorld, lead_of
from tests.unit.test_planning_toss_up import CRITERIA, follow, heard, rules_of, tossed

pytestmark = pytest.mark.requirement("WB-4", "WB-7")


@pytest.fixture(scope="module")
def module_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    follow(world, rules_of(tmp_path_factory.mktemp("rules")))
    yield world
    world.store.close()


@pytest.fixture
def world(module_world: PlanningWorld) -> PlanningWorld:
    module_world.empty()
    for table in ("hearing", "opportunities", "held"):
        module_world.store.run(f"DELETE FROM {table}")
    return module_world


def undone(world: PlanningWorld, plan: Plan, at: datetime) -> None:
    """The plan was carried out, and taken back."""
    record_starts(world.store, "run1", plan.starts, plan.as_of)
    record_ends(world.store, plan.ends, plan.as_of)
    record_ends(world.store, [RunEnd(one.person_id, one.cadence, one.start_date, UNDONE) for one in plan.starts], at)


def hold(world: PlanningWorld, person: str, field: str, value: str) -> None:
    row = {"object": "Lead", "record_id": lead_of(person), "field": field, "value": value}
    world.insert("held", {**row, "since": MONDAY, "run_id": "run1"})


@pytest.mark.requirement("TU-2")
def test_follow_ups_and_hand_overs_do_not_begin_again_for_the_same_reason(world: PlanningWorld) -> None:
    """P1 crossed the threshold; P2 met the criteria of the toss-up, and may be handed over once they were not met."""
    world.person("P1", demos=20)
    world.person("P2")
    heard(world, "P2", len(CRITERIA))
    first = world.plan()
    assert ([one.person_id for one in first.starts], tossed(first)) == (["P1", "P2"], ["P2"])
    undone(world, first, MONDAY + DAY)
    later = world.plan(MONDAY + 2 * DAY)
    assert (later.starts, later.ends, later.tasks) == ((), (), ())
    assert world.store.run("SELECT person_id, state FROM toss_ups") == [("P2", "declined")]
    world.store.run("DELETE FROM hearing")
    over = world.plan(MONDAY + 3 * DAY)
    assert [(one.person_id, one.reason) for one in over.ends] == [("P2", "not_ready")]
    record_ends(world.store, over.ends, over.as_of)
    heard(world, "P2", len(CRITERIA))
    again = world.plan(MONDAY + 4 * DAY)
    assert (tossed(again), again.ends) == (["P2"], ())


def test_a_value_that_was_taken_back_is_written_only_when_it_becomes_another(world: PlanningWorld) -> None:
    """P2 does something new; then the rules change for everybody."""
    for person in ("P1", "P2"):
        world.person(person, demos=2)
    ours = {record.person_id: record.changes for record in world.plan().records}
    for person, changes in ours.items():
        for change in changes:
            hold(world, person, change.field, str(change.after))
    act = {"activity_id": "more", "person_id": "P2", "occurred_at": MONDAY, "type": "demo_view", "content": "new"}
    world.insert("activities", act)
    later = world.plan()
    assert [record.person_id for record in later.records] == ["P2"]
    fields = {"Connector_Score__c", "Connector_Reason__c", "Connector_Scored_At__c"}
    assert {change.field for change in later.records[0].changes} == fields, "its grade is what it was"
    assert later.held == sum(len(changes) for changes in ours.values())
    before, scoring = world.book, world.book.rules.scoring
    more = tuple(rule.model_copy(update={"points": rule.points + 1}) for rule in scoring.behaviour)
    follow(world, replace(before.rules, scoring=scoring.model_copy(update={"behaviour": more})))
    assert [record.person_id for record in world.plan().records] == ["P1", "P2"]
    world.book = before
