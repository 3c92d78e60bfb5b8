"""Today's lists: who stands where and why, which steps are done, and who falls between the chairs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from connector.cli.today import show
from connector.domain.plan import RunEnd, RunStart
from connector.engine.catalogue import load_catalogue
from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.next_action import next_actions
from connector.engine.our_tasks import our_tasks
from connector.engine.score import score
from connector.engine.tier import tier
from connector.reporting.today import Asked, Call, Gap, Rep, Today, is_owner, only, today_of
from connector.store.decisions import record_ends, record_starts
from tests.planning_world import DAY, MONDAY, ORG, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("CD-8", "CD-6")

HOUR = timedelta(hours=1)
HOT = 13
"""Demos that make 65 points."""
ANN, BEN = "005A", "005B"


@pytest.fixture(scope="module")
def module_world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    world.store.run("ALTER TABLE people ADD COLUMN prospect_ids VARCHAR[]")
    yield world
    world.store.close()


@pytest.fixture
def world(module_world: PlanningWorld) -> PlanningWorld:
    module_world.empty()
    for table in ("hearing", "opportunities", "mirror_salesforce_user", "mirror_salesforce_group"):
        module_world.store.run(f"DELETE FROM {table}")
    seen = {"_seen_at": MONDAY - DAY, "_valid_from": MONDAY - DAY, "_unit": ""}
    for id_, name, active in ((ANN, "Ann Abe", True), (BEN, "Ben Baba", True), ("005X", "Xavier", False)):
        module_world.insert("mirror_salesforce_user", {"id": id_, "name": name, "is_active": active, **seen})
    module_world.insert("mirror_salesforce_group", {"id": "00GQ", "name": "Web", **seen})
    return module_world


def today(world: PlanningWorld, as_of: datetime = MONDAY, **changes: Any) -> Today:
    run, rules, load = world.store.run, world.book.rules, world.store.load
    asked = replace(Asked(rules, world.book.content, "en", as_of), **changes)
    score(rules, as_of, run)
    tier(rules, run)
    grade(rules, run)
    load_catalogue(world.book.content, load)
    our_tasks(run)
    decide(rules, as_of, asked.day, run)
    next_actions(rules, as_of, asked.day, run, load)
    return today_of(run, asked)


def again(world: PlanningWorld, **changes: Any) -> Today:
    """The same evaluation, told in another way."""
    return today_of(world.store.run, replace(Asked(world.book.rules, world.book.content, "en", MONDAY), **changes))


def calls(found: Today, owner: str = ANN) -> dict[str, Call]:
    """The calls of an owner by person, in their order."""
    return {call.person_id: call for rep in found.reps if rep.owner == owner for call in rep.calls}


def asks(world: PlanningWorld, person: str, at: datetime) -> None:
    row = {"activity_id": f"ask{person}", "person_id": person, "occurred_at": at, "type": "inquiry"}
    world.insert("activities", {**row, "content": "contact-form"})


def in_run(world: PlanningWorld, person: str, start: str = "2026-06-01", cadence: str = "hot") -> None:
    record_starts(world.store, "run1", [RunStart(person, cadence, start, lead_of(person), MONDAY)], MONDAY)


def task(world: PlanningWorld, person: str, step: str, channel: str, start: str = "2026-06-01", **values: Any) -> str:
    """A task of ours in the org; answers its id."""
    id_ = f"00T{person}{step}{channel}{start}"
    seen = {"_seen_at": MONDAY, "_valid_from": MONDAY, "_unit": "", "is_deleted": False, "is_closed": False}
    key = f"{ORG}:{lead_of(person)}:hot:{start}:{step}:{channel}"
    world.insert("mirror_salesforce_task", {**seen, "id": id_, "key": key, **values})
    return id_


def heard(world: PlanningWorld, person: str, *items: str) -> None:
    for item in items:
        world.insert("hearing", {"person_id": person, "item": item, "value": "yes"})


def test_inquiries_come_first_then_toss_ups_then_steps_by_due_then_reviews(world: PlanningWorld) -> None:
    world.person("reviewed", HOT, MONDAY - 25 * DAY)
    world.person("under review", HOT, MONDAY - 25 * DAY)
    in_run(world, "under review", cadence="review")
    world.person("fresh", HOT)
    world.person("late", HOT, MONDAY - 5 * DAY)
    in_run(world, "late", "2026-05-28")
    world.person("asked later", 0)
    asks(world, "asked later", MONDAY - HOUR)
    world.person("asked first", 0)
    asks(world, "asked first", MONDAY - 3 * DAY)
    world.person("ready", HOT)
    heard(world, "ready", *(item.id for item in world.book.rules.lifecycle.hearing))
    found = calls(today(world))
    assert list(found) == ["asked first", "asked later", "ready", "late", "fresh", "reviewed", "under review"]
    assert [call.rank for call in found.values()] == [1, 2, 3, 4, 5, 6, 7]
    assert {one for one, call in found.items() if call.overdue} == {"asked first", "late"}
    assert found["ready"].channel == "hand_over"
    assert found["late"].record == lead_of("late")


def test_the_reason_is_one_line_in_either_language(world: PlanningWorld) -> None:
    world.person("fresh", HOT)
    world.person("asked", 0)
    asks(world, "asked", MONDAY - HOUR)
    world.person("stepping", HOT)
    in_run(world, "stepping")
    task(world, "stepping", "day1", "call", is_closed=True)
    task(world, "stepping", "day1", "email")
    english, japanese = calls(today(world)), calls(again(world, language="ja"))
    assert english["asked"].reason.startswith("06-01 09:00 Contact form, not answered yet · score ")
    assert english["fresh"].reason.startswith("turned hot on 06-01 · score 65")
    assert english["fresh"].reason.endswith("last 06-01 demo viewed")
    assert english["stepping"].reason.startswith("Day 1: e-mail · score 65")
    assert japanese["asked"].reason.startswith("06-01 09:00 お問い合わせフォーム：未対応｜スコア")
    assert japanese["stepping"].reason.startswith("1日目：メール｜スコア65")
    assert "今期の予算は確保されていますか。" in japanese["fresh"].questions
    assert "budget" in japanese["fresh"].ask
    assert all("\n" not in call.reason for call in (*english.values(), *japanese.values()))


@pytest.mark.requirement("CD-2")
def test_a_step_is_done_when_all_its_tasks_are(world: PlanningWorld) -> None:
    for person in ("untouched", "called", "both", "deleted", "of an older run"):
        world.person(person, HOT)
        in_run(world, person)
    task(world, "called", "day1", "call", is_closed=True)
    mail = task(world, "called", "day1", "email")
    task(world, "both", "day1", "call", is_closed=True)
    task(world, "both", "day1", "email", is_closed=True)
    task(world, "deleted", "day1", "call", is_deleted=True)
    task(world, "deleted", "day1", "email", is_closed=True)
    in_run(world, "of an older run", "2026-01-05")
    record_ends(world.store, [RunEnd("of an older run", "hot", "2026-01-05", "cold")], MONDAY - 90 * DAY)
    task(world, "of an older run", "day1", "call", "2026-01-05", is_closed=True)
    found = calls(today(world))
    assert {one: call.channel for one, call in found.items()} == {
        "untouched": "call", "called": "email", "of an older run": "call"
    }  # fmt: skip
    assert (found["called"].task, found["untouched"].task) == (mail, None)
    tomorrow = calls(today(world, MONDAY + DAY))
    assert {call.due for call in tomorrow.values()} == {(MONDAY + DAY).date()}, "what came before was missed"


def test_within_a_day_come_timing_size_relation_budget_and_score(world: PlanningWorld) -> None:
    for company, size in (("small", 10), ("large", 9_000), ("customer", 10)):
        world.store.run(
            "INSERT INTO companies (company_id, employees) VALUES ($id, $size)", {"id": company, "size": size}
        )
    for deal, company in (("d1", "customer"), ("d2", "customer")):
        world.insert("opportunities", {"opportunity_id": deal, "company_id": company, "status": "won"})
    world.person("plain", HOT, company_id="small")
    world.person("warmer", HOT + 1, company_id="small")
    world.person("with money", HOT, company_id="small")
    world.person("known", HOT, company_id="customer")
    world.person("big", HOT, company_id="large")
    world.person("soon", HOT)
    heard(world, "soon", "timeframe")
    heard(world, "with money", "budget")
    found = calls(today(world))
    assert list(found) == ["soon", "big", "known", "with money", "warmer", "plain"]


@pytest.mark.requirement("CD-5", "WB-7")
def test_reviews_over_the_limit_wait_and_whom_history_made_hot_is_not_called(world: PlanningWorld) -> None:
    for number in range(5):
        world.person(f"r{number}", HOT, MONDAY - 25 * DAY)
    world.person("hot", HOT)
    world.person("asks", HOT)
    asks(world, "asks", MONDAY - HOUR)
    (rep,) = today(world, reviews=2).reps
    assert ([call.person_id for call in rep.calls], rep.waiting) == (["asks", "hot", "r0", "r1"], 3)
    (rep,) = again(world, history={"hot", "asks", "r0", "r1", "r2", "r3"}).reps
    assert ([call.person_id for call in rep.calls], rep.waiting) == (["asks", "r4"], 0)


def test_each_owner_has_a_list_and_who_has_none_that_works_is_a_gap(world: PlanningWorld) -> None:
    world.person("1", HOT)
    world.person("2", HOT)
    world.person("3", HOT, owner_id=BEN)
    world.person("nobody's", HOT, owner_id=None)
    world.person("in a queue", HOT, owner_id="00GQ")
    world.person("left behind", HOT, owner_id="005X")
    world.person("silent", HOT, opted_out=True, do_not_call=True)
    world.person("cold and nobody's", 1, owner_id=None)
    world.person("won", HOT, owner_id=None, crm_status="won")
    found = today(world)
    assert [(rep.owner, rep.name, rep.active, len(rep.calls)) for rep in found.reps] == [
        (ANN, "Ann Abe", True, 2), (BEN, "Ben Baba", True, 1), ("005X", "Xavier", False, 1), ("00GQ", "Web", True, 1),
        ("inside_sales", "Inside sales", True, 1),
    ]  # fmt: skip
    assert {gap.person_id: gap.gap for gap in found.gaps} == {
        "nobody's": "nobody_owns", "in a queue": "nobody_owns", "left behind": "owner_left", "silent": "out_of_reach"
    }  # fmt: skip
    assert found.gap_counts == {"nobody_owns": 2, "owner_left": 1, "out_of_reach": 1}
    for word in (BEN, "ben BABA"):
        assert [rep.owner for rep in getattr(only(found, word), "reps", ())] == [BEN]
    assert [gap.person_id for gap in getattr(only(found, "Xavier"), "gaps", ())] == ["left behind"]
    assert only(found, "Yves") is None
    assert is_owner(world.store.run, "xavier")
    assert not is_owner(world.store.run, "Yves")


def test_the_screen_marks_what_is_overdue_and_counts_the_rest() -> None:
    call = Call(
        rank=1, person_id="P1", record="00Q1", task=None, name="[山田] 太郎", company=None, purpose="inquiry",
        channel="call", due=date(2026, 5, 29), overdue=True, score=8, grade="B", reason="05-29 14:00 [Form]",
        ask=("budget", "other"), questions=(), content="price-list",
    )  # fmt: skip
    gap = Gap("nobody_owns", "P2", None, None, "00Q2", "hot", 70, None, None)
    rep = Rep(ANN, "Ann Abe", False, (call, replace(call, rank=2, overdue=False)), waiting=3)
    out = io.StringIO()
    shown = Console(file=out, width=200)
    show(shown, Today(date(2026, 6, 1), (rep,), (gap,) * 25, {"nobody_owns": 25}), {"budget": "予算"})
    text = out.getvalue()
    assert "Ann Abe (not active): 2 to do, 1 overdue" in text
    assert text.count("2026-05-29 overdue") == 1
    for word in ("[山田] 太郎", "[Form] (offer price-list)", "予算, other", "Nobody owns them (25)", "and 5 more"):
        assert word in text
    assert "3 more to be looked at wait" in text
    show(shown, Today(date(2026, 6, 1)), {})
    assert "Nobody is to be called." in out.getvalue()


def test_a_weekend_has_the_list_of_the_next_business_day(world: PlanningWorld) -> None:
    saturday = datetime(2026, 6, 6, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    world.person("friday's", 0)
    asks(world, "friday's", saturday - 12 * HOUR)
    world.person("saturday's", 0)
    asks(world, "saturday's", saturday - HOUR)
    found = calls(today(world, saturday))
    assert {one: (call.due.isoformat(), call.overdue) for one, call in found.items()} == {
        "friday's": ("2026-06-05", True), "saturday's": ("2026-06-08", False)
    }  # fmt: skip


@pytest.mark.requirement("RC-2", "CD-8")
def test_who_was_closed_without_a_reason_is_listed_and_the_owner_is_asked(world: PlanningWorld) -> None:
    for person, ago, reason in (("lately", 5, None), ("long ago", 80, " "), ("said", 5, "No budget")):
        world.person(person, 0)
        world.store.run(
            "UPDATE people SET crm_status = 'disqualified', closed_at = $at, close_reason = $why WHERE person_id = $id",
            {"at": MONDAY - ago * DAY, "why": reason, "id": person},
        )
    found = today(world)
    assert [gap.person_id for gap in found.gaps if gap.gap == "closed_without_reason"] == ["lately", "long ago"]
    (call,) = calls(found).values()
    assert (call.person_id, call.purpose, call.channel, call.ask) == ("lately", "ask_reason", "ask", ("loss_reason",))
    assert call.reason.startswith("closed without a reason · ")


@pytest.mark.requirement("LC-13")
def test_a_customer_whose_interest_rises_is_on_the_list_of_the_owner(world: PlanningWorld) -> None:
    world.person("7", 4, at=MONDAY - HOUR, owner_id=ANN, crm_status="won")
    world.insert("opportunities", {"person_id": "7", "status": "won", "created_at": MONDAY - 9 * DAY})
    (rep,) = today(world).reps
    (call,) = rep.calls
    assert (rep.owner, call.purpose, call.channel) == (ANN, "rise", "call")
    assert call.reason.startswith("20 points since Won · score 20")
