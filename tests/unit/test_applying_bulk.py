"""Many records by a bulk job: the cheaper way is taken, and no death between any two steps writes twice or loses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from connector.applying import roads
from connector.applying.application import Application
from connector.applying.apply import apply_plan, settle_open_intents
from connector.applying.roads import Road, calls_of_a_job, choose, expected_seconds, within
from connector.applying.switch import Off
from connector.domain.ingest import JobState, Waited
from connector.domain.outcome import RowResult
from connector.errors import BudgetSpentError, RefusedError, RetryError, StopError
from connector.http.outcome import RoadClosedError, UnknownOutcomeError
from connector.store.database import Store
from connector.store.ingest_jobs import PastJob, past_jobs
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
    outcomes,
    plan_of,
    run_of,
)

pytestmark = pytest.mark.requirement("WB-8", "WB-3")

COUNT = 7
PLAN = plan_of(*(change(number) for number in range(1, COUNT + 1)))


@dataclass
class Job:
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    state: str = "Open"
    results: list[RowResult] = field(default_factory=list)


@dataclass
class Jobs:
    """Bulk jobs of a Salesforce in memory. A job does its work when it is started, and says so when `slow` questions
    have gone by. `on` is called before and after each call, with its name."""

    remote: Remote
    on: Callable[[str], None] = lambda _name: None
    slow: int = 0
    comes_to: int | None = None
    allowed: bool = True
    jobs: dict[str, Job] = field(default_factory=dict)
    saved: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)

    def begin(self, object_name: str) -> str:
        self._call("begin")
        assert object_name == "Lead"
        self.jobs[job := f"750{len(self.jobs)}"] = Job()
        self.on("begun")
        return job

    def upload(self, job: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self._call("upload")
        self.jobs[job].rows = list(rows)
        self.on("uploaded")

    def start(self, job: str) -> None:
        self._call("start")
        one = self.jobs[job]
        for row in one.rows[: self.comes_to]:
            one.results.append(self.remote._save("Lead", str(row["Id"]), row))
            self.saved[str(row["Id"])] += 1
        one.state = "JobComplete" if self.comes_to is None else "Failed"
        self.on("started")

    def state(self, job: str) -> JobState | None:
        self._call("state")
        one = self.jobs.get(job)
        if one is None:
            return None
        failed = sum(not result.success for result in one.results)
        found = JobState(one.state, len(one.results), failed, seconds=4.0)
        if one.state != "Open" and self.slow > 0:
            self.slow -= 1
            found = JobState("InProgress")
        self.on("told")
        return found

    def wait(self, job: str, expected: float) -> Waited:
        for polls in range(1, 4):
            found = self.state(job)
            assert found is not None
            if found.ended:
                return Waited(found, polls, expected * polls)
        return Waited(found, 3, expected * 3)

    def abort(self, job: str) -> None:
        self._call("abort")
        self.jobs[job].state = "Aborted"

    def failed(self, job: str) -> Mapping[str, RowResult]:
        self._call("failed")
        return {str(one.id): one for one in self.jobs[job].results if not one.success}

    def successful(self, job: str) -> Mapping[str, RowResult]:
        self._call("successful")
        return {str(one.id): one for one in self.jobs[job].results if one.success}

    def _call(self, name: str) -> None:
        self.on(name)
        self.asked.append(name)


@pytest.fixture
def store(module_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(roads, "ROWS_A_CALL", 1)
    return fresh(module_store)


def fresh(store: Store) -> Store:
    store.run("DELETE FROM ingest_jobs")
    return emptied(store)


def by_jobs(remote: Remote, store: Store, jobs: Jobs, run: str = "run1", **more: Any) -> Application:
    # After the plan was made: what stands there as written since is not sent again.
    application = run_of(remote, store, run, NOON + MINUTE)
    application.ingest = jobs
    for name, value in more.items():
        setattr(application, name, value)
    return application


def raising(error: BaseException, at: str) -> Callable[[str], None]:
    """Raises an error at the first call of a name, once."""
    left = [error]

    def on(name: str) -> None:
        if name == at and left:
            raise left.pop()

    return on


def test_rows_go_by_one_job_where_that_takes_fewer_calls(store: Store) -> None:
    remote = org(COUNT)
    jobs = Jobs(remote)
    applied = apply_plan(by_jobs(remote, store, jobs), PLAN)
    assert (applied.records, applied.fields, applied.failures) == (COUNT, COUNT, [])
    assert applied.roads == [Road("Lead", "bulk", COUNT, 6, 7)]
    assert jobs.asked == ["begin", "upload", "start", "state"], "where no row failed, nobody asks which"
    assert remote.calls == []
    assert leads(remote, "Score__c") == [(72,)] * COUNT
    assert set(bases(store).values()) == {"72"}
    assert past_jobs(store) == [PastJob(COUNT, 1, 4.0)]


def test_a_setting_or_few_rows_keep_to_collections(store: Store) -> None:
    remote = org(COUNT)
    forbidden = Jobs(remote, allowed=False)
    apply_plan(by_jobs(remote, store, forbidden), PLAN)
    assert (forbidden.asked, leads(remote, "Score__c")) == ([], [(72,)] * COUNT)
    few = Jobs(remote)
    applied = apply_plan(by_jobs(remote, fresh(store), few), plan_of(*PLAN.records[:6]))
    assert (few.asked, applied.roads) == ([], [Road("Lead", "collections", 6, 6, 6)])


@pytest.mark.requirement("WB-5")
def test_rows_that_a_job_refuses_are_failures_like_all_others(store: Store) -> None:
    remote = org(COUNT)
    remote.refuses = lambda _object, row: ("TOO_LONG", "too long") if row["Id"] == lead_id(3) else None
    applied = apply_plan(by_jobs(remote, store, Jobs(remote)), PLAN)
    assert applied.records == COUNT - 1
    assert [(one.record, one.code, one.message) for one in applied.failures] == [(lead_id(3), "TOO_LONG", "too long")]


@pytest.mark.requirement("WB-5")
def test_rows_that_a_job_did_not_come_to_were_not_written_and_come_again(store: Store) -> None:
    remote = org(COUNT)
    applied = apply_plan(by_jobs(remote, store, Jobs(remote, comes_to=4)), PLAN)
    assert applied.records == 4
    assert {one.code for one in applied.failures} == {"NOT_SENT"}
    assert leads(remote, "Score__c") == [(72,)] * 4 + [(70.0,)] * 3
    left = plan_of(*PLAN.records[4:])
    assert apply_plan(by_jobs(remote, store, Jobs(remote), "run2"), left).records == 3


@pytest.mark.requirement("OP-3")
def test_killed_between_any_two_steps_each_row_is_saved_once(store: Store) -> None:
    undisturbed = org(COUNT)
    moments = Moments()
    apply_plan(by_jobs(undisturbed, MortalStore(store, moments), Jobs(undisturbed, lambda _: moments.tick())), PLAN)
    expected, count = (leads(undisturbed, "Id", "Score__c"), bases(store)), moments.passed
    assert count > 15
    for moment in range(1, count + 1):
        deadly, remote = Moments(dies_at=moment), org(COUNT)
        jobs = Jobs(remote, lambda _name, deadly=deadly: deadly.tick())
        with pytest.raises(Killed):
            apply_plan(by_jobs(remote, MortalStore(fresh(store), deadly), jobs), PLAN)
        jobs.on, jobs.slow = lambda _name: None, 0
        apply_plan(by_jobs(remote, store, jobs, "run2"), PLAN)
        assert (leads(remote, "Id", "Score__c"), bases(store)) == expected, f"killed at moment {moment}"
        assert unsettled(store) == []
        assert set(jobs.saved.values()) == {1}, f"killed at moment {moment}"
        assert {one.state for one in jobs.jobs.values()} <= {"JobComplete", "Aborted", "Open"}
        started = [one for one in jobs.jobs.values() if one.state == "Open" and one.rows]
        assert started == [], "a job that holds rows was left open"


def test_a_job_that_has_not_ended_is_left_and_its_rows_are_not_sent_again_until_it_has(store: Store) -> None:
    remote = org(COUNT)
    jobs = Jobs(remote, slow=5)
    applied = apply_plan(by_jobs(remote, store, jobs), PLAN)
    assert (applied.waiting, applied.records, applied.failures) == (COUNT, 0, [])
    assert len(unsettled(store)) == COUNT
    still = apply_plan(by_jobs(remote, store, jobs, "run2"), PLAN)
    assert (still.records, still.moved, len(jobs.jobs)) == (0, COUNT, 1)
    jobs.slow = 0
    assert settle_open_intents(by_jobs(remote, store, jobs, "run3")) == COUNT
    assert unsettled(store) == []
    assert set(jobs.saved.values()) == {1}
    assert set(bases(store).values()) == {"72"}


def test_what_a_job_has_written_since_the_plan_was_made_is_not_written_again(store: Store) -> None:
    remote = org(COUNT)
    jobs = Jobs(remote, slow=3)
    apply_plan(by_jobs(remote, store, jobs), PLAN)
    # A cycle plans while the job is at work, and carries out in the second of its plan; by then the job has ended.
    newer = replace(plan_of(change(1, score=80), *PLAN.records[1:]), made_at=NOON + MINUTE)
    applied = apply_plan(by_jobs(remote, store, jobs, "run2"), newer)
    assert (applied.records, applied.moved, len(jobs.jobs), remote.calls) == (0, 1, 1, [])
    assert set(jobs.saved.values()) == {1}
    assert leads(remote, "Score__c") == [(72,)] * COUNT


@pytest.mark.parametrize(
    ("at", "sent"), [("begin", 0), ("uploaded", 0), ("start", 0), ("started", COUNT), ("state", COUNT)]
)
@pytest.mark.parametrize("error", [BudgetSpentError("spent", 60.0), UnknownOutcomeError("lost")])
def test_an_error_on_the_way_leaves_the_journal_true(store: Store, at: str, sent: int, error: Exception) -> None:
    remote = org(COUNT)
    jobs = Jobs(remote, raising(error, at))
    with pytest.raises((RetryError, StopError)):
        apply_plan(by_jobs(remote, store, jobs), PLAN)
    assert sum(jobs.saved.values()) == sent
    assert apply_plan(by_jobs(remote, store, jobs, "run2"), PLAN).failures == []
    assert unsettled(store) == []
    assert leads(remote, "Score__c") == [(72,)] * COUNT
    assert set(jobs.saved.values()) == {1}
    assert set(bases(store).values()) == {"72"}


def test_an_org_that_takes_no_jobs_gets_calls(store: Store) -> None:
    remote = org(COUNT)
    jobs = Jobs(remote, raising(RoadClosedError("no jobs today", "LIMIT_EXCEEDED"), "begin"))
    assert apply_plan(by_jobs(remote, store, jobs), PLAN).records == COUNT
    assert [name for name, _rows in remote.calls] == ["update"]
    assert store.run("SELECT * FROM ingest_jobs") == []


def test_a_day_with_few_calls_left_begins_no_job_that_nobody_could_ask_for(store: Store) -> None:
    remote = org(COUNT)
    jobs = Jobs(remote)
    applied = apply_plan(by_jobs(remote, store, jobs, calls_left=lambda: 5), PLAN)
    assert (jobs.asked, applied.records) == ([], COUNT)
    assert apply_plan(by_jobs(remote, fresh(store), jobs, calls_left=lambda: 6), PLAN).records == COUNT
    assert jobs.asked[0] == "begin"


@pytest.mark.requirement("OP-8")
def test_writes_switched_off_while_rows_are_uploaded_start_no_job(store: Store) -> None:
    remote = org(COUNT)
    jobs = Jobs(remote)
    off = [None, Off("a person")]
    with pytest.raises((StopError, RefusedError)):
        apply_plan(by_jobs(remote, store, jobs, writes_off=lambda: off.pop(0) if off else Off("a person")), PLAN)
    assert jobs.asked == ["begin", "upload", "abort"]
    assert leads(remote, "Score__c") == [(70.0,)] * COUNT
    assert unsettled(store) == []


def test_a_job_whose_results_nobody_can_read_is_settled_by_its_records_and_holds_up_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = org(COUNT)
    remote.refuses = lambda _object, row: ("TOO_LONG", "too long") if row["Id"] == lead_id(3) else None
    jobs = Jobs(remote)
    monkeypatch.setattr(jobs, "failed", lambda _job: {})
    with pytest.raises(RetryError, match="told of 0 failed rows, not 1"):
        apply_plan(by_jobs(remote, store, jobs), PLAN)
    assert unsettled(store) == [], "else every later apply would end here"
    assert (len(bases(store)), set(jobs.saved.values())) == (COUNT - 1, {1})


def test_a_job_that_the_org_knows_no_more_is_settled_by_its_records(store: Store) -> None:
    remote = org(COUNT)
    jobs = Jobs(remote, slow=9)
    apply_plan(by_jobs(remote, store, jobs), PLAN)
    jobs.jobs.clear()
    settle_open_intents(by_jobs(remote, store, jobs, "run2"))
    assert {row[2] for row in outcomes(store)} == {"done"}


class TestWhichWay:
    """The threshold comes of the calls that each way takes."""

    def test_is_computed_from_rows_and_what_jobs_took(self) -> None:
        sizes = [100] * 1_200
        assert choose("Lead", sizes, (), bulk=True) == Road("Lead", "collections", 1_200, 6, 6)
        assert choose("Lead", [*sizes, 100], (), bulk=True) == Road("Lead", "bulk", 1_201, 6, 7)
        quick = [PastJob(5_000, 1, 3.0)]
        assert choose("Lead", sizes[:801], quick, bulk=True) == Road("Lead", "bulk", 801, 4, 5)
        slow = [PastJob(5_000, 9, 900.0)]
        assert choose("Lead", sizes * 3, slow, bulk=True).name == "bulk"
        assert choose("Lead", sizes * 2, slow, bulk=True).name == "collections"
        assert choose("Lead", sizes * 9, (), bulk=False) == Road("Lead", "collections", 10_800, 54, None)
        assert (calls_of_a_job(()), calls_of_a_job(quick)) == (6, 4)

    def test_large_rows_take_several_jobs(self) -> None:
        parts = list(within([1, 2, 3, 4, 5], [40, 40, 40, 120, 10], largest=100))
        assert parts == [[1, 2], [3], [4], [5]]
        assert choose("Lead", [50_000_000] * 4, (), bulk=True) == Road("Lead", "collections", 4, 1, 24)

    def test_the_first_question_comes_when_the_job_should_have_ended(self) -> None:
        assert expected_seconds(2_000, ()) == 11.0
        assert expected_seconds(2_000_000, ()) == 60.0
        assert expected_seconds(20_000, [PastJob(2_000, 1, 8.0)]) == 80.0
        assert expected_seconds(10, [PastJob(2_000, 1, 8.0)]) == 8.0
        assert expected_seconds(10, [PastJob(200_000, 1, 800.0)]) == 10.0
        assert expected_seconds(10, [PastJob(10, 1, 0.0)]) == 2.0
