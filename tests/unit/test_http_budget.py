"""Counting calls, and never exceeding what was allowed: shares of the day, the reserve, streams, comparing, writes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.calls import SALESFORCE, UNMETERED, Calls, Heard, Policy, Purpose, Usage, unit_account
from connector.errors import BudgetSpentError, StoppedError
from connector.http.budget import WORTH_KEEPING, CallBudget, usage_in
from connector.store.calls import keep_calls, read_calls, read_heard
from connector.store.database import memory_store

pytestmark = pytest.mark.requirement("WB-8", "OP-2", "OP-7")

NOON = datetime(2026, 10, 1, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNIT = unit_account("0UvSb0000000001KAA")
FREE = Policy()


@dataclass
class Machine:
    """A budget, the clock that it goes by, and what it has written down."""

    policy: Policy | None = FREE
    now: datetime = NOON
    calls: list[Calls] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def budget(self) -> CallBudget:
        """A new run: it knows what the earlier ones have written down."""
        budget = CallBudget(self.policy, clock=lambda: self.now, keep=self._keep)
        budget.remember(self.calls, self.heard)
        return budget

    def _keep(self, calls: object, heard: object, _now: datetime) -> None:
        self.calls += calls  # type: ignore[arg-type] # a list of Calls, as `Keep` says
        self.heard = list(heard)  # type: ignore[call-overload] # a list of Heard


def spend(
    budget: CallBudget, count: int, stream: str = "", purpose: Purpose = "pull", account: str = SALESFORCE
) -> int:
    """How many of so many calls were allowed."""
    with budget.calls_for(stream, purpose):
        for done in range(count):
            try:
                budget.spend(account)
            except BudgetSpentError:
                return done
    return count


def refused(
    budget: CallBudget, stream: str = "", purpose: Purpose = "pull", account: str = SALESFORCE
) -> BudgetSpentError:
    with budget.calls_for(stream, purpose), pytest.raises(BudgetSpentError) as caught:
        budget.spend(account)
    return caught.value


def test_the_call_beyond_the_limit_is_refused_by_name_and_logins_are_free() -> None:
    budget = Machine(Policy(most=10)).budget()
    assert spend(budget, 20) == 9, "a tenth is kept for writes"
    error = refused(budget)
    assert error.code == "CALL_BUDGET"
    assert "9 API calls that we may make to Salesforce in a day without the 1 kept for writes" in str(error)
    assert "CONNECTOR_API_DAY_CALLS allows more" in str(error)
    budget.spend(UNMETERED)
    assert spend(budget, 5, purpose="write") == 1
    assert budget.calls == {"salesforce": 10}


def test_without_a_policy_nothing_is_refused_and_all_is_counted() -> None:
    budget = CallBudget()
    for account in (SALESFORCE, UNMETERED, UNIT, UNIT):
        budget.spend(account)
    assert budget.calls == {"salesforce": 1, "account_engagement": 2}


@pytest.mark.parametrize(
    ("headers", "usage"),
    [
        ({"Sforce-Limit-Info": "api-usage=18/5000"}, Usage(18, 5000)),
        ({"Sforce-Limit-Info": "api-usage=25/5000; per-app-api-usage=17/250(appName=sample)"}, Usage(25, 5000)),
        ({"Sforce-Limit-Info": "per-app-api-usage=17/250(appName=sample)"}, None),
        ({"Sforce-Limit-Info": "nonsense"}, None),
        ({"x-api-usage": "7/25000"}, Usage(7, 25000)),
        ({"x-api-usage": "7"}, None),
        ({}, None),
    ],
)
def test_the_headers_that_tell_of_usage(headers: dict[str, str], usage: Usage | None) -> None:
    assert usage_in(headers) == usage


def limit_info(used: int, allowed: int) -> dict[str, str]:
    return {"Sforce-Limit-Info": f"api-usage={used}/{allowed}"}


def test_a_header_that_counts_a_little_backwards_is_noise_and_one_that_counts_much_is_told_anew() -> None:
    budget = CallBudget()
    for headers in (limit_info(73995, 100000), limit_info(73994, 100000), {}, {"Sforce-Limit-Info": "garbage"}):
        budget.heard(SALESFORCE, headers, NOON)
    assert budget.usage() == Usage(73995, 100000)
    budget.heard(SALESFORCE, limit_info(70000, 100000), NOON)
    assert budget.usage() == Usage(70000, 100000)


def test_complaint_6_the_share_of_the_day_goes_by_what_the_org_allows() -> None:
    budget = Machine(Policy(share=0.5)).budget()
    assert spend(budget, 3) == 3, "nobody has told yet what is allowed"
    budget.heard(SALESFORCE, limit_info(3, 100), NOON)
    assert spend(budget, 100) == 42
    assert spend(budget, 100, purpose="write") == 5
    error = refused(budget, purpose="write")
    assert "CONNECTOR_API_DAY_SHARE" in str(error)
    assert error.resumes_at == datetime(2026, 10, 2, 13, tzinfo=UTC), "when the hour of the calls has left the day"
    assert error.again_after == (error.resumes_at - NOON).total_seconds()


def test_the_reserve_is_left_to_others_and_the_org_is_asked_again_after_an_hour() -> None:
    machine = Machine(Policy(share=0.5, reserve=0.2))
    budget = machine.budget()
    budget.heard(SALESFORCE, limit_info(7_990, 10_000), NOON)
    assert spend(budget, 1) == 0, "reading leaves the last calls before the reserve to writes"
    assert spend(budget, 50, purpose="write") == 10
    error = refused(budget, purpose="write")
    assert "8,000 of 10,000" in str(error)
    assert "CONNECTOR_API_DAY_RESERVE" in str(error)
    assert error.resumes_at == NOON + HOUR
    machine.now += HOUR
    assert spend(budget, 1) == 1, "somebody has to ask"
    budget.heard(SALESFORCE, limit_info(9_000, 10_000), machine.now)
    assert spend(budget, 1, purpose="write") == 0


@pytest.mark.requirement("SY-6")
def test_a_stream_and_comparing_have_shares_of_their_own() -> None:
    budget = Machine(Policy(most=100, reconcile=0.1, streams={"salesforce.Task": 0.3})).budget()
    assert spend(budget, 90, "salesforce.Task") == 30
    error = refused(budget, "salesforce.Task")
    assert "salesforce.Task has used up its share of the day's API calls (30)" in str(error)
    assert spend(budget, 90, "salesforce.Lead", "reconcile") == 10
    assert "reconcile_calls" in str(refused(budget, "salesforce.Lead", "reconcile"))
    assert spend(budget, 90, "salesforce.Lead") == 50, "the others get theirs"


def test_accounts_are_counted_apart_and_a_unit_renews_at_its_own_midnight() -> None:
    machine = Machine(Policy(most=10))
    budget = machine.budget()
    budget.zone = ZoneInfo("Asia/Tokyo")
    other = unit_account("0UvSb0000000002KAA")
    assert [spend(budget, 20, account=account) for account in (SALESFORCE, UNIT, other)] == [9, 9, 9]
    error = refused(budget, account=UNIT)
    assert "Account Engagement 0UvSb0000000001KAA" in str(error)
    assert error.resumes_at == datetime(2026, 10, 1, 15, tzinfo=UTC), "midnight in Tokyo"
    machine.now = datetime(2026, 10, 1, 15, 1, tzinfo=UTC)
    assert spend(budget, 20, account=UNIT) == 9
    assert spend(budget, 20) == 0


def test_a_unit_that_has_told_yesterday_is_believed_about_what_it_allows_and_not_about_what_is_used() -> None:
    machine = Machine(Policy(share=0.5, reserve=0.2))
    budget = machine.budget()
    budget.heard(UNIT, {"x-api-usage": "100/100"}, NOON)
    assert spend(budget, 1, account=UNIT) == 0
    machine.now += timedelta(days=1)
    assert not budget.knows(UNIT)
    assert spend(budget, 100, account=UNIT) == 45


def test_many_short_runs_keep_to_one_budget() -> None:
    machine = Machine(Policy(most=100))
    made = 0
    for _ in range(20):
        budget = machine.budget()
        made += spend(budget, 8)
        budget.keep()
    assert made == 90


def test_a_stream_that_took_many_calls_is_written_down_at_its_end_and_few_at_the_end_of_the_run() -> None:
    machine = Machine(FREE)
    budget = machine.budget()
    spend(budget, WORTH_KEEPING - 1, "salesforce.Lead")
    assert machine.calls == []
    spend(budget, 1, "salesforce.Task", "reconcile")
    hour = NOON.replace(minute=0)
    assert machine.calls == [
        Calls(hour, SALESFORCE, "salesforce.Lead", "pull", WORTH_KEEPING - 1),
        Calls(hour, SALESFORCE, "salesforce.Task", "reconcile", 1),
    ]
    budget.keep()
    assert len(machine.calls) == 2, "each call once"


def test_reading_ends_early_and_says_when_it_goes_on() -> None:
    budget = Machine(Policy(most=10)).budget()
    read = []
    for stream in ("salesforce.Lead", "salesforce.Task"):
        with budget.reads(stream, "pull"):
            for _ in range(9):
                budget.spend(SALESFORCE)
            read.append(stream)
    assert read == ["salesforce.Lead"]
    (wait,) = budget.waits
    assert (wait.stream, wait.account, wait.purpose) == ("salesforce.Task", SALESFORCE, "pull")
    assert wait.resumes_at > NOON


def test_what_the_remote_itself_refused_is_not_asked_again_before_its_time() -> None:
    machine = Machine(FREE)
    budget = machine.budget()
    for stream in ("salesforce.Lead", "salesforce.Task"):
        with budget.reads(stream, "pull"):
            budget.spend(SALESFORCE)
            raise BudgetSpentError("Salesforce answered 403 (REQUEST_LIMIT_EXCEEDED).", 3600.0)
    assert budget.calls == {"salesforce": 1}
    assert [wait.resumes_at for wait in budget.waits] == [NOON + HOUR, NOON + HOUR]
    assert spend(budget, 1, account=UNIT) == 1
    machine.now += HOUR
    assert spend(budget, 1) == 1


def test_calls_of_every_thread_count_for_the_stream_being_read() -> None:
    machine = Machine(FREE)
    budget = machine.budget()
    with budget.calls_for("salesforce.Lead", "pull"):
        threads = [threading.Thread(target=lambda: [budget.spend(SALESFORCE) for _ in range(20)]) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [(one.stream, one.count) for one in machine.calls] == [("salesforce.Lead", 100)]


def test_a_stop_is_noticed_before_a_call_is_counted() -> None:
    def stop() -> None:
        raise StoppedError("Stopped.")

    budget = CallBudget(before=stop)
    with pytest.raises(StoppedError):
        budget.spend(SALESFORCE)
    assert budget.calls == {}


def test_the_store_keeps_calls_by_the_hour_and_forgets_old_ones() -> None:
    store = memory_store()
    old = Calls(NOON.replace(minute=0) - timedelta(days=9), SALESFORCE, "", "other", 5)
    mine = Calls(NOON.replace(minute=0), SALESFORCE, "salesforce.Lead", "pull", 3)
    heard = [Heard(SALESFORCE, Usage(3, 100), NOON, NOON + HOUR), Heard(UNIT, Usage(1, 10), NOON, NOON, "Asia/Tokyo")]
    keep_calls(store, [old], heard[1:], NOON - timedelta(days=9))
    keep_calls(store, [mine], heard, NOON)
    keep_calls(store, [mine], heard, NOON)
    assert read_calls(store.run) == [replace(mine, count=6)]
    assert read_heard(store.run) == sorted(heard, key=lambda one: one.account)


STEPS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 40), st.sampled_from(("pull", "reconcile", "write")), st.booleans()),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, most=st.integers(1, 60))
def test_no_24_hours_ever_hold_more_calls_than_were_allowed(
    steps: list[tuple[int, int, Purpose, bool]], most: int
) -> None:
    machine = Machine(Policy(most=most))
    budget = machine.budget()
    made: list[datetime] = []
    for minutes, calls, purpose, anew in steps:
        machine.now += timedelta(minutes=minutes)
        if anew:
            budget.keep()
            budget = machine.budget()
        done = spend(budget, calls, purpose=purpose)
        made += [machine.now] * done
        if done < calls:
            again = refused(budget, purpose=purpose).resumes_at
            assert again is not None
            assert again > machine.now
    for at in made:
        assert sum(at <= one < at + timedelta(days=1) for one in made) <= most
