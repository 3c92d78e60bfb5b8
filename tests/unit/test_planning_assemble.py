"""From decisions to a plan: records, runs, tasks and transitions (CD-1, CD-2, CD-5, WB-2, WB-7, SY-10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connector.domain.outcome import RowResult
from connector.domain.plan import Plan, RunEnd, RunStart, Withheld
from connector.store.decisions import record_ends, record_starts, record_transitions
from connector.store.journal import Intent, intend, settle
from tests.planning_world import DAY, MONDAY, ORG, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("CD-1", "WB-2")

HOT, LONG_HOT = 13, 25
LONG_AGO = MONDAY - 25 * DAY


@pytest.fixture(scope="module")
def module_world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    yield world
    world.store.close()


@pytest.fixture
def world(module_world: PlanningWorld) -> PlanningWorld:
    module_world.empty()
    return module_world


def steps(plan: Plan) -> list[str]:
    """The tasks by person, step and channel."""
    return [f"{task.person_id} {':'.join(task.key.split(':')[4:])}" for task in plan.tasks]


def begun(world: PlanningWorld, plan: Plan, at: Any = MONDAY) -> None:
    """What an apply would have told the ledger and the journal."""
    record_starts(world.store, "run1", plan.starts, at)
    record_ends(world.store, plan.ends, at)
    record_transitions(world.store, "run1", plan.transitions, at)
    numbers = intend(world.store, "run1", [Intent("task", "Task", task.key, {}, {}, "") for task in plan.tasks], at)
    settle(world.store, [(number, "done", RowResult(None, True)) for number in numbers], at)


def test_a_fresh_crossing_starts_a_run_with_the_tasks_of_its_first_day(world: PlanningWorld) -> None:
    world.person("1", HOT)
    world.person("2", HOT - 1)
    plan = world.plan()
    crossed = MONDAY - timedelta(hours=1)
    assert plan.starts == (RunStart("1", "hot", "2026-06-01", lead_of("1"), crossed),)
    assert steps(plan) == ["1 day1:call", "1 day1:email"]
    call = plan.tasks[0]
    assert call.key == f"{ORG}:{lead_of('1')}:hot:2026-06-01:day1:call"
    assert len(call.key) <= 120
    assert {name: call.values[name] for name in ("ActivityDate", "Status", "Priority", "WhoId", "OwnerId", "Type")} == {
        "ActivityDate": "2026-06-01", "Status": "Not Started", "Priority": "High", "WhoId": lead_of("1"),
        "OwnerId": "005A", "Type": "Call",
    }  # fmt: skip
    assert str(call.values["Subject"]).startswith("1日目：電話")
    assert [(one.person_id, one.from_stage, one.to_stage, one.happened_at) for one in plan.transitions] == [
        ("1", None, "hot", crossed)
    ]
    status = [change.after for record in plan.records for change in record.changes if change.field == "Status"]
    assert status == ["Hot - To Call"]


@pytest.mark.requirement("CD-2", "WB-7")
class TestTheDaysAfter:
    def test_each_day_s_tasks_come_on_their_day_and_never_again(self, world: PlanningWorld) -> None:
        world.person("1", HOT)
        made = []
        for days in (0, 1, 2, 4, 8, 15, 20, 21):
            at = MONDAY + days * DAY
            plan = world.plan(at)
            made += [(days, step) for step in steps(plan)]
            begun(world, plan, at)
        assert made == [
            (0, "1 day1:call"), (0, "1 day1:email"), (1, "1 day2:call"), (1, "1 day2:email"), (4, "1 day5:email"),
            (8, "1 day9:call"), (15, "1 day16:email"), (21, "1 day21:decide"),
        ]  # fmt: skip
        # Day 21 is a Sunday: it waits for Monday.

    @pytest.mark.complaint(78)
    def test_of_days_that_were_missed_only_the_last_call_and_e_mail_are_made_up_for(self, world: PlanningWorld) -> None:
        world.person("1", HOT)
        begun(world, world.plan())
        plan = world.plan(MONDAY + 4 * DAY)
        assert steps(plan) == ["1 day2:call", "1 day5:email"]
        assert plan.withheld == (Withheld("1", "day2:email", "was missed: day5 is due by now"),)

    def test_the_key_stays_when_the_record_becomes_another(self, world: PlanningWorld) -> None:
        world.person("1", HOT)
        begun(world, world.plan())
        world.store.run("UPDATE people SET lead_ids = [], contact_ids = ['003000000000001AAA']")
        (task, _) = world.plan(MONDAY + DAY).tasks
        assert task.key == f"{ORG}:{lead_of('1')}:hot:2026-06-01:day2:call"
        assert task.values["WhoId"] == "003000000000001AAA"

    @pytest.mark.parametrize("deleted", [True, False])
    def test_a_task_that_stands_or_stood_is_not_made_again(self, world: PlanningWorld, deleted: bool) -> None:
        world.person("1", HOT)
        plan = world.plan()
        record_starts(world.store, "run1", plan.starts, MONDAY)
        there = {"id": "00T1", "_unit": "", "_seen_at": MONDAY, "is_deleted": deleted, "key": plan.tasks[0].key}
        world.insert("mirror_salesforce_task", there)
        assert steps(world.plan()) == ["1 day1:email"]

    def test_a_task_that_the_org_refused_is_tried_again(self, world: PlanningWorld) -> None:
        world.person("1", HOT)
        plan = world.plan()
        record_starts(world.store, "run1", plan.starts, MONDAY)
        numbers = intend(world.store, "run1", [Intent("task", "Task", plan.tasks[0].key, {}, {}, "")], MONDAY)
        settle(world.store, [(numbers[0], "failed", RowResult(None, False, error_code="X"))], MONDAY)
        assert steps(world.plan()) == ["1 day1:call", "1 day1:email"]

    def test_a_planned_run_that_began_starts_no_second_one(self, world: PlanningWorld) -> None:
        world.person("1", HOT)
        begun(world, world.plan())
        later = world.plan(MONDAY + 2 * DAY)
        assert later.starts == ()
        assert later.transitions == ()

    @pytest.mark.parametrize("status", ["opportunity", "disqualified"])
    def test_a_run_ends_when_the_crm_says_that_the_person_is_elsewhere(self, world: PlanningWorld, status: str) -> None:
        world.person("1", HOT)
        begun(world, world.plan())
        world.store.run("UPDATE people SET crm_status = $status", {"status": status})
        plan = world.plan(MONDAY + DAY)
        assert plan.ends == (RunEnd("1", "hot", "2026-06-01", status),)
        assert plan.tasks == ()
        begun(world, plan, MONDAY + DAY)
        assert world.plan(MONDAY + 2 * DAY).ends == ()

    @pytest.mark.requirement("SY-10")
    def test_a_run_ends_when_the_person_is_gone(self, world: PlanningWorld) -> None:
        world.person("1", HOT)
        begun(world, world.plan())
        world.store.run("DELETE FROM people")
        plan = world.plan(MONDAY + DAY)
        assert (plan.ends, plan.tasks) == ((RunEnd("1", "hot", "2026-06-01", "gone"),), ())

    def test_who_cools_down_stays_in_the_run_to_its_last_day(self, world: PlanningWorld) -> None:
        world.person("1", HOT)
        begun(world, world.plan())
        world.store.run("DELETE FROM activities WHERE activity_id = '1-0'")
        assert steps(world.plan(MONDAY + DAY)) == ["1 day2:call", "1 day2:email"]
        after = world.plan(MONDAY + 30 * DAY)
        assert [(end.person_id, end.reason) for end in after.ends] == [("1", "cold")]
        assert after.tasks == ()


@pytest.mark.requirement("SY-10")
class TestConsent:
    @pytest.mark.parametrize(
        ("consent", "made", "withheld"),
        [
            ({"opted_out": True}, ["1 day1:call"], [Withheld("1", "day1:email", "opted out of e-mail")]),
            ({"do_not_call": True}, ["1 day1:email"], [Withheld("1", "day1:call", "does not want to be called")]),
            ({"opted_out": True, "do_not_call": True}, [], []),
        ],
    )
    def test_what_it_forbids_is_not_made_and_told(
        self, world: PlanningWorld, consent: dict[str, Any], made: list[str], withheld: list[Withheld]
    ) -> None:
        world.person("1", HOT, **consent)
        plan = world.plan()
        assert steps(plan) == made
        assert list(plan.withheld) == withheld

    def test_an_opt_out_within_a_run_counts_from_then_on(self, world: PlanningWorld) -> None:
        world.person("1", HOT)
        begun(world, world.plan())
        world.store.run("UPDATE people SET opted_out = TRUE")
        plan = world.plan(MONDAY + DAY)
        assert steps(plan) == ["1 day2:call"]
        assert plan.withheld == (Withheld("1", "day2:email", "opted out of e-mail"),)


@pytest.mark.requirement("CD-5")
class TestReviews:
    def test_the_hot_of_long_ago_get_one_task_each_the_best_first_within_the_limit(self, world: PlanningWorld) -> None:
        limit = world.book.fields.guard.reviews_per_owner_a_day
        for number in range(limit + 3):
            world.person(f"{number:02d}", LONG_HOT + number, LONG_AGO)
        world.person("other", LONG_HOT, LONG_AGO, owner_id="005B")
        plan = world.plan()
        assert {start.cadence for start in plan.starts} == {"review"}
        best = {f"{number:02d}" for number in range(3, limit + 3)}
        assert {task.person_id for task in plan.tasks} == best | {"other"}
        assert {task.key.split(":")[5] for task in plan.tasks} == {"review"}
        begun(world, plan)
        assert world.plan().starts == (), "the limit is a day's, not a run's"
        tomorrow = world.plan(MONDAY + DAY)
        assert sorted(task.person_id for task in tomorrow.tasks) == ["00", "01", "02"]

    def test_they_start_no_cadence(self, world: PlanningWorld) -> None:
        world.person("1", LONG_HOT, LONG_AGO)
        assert steps(world.plan()) == ["1 review:review"]


def test_a_prospect_without_a_record_in_the_crm_gets_nothing(world: PlanningWorld) -> None:
    world.person("1", HOT, lead_ids=[])
    plan = world.plan()
    assert (plan.starts, plan.tasks, plan.records) == ((), (), ())
    assert [one.to_stage for one in plan.transitions] == ["hot"]


def test_a_weekend_s_crossing_starts_on_monday(world: PlanningWorld) -> None:
    saturday = MONDAY - 2 * DAY
    world.person("1", HOT, saturday - timedelta(hours=1))
    plan = world.plan(saturday)
    assert [start.start_date for start in plan.starts] == ["2026-06-01"]
    assert plan.tasks == ()
    begun(world, plan, saturday)
    assert steps(world.plan(MONDAY)) == ["1 day1:call", "1 day1:email"]


@pytest.mark.requirement("LC-5")
def test_transitions_are_told_once_and_the_ways_back_too(world: PlanningWorld) -> None:
    world.person("1", HOT)
    world.person("2")
    told = []
    for days, status in ((0, None), (0, None), (1, "opportunity"), (2, "lost"), (3, None)):
        world.store.run("UPDATE people SET crm_status = $status WHERE person_id = '1'", {"status": status})
        plan = world.plan(MONDAY + days * DAY)
        told += [(one.from_stage, one.to_stage) for one in plan.transitions]
        begun(world, plan, MONDAY)
    assert told == [(None, "hot"), ("hot", "opportunity"), ("opportunity", "lost"), ("lost", "hot")]


def test_the_same_world_gives_the_same_plan(world: PlanningWorld) -> None:
    for number in range(5):
        world.person(str(number), HOT + number)
    assert world.plan() == world.plan()


def test_the_task_s_text_has_no_address_of_anybody(world: PlanningWorld) -> None:
    world.person("1", HOT, email="taro@example.com")
    world.store.run(
        "UPDATE activities SET type = 'page_view', url = $url, content = NULL WHERE activity_id = '1-1'",
        {"url": "https://example.com/price?email=taro@example.com&phone=090#taro@example.com"},
    )
    world.store.run("UPDATE activities SET occurred_at = occurred_at + INTERVAL 1 MINUTE WHERE activity_id = '1-1'")
    world.person("2", HOT)
    world.store.run("UPDATE activities SET type = 'demo_view' WHERE person_id = '2'")
    world.insert("activities", {"activity_id": "x", "person_id": "1", "occurred_at": MONDAY, "type": "demo_view"})
    texts = [str(task.values["Description"]) for task in world.plan().tasks]
    assert any("https://example.com/price" in text for text in texts)
    assert not any("@" in text or "090" in text for text in texts)
