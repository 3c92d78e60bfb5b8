"""Who has stood too long: each clock by itself, in words and for machines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from connector.cli.overdue import document, show
from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.tier import tier
from connector.reporting.overdue import Standing, overdue_of
from connector.rules.conditions import Condition
from connector.rules.names import Name
from connector.rules.stages import LeadTime
from tests.planning_world import DAY, MONDAY, PlanningWorld

pytestmark = pytest.mark.requirement("LC-4", "LC-9")


@pytest.fixture(scope="module")
def world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    world.store.run("ALTER TABLE people ADD COLUMN prospect_ids VARCHAR[]")
    seen = {"_seen_at": MONDAY - DAY, "_valid_from": MONDAY - DAY, "_unit": ""}
    world.insert("mirror_salesforce_user", {"id": "005A", "name": "Ann Abe", "is_active": True, **seen})
    for person, days in (("old", 200), ("new", 10)):
        at = MONDAY - days * DAY
        world.person(person, 0, at=at, name=person.title(), company="ACME", crm_status="opportunity", employees=20)
        world.insert("opportunities", {"person_id": person, "status": "open", "created_at": at})
    world.person("quiet", 0, at=MONDAY - 31 * DAY, owner_id=None, employees=900)
    when = Condition("employees < 50", 'fit."employees" < 50', frozenset({"employees"}))
    name = Name(ja="短期", en="Quick")
    quick = LeadTime.model_construct(id="quick", name=name, when=when, expected={"opportunity": 10})
    life = world.book.rules.lifecycle.model_copy(update={"lead_times": (quick,)})
    world.book = replace(world.book, rules=replace(world.book.rules, lifecycle=life))
    yield world
    world.store.close()


def standing(world: PlanningWorld) -> Standing:
    run, rules = world.store.run, world.book.rules
    tier(rules, run)
    grade(rules, run)
    score(rules, MONDAY, run)
    decide(rules, MONDAY, MONDAY.date(), run)
    return overdue_of(run)


def test_each_clock_tells_its_people_the_longest_first_for_machines_and_in_words(world: PlanningWorld) -> None:
    everybody = standing(world)
    found = document(everybody, MONDAY)
    told = [(row["person_id"], row["clock"], row["days"], row["then"], row["owner_name"]) for row in found["overdue"]]
    assert told == [
        ("old", "stage", 190, "remind", "Ann Abe"),
        ("old", "limit", 80, "remind", "Ann Abe"),
        ("quiet", "limit", 2, "nurture", None),
        ("new", "stage", 0, "remind", "Ann Abe"),
    ]
    assert found["counts"] == {"stage": {"opportunity": 2}, "limit": {"opportunity": 1, "registered": 1}}
    assert [row.person_id for row in overdue_of(world.store.run, "registered").rows] == ["quiet"]
    out = io.StringIO()
    shown = Console(file=out, width=140, no_color=True)
    show(shown, everybody, MONDAY, {"opportunity": "商談"}, ZoneInfo("Asia/Tokyo"), 1)
    text = out.getvalue()
    assert "Over the time of their stage (2)" in text
    assert "… and 1 more" in text
    line = next(line for line in text.splitlines() if "Old · ACME" in line)
    assert all(word in line for word in ("商談", "80", "Ann Abe", "remind"))


def test_nobody_is_told_as_nobody() -> None:
    out = io.StringIO()
    show(Console(file=out), Standing(), MONDAY + timedelta(0), {}, ZoneInfo("UTC"), 5)
    assert out.getvalue() == "Nobody has stood too long.\n"
