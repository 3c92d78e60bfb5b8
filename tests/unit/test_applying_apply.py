"""Carrying out a plan: the state of the org and of the ledger afterwards, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.applying.application import Applied, Failure
from connector.applying.apply import apply_plan, settle_open_intents
from connector.domain.plan import RunEnd, RunStart, Transition
from connector.errors import ConfigurationError, ConnectorError, RetryError, StopError
from connector.store.database import Store
from connector.store.journal import Intent, intend, unsettled
from tests.mirror_world import HOUR, NOON, lead_id
from tests.remote_world import (
    Killed,
    Moments,
    Remote,
    bases,
    change,
    emptied,
    leads,
    org,
    outcomes,
    plan_of,
    run_of,
    task,
)

pytestmark = pytest.mark.requirement("WB-3", "OP-3")

LOST = "The answer was lost; run again later."


@pytest.fixture
def store(module_store: Store) -> Store:
    return emptied(module_store)


@pytest.mark.requirement("WB-1", "WB-4", "WB-8")
def test_records_and_tasks_are_written_and_told_in_the_ledger(store: Store) -> None:
    remote = org(3)
    plan = plan_of(
        change(1, status="Hot"),
        change(2),
        tasks=(task(1),),
        starts=(RunStart("P1", "hot", "2026-03-02", lead_id(1), NOON),),
        transitions=(Transition("P1", NOON, None, "hot", "score_at_threshold", 72),),
    )
    applied = apply_plan(run_of(remote, store), plan)
    assert applied == Applied(fields=3, records=2, tasks=1)
    assert applied.changes == 4
    assert leads(remote, "Status", "Score__c") == [("Hot", 72), ("Open", 72), ("Open", 70.0)]
    assert [row["Subject"] for row in remote.tasks.values()] == ["1日目：電話"]
    assert remote.calls == [("update_unmodified", 1), ("update", 1), ("upsert", 1)], "people's fields first"
    assert outcomes(store) == [("run1", kind, "done", None) for kind in ("update", "update", "task")]
    assert bases(store) == {
        (lead_id(1), "Score__c"): "72", (lead_id(1), "Status"): "Hot", (lead_id(2), "Score__c"): "72",
    }  # fmt: skip
    before = store.value("SELECT values_before FROM journal WHERE number = 1")
    assert before == '{"Score__c": 70, "Status": "Open"}'
    assert store.run("SELECT person_id, key_record FROM cadence_runs") == [("P1", lead_id(1))]
    assert store.run("SELECT to_stage, run_id FROM transitions") == [("hot", "run1")]


@pytest.mark.requirement("WB-8")
def test_complaint_1_calls_are_as_large_as_they_may_be(store: Store) -> None:
    remote = org(251)
    plan = plan_of(
        *(change(number, status="Hot") for number in range(1, 27)), *(change(number) for number in range(27, 252)),
        tasks=tuple(task(number) for number in range(1, 202)),
    )  # fmt: skip
    applied = apply_plan(run_of(remote, store), plan)
    assert (applied.records, applied.tasks) == (251, 201)
    assert remote.calls == [
        ("update_unmodified", 25), ("update_unmodified", 1), ("update", 200), ("update", 25), ("upsert", 200),
        ("upsert", 1),
    ]  # fmt: skip


@pytest.mark.requirement("WB-5")
def test_complaint_20_refused_rows_stop_nothing_and_keep_the_platform_s_words(store: Store) -> None:
    remote = org(4)
    words = ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "値が不正です")
    bad = {lead_id(2), task(4).key}
    remote.refuses = lambda _object, row: words if {row.get("Id"), row.get("Connector_Key__c")} & bad else None
    remote.records["Lead"][lead_id(3)]["IsDeleted"] = True
    plan = plan_of(change(1), change(2), change(3), tasks=(task(1), task(4)))
    applied = apply_plan(run_of(remote, store), plan)
    assert (applied.records, applied.fields, applied.tasks) == (1, 1, 1)
    assert applied.failures == [
        Failure("Lead", lead_id(2), *words),
        Failure("Lead", lead_id(3), "ENTITY_IS_DELETED", "entity is deleted"),
        Failure("Task", task(4).key, *words),
    ]
    assert leads(remote, "Score__c") == [(72,), (70.0,), (70.0,), (70.0,)]
    assert [outcome for _, _, outcome, _ in outcomes(store)] == ["done", "failed", "failed", "done", "failed"]
    assert bases(store) == {(lead_id(1), "Score__c"): "72"}


def test_a_record_that_moved_is_skipped_and_stays_as_people_left_it(store: Store) -> None:
    remote = org(2)
    remote.edit("Lead", lead_id(1), Status="Working")
    applied = apply_plan(run_of(remote, store), plan_of(change(1, status="Hot"), change(2, status="Hot")))
    assert (applied.records, applied.moved, applied.failures) == (1, 1, [])
    assert leads(remote, "Status") == [("Working",), ("Hot",)]
    assert [outcome for _, _, outcome, _ in outcomes(store)] == ["moved", "done"]
    assert (lead_id(1), "Status") not in bases(store)


@pytest.mark.requirement("CD-2", "WB-7")
def test_carried_out_again_a_plan_undoes_nothing_that_reps_did_since(store: Store) -> None:
    remote = org(2)
    plan = plan_of(
        change(1, status="Hot"),
        tasks=(task(1), task(2)),
        starts=(RunStart("P1", "hot", "2026-03-02", lead_id(1), NOON),),
        ends=(RunEnd("P9", "hot", "2026-01-01", "won"),),
        transitions=(Transition("P1", NOON, None, "hot", "score_at_threshold", 72),),
    )
    apply_plan(run_of(remote, store), plan)
    remote.edit("Lead", lead_id(1), Status="Working")
    remote.tasks[task(1).key]["Status"] = "Completed"
    remote.tasks[task(2).key]["IsDeleted"] = True
    again = apply_plan(run_of(remote, store, "run2"), plan)
    assert (again.changes, again.moved) == (0, 1)
    assert leads(remote, "Status") == [("Working",), ("Open",)]
    assert remote.tasks[task(1).key]["Status"] == "Completed"
    assert remote.created == {task(1).key: 1, task(2).key: 1}, "a task that a rep deleted does not come back"
    assert store.run("SELECT count(*) FROM transitions") == [(1,)]
    assert store.run("SELECT count(*) FROM cadence_runs") == [(1,)]


class TestALostAnswer:
    @pytest.mark.parametrize("arrived", [True, False])
    @pytest.mark.parametrize("kind", ["shared", "mine", "task"])
    def test_is_settled_by_reading_back(self, store: Store, kind: str, arrived: bool) -> None:
        remote = org(1)
        plan = {
            "shared": plan_of(change(1, status="Hot")), "mine": plan_of(change(1)), "task": plan_of(tasks=(task(1),)),
        }[kind]  # fmt: skip
        lose(remote, arrived=arrived, call=2 if kind == "task" else 1)
        with pytest.raises(RetryError, match=LOST):
            apply_plan(run_of(remote, store), plan)
        assert unsettled(store) == []
        assert [outcome for _, _, outcome, _ in outcomes(store)] == ["done" if arrived else "failed"]
        apply_plan(run_of(remote, store, "run2"), plan)
        assert (leads(remote, "Score__c"), dict(remote.created)) == {
            "shared": ([(72,)], {}), "mine": ([(72,)], {}), "task": ([(70.0,)], {task(1).key: 1}),
        }[kind]  # fmt: skip

    def test_whose_reading_back_fails_too_is_settled_before_the_next_plan(self, store: Store) -> None:
        remote = org(2)

        def down() -> None:
            raise RetryError(LOST)

        remote.after = down
        with pytest.raises(RetryError):
            apply_plan(run_of(remote, store), plan_of(change(1)))
        assert [intent.record for intent in unsettled(store)] == [lead_id(1)]
        remote.after = lambda: None
        applied = apply_plan(run_of(remote, store, "run2", NOON + HOUR), plan_of(change(2)))
        assert applied == Applied(fields=1, records=1), "what an earlier run wrote is not counted as this one's"
        assert outcomes(store) == [("run1", "update", "done", None), ("run2", "update", "done", None)]
        assert dict(store.run("SELECT record_id, run_id FROM written")) == {lead_id(1): "run1", lead_id(2): "run2"}

    def test_that_did_not_arrive_is_no_failure_of_the_next_run(self, store: Store) -> None:
        remote = org(2)
        intend(store, "run1", [Intent("update", "Lead", lead_id(1), {"Score__c": 70}, {"Score__c": 72}, "")], NOON)
        applied = apply_plan(run_of(remote, store, "run2"), plan_of(change(1), change(2)))
        assert applied == Applied(fields=2, records=2)
        assert outcomes(store)[0] == ("run1", "update", "failed", "NOT_WRITTEN")

    def test_whose_record_people_edited_since_is_ours_so_that_the_edit_is_kept(self, store: Store) -> None:
        remote = org(1)
        moments = Moments()
        remote.after = moments.tick
        moments.dies_at = 1
        with pytest.raises(Killed):
            apply_plan(run_of(remote, store), plan_of(change(1, status="Hot")))
        remote.edit("Lead", lead_id(1), Status="Working")
        assert settle_open_intents(run_of(remote, store, "run2")) == 1
        assert bases(store)[lead_id(1), "Status"] == "Hot", "so that Working is seen as somebody's edit"

    @pytest.mark.parametrize(
        ("there", "outcome"),
        [
            ({"Score__c": 72.0, "Status": "Hot"}, "done"),
            ({"Score__c": 72.0, "Status": "Working"}, "done"),
            ({"Score__c": 70.0, "Status": "Open"}, "failed"),
            ({"Score__c": 70.0, "Status": "Working"}, "failed"),
            ({"Score__c": 69.0, "Status": "Working"}, "done"),
            ({"IsDeleted": True}, "failed"),
        ],
    )
    def test_is_judged_by_what_stands_there(self, store: Store, there: dict[str, Any], outcome: str) -> None:
        remote = org(1)
        remote.edit("Lead", lead_id(1), **there)
        record = change(1, status="Hot")
        values = {one.field: one.after for one in record.changes}
        before = {one.field: one.before for one in record.changes}
        intend(store, "run1", [Intent("update", "Lead", record.record_id, before, values, "")], NOON)
        settle_open_intents(run_of(remote, store, "run2"))
        assert [found for _, _, found, _ in outcomes(store)] == [outcome]

    def test_times_read_back_in_another_spelling_are_the_same(self, store: Store) -> None:
        remote = org(1)
        remote.edit("Lead", lead_id(1), Scored_At__c="2026-03-02T03:00:00.000+0000")
        wrote = {"Scored_At__c": "2026-03-02T12:00:00+09:00"}
        intend(store, "run1", [Intent("update", "Lead", lead_id(1), {"Scored_At__c": None}, wrote, "")], NOON)
        settle_open_intents(run_of(remote, store, "run2"))
        assert [found for _, _, found, _ in outcomes(store)] == ["done"]

    def test_of_many_is_read_back_in_few_questions(self, store: Store) -> None:
        remote = org(250)
        intents = [Intent("update", "Lead", lead_id(n), {"Score__c": 70}, {"Score__c": 72}, "") for n in range(1, 251)]
        intents.append(Intent("task", "Task", "it's a key", {}, {}, ""))
        intend(store, "run1", intents, NOON)
        asked: list[int] = []
        remote.before = lambda: asked.append(1)
        assert settle_open_intents(run_of(remote, store, "run2")) == 251
        assert len(asked) == 3
        assert unsettled(store) == []


def lose(remote: Remote, *, arrived: bool, call: int = 1) -> None:
    """The n-th call raises, before or after its effect. Before tasks there is the question whether they are allowed."""
    calls = iter(range(1, call + 1))

    def once() -> None:
        if next(calls) < call:
            return
        remote.before = remote.after = lambda: None
        raise RetryError(LOST)

    if arrived:
        remote.after = once
    else:
        remote.before = once


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StopError("This user may not write.", "INSUFFICIENT_ACCESS"), "INSUFFICIENT_ACCESS"),
        (ConfigurationError("The token is refused for good."), "NOT_SENT"),
    ],
)
def test_an_error_that_stops_leaves_the_rest_unwritten_and_nothing_to_settle(
    store: Store, error: ConnectorError, code: str
) -> None:
    remote = org(2)

    def refuse() -> None:
        raise error

    remote.before = refuse
    with pytest.raises(type(error)):
        apply_plan(run_of(remote, store), plan_of(change(1), tasks=(task(1),)))
    assert leads(remote, "Score__c") == [(70.0,), (70.0,)]
    assert unsettled(store) == [], "a question for a field that the org does not know would be refused for ever"
    assert outcomes(store) == [("run1", "update", "failed", code)]


class TestTheSecondOfOurReading:
    """An edit in the second in which we read a record leaves its LastModifiedDate as it was."""

    @pytest.mark.requirement("WB-1")
    def test_what_was_edited_in_it_is_left_and_the_rest_written(self, store: Store) -> None:
        remote = org()
        remote.records["Lead"][lead_id(1)]["Status"] = "Working"  # LastModifiedDate stays as it is.
        again = tuple(replace(change(number, status="Hot"), same_second=True) for number in (1, 2))
        applied = apply_plan(run_of(remote, store), plan_of(*again, change(3, status="Hot")))
        assert leads(remote, "Status")[:3] == [("Working",), ("Hot",), ("Hot",)]
        assert (applied.same_second, applied.moved, applied.records) == (2, 1, 2)
        assert [name for name, _ in remote.calls] == ["update_unmodified", "update_unmodified"]
        assert [row[2] for row in outcomes(store)] == ["done", "moved", "done"]
