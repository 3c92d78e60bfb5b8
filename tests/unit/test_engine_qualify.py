"""Since when hot, by hand: the edges of windows, answers that are taken back, and lives that began anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.tier import tier
from connector.rules.conditions import Condition
from connector.rules.lifecycle import Lifecycle
from connector.rules.load import RuleSet
from connector.rules.stages import STAGES
from tests.engine_world import World, shipped

pytestmark = pytest.mark.requirement("LC-1", "SC-6", "RC-3", "TU-1")

NOW = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
DAY, MICRO = timedelta(days=1), timedelta(microseconds=1)
Told = Mapping[str, dict[str, Any]]


def _rules(**life: Any) -> RuleSet:
    """`classic` with another lifecycle; conditions are SQL as it stands."""

    def as_it_stands(text: str) -> Condition:
        return Condition(text, text, frozenset())

    stages = {name: {"name": name} for name in STAGES}
    context = dict.fromkeys(("activity", "hearing", "deal", "fit"), as_it_stands)
    return replace(
        shipped(), lifecycle=Lifecycle.model_validate({"version": 1, "stages": stages, **life}, context=context)
    )


def _told(rules: RuleSet, world: World) -> Told:
    score(rules, NOW, world.run)
    tier(rules, world.run)
    grade(rules, world.run)
    decide(rules, NOW, NOW.date(), world.run)
    tables = [world.rows(table) for table in ("qualified", "decided")]
    return {who: {name: value for table in tables for name, value in table[who].items()} for who in tables[0]}


def _since(told: Told, who: str) -> timedelta | None:
    """How long before now somebody turned hot."""
    moment = told[who]["hot_since"]
    return NOW - moment.replace(tzinfo=UTC) if moment else None


def _world(lives: Mapping[str, Mapping[timedelta, str]], **people: Mapping[str, Any]) -> World:
    world = World()
    world.people(*({"person_id": who, "created_at": NOW - 25 * DAY, **people.get(who, {})} for who in lives))
    rows = [(who, ago, kind) for who, life in lives.items() for ago, kind in life.items()]
    world.activities(*({"person_id": who, "type": kind, "occurred_at": NOW - ago} for who, ago, kind in rows))
    return world


@pytest.fixture(scope="module")
def acted() -> Told:
    did = {"activity": "activity.type IN ('demo_view', 'call')", "within_days": 7}
    criteria = [
        {"id": "five", "name": "Five", "all": [{"score": 5}]},
        {"id": "at_most_five", "name": "At most five", "all": [{"score_at_most": 5}]},
    ]
    rules = _rules(
        hot={"at_least": 5, "requires": [{"id": "acted", "name": "Acted", "all": [did]}]},
        toss_up={"required": 2, "criteria": criteria},
        recycle={"after_days": 90},
    )
    world = _world(
        {
            "touching": {10 * DAY: "demo_view", 3 * DAY: "call"},
            "broken": {10 * DAY + MICRO: "demo_view", 3 * DAY: "call"},
            "gone": {7 * DAY: "demo_view"},
            "twenty_days": {days * DAY: "demo_view" for days in (20, 14, 8, 2)},
            "older": {20 * DAY + MICRO: "demo_view", 14 * DAY: "call", 8 * DAY: "call", 2 * DAY: "call"},
            "followed": {3 * DAY: "demo_view"},
            "anew": {11 * DAY: "demo_view", 12 * DAY: "demo_view", DAY: "call"},
        },
        anew={"crm_status": "lost", "lost_at": NOW - 100 * DAY},
    )
    run = {"person_id": "followed", "cadence": "hot", "start_date": (NOW - 5 * DAY).date()}
    world.cadence_runs({**run, "ended_at": NOW - 3 * DAY})
    return _told(rules, world)


def test_spans_that_touch_are_one_and_a_microsecond_between_them_is_a_break(acted: Told) -> None:
    assert _since(acted, "touching") == 10 * DAY
    assert _since(acted, "broken") == 3 * DAY


def test_what_left_its_window_at_this_very_moment_is_gone(acted: Told) -> None:
    assert (acted["gone"]["stage"], acted["gone"]["hot_lacks"]) == ("cold", ["acted"])


def test_twenty_days_are_fresh_and_more_are_not(acted: Told) -> None:
    assert (acted["twenty_days"]["cadence_starts"], acted["twenty_days"]["review"]) == (True, False)
    assert (acted["older"]["cadence_starts"], acted["older"]["review"]) == (False, True)


def test_a_run_that_ended_at_the_moment_of_the_crossing_does_not_cover_it(acted: Told) -> None:
    assert acted["followed"]["cadence_starts"] is True


def test_a_life_begun_anew_is_decided_by_what_was_earned_since(acted: Told) -> None:
    assert (acted["anew"]["stage"], acted["anew"]["hot_lacks"]) == ("cold", [])
    assert acted["anew"]["toss_up_met"] == ["at_most_five"]


def test_a_bound_is_part_of_what_it_bounds(acted: Told) -> None:
    assert acted["followed"]["toss_up_met"] == ["five", "at_most_five"]


@pytest.fixture(scope="module")
def heard() -> Told:
    said = {"hearing": "hearing.item = 'budget'", "within_days": 30}
    told = {"id": "told", "name": "Told", "any": [said, {"activity": "activity.type = 'call'"}]}
    earned = {"id": "earned", "name": "Earned", "all": [{"score": 5, "within_days": 7}]}
    rules = _rules(
        hot={"at_least": 5, "requires": [told, earned]},
        hearing=[{"id": "budget", "name": "Budget", "soft": ["no"]}],
    )
    world = _world(
        {
            "taken_back": {24 * DAY: "demo_view", 18 * DAY: "demo_view", 12 * DAY: "demo_view", 6 * DAY: "demo_view"},
            "undated": {6 * DAY: "demo_view", 3 * DAY: "call"},
            "touching": {13 * DAY: "demo_view", 6 * DAY: "demo_view", 20 * DAY: "call"},
            "broken": {13 * DAY + MICRO: "demo_view", 6 * DAY: "demo_view", 20 * DAY: "call"},
            "told_only": {24 * DAY: "demo_view", 2 * DAY: "call"},
        }
    )
    world.hearing(
        *(
            {"person_id": "taken_back", "item": "budget", "value": value, "at": NOW - days * DAY}
            for value, days in (("yes", 23), ("no", 19), ("yes", 2))
        ),
        {"person_id": "undated", "item": "budget", "value": "yes"},
    )
    return _told(rules, world)


def test_an_answer_holds_until_the_next_one(heard: Told) -> None:
    assert _since(heard, "taken_back") == 2 * DAY


def test_an_answer_of_unknown_date_is_in_no_window(heard: Told) -> None:
    assert _since(heard, "undated") == 3 * DAY


def test_points_are_in_a_window_until_the_moment_they_leave_it(heard: Told) -> None:
    assert _since(heard, "touching") == 13 * DAY
    assert _since(heard, "broken") == 6 * DAY


def test_each_requirement_has_to_be_met(heard: Told) -> None:
    assert (heard["told_only"]["stage"], heard["told_only"]["hot_lacks"]) == ("cold", ["earned"])


def test_what_was_done_at_one_instant_after_a_silence_was_all_done_after_it() -> None:
    visit = {"activity": "activity.type = 'page_view'", "after_silence_days": 14}
    rules = _rules(hot={"at_least": 1, "requires": [{"id": "awake", "name": "Awake", "all": [visit]}]})
    world = World()
    world.people(*({"person_id": who, "created_at": NOW - 25 * DAY} for who in ("last", "first", "late")))
    for who, kinds in (("last", ("email_open", "page_view")), ("first", ("page_view", "email_open"))):
        for kind in kinds:
            world.activities({"person_id": who, "type": kind, "content": "c", "occurred_at": NOW - DAY})
    for ago, kind in ((DAY + MICRO, "email_open"), (DAY, "page_view")):
        world.activities({"person_id": "late", "type": kind, "content": "c", "occurred_at": NOW - ago})
    told = _told(rules, world)
    assert {who: row["hot_lacks"] for who, row in told.items()} == {"last": [], "first": [], "late": ["awake"]}


def test_a_span_that_is_still_to_come_says_nothing_of_since_when_it_holds() -> None:
    few, key = {"score_at_most": 5, "within_days": 7}, {"activity": "activity.type = 'demo_view'", "within_days": 5}
    requires = [{"id": "few_or_key", "name": "Few points, or a key action", "any": [few, key]}]
    world = _world({"p": {4 * DAY: "demo_view", 3 * DAY: "demo_view"}})
    assert _since(_told(_rules(hot={"at_least": 5, "requires": requires}), world), "p") == 4 * DAY
