"""Whom field sales could take, who lacks one criterion, and the queue of pre-sales (TU-2, CD-8)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from connector.cli.today import show
from connector.reporting.today import Today, only
from tests.planning_world import DAY, MONDAY, PlanningWorld
from tests.unit.test_today import HOT, HOUR, again, asks, today

pytestmark = pytest.mark.requirement("TU-1", "TU-2", "CD-8", "LC-3")

CRITERIA = ("decisive_event", "need", "current_solution", "timing", "inside_information")


@pytest.fixture(scope="module")
def world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    world.store.run("ALTER TABLE people ADD COLUMN prospect_ids VARCHAR[]")
    for company, employees in (("c1", 5000), ("c2", 20)):
        world.insert("companies", {"company_id": company, "employees": employees, "match_status": "matched"})
    people: tuple[tuple[str, int, dict[str, Any], tuple[str, ...]], ...] = (
        ("ready", HOT, {"company_id": "c2"}, CRITERIA[:4]),
        ("almost", HOT, {"company_id": "c1"}, CRITERIA[:3]),
        ("far", HOT, {"company_id": "c2"}, CRITERIA[:2]),
        ("cold and almost", 0, {}, CRITERIA[:3]),
        ("with money", HOT, {"company_id": "c2"}, ("budget",)),
        ("silent", HOT, {"opted_out": True, "do_not_call": True}, ()),
        ("deal", HOT, {"crm_status": "opportunity"}, CRITERIA),
    )
    for person, demos, fields, items in people:
        world.person(person, demos, name=person.title(), company="[A] & Co.", **fields)
        for item in items:
            world.insert("hearing", {"person_id": person, "item": item, "value": "yes", "at": MONDAY - DAY})
    world.person("asks", 0)
    asks(world, "asks", MONDAY - HOUR)
    yield world
    world.store.close()


@pytest.fixture(scope="module")
def found(world: PlanningWorld) -> Today:
    return today(world, language="ja")


def test_who_awaits_an_approval_comes_before_who_lacks_one_criterion(found: Today) -> None:
    told = [(one.person_id, one.state, one.required, len(one.met), one.missing) for one in found.candidates]
    assert told == [
        ("ready", "awaits_approval", 4, 4, ("inside_information",)),
        ("almost", "almost", 4, 3, ("timing", "inside_information")),
    ]
    assert found.candidates[1].questions == (
        "開始時期と購買サイクルを教えてください。", "売上規模・資金計画などをご存じですか。"
    )  # fmt: skip


def test_the_queue_goes_by_timing_size_relation_and_budget(found: Today) -> None:
    told = [(one.rank, one.person_id, one.timing, one.size, one.budget) for one in found.queue]
    assert told == [
        (1, "ready", True, 20, False),
        (2, "almost", False, 5000, False),
        (3, "with money", False, 20, True),
        (4, "far", False, 20, False),
    ]


@pytest.mark.requirement("CD-3")
def test_inquiries_stand_first_in_a_list_of_calls(found: Today) -> None:
    (rep,) = [one for one in found.reps if one.owner == "005A"]
    assert [call.person_id for call in rep.calls][:2] == ["asks", "ready"]


def test_an_owner_sees_what_is_theirs(found: Today) -> None:
    mine = only(found, "005A")
    assert mine is not None
    assert (mine.candidates, mine.queue) == (found.candidates, found.queue)
    assert only(found, "005Z") is None


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja", ("トスアップの承認待ち (1)", "あと一項目でトスアップ (1)", "プリセールスの順番", "ホット化", "電話")),
        ("en", ("Await an approval before", "Lack one criterion", "Queue of pre-sales", "turned hot on", "call")),
    ],
)
def test_the_screen_speaks_both_languages(world: PlanningWorld, language: Any, words: tuple[str, ...]) -> None:
    out = io.StringIO()
    show(Console(file=out, width=220), again(world, language=language), {}, language)
    for word in (*words, "[A] & Co."):
        assert word in out.getvalue()


def test_why_did_i_get_this_lead_stands_beside_every_name_complaint_72(found: Today) -> None:
    calls = [call for rep in found.reps for call in rep.calls]
    assert calls
    for call in calls:
        about, figures, *_ = call.reason.split("｜")
        assert about
        assert figures.startswith("スコア")
