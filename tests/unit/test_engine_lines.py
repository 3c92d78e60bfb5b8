"""Scores of product lines and counters of conversions that can be worked out by hand, and claims that ask for them.

All people are evaluated at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.decide import decide
from connector.engine.evidence import evidence
from connector.engine.grade import grade
from connector.engine.lines import lines
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
SEGMENTS = """  segments:
    - {id: the_app, name: App, line: app, required: 1}
    - {id: big_cloud, name: Big, line: cloud, when: "employees >= 100", required: 2}
    - {id: the_cloud, name: Cloud, line: cloud, required: 3}
  criteria:
"""
Told = tuple[World, RuleSet]


def did(kind: str, ago: timedelta, **more: Any) -> dict[str, Any]:
    return {"type": kind, "occurred_at": NOW - ago, **more}


def demos(product: str, *days: int) -> list[dict[str, Any]]:
    return [did("demo_view", ago * DAY, product=product) for ago in days]


LIVES: Mapping[str, list[dict[str, Any]]] = {
    "moved on": [
        *demos("cloud", 70, 69),
        did("webinar_attend", 69 * DAY, product="cloud"),
        *demos("app", 0, 1, 2, 3, 4),
        did("page_view", DAY, product="app"),
    ],
    "elsewhere": [did("demo_view", DAY)],
    "fresh": demos("cloud", 4, 2),
    "by inquiry": demos("cloud", 1),
    "back": demos("cloud", 200, 1),
    "old": demos("cloud", 20, 13),
    "app": demos("app", 2),
    "converts": [
        *(did("demo_view", ago) for ago in (40 * DAY, 30 * DAY, 7 * DAY - SECOND, 0 * DAY, -DAY)),
        did("demo_view", DAY, machine=True),
        did("inquiry", 2 * DAY),
    ],
    "careers": [*demos("cloud", 2), did("page_view", DAY, product="cloud", theme="careers")],
    "looks": [did("page_view", DAY)],
}
PEOPLE: Mapping[str, dict[str, Any]] = {
    "by inquiry": {"source": "web_inquiry", "created_at": NOW - DAY},
    "back": {"crm_status": "lost", "lost_at": NOW - 150 * DAY},
    "fresh": {"company_id": "c"},
    "app": {"company_id": "c"},
    "old": {"company_id": "other", "employees": 100},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    scoring, lifecycle = (
        (SHIPPED / "classic" / f"{file}.yaml").read_text("utf-8") for file in ("scoring", "lifecycle")
    )
    before, after = lifecycle.split("\nmql:\n", 1)
    head, more = after.split("  rules:\n", 1)
    written = f"{before}\nmql:\n{head}  rules:{MQL}{more}".replace("  criteria:\n", SEGMENTS, 1)
    rules = rules_with(tmp_path_factory.mktemp("rules"), scoring=scoring + APART, lifecycle=written)
    world = World()
    born = NOW - 300 * DAY
    world.people(*({"person_id": who, "created_at": born, "source": "list", **PEOPLE.get(who, {})} for who in LIVES))
    world.activities(*({"person_id": who, **row} for who, rows in LIVES.items() for row in rows))
    tier(rules, world.run)
    grade(rules, world.run)
    score(rules, NOW, world.run)
    decide(rules, NOW, NOW.date(), world.run)
    return world, rules


def lined(told: Told, line: str) -> dict[str, dict[str, Any]]:
    told[0].run(f"CREATE OR REPLACE TEMP VIEW one_line AS SELECT * FROM lined WHERE line = '{line}'", {})
    return told[0].rows("one_line")


def test_a_line_has_its_own_points_clock_and_threshold(told: Told) -> None:
    """69 days without the cloud are two months of silence for it, whatever was done for the app meanwhile."""
    cloud, app = lined(told, "cloud"), lined(told, "app")
    assert "elsewhere" not in cloud, "who did nothing of a line has no score of it"
    old = cloud["moved on"]
    assert (old["score"], old["score_behaviour"], old["score_inactivity"]) == (15 - 5 - 5, 15, -10)
    assert (old["hot"], old["crossed_at"], old["window_30d"]) == (False, None, 0)
    fresh = cloud["fresh"]
    assert (fresh["score"], fresh["hot"], fresh["window_3d"], fresh["window_7d"]) == (10, True, 5, 10)
    assert fresh["crossed_at"] == (NOW - 2 * DAY).replace(tzinfo=None)
    assert (app["moved on"]["score"], app["moved on"]["activities"]) == (25, 6), "the page view gives no points here"
    assert app["moved on"]["hot"] is None
    # In all, a month of silence after registration took 5, and the two months in between took 10.
    assert told[0].rows("scored")["moved on"]["score"] == -5 + 15 - 10 + 25 + 1


def test_points_for_the_way_in_belong_to_no_line(told: Told) -> None:
    assert told[0].rows("scored")["by inquiry"]["score"] == 12
    assert lined(told, "cloud")["by inquiry"]["score"] == 5


@pytest.mark.requirement("RC-3")
def test_of_the_recycled_only_what_they_did_since_counts_for_a_line(told: Told) -> None:
    row = lined(told, "cloud")["back"]
    assert (row["score"], row["activities"]) == (5, 1)


@pytest.mark.requirement("SC-9")
def test_claims_ask_for_lines_conversions_and_accounts(told: Told) -> None:
    met = {who: set(row["mql_rules"]) for who, row in told[0].rows("qualified").items()}
    assert met["fresh"] == {"cloud_10", "cloud_lately", "not_app", "two_demos", "big_account"}
    assert met["old"] == {"cloud_10", "not_app"}
    assert met["app"] == {"big_account"}


def test_a_conversion_is_counted_for_each_person_and_machines_convert_nobody(told: Told) -> None:
    told[0].run("CREATE OR REPLACE TEMP VIEW own AS SELECT * FROM converted WHERE person_id = 'converts'", {})
    rows = told[0].rows("own", "conversion")
    assert rows.keys() == {"demo", "asked"}
    assert "looks" not in told[0].rows("converted")
    demo = rows["demo"]
    assert (demo["times"], demo["last_30d"], demo["last_7d"], demo["last_1d"]) == (4, 2, 2, 1)
    assert (demo["first_at"], demo["last_at"]) == tuple((NOW - ago).replace(tzinfo=None) for ago in (40 * DAY, 0 * DAY))
    # The one of almost seven days ago leaves its window first.
    assert demo["next_change_at"] == (NOW + SECOND).replace(tzinfo=None)
    assert (rows["asked"]["is_key"], demo["is_key"]) == (True, False)


@pytest.mark.requirement("TU-1")
def test_what_a_toss_up_takes_differs_by_the_line_in_which_somebody_stands_highest(told: Told) -> None:
    """The one who moved on stands higher for the app; of nobody's line are those who did nothing of any above 0."""
    required = {who: row["toss_up_required"] for who, row in told[0].rows("qualified").items()}
    assert (required["moved on"], required["app"], required["old"], required["fresh"]) == (1, 1, 2, 3)
    assert required["careers"] == required["looks"] == 4


