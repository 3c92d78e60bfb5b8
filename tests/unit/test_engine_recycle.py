"""Recycling by hand: each reason's clock, which closing counts, and what has to happen anew (RC-1..3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.recycle import recycle
from connector.engine.score import score
from connector.engine.tier import tier
from connector.rules.conditions import Condition
from connector.rules.lifecycle import Lifecycle
from connector.rules.load import RuleSet
from connector.rules.stages import STAGES
from tests.engine_world import World, shipped, utc

pytestmark = pytest.mark.requirement("RC-1", "RC-2", "RC-3")

NOW = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)  # noon in Tokyo, a Monday
DAY = timedelta(days=1)
DEMO = "activity.type = 'demo_view'"


@cache
def _classic() -> RuleSet:
    return shipped()


def rules(**life: Any) -> RuleSet:
    """`classic` with another lifecycle; conditions are SQL as it stands."""

    def as_it_stands(text: str) -> Condition:
        return Condition(text, text, frozenset())

    stages = {name: {"name": name} for name in STAGES}
    context = dict.fromkeys(("activity", "hearing", "deal", "fit"), as_it_stands)
    told = {"version": 1, "stages": stages, **life}
    return replace(_classic(), lifecycle=Lifecycle.model_validate(told, context=context))


def decided(book: RuleSet, world: World, now: datetime = NOW) -> dict[str, dict[str, Any]]:
    tier(book, world.run)
    grade(book, world.run)
    score(book, now, world.run)
    decide(book, now, (now + timedelta(hours=9)).date(), world.run)
    tables = [world.rows(table) for table in ("scored", "qualified", "decided")]
    return {who: {name: value for table in tables for name, value in table[who].items()} for who in tables[0]}


def did(who: str, kind: str, ago: timedelta, times: int = 1) -> list[dict[str, Any]]:
    return [{"person_id": who, "type": kind, "theme": "brand", "occurred_at": NOW - ago}] * times


def test_what_opened_the_gate_before_recycling_does_not_open_it_again() -> None:
    """Complaint 68: hot again only by new behaviour, and that goes for the meaningful action as for the points."""
    gate = {"id": "demo", "name": "Demo", "all": [{"activity": DEMO, "within_days": 30}]}
    lately = {"id": "points", "name": "Points", "all": [{"score": 5, "within_days": 30}]}
    active = {"id": "active", "name": "Active", "all": [{"active_within_days": 30}]}
    world = World()
    lost = {"created_at": NOW - 50 * DAY, "crm_status": "lost", "lost_at": NOW - 12 * DAY}
    world.people(*({"person_id": who, **lost} for who in ("old", "anew", "silent")))
    world.activities(
        *did("old", "demo_view", 10 * DAY, 3), *did("old", "search", DAY, 3),
        *did("anew", "demo_view", 10 * DAY, 3), *did("anew", "search", DAY, 3), *did("anew", "demo_view", DAY),
        *did("silent", "demo_view", 6 * DAY, 3),
    )  # fmt: skip
    told = decided(rules(hot={"at_least": 15, "requires": [gate, lately, active]}, recycle={"after_days": 7}), world)
    assert {who: (row["stage"], row["hot_lacks"]) for who, row in told.items()} == {
        "old": ("cold", ["demo"]), "anew": ("hot", []), "silent": ("cold", ["demo", "points", "active"]),
    }  # fmt: skip
    assert told["old"]["recycled_at"] == (NOW - 5 * DAY).replace(tzinfo=None)


def due(clock: dict[str, Any], lost: str, world: World | None = None, reason: str = "why", **more: Any) -> str | None:
    """When the time of one lost deal is over, as a local time in Tokyo."""
    world = world or World()
    world.people({"person_id": "p", "created_at": utc("2020-01-01"), "crm_status": "lost"})
    deal = {"person_id": "p", "opportunity_id": "d", "status": "lost", "loss_reason": reason, "closed_at": utc(lost)}
    world.deals({**deal, **{name: more.pop(name) for name in ("renewal_on",) if name in more}})
    one = {"id": "why", "name": "Why", "words": ["why"], "after": clock}
    recycle(rules(recycle={"after_days": 90, "reasons": [one], **more}), utc("2030-01-01"), world.run)
    moment = world.rows("recycling")["p"]["due_at"]
    return f"{moment + timedelta(hours=9):%Y-%m-%d %H:%M}" if moment else None


@pytest.mark.parametrize(
    ("term", "starts", "lost", "again"),
    [
        ("fiscal_year", 4, "2026-11-22T10:00+09:00", "2027-04-01 00:00"),
        ("fiscal_year", 4, "2027-03-31T23:59:59+09:00", "2027-04-01 00:00"),
        ("fiscal_year", 4, "2027-04-01T00:00+09:00", "2028-04-01 00:00"),
        ("fiscal_year", 4, "2027-03-31T15:00+00:00", "2028-04-01 00:00"),  # April 1 in Tokyo
        ("fiscal_year", 4, "2026-01-15T10:00+09:00", "2026-04-01 00:00"),
        ("fiscal_year", 1, "2026-12-31T23:59+09:00", "2027-01-01 00:00"),
        ("fiscal_year", 1, "2027-01-01T00:00+09:00", "2028-01-01 00:00"),
        ("fiscal_year", 10, "2026-09-30T10:00+09:00", "2026-10-01 00:00"),
        ("fiscal_year", 12, "2026-11-30T10:00+09:00", "2026-12-01 00:00"),
        ("fiscal_half", 4, "2026-05-31T10:00+09:00", "2026-10-01 00:00"),
        ("fiscal_half", 4, "2026-12-31T10:00+09:00", "2027-04-01 00:00"),
        ("fiscal_half", 1, "2026-12-31T10:00+09:00", "2027-01-01 00:00"),
        ("fiscal_quarter", 4, "2026-12-31T10:00+09:00", "2027-01-01 00:00"),
        ("fiscal_quarter", 2, "2026-12-31T10:00+09:00", "2027-02-01 00:00"),
    ],
)
def test_no_budget_waits_for_the_next_fiscal_term(term: str, starts: int, lost: str, again: str) -> None:
    assert due({"next": term}, lost, fiscal_year_starts=starts) == again


def test_the_fiscal_year_is_the_orgs_where_the_rules_do_not_say_it_and_begins_in_april_without_one() -> None:
    assert due({"next": "fiscal_year"}, "2026-11-22") == "2027-04-01 00:00"
    world = World()
    world.connection.execute("INSERT INTO fiscal_calendar VALUES (1)")
    assert due({"next": "fiscal_year"}, "2026-11-22", world) == "2027-01-01 00:00"
    world.clear()
    assert due({"next": "fiscal_year"}, "2026-11-22", world, fiscal_year_starts=7) == "2027-07-01 00:00"


@pytest.mark.parametrize(
    ("clock", "lost", "renewal", "again"),
    [
        ({}, "2026-06-10T18:00+09:00", None, "2027-03-12 00:00"),
        ({"contract_months": 36}, "2026-06-10T18:00+09:00", None, "2029-03-12 00:00"),
        ({}, "2026-06-10T18:00+09:00", "2027-12-31", "2027-10-02 00:00"),
        # The renewal is nearer than 90 days: the one after it counts.
        ({}, "2026-06-10T18:00+09:00", "2026-08-01", "2027-05-03 00:00"),
        # Lost at the very beginning of that day: it is not to come any more.
        ({}, "2026-10-02T00:00+09:00", "2026-12-31", "2027-10-02 00:00"),
        ({"contract_months": 1}, "2026-08-31T12:00+09:00", None, "2026-09-01 00:00"),
    ],
)
def test_a_competitor_is_met_again_before_the_renewal(
    clock: dict[str, Any], lost: str, renewal: str | None, again: str
) -> None:
    found = due({"before_renewal_days": 90, **clock}, lost, renewal_on=renewal)
    assert found == again


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("2027-02-15", "2027-02-15 00:00"),
        ("2027/2/5", "2027-02-05 00:00"),
        ("２０２７年２月", "2027-02-01 00:00"),
        ("2027年2月15日以降", "2027-02-15 00:00"),
        ("2027-02", "2027-02-01 00:00"),
        ("来期", "2027-04-01 00:00"),
        ("来年度の予算で", "2027-04-01 00:00"),
        ("2026-06-10", "2026-12-07 12:00"),  # the day of the closing is over
        ("2027-02-31", "2026-12-07 12:00"),
        ("いつか", "2026-12-07 12:00"),
        ("", "2026-12-07 12:00"),
    ],
)
def test_bad_timing_waits_for_the_date_that_was_heard(said: str, again: str) -> None:
    world = World()
    world.hearing(
        {"person_id": "p", "item": "timeframe", "value": "2026-09-01", "at": utc("2026-06-01")},
        {"person_id": "p", "item": "timeframe", "value": said, "at": utc("2026-06-09")},
    )
    if not said:
        world.connection.execute("DELETE FROM hearing")
    clock = {"heard_date": ["again_on", "timeframe"], "otherwise_days": 180}
    assert due(clock, "2026-06-10T12:00+09:00", world) == again


def test_the_day_of_the_closing_is_no_later_day() -> None:
    world = World()
    world.hearing({"person_id": "p", "item": "timeframe", "value": "2026-06-10", "at": utc("2026-06-01")})
    assert due({"heard_date": ["timeframe"]}, "2026-06-10T00:00+09:00", world) == "2026-09-08 00:00"


def test_the_first_item_that_names_a_later_day_counts() -> None:
    world = World()
    for item, value in (("again_on", "2026-06-01"), ("timeframe", "2027-01-10")):
        world.hearing({"person_id": "p", "item": item, "value": value, "at": utc("2026-06-01")})
    clock = {"heard_date": ["again_on", "timeframe"]}
    assert due(clock, "2026-06-10T12:00+09:00", world) == "2027-01-10 00:00"


def closed(world: World, who: str, reason: str | None, ago: timedelta, **more: Any) -> None:
    world.people({
        "person_id": who, "created_at": NOW - 900 * DAY, "crm_status": "disqualified", "close_reason": reason,
        "closed_at": NOW - ago, **more,
    })  # fmt: skip


def lost(world: World, who: str, *deals: tuple[str | None, timedelta | None], status: str = "lost") -> None:
    dates = [ago for _, ago in deals if ago is not None]
    last = NOW - min(dates) if dates else None
    world.people({"person_id": who, "created_at": NOW - 900 * DAY, "crm_status": status, "lost_at": last})
    world.deals(*(
        {"person_id": who, "opportunity_id": f"{who}{n}", "status": "lost" if ago else "open", "loss_reason": reason,
         "closed_at": NOW - ago if ago else None, "competitor": f"c{n}", "product": f"p{n}", "amount": 10.0 * n}
        for n, (reason, ago) in enumerate(deals)
    ))  # fmt: skip


SOME = {
    "after_days": 90,
    "reasons": [
        {"id": "soon", "name": "Soon", "words": ["Soon", " 近日 "], "after": {"days": 10}, "of": ["deals", "leads"]},
        {"id": "late", "name": "Late", "words": ["late"], "after": {"days": 200}, "action": "call"},
        {"id": "target", "name": "Not a target", "words": ["対象外"], "action": "never", "of": ["deals", "leads"]},
    ],
}


def told_of(world: World, **life: Any) -> dict[str, dict[str, Any]]:
    recycle(rules(recycle=SOME, **life), NOW, world.run)
    return world.rows("recycling")


def test_which_closing_counts() -> None:
    world = World()
    lost(world, "last", ("late", 100 * DAY), ("SOON ", 5 * DAY))
    lost(world, "older", ("soon", 5 * DAY), ("late", 100 * DAY))
    lost(world, "unknown", ("競合", 89 * DAY))
    lost(world, "never", ("対象外", 2_000 * DAY))
    lost(world, "undated", ("soon", None))
    lost(world, "reopened", ("soon", 50 * DAY), ("soon", None), status="opportunity")
    closed(world, "lead", "近日", 10 * DAY)
    closed(world, "kept", "late", 900 * DAY)
    closed(world, "both", "soon", 50 * DAY, lost_at=NOW - 60 * DAY)
    world.deals({"person_id": "both", "opportunity_id": "b", "status": "lost", "loss_reason": "late",
                 "closed_at": NOW - 60 * DAY})  # fmt: skip
    told = told_of(world)
    assert "reopened" not in told
    naive = NOW.replace(tzinfo=None)
    found = {who: (row["rule"], row["action"], row["due_at"] and row["due_at"] - naive) for who, row in told.items()}
    assert found == {
        "last": ("soon", "nurture", 5 * DAY), "older": ("soon", "nurture", 5 * DAY),
        "unknown": ("other", "nurture", DAY), "never": ("target", "never", None),
        "undated": ("without_reason", "nurture", None), "lead": ("soon", "nurture", 0 * DAY),
        "kept": ("late", "never", None), "both": ("late", "call", 140 * DAY),
    }  # fmt: skip
    assert [who for who, row in told.items() if row["recycled_at"]] == ["lead"]
    assert told["last"] | {"person_id": "last"} == told["last"]
    assert [told["last"][name] for name in ("reason", "competitor", "product", "amount")] == ["SOON", "c1", "p1", 10.0]
    assert told["last"]["next_change_at"] == naive + 5 * DAY


def test_a_closed_lead_stays_closed_until_its_reason_says_otherwise() -> None:
    world = World()
    for who, reason in (("lead", "soon"), ("anew", "soon"), ("none", None), ("never", "対象外")):
        closed(world, who, reason, 11 * DAY)
        world.activities(*did(who, "demo_view", timedelta(0) if who == "anew" else 10 * DAY, 13))
    told = decided(rules(recycle=SOME), world)
    assert {who: (row["stage"], row["cadence_starts"]) for who, row in told.items()} == {
        "lead": ("cold", False), "anew": ("hot", True), "none": ("disqualified", False),
        "never": ("disqualified", False),
    }  # fmt: skip


def test_recycled_and_lost_again_waits_again_and_a_changed_reason_begins_nothing_old() -> None:
    world = World()
    lost(world, "again", ("soon", 50 * DAY), ("soon", 5 * DAY))
    # What a rep said first and corrected since counts from the same closing.
    lost(world, "to late", ("late", 50 * DAY))
    lost(world, "to soon", ("soon", 50 * DAY))
    for who in ("again", "to late", "to soon"):
        world.activities(*did(who, "demo_view", 25 * DAY, 13))
    told = decided(rules(recycle=SOME), world)
    assert {who: (row["stage"], row["cadence_starts"], row["review"]) for who, row in told.items()} == {
        "again": ("lost", False, False), "to late": ("lost", False, False),
        # The crossing lies too far back to start a cadence.
        "to soon": ("hot", False, True),
    }  # fmt: skip


def test_before_an_agreed_day_nobody_is_followed_up_however_hot() -> None:
    world = World()
    held = {"created_at": NOW - 90 * DAY}
    world.people(
        {"person_id": "field", "not_before": NOW.date() + DAY, **held},
        {"person_id": "heard", **held}, {"person_id": "today", "not_before": NOW.date(), **held},
        {"person_id": "free", **held},
    )  # fmt: skip
    world.hearing({"person_id": "heard", "item": "again_on", "value": "2026年7月", "at": NOW - DAY})
    for who in ("field", "heard", "today", "free"):
        world.activities(*did(who, "demo_view", 40 * DAY if who == "today" else DAY, 15))
    told = decided(rules(not_before={"heard": ["again_on"]}, hot={"at_least": 10}), world)
    assert {who: (row["stage"], row["cadence_starts"], row["review"]) for who, row in told.items()} == {
        "field": ("hot", False, False), "heard": ("hot", False, False),
        # The day has come: as if just turned hot.
        "today": ("hot", True, False), "free": ("hot", True, False),
    }  # fmt: skip
    midnight = datetime(2026, 6, 15, 15, tzinfo=UTC)
    assert world.rows("not_before")["field"]["next_change_at"] == midnight.replace(tzinfo=None)


def test_a_second_approach_needs_new_interest() -> None:
    world = World()
    for who in ("quiet", "points", "key", "awake", "first"):
        lost(world, who, ("soon", 50 * DAY))
    world.connection.execute("UPDATE people SET crm_status = NULL WHERE person_id = 'first'")
    before = [row for who in ("quiet", "points", "key") for row in did(who, "demo_view", 45 * DAY, 20)]
    world.activities(
        *before, *did("points", "search", DAY), *did("key", "demo_view", DAY, 2), *did("quiet", "page_view", DAY, 8),
        *did("awake", "page_view", 80 * DAY), *did("awake", "page_view", DAY), *did("quiet", "page_view", 30 * DAY),
    )  # fmt: skip
    visit = {"activity": "activity.type = 'page_view'", "after_silence_days": 60}
    approach = {"id": "anew", "name": "Anew", "any": [{"score": 10}, {"activity": DEMO}, visit]}
    told = decided(rules(recycle=SOME, second_approach=approach, hot={"at_least": 1}), world)
    assert {who: row["approach"] for who, row in told.items()} == {
        "quiet": False, "points": True, "key": True, "awake": True, "first": None,
    }  # fmt: skip
    assert (told["quiet"]["stage"], told["quiet"]["cadence_starts"]) == ("hot", False)
    assert told["key"]["cadence_starts"] is True


@pytest.mark.requirement("LC-12")
def test_people_with_a_short_lead_time_wait_less_where_days_are_counted() -> None:
    world = World()
    for who, size in (("small", 10), ("large", 5_000)):
        lost(world, who, ("soon", 6 * DAY))
        world.connection.execute("UPDATE people SET employees = ? WHERE person_id = ?", [size, who])
    short = {"id": "small", "name": "Small", "when": "fit.employees < 100", "recycle_percent": 50}
    told = decided(rules(recycle=SOME, lead_times=[short]), world)
    assert {who: row["recycled_at"] and NOW.replace(tzinfo=None) - row["recycled_at"] for who, row in told.items()} == {
        "small": DAY, "large": None,
    }  # fmt: skip
