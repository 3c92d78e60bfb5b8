"""Bulk jobs go through their states, can be aborted and deleted, and are refused as Salesforce refuses them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from connector.sandbox.bulk import loading
from connector.sandbox.bulk.jobs import job_store, stop_jobs
from connector.sandbox.faults.document import read_plan
from connector.sandbox.faults.scheduling import schedule
from connector.sandbox.gate import gate_of
from connector.sandbox.salesforce.limits import limits
from connector.sandbox.wire import Request
from tests.unit.sandbox.bulk_calls import Bulk, bulk_org, content, rows

pytestmark = pytest.mark.requirement("SY-1", "WB-8")

QUERY = {"operation": "query", "query": "SELECT Id FROM Lead"}
INSERT = {"operation": "insert", "object": "Lead"}


@pytest.fixture
def bulk(tmp_path: Path) -> Iterator[Bulk]:
    with bulk_org(tmp_path) as found:
        yield found


def started(bulk: Bulk, leads: int) -> str:
    """An ingest job of so many rows whose upload is complete."""
    _, info = bulk.ask("POST", "ingest", INSERT)
    data = "LastName,Company\n" + "".join(f"L{number},C\n" for number in range(leads))
    bulk.send("PUT", f"ingest/{info['id']}/batches", data.encode())
    bulk.ask("PATCH", f"ingest/{info['id']}", {"state": "UploadComplete"})
    return str(info["id"])


def refused(bulk: Bulk, method: str, url: str, body: object = None) -> tuple[int, str, str]:
    status, answer = bulk.ask(method, url, body)
    return status, answer[0]["errorCode"], answer[0]["message"]


def test_a_job_can_be_made_to_wait_for_questions(tmp_path: Path) -> None:
    with bulk_org(tmp_path, bulk_polls=2) as bulk:
        bulk.org.lead()
        _, info = bulk.ask("POST", "query", QUERY)
        states = [bulk.ask("GET", f"query/{info['id']}")[1]["state"] for _ in range(5)]
        assert states == ["UploadComplete"] * 2 + ["InProgress"] * 3
        assert refused(bulk, "GET", f"query/{info['id']}/results")[1] == "INVALIDJOBSTATE"
        assert bulk.wait("query", info["id"])["state"] == "JobComplete"
        assert len(bulk.page(info["id"])[0]) == 2


def test_an_ingest_job_that_waits_has_written_nothing_yet(tmp_path: Path) -> None:
    with bulk_org(tmp_path, bulk_seconds=3600) as bulk:
        job = started(bulk, 1)
        assert bulk.ask("GET", f"ingest/{job}")[1]["state"] == "UploadComplete"
        assert bulk.ask("PATCH", f"ingest/{job}", {"state": "Aborted"})[1]["state"] == "Aborted"
        assert bulk.org.rows("Lead") == []
        assert rows(content(bulk.send("GET", f"ingest/{job}/unprocessedRecords"))) == [
            ["LastName", "Company"],
            ["L0", "C"],
        ]


def test_an_abort_in_the_middle_keeps_what_is_done_and_gives_the_rest_back(
    bulk: Bulk, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    real, chunks = loading.each, []

    def slow(*arguments: object, **named: object) -> object:
        chunks.append(1)
        if len(chunks) == 2:
            reached.set()
            assert go_on.wait(20)
        return real(*arguments, **named)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(loading, "each", slow)
    job = started(bulk, 700)
    assert reached.wait(20)
    assert bulk.ask("GET", f"ingest/{job}")[1]["state"] == "InProgress"
    assert bulk.ask("PATCH", f"ingest/{job}", {"state": "Aborted"})[1]["state"] == "Aborted"
    go_on.set()
    kinds = ("successfulResults", "failedResults", "unprocessedRecords")
    counts = [len(rows(content(bulk.send("GET", f"ingest/{job}/{kind}")))) - 1 for kind in kinds]
    assert counts == [400, 0, 300]
    assert len(bulk.org.rows("Lead")) == 400
    assert bulk.ask("GET", f"ingest/{job}")[1]["numberRecordsProcessed"] == 400


def test_a_finished_job_is_not_aborted_but_deleted(bulk: Bulk) -> None:
    job = bulk.query("SELECT Id FROM Lead")["id"]
    expected = (400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
    assert refused(bulk, "PATCH", f"query/{job}", {"state": "Aborted"}) == expected
    folder = job_store(bulk.org.sandbox).find(job, "V2Query")
    assert folder is not None
    assert bulk.ask("DELETE", f"query/{job}") == (204, None)
    assert not folder.folder.exists()
    assert refused(bulk, "GET", f"query/{job}")[:2] == (404, "NOT_FOUND")


def test_a_job_that_has_not_ended_is_not_deleted(bulk: Bulk) -> None:
    _, info = bulk.ask("POST", "ingest", INSERT)
    status, code, message = refused(bulk, "DELETE", f"ingest/{info['id']}")
    assert (status, code) == (400, "API_ERROR")
    assert message.endswith("job is not terminated")


def test_results_under_another_version_are_a_conflict(bulk: Bulk) -> None:
    job = bulk.query("SELECT Id FROM Lead")["id"]
    assert bulk.send("GET", f"query/{job}/results", version="/services/data/v60.0").status == 409
    assert bulk.send("GET", f"query/{job}", version="/services/data/v60.0").status == 200


def test_result_pages_came_with_version_58(bulk: Bulk) -> None:
    response = bulk.send("GET", "query/750000000000001AAA/resultPages", version="/services/data/v57.0")
    assert response.status == 404


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT COUNT() FROM Lead", "API_ERROR", "Implementation restriction"),
        ("SELECT COUNT(Id) FROM Lead", "API_ERROR", "Implementation restriction"),
        ("SELECT Status FROM Lead GROUP BY Status", "API_ERROR", "Implementation restriction"),
        ("SELECT Id FROM Lead LIMIT 5 OFFSET 1", "API_ERROR", "OFFSET"),
        ("SELECT TYPEOF Who WHEN Lead THEN Email END FROM Task", "API_ERROR", "TYPEOF"),
        ("SELECT FIELDS(ALL) FROM Lead LIMIT 10", "API_ERROR", "FIELDS"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "FEATURENOTENABLED", "Aggregate Relationships not"),
        ("SELECT Address FROM Lead", "FEATURENOTENABLED", "Selecting compound data not supported in Bulk Query"),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Nope FROM Lead", "INVALID_FIELD", "No such column 'Nope' on entity 'Lead'"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        ("SELECT Id FRM Lead", "MALFORMED_QUERY", "unexpected token"),
    ],
)
def test_what_bulk_does_not_take_is_refused_when_the_job_is_created(
    bulk: Bulk, soql: str, code: str, words: str
) -> None:
    status, found, message = refused(bulk, "POST", "query", {"operation": "query", "query": soql})
    assert (status, found) == (400, code)
    assert words in message
    assert bulk.ask("GET", "query")[1]["records"] == []


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("query", {"operation": "query"}),
        ("query", {"operation": "insert", "query": "SELECT Id FROM Lead"}),
        ("query", {**QUERY, "columnDelimiter": "SPACE"}),
        ("query", {**QUERY, "contentType": "JSON"}),
        ("ingest", {"operation": "insert", "object": "Nope"}),
        ("ingest", {"operation": "query", "object": "Lead"}),
        ("ingest", {"operation": "upsert", "object": "Lead"}),
        ("ingest", {"operation": "upsert", "object": "Lead", "externalIdFieldName": "Company"}),
        ("ingest", {"object": "Lead"}),
    ],
)
def test_jobs_that_make_no_sense_are_refused(bulk: Bulk, url: str, body: dict[str, str]) -> None:
    assert refused(bulk, "POST", url, body)[0] == 400


@pytest.mark.parametrize("parameters", ["?locator=zzz", "?locator=cm93OTk5OTk5", "?maxRecords=0", "?maxRecords=x"])
def test_pages_that_are_not_there_are_refused(bulk: Bulk, parameters: str) -> None:
    job = bulk.query("SELECT Id FROM Lead")["id"]
    assert bulk.ask("GET", f"query/{job}/results{parameters}")[0] == 400


def test_convert_time_zone_and_labels_and_parents_work_in_bulk(bulk: Bulk) -> None:
    lead = bulk.org.lead(LeadSource="Web")
    task = bulk.org.create("Task", Subject="Call", WhoId=lead)
    soql = "SELECT toLabel(LeadSource), Owner.Name FROM Lead WHERE HOUR_IN_DAY(convertTimezone(CreatedDate)) = 9"
    found, _ = bulk.page(bulk.query(soql)["id"])
    assert found == [["LeadSource", "Owner.Name"], ["Web", "Api"]]
    found, _ = bulk.page(bulk.query("SELECT Id, Who.Name, Who.Type FROM Task")["id"])
    assert found == [["Id", "Who.Name", "Who.Type"], [task, "Mori", "Lead"]]


def test_every_standard_field_but_the_compound_ones_can_be_had_at_once(bulk: Bulk) -> None:
    bulk.org.lead()
    (header, row), _ = bulk.page(bulk.query("SELECT FIELDS(STANDARD) FROM Lead")["id"])
    assert {"Id", "LastName", "Street"} <= set(header)
    assert "Address" not in header
    assert len(header) == len(row)


def test_all_jobs_are_listed(bulk: Bulk) -> None:
    made = {bulk.query("SELECT Id FROM Lead")["id"] for _ in range(3)}
    _, listed = bulk.ask("GET", "query?jobType=V2Query")
    assert {entry["id"] for entry in listed["records"]} == made
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    assert bulk.ask("GET", "ingest")[1]["records"] == []


def test_allowances_shrink_and_end(tmp_path: Path) -> None:
    with bulk_org(tmp_path, daily_bulk_query_jobs=2, daily_bulk_batches=1) as bulk:
        bulk.query("SELECT Id FROM Lead")
        assert left(bulk, "DailyBulkV2QueryJobs") == 1
        bulk.query("SELECT Id FROM Lead")
        assert refused(bulk, "POST", "query", QUERY)[:2] == (400, "LIMIT_EXCEEDED")
        assert bulk.wait("ingest", started(bulk, 1))["state"] == "JobComplete"
        info = bulk.wait("ingest", started(bulk, 1))
        assert (info["state"], info["errorMessage"].partition(" :")[0]) == ("Failed", "ExceededQuota")
        assert left(bulk, "DailyBulkApiBatches") == 0


def left(bulk: Bulk, name: str) -> int:
    sandbox = bulk.org.sandbox
    request = Request("GET", "/", (), {}, b"", "https", "x", sandbox.clock.now())
    raw = limits(request, sandbox, {}).body
    assert isinstance(raw, bytes)
    return int(json.loads(raw)[name]["Remaining"])


def test_jobs_are_forgotten_after_seven_days_and_by_a_reset(bulk: Bulk) -> None:
    old = bulk.query("SELECT Id FROM Lead")["id"]
    bulk.org.later(days=8)
    new = bulk.query("SELECT Id FROM Lead")["id"]
    assert [entry["id"] for entry in bulk.ask("GET", "query")[1]["records"]] == [new]
    assert refused(bulk, "GET", f"query/{old}")[0] == 404
    stop_jobs(bulk.org.sandbox, wait=False)
    assert bulk.ask("GET", "query")[1]["records"] == []


def test_work_waits_while_somebody_is_alone_in_the_world_and_ceases_when_its_jobs_are_gone(bulk: Bulk) -> None:
    with gate_of(bulk.org.sandbox).alone():
        job = started(bulk, 5)
        found = job_store(bulk.org.sandbox).find(job, "V2Ingest")
        assert found is not None
        stop_jobs(bulk.org.sandbox, wait=False)
    assert found.rested(20)
    assert bulk.org.rows("Lead") == []


def test_a_query_sees_the_world_of_one_instant(bulk: Bulk) -> None:
    bulk.org.lead(LastName="Before")
    job = bulk.query("SELECT LastName FROM Lead")["id"]
    bulk.org.lead(LastName="After")
    assert bulk.page(job)[0] == [["LastName"], ["Before"]]


def test_only_its_owner_may_look_into_the_results(bulk: Bulk) -> None:
    job = bulk.query("SELECT Id FROM Lead")["id"]
    found = job_store(bulk.org.sandbox).find(job, "V2Query")
    assert found is not None
    assert found.folder.parent.stat().st_mode & 0o077 == 0


def test_config_can_slow_jobs_down_while_the_sandbox_runs(bulk: Bulk) -> None:
    bulk.org.sandbox.config = replace(bulk.org.sandbox.config, bulk_polls=1)
    _, info = bulk.ask("POST", "query", QUERY)
    assert bulk.ask("GET", f"query/{info['id']}")[1]["state"] == "UploadComplete"


def plan_faults(bulk: Bulk, *faults: dict[str, object]) -> None:
    schedule(bulk.org.sandbox, read_plan({"faults": list(faults)}))


def test_a_stuck_job_stays_in_progress_and_goes_on_when_the_fault_is_gone(bulk: Bulk) -> None:
    plan_faults(bulk, {"kind": "stuck_job", "times": 1})
    job = started(bulk, 1)
    assert [bulk.ask("GET", f"ingest/{job}")[1]["state"] for _ in range(3)] == ["InProgress"] * 3
    assert bulk.org.rows("Lead") == []
    assert bulk.query("SELECT Id FROM Lead")["state"] == "JobComplete"
    plan_faults(bulk)
    assert bulk.wait("ingest", job)["numberRecordsProcessed"] == 1


def test_a_stuck_job_can_be_aborted(bulk: Bulk) -> None:
    plan_faults(bulk, {"kind": "stuck_job"})
    _, info = bulk.ask("POST", "query", QUERY)
    assert bulk.ask("PATCH", f"query/{info['id']}", {"state": "Aborted"})[1]["state"] == "Aborted"
    assert bulk.ask("DELETE", f"query/{info['id']}")[0] == 204


def test_rows_of_a_job_meet_the_faults_of_rows(bulk: Bulk) -> None:
    plan_faults(bulk, {"kind": "half_batch", "step": 2})
    info = bulk.wait("ingest", started(bulk, 4))
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (4, 2)
    errors = [row[1] for row in rows(content(bulk.send("GET", f"ingest/{info['id']}/failedResults")))[1:]]
    assert errors == ["UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"] * 2
    assert [row["LastName"] for row in bulk.org.rows("Lead")] == ["L0", "L2"]


def test_of_many_who_start_a_job_at_the_same_time_one_does(bulk: Bulk) -> None:
    _, info = bulk.ask("POST", "ingest", INSERT)
    bulk.send("PUT", f"ingest/{info['id']}/batches", b"LastName,Company\nA,B\n")
    with ThreadPoolExecutor(8) as callers:
        calls = [
            callers.submit(bulk.ask, "PATCH", f"ingest/{info['id']}", {"state": "UploadComplete"}) for _ in range(8)
        ]
        statuses = sorted(call.result()[0] for call in calls)
    assert statuses == [200] + [400] * 7
    bulk.wait("ingest", info["id"])
    assert len(bulk.org.rows("Lead")) == 1
