"""Taking back what a run wrote: what nobody has touched since, exactly; nothing else (WB-4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.applying.apply import apply_plan, settle_open_intents
from connector.cli.undo import chosen_run
from connector.domain.plan import FieldChange, RecordChange, RunStart
from connector.errors import ConfigurationError, RefusedError
from connector.planning.assemble import Basis
from connector.planning.file import from_document, to_document
from connector.planning.undo import Asked, Undoing, undo_run
from connector.planning.undo_tasks import Closing
from connector.store.database import Store
from connector.store.decisions import begin_run
from connector.store.erasing import begin_forgetting, erase, load_seeds
from connector.store.undoing import release, writing_runs
from tests.mirror_world import DAY, NOON, lead_id
from tests.remote_world import Killed, Moments, MortalStore, Remote, change, emptied, leads, org, plan_of, run_of, task

pytestmark = pytest.mark.requirement("WB-4")

LATER = NOON + DAY
BEGUN = RunStart("P1", "hot", "2026-03-02", lead_id(1), NOON)


@pytest.fixture
def store(module_store: Store) -> Store:
    module_store.run("DELETE FROM run")
    return emptied(module_store)


@pytest.fixture
def remote() -> Remote:
    return org()


def wrote(remote: Remote, store: Store, run_id: str, *records: RecordChange, at: datetime = NOON, **more: Any) -> None:
    """A run that wrote."""
    begin_run(store, run_id, "sync", at)
    apply_plan(run_of(remote, store, run_id, at), plan_of(*records, **more))


def looked(remote: Remote, store: Store, run_id: str = "run1", **closing: Any) -> Undoing:
    """The undo of a run, as planned now. What is saved is the same plan."""
    basis = Basis("00D1", "h", LATER, LATER.date())
    undoing = undo_run(store.run, Asked(remote.query), run_id, basis, Closing(**closing))
    assert from_document(to_document(undoing.plan)) == undoing.plan
    return undoing


def taken_back(remote: Remote, store: Store, run_id: str = "run1", by: str = "undo1", **closing: Any) -> Undoing:
    undoing = looked(remote, store, run_id, **closing)
    apply_plan(run_of(remote, store, by, LATER), undoing.plan)
    return undoing


def left(undoing: Undoing) -> list[tuple[str, str, str]]:
    return [(one.record, one.field, one.reason) for one in undoing.left]


def again(number: int, before: int, after: int) -> RecordChange:
    return RecordChange("Lead", lead_id(number), "P1", (FieldChange("Score__c", before, after),), "why", False, NOON)


def test_what_stood_there_before_comes_back_exactly(remote: Remote, store: Store) -> None:
    remote.put("Lead", lead_id(7), Status=None, Score__c=None, Reason__c=" 前 ")
    texts = (
        FieldChange("Reason__c", " 前 ", "後"),
        FieldChange("Status", None, "Hot"),
        FieldChange("Score__c", None, 5),
    )
    before = leads(remote, "Id", "Status", "Score__c")
    wrote(remote, store, "run1", change(1, status="Hot"), change(2), RecordChange(
        "Lead", lead_id(7), "P7", texts, "why", False, NOON))  # fmt: skip
    assert leads(remote, "Id", "Status", "Score__c") != before
    undoing = taken_back(remote, store)
    assert leads(remote, "Id", "Status", "Score__c") == before
    assert remote.records["Lead"][lead_id(7)]["Reason__c"] == " 前 "
    assert undoing.left == ()
    assert undoing.plan.undoes == "run1"


def test_it_is_written_only_where_nobody_saved_the_record_since(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1), change(2))
    undoing = looked(remote, store)
    remote.edit("Lead", lead_id(1), Phone="1")
    applied = apply_plan(run_of(remote, store, "undo1", LATER), undoing.plan)
    assert (applied.moved, remote.records["Lead"][lead_id(1)]["Score__c"]) == (1, 72)
    assert {name for name, _ in remote.calls[1:]} == {"update_unmodified"}
    taken_back(remote, store, by="undo2")
    assert [row[0] for row in leads(remote, "Score__c")] == [70.0] * 6


def test_what_a_person_changed_since_stays_and_the_rest_of_the_record_comes_back(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1, status="Hot"))
    remote.edit("Lead", lead_id(1), Status="Working")
    undoing = taken_back(remote, store)
    assert leads(remote, "Status", "Score__c")[0] == ("Working", 70)
    assert left(undoing) == [(lead_id(1), "Status", "somebody changed it since")]


def test_what_a_person_set_to_the_same_value_in_other_spelling_is_ours(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1, status="Hot "))
    remote.records["Lead"][lead_id(1)] |= {"Status": "Hot", "Score__c": 72.0}
    taken_back(remote, store)
    assert leads(remote, "Status", "Score__c")[0] == ("Open", 70)


def test_a_later_write_of_ours_is_left_until_it_is_taken_back_too(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1))
    wrote(remote, store, "run2", again(1, 72, 80), at=NOON + timedelta(hours=1))
    first = taken_back(remote, store, "run1")
    assert left(first) == [(lead_id(1), "Score__c", "written again by run run2")]
    assert not first.to_do
    taken_back(remote, store, "run2", "undo2")
    assert remote.records["Lead"][lead_id(1)]["Score__c"] == 72
    taken_back(remote, store, "run1", "undo3")
    assert remote.records["Lead"][lead_id(1)]["Score__c"] == 70


def test_taken_back_twice_there_is_nothing_to_do(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1), tasks=(task(1),), starts=(BEGUN,))
    taken_back(remote, store)
    calls = len(remote.calls)
    second = taken_back(remote, store, by="undo2")
    assert (second.to_do, second.left, len(remote.calls)) == (False, (), calls)


def test_a_run_can_be_written_and_taken_back_again(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1))
    taken_back(remote, store)
    wrote(remote, store, "run2", again(1, 70, 90), at=LATER)
    taken_back(remote, store, "run2", "undo2")
    assert remote.records["Lead"][lead_id(1)]["Score__c"] == 70
    assert not looked(remote, store, "run1").to_do


def test_records_that_are_gone_or_converted_are_left(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1), change(2))
    remote.records["Lead"][lead_id(1)]["IsDeleted"] = True
    remote.records["Lead"][lead_id(2)]["IsConverted"] = True
    assert left(taken_back(remote, store)) == [
        (lead_id(2), "Score__c", "the lead was converted since"),
        (lead_id(1), "Score__c", "the record is not there any more"),
    ]


def test_what_the_journal_does_not_know_is_never_guessed(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1), change(2), change(3))
    store.run("UPDATE journal SET values_before = '{}' WHERE record = $id", {"id": lead_id(1)})
    store.run("UPDATE journal SET values_before = NULL, values_after = '{}' WHERE record = $id", {"id": lead_id(2)})
    store.run(
        "UPDATE journal SET record = '', values_before = NULL, values_after = '{}' WHERE record = $id",
        {"id": lead_id(3)},
    )
    undoing = taken_back(remote, store)
    assert not undoing.to_do
    assert left(undoing) == [
        (lead_id(2), "", "the journal does not keep its values any more"),
        ("", "", "the person was forgotten"),
        (lead_id(1), "Score__c", "what stood there before is not known"),
    ]


def test_what_may_still_arrive_is_left_for_another_time(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1), change(2))
    store.run("UPDATE journal SET outcome = NULL WHERE record = $id", {"id": lead_id(1)})
    undoing = looked(remote, store)
    assert [record.record_id for record in undoing.plan.records] == [lead_id(2)]
    assert left(undoing) == [(lead_id(1), "", "it is not known yet whether it arrived: undo again later")]


def test_a_task_that_nobody_worked_on_is_closed_with_a_word_and_its_run_ends(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", tasks=(task(1), task(2)), starts=(BEGUN,))
    undoing = taken_back(remote, store)
    assert [(row["Status"], row["Subject"]) for row in remote.tasks.values()] == [
        ("Completed", "取消：1日目：電話")
    ] * 2
    assert store.run("SELECT ended_at IS NOT NULL, end_reason FROM cadence_runs") == [(True, "undone")]
    assert undoing.left == ()


def test_a_task_is_deleted_where_that_was_asked_for(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", tasks=(task(1), task(2)))
    undoing = looked(remote, store, deleted=True)
    remote.work_on(task(2).key, Description="電話した")
    applied = apply_plan(run_of(remote, store, "undo1", LATER), undoing.plan)
    assert [bool(row.get("IsDeleted")) for row in remote.tasks.values()] == [True, False]
    assert (applied.deleted, applied.moved) == (1, 1)
    assert left(taken_back(remote, store, by="undo2", deleted=True)) == [
        (task(2).key, "", "somebody worked on the task")
    ]


def test_a_task_that_may_not_be_deleted_is_closed_and_that_is_no_failure(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", tasks=(task(1),))
    remote.refuses = lambda _object, row: ("INSUFFICIENT_ACCESS_OR_READONLY", "no") if row.get("IsDeleted") else None
    undoing = looked(remote, store, deleted=True)
    applied = apply_plan(run_of(remote, store, "undo1", LATER), undoing.plan)
    assert (applied.closed, applied.deleted, applied.failures) == (1, 0, [])
    assert remote.tasks[task(1).key]["Status"] == "Completed"
    assert not looked(remote, store, deleted=True).to_do


@pytest.mark.parametrize(
    ("worked", "reason"),
    [
        ({"Description": "電話した"}, "somebody worked on the task"),
        ({"OwnerId": "005B"}, "somebody worked on the task"),
        ({"Status": "Completed", "IsClosed": True}, "the task is closed already"),
        ({"IsDeleted": True}, "the task is not there any more"),
    ],
)
def test_a_task_in_somebodys_hands_stays(remote: Remote, store: Store, worked: dict[str, Any], reason: str) -> None:
    wrote(remote, store, "run1", tasks=(task(1),), starts=(BEGUN,))
    remote.work_on(task(1).key, **worked)
    before = dict(remote.tasks[task(1).key])
    undoing = taken_back(remote, store)
    assert left(undoing) == [(task(1).key, "", reason)]
    assert remote.tasks[task(1).key] == before
    # Its follow-up goes on, unless the task is gone.
    assert store.value("SELECT ended_at IS NULL FROM cadence_runs") is ("IsDeleted" not in worked)


def test_a_task_stays_where_the_mapping_names_no_word_for_closed(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", tasks=(task(1),))
    ((_, _, reason),) = left(taken_back(remote, store, status=None))
    assert "tasks.closed_status" in reason
    assert taken_back(remote, store, status=None, deleted=True).plan.deletions


def test_a_task_that_the_run_closed_is_opened_again(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", tasks=(task(1), task(2)))
    closings = tuple(
        RecordChange("Task", str(remote.tasks[task(one).key]["Id"]), "P1",
                     (FieldChange("Status", "Not Started", "Completed"),), "over", True, remote.now)
        for one in (1, 2)
    )  # fmt: skip
    wrote(remote, store, "run2", at=NOON + timedelta(hours=1), closings=closings)
    remote.work_on(task(2).key, CallDisposition="話した")
    undoing = taken_back(remote, store, "run2")
    assert [row["Status"] for row in remote.tasks.values()] == ["Not Started", "Completed"]
    assert [reason for _, _, reason in left(undoing)] == ["somebody worked on the task"]


def test_an_answer_that_was_lost_is_settled_first(remote: Remote, store: Store) -> None:
    begin_run(store, "run1", "sync", NOON)
    plan = plan_of(change(1), change(2), tasks=(task(1),))
    remote.after = Moments(dies_at=1).tick
    with pytest.raises(Killed):
        apply_plan(run_of(remote, store), plan)
    remote.after = lambda: None
    settle_open_intents(run_of(remote, store, "", LATER))
    taken_back(remote, store)
    assert [row[0] for row in leads(remote, "Score__c")] == [70.0] * 6


FULL: dict[str, Any] = {"tasks": (task(1), task(2)), "starts": (BEGUN,)}


def state(remote: Remote, store: Store) -> tuple[Any, ...]:
    return (
        leads(remote, "Id", "Status", "Score__c"),
        {key: (row["Status"], row["Subject"], row.get("IsDeleted")) for key, row in remote.tasks.items()},
        store.run("SELECT person_id, end_reason FROM cadence_runs ORDER BY ALL"),
        store.run("SELECT object, record_id, field, value, run_id FROM held ORDER BY ALL"),
        store.run("SELECT record_id, field, value FROM written ORDER BY ALL"),
    )


@pytest.mark.requirement("WB-3", "OP-3")
@pytest.mark.parametrize(("deleted", "first"), [(False, 1), (True, 4)])
def test_killed_at_any_moment_and_started_again_it_ends_the_same(store: Store, deleted: bool, first: int) -> None:
    """Every sixth moment each: both ways of taking tasks back have most moments in common."""

    def world(dies_at: int | None) -> tuple[Remote, Moments]:
        emptied(store)
        store.run("DELETE FROM run")
        remote = org()
        wrote(remote, store, "run1", change(1, status="Hot"), change(2, status="Hot"), change(3), **FULL)
        moments = Moments(dies_at=dies_at)
        remote.before = remote.after = moments.tick
        return remote, moments

    def attempt(remote: Remote, kept: Store, by: str) -> None:
        settle_open_intents(run_of(remote, kept, "", LATER))
        taken_back(remote, kept, by=by, deleted=deleted)

    remote, moments = world(None)
    attempt(remote, MortalStore(store, moments), "undo1")
    expected, count = state(remote, store), moments.passed
    assert count > 15
    for moment in range(first, count + 1, 6):
        remote, moments = world(moment)
        with pytest.raises(Killed):
            attempt(remote, MortalStore(store, moments), "undo1")
        remote.before = remote.after = lambda: None
        attempt(remote, store, "undo2")
        assert state(remote, store) == expected, f"killed at moment {moment}"


def test_what_was_taken_back_is_held_until_it_is_written_over_or_released(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1, status="Hot"), change(2))
    taken_back(remote, store)
    held = "SELECT record_id, field, value, run_id FROM held ORDER BY ALL"
    assert store.run(held) == [
        (lead_id(1), "Score__c", "72", "run1"),
        (lead_id(1), "Status", "Hot", "run1"),
        (lead_id(2), "Score__c", "72", "run1"),
    ]
    wrote(remote, store, "run2", again(1, 70, 90), at=LATER, made_at=LATER)
    assert [row[:2] for row in store.run(held)] == [(lead_id(1), "Status"), (lead_id(2), "Score__c")]
    assert release(store, "run1") == 2
    assert store.run(held) == []


def test_runs_that_wrote_are_listed_with_what_became_of_them(remote: Remote, store: Store) -> None:
    remote.refuses = lambda _object, row: (
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no") if row.get("Id") == lead_id(3) else None
    )
    wrote(remote, store, "run1", change(1), change(2), change(3), tasks=(task(1),))
    begin_run(store, "idle", "sync", NOON + DAY)
    begin_run(store, "undo1", "undo", NOON + DAY)
    taken_back(remote, store)
    told = [(one.run_id, one.fields, one.tasks, one.failed, one.undoes, bool(one.undone), one.held)
            for one in writing_runs(store, 9)]  # fmt: skip
    assert told == [("undo1", 4, 0, 0, "run1", False, 0), ("run1", 2, 1, 1, None, True, 2)]
    assert [one.run_id for one in writing_runs(store, 1)] == ["undo1"]


def test_what_was_saved_in_the_second_of_our_looking_is_looked_at_once_more(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1), change(2))
    remote.records["Lead"][lead_id(1)]["LastModifiedDate"] = LATER
    undoing = looked(remote, store)
    assert [record.same_second for record in undoing.plan.records] == [True, False]
    remote.records["Lead"][lead_id(1)]["Score__c"] = 99
    apply_plan(run_of(remote, store, "undo1", LATER), undoing.plan)
    assert [row[0] for row in leads(remote, "Score__c")[:2]] == [99, 70]


def test_a_run_that_cannot_be_taken_back_is_named_in_a_sentence(remote: Remote, store: Store) -> None:
    with pytest.raises(ConfigurationError, match="nothing to undo"):
        chosen_run(store, None)
    wrote(remote, store, "run1", change(1))
    begin_run(store, "idle", "sync", LATER)
    begin_run(store, "undo1", "undo", LATER)
    taken_back(remote, store)
    assert chosen_run(store, None).run_id == "run1"
    with pytest.raises(ConfigurationError, match="no run other in this store"):
        chosen_run(store, "other")
    with pytest.raises(ConfigurationError, match="Run idle wrote nothing"):
        chosen_run(store, "idle")
    with pytest.raises(RefusedError, match="connector undo run1 --release"):
        chosen_run(store, "undo1")


@pytest.mark.requirement("SY-10")
def test_what_is_held_of_a_forgotten_person_is_erased(remote: Remote, store: Store) -> None:
    wrote(remote, store, "run1", change(1), change(2))
    taken_back(remote, store)
    load_seeds(store, [("salesforce.Lead", "", lead_id(1))])
    erase(store, begin_forgetting(store, "asked", LATER))
    assert store.run("SELECT record_id FROM held") == [(lead_id(2),)]
    assert ("", "", "the person was forgotten") in left(looked(remote, store))
