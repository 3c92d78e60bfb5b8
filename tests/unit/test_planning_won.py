"""Who has bought is qualified no more: nothing hot, no follow-up and no hand-over is written (LC-13)."""

from __future__ import annotations

import pytest

from tests.planning_world import DAY, MONDAY, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("LC-13")

HEARD = ("budget", "authority", "need", "timeframe", "decisive_event", "current_solution", "timing")


@pytest.mark.parametrize(("status", "qualified"), [(None, True), ("won", False)])
def test_qualification_writes_stop_once_somebody_has_bought(status: str | None, qualified: bool) -> None:
    world = PlanningWorld()
    world.person("7", 20, source="event", crm_status=status)
    for item in HEARD:
        world.insert("hearing", {"person_id": "7", "item": item, "value": "yes", "at": MONDAY - DAY})
    if status:
        world.insert("opportunities", {"person_id": "7", "status": "won", "created_at": MONDAY - 9 * DAY,
                                       "closed_at": MONDAY - 5 * DAY})  # fmt: skip
    plan = world.plan()
    written = {
        change.field: change.after
        for record in plan.records
        if record.record_id == lead_of("7")
        for change in record.changes
    }
    assert ("Status" in written, bool(plan.tasks), bool(plan.starts)) == (qualified, qualified, qualified)
    assert written["Connector_Stage__c"] == ("hot" if qualified else "won")
    world.store.close()


def test_a_later_deal_of_a_customer_is_a_deal_again_and_no_qualification() -> None:
    world = PlanningWorld()
    world.person("7", 20, source="event", crm_status="opportunity")
    for status, ago in (("won", 90), ("open", 5)):
        world.insert("opportunities", {"person_id": "7", "status": status, "created_at": MONDAY - ago * DAY})
    plan = world.plan()
    (stage,) = {c.after for record in plan.records for c in record.changes if c.field == "Connector_Stage__c"}
    assert (stage, plan.tasks, plan.starts) == ("opportunity", (), ())
    world.store.close()
