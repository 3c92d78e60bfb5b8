"""Since when everybody stands where they stand, what is over its time, and who is slower than expected."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.tier import tier
from connector.errors import ConfigurationError
from connector.rules.load import RuleSet
from connector.rules.stages import STAGES
from tests.engine_world import World, rules_with, utc

pytestmark = pytest.mark.requirement("LC-4", "LC-9")

AS_OF = utc("2026-06-15T12:00:00+09:00")
DAY = timedelta(days=1)


def rules(folder: Path, stages: dict[str, Any] | None = None, **more: Any) -> RuleSet:
    told: dict[str, Any] = {stage: {"name": stage, **(stages or {}).get(stage, {})} for stage in STAGES}
    return rules_with(folder, lifecycle=json.dumps({"version": 1, "stages": told, **more}, ensure_ascii=False))


def evaluated(world: World, book: RuleSet, as_of: datetime = AS_OF) -> World:
    tier(book, world.run)
    grade(book, world.run)
    score(book, as_of, world.run)
    decide(book, as_of, date(2026, 6, 15), world.run)
    return world


def demos(person: str, count: int, at: datetime) -> list[dict[str, Any]]:
    return [
        {"activity_id": f"{person}{n}", "person_id": person, "occurred_at": at, "type": "demo_view"}
        for n in range(count)
    ]


def test_each_stage_begins_where_deals_score_recycling_and_first_acts_say(tmp_path: Path) -> None:
    world = World()
    born = AS_OF - 200 * DAY
    for person, status in (("new", None), ("cold", None), ("hot", None), ("deal", "opportunity"), ("won", "won"),
                           ("lost", "lost"), ("again", "lost"), ("closed", "disqualified")):  # fmt: skip
        lost = {"lost": AS_OF - 10 * DAY, "again": AS_OF - 100 * DAY}.get(person)
        world.people({"person_id": person, "created_at": born, "crm_status": status, "lost_at": lost})
    world.activities(*demos("cold", 1, AS_OF - 50 * DAY), *demos("hot", 13, AS_OF - 3 * DAY))
    world.deals(
        {"person_id": "deal", "status": "open", "created_at": AS_OF - 20 * DAY},
        {"person_id": "deal", "status": "open", "created_at": AS_OF - 40 * DAY},
        {"person_id": "won", "status": "won", "created_at": AS_OF - 90 * DAY, "closed_at": AS_OF - 70 * DAY},
        {"person_id": "lost", "status": "lost", "created_at": born, "closed_at": AS_OF - 10 * DAY},
    )
    world.transitions(
        {"person_id": "closed", "to_stage": "disqualified", "happened_at": AS_OF - 5 * DAY},
        {"person_id": "new", "to_stage": "hot", "happened_at": AS_OF - 5 * DAY},
    )
    book = rules(tmp_path, recycle={"after_days": 90})
    found = evaluated(world, book).rows("stage_times")
    days = {person: (AS_OF - row["since"].replace(tzinfo=UTC)) / DAY for person, row in found.items()}
    assert days == {
        "new": 200, "cold": 50, "hot": 3, "deal": 40, "won": 70, "lost": 10, "again": 10, "closed": 5,
    }  # fmt: skip
    assert all(row["limit_at"] is None and not row["overdue"] for row in found.values())


def test_a_limit_passes_at_its_moment_and_says_when_it_will(tmp_path: Path) -> None:
    world = World()
    for person, ago in (("over", 30 * DAY), ("just", 30 * DAY - timedelta(microseconds=1)), ("long", 31 * DAY)):
        world.people({"person_id": person, "created_at": AS_OF - ago})
    book = rules(tmp_path, {"registered": {"owner": "marketing", "within_days": 30, "then": "nurture"}})
    found = evaluated(world, book).rows("stage_times")
    assert {person: row["overdue"] for person, row in found.items()} == {"over": True, "just": False, "long": True}
    assert {(row["owner"], row["way_on"]) for row in found.values()} == {("marketing", "nurture")}
    soon = found["just"]["next_change_at"].replace(tzinfo=UTC)
    assert soon == AS_OF + timedelta(microseconds=1)
    assert found["over"]["next_change_at"] is None


def test_nobody_has_a_limit_where_nobody_knows_since_when(tmp_path: Path) -> None:
    world = World()
    world.people({"person_id": "p", "created_at": AS_OF - 900 * DAY, "crm_status": "opportunity"})
    book = rules(tmp_path, {"opportunity": {"owner": "field_sales", "within_days": 30, "then": "remind"}})
    (row,) = evaluated(world, book).rows("stage_times").values()
    assert (row["since"], row["limit_at"], row["overdue"], row["owner"]) == (None, None, False, "field_sales")


@pytest.mark.requirement("LC-12")
def test_lead_times_by_firmographics_and_by_deal_say_who_is_late(tmp_path: Path) -> None:
    world = World()
    for person, employees in (("small", 20), ("large", 5000), ("dealer", 20), ("unknown", None)):
        world.people({"person_id": person, "created_at": AS_OF - 100 * DAY, "employees": employees})
    world.people({"person_id": "late", "created_at": AS_OF - 100 * DAY, "employees": 20})
    world.deals({"person_id": "dealer", "status": "open", "product": "cloud", "created_at": AS_OF - 8 * DAY})
    world.deals({"person_id": "small", "status": "lost", "product": "cloud", "created_at": AS_OF - 8 * DAY})
    world.content_stages({"content": "prices", "stage": "decision", "rank": "4"})
    seen = {"type": "page_view", "content": "prices"}
    world.activities(
        {"person_id": "small", "occurred_at": AS_OF - 9 * DAY, **seen},
        {"person_id": "late", "occurred_at": AS_OF - 30 * DAY, **seen},
        {"person_id": "late", "occurred_at": AS_OF - 1 * DAY, **seen},
    )
    book = rules(
        tmp_path,
        lead_times=[
            {"id": "cloud", "name": "Cloud", "deal": "product = 'cloud'", "expected": {"opportunity": 7},
             "cadence": "hot"},
            {"id": "small", "name": "Small", "when": "employees < 50", "expected": {"decision": 10, "cold": 60},
             "skip_nurture": True, "hot_at_least": 40},
        ],
    )  # fmt: skip
    evaluated(world, book)
    segments = world.rows("segmented")
    assert {person: row["segment"] for person, row in segments.items()} == {
        "dealer": "cloud", "small": "small", "late": "small",
    }  # fmt: skip
    assert (segments["small"]["hot_at_least"], segments["small"]["skip_nurture"]) == (40, True)
    assert (segments["dealer"]["hot_at_least"], segments["dealer"]["cadence"]) == (None, "hot")
    rows = world.run("SELECT person_id, about, stage, late, next_change_at FROM lead_timed ORDER BY ALL", {})
    assert [row[:4] for row in rows] == [
        ("late", "buying_stage", "decision", True), ("late", "stage", "cold", False),
        ("small", "buying_stage", "decision", False), ("small", "stage", "cold", False),
    ]  # fmt: skip
    assert (rows[0][4], rows[2][4].replace(tzinfo=UTC)) == (None, AS_OF + DAY)


@pytest.mark.requirement("LC-11")
def test_items_are_asked_for_from_their_stage_on_of_those_of_whom_they_are_required(tmp_path: Path) -> None:
    world = World()
    world.companies({"company_id": "buyer"}, {"company_id": "other"})
    for person, company in (("cold", None), ("hot", "other"), ("customer", "buyer"), ("cloud", "other")):
        world.people({"person_id": person, "created_at": AS_OF - 100 * DAY, "company_id": company, "employees": 100})
        world.activities(*demos(person, 1 if person == "cold" else 20, AS_OF - DAY))
    world.deals(
        {"company_id": "buyer", "status": "won", "created_at": AS_OF - 90 * DAY, "closed_at": AS_OF - 70 * DAY},
        {"person_id": "cloud", "status": "lost", "product": "disk", "created_at": AS_OF - 90 * DAY},
        {"person_id": "cloud", "status": "won", "product": "cloud", "created_at": AS_OF - 90 * DAY},
    )
    world.hearing(
        {"person_id": "hot", "item": "budget", "value": "1000"}, {"person_id": "hot", "item": "size", "value": "?"}
    )
    item = {"name": "x", "collected_by": ["call"]}
    book = rules(
        tmp_path,
        hearing=[
            {"id": "size", **item, "by_stage": "cold", "soft": ["?"]},
            {"id": "never", **item},
            {"id": "budget", **item},
            {"id": "tool", **item, "by_stage": "hot", "required_for": {"customers": "new"}},
            {"id": "contract", **item, "by_stage": "hot", "required_for": {"customers": "existing"}},
            {"id": "zone", **item, "by_stage": "hot", "required_for": {"deal": "product = 'cloud'"}},
            {"id": "disk", **item, "by_stage": "hot", "required_for": {"deal": "product = 'disk'"}},
            {"id": "big", **item, "by_stage": "hot", "required_for": {"attributes": "employees > 500"}},
        ],
        sql={"needs": ["budget"]},
    )
    asks = {person: row["ask"] for person, row in evaluated(world, book).rows("hearing_asks").items()}
    assert asks == {
        "cold": ["budget", "size"],
        "hot": ["size", "tool"],
        "customer": ["budget", "size", "contract"],
        "cloud": ["budget", "size", "contract", "zone"],
    }


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        ({"hot": {"within_days": 3}}, "`within_days` without `then` leads nowhere."),
        ({"hot": {"then": "review"}}, "`then: review` needs a time."),
        ({"lost": {"within_days": 3, "then": "recycle"}}, "`recycle` has a clock of its own."),
        ({"hot": {"then": "recycle"}}, "`recycle` is the way on of `lost`"),
    ],
)
def test_a_limit_that_leads_nowhere_is_refused(tmp_path: Path, stages: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        rules(tmp_path, stages)
    assert sentence in str(refused.value.problems[0])


@pytest.mark.requirement("LC-13")
def test_a_rise_since_the_stage_was_set_asks_for_action_until_somebody_acts(tmp_path: Path) -> None:
    world = World()
    people = ("rising", "before", "answered", "again", "short", "unknown", "won")
    for person in people:
        status = "won" if person == "won" else "opportunity"
        world.people({"person_id": person, "created_at": AS_OF - 200 * DAY, "crm_status": status})
        if person != "unknown":
            deal = {"person_id": person, "status": "open", "created_at": AS_OF - 20 * DAY}
            world.deals({**deal, "status": "won", "closed_at": AS_OF - 20 * DAY} if person == "won" else deal)
    world.activities(
        *demos("rising", 3, AS_OF - 2 * DAY), *demos("rising-", 1, AS_OF - DAY), *demos("before", 4, AS_OF - 20 * DAY),
        *demos("answered", 4, AS_OF - 9 * DAY), *demos("again", 5, AS_OF - 9 * DAY), *demos("again-", 4, AS_OF),
        *demos("short", 3, AS_OF - DAY), *demos("unknown", 9, AS_OF - DAY), *demos("won", 4, AS_OF - DAY),
    )  # fmt: skip
    for name in ("rising", "again"):
        world.run(f"UPDATE activities SET person_id = '{name}' WHERE person_id = '{name}-'", {})
    for person, kind in (("answered", "call_attempt"), ("again", "call")):
        spoken = {"activity_id": f"{person}!", "person_id": person, "type": kind}
        world.activities({**spoken, "occurred_at": AS_OF - 8 * DAY})
    book = rules(
        tmp_path,
        {"opportunity": {"owner": "field_sales"}},
        rises=[{"id": "up", "name": "Up", "stage": "opportunity", "points": 20, "within_days": 10}],
    )
    found = evaluated(world, book).rows("risen")
    told = {person: (row["rise"], row["points"], row["owner"]) for person, row in found.items() if row["rise"]}
    assert told == {"rising": ("up", 20, "field_sales"), "again": ("up", 20, "field_sales")}
    reached = {person: found[person]["reached_at"].replace(tzinfo=UTC) for person in told}
    assert reached == {"rising": AS_OF - DAY, "again": AS_OF}
    assert found["rising"]["next_change_at"].replace(tzinfo=UTC) == AS_OF + 8 * DAY
    assert found["short"]["rise"] is None
    assert not {"before", "answered", "unknown", "won"} & found.keys()


@pytest.mark.requirement("LC-12", "RC-1")
def test_lead_times_set_their_own_threshold_and_waiting_time(tmp_path: Path) -> None:
    world = World()
    for person, employees, status in (
        ("small", 20, None), ("large", 500, None), ("small_lost", 20, "lost"), ("large_lost", 500, "lost"),
    ):  # fmt: skip
        row = {"person_id": person, "created_at": AS_OF - 50 * DAY, "employees": employees, "crm_status": status}
        world.people({**row, "lost_at": AS_OF - 45 * DAY if status else None})
    world.activities(*demos("small", 11, AS_OF - 2 * DAY), *demos("large", 11, AS_OF - 2 * DAY))
    book = rules(
        tmp_path,
        recycle={"after_days": 90},
        lead_times=[{"id": "quick", "name": "Q", "when": "employees < 50", "hot_at_least": 40, "recycle_percent": 50}],
    )
    found = evaluated(world, book).rows("decided")
    assert {person: row["stage"] for person, row in found.items()} == {
        "small": "hot", "large": "cold", "small_lost": "cold", "large_lost": "lost",
    }  # fmt: skip
    assert found["small"]["hot_since"].replace(tzinfo=UTC) == AS_OF - 2 * DAY
    due = {person: row["due_at"].replace(tzinfo=UTC) for person, row in world.rows("recycling").items()}
    assert due == {"small_lost": AS_OF, "large_lost": AS_OF + 45 * DAY}
    assert world.rows("scored")["small_lost"]["recycled_at"].replace(tzinfo=UTC) == AS_OF


@pytest.mark.requirement("LC-12", "LC-2")
def test_an_mql_rule_has_its_own_window_for_a_lead_time(tmp_path: Path) -> None:
    world = World()
    for person, employees in (("small", 20), ("large", 5000)):
        world.people({"person_id": person, "created_at": AS_OF - 99 * DAY, "employees": employees, "source": "event"})
        world.activities(*demos(person, 1, AS_OF - 60 * DAY))
    claims = [{"lead_time": "slow"}, {"activity": "type = 'demo_view'", "within_days": 90}]
    times = [{"id": "slow", "name": "Slow", "when": "employees > 999", "expected": {"cold": 90}}]
    mql = {"rules": [{"id": "slow_interest", "name": "Slow", "all": claims}]}
    found = evaluated(world, rules(tmp_path, lead_times=times, mql=mql)).rows("qualified")
    assert {person: row["mql_rules"] for person, row in found.items()} == {"small": [], "large": ["slow_interest"]}
    with pytest.raises(ConfigurationError) as refused:
        rules(tmp_path, mql=mql)
    assert "There is no lead time `slow`." in str(refused.value.problems[0])
