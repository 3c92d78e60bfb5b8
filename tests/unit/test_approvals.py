"""What waits for somebody's word, the word, and when it lapses (TU-2, WB-6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.applying.records import intent_of
from connector.applying.refusals import remedy
from connector.domain.plan import FieldChange, Plan, RecordChange, Waiting
from connector.planning.approvals import hold, waiting_toss_ups
from connector.reporting.waiting import hand_overs_waiting
from connector.rules.writing import Modes
from connector.store.approvals import give_word, keep_waiting, waiting_since, words
from connector.store.failures import Failed, keep_failures
from tests.planning_world import DAY, MONDAY, PlanningWorld
from tests.unit.test_planning_closings import applied
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
    for table in ("hearing", "approvals", "failure"):
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


def test_a_word_hands_over_whom_it_is_about_lapses_and_may_be_no(world: PlanningWorld) -> None:
    ready(world, "yes", "nobody asked", "lapsed", "no")
    assert (tossed(plan(world)), len(list(waiting_toss_ups(world.store.run)))) == ([], 4)
    assert set(waiting_since(world.store.run).values()) == {MONDAY}
    first, *_ = hand_overs_waiting(world.store.run, world.book.rules, "en")
    assert (first.required, len(first.met), first.missing) == (4, 5, ())
    for person in ("yes", "lapsed"):
        assert give_word(world.store, about(world, person), "approved", "sato", None, MONDAY + HOUR) == 1
    give_word(world.store, about(world, "no"), "rejected", "sato", "still in a trial", MONDAY + HOUR)
    say_of(world, "lapsed", "未定")
    made = plan(world, MONDAY + 2 * HOUR)
    assert (tossed(made), made.awaiting_approval) == (["yes"], 1)
    told = {one.person_id: (one.word, one.said_by, one.said_at, one.reason) for one in words(world.store.run)}
    at = MONDAY + HOUR
    assert told == {"yes": ("approved", "sato", at, None), "no": ("rejected", "sato", at, "still in a trial")}
    applied(world, made)
    say_of(world, "lapsed", "yes")
    say_of(world, "no", "未定")
    made = plan(world, MONDAY + 30 * DAY)
    assert (tossed(made), len(about(world, "lapsed"))) == ([], 1), "it waits again for another word"
    assert words(world.store.run) == [], "what was handed over, and what is not met any more, needs another word"
    say_of(world, "no", "yes")
    assert (plan(world, MONDAY + 31 * DAY).awaiting_approval, len(about(world, "no"))) == (3, 1)


def say_of(world: PlanningWorld, person: str, value: str) -> None:
    world.store.run("UPDATE hearing SET value = $value WHERE person_id = $person", {"value": value, "person": person})


def test_what_the_mapping_lets_wait_is_no_change_and_hides_nothing_else(world: PlanningWorld) -> None:
    world.person("1", 13)
    waits(world, "status", "tasks")
    made = plan(world)
    fields = {change.field for record in made.records for change in record.changes}
    assert "Connector_Score__c" in fields
    assert ("Status" in fields, made.tasks, len(made.starts)) == (False, (), 1)
    assert sorted(one.kind for one in made.waiting) == ["status", "tasks", "tasks"]


def test_a_word_is_about_the_value_that_was_wanted(world: PlanningWorld) -> None:
    world.person("1", 2)
    waits(world, "updates")
    made = plan(world)
    (asked,) = made.waiting
    assert (made.changes, made.findings) == (0, ()), "a stamp alone is not written"
    give_word(world.store, [asked], "approved", "sato", None, MONDAY)
    made = plan(world, MONDAY + HOUR)
    assert (made.waiting, len(made.records)) == ((), 1)
    act = {"activity_id": "more", "person_id": "1", "occurred_at": MONDAY + HOUR, "type": "demo_view"}
    world.insert("activities", {**act, "content": "more"})
    made = plan(world, MONDAY + 2 * HOUR)
    assert (len(made.waiting), made.records) == (1, ()), "another score is another question"
    assert words(world.store.run) == []


def test_a_word_stands_while_the_org_refuses_what_it_is_about(world: PlanningWorld) -> None:
    world.person("1", 2)
    waits(world, "updates", "tasks")
    (asked,) = plan(world).waiting
    give_word(world.store, [asked], "approved", "sato", None, MONDAY)
    (record,) = plan(world, MONDAY + HOUR).records
    failed = Failed(intent_of(record), "FIELD_CUSTOM_VALIDATION_EXCEPTION", "words", ("Connector_Score__c",))
    keep_failures(world.store, [failed], remedy, "run1", MONDAY + HOUR)
    made = plan(world, MONDAY + 2 * HOUR)
    assert ([one.record_id for one in made.refused], made.waiting) == ([record.record_id], ())
    assert [one.word for one in words(world.store.run)] == ["approved"]
    made = plan(world, MONDAY + 2 * DAY)
    assert ([one.record_id for one in made.records], made.waiting) == ([record.record_id], ())


def test_closings_wait_and_are_declined_like_everything_else(world: PlanningWorld) -> None:
    waits(world, "closings")
    changes = (FieldChange("Status", "Not Started", "Completed"),)
    closings = [RecordChange("Task", f"00T{place}", "1", changes, "won", True, MONDAY) for place in (1, 2, 3)]
    run, fields = world.store.run, world.book.fields
    first, second, _ = hold(run, fields, closings, (), ()).waiting
    give_word(world.store, [first], "approved", "sato", None, MONDAY)
    give_word(world.store, [second], "rejected", "sato", "I call once more", MONDAY)
    free = hold(run, fields, closings, (), ())
    assert ([one.record_id for one in free.records], [one.subject for one in free.waiting]) == (["00T1"], ["Task:00T3"])
