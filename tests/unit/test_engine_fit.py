"""Tiers of companies and grades of persons, with their reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.engine.explain import criteria
from connector.engine.grade import grade
from connector.engine.tier import tier
from connector.rules.load import RuleSet
from tests.engine_world import World, rules_with, utc

START = utc("2026-06-01")
TIERS = """
version: 1
tiers:
  - {id: tier1, name: Tier 1, when: "employees >= 1000"}
  - {id: tier2, name: Tier 2, when: "employees >= 300 OR listed"}
  - {id: tier3, name: Tier 3, when: "employees >= 50"}
targets: tier1
grade:
  start: D
  bounds:
    tier1: {floor: C+}
    tier3: {cap: B-}
  profiles:
    - id: reseller
      name: Reseller
      when: "source = 'referral'"
      criteria:
        - {id: any_company, name: Company, when: "company IS NOT NULL", match: 1}
    - id: standard
      name: Standard
      criteria:
        - {id: size, name: Size, when: "employees >= 300", match: 2}
        - {id: title, name: Title, when: "contains(title, '部長')", match: 3, mismatch: -1}
        - {id: area, name: Area, when: "prefecture = '東京都'", match: 2, mismatch: 0, unknown: -1}
"""


@pytest.fixture
def rules(tmp_path: Path) -> RuleSet:
    return rules_with(tmp_path, tiers=TIERS)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.requirement("EN-3", "EN-4")
@pytest.mark.parametrize(
    ("company", "given", "rule"),
    [
        ({"employees": 1000}, "tier1", "tier1"),
        ({"employees": 999}, "tier2", "tier2"),
        ({"employees": 299}, "tier3", "tier3"),
        ({"employees": 49}, None, None),
        ({"employees": None}, None, None),
        ({"employees": None, "listed": True}, "tier2", "tier2"),
        ({"employees": 1, "target": True}, "tier1", "target_list"),
        ({"employees": 1000, "match_status": "matched"}, "tier1", "tier1"),
        ({"employees": 1000, "match_status": "candidate"}, None, None),
        ({"employees": 1000, "match_status": "candidate", "target": True}, None, None),
        ({"employees": 1000, "match_status": "matched_closed"}, None, None),
    ],
)
def test_tiers(world: World, rules: RuleSet, company: dict[str, Any], given: str | None, rule: str | None) -> None:
    world.companies({"company_id": "c", **company})
    tier(rules, world.run)
    row = world.rows("tiered", "company_id")["c"]
    assert (row["tier"], row["tier_rule"]) == (given, rule)


def _graded(world: World, rules: RuleSet, person: dict[str, Any], company: dict[str, Any] | None) -> dict[str, Any]:
    world.people({"person_id": "p", "created_at": START, "company_id": "c" if company is not None else None, **person})
    if company is not None:
        world.companies({"company_id": "c", **company})
    tier(rules, world.run)
    grade(rules, world.run)
    return world.rows("graded")["p"]


@pytest.mark.requirement("GR-1", "GR-2", "GR-4")
@pytest.mark.parametrize(
    ("person", "company", "thirds", "letter"),
    [
        ({"title": "営業部長", "prefecture": "東京都"}, {"employees": 300}, 7, "B+"),
        ({"title": "営業部長", "prefecture": "東京都"}, {"employees": 60}, 3, "C"),
        ({"title": "担当", "prefecture": "大阪府"}, {"employees": 10}, -3, "F"),
        ({"title": None, "prefecture": None}, None, -1, "D-"),
        ({"title": "担当", "prefecture": "大阪府"}, {"employees": 5000}, 1, "C+"),  # the floor of tier 1
        ({"title": "部長", "prefecture": "東京都"}, {"employees": 60, "prefecture": "大阪府"}, 1, "D+"),
        ({"title": "部長", "prefecture": "東京都", "employees": 400}, {"employees": 400, "match_status": "candidate"},
         7, "B+"),  # the person's own field counts where the match is doubtful
        ({"title": "部長", "prefecture": "東京都"}, {"employees": 400, "match_status": "candidate"}, 5, "B-"),
    ],
)  # fmt: skip
def test_grades(
    world: World, rules: RuleSet, person: dict[str, Any], company: dict[str, Any] | None, thirds: int, letter: str
) -> None:
    row = _graded(world, rules, person, company)
    assert (row["thirds"], row["grade"], row["profile"]) == (thirds, letter, "standard")


@pytest.mark.requirement("GR-2")
def test_a_cap_holds_a_grade_down(world: World, tmp_path: Path) -> None:
    rules = rules_with(tmp_path, tiers=TIERS.replace('"employees >= 300", match: 2', '"employees >= 50", match: 9'))
    assert _graded(world, rules, {"title": "部長"}, {"employees": 60})["grade"] == "B-"


@pytest.mark.requirement("GR-1")
def test_the_first_profile_that_fits_is_used_alone(world: World, rules: RuleSet) -> None:
    row = _graded(world, rules, {"source": "referral", "company": "青嶺製作所", "title": "部長"}, None)
    assert (row["profile"], row["thirds"], row["grade"], row["met"]) == ("reseller", 1, "D+", ["any_company"])


@pytest.mark.requirement("GR-2")
def test_grading_twice_changes_nothing(world: World, rules: RuleSet) -> None:
    first = _graded(world, rules, {"title": "部長"}, {"employees": 400})
    tier(rules, world.run)
    grade(rules, world.run)
    assert world.rows("graded")["p"] == first


@pytest.mark.requirement("AD-8", "GR-4")
def test_a_grade_is_explained_criterion_by_criterion_with_its_evidence(world: World, rules: RuleSet) -> None:
    _graded(world, rules, {"title": "担当"}, {"employees": 1200})
    fit = criteria(rules, "p", world.run)
    assert fit is not None
    assert (fit.grade, fit.start, fit.thirds, fit.floor, fit.tier, fit.tier_rule) == (
        "C+", "D", 0, "C+", "tier1", "tier1",
    )  # fmt: skip
    assert [(line.id, line.outcome, line.thirds, dict(line.evidence)) for line in fit.criteria] == [
        ("size", "met", 2, {"employees": 1200}),
        ("title", "missed", -1, {"title": "担当"}),
        ("area", "unknown", -1, {"prefecture": None}),
    ]
    assert sum(line.thirds for line in fit.criteria) == fit.thirds
    assert criteria(rules, "nobody", world.run) is None


def test_attributes_of_people_that_bear_a_companys_name_do_no_harm(world: World, rules: RuleSet) -> None:
    world.run("ALTER TABLE people ADD COLUMN tier VARCHAR", {})
    world.run("ALTER TABLE people ADD COLUMN seniority VARCHAR", {})
    world.connection.execute("INSERT INTO people (person_id, tier, seniority) VALUES ('q', 'tier1', 'head')")
    tier(rules, world.run)
    grade(rules, world.run)
    assert world.rows("graded")["q"]["grade"] == "D-"
    assert world.rows("grade_fit")["q"]["seniority"] == "head"
