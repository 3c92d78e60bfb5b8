"""What users of other products complain about in scoring and follow-up, each held against this engine.

The numbers are those of the list of complaints that the project keeps. All people are evaluated at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from connector.engine.cadence import BusinessCalendar, cadence_steps
from connector.engine.decide import decide
from connector.engine.explain import reasons
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.tier import tier
from connector.rules.load import SHIPPED
from tests.engine_world import World, rules_with, shipped, utc

pytestmark = pytest.mark.requirement("SC-2", "SC-3", "SC-4", "SC-6", "SC-8", "SY-8", "LC-2", "AD-8", "CD-1")

NOW = utc("2026-06-01T10:00:00+09:00")
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
CLICK = "  - {id: click, name: Click, when: \"type = 'email_click'\", points: 3}\n"
SIZE = 'attributes:\n  - {id: size, name: Size, when: "employees >= 1000", points: 9}\n'
LATELY = """    - {id: lately, name: Lately, all: [{score: 5, within_days: 7}]}
    - {id: hour, name: Within a day, all: [{activity: "type = 'video_view'", within_days: 1}]}
"""
Told = Mapping[str, dict[str, Any]]


def did(kind: str, ago: timedelta = HOUR, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "occurred_at": NOW - ago, **fields}


def opened(mail: str, ago: timedelta = HOUR) -> dict[str, Any]:
    return did("email_open", ago, content=mail)


LIVES: Mapping[str, list[dict[str, Any]]] = {
    "clicked": [did("email_click", content="m1"), opened("m1", HOUR - SECOND)],
    "reopened": [opened("m1", ago * HOUR) for ago in range(1, 6)],
    "two_mails": [opened("m1"), opened("m1"), opened("m2")],
    "day_ago": [did("video_view", DAY)],
    "within_a_day": [did("video_view", DAY - SECOND)],
    "robot": [did("email_click", HOUR - ago * SECOND / 4, content="m1") for ago in range(8)],
    "many": [did("page_view", 3 * HOUR) for _ in range(1_001)],
    "unsubscribed": [did("unsubscribe"), did("opt_out")],
    "big": [did("page_view")],
    "silent": [did("demo_view", 61 * DAY) for _ in range(8)],
    "reader": [opened(f"m{week}", week * 7 * DAY) for week in range(1, 105)],
    "visitor": [did("page_view", DAY, theme="pricing")],
    "hot": [did("demo_view", HOUR) for _ in range(13)],
    "inquired": [did("inquiry", HOUR)],
    "recycled": [did("page_view", 300 * DAY)],
}
PEOPLE: Mapping[str, dict[str, Any]] = {
    "unsubscribed": {"opted_out": True},
    "big": {"employees": 1000},
    "silent": {"created_at": NOW - 61 * DAY},
    "reader": {"created_at": NOW - 728 * DAY},
    "recycled": {"crm_status": "lost", "lost_at": NOW - 90 * DAY},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    scoring, lifecycle = (_text(file) for file in ("scoring", "lifecycle"))
    rules = rules_with(
        tmp_path_factory.mktemp("rules"),
        scoring=scoring.replace("behaviour:\n", "behaviour:\n" + CLICK, 1) + SIZE,
        lifecycle=lifecycle.replace("    - id: key_action\n", LATELY + "    - id: key_action\n", 1),
    )
    world = World()
    world.people(
        *({"person_id": who, "created_at": NOW - 2 * DAY, "source": "list", **PEOPLE.get(who, {})} for who in LIVES)
    )
    world.activities(*({"person_id": who, **row} for who, rows in LIVES.items() for row in rows))
    score(rules, NOW, world.run)
    tier(rules, world.run)
    grade(rules, world.run)
    decide(rules, NOW, date(2026, 6, 1), world.run)
    reasons(rules, NOW, world.run)
    return world


def _text(file: str, rules: str = "classic") -> str:
    return (SHIPPED / rules / f"{file}.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def told(world: World) -> Told:
    tables = [world.rows(table) for table in ("scored", "attributed", "qualified", "decided")]
    return {who: {name: value for table in tables for name, value in table[who].items()} for who in LIVES}


def _why(world: World, who: str) -> dict[str, tuple[int, int]]:
    found = world.run("SELECT rule, points, times FROM reasons WHERE person_id = $who", {"who": who})
    return {rule: (points, times) for rule, points, times in found}


@pytest.mark.complaint(58, 59, 60)
def test_complaint_58_59_60_an_open_counts_once_a_mail_whatever_was_clicked(world: World) -> None:
    assert _why(world, "clicked") == {"click": (3, 1), "email_open": (1, 1)}
    assert _why(world, "reopened") == {"email_open": (1, 1)}
    assert _why(world, "two_mails") == {"email_open": (2, 2)}


@pytest.mark.complaint(61)
def test_complaint_61_a_condition_of_time_holds_to_the_second(told: Told) -> None:
    assert told["day_ago"]["mql_rules"] == []
    assert told["within_a_day"]["mql_rules"] == ["hour"]


@pytest.mark.complaint(62)
def test_complaint_62_every_rule_of_the_shipped_set_pays() -> None:
    rows = [
        did("email_open", content="m"), did("demo_view"), did("webinar_register"), did("webinar_attend"),
        did("content_download", theme="thought_leadership"), did("search", theme="brand"),
        did("page_view", theme="pricing"), did("page_view", theme="careers"),
        *[did("page_view", visit_id="v1") for _ in range(8)], did("page_view", visit_id="v2"),
    ]  # fmt: skip
    world, rules = World(), shipped()
    world.people(
        *({"person_id": one, "created_at": NOW - HOUR, "source": one} for one in ("web_inquiry", "thought_leader"))
    )
    world.activities(*({"person_id": "web_inquiry", **row} for row in rows))
    score(rules, NOW, world.run)
    reasons(rules, NOW, world.run)
    scoring = rules.scoring
    every = {*(rule.id for rule in scoring.source), *(rule.id for rule in scoring.behaviour)}
    every |= {*(rule.id for rule in scoring.visits), *(rule.id for rule in scoring.weeks)}
    assert {rule for (rule,) in world.run("SELECT rule FROM reasons WHERE points <> 0", {})} == every


@pytest.mark.complaint(63)
def test_complaint_63_a_machine_that_clicks_every_link_scores_nothing(told: Told) -> None:
    assert (told["robot"]["score"], told["robot"]["activities"], told["robot"]["stage"]) == (0, 0, "registered")


@pytest.mark.complaint(64)
def test_complaint_64_a_thousand_points_of_page_views_make_nobody_hot(told: Told) -> None:
    assert told["many"]["score"] == 1_001
    world, rules = World(), shipped("content-led")
    world.people({"person_id": "many", "created_at": NOW - DAY, "source": "list"})
    world.activities(*({"person_id": "many", **row} for row in LIVES["many"]))
    score(rules, NOW, world.run)
    tier(rules, world.run)
    grade(rules, world.run)
    decide(rules, NOW, date(2026, 6, 1), world.run)
    row = world.rows("decided")["many"]
    assert (row["stage"], row["cadence_starts"], row["review"]) == ("cold", False, False)
    assert len(world.rows("qualified")["many"]["hot_lacks"]) == 1


@pytest.mark.complaint(65)
def test_complaint_65_who_unsubscribes_scores_nothing_by_it_and_is_not_written_to(told: Told) -> None:
    row = told["unsubscribed"]
    assert (row["score"], row["activities"], row["may_email"]) == (0, 0, False)


@pytest.mark.complaint(66)
def test_complaint_66_the_size_of_the_company_scores_apart_from_behaviour(told: Told) -> None:
    assert (told["big"]["score_attribute"], told["big"]["score"], told["visitor"]["score_attribute"]) == (9, 1, 0)


@pytest.mark.complaint(67, 68)
def test_complaint_67_68_silence_takes_and_windows_look_back_at_once(world: World, told: Told) -> None:
    row = told["silent"]
    assert (row["score_behaviour"], row["score_inactivity"], row["score"]) == (40, -20, 20)
    assert (row["window_7d"], row["window_30d"]) == (0, 0)
    assert _why(world, "silent")["inactivity"] == (-20, 2)


@pytest.mark.complaint(69)
def test_complaint_69_yesterdays_look_at_prices_goes_before_two_years_of_newsletters(told: Told) -> None:
    assert told["reader"]["score"] > 65 > told["visitor"]["score"]
    assert told["reader"]["window_7d"] < told["visitor"]["window_7d"]
    assert "lately" in told["visitor"]["mql_rules"]
    assert "lately" not in told["reader"]["mql_rules"]


@pytest.mark.complaint(70, 71)
def test_complaint_70_71_every_point_names_the_rule_that_gave_it(world: World, told: Told) -> None:
    for who in LIVES:
        assert sum(points for points, _ in _why(world, who).values()) == told[who]["score"]


@pytest.mark.complaint(72)
def test_complaint_72_a_lead_says_why_it_is_one(told: Told) -> None:
    row = told["hot"]
    assert (row["stage"], row["stage_rule"]) == ("hot", "score_at_threshold")
    assert row["hot_since"].isoformat() == "2026-06-01T00:00:00"
    assert row["mql_rules"] == ["score_at_threshold", "lately"]


@pytest.mark.complaint(77)
def test_complaint_77_points_forms_and_dates_change_where_a_person_stands(told: Told) -> None:
    assert (told["hot"]["stage"], told["visitor"]["stage"]) == ("hot", "cold")
    assert told["inquired"]["mql_rules"] == ["key_action"]
    assert (told["recycled"]["stage"], told["recycled"]["stage_rule"]) == ("cold", "recycled")


@pytest.mark.complaint(78)
@pytest.mark.parametrize("start", [date(2026, 4, 27), date(2026, 12, 25), date(2026, 9, 18)])
def test_complaint_78_no_step_falls_on_a_holiday_and_none_piles_up(start: date) -> None:
    calendar = BusinessCalendar("JP", [date(2026, 12, 29), date(2026, 12, 30), date(2026, 12, 31)])
    for counts in ("calendar_days", "business_days"):
        (cadence,) = (one for one in shipped().cadence.cadences if one.id == "hot")
        steps = cadence_steps(cadence.model_copy(update={"counts": counts}), start, calendar)
        days = sorted({step.due for step in steps})
        assert all(calendar.is_business_day(day) for day in days)
        assert len(days) == len(cadence.steps)
