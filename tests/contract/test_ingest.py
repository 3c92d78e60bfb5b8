"""Bulk jobs that take our rows: what they leave in the org and say of each row is what collections leave and say."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.applying import roads
from connector.applying.application import Application, Applied
from connector.applying.apply import apply_plan
from connector.domain.outcome import RowResult
from connector.domain.plan import FieldChange, RecordChange
from connector.errors import RetryError
from connector.http.outcome import RoadClosedError
from connector.http.retry import Retry
from connector.http.session import RemoteSession, open_session
from connector.salesforce import SalesforceWriter, connect
from connector.salesforce.csv_rows import CsvRows, fits_csv
from connector.salesforce.ingest import SalesforceIngest
from connector.store.database import memory_store
from connector.store.journal import unsettled
from tests.contract.remote_access import settings_of
from tests.mirror_world import NOON
from tests.remote_world import plan_of
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.requirement("WB-8", "WB-5")

QUICK = Retry(sleep=lambda seconds: time.sleep(min(seconds, 0.02)), jitter=lambda: 0.0)
TEXTS = ('半角 "引用", と\n改行', "  spaces at both ends ", "=1+1", "ｶﾅ\r\nzwei", "emoji 👩‍💻", "NA")
UNKNOWN = "00Q000000009999AAA"


@pytest.fixture
def session(sandbox: SandboxProcess, tmp_path: Path) -> RemoteSession:
    return open_session(settings_of(sandbox, tmp_path))


@pytest.fixture
def writer(sandbox: SandboxProcess, session: RemoteSession, tmp_path: Path) -> SalesforceWriter:
    return connect(settings_of(sandbox, tmp_path), session, QUICK)[1]


@pytest.fixture
def ingest(writer: SalesforceWriter, tmp_path: Path) -> SalesforceIngest:
    return writer.jobs(tmp_path / "landing", allowed=True)


@pytest.fixture(autouse=True)
def _fair_weather(sandbox: SandboxProcess) -> Iterator[None]:
    yield
    sandbox.control("DELETE", "faults")


def leads(sandbox: SandboxProcess, count: int) -> list[str]:
    rows = [row for row in sandbox.truth("Lead") if not row["IsDeleted"] and not row["IsConverted"]]
    return [str(row["Id"]) for row in rows[:count]]


def standing(sandbox: SandboxProcess, ids: list[str], *names: str) -> list[tuple[Any, ...]]:
    rows = {row["Id"]: row for row in sandbox.truth("Lead")}
    return [tuple(rows[row_id][name] for name in names) for row_id in ids if row_id in rows]


def by_job(ingest: SalesforceIngest, rows: list[dict[str, Any]]) -> list[RowResult]:
    job = ingest.begin("Lead")
    ingest.upload(job, rows)
    ingest.start(job)
    state = ingest.wait(job, 0.1).job
    assert (state.state, state.processed) == ("JobComplete", len(rows))
    failed = ingest.failed(job)
    assert len(failed) == state.failed
    assert set(ingest.successful(job)) == {row["Id"] for row in rows} - set(failed)
    return [failed.get(row["Id"]) or RowResult(row["Id"], True) for row in rows]


def test_both_ways_leave_the_same_and_say_the_same(
    sandbox: SandboxProcess, writer: SalesforceWriter, ingest: SalesforceIngest, tmp_path: Path
) -> None:
    ids = leads(sandbox, len(TEXTS))
    rows: list[dict[str, Any]] = [
        {"Id": row_id, "Connector_Reason__c": text, "Connector_Score__c": place}
        for place, (row_id, text) in enumerate(zip(ids, TEXTS, strict=True))
    ]
    rows[0] |= {"Connector_Scored_At__c": "2026-10-02T03:04:05.000+0000"}
    rows[1] |= {"Connector_Score__c": None, "Connector_Reason__c": ""}
    rows[2] |= {"Connector_Reason__c": "x" * 2_000}
    rows[3] |= {"Connector_Score__c": 12.5}
    rows.append({"Id": UNKNOWN, "Connector_Score__c": 1})
    names = ("Connector_Reason__c", "Connector_Score__c", "Connector_Scored_At__c")
    said, left = [], []
    for send in (lambda: writer.update("Lead", rows), lambda: by_job(ingest, rows)):
        blank = [{"Id": row_id, **dict.fromkeys(names, None), "Connector_Grade__c": "B"} for row_id in ids]
        writer.update("Lead", blank)
        said.append(send())
        left.append(standing(sandbox, ids, *names, "Connector_Grade__c"))
    assert left[0] == left[1]
    assert left[1][1] == (None, None, None, "B"), "None empties, and what a row does not name stays"
    assert [replace(one, message=None) for one in said[0]] == [replace(one, message=None) for one in said[1]]
    assert [one.success for one in said[1]] == [True, True, False, True, True, True, False]
    assert all(one.message for one in said[1] if not one.success)
    assert not list((tmp_path / "landing").iterdir()), "what the org said of people does not stay on disk"


def test_errors_are_read_with_colons_and_line_ends_in_them(
    sandbox: SandboxProcess, ingest: SalesforceIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'CANNOT_EXECUTE: trigger:\n"line 1": a, b\nline 2:Status Rating --'
    rows = [{"sf__Id": "", "sf__Error": text.replace("E: t", "E:t"), "Id": "00Q1"}]
    monkeypatch.setattr(ingest, "_rows", lambda _job, _name: iter(rows))
    message = 'trigger:\n"line 1": a, b\nline 2'
    expected = RowResult("00Q1", False, error_code="CANNOT_EXECUTE", message=message, fields=("Status", "Rating"))
    assert ingest.failed("750") == {"00Q1": expected}


@pytest.mark.requirement("WB-3")
def test_nothing_happens_before_a_job_is_started_and_one_that_was_left_open_is_ended(
    sandbox: SandboxProcess, ingest: SalesforceIngest
) -> None:
    ids = leads(sandbox, 3)
    before = standing(sandbox, ids, "Connector_Score__c", "LastModifiedDate")
    job = ingest.begin("Lead")
    ingest.upload(job, [{"Id": row_id, "Connector_Score__c": 77} for row_id in ids])
    state = ingest.state(job)
    assert state is not None
    assert state.state == "Open"
    ingest.abort(job)
    aborted = ingest.state(job)
    assert aborted is not None
    assert (aborted.state, aborted.ended, aborted.processed) == ("Aborted", True, 0)
    assert standing(sandbox, ids, "Connector_Score__c", "LastModifiedDate") == before
    assert ingest.state("750000000000000AAA") is None, "a job that the org does not know"


def test_a_job_that_stays_open_is_left_to_itself_after_a_while(
    sandbox: SandboxProcess, ingest: SalesforceIngest
) -> None:
    sandbox.control("PUT", "faults", {"faults": [{"kind": "stuck_job", "job": "ingest"}]}).raise_for_status()
    job = ingest.begin("Lead")
    ingest.upload(job, [{"Id": leads(sandbox, 1)[0], "Connector_Score__c": 5}])
    ingest.start(job)
    waited = ingest.wait(job, 1.0, patience=5.0)
    assert not waited.job.ended
    assert waited.seconds >= 5.0
    assert waited.polls == 4, "1 + 1.5 + 2.25 + 3.375 seconds"
    ingest.abort(job)


def test_an_object_that_takes_no_jobs_closes_the_road(
    ingest: SalesforceIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.salesforce.ingest.NOT_BY_BULK", frozenset({"INVALIDJOB"}))
    with pytest.raises(RoadClosedError, match="Nonsense"):
        ingest.begin("Nonsense__c")


@pytest.mark.requirement("WB-1")
def test_assignment_rules_do_not_run_for_a_job(sandbox: SandboxProcess, ingest: SalesforceIngest) -> None:
    ids = leads(sandbox, 3)
    owners = standing(sandbox, ids, "OwnerId")
    assert all(one.success for one in by_job(ingest, [{"Id": row_id, "Connector_Score__c": 9} for row_id in ids]))
    assert standing(sandbox, ids, "OwnerId") == owners


class TestRowsAsCsv:
    def test_is_read_as_it_was_meant_however_often_it_is_sent(self) -> None:
        rows = [{"Id": str(place), "A": text} for place, text in enumerate(TEXTS)]
        body = CsvRows([*rows, {"Id": "x", "B": None, "C": True, "D": 1.5}])
        first, second = b"".join(body), b"".join(body)
        assert first == second
        assert len(body) == len(first)
        read = list(csv.DictReader(io.StringIO(first.decode(), newline="")))
        assert [row["A"] for row in read[:-1]] == list(TEXTS)
        assert read[-1] == {"Id": "x", "A": "", "B": "#N/A", "C": "true", "D": "1.5"}

    def test_a_text_that_would_empty_its_field_does_not_fit(self) -> None:
        assert not fits_csv({"A": "#N/A"})
        assert fits_csv({"A": None, "B": "N/A"})


FAULTS = {
    "no fault": {},
    "the answer to its creation is lost": {"kind": "reset_after", "method": "POST", "path": "*/jobs/ingest", "nth": 1},
    "its rows do not arrive": {"kind": "reset_before", "method": "PUT", "path": "*/batches", "nth": 1},
    "nobody knows whether its rows arrived": {"kind": "reset_after", "method": "PUT", "path": "*/batches", "nth": 1},
    "the answer to its start is lost": {"kind": "reset_after", "method": "PATCH", "path": "*/jobs/ingest/*", "nth": 1},
    "its start does not arrive": {"kind": "reset_before", "method": "PATCH", "path": "*/jobs/ingest/*", "nth": 1},
    "nobody can ask for it": {"kind": "server_error", "method": "GET", "path": "*/jobs/ingest/*", "times": 12},
    "its results are cut off": {"kind": "truncated", "method": "GET", "path": "*/failedResults*", "nth": 1},
    "its results are no CSV": {"kind": "malformed_csv", "method": "GET", "path": "*/failedResults*", "nth": 1},
    "the session ends": {"kind": "session_expired", "method": "PUT", "path": "*/batches", "nth": 1},
    "it stays in progress": {"kind": "stuck_job", "job": "ingest"},
}


@pytest.mark.requirement("WB-3", "OP-3")
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_happens_on_the_way_all_is_written_in_the_end_and_known(
    sandbox: SandboxProcess, session: RemoteSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Seven leads and one that the org does not know, by one job; then quiet runs of the same plan."""
    monkeypatch.setattr(roads, "ROWS_A_CALL", 1)
    monkeypatch.setattr(SalesforceIngest.wait, "__defaults__", (30.0,))
    reader, writer = connect(settings_of(sandbox, tmp_path), session, QUICK)
    ids, score = leads(sandbox, 7), float(10 + list(FAULTS).index(fault))
    changes = (FieldChange("Connector_Score__c", None, score), FieldChange("Connector_Grade__c", None, None))
    plan = plan_of(*(RecordChange("Lead", one, one, changes, "why", False, None) for one in [*ids, UNKNOWN]))
    store = memory_store()

    def run(number: int) -> Applied:
        at = NOON + timedelta(minutes=number)
        ingest = writer.jobs(tmp_path / "landing", allowed=True)
        return apply_plan(Application(writer, reader, store, f"run{number}", at, ingest=ingest), plan)

    sandbox.control("PUT", "faults", {"faults": [FAULTS[fault]] if FAULTS[fault] else []}).raise_for_status()
    with suppress(RetryError):
        run(1)
    sandbox.control("DELETE", "faults").raise_for_status()
    failed = [one.record for number in (2, 3) for one in run(number).failures]
    assert standing(sandbox, ids, "Connector_Score__c", "Connector_Grade__c") == [(score, None)] * 7
    assert unsettled(store) == []
    assert set(failed) <= {UNKNOWN}
    written = "SELECT count(*), count(DISTINCT record_id) FROM written WHERE field = 'Connector_Score__c'"
    assert store.run(written) == [(7, 7)]
    done = "SELECT record, count(*) FROM journal WHERE outcome = 'done' GROUP BY ALL HAVING count(*) > 1"
    assert store.run(done) == [], "nothing is written twice"
    store.close()