@pytest.mark.requirement("AD-8")
def test_evidence_of_a_line_and_of_an_account_is_their_figures(told: Told) -> None:
    found = evidence(told[1], NOW, "app", told[0].run)
    assert found is not None
    claims = {line.id: line.claims[0] for line in found.requirements}
    line, account = claims["cloud_10"], claims["big_account"]
    assert (line.about, line.says, line.met, line.evidence) == ("score", "10 (cloud)", False, ({"score": 0},))
    assert (account.met, account.says) == (True, "active_people >= 2 AND score = 5")
    assert account.evidence == ({"account_score": 5, "people": 2, "active_people": 2, "hot": False},)


def test_the_floor_of_the_score_is_that_of_a_line(told: Told, tmp_path: Path) -> None:
    """A demo for the cloud and a careers page of it: 5 + 1 − 10; a floor of 0 holds it."""
    world, _ = told
    scoring = (SHIPPED / "classic" / "scoring.yaml").read_text("utf-8") + APART
    assert lined(told, "cloud")["careers"]["score"] == -4
    floored = rules_with(tmp_path, scoring=scoring + "floor: {id: floor, name: Floor, at_least: 0}\n")
    lines(floored, NOW, world.run)
    row = lined(told, "cloud")["careers"]
    assert (row["score"], row["score_behaviour"], row["score_inactivity"]) == (0, -4, 4)
