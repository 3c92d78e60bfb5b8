"""Everybody is scored anew when a rule changes; what is written is what differs, and deleted leads stay deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.plan import Plan
from connector.rules.load import SHIPPED
from tests.engine_world import rules_with
from tests.planning_world import DAY, MONDAY, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("WB-1", "SC-1")


def test_complaint_37_a_changed_rule_writes_what_differs_and_makes_no_deleted_lead_again(tmp_path: Path) -> None:
    world = PlanningWorld()
    for person, demos in (("saw demos", 2), ("saw none", 0), ("deleted", 2)):
        world.person(person, demos)
    carry_out(world, world.plan())
    world.stands("deleted", is_deleted=True)
    assert fields(world.plan(MONDAY)) == {}, "nothing is written twice"
    text = (SHIPPED / "classic" / "scoring.yaml").read_text(encoding="utf-8")
    head, demo, rest = text.partition("  - id: demo_view\n")
    changed = rules_with(tmp_path, scoring=head + demo + rest.replace("points: 5", "points: 6", 1))
    world.book = replace(world.book, rules=changed)
    plan = world.plan(MONDAY)
    assert fields(plan) == {"saw demos": {"Connector_Score__c", "Connector_Reason__c", "Connector_Scored_At__c"}}
    assert (plan.tasks, plan.starts) == ((), ())
    world.store.close()


def carry_out(world: PlanningWorld, plan: Plan) -> None:
    """The mirror after an apply and a pull."""
    lead = next(one for one in world.book.fields.streams if one.stream.name == "salesforce.Lead")
    for record in plan.records:
        values = {lead.column_of(change.field): change.after for change in record.changes}
        world.stands(record.person_id, **values, modified_at=MONDAY - DAY)
    assert {record.record_id for record in plan.records} == {lead_of(one.person_id) for one in plan.records}


def fields(plan: Plan) -> dict[str, set[str]]:
    return {record.person_id: {change.field for change in record.changes} for record in plan.records}
