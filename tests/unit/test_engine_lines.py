"""Scores of product lines and counters of conversions that can be worked out by hand, and claims that ask for them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.decide import decide
from connector.engine.evidence import evidence
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.tier import tier
from connector.rules.load import SHIPPED, RuleSet
from tests.engine_world import World, rules_with, utc

pytestmark = pytest.mark.requirement("SC-4", "SC-11", "LC-2")

NOW = utc("2026-06-15T00:00:00+00:00")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
APART = """
lines:
  - {id: cloud, name: Cloud, of: "product = 'cloud'", hot: {at_least: 10}}
  - {id: app, name: App, of: "product = 'app'", rules: [demo_view]}
conversions:
  - {id: demo, name: Demo, when: "type = 'demo_view'"}
  - {id: asked, name: Asked, when: "type IN ('inquiry', 'quote_request')", key: true}
"""
MQL = """
    - {id: cloud_10, name: Cloud, all: [{score: 10, line: cloud}]}
    - {id: cloud_lately, name: Cloud, all: [{score: 5, line: cloud, within_days: 3}]}
    - {id: not_app, name: Not the app, all: [{score_at_most: 0, line: app}]}
    - {id: two_demos, name: Two demos, all: [{conversion: demo, at_least: 2, within_days: 14}]}
    - {id: big_account, name: Account, all: [{account: "active_people >= 2 AND score = 5"}]}
