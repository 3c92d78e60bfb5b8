"""A process that dies at any moment of an apply, and the one after it (WB-2, WB-3, CD-2, OP-3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from connector.applying.application import Application
from connector.applying.apply import apply_plan
from connector.domain.plan import Plan, RunStart, Transition
from connector.store.database import Store
from connector.store.failures import failures
from connector.store.journal import unsettled
from tests.mirror_world import MINUTE, NOON, lead_id
from tests.remote_world import (
    Killed,
    Moments,
    MortalStore,
    Remote,
    bases,
    change,
    emptied,
    leads,
    org,
    plan_of,
    run_of,
    task,
)

pytestmark = pytest.mark.requirement("WB-3", "OP-3")


@pytest.fixture
def store(module_store: Store) -> Store:
    return emptied(module_store)


FULL = plan_of(
    change(1, status="Hot"),
    change(2, status="Hot"),
    change(3),
    change(4),
    tasks=(task(1), task(2)),
    starts=(
        RunStart("P1", "hot", "2026-03-02", lead_id(1), NOON),
        RunStart("P2", "hot", "2026-03-02", lead_id(2), NOON),
    ),
    transitions=(
        Transition("P1", NOON, None, "hot", "score_at_threshold", 72),
        Transition("P2", NOON, None, "hot", "score_at_threshold", 72),
    ),
)


def everything(remote: Remote, store: Store) -> tuple[Any, ...]:
    """The state of the world: the org's records and tasks, and the ledger."""
    return (
        leads(remote, "Id", "Status", "Score__c"),
        {key: row["Status"] for key, row in remote.tasks.items()},
        dict(remote.created),
        store.run("SELECT person_id, start_date, key_record FROM cadence_runs ORDER BY ALL"),
        store.run("SELECT person_id, from_stage, to_stage FROM transitions ORDER BY ALL"),
        bases(store),
    )


def moments_of_an_apply(store: Store) -> int:
    moments = Moments()
    apply_plan(run_of(mortal(org(), moments), MortalStore(store, moments)), FULL)
    return moments.passed


def mortal(remote: Remote, moments: Moments) -> Remote:
    remote.before = remote.after = moments.tick
    return remote


def replanned(plan: Plan, remote: Remote, store: Store) -> Plan:
    """The next plan after a pull: what is still missing, each record as it was seen just now."""
    now = remote.now
    there = {*remote.tasks, *(row[0] for row in store.run("SELECT record FROM journal WHERE outcome = 'done'"))}
    records = [
        replace(record, seen_modified_at=now)
        for record in plan.records
        if any(remote.records["Lead"][record.record_id][one.field] != one.after for one in record.changes)
    ]
    return replace(plan, records=tuple(records), tasks=tuple(one for one in plan.tasks if one.key not in there))


@pytest.mark.requirement("WB-2", "CD-2")
@pytest.mark.parametrize("again", ["the same plan", "a new plan"])
def test_killed_at_any_moment_nothing_is_doubled_and_nothing_lost(store: Store, again: str) -> None:
    undisturbed = org()
    apply_plan(run_of(undisturbed, store), FULL)
    expected = everything(undisturbed, store)
    count = moments_of_an_apply(emptied(store))
    assert count > 20
    for moment in range(1, count + 1):
        moments = Moments(dies_at=moment)
        remote = mortal(org(), moments)
        with pytest.raises(Killed):
            apply_plan(run_of(remote, MortalStore(emptied(store), moments)), FULL)
        plan = FULL if again == "the same plan" else replanned(FULL, remote, store)
        apply_plan(run_of(remote, store, "run2", NOON + MINUTE), plan)
        assert everything(remote, store) == expected, f"killed at moment {moment}"
        assert unsettled(store) == []


def test_killed_twice_it_is_the_same(store: Store) -> None:
    undisturbed = org()
    apply_plan(run_of(undisturbed, store), FULL)
    expected = everything(undisturbed, store)
    for first, second in ((4, 2), (7, 3), (9, 5), (12, 4), (15, 6), (18, 2), (21, 3)):
        emptied(store)
        remote = org()
        for run, moment in (("run1", first), ("run2", second)):
            moments = Moments(dies_at=moment)
            with pytest.raises(Killed):
                apply_plan(run_of(mortal(remote, moments), MortalStore(store, moments), run), FULL)
        apply_plan(run_of(mortal(remote, Moments()), store, "run3"), FULL)
        assert everything(remote, store) == expected, f"killed at {first} and {second}"


def test_people_who_work_while_we_are_down_keep_what_they_did(store: Store) -> None:
    for moment in range(1, moments_of_an_apply(store) + 1):
        moments = Moments(dies_at=moment)
        remote = mortal(org(), moments)
        with pytest.raises(Killed):
            apply_plan(run_of(remote, MortalStore(emptied(store), moments)), FULL)
        remote.edit("Lead", lead_id(1), Status="Working")
        for row in remote.tasks.values():
            row["Status"] = "Completed"
        done = dict.fromkeys(remote.tasks, "Completed")
        apply_plan(run_of(remote, store, "run2"), FULL)
        assert remote.records["Lead"][lead_id(1)]["Status"] == "Working", f"killed at moment {moment}"
        assert {key: remote.tasks[key]["Status"] for key in done} == done, f"killed at moment {moment}"
        assert set(remote.created.values()) == {1}


def among_refusals() -> Remote:
    """One lead is locked at first, one is refused for good, one does not want to be called, and one was converted."""
    remote = org()
    locked = [lead_id(3)]

    def refuse(_object: str, row: Mapping[str, Any]) -> tuple[str, str] | None:
        if row.get("Id") in locked:
            locked.clear()
            return "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"
        return ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no") if row.get("Id") == lead_id(4) else None

    remote.refuses = refuse
    remote.records["Lead"][lead_id(2)]["DoNotCall"] = True
    remote.records["Lead"][lead_id(5)]["IsConverted"] = True
    return remote


REFUSED = plan_of(change(3), change(4), tasks=(task(1), task(2), task(5)))


def told(remote: Remote, store: Store) -> tuple[Any, ...]:
    kept = [(one.record, one.code, one.remedy) for one in failures(store.run)]
    return everything(remote, store), kept


def run_asking(remote: Remote, store: Store, run_id: str = "run1", now: datetime = NOON) -> Application:
    return replace(run_of(remote, store, run_id, now), asked={"Lead": {"do_not_call": "DoNotCall"}})


@pytest.mark.requirement("WB-5", "SY-10")
def test_killed_among_refusals_and_consent_it_ends_where_an_undisturbed_run_ends(store: Store) -> None:
    undisturbed, moments = among_refusals(), Moments()
    apply_plan(run_asking(mortal(undisturbed, moments), MortalStore(store, moments)), REFUSED)
    expected = told(undisturbed, store)
    assert expected[1] == [(lead_id(4), "FIELD_CUSTOM_VALIDATION_EXCEPTION", "person")]
    assert list(undisturbed.tasks) == [task(1).key]
    for moment in range(1, moments.passed + 1):
        dying, remote = Moments(dies_at=moment), among_refusals()
        with pytest.raises(Killed):
            apply_plan(run_asking(mortal(remote, dying), MortalStore(emptied(store), dying)), REFUSED)
        mortal(remote, Moments())
        apply_plan(run_asking(remote, store, "run2", NOON + MINUTE), REFUSED)
        assert told(remote, store) == expected, f"killed at moment {moment}"
        assert unsettled(store) == []
