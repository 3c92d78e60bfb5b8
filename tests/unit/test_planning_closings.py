"""Tasks of ours that are closed once what they were for is over, and tasks that nobody of us may touch (WB-7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.domain.outcome import RowResult
from connector.domain.plan import FieldChange, Plan, RunStart, TaskCreation, Withheld
from connector.engine.our_tasks import our_tasks
from connector.planning.closings import REWORKED, close_tasks
from connector.rules.writing import OurTasks
from connector.store.decisions import record_ends, record_starts
from connector.store.journal import Intent, intend, settle
from tests.planning_world import DAY, MONDAY, ORG, PlanningWorld, lead_of
from tests.remote_world import plan_of

pytestmark = pytest.mark.requirement("WB-7", "CD-2", "SY-10")

HOT = 13
HOUR = timedelta(hours=1)
READ = {
    "subject": "Subject", "status": "Status", "due": "ActivityDate", "priority": "Priority", "who_id": "WhoId",
    "owner_id": "OwnerId", "type": "Type",
}  # fmt: skip


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


WORKED_ON: dict[str, dict[str, Any]] = {
    "renamed": {"subject": "call back on Friday"},
    "moved": {"due": (MONDAY + 3 * DAY).date()},
    "begun": {"status": "In Progress"},
    "urgent": {"priority": "Low"},
    "told": {"disposition": "left a message"},
}
"""What a rep did with the call of day 1."""
OVER: dict[str, dict[str, Any]] = {
    "deal": {"crm_status": "opportunity"},
    "won": {"crm_status": "won"},
    "off": {"crm_status": "disqualified"},
    "silent": {"opted_out": True, "do_not_call": True},
    "student": {"title": "学生"},
    "back": {"crm_status": "won"},
    "other owner": {"crm_status": "won"},
    **{person: {"crm_status": "won"} for person in WORKED_ON},
}
"""What ended the follow-up of whom."""


class Story:
    """People who turned hot on Monday; by the afternoon much was over."""

    def __init__(self) -> None:
        self.world = PlanningWorld()
        rules = self.world.book.rules
        changed = tuple(one.model_copy(update={"overtaken": "close"}) for one in rules.cadence.cadences)
        cadence = rules.cadence.model_copy(update={"cadences": changed})
        self.world.book = replace(self.world.book, rules=replace(rules, cadence=cadence))
        self.plans: list[Plan] = []
        self.ids: list[dict[str, str]] = []
        self.decisions: list[list[Any]] = []

    def plan(self, at: datetime) -> None:
        made = self.world.plan(at)
        self.plans.append(made)
        self.decisions.append(self.world.store.run("SELECT person_id, outcome FROM run_decisions"))
        applied(self.world, made)
        self.ids.append(tasks(self.world))

    def closed(self, number: int) -> set[str]:
        return closed(self.plans[number], self.ids[number])


def begin(story: Story) -> None:
    world = story.world
    for person in (*OVER, "converted", "goes on", "no mail", "no call", "forgotten"):
        world.person(person, HOT)
    for person in ("asked", "asked too"):
        world.person(person)
        act = {"activity_id": person, "person_id": person, "occurred_at": MONDAY - HOUR, "type": "inquiry"}
        world.insert("activities", act)
    story.plan(MONDAY)


def afternoon(story: Story) -> None:
    world, ids = story.world, story.ids[0]
    for person, values in OVER.items():
        say(world, person, **values)
    say(world, "no mail", opted_out=True)
    say(world, "no call", do_not_call=True)
    say(world, "forgotten", crm_status="won")
    world.store.run(
        "UPDATE journal SET values_after = '{}' WHERE record LIKE $key", {"key": f"%{lead_of('forgotten')}%"}
    )
    for person in ("converted", "asked too"):
        world.stands(person, is_converted=True, converted_on=MONDAY.date())
    for person, values in {**WORKED_ON, "other owner": {"owner_id": "005B"}}.items():
        edit(world, ids[f"{person}:day1:call"], **values)
    call = {"activity_id": "call", "person_id": "asked", "occurred_at": MONDAY + HOUR, "type": "call"}
    world.insert("activities", call)
    own = {"_seen_at": MONDAY, "_valid_from": MONDAY, "_unit": "", "is_deleted": False, "is_closed": False}
    world.insert("mirror_salesforce_task", {**own, "id": "00TOWN", "who_id": lead_of("deal"), "subject": "a rep's own"})
    asked_to_decide(world, "student")
    story.ids[0] = tasks(world)
    story.plan(MONDAY + 5 * HOUR)


def asked_to_decide(world: PlanningWorld, person: str) -> None:
    """A run of three weeks ago, of which the decision is asked for."""
    start = RunStart(person, "hot", "2026-05-12", lead_of(person), None)
    record_starts(world.store, "run0", (start,), MONDAY - 20 * DAY)
    key = f"{ORG}:{lead_of(person)}:hot:2026-05-12:day21:decide"
    values = {"Subject": "decide", "Status": "Not Started", "ActivityDate": "2026-06-01", "Priority": "Normal"}
    task = TaskCreation(key, person, values, "")
    applied(world, replace(world_plan(), tasks=(task,)))


def world_plan() -> Plan:
    return plan_of(as_of=MONDAY, made_at=MONDAY)


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    told = Story()
    begin(told)
    afternoon(told)
    edit(told.world, told.ids[0]["back:day1:call"], is_closed=False, status="Not Started")
    told.plan(MONDAY + DAY)
    edit(told.world, told.ids[0]["student:day21:decide"], disposition="disqualified")
    tick(told.world, told.ids[0]["won:day1:call"], MONDAY + 9 * DAY)
    taken_back(told.world, told.ids[0]["off:day1:call"], MONDAY + 6 * HOUR)
    tick(told.world, told.ids[0]["off:day1:call"], MONDAY + 7 * HOUR)
    told.plan(MONDAY + DAY + HOUR)
    yield told
    told.world.store.close()


def taken_back(world: PlanningWorld, task_id: str, at: datetime) -> None:
    """An undo has opened again what we had closed."""
    reopened = Intent("update", "Task", task_id, {"Status": "Completed"}, {"Status": "Not Started"}, "undo of run1")
    (number,) = intend(world.store, "run2", [reopened], at)
    settle(world.store, [(number, "done", RowResult(None, True))], at)


def both(*persons: str) -> set[str]:
    return {f"{person}:day1:{channel}" for person in persons for channel in ("call", "email")}


def test_what_ends_the_follow_up_closes_its_tasks_and_no_others(story: Story) -> None:
    whole = both("deal", "won", "off", "silent", "student", "back", "other owner", "converted")
    written = {f"{person}:day1:email" for person in WORKED_ON}
    refused = {"no mail:day1:email", "no call:day1:call"}
    assert story.closed(1) == {*whole, *written, *refused, "student:day21:decide", "asked:answer:call"}
    why = {one.person_id: one.why for one in story.plans[1].closings}
    assert why["converted"] == "the lead was converted (hot day1, begun 2026-06-01)"
    assert why["no mail"] == "opted out of e-mail (hot day1, begun 2026-06-01)"
    assert why["asked"] == "the inquiry was answered (inquiry answer, begun 2026-06-01)"
    first = story.plans[1].closings[0]
    assert first.changes == (FieldChange("Status", "Not Started", "Completed"),)
    assert (first.shared, first.seen_modified_at) == (True, MONDAY)


def test_a_conversion_answers_no_inquiry(story: Story) -> None:
    assert "asked too:answer:call" not in story.closed(1)


def test_a_task_that_a_rep_has_worked_on_stays_as_it_is(story: Story) -> None:
    left = {one.person_id for one in story.plans[1].withheld if one == Withheld(one.person_id, "day1:call", REWORKED)}
    assert left == {*WORKED_ON, "forgotten"}, "what the journal does not know any more may be somebody's as well"


def test_what_was_closed_once_is_not_closed_again(story: Story) -> None:
    assert story.plans[2].closings == (), "what somebody opened again is theirs"
    assert {task.person_id for task in story.plans[2].tasks} == {"goes on", "no mail", "no call"}


def test_what_we_closed_decides_nothing_until_a_rep_says_a_word(story: Story) -> None:
    assert story.decisions[2] == [], "nobody has decided"
    assert story.decisions[3] == [("student", "disqualified")]


def test_what_we_closed_is_neither_done_nor_open_until_a_rep_does_it(story: Story) -> None:
    rows = story.world.store.run("SELECT task_id, is_done, is_open, done_at IS NOT NULL FROM our_tasks")
    found = {task_id: rest for task_id, *rest in rows}
    assert found[story.ids[0]["deal:day1:call"]] == [False, False, False]
    assert found[story.ids[0]["won:day1:call"]] == [True, False, True], "ticked off by somebody on another day"
    assert found[story.ids[0]["off:day1:call"]] == [True, False, True], "an undo had opened it again"


def test_a_later_step_takes_the_place_of_an_earlier_one_where_the_cadence_says_so(story: Story) -> None:
    assert story.closed(3) == {*both("goes on"), "no mail:day1:call", "no call:day1:email"}


def test_the_mapping_says_with_which_word_and_where_the_reason_goes(story: Story) -> None:
    world, ids = story.world, story.ids[3]
    fields, cadences = world.book.fields, world.book.rules.cadence
    say(world, "goes on", opted_out=True)
    given = OurTasks(closed_status="取消", note_field="Connector_Note__c")
    found = close_tasks(world.store.run, cadences, fields.model_copy(update={"tasks": given}), ())
    changes = {one.record_id: one.changes for one in found.closings}
    assert changes[ids["goes on:day2:email"]] == (
        FieldChange("Status", "Not Started", "取消"),
        FieldChange("Connector_Note__c", None, "メールの配信を停止した"),
    )
    never = fields.model_copy(update={"tasks": OurTasks(closed_status=None)})
    assert close_tasks(world.store.run, cadences, never, ()).closings == ()
