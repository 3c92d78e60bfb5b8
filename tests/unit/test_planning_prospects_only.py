"""Whom only Account Engagement knows can have no task, hot or asking; the plan says so instead of dropping it."""

from __future__ import annotations

import pytest

from connector.domain.plan import Withheld
from tests.planning_world import MONDAY, PlanningWorld

pytestmark = pytest.mark.requirement("CD-1", "CD-3", "LC-4")


def test_a_hot_prospect_without_lead_or_contact_is_told() -> None:
    world = PlanningWorld()
    world.person("1", 13, lead_ids=[])
    world.person("2", 13)
    world.person("3", 1, lead_ids=[])
    world.person("4", 0, lead_ids=[])
    asked = {"activity_id": "ask", "person_id": "4", "occurred_at": MONDAY, "type": "inquiry"}
    world.insert("activities", asked)
    plan = world.plan()
    why = "has no lead or contact to put a task on"
    assert plan.withheld == (Withheld("1", "hot", why), Withheld("4", "inquiry", why))
    assert {start.person_id for start in plan.starts} == {"2"}
    world.store.close()
