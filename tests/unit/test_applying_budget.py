"""A day with fewer calls than a plan takes: what fits is written in order, and never a part of a record (WB-8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.applying import records, roads
from connector.applying.apply import apply_plan
from connector.applying.forecast import expected_calls
from connector.domain.calls import SALESFORCE, Policy, Usage
from connector.errors import BudgetSpentError
from connector.http.budget import CallBudget
from connector.store.database import Store
from connector.store.ingest_jobs import PastJob
from connector.store.journal import unsettled
from tests.mirror_world import MINUTE, NOON
from tests.remote_world import Remote, change, emptied, leads, org, plan_of, run_of, task

pytestmark = pytest.mark.requirement("WB-8", "WB-3")

PLAN = plan_of(*(change(number, status="Hot" if number < 4 else None) for number in range(1, 7)), tasks=(task(1),))


@pytest.fixture
def store(module_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(records, "SHARED_ROWS_A_CALL", 1)
    return emptied(module_store)


def budget_of(count: int) -> CallBudget:
    clock = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return CallBudget(Policy(share=1.0, reserve=0.0, most=count), clock=lambda: clock)


def limited(remote: Remote, budget: CallBudget) -> Remote:
    def spend() -> None:
        with budget.calls_for("", "write"):
            budget.spend(SALESFORCE)

    remote.before = spend
    return remote


@pytest.mark.parametrize("most", range(6))
def test_what_fits_is_written_in_order_and_the_next_day_brings_the_rest(store: Store, most: int) -> None:
    budget = budget_of(most)
    remote = limited(org(), budget)
    application = run_of(remote, store, "run1", NOON + MINUTE)
    application.calls_left = lambda: budget.left(SALESFORCE, "write")
    with pytest.raises(BudgetSpentError, match=r"Of a plan of some \d+ calls, .* were written before") as error:
        apply_plan(application, PLAN)
    assert error.value.resumes_at is not None
    assert budget.left(SALESFORCE, "write") == 0
    rows = leads(remote, "Status", "Score__c")
    assert rows[:3] == [("Hot", 72)] * min(most, 3) + [("Open", 70.0)] * max(0, 3 - most)
    assert rows[3:] == [("Open", 72) if most >= 4 else ("Open", 70.0)] * 3
    assert unsettled(store) == []
    remote.before = lambda: None
    apply_plan(run_of(remote, store, "run2", NOON + 2 * MINUTE), PLAN)
    assert leads(remote, "Status", "Score__c") == [("Hot", 72)] * 3 + [("Open", 72)] * 3
    assert dict(remote.created) == {task(1).key: 1}


def test_what_is_left_of_a_day_is_told_for_each_purpose() -> None:
    assert CallBudget().left(SALESFORCE, "write") is None, "no policy of ours"
    budget = budget_of(100)
    assert (budget.left(SALESFORCE, "write"), budget.left(SALESFORCE, "pull")) == (100, 90)
    with budget.calls_for("", "write"):
        for _ in range(30):
            budget.spend(SALESFORCE)
    assert (budget.left(SALESFORCE, "write"), budget.left(SALESFORCE, "pull")) == (70, 60)
    others = CallBudget(Policy(share=0.5, reserve=0.2, most=None), clock=lambda: NOON + timedelta(hours=1))
    assert others.left(SALESFORCE, "write") is None, "nobody has said what the day allows"
    others.told(SALESFORCE, Usage(780, 1_000))
    assert others.left(SALESFORCE, "write") == 20, "others have used the most of it"


def test_the_calls_of_a_plan_are_known_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert expected_calls(PLAN, (), bulk=True) == 1 + 1 + 2
    many = plan_of(*(change(number) for number in range(3_000)))
    assert expected_calls(many, (), bulk=False) == 15
    assert expected_calls(many, (), bulk=True) == 6
    assert expected_calls(many, [PastJob(3_000, 1, 4.0)], bulk=True) == 4
    assert expected_calls(plan_of(), (), bulk=True) == 0
    monkeypatch.setattr(roads, "ROWS_A_CALL", 1)
    assert expected_calls(many, (), bulk=False) == 3_000


def test_complaint_52_what_does_not_change_costs_nothing(store: Store) -> None:
    """Cost goes by what changes, not by how many rows there are: a plan that was carried out takes no call again."""
    remote = org()
    apply_plan(run_of(remote, store, "run1", NOON + MINUTE), PLAN)
    before = len(remote.calls)
    assert before > 0
    apply_plan(run_of(remote, store, "run2", NOON + 2 * MINUTE), PLAN)
    apply_plan(run_of(remote, store, "run3", NOON + 3 * MINUTE), plan_of())
    assert len(remote.calls) == before
