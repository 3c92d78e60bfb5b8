"""Handing over to field sales: five criteria with three, four and five required, segments, approval and outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.plan import AWAITS_APPROVAL, Plan, RunEnd, RunStart, Withheld
from connector.engine.catalogue import OFFERS
from connector.engine.next_action import next_actions
from connector.engine.our_tasks import our_tasks
from connector.errors import ConfigurationError
from connector.planning.toss_up import hand_overs
from connector.rules.fields import WriteField
from connector.rules.load import SHIPPED, RuleSet
from connector.store.decisions import record_ends, record_starts
from tests.engine_world import rules_with
from tests.planning_world import DAY, MONDAY, ORG, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("TU-1", "TU-2", "TU-3", "WB-3")

CRITERIA = ("decisive_event", "need", "current_solution", "timing", "inside_information")
FIELD = "005F"
HOUR = timedelta(hours=1)
HAND_OVER = """  hand_over:
    assign_to: Fumi Field
    answers: {accepted: [受諾, visit agreed], rejected: [却下]}
"""
LARGE = """  segments:
    - id: large
      name: {ja: 大企業, en: Large}
      when: "employees >= 1000"
      required: 5
"""


def rules_of(folder: Path, mode: str = "automatic", required: int = 4, more: str = "") -> RuleSet:
    """`classic` with another way of handing over."""
    text = (SHIPPED / "classic" / "lifecycle.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition("toss_up:\n")
    criteria = rest[rest.index("  criteria:\n") :]
    return rules_with(
        folder, lifecycle=f"{head}toss_up:\n  required: {required}\n  mode: {mode}\n{HAND_OVER}{more}{criteria}"
    )


@pytest.fixture(scope="module")
def module_world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    yield world
    world.store.close()


@pytest.fixture(scope="module")
def automatic(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    return rules_of(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def world(module_world: PlanningWorld, automatic: RuleSet) -> PlanningWorld:
    module_world.empty()
    for table in ("hearing", "opportunities", "mirror_salesforce_user"):
        module_world.store.run(f"DELETE FROM {table}")
    seen = {"_seen_at": MONDAY - DAY, "_valid_from": MONDAY - DAY, "_unit": ""}
    module_world.insert("mirror_salesforce_user", {"id": FIELD, "name": "Fumi Field", "is_active": True, **seen})
    follow(module_world, automatic)
    return module_world


def follow(world: PlanningWorld, rules: RuleSet) -> None:
    world.book = replace(world.book, rules=rules)


def heard(world: PlanningWorld, person: str, count: int, **values: Any) -> None:
    """The first so many criteria of a person were heard."""
    for item in CRITERIA[:count]:
        answer = {"person_id": person, "item": item, "value": "yes", "via": "call", "at": MONDAY - DAY, **values}
        world.insert("hearing", answer)


def tossed(plan: Plan) -> list[str]:
    return [task.person_id for task in plan.tasks if ":toss_up:" in task.key]


def begun(world: PlanningWorld, plan: Plan) -> None:
    record_starts(world.store, "run1", plan.starts, plan.as_of)
    record_ends(world.store, plan.ends, plan.as_of)
    for number, task in enumerate(plan.tasks):
        stands(world, task.key, f"00T{plan.as_of:%m%d}{number:09d}")


def stands(world: PlanningWorld, key: str, id_: str) -> None:
    seen = {"_seen_at": MONDAY, "_valid_from": MONDAY, "_unit": "", "is_deleted": False, "is_closed": False}
    world.insert("mirror_salesforce_task", {**seen, "id": id_, "key": key})


def outcomes(world: PlanningWorld) -> list[dict[str, Any]]:
    return world.store.rows("SELECT * FROM toss_up_outcomes ORDER BY start_date")


@pytest.mark.parametrize("required", [3, 4, 5])
def test_so_many_of_five_criteria_hand_a_lead_over_and_one_fewer_does_not(
    world: PlanningWorld, tmp_path: Path, required: int
) -> None:
    follow(world, rules_of(tmp_path, required=required))
    for count in range(6):
        world.person(f"{count}", 1)
        heard(world, f"{count}", count)
    plan = world.plan()
    assert tossed(plan) == [f"{count}" for count in range(required, 6)]
    states = dict(world.store.run("SELECT person_id, state FROM toss_ups"))
    assert states == {**{f"{count}": "due" for count in range(required, 6)}, f"{required - 1}": "almost"}


def test_a_segment_may_need_more(world: PlanningWorld, tmp_path: Path) -> None:
    follow(world, rules_of(tmp_path, required=3, more=LARGE))
    for person, employees, count in (("small", 20, 3), ("large", 1000, 4), ("large and sure", 5000, 5)):
        world.person(person, 1, employees=employees)
        heard(world, person, count)
    assert sorted(tossed(world.plan())) == ["large and sure", "small"]


def test_the_task_goes_to_field_sales_once_with_what_was_heard_first(world: PlanningWorld) -> None:
    world.person("1", 1)
    heard(world, "1", 4, heard_by="佐藤 花子")
    plan = world.plan()
    assert plan.starts == (RunStart("1", "toss_up", "2026-06-01", lead_of("1"), None),)
    (task,) = plan.tasks
    assert task.key == f"{ORG}:{lead_of('1')}:toss_up:2026-06-01:hand_over:hand_over"
    told = {name: task.values[name] for name in ("OwnerId", "WhoId", "ActivityDate", "Priority")}
    assert told == {"OwnerId": FIELD, "WhoId": lead_of("1"), "ActivityDate": "2026-06-02", "Priority": "High"}
    assert str(task.values["Subject"]).startswith("トスアップ：商談化の判断をお願いします｜スコア5")
    first, *_ = str(task.values["Description"]).splitlines()
    assert first == "聞けたこと："
    world.store.run("UPDATE mirror_salesforce_user SET is_active = FALSE")
    ((nobody, _),) = hand_overs(world.store.run, world.book.rules, MONDAY.date()).due
    assert nobody.owner_id == "005A", "where nobody has that name, the owner of the record"
    begun(world, plan)
    again = world.plan(MONDAY + 7 * DAY)
    assert (tossed(again), again.starts, again.ends) == ([], (), ())


def test_what_waits_for_an_approval_is_told_and_nothing_is_made(world: PlanningWorld, tmp_path: Path) -> None:
    follow(world, rules_of(tmp_path, mode="approval"))
    world.person("1", 1)
    heard(world, "1", 5)
    plan = world.plan()
    assert (plan.tasks, plan.starts, plan.awaiting_approval) == ((), (), 1)
    assert plan.withheld == (Withheld("1", "hand_over:hand_over", AWAITS_APPROVAL),)


def test_who_is_out_of_reach_or_further_on_is_not_handed_over(world: PlanningWorld) -> None:
    for person, why in (
        ("disqualified", {"crm_status": "disqualified"}),
        ("deal", {"crm_status": "opportunity"}),
        ("silent", {"opted_out": True, "do_not_call": True}),
        ("prospect only", {"lead_ids": []}),
    ):
        world.person(person, 1, **why)
        heard(world, person, 5)
    plan = world.plan()
    assert (tossed(plan), plan.starts) == ([], ())
    assert {one.person_id: one.reason for one in plan.withheld} == {
        "silent": "may be neither called nor written to",
        "prospect only": "has no lead or contact to put a task on",
    }


def test_an_episode_ends_with_what_is_not_met_any_more_and_another_may_begin(world: PlanningWorld) -> None:
    world.person("1", 1)
    heard(world, "1", 4)
    begun(world, world.plan())
    world.store.run('UPDATE hearing SET value = \'未定\', "at" = "at" + INTERVAL 2 DAY')
    plan = world.plan(MONDAY + 2 * DAY)
    assert plan.ends == (RunEnd("1", "toss_up", "2026-06-01", "not_ready"),)
    begun(world, plan)
    world.store.run("UPDATE hearing SET value = 'yes'")
    world.store.run("UPDATE mirror_salesforce_task SET is_closed = TRUE")
    assert [task.key.split(":")[3] for task in world.plan(MONDAY + 3 * DAY).tasks] == ["2026-06-04"]


def test_a_record_that_vanishes_leaves_no_task_without_a_person(world: PlanningWorld) -> None:
    world.person("1", 1)
    heard(world, "1", 4)
    record_starts(world.store, "run1", (RunStart("1", "toss_up", "2026-06-01", lead_of("1"), None),), MONDAY)
    world.store.run("UPDATE people SET lead_ids = []")
    plan = world.plan()
    assert (plan.tasks, plan.starts, plan.ends) == ((), (), ())


def test_a_hand_over_makes_nobody_hot_and_covers_no_crossing(world: PlanningWorld) -> None:
    world.person("1", 12)
    heard(world, "1", 4)
    begun(world, world.plan())
    assert world.store.run("SELECT stage FROM decided") == [("cold",)]
    act = {"activity_id": "one-more", "person_id": "1", "occurred_at": MONDAY + HOUR, "type": "demo_view"}
    world.insert("activities", {**act, "content": "another"})
    plan = world.plan(MONDAY + DAY)
    assert [start.cadence for start in plan.starts] == ["hot"]


def test_the_status_follows_where_the_mapping_has_a_word_for_it(world: PlanningWorld) -> None:
    world.person("1", 1)
    heard(world, "1", 4)
    assert [
        change.field for record in world.plan().records for change in record.changes if change.field == "Status"
    ] == []
    fields = world.book.fields
    status = fields.salesforce["Lead"].write["Status"]
    words = {**(status.values or {}), "toss_up": "Working - Contacted"}
    lead = fields.salesforce["Lead"]
    written = lead.model_copy(update={"write": {**lead.write, "Status": status.model_copy(update={"values": words})}})
    world.book = replace(
        world.book, fields=fields.model_copy(update={"salesforce": {**fields.salesforce, "Lead": written}})
    )
    try:
        plan = world.plan()
        told = [change.after for record in plan.records for change in record.changes if change.field == "Status"]
    finally:
        world.book = replace(world.book, fields=fields)
    assert told == ["Working - Contacted"]


def test_complaint_79_what_field_sales_answered_is_read_from_the_task(world: PlanningWorld) -> None:
    answers = (
        ("agreed", {"status": "Visit agreed"}, "accepted", None),
        ("turned down", {"status": "Completed", "disposition": "却下"}, "rejected", "却下"),
        ("silent", {"status": "Completed", "disposition": "left a message"}, None, None),
    )
    for person, *_ in answers:
        world.person(person, 1)
        heard(world, person, 4)
    begun(world, world.plan())
    for person, task, *_ in answers:
        changes = ", ".join(f"{name} = ${name}" for name in task)
        whose = {**task, "whose": f"%{lead_of(person)}%"}
        world.store.run(f"UPDATE mirror_salesforce_task SET is_closed = TRUE, {changes} WHERE key LIKE $whose", whose)
    our_tasks(world.store.run)
    assert tossed(world.plan(MONDAY + DAY)) == [], "a rejected lead is not handed over again"
    told = {one["person_id"]: (one["answer"], one["said"], one["opportunity_id"]) for one in outcomes(world)}
    assert told == {person: (answer, said, None) for person, _, answer, said in answers}
    world.store.load("content_offers", OFFERS, [])
    next_actions(world.book.rules, MONDAY + DAY, (MONDAY + DAY).date(), world.store.run, world.store.load)
    purposes = dict(world.store.run("SELECT person_id, purpose FROM next_actions"))
    assert purposes == {"agreed": "toss_up", "turned down": "nurture", "silent": "toss_up"}
    world.store.run("DROP TABLE content_offers")


def test_the_deal_that_came_of_it_is_linked_and_ends_it(world: PlanningWorld) -> None:
    world.person("1", 1)
    heard(world, "1", 4)
    begun(world, world.plan())
    our_tasks(world.store.run)
    for number, (days, status) in enumerate(((-9, "lost"), (3, "open"), (5, "lost"))):
        deal = {"opportunity_id": f"006{number}", "person_id": "1", "created_at": MONDAY + days * DAY, "status": status}
        world.insert("opportunities", {**deal, "amount": 1000.0 * number})
    world.store.run("UPDATE people SET crm_status = 'opportunity'")
    assert world.plan(MONDAY + 6 * DAY).ends == (), "the hand-over goes on until its deal is decided"
    (found,) = outcomes(world)
    assert (found["answer"], found["opportunity_id"], found["deal_status"], found["amount"]) == (
        "accepted", "0061", "open", 1000.0
    )  # fmt: skip
    world.store.run("UPDATE people SET crm_status = 'won'")
    assert world.plan(MONDAY + 7 * DAY).ends == (RunEnd("1", "toss_up", "2026-06-01", "won"),)


def owning(world: PlanningWorld) -> None:
    """The mapping writes the owner of leads."""
    fields = world.book.fields
    lead = fields.salesforce["Lead"]
    write = {**lead.write, "OwnerId": WriteField(value="owner", policy="if_unchanged")}
    objects = {**fields.salesforce, "Lead": lead.model_copy(update={"write": write})}
    world.book = replace(world.book, fields=fields.model_copy(update={"salesforce": objects}))


def owners(plan: Plan) -> list[tuple[object, object]]:
    return [
        (change.before, change.after)
        for record in plan.records
        for change in record.changes
        if change.field == "OwnerId" and record.shared
    ]


def test_a_hand_over_gives_the_record_to_whom_it_is_assigned_and_nobody_else_s(world: PlanningWorld) -> None:
    fields = world.book.fields
    owning(world)
    try:
        for person, count in (("1", 4), ("2", 3)):
            world.person(person, 1)
            world.stands(person, owner_id="005A")
            heard(world, person, count)
        plan = world.plan()
        assert owners(plan) == [("005A", FIELD)]
        begun(world, plan)
        assert owners(world.plan(MONDAY + DAY)) == [("005A", FIELD)], "it could not be written: once more"
        assert owners(world.plan(MONDAY + 8 * DAY)) == []
        world.store.run("DELETE FROM cadence_runs")
        world.store.run("UPDATE mirror_salesforce_user SET is_active = FALSE")
        plan = world.plan()
        assert owners(plan) == []
        (told,) = (one for one in plan.withheld if one.step == "hand_over:owner")
        assert told.reason == "goes to the owner of the record, since nobody active is called 'Fumi Field'"
    finally:
        world.book = replace(world.book, fields=fields)


SCRIPT = """  script:
    need: [{ja: どの工程でお困りですか, en: Which step gives you trouble?}]
    timing: [{ja: いつまでに必要ですか, en: By when do you need it?}]
