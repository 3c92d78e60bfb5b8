"""Tasks of ours that are closed once what they were for is over, and tasks that nobody of us may touch (WB-7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from connector.domain.outcome import RowResult
from connector.domain.plan import FieldChange, Plan, Withheld
from connector.engine.our_tasks import our_tasks
from connector.planning.closings import REWORKED
from connector.rules.fields import Fields
from connector.rules.writing import OurTasks
from connector.store.decisions import record_ends, record_starts
from connector.store.journal import Intent, intend, settle
from tests.planning_world import DAY, MONDAY, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("WB-7", "CD-2", "SY-10")

HOT = 13
HOUR = timedelta(hours=1)
READ = {
    "subject": "Subject", "status": "Status", "due": "ActivityDate", "priority": "Priority", "who_id": "WhoId",
    "owner_id": "OwnerId", "type": "Type",
}  # fmt: skip


@pytest.fixture(scope="module")
def module_world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    yield world
    world.store.close()


@pytest.fixture
def world(module_world: PlanningWorld) -> Iterator[PlanningWorld]:
    module_world.empty()
    book = module_world.book
    yield module_world
    module_world.book = book


def applied(world: PlanningWorld, plan: Plan) -> None:
    """What an apply and the next pull leave behind."""
    store, at = world.store, plan.as_of
    record_starts(store, "run1", plan.starts, at)
    record_ends(store, plan.ends, at)
    intents = [Intent("task", "Task", task.key, {}, task.values, task.why) for task in plan.tasks]
    intents += [Intent("close", "Task", one.record_id, {}, {}, one.why) for one in plan.closings]
    settle(store, [(number, "done", RowResult(None, True)) for number in intend(store, "run1", intents, at)], at)
    for task in plan.tasks:
        seen = {"_seen_at": at, "_valid_from": at, "_unit": "", "is_deleted": False, "is_closed": False}
        made = {name: task.values.get(field) for name, field in READ.items()}
        id_ = f"00T{int(store.value('SELECT count(*) FROM mirror_salesforce_task')):012d}AAA"
        world.insert("mirror_salesforce_task", {**seen, **made, "id": id_, "key": task.key, "modified_at": at})
    for one in plan.closings:
        tick(world, one.record_id, at, status="Completed")


def tick(world: PlanningWorld, task_id: str, at: Any, **values: Any) -> None:
    closed = {"is_closed": True, "completed_at": at.astimezone(UTC).replace(tzinfo=None), **values}
    edit(world, task_id, **closed)


def edit(world: PlanningWorld, task_id: str, **values: Any) -> None:
    told = ", ".join(f"{name} = ${name}" for name in values)
    world.store.run(f"UPDATE mirror_salesforce_task SET {told} WHERE id = $id", {**values, "id": task_id})


def hot(world: PlanningWorld, *persons: str) -> dict[str, str]:
    """People who turned hot, with the two tasks of day 1: `person:channel` → task id."""
    for person in persons:
        world.person(person, HOT)
    applied(world, world.plan())
    return tasks(world)


def tasks(world: PlanningWorld) -> dict[str, str]:
    our_tasks(world.store.run)
    rows = world.store.run("SELECT person_id, step, channel, task_id FROM our_tasks")
    return {f"{person}:{step}:{channel}": task_id for person, step, channel, task_id in rows}


def closed(plan: Plan, ids: dict[str, str]) -> set[str]:
    names = {task_id: name for name, task_id in ids.items()}
    return {names[one.record_id] for one in plan.closings}


def say(world: PlanningWorld, person: str, **values: Any) -> None:
    told = ", ".join(f"{name} = ${name}" for name in values)
    world.store.run(f"UPDATE people SET {told} WHERE person_id = $person", {**values, "person": person})


def mapped(world: PlanningWorld, **tasks: Any) -> Fields:
    fields = world.book.fields.model_copy(update={"tasks": OurTasks(**tasks)})
    world.book = replace(world.book, fields=fields)
    return fields


def test_what_ends_the_follow_up_closes_its_tasks_and_no_others(world: PlanningWorld) -> None:
    persons = ("deal", "won", "off", "converted", "silent", "student", "goes on")
    ids = hot(world, *persons)
    assert len(ids) == 2 * len(persons)
    for person, status in (("deal", "opportunity"), ("won", "won"), ("off", "disqualified")):
        say(world, person, crm_status=status)
    say(world, "silent", opted_out=True, do_not_call=True)
    say(world, "student", title="学生")
    world.stands("converted", is_converted=True, converted_on=MONDAY.date())
    own = {"_seen_at": MONDAY, "_valid_from": MONDAY, "_unit": "", "is_deleted": False, "is_closed": False}
    world.insert("mirror_salesforce_task", {**own, "id": "00TOWN", "who_id": lead_of("deal"), "subject": "a rep's own"})
    plan = world.plan(MONDAY + 5 * HOUR)
    over = set(persons) - {"goes on"}
    assert closed(plan, ids) == {f"{person}:day1:{channel}" for person in over for channel in ("call", "email")}
    why = {one.person_id: one.why for one in plan.closings}
    assert why["converted"] == "the lead was converted (hot day1, begun 2026-06-01)"
    assert why["student"] == "was screened out (hot day1, begun 2026-06-01)"
    (first, *_) = plan.closings
    assert first.changes == (FieldChange("Status", "Not Started", "Completed"),)
    assert (first.shared, first.seen_modified_at) == (True, MONDAY)
    applied(world, plan)
    again = world.plan(MONDAY + DAY)
    assert (again.closings, {task.person_id for task in again.tasks}) == ((), {"goes on"})


def test_a_channel_that_somebody_refuses_is_closed_and_the_other_goes_on(world: PlanningWorld) -> None:
    ids = hot(world, "no mail", "no call")
    say(world, "no mail", opted_out=True)
    say(world, "no call", do_not_call=True)
    plan = world.plan(MONDAY + 5 * HOUR)
    assert closed(plan, ids) == {"no mail:day1:email", "no call:day1:call"}
    assert plan.ends == ()


def test_a_task_that_a_rep_has_worked_on_stays_as_it_is(world: PlanningWorld) -> None:
    persons = ("renamed", "moved", "begun", "urgent", "told", "other owner", "untouched")
    ids = hot(world, *persons)
    for person, values in (
        ("renamed", {"subject": "call back on Friday"}),
        ("moved", {"due": (MONDAY + 3 * DAY).date()}),
        ("begun", {"status": "In Progress"}),
        ("urgent", {"priority": "Low"}),
        ("told", {"disposition": "left a message"}),
        ("other owner", {"owner_id": "005B"}),
    ):
        edit(world, ids[f"{person}:day1:call"], **values)
    for person in persons:
        say(world, person, crm_status="won")
    plan = world.plan(MONDAY + 5 * HOUR)
    calls = {name.split(":")[0] for name in closed(plan, ids) if name.endswith("call")}
    assert calls == {"other owner", "untouched"}, "a record that changes hands takes its tasks along"
    left = {one.person_id for one in plan.withheld if one == Withheld(one.person_id, "day1:call", REWORKED)}
    assert left == set(persons) - calls


def test_what_we_do_not_know_as_ours_any_more_is_left_alone(world: PlanningWorld) -> None:
    hot(world, "old")
    world.store.run("UPDATE journal SET values_after = '{}'")
    say(world, "old", crm_status="won")
    assert world.plan(MONDAY + 5 * HOUR).closings == ()


def test_a_task_that_somebody_opened_again_is_theirs(world: PlanningWorld) -> None:
    ids = hot(world, "back")
    say(world, "back", crm_status="won")
    applied(world, world.plan(MONDAY + 5 * HOUR))
    edit(world, ids["back:day1:call"], is_closed=False, status="Not Started")
    assert world.plan(MONDAY + DAY).closings == ()


def test_what_we_closed_is_neither_a_touch_nor_an_answer_nor_a_decision(world: PlanningWorld) -> None:
    hot(world, "cool")
    world.store.run("UPDATE cadence_runs SET start_date = start_date - 20")
    for table, column in (("mirror_salesforce_task", "key"), ("journal", "record")):
        world.store.run(f"UPDATE {table} SET {column} = replace({column}, '2026-06-01', '2026-05-12')")
    applied(world, world.plan(MONDAY + 5 * HOUR))
    ids = tasks(world)
    assert "cool:day21:decide" in ids
    say(world, "cool", title="学生")
    plan = world.plan(MONDAY + DAY)
    assert "cool:day21:decide" in closed(plan, ids)
    applied(world, plan)
    world.plan(MONDAY + 2 * DAY)
    run = world.store.run
    assert run("SELECT count(*) FROM run_decisions") == [(0,)], "nobody has decided"
    assert run("SELECT DISTINCT is_done, is_open, done_at FROM our_tasks") == [(False, False, None)]
    edit(world, ids["cool:day21:decide"], disposition="disqualified")
    world.plan(MONDAY + 2 * DAY)
    assert run("SELECT outcome FROM run_decisions") == [("disqualified",)], "a rep's word is a rep's word"
    tick(world, ids["cool:day1:call"], MONDAY + 9 * DAY)
    our_tasks(run)
    assert run("SELECT is_done FROM our_tasks WHERE channel = 'call' AND step = 'day1'") == [(True,)]


def test_the_inquiry_that_was_answered_elsewhere_needs_its_task_no_more(world: PlanningWorld) -> None:
    for person in ("asked", "asked too"):
        world.person(person)
        act = {"activity_id": person, "person_id": person, "occurred_at": MONDAY - HOUR, "type": "inquiry"}
        world.insert("activities", act)
    applied(world, world.plan())
    ids = tasks(world)
    call = {"activity_id": "call", "person_id": "asked", "occurred_at": MONDAY + HOUR, "type": "call"}
    world.insert("activities", call)
    world.stands("asked too", is_converted=True, converted_on=MONDAY.date())
    plan = world.plan(MONDAY + 5 * HOUR)
    assert {name.split(":")[0] for name in closed(plan, ids)} == {"asked"}, "a conversion answers nobody"
    assert plan.closings[0].why.startswith("the inquiry was answered")


def test_a_later_step_takes_the_place_of_an_earlier_one_where_the_cadence_says_so(world: PlanningWorld) -> None:
    ids = hot(world, "slow")
    applied(world, world.plan(MONDAY + DAY))
    ids = tasks(world)
    assert "slow:day2:call" in ids
    assert world.plan(MONDAY + DAY + HOUR).closings == (), "as shipped both stay open"
    rules = world.book.rules
    changed = tuple(one.model_copy(update={"overtaken": "close"}) for one in rules.cadence.cadences)
    cadence = rules.cadence.model_copy(update={"cadences": changed})
    world.book = replace(world.book, rules=replace(rules, cadence=cadence))
    plan = world.plan(MONDAY + DAY + HOUR)
    assert closed(plan, ids) == {"slow:day1:call", "slow:day1:email"}


def test_the_mapping_says_with_which_word_and_where_the_reason_goes(world: PlanningWorld) -> None:
    ids = hot(world, "won")
    say(world, "won", crm_status="won")
    mapped(world, closed_status="取消", note_field="Connector_Note__c")
    changes = {one.record_id: one.changes for one in world.plan(MONDAY + HOUR).closings}
    assert changes[ids["won:day1:call"]] == (
        FieldChange("Status", "Not Started", "取消"),
        FieldChange("Connector_Note__c", None, "受注した"),
    )
    mapped(world, closed_status=None)
    assert world.plan(MONDAY + HOUR).closings == ()
