"""What `status` and `explain` read from the store (AD-8, WB-4, WB-5, SY-6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.domain.cursor import Cursor
from connector.domain.outcome import RowResult
from connector.domain.plan import RunStart, Transition
from connector.reporting.explanation import explanation_of, find_person
from connector.reporting.report import StreamState, stages, status_of
from connector.store.cursors import save_cursor
from connector.store.database import Store, memory_store
from connector.store.decisions import allow_writes, begin_run, finish_run, meet_org, record_starts, record_transitions
from connector.store.journal import Intent, intend, settle
from connector.store.mirror import merge, prepare
from tests.mirror_world import HOUR, LEADS, NOON, PROSPECTS, land, lead
from tests.planning_world import MONDAY, ORG, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("AD-8")

PERSON_RECORDS = ("record_key", "person_id", "kind", "record_id", "created_at")


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    yield store
    store.close()


def test_an_empty_store_has_an_empty_status(store: Store) -> None:
    status = status_of(store.run)
    assert (status.org_id, status.streams, status.runs, status.open_runs, status.unsettled) == (None, (), (), 0, 0)
    assert status.failures == ()


@pytest.mark.requirement("SY-6", "WB-5", "OP-3")
def test_the_status_tells_how_far_each_stream_is_and_what_was_refused(store: Store, tmp_path: Path) -> None:
    prepare(store, [LEADS, PROSPECTS])
    merge(store, LEADS, "", land(tmp_path, LEADS, [lead(1), lead(2, IsDeleted=True), lead(3)]), NOON)
    save_cursor(store, Cursor("salesforce.Lead", "", NOON), NOON)
    save_cursor(store, Cursor("account_engagement.prospects", "0Uv1", None, None, NOON, NOON, "5"), NOON)
    save_cursor(store, Cursor("salesforce.Contact", "", NOON), NOON)
    meet_org(store, ORG, "Example", "https://example.my.salesforce.com")
    allow_writes(store, ORG, NOON)
    for run_id, at in (("run1", NOON), ("run2", NOON + HOUR)):
        begin_run(store, run_id, "sync", at)
        numbers = intend(store, run_id, [Intent("update", "Lead", str(n), {}, {"a": n}, "") for n in range(3)], at)
        bad = RowResult("0", False, error_code="CANNOT_UPDATE_CONVERTED_LEAD")
        settle(store, [(numbers[0], "failed", bad), (numbers[1], "done", RowResult("1", True))], at)
    finish_run(store, "run1", "failed rows", {}, NOON)
    record_starts(store, "run2", [RunStart("P1", "hot", "2026-03-02", "00Q", NOON)], NOON)

    status = status_of(store.run)
    assert (status.org_name, status.writes_allowed_since) == ("Example", NOON)
    assert status.streams == (
        StreamState("account_engagement.prospects", "0Uv1", None, True, 0),
        StreamState("salesforce.Contact", "", NOON, False, 0),
        StreamState("salesforce.Lead", "", NOON, False, 2),
    )
    assert [(run.run_id, run.outcome) for run in status.runs] == [("run2", None), ("run1", "failed rows")]
    assert (status.open_runs, status.unsettled) == (1, 2)
    assert status.failures == (("Lead", "CANNOT_UPDATE_CONVERTED_LEAD", 1),)


@pytest.fixture(scope="module")
def world() -> PlanningWorld:
    """Two persons, of whom one is hot, planned on a Monday."""
    world = PlanningWorld()
    world.store.run("ALTER TABLE people ADD COLUMN match_status VARCHAR")
    world.person("1", 13, email="Taro@Example.com", name="佐藤太郎")
    world.person("2", 1)
    world.stands("1", email="second@example.com")
    rows: list[tuple[Any, ...]] = [
        (f"lead:{lead_of(number)}", number, "lead", lead_of(number), "2026-05-01") for number in ("1", "2")
    ]
    rows.append(("prospect:0Uv1:7", "1", "prospect", "7", "2026-05-02"))
    world.store.load("person_records", PERSON_RECORDS, rows)
    plan = world.plan()
    record_starts(world.store, "run1", plan.starts, MONDAY)
    record_transitions(world.store, "run1", plan.transitions, MONDAY)
    key = plan.tasks[0].key
    written = Intent("update", "Lead", lead_of("1"), {"Score__c": None}, {"Score__c": 65}, "")
    strange = Intent("update", "Lead", lead_of("2"), {}, {"Score__c": 1}, "")
    intend(world.store, "run1", [written, Intent("task", "Task", key, {}, {"Subject": "電話"}, ""), strange], MONDAY)
    settle(world.store, [(1, "done", RowResult(None, True))], MONDAY)
    return world


@pytest.mark.parametrize(
    "wanted",
    ["taro@example.com", " TARO@example.com ", "second@example.com", lead_of("1"), lead_of("1")[:15], "7", "1",
     f"lead:{lead_of('1')}"],
)  # fmt: skip
def test_a_person_is_found_by_any_of_its_names(world: PlanningWorld, wanted: str) -> None:
    assert find_person(world.store.run, wanted) == "1"


@pytest.mark.parametrize("wanted", ["", "nobody@example.com", "00Q", "' OR TRUE --"])
def test_nobody_is_nobody(world: PlanningWorld, wanted: str) -> None:
    assert find_person(world.store.run, wanted) is None


@pytest.mark.requirement("WB-4", "LC-5")
def test_an_explanation_adds_up_and_tells_what_was_decided_and_written(world: PlanningWorld) -> None:
    found = explanation_of(world.store.run, world.book.rules, MONDAY, "1")
    assert found is not None
    assert (found.person.name, found.person.stage, found.person.score) == ("佐藤太郎", "hot", 65)
    assert sum(line.points for line in found.ledger) == found.person.score
    assert found.person.records == (f"lead:{lead_of('1')}", "prospect:0Uv1:7")
    ((happened, before, stage, rule),) = found.transitions
    assert (happened, before, stage, rule) == (MONDAY - HOUR, None, "hot", "score_at_threshold")
    assert found.cadences == (("hot", date(2026, 6, 1).isoformat(), None),)
    assert [(write.object, dict(write.after), write.outcome) for write in found.writes] == [
        ("Lead", {"Score__c": 65}, "done"), ("Task", {"Subject": "電話"}, "unknown"),
    ]  # fmt: skip
    assert found.writes[0].before == {"Score__c": None}


def test_there_is_no_explanation_of_nobody(world: PlanningWorld) -> None:
    assert explanation_of(world.store.run, world.book.rules, MONDAY, "3") is None


def test_persons_are_counted_by_stage(world: PlanningWorld) -> None:
    assert stages(world.store.run) == {"cold": 1, "hot": 1}


@pytest.mark.requirement("LC-5")
def test_steps_of_another_person_are_not_told(world: PlanningWorld) -> None:
    record_transitions(world.store, "run1", [Transition("2", MONDAY, None, "won", "crm_status", 0)], MONDAY)
    found = explanation_of(world.store.run, world.book.rules, MONDAY, "1")
    assert found is not None
    assert [stage for _, _, stage, _ in found.transitions] == ["hot"]
