"""Who has bought is qualified no more: nothing hot, no follow-up and no hand-over is written (LC-13)."""

from __future__ import annotations

import pytest

from tests.planning_world import DAY, MONDAY, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("LC-13")

HEARD = ("budget", "authority", "need", "timeframe", "decisive_event", "current_solution", "timing")


def test_qualification_writes_stop_once_somebody_has_bought_and_a_later_deal_is_a_deal_again() -> None:
    world = PlanningWorld()
    for person, status in (("7", None), ("8", "won"), ("9", "opportunity")):
        world.person(person, 20, source="event", crm_status=status)
        for item in HEARD:
            world.insert("hearing", {"person_id": person, "item": item, "value": "yes", "at": MONDAY - DAY})
    won = {"status": "won", "created_at": MONDAY - 90 * DAY, "closed_at": MONDAY - 80 * DAY}
    world.insert("opportunities", {"person_id": "8", **won})
    world.insert("opportunities", {"person_id": "9", **won})
    world.insert("opportunities", {"person_id": "9", "status": "open", "created_at": MONDAY - DAY})
    plan = world.plan()
    written = {record.record_id: {change.field: change.after for change in record.changes} for record in plan.records}
    stages = [written[lead_of(person)]["Connector_Stage__c"] for person in "789"]
    assert stages == ["hot", "won", "opportunity"]
    assert ["Status" in written[lead_of(person)] for person in "789"] == [True, False, False]
    assert {task.person_id for task in plan.tasks} == {start.person_id for start in plan.starts} == {"7"}
    world.store.close()