"""


def did(kind: str, ago: timedelta, **more: Any) -> dict[str, Any]:
    return {"type": kind, "occurred_at": NOW - ago, **more}


def evaluated(folder: Path, lives: dict[str, list[dict[str, Any]]], **people: dict[str, Any]) -> World:
    return evaluated_with_rules(folder, lives, **people)[0]


def evaluated_with_rules(
    folder: Path, lives: dict[str, list[dict[str, Any]]], more: str = "", **people: dict[str, Any]
) -> tuple[World, RuleSet]:
    scoring, lifecycle = (
        (SHIPPED / "classic" / f"{file}.yaml").read_text("utf-8") for file in ("scoring", "lifecycle")
    )
    before, after = lifecycle.split("\nmql:\n", 1)
    head, rules = after.split("  rules:\n", 1)
    rules = rules_with(folder, scoring=scoring + APART + more, lifecycle=f"{before}\nmql:\n{head}  rules:{MQL}{rules}")
    world = World()
    world.people(
        *({"person_id": who, "created_at": NOW - 300 * DAY, "source": "list", **people.get(who, {})} for who in lives)
    )
    world.activities(*({"person_id": who, **row} for who, rows in lives.items() for row in rows))
    tier(rules, world.run)
    grade(rules, world.run)
    score(rules, NOW, world.run)
    decide(rules, NOW, NOW.date(), world.run)
    return world, rules


def lined(world: World, line: str) -> dict[str, dict[str, Any]]:
    world.run("CREATE OR REPLACE TEMP VIEW one_line AS SELECT * FROM lined WHERE line = '" + line + "'", {})
    return world.rows("one_line")


def test_a_line_has_its_own_points_clock_and_threshold(tmp_path: Path) -> None:
    """70 days without the cloud are two months of silence for it, whatever was done for the app meanwhile."""
    world = evaluated(
        tmp_path,
        {
            "moved on": [
                did("demo_view", 70 * DAY, product="cloud"),
                did("demo_view", 70 * DAY - DAY, product="cloud"),
                did("webinar_attend", 70 * DAY - DAY, product="cloud"),
                *(did("demo_view", ago * DAY, product="app") for ago in range(5)),
                did("page_view", DAY, product="app"),
            ],
            "elsewhere": [did("demo_view", DAY)],
            "fresh": [did("demo_view", 4 * DAY, product="cloud"), did("demo_view", 2 * DAY, product="cloud")],
        },
    )
    cloud, app = lined(world, "cloud"), lined(world, "app")
    assert cloud.keys() == {"moved on", "fresh"}, "who did nothing of a line has no score of it"
    old = cloud["moved on"]
    assert (old["score"], old["score_behaviour"], old["score_inactivity"]) == (15 - 5 - 5, 15, -10)
    assert (old["hot"], old["crossed_at"], old["window_30d"]) == (False, None, 0)
    fresh = cloud["fresh"]
    assert (fresh["score"], fresh["hot"], fresh["window_3d"], fresh["window_7d"]) == (10, True, 5, 10)
    assert fresh["crossed_at"] == (NOW - 2 * DAY).replace(tzinfo=None)
    assert (app["moved on"]["score"], app["moved on"]["activities"]) == (25, 6), "the page view gives no points here"
    assert app["moved on"]["hot"] is None
    # In all, a month of silence after registration took 5, and the two months in between took 10.
    assert world.rows("scored")["moved on"]["score"] == -5 + 15 - 10 + 25 + 1


def test_points_for_the_way_in_belong_to_no_line(tmp_path: Path) -> None:
    world = evaluated(
        tmp_path, {"p": [did("demo_view", DAY, product="cloud")]}, p={"source": "web_inquiry", "created_at": NOW - DAY}
    )
    assert world.rows("scored")["p"]["score"] == 12
    assert lined(world, "cloud")["p"]["score"] == 5


@pytest.mark.requirement("RC-3")
def test_of_the_recycled_only_what_they_did_since_counts_for_a_line(tmp_path: Path) -> None:
    world = evaluated(
        tmp_path,
        {"back": [did("demo_view", 200 * DAY, product="cloud"), did("demo_view", DAY, product="cloud")]},
        back={"crm_status": "lost", "lost_at": NOW - 150 * DAY},
    )
    row = lined(world, "cloud")["back"]
    assert (row["score"], row["activities"]) == (5, 1)


@pytest.mark.requirement("SC-9")
def test_claims_ask_for_lines_conversions_and_accounts(tmp_path: Path) -> None:
    world = evaluated(
        tmp_path,
        {
            "cloud": [did("demo_view", ago * DAY, product="cloud") for ago in (4, 2)],
            "old": [did("demo_view", ago * DAY, product="cloud") for ago in (20, 13)],
            "app": [did("demo_view", 2 * DAY, product="app")],
        },
        cloud={"company_id": "c"},
        app={"company_id": "c"},
        old={"company_id": "other"},
    )
    met = {who: set(row["mql_rules"]) for who, row in world.rows("qualified").items()}
    assert met["cloud"] == {"cloud_10", "cloud_lately", "not_app", "two_demos", "big_account"}
    assert met["old"] == {"cloud_10", "not_app"}
    assert met["app"] == {"big_account"}


def test_a_conversion_is_counted_for_each_person_and_machines_convert_nobody(tmp_path: Path) -> None:
    world = evaluated(
        tmp_path,
        {
            "p": [
                did("demo_view", 40 * DAY), did("demo_view", 30 * DAY), did("demo_view", 7 * DAY - SECOND),
                did("demo_view", timedelta(0)), did("demo_view", DAY, machine=True), did("demo_view", -DAY),
                did("inquiry", 2 * DAY),
            ],
            "nobody": [did("page_view", DAY)],
        },
    )  # fmt: skip
    rows = world.rows("converted", "conversion")
    assert rows.keys() == {"demo", "asked"}
    demo = rows["demo"]
    assert (demo["times"], demo["last_30d"], demo["last_7d"], demo["last_1d"]) == (4, 2, 2, 1)
    assert (demo["first_at"], demo["last_at"]) == tuple((NOW - ago).replace(tzinfo=None) for ago in (40 * DAY, 0 * DAY))
    # The one of almost seven days ago is the first to leave a window: it was told a second too late to have left.
    assert demo["next_change_at"] == (NOW + SECOND).replace(tzinfo=None)
    assert (rows["asked"]["is_key"], demo["is_key"]) == (True, False)


@pytest.mark.requirement("AD-8")
def test_evidence_of_a_line_and_of_an_account_is_their_figures(tmp_path: Path) -> None:
    life = {"p": [did("demo_view", 2 * DAY, product="cloud")]}
    world, rules = evaluated_with_rules(tmp_path, life, p={"company_id": "c"})
    found = evidence(rules, NOW, "p", world.run)
    assert found is not None
    claims = {line.id: line.claims[0] for line in found.requirements}
    line, account = claims["cloud_10"], claims["big_account"]
    assert (line.about, line.says, line.met, line.evidence) == ("score", "10 (cloud)", False, ({"score": 5},))
    assert claims["cloud_lately"].met
    assert (account.met, account.says) == (False, "active_people >= 2 AND score = 5")
    assert account.evidence == ({"account_score": 0, "people": 1, "active_people": 1, "hot": False},)


def test_the_floor_of_the_score_is_that_of_a_line(tmp_path: Path) -> None:
    """A demo for the cloud and a careers page of it: 5 − 10; a floor of 0 holds both scores."""
    life = {"p": [did("demo_view", 2 * DAY, product="cloud"), did("page_view", DAY, product="cloud", theme="careers")]}
    floor = "floor: {id: floor, name: Floor, at_least: 0}\n"
    world, _ = evaluated_with_rules(tmp_path, life, more=floor)
    row = lined(world, "cloud")["p"]
    assert (row["score"], row["score_behaviour"], row["score_inactivity"]) == (0, -4, 4)
