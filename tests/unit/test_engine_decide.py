"""Stages, and whose follow-up starts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.moments import as_column
from connector.engine.score import score
from connector.engine.tier import tier
from connector.rules.load import SHIPPED, RuleSet
from tests.engine_world import World, block, rules_with, shipped, utc

pytestmark = pytest.mark.requirement("LC-1", "CD-1")

START = utc("2026-06-01T10:00:00+09:00")  # a Monday in Tokyo
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def classic() -> RuleSet:
    return shipped()


@pytest.fixture
def world() -> World:
    return World()


def _demos(count: int, at: datetime = START) -> list[dict[str, Any]]:
    return [{"person_id": "p", "type": "demo_view", "occurred_at": at} for _ in range(count)]


def _person(world: World, **fields: Any) -> None:
    world.people({"person_id": "p", "created_at": START, **fields})


def _decided(world: World, rules: RuleSet, as_of: datetime) -> dict[str, Any]:
    score(rules, as_of, world.run)
    tier(rules, world.run)
    grade(rules, world.run)
    decide(rules, as_of, (as_of + timedelta(hours=9)).date(), world.run)
    return world.rows("decided")["p"]


@pytest.mark.parametrize(
    ("status", "demos", "stage", "rule"),
    [
        (None, 0, "registered", "no_activity_since_registration"),
        (None, 12, "cold", "score_below_threshold"),
        (None, 13, "hot", "score_at_threshold"),
        ("opportunity", 13, "opportunity", "crm_status"),
        ("won", 13, "won", "crm_status"),
        ("lost", 0, "lost", "crm_status"),
        ("disqualified", 13, "disqualified", "crm_status"),
        ("no such status", 13, "hot", "score_at_threshold"),
    ],
)
def test_stages(world: World, classic: RuleSet, status: str | None, demos: int, stage: str, rule: str) -> None:
    _person(world, crm_status=status)
    world.activities(*_demos(demos))
    row = _decided(world, classic, START)
    assert (row["stage"], row["stage_rule"]) == (stage, rule)
    assert row["cadence_starts"] is (stage == "hot")
    assert row["hot_since"] == (as_column(START) if stage == "hot" else None)


def test_activity_before_registration_alone_leaves_a_person_registered(world: World, classic: RuleSet) -> None:
    _person(world)
    world.activities(*_demos(1, START - DAY))
    assert _decided(world, classic, START)["stage"] == "registered"


@pytest.mark.parametrize(
    ("waited", "starts", "review"),
    [(timedelta(0), True, False), (20 * DAY, True, False), (20 * DAY + timedelta(seconds=1), False, True)],
)
def test_a_crossing_is_fresh_for_20_days(
    world: World, classic: RuleSet, waited: timedelta, starts: bool, review: bool
) -> None:
    _person(world)
    world.activities(*_demos(13))
    row = _decided(world, classic, START + waited)
    assert (row["cadence_starts"], row["review"]) == (starts, review)


@pytest.mark.requirement("CD-2")
def test_a_crossing_starts_one_cadence_only(world: World, classic: RuleSet) -> None:
    _person(world)
    world.activities(*_demos(13))
    world.cadence_runs({"person_id": "p", "cadence": "hot", "start_date": date(2026, 6, 1), "ended_at": START + DAY})
    row = _decided(world, classic, START + 2 * DAY)
    assert (row["stage"], row["cadence_starts"], row["review"]) == ("hot", False, False)


@pytest.mark.parametrize(
    ("moment", "stage"),
    [
        ("2026-07-01T12:00:00+09:00", "hot"),  # 68 − 15 on this day would be below 65, but the run is open
        ("2026-07-06T23:59:59+09:00", "hot"),
        ("2026-07-07T00:00:00+09:00", "cold"),
    ],
)
def test_who_cools_in_a_cadence_stays_hot_to_the_end_of_its_last_day(
    world: World, classic: RuleSet, moment: str, stage: str
) -> None:
    _person(world)
    world.activities(*_demos(13))
    world.cadence_runs({"person_id": "p", "cadence": "hot", "start_date": date(2026, 6, 15), "ended_at": None})
    assert _decided(world, classic, utc(moment))["stage"] == stage


def test_the_next_rise_after_a_finished_run_starts_another(world: World, classic: RuleSet) -> None:
    _person(world)
    later = START + 40 * DAY
    world.activities(*_demos(13), *_demos(3, later))
    world.cadence_runs({"person_id": "p", "cadence": "hot", "start_date": date(2026, 6, 1), "ended_at": None})
    row = _decided(world, classic, later)
    assert (row["stage"], row["cadence_starts"], row["hot_since"]) == ("hot", True, as_column(later))


def test_a_rise_within_an_open_run_starts_none(world: World, classic: RuleSet) -> None:
    _person(world)
    world.activities(*_demos(13, START - 30 * DAY), *_demos(3, START))
    world.cadence_runs({"person_id": "p", "cadence": "hot", "start_date": date(2026, 5, 15), "ended_at": None})
    assert _decided(world, classic, START + DAY)["cadence_starts"] is False
    assert _decided(world, classic, START + 15 * DAY)["cadence_starts"] is False


def test_a_run_moved_over_a_weekend_covers_the_crossing_before_it(world: World, classic: RuleSet) -> None:
    saturday = utc("2026-06-06T12:00:00+09:00")
    _person(world)
    world.activities(*_demos(13, saturday))
    world.cadence_runs({"person_id": "p", "cadence": "hot", "start_date": date(2026, 6, 8), "ended_at": None})
    row = _decided(world, classic, saturday)
    assert (row["stage"], row["cadence_starts"]) == ("hot", False)


def test_a_run_of_a_cadence_that_the_rules_no_longer_know_lasts_its_first_day(world: World, classic: RuleSet) -> None:
    _person(world)
    world.activities(*_demos(12))
    world.cadence_runs({"person_id": "p", "cadence": "old", "start_date": date(2026, 6, 1), "ended_at": None})
    assert _decided(world, classic, START)["stage"] == "hot"
    assert _decided(world, classic, START + DAY)["stage"] == "cold"


@pytest.mark.requirement("SY-10")
@pytest.mark.parametrize(
    ("do_not_call", "opted_out", "starts"), [(True, False, True), (None, True, True), (True, True, False)]
)
def test_who_may_be_reached_by_no_channel_gets_no_cadence(
    world: World, classic: RuleSet, do_not_call: bool | None, opted_out: bool, starts: bool
) -> None:
    _person(world, do_not_call=do_not_call, opted_out=opted_out)
    world.activities(*_demos(13))
    row = _decided(world, classic, START)
    assert row["cadence_starts"] is starts
    assert (row["may_call"], row["may_email"]) == (not do_not_call, not opted_out)


@pytest.mark.requirement("RC-3")
@pytest.mark.parametrize(
    ("days", "stage", "rule", "deciding"),
    [
        (89, "lost", "crm_status", 65 - 30),
        (90, "cold", "recycled", 0),
        (91, "cold", "recycled", 60),
        (92, "hot", "score_at_threshold", 65),
    ],
)
def test_lost_turns_cold_after_90_days_and_hot_only_by_what_is_new(
    world: World, classic: RuleSet, days: int, stage: str, rule: str, deciding: int
) -> None:
    recycled = START + 90 * DAY
    _person(world, crm_status="lost", lost_at=START, source="web_inquiry")
    world.activities(*_demos(13), *_demos(12, recycled + DAY), *_demos(1, recycled + 2 * DAY))
    row = _decided(world, classic, START + days * DAY)
    scored = world.rows("scored")["p"]
    assert (row["stage"], row["stage_rule"]) == (stage, rule)
    assert scored["recycled_at"] == (as_column(recycled) if days >= 90 else None)
    if days >= 90:
        assert scored["score_deciding"] == deciding
        assert row["cadence_starts"] is (stage == "hot")
    assert scored["score"] == scored["score_source"] + scored["score_behaviour"] + scored["score_inactivity"]
    assert row["hot_since"] == (as_column(recycled + 2 * DAY) if stage == "hot" else None)


@pytest.mark.requirement("RC-3")
def test_recycling_starts_the_clock(world: World, classic: RuleSet) -> None:
    _person(world, crm_status="lost", lost_at=START)
    score(classic, START + 120 * DAY - timedelta(seconds=1), world.run)
    assert world.rows("scored")["p"]["score_deciding"] == 0
    assert world.rows("scored")["p"]["next_change_at"] == as_column(START + 120 * DAY)
    score(classic, START + 120 * DAY, world.run)
    assert world.rows("scored")["p"]["score_deciding"] == -5


@pytest.mark.requirement("RC-3")
def test_without_recycling_lost_stays_lost(world: World, tmp_path: Path) -> None:
    text = (SHIPPED / "classic" / "lifecycle.yaml").read_text(encoding="utf-8")
    rules = rules_with(tmp_path, lifecycle=text.replace(block(text, "recycle"), ""))
    _person(world, crm_status="lost", lost_at=START)
    world.activities(*_demos(13))
    assert _decided(world, rules, START + 400 * DAY)["stage"] == "lost"
