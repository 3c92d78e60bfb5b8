"""Steps that could not be asked for on their day: within the run they still are, after it only the decision is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connector.engine.cadence import BusinessCalendar
from connector.planning.tasks import FollowUp, due_tasks
from connector.store.decisions import record_starts
from tests.engine_world import shipped
from tests.planning_world import MONDAY, PlanningWorld

pytestmark = pytest.mark.requirement("CD-1", "CD-2", "CD-4", "SY-10")

START = date(2026, 6, 1)
RUN = FollowUp("1", "hot", START, "00Q1", "00Q1", "005A", False, False)


def steps(today: date) -> list[str]:
    cadences = {cadence.id: cadence for cadence in shipped().cadence.cadences}
    return [step.step for _, step in due_tasks((RUN,), cadences, BusinessCalendar("JP"), today)]


def test_a_pause_within_the_run_is_made_good() -> None:
    assert steps(date(2026, 6, 10)) == ["day1", "day1", "day2", "day2", "day5", "day9"]
    assert steps(date(2026, 6, 22))[-2:] == ["day16", "day21"], "the last day is still within"


@pytest.mark.parametrize("days", [22, 60, 700])
def test_after_the_last_day_only_the_decision_is_asked_for(days: int) -> None:
    assert steps(START + timedelta(days=days)) == ["day21"]


def test_who_takes_e_mail_again_months_later_gets_none_of_the_old_steps() -> None:
    world = PlanningWorld()
    world.person("1", 13, opted_out=True)
    record_starts(world.store, "run1", world.plan().starts, MONDAY)
    world.store.run("UPDATE people SET opted_out = FALSE")
    for day in range(2, 60, 8):
        act = {"activity_id": f"a{day}", "person_id": "1", "occurred_at": MONDAY + timedelta(days=day)}
        world.insert("activities", {**act, "type": "demo_view", "content": f"demo-{day}"})
    plan = world.plan(MONDAY + timedelta(days=60))
    assert [task.key.split(":")[4] for task in plan.tasks] == ["day21"]
    assert plan.withheld == ()
    world.store.close()
