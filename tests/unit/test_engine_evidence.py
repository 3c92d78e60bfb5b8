"""What decisions rest on: each claim with what shows it, what nearly does, and what is missing (AD-8, LC-3, TU-1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.engine.evidence import Evidence, evidence
from connector.engine.whys import Whys
from tests.planning_world import DAY, MONDAY, PlanningWorld

pytestmark = pytest.mark.requirement("AD-8", "LC-3", "LC-8", "TU-1")

ASKED, LONG_AGO = MONDAY - 3 * DAY, MONDAY - 100 * DAY


@pytest.fixture(scope="module")
def world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    world.person("1", 0, source="web_inquiry")
    world.person("2", 0, source="referral")
    for person, at in (("1", ASKED), ("1", LONG_AGO), ("2", LONG_AGO)):
        act = {"activity_id": f"{person} {at:%m}", "person_id": person, "occurred_at": at, "type": "quote_request"}
        world.insert("activities", {**act, "url": "https://www.example.com/quote?email=a@b.example", "machine": False})
    answers: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("budget", "1,000万円", {"said_by": "山田様", "heard_by": "佐藤 花子", "via": "call", "at": ASKED}),
        ("need", "少し課題はある", {"via": "lead", "at": ASKED}),
        ("other", "a word", {}),
    )
    for item, value, told in answers:
        world.insert("hearing", {"person_id": "1", "item": item, "value": value, **told})
    world.plan()
    yield world
    world.store.close()


def of(world: PlanningWorld, person: str) -> Evidence:
    found = evidence(world.book.rules, MONDAY, person, world.store.run)
    assert found is not None
    return found


def test_an_activity_shows_a_claim_within_its_days_and_nearly_does_before(world: PlanningWorld) -> None:
    for person, met in (("1", True), ("2", False)):
        (event,) = [one for one in of(world, person).requirements if one.id == "decisive_event"]
        assert event.met is met
        claim = next(one for one in event.claims if one.about == "activity")
        assert (claim.met, claim.says, claim.within_days, claim.one_of) == (met, "type = 'quote_request'", 90, True)
        shown = [(act["at"], act["counts"], act["url"]) for act in claim.evidence]
        old = (LONG_AGO, False, "https://www.example.com/quote")
        assert shown == ([(ASKED, True, old[2]), old] if met else [old])


def test_an_answer_is_told_with_who_said_it_to_whom_where_and_when(world: PlanningWorld) -> None:
    items = {item.id: item for item in of(world, "1").items}
    budget = items["budget"]
    assert (budget.state, budget.value, budget.said_by, budget.heard_by, budget.via, budget.at, budget.needed) == (
        "acceptable", "1,000万円", "山田様", "佐藤 花子", "call", ASKED, True
    )  # fmt: skip
    assert (items["need"].state, items["need"].value) == ("soft", "少し課題はある")
    assert (items["authority"].state, items["authority"].value) == ("missing", None)
    assert items["authority"].ask is not None
    assert (items["other"].state, items["other"].needed) == ("acceptable", False), "what nobody declared is told too"


def test_a_soft_answer_stands_beside_the_criterion_that_it_does_not_meet(world: PlanningWorld) -> None:
    (need,) = [one for one in of(world, "1").requirements if (one.decision, one.id) == ("toss_up", "need")]
    assert not need.met
    (answer,) = need.claims[0].evidence
    assert (answer["value"], answer["counts"]) == ("少し課題はある", False)


def test_the_verdict_and_its_rules_agree_complaint_71(world: PlanningWorld) -> None:
    for person in ("1", "2"):
        found = of(world, person)
        held = {one.id for one in found.requirements if one.decision == "toss_up" and one.met}
        assert held == set(found.verdict.toss_up_met)
        rules = {one.id for one in found.requirements if one.decision == "mql" and one.met}
        assert set(found.verdict.mql_rules) == (rules if person == "1" else set())
    assert of(world, "1").verdict.is_mql
    assert not of(world, "2").verdict.is_mql, "a referral comes from no marketing source"


def test_of_nobody_nothing_is_told(world: PlanningWorld) -> None:
    assert evidence(world.book.rules, MONDAY, "nobody", world.store.run) is None


@pytest.mark.parametrize(
    ("why_id", "parts", "ja", "en"),
    [
        ("inquiry", ["price-list"], "料金表に未対応", "Price list, not answered yet"),
        ("inquiry", ["inquiry"], "お問い合わせに未対応", "inquiry, not answered yet"),
        ("step", ["day1"], "1日目：電話", "Day 1: call"),
        (
            "toss_up", ["1", "need"], "トスアップの条件を満たす（必要1）：課題・必要性",
            "criteria of the toss-up met (1 needed): Known problem or need",
        ),
        ("lost", ["without_reason", None], "理由の入力なし：–から再アプローチ", "no reason given: again from –"),
        ("stage_limit", ["cold", "remind"], "「コールド」の期限を過ぎた", "Cold for longer than its time"),
        ("a new one", [], "a new one", "a new one"),
    ],
)  # fmt: skip
def test_why_is_said_in_both_languages(
    world: PlanningWorld, why_id: str, parts: list[str | None], ja: str, en: str
) -> None:
    book = world.book
    assert Whys(book.rules, book.content, "ja").text(why_id, parts, "call") == ja
    assert Whys(book.rules, book.content, "en").text(why_id, parts, "call") == en
