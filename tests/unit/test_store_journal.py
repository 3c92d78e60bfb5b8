"""The journal of writes and the ledger of decisions (WB-3, WB-4, LC-5, OP-8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from connector.domain.outcome import RowResult
from connector.domain.plan import RunEnd, RunStart, Transition
from connector.store.database import Store, memory_store
from connector.store.decisions import (
    allow_writes,
    begin_run,
    finish_run,
    keep_persons,
    meet_org,
    record_ends,
    record_starts,
    record_transitions,
    writes_allowed,
)
from connector.store.journal import Intent, as_text, intend, remember_written, settle, tasks_made, unsettled
from tests.mirror_world import HOUR, NOON

pytestmark = pytest.mark.requirement("WB-3", "WB-4")

LATER = NOON + HOUR


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    yield store
    store.close()


def update(record: str, **after: str | int | float | None) -> Intent:
    return Intent("update", "Lead", record, dict.fromkeys(after), after, "because")


def task(key: str) -> Intent:
    return Intent("task", "Task", key, {}, {"Connector_Key__c": key}, "day 1")


def test_intents_stand_with_the_values_before_until_they_are_settled(store: Store) -> None:
    intents = [update("a", Status="Hot", Score__c=72), task("key'1")]
    numbers = intend(store, "run1", intents, NOON)
    assert numbers == [1, 2]
    assert [(one.record, one.number, one.run_id) for one in unsettled(store)] == [
        ("a", 1, "run1"),
        ("key'1", 2, "run1"),
    ]
    assert unsettled(store)[0].before == {"Status": None, "Score__c": None}
    assert unsettled(store)[0].after == {"Status": "Hot", "Score__c": 72}
    refused = RowResult("a", False, error_code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="値が不正です")
    settle(store, [(1, "failed", refused), (2, "done", RowResult("00T1", True))], LATER)
    assert unsettled(store) == []
    rows = store.run("SELECT outcome, error_code, message, intended_at, settled_at FROM journal ORDER BY number")
    times = (NOON.replace(tzinfo=None), LATER.replace(tzinfo=None))
    assert rows == [
        ("failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "値が不正です", *times),
        ("done", None, None, *times),
    ]
    assert intend(store, "run2", [update("b", Status="Hot")], LATER) == [3]


def test_nothing_is_nothing(store: Store) -> None:
    assert intend(store, "run1", [], NOON) == []
    settle(store, [], NOON)
    remember_written(store, [], NOON)
    assert tasks_made(store, []) == set()


def test_a_made_task_is_known_by_its_key_for_ever(store: Store) -> None:
    numbers = intend(store, "run1", [task("k1"), task("k2"), task("k3"), update("k4")], NOON)
    outcomes = ["done", "failed", None, "done"]
    settle(
        store,
        [
            (number, outcome, RowResult(None, True))
            for number, outcome in zip(numbers, outcomes, strict=True)
            if outcome
        ],
        NOON,
    )
    assert tasks_made(store, ["k1", "k2", "k3", "k4", "k5"]) == {"k1"}


def test_the_last_value_written_is_the_base_and_belongs_to_its_run(store: Store) -> None:
    first = Intent("update", "Lead", "a", {}, {"Status": "Hot", "Score__c": 72.0}, "", 1, "run1")
    second = Intent("update", "Lead", "a", {}, {"Score__c": None}, "", 2, "run2")
    remember_written(store, [first, update("b", Status="Hot")], NOON)
    remember_written(store, [second], LATER)
    rows = store.run("SELECT record_id, field, value, run_id FROM written ORDER BY ALL")
    assert rows == [("a", "Score__c", None, "run2"), ("a", "Status", "Hot", "run1"), ("b", "Status", "Hot", "")]


@pytest.mark.parametrize(
    ("value", "text"), [(None, None), ("x", "x"), (72, "72"), (72.0, "72"), (72.5, "72.5"), (True, "True"), (0, "0")]
)
def test_values_are_compared_as_texts(value: str | float | None, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.requirement("LC-5")
class TestTransitions:
    def told(self, store: Store) -> list[tuple[str, str | None, str, int]]:
        return store.run("SELECT person_id, from_stage, to_stage, score FROM transitions ORDER BY rowid")

    def test_each_is_told_once_however_often_its_plan_is_carried_out(self, store: Store) -> None:
        hot = Transition("P1", NOON, None, "hot", "score_at_threshold", 70)
        for run in ("run1", "run2"):
            record_transitions(store, run, [hot, Transition("P2", NOON, None, "won", "crm_status", 0)], LATER)
        assert self.told(store) == [("P1", None, "hot", 70), ("P2", None, "won", 0)]
        record_transitions(store, "run3", [Transition("P1", LATER, "hot", "opportunity", "crm_status", 71)], LATER)
        record_transitions(store, "run4", [hot], LATER)
        assert [stage for _, _, stage, _ in self.told(store)] == ["hot", "won", "opportunity"]

    def test_the_same_step_again_later_is_another(self, store: Store) -> None:
        for stage, before in (("hot", None), ("cold", "hot"), ("hot", "cold"), ("cold", "hot")):
            record_transitions(store, "run", [Transition("P1", NOON, before, stage, "r", 1)], NOON)
        assert [stage for _, _, stage, _ in self.told(store)] == ["hot", "cold", "hot", "cold"]


@pytest.mark.requirement("CD-1")
def test_a_run_starts_once_and_ends_once(store: Store) -> None:
    start = RunStart("P1", "hot", "2026-03-02", "00Q1", NOON)
    record_starts(store, "run1", [start], NOON)
    record_starts(store, "run2", [RunStart("P1", "hot", "2026-03-02", "003other", None)], LATER)
    record_ends(store, [RunEnd("P1", "hot", "2026-03-02", "opportunity")], NOON)
    record_ends(store, [RunEnd("P1", "hot", "2026-03-02", "won"), RunEnd("P9", "hot", "2026-03-02", "won")], LATER)
    rows = store.run("SELECT person_id, start_date, key_record, run_id, ended_at, end_reason FROM cadence_runs")
    assert rows == [("P1", date(2026, 3, 2), "00Q1", "run1", NOON.replace(tzinfo=None), "opportunity")]


@pytest.mark.requirement("WB-2")
def test_the_word_for_an_org_is_kept_with_its_first_time(store: Store) -> None:
    meet_org(store, "00D1", "Example", "https://example.my.salesforce.com")
    assert not writes_allowed(store, "00D1")
    allow_writes(store, "00D1", NOON)
    allow_writes(store, "00D1", LATER)
    meet_org(store, "00D1", "Example K.K.", "https://example.my.salesforce.com")
    assert writes_allowed(store, "00D1")
    assert not writes_allowed(store, "00D2")
    assert store.run("SELECT name, writes_allowed_since FROM org") == [("Example K.K.", NOON.replace(tzinfo=None))]


def test_runs_of_the_connector_are_listed_with_their_counts(store: Store) -> None:
    begin_run(store, "run1", "sync", NOON)
    finish_run(store, "run1", "done", {"fields": 3}, LATER)
    begin_run(store, "run2", "sync", LATER)
    rows = store.run("SELECT run_id, outcome, counts FROM run ORDER BY run_id")
    assert rows == [("run1", "done", '{"fields": 3}'), ("run2", None, None)]


@pytest.mark.requirement("SY-4")
def test_persons_keep_the_time_since_when_they_are_known(store: Store) -> None:
    store.load("person_records", ("record_key", "person_id"), [("lead:1", "P1"), ("lead:2", "P2")])
    keep_persons(store, NOON)
    store.load("person_records", ("record_key", "person_id"), [("lead:1", "P1"), ("lead:2", "P1")])
    keep_persons(store, NOON + timedelta(days=1))
    rows = store.run("SELECT record_key, person_id, since FROM known_persons ORDER BY ALL")
    assert rows == [("lead:1", "P1", NOON.replace(tzinfo=None)), ("lead:2", "P1", NOON.replace(tzinfo=None))]
