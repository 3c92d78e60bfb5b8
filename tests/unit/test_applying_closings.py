"""Closing tasks of ours: once, only where nobody touched them, whatever moment the process dies in (WB-7, WB-3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.applying.apply import apply_plan, settle_open_intents
from connector.domain.plan import FieldChange, Plan, RecordChange
from connector.errors import RetryError
from connector.store.database import Store
from connector.store.journal import unsettled
from tests.mirror_world import MINUTE, NOON
from tests.remote_world import SEEN, Killed, Moments, MortalStore, Remote, emptied, plan_of, run_of

pytestmark = pytest.mark.requirement("WB-7", "WB-3", "WB-1")

US, REP = "005US", "005REP"


@pytest.fixture
def store(module_store: Store) -> Store:
    return emptied(module_store)


def task_id(number: int) -> str:
    return f"00T{number:012d}AAA"


def closing(number: int) -> RecordChange:
    changes = (FieldChange("Status", "Not Started", "Completed"),)
    return RecordChange("Task", task_id(number), f"P{number}", changes, "the deal was won", True, SEEN)


PLAN = plan_of(closings=tuple(closing(number) for number in (1, 2, 3)))


def org() -> Remote:
    remote = Remote(now=SEEN)
    for number in (1, 2, 3):
        remote.put("Task", task_id(number), Status="Not Started", CreatedById=US, LastModifiedById=US)
    remote.now = NOON
    return remote


def statuses(remote: Remote) -> list[str]:
    return [remote.records["Task"][task_id(number)]["Status"] for number in (1, 2, 3)]


def test_tasks_are_closed_once_and_a_second_apply_calls_nobody(store: Store) -> None:
    remote = org()
    applied = apply_plan(run_of(remote, store), PLAN)
    assert (applied.closed, applied.changes, applied.records, applied.fields) == (3, 3, 0, 0)
    assert (statuses(remote), remote.calls) == (["Completed"] * 3, [("update_unmodified", 3)])
    assert store.run("SELECT kind, object, record, values_before, outcome FROM journal ORDER BY number")[0] == (
        "close", "Task", task_id(1), '{"Status": "Not Started"}', "done",
    )  # fmt: skip
    assert store.run("SELECT 1 FROM written") == [], "a task has no base: it is never compared"
    assert apply_plan(run_of(remote, store, "run2"), PLAN).changes == 0
    assert len(remote.calls) == 1


def test_a_task_that_a_rep_has_touched_since_is_skipped(store: Store) -> None:
    remote = org()
    remote.edit("Task", task_id(2), Status="In Progress", LastModifiedById=REP)
    applied = apply_plan(run_of(remote, store), PLAN)
    assert (applied.closed, applied.moved) == (2, 1)
    assert statuses(remote) == ["Completed", "In Progress", "Completed"]


def test_what_a_rep_opened_again_stays_open_however_often_the_plan_is_applied(store: Store) -> None:
    remote = org()
    apply_plan(run_of(remote, store), PLAN)
    remote.edit("Task", task_id(1), Status="Not Started", LastModifiedById=REP)
    now = replace(PLAN, closings=tuple(replace(one, seen_modified_at=remote.now) for one in PLAN.closings))
    apply_plan(run_of(remote, store, "run2", NOON + MINUTE), now)
    assert statuses(remote)[0] == "Not Started"


@pytest.mark.parametrize("again", ["the same plan", "a new plan"])
def test_killed_at_any_moment_each_task_is_closed_and_known_as_ours(store: Store, again: str) -> None:
    moments = Moments()
    apply_plan(run_of(mortal(org(), moments), MortalStore(store, moments)), PLAN)
    for moment in range(1, moments.passed + 1):
        dies = Moments(dies_at=moment)
        remote = mortal(org(), dies)
        with pytest.raises(Killed):
            apply_plan(run_of(remote, MortalStore(emptied(store), dies)), PLAN)
        apply_plan(run_of(remote, store, "run2", NOON + MINUTE), PLAN if again == "the same plan" else anew(remote))
        assert statuses(remote) == ["Completed"] * 3, f"killed at moment {moment}"
        done = store.run("SELECT record, count(*) FROM journal WHERE outcome = 'done' GROUP BY record ORDER BY record")
        assert (done, unsettled(store)) == ([(task_id(number), 1) for number in (1, 2, 3)], [])


def mortal(remote: Remote, moments: Moments) -> Remote:
    remote.before = remote.after = moments.tick
    return remote


def anew(remote: Remote) -> Plan:
    """The next plan after a pull."""
    left = [one for one in PLAN.closings if remote.records["Task"][one.record_id]["Status"] != "Completed"]
    return replace(PLAN, closings=tuple(replace(one, seen_modified_at=remote.now) for one in left))


def test_a_tick_of_a_rep_while_our_answer_was_lost_is_the_reps(store: Store) -> None:
    remote = org()
    work = remote.update_unmodified

    def lost(*_given: object) -> None:
        remote.update_unmodified = work  # type: ignore[method-assign] # only the first answer is lost
        remote.records["Task"][task_id(1)] |= {"Status": "Completed", "LastModifiedById": REP}
        raise RetryError("the answer was lost")

    remote.update_unmodified = lost  # type: ignore[method-assign, assignment] # the call never arrives
    with pytest.raises(RetryError):
        apply_plan(run_of(remote, store), PLAN)
    settle_open_intents(run_of(remote, store, "run2"))
    assert store.run("SELECT DISTINCT outcome FROM journal") == [("failed",)]
