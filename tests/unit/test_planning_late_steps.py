"""Steps that could not be asked for on their day: within the run they still are, after it only the decision is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connector.domain.outcome import RowResult
from connector.engine.cadence import BusinessCalendar
from connector.planning.tasks import FollowUp, due_tasks, wanted
from connector.planning.waiting import standing
from connector.store.decisions import record_starts
from connector.store.journal import Intent, intend, settle
from tests.engine_world import shipped
from tests.planning_world import MONDAY, PlanningWorld

pytestmark = pytest.mark.requirement("CD-1", "CD-2", "CD-4", "SY-10")

START = date(2026, 6, 1)
RUN = FollowUp("1", "hot", START, "00Q1", "00Q1", "005A", False, False)


def steps(today: date) -> list[str]:
    rules = shipped().cadence
    due = wanted(due_tasks((RUN,), rules, BusinessCalendar("JP"), today), "00D1", frozenset())
    chosen, missed = standing(due, due, rules, frozenset())
    assert len(chosen) + len(missed) == len(due)
    return [f"{step.step}:{step.channel}" for _, step in chosen]


@pytest.mark.complaint(78)
def test_after_a_standstill_one_call_and_one_e_mail_come_at_a_time() -> None:
    assert steps(date(2026, 6, 10)) == ["day5:email", "day9:call"]
    assert steps(date(2026, 6, 22)) == ["day9:call", "day16:email", "day21:decide"], "the last day is still within"


@pytest.mark.parametrize("days", [22, 60, 700])
def test_after_the_last_day_only_the_decision_is_asked_for(days: int) -> None:
    assert steps(START + timedelta(days=days)) == ["day21:decide"]


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
    (task,) = plan.tasks
    assert task.values["ActivityDate"] == "2026-07-31", "the day on which it is asked for, not one that is over"
    at = MONDAY + timedelta(days=60)
    intended = intend(world.store, "run1", [Intent("task", "Task", task.key, {}, task.values, "")], at)
    settle(world.store, [(number, "done", RowResult(None, True)) for number in intended], at)
    told_on = [[one.key.split(":")[5] for one in world.plan(MONDAY + timedelta(days=days)).tasks] for days in (61, 65)]
    assert told_on == [[], ["escalate"]], "three business days after it was asked for"
    world.store.close()