"""
OF_LARGE = LARGE + "      script: {timing: [{ja: 稟議はいつですか, en: When is it decided?}]}\n"


@pytest.mark.requirement("TU-4")
def test_the_brief_says_how_to_ask_for_what_is_missing_and_who_converts(world: PlanningWorld, tmp_path: Path) -> None:
    follow(world, rules_of(tmp_path, required=3, more=SCRIPT + OF_LARGE))
    for person, employees, count in (("small", 20, 3), ("large", 1000, 3), ("contact", 20, 3)):
        world.person(person, 13 if person == "large" else 1, employees=employees)
        heard(world, person, count)
    world.store.run("UPDATE people SET contact_ids = ['003000000000001AAA'], lead_ids = [] WHERE person_id = 'contact'")
    texts = {task.person_id: str(task.values["Description"]).splitlines() for task in world.plan().tasks}
    assert "・時期（開始時期と購買サイクル）：いつまでに必要ですか" in texts["small"]
    assert not any("困り" in line for line in texts["small"]), "the need was heard"
    assert "・時期（開始時期と購買サイクル）：稟議はいつですか" in texts["large"]
    told = {person: any("取引開始" in line for line in lines) for person, lines in texts.items()}
    assert told == {"small": True, "large": False, "contact": False}, "a contact is converted, a call asks nobody"


@pytest.mark.requirement("TU-4")
def test_a_script_about_no_criterion_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as told:
        rules_of(tmp_path, more="  script: {budget: [{ja: 予算, en: Budget}]}\n")
    (problem,) = told.value.problems
    assert "The script is about `budget`, which is no criterion" in str(problem)
