"""What waits for somebody's word, the word, and when it lapses (TU-2, WB-6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.plan import Plan, Waiting
from connector.planning.approvals import TOSS_UPS, waiting_toss_ups
from connector.reporting.waiting import hand_overs_waiting
from connector.rules.writing import Modes
from connector.store.approvals import give_word, keep_waiting, waiting_since, words
from tests.planning_world import DAY, MONDAY, PlanningWorld
from tests.unit.test_planning_closings import applied, say
from tests.unit.test_planning_toss_up import heard, rules_of, tossed

pytestmark = pytest.mark.requirement("TU-2", "WB-6")

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def module_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    rules = rules_of(Path(tmp_path_factory.mktemp("rules")), mode="approval")
    world.book = replace(world.book, rules=rules)
    yield world
    world.store.close()


@pytest.fixture
def world(module_world: PlanningWorld) -> Iterator[PlanningWorld]:
    module_world.empty()
    for table in ("hearing", "approvals"):
        module_world.store.run(f"DELETE FROM {table}")
    book = module_world.book
    yield module_world
    module_world.book = book


def plan(world: PlanningWorld, at: datetime = MONDAY) -> Plan:
    made = world.plan(at)
    keep_waiting(world.store, at)
    return made


def waits(world: PlanningWorld, *modes: str) -> None:
    """The mapping lets these kinds wait."""
    given: dict[str, Any] = dict.fromkeys(modes, "approval")
    fields = world.book.fields.model_copy(update={"modes": Modes(**given)})
    world.book = replace(world.book, fields=fields)


def ready(world: PlanningWorld, *persons: str) -> None:
    for person in persons:
        world.person(person, 1)
        heard(world, person, 5)


def about(world: PlanningWorld, person: str) -> list[Waiting]:
    return [one for one in waiting_toss_ups(world.store.run) if one.person_id == person]


def test_a_word_hands_over_with_the_next_plan_and_only_whom_it_is_about(world: PlanningWorld) -> None:
    ready(world, "1", "2")
    assert (tossed(plan(world)), [one.person_id for one in waiting_toss_ups(world.store.run)]) == ([], ["1", "2"])
    assert waiting_since(world.store.run) == {(TOSS_UPS, person): MONDAY for person in ("1", "2")}
    first, _ = hand_overs_waiting(world.store.run, world.book.rules, "en")
    assert (first.person_id, first.required, len(first.met), first.missing) == ("1", 4, 5, ())
    assert give_word(world.store, about(world, "1"), "approved", "sato", None, MONDAY + HOUR) == 1
    made = plan(world, MONDAY + 2 * HOUR)
    assert (tossed(made), made.awaiting_approval) == (["1"], 1)
    (said,) = words(world.store.run)
    assert (said.person_id, said.word, said.said_by, said.said_at) == ("1", "approved", "sato", MONDAY + HOUR)
    applied(world, made)
    plan(world, MONDAY + DAY)
    assert words(world.store.run) == [], "what was handed over needs another word next time"


def test_a_word_lapses_when_the_criteria_are_not_met_any_more(world: PlanningWorld) -> None:
    ready(world, "1")
    plan(world)
    give_word(world.store, about(world, "1"), "approved", "sato", None, MONDAY)
    world.store.run("UPDATE hearing SET value = '未定'")
    assert tossed(plan(world, MONDAY + HOUR)) == []
    assert words(world.store.run) == []
    world.store.run("UPDATE hearing SET value = 'yes'")
    assert (tossed(plan(world, MONDAY + 2 * HOUR)), len(about(world, "1"))) == ([], 1), "it waits again"


def test_what_was_declined_comes_again_only_when_it_begins_anew(world: PlanningWorld) -> None:
    ready(world, "1")
    plan(world)
    give_word(world.store, about(world, "1"), "rejected", "sato", "still in a trial", MONDAY)
    for days in (0, 30):
        made = plan(world, MONDAY + HOUR + days * DAY)
        assert (tossed(made), made.awaiting_approval, about(world, "1")) == ([], 0, [])
    assert [(one.word, one.reason) for one in words(world.store.run)] == [("rejected", "still in a trial")]
    world.store.run("UPDATE hearing SET value = '未定'")
    plan(world, MONDAY + 31 * DAY)
    world.store.run("UPDATE hearing SET value = 'yes'")
    assert plan(world, MONDAY + 32 * DAY).awaiting_approval == 1


def test_what_the_mapping_lets_wait_is_no_change_and_hides_nothing_else(world: PlanningWorld) -> None:
    world.person("1", 13)
    waits(world, "status", "tasks")
    made = plan(world)
    fields = {change.field for record in made.records for change in record.changes}
    assert "Connector_Score__c" in fields
    assert ("Status" in fields, made.tasks, len(made.starts)) == (False, (), 1)
    assert sorted(one.kind for one in made.waiting) == ["status", "tasks", "tasks"]
    waits(world, "status", "tasks", "updates")
    made = plan(world)
    assert (made.changes, made.findings) == (0, ()), "a stamp alone is not written"


def test_a_word_is_about_the_value_that_was_wanted(world: PlanningWorld) -> None:
    world.person("1", 2)
    waits(world, "updates")
    (asked,) = plan(world).waiting
    give_word(world.store, [asked], "approved", "sato", None, MONDAY)
    made = plan(world, MONDAY + HOUR)
    assert (made.waiting, len(made.records)) == ((), 1)
    act = {"activity_id": "more", "person_id": "1", "occurred_at": MONDAY + HOUR, "type": "demo_view"}
    world.insert("activities", {**act, "content": "more"})
    made = plan(world, MONDAY + 2 * HOUR)
    assert (len(made.waiting), made.records) == (1, ()), "another score is another question"
    assert words(world.store.run) == []


def test_closings_wait_and_are_declined_like_everything_else(world: PlanningWorld) -> None:
    world.person("1", 13)
    applied(world, world.plan())
    say(world, "1", crm_status="won")
    waits(world, "closings")
    made = plan(world, MONDAY + HOUR)
    assert (made.closings, [one.kind for one in made.waiting]) == ((), ["closings", "closings"])
    first, second = made.waiting
    give_word(world.store, [first], "approved", "sato", None, MONDAY)
    give_word(world.store, [second], "rejected", "sato", "I call once more", MONDAY)
    made = plan(world, MONDAY + 2 * HOUR)
    assert ([f"Task:{one.record_id}" for one in made.closings], made.waiting) == ([first.subject], ())
