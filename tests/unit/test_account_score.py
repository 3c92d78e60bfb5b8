"""Accounts that are hot, or not, by their people: sums that can be worked out by hand (SC-9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.engine.account_score import account_scores
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.screening import screen
from connector.engine.tier import tier
from connector.reporting.hot_accounts import hot_accounts
from connector.rules.load import SHIPPED
from tests.engine_world import World, rules_with

pytestmark = pytest.mark.requirement("SC-9")

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 6, 15, 9, 0, tzinfo=TOKYO)
LATELY = datetime(2026, 6, 10, 10, 0, tzinfo=TOKYO)
CREATED = datetime(2026, 6, 1, tzinfo=TOKYO)
CLOSED = {"crm_status": "disqualified", "closed_at": CREATED - timedelta(days=365)}
FINE = """
accounts:
  cap_per_person: 60
  most_people: 2
  roles:
    - {id: decides, name: Decides, when: "contains(title, '部長')", percent: 150}
    - {id: uses, name: Uses, when: "department = 'IT'", percent: 50}
  hot: {at_least: 60, people_at_least: 2, roles: [decides]}
"""


def accounts(folder: Path, more: str, *people: tuple[str, str | None, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """`people`: company, points by demos of 5, other columns."""
    scoring = (SHIPPED / "classic" / "scoring.yaml").read_text(encoding="utf-8")
    rules = rules_with(folder, scoring=scoring + more)
    world = World()
    for number, (company, points, columns) in enumerate(people):
        who = {"person_id": f"p{number}", "company_id": company, "created_at": CREATED, **columns}
        world.people(who)
        demo = {"person_id": f"p{number}", "type": "demo_view", "occurred_at": LATELY}
        world.activities(*[demo] * (int(points or 0) // 5))
    tier(rules, world.run)
    grade(rules, world.run)
    score(rules, NOW, world.run)
    screen(rules, world.run)
    account_scores(rules, NOW, world.run)
    world.run("CREATE TEMP TABLE companies AS SELECT 'one' AS company_id, ['001A'] AS account_ids, 'One' AS name", {})
    hot, count = hot_accounts(world.run, 1)
    rows = world.rows("account_scored", "company_id")
    assert count == sum(row["hot"] for row in rows.values())
    assert [(one.company_id, one.record, one.name) for one in hot] == [("one", "001A", "One")]
    assert (hot[0].score, hot[0].active_people) == (rows["one"]["score"], rows["one"]["active_people"])
    return rows


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, Any]]:
    """By the numbers that count where the rules say nothing."""
    return accounts(
        tmp_path_factory.mktemp("rules"),
        "",
        ("one", "150", {"department": "Sales", "title": "Manager"}),
        ("one", "35", {"department": "IT"}),
        ("one", "0", {"department": "HR", "title": "Clerk"}),
        ("two", "300", {"title": "部長"}),
        ("three", "0", {"source": "thought_leader"}),
        ("screened", "50", {"title": "学生"}),
        ("screened", "50", {"title": "部長"}),
        ("lately", "50", {}),
        ("never", "0", {}),
        ("closed", "50", {**CLOSED, "close_reason": "予算なし"}),
        ("closed", "50", {**CLOSED, "close_reason": "対象外"}),
    )


def test_by_default_two_active_people_and_more_points_than_one_can_bring(rows: Mapping[str, dict[str, Any]]) -> None:
    one = rows["one"]
    assert (one["people"], one["active_people"], one["score"], one["hot"]) == (3, 2, 65 + 35, True)
    assert (one["departments"], one["titles"], one["hot_lacks"]) == (["IT", "Sales"], ["Manager"], [])
    assert (rows["two"]["score"], rows["two"]["hot"], rows["two"]["hot_lacks"]) == (65, False, ["score", "people"])
    assert rows["three"]["score"] == 0, "nobody brings less than nothing"


def test_roles_weigh_and_are_asked_for_and_only_the_best_count(tmp_path: Path) -> None:
    rows = accounts(
        tmp_path,
        FINE,
        ("one", "30", {"title": "製造部長", "department": "IT"}),
        ("one", "25", {"department": "IT"}),
        ("one", "15", {"title": "Clerk"}),
        ("two", "90", {"department": "IT"}),
        ("two", "50", {}),
        ("three", "55", {"title": "部長"}),
        ("three", "10", {"title": "部長", "crm_status": "disqualified"}),
    )
    one = rows["one"]
    assert one["roles"] == [{"id": "decides", "people": 1}, {"id": "uses", "people": 1}]
    # 30 × 150 % and 15 are the best two; 25 × 50 % is rounded down to 12 and left out.
    assert (one["score"], one["hot"], one["active_people"]) == (45 + 15, True, 3)
    assert (rows["two"]["score"], rows["two"]["hot_lacks"]) == (45 + 50, ["role:decides"])
    three = rows["three"]
    assert (three["people"], three["active_people"], three["score"]) == (2, 1, 60)
    assert three["hot_lacks"] == ["people"]


def test_who_was_screened_out_brings_nothing(rows: Mapping[str, dict[str, Any]]) -> None:
    row = rows["screened"]
    assert (row["people"], row["active_people"], row["score"]) == (2, 1, 50)


def test_who_was_closed_brings_nothing_until_the_rest_is_over(rows: Mapping[str, dict[str, Any]]) -> None:
    row = rows["closed"]
    # A month of silence after being recycled took 5.
    assert (row["people"], row["active_people"], row["score"]) == (2, 1, 50 - 5)


def test_active_is_within_so_many_times_24_hours(tmp_path: Path) -> None:
    scoring = (SHIPPED / "classic" / "scoring.yaml").read_text(encoding="utf-8")
    rules = rules_with(tmp_path, scoring=scoring + "accounts: {active_days: 5}\n")
    for second, active in ((0, 0), (-1, 1)):
        world = World()
        world.people({"person_id": "p", "company_id": "one", "created_at": CREATED})
        world.activities({"person_id": "p", "type": "page_view", "occurred_at": LATELY})
        now = LATELY + timedelta(days=5, seconds=second)
        score(rules, now, world.run)
        world.run("CREATE TEMP TABLE screened (person_id VARCHAR)", {})
        account_scores(rules, now, world.run)
        row = world.rows("account_scored", "company_id")["one"]
        assert row["active_people"] == active
        assert active == 0 or row["next_change_at"].isoformat() == "2026-06-15T01:00:00"


def test_an_account_says_when_time_alone_can_change_it(rows: Mapping[str, dict[str, Any]]) -> None:
    """The demos leave the window of seven days first; with nobody active, what is left is a month of silence."""
    assert rows["lately"]["next_change_at"].isoformat() == "2026-06-17T01:00:00"
    assert rows["never"]["next_change_at"].isoformat() == "2026-06-30T15:00:00"
