"""History is scored, not acted upon: crossings that a backfill brought start nothing (WB-7, OP-2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from connector.cli.planned import plan_document
from connector.domain.backfill import Asked, Backfill
from connector.domain.plan import Plan, RunEnd, RunStart
from connector.planning.history import waiting_persons
from connector.store.backfills import begin_backfill, keep_waiting
from connector.store.decisions import record_ends, record_starts
from tests.planning_world import DAY, MONDAY, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("WB-7", "OP-2")

HOT, LONG_HOT = 13, 25
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def module_world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    yield world
    world.store.close()


@pytest.fixture
def world(module_world: PlanningWorld) -> PlanningWorld:
    module_world.empty()
    module_world.store.run("DELETE FROM backfill")
    keep_waiting(module_world.store, [])
    return module_world


def backfilled(world: PlanningWorld, acts_from: datetime | None, number: int = 1) -> None:
    asked = Asked(MONDAY - 700 * DAY, None, ("salesforce.Lead",), act=acts_from is None)
    begin_backfill(world.store, Backfill(f"run{number}", asked, MONDAY - DAY + number * HOUR), [], acts_from)


def applied(world: PlanningWorld, plan: Plan, at: datetime) -> None:
    record_starts(world.store, "run1", plan.starts, at)
    record_ends(world.store, plan.ends, at)


def test_a_crossing_of_history_is_noted_as_a_run_that_ended_at_once(world: PlanningWorld) -> None:
    world.person("1", HOT)
    backfilled(world, MONDAY)
    plan = world.plan()
    crossed = MONDAY - HOUR
    assert plan.tasks == ()
    assert plan.starts == (RunStart("1", "hot", "2026-06-01", lead_of("1"), crossed),)
    assert plan.ends == (RunEnd("1", "hot", "2026-06-01", "history"),)
    document = plan_document(plan)
    assert (document["cadences_started"], document["cadences_ended"], document["history"]) == (0, 0, 1)


def test_its_score_and_stage_are_written_all_the_same(world: PlanningWorld) -> None:
    world.person("1", HOT)
    before = world.plan()
    backfilled(world, MONDAY)
    assert world.plan().records == before.records != ()
    assert [entry.to_stage for entry in world.plan().transitions] == ["hot"]


def test_somebody_hot_since_longer_waits_for_no_review(world: PlanningWorld) -> None:
    world.person("1", LONG_HOT, MONDAY - 25 * DAY)
    assert len(world.plan().tasks) == 1
    backfilled(world, MONDAY)
    plan = world.plan()
    assert plan.tasks == ()
    assert [end.reason for end in plan.ends] == ["history"]
    assert plan.starts[0].start_date == "2026-05-07", (
        "the day of the crossing, not one that counts for an owner's limit"
    )


def test_once_noted_nothing_is_left_to_do_and_nothing_starts_later(world: PlanningWorld) -> None:
    world.person("1", HOT)
    backfilled(world, MONDAY)
    applied(world, world.plan(), MONDAY)
    for days in (0, 1, 30):
        plan = world.plan(MONDAY + days * DAY)
        assert (plan.starts, plan.ends, plan.tasks) == ((), (), ())


def test_late_rows_of_the_time_before_start_nothing_either(world: PlanningWorld) -> None:
    world.person("1", HOT - 1)
    backfilled(world, MONDAY)
    applied(world, world.plan(), MONDAY)
    late = {"activity_id": "late", "person_id": "1", "occurred_at": MONDAY - HOUR}
    world.insert("activities", {**late, "type": "demo_view", "content": "demo99"})
    plan = world.plan(MONDAY + HOUR)
    assert plan.tasks == ()
    assert [end.reason for end in plan.ends] == ["history"]


def test_a_crossing_after_the_backfill_starts_a_cadence_as_always(world: PlanningWorld) -> None:
    world.person("1", HOT)
    backfilled(world, MONDAY - 2 * HOUR)
    plan = world.plan()
    assert [start.start_date for start in plan.starts] == ["2026-06-01"]
    assert plan.ends == ()
    assert len(plan.tasks) == 2


def test_with_act_history_is_followed_up(world: PlanningWorld) -> None:
    world.person("1", HOT)
    world.person("2", LONG_HOT, MONDAY - 25 * DAY)
    before = world.plan()
    backfilled(world, None)
    assert (world.plan().starts, world.plan().tasks) == (before.starts, before.tasks)
    assert len(before.tasks) == 3


def test_who_was_waiting_before_goes_on_waiting(world: PlanningWorld) -> None:
    for person in ("1", "2"):
        world.person(person, LONG_HOT, MONDAY - 25 * DAY)
    world.plan()
    assert waiting_persons(world.store.run) == ["1", "2"]
    keep_waiting(world.store, ["2"])
    backfilled(world, MONDAY)
    plan = world.plan()
    assert [task.person_id for task in plan.tasks] == ["2"]
    assert [end.person_id for end in plan.ends] == ["1"]
    assert waiting_persons(world.store.run) == ["2"]


def test_hot_people_without_a_record_are_no_news_either(world: PlanningWorld) -> None:
    world.person("1", HOT, lead_ids=[])
    assert len(world.plan().withheld) == 1
    backfilled(world, MONDAY)
    assert world.plan().withheld == ()


def test_the_last_backfill_decides(world: PlanningWorld) -> None:
    world.person("1", HOT)
    backfilled(world, None, number=1)
    backfilled(world, MONDAY, number=2)
    assert world.plan().tasks == ()
