"""A saved plan that waited while later ones were carried out: what they decided since is not undone or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.applying.apply import apply_plan
from connector.domain.plan import Plan, RunEnd, RunStart
from connector.store.database import Store, memory_store
from connector.store.decisions import record_ends
from tests.mirror_world import HOUR, NOON, lead_id
from tests.remote_world import bases, change, leads, org, plan_of, run_of, task

pytestmark = pytest.mark.requirement("WB-2", "WB-3", "CD-2")

NEXT_DAY = NOON + 20 * HOUR


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    yield store
    store.close()


def start(day: str) -> RunStart:
    return RunStart("P1", "hot", day, lead_id(1), NOON - HOUR)


def waiting() -> Plan:
    """Made at noon, saved, and carried out only the day after."""
    return plan_of(change(1, score=72), change(2, score=72), tasks=(task(1),), starts=(start("2026-03-02"),))


def later() -> Plan:
    """What a cycle of the next morning planned, not knowing of the one that waits."""
    tomorrow = replace(task(1), key=task(1).key.replace("2026-03-02", "2026-03-03"))
    plan = plan_of(change(1, score=80), tasks=(tomorrow,), starts=(start("2026-03-03"),))
    return replace(plan, as_of=NEXT_DAY, made_at=NEXT_DAY)


def test_a_crossing_is_followed_up_once_and_a_newer_score_stays(store: Store) -> None:
    remote = org(2)
    apply_plan(run_of(remote, store, "run1", NEXT_DAY), later())
    applied = apply_plan(run_of(remote, store, "run2", NEXT_DAY + HOUR), waiting())
    assert list(remote.tasks) == [later().tasks[0].key], "one call task, not one a plan"
    assert [day for (day,) in store.run("SELECT start_date::VARCHAR FROM cadence_runs")] == ["2026-03-03"]
    assert leads(remote, "Score__c") == [(80,), (72,)]
    assert bases(store) == {(lead_id(1), "Score__c"): "80", (lead_id(2), "Score__c"): "72"}
    assert (applied.records, applied.tasks, applied.moved) == (1, 0, 2)


def test_a_follow_up_that_ended_since_gets_no_task(store: Store) -> None:
    remote = org(2)
    apply_plan(run_of(remote, store, "run1"), replace(waiting(), tasks=()))
    record_ends(store, (RunEnd("P1", "hot", "2026-03-02", "opportunity"),), NEXT_DAY)
    apply_plan(run_of(remote, store, "run2", NEXT_DAY + HOUR), waiting())
    assert remote.tasks == {}


def test_carried_out_twice_there_is_nothing_left_to_do(store: Store) -> None:
    remote = org(2)
    first = apply_plan(run_of(remote, store, "run1", NEXT_DAY), waiting())
    again = apply_plan(run_of(remote, store, "run2", NEXT_DAY + timedelta(minutes=1)), waiting())
    assert (first.records, first.tasks, first.moved) == (2, 1, 0)
    assert (again.records, again.tasks, again.moved) == (0, 0, 0)
    assert remote.calls == [("update", 2), ("upsert", 1)], "no call for what holds our value"


def test_what_another_person_s_later_run_decided_changes_nothing(store: Store) -> None:
    remote = org(2)
    other = replace(later(), records=(), tasks=(), starts=(replace(start("2026-03-03"), person_id="P2"),))
    apply_plan(run_of(remote, store, "run1", NEXT_DAY), other)
    applied = apply_plan(run_of(remote, store, "run2", NEXT_DAY + HOUR), waiting())
    assert (applied.records, applied.tasks, applied.moved) == (2, 1, 0)
