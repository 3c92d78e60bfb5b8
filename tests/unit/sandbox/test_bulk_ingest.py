"""Bulk API 2.0 ingest jobs: what the world holds afterwards, and what is said of each row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.ids import record_id
from tests.unit.sandbox.bulk_calls import Bulk, bulk_org, content, rows
from tests.unit.sandbox.salesforce_org import REP

pytestmark = pytest.mark.requirement("WB-1", "WB-8")

WRONG_TYPE = "INVALID_TYPE_ON_FIELD_IN_RECORD:{}: value not of required type: {}:{} --"
ACCOUNT = record_id("001", 1)


@pytest.fixture
def bulk(tmp_path: Path) -> Iterator[Bulk]:
    with bulk_org(tmp_path) as found:
        yield found


def run(bulk: Bulk, data: str, operation: str = "insert", name: str = "Lead", **more: object) -> dict[str, Any]:
    """An ingest job that has ended."""
    job = opened(bulk, operation, name, **more)
    assert bulk.send("PUT", f"ingest/{job}/batches", data.encode()).status == 201
    status, info = bulk.ask("PATCH", f"ingest/{job}", {"state": "UploadComplete"})
    assert (status, info["state"]) == (200, "UploadComplete")
    return bulk.wait("ingest", job)


def opened(bulk: Bulk, operation: str = "insert", name: str = "Lead", **more: object) -> str:
    status, info = bulk.ask("POST", "ingest", {"object": name, "operation": operation, **more})
    assert status == 200, info
    return str(info["id"])


def result(bulk: Bulk, job: dict[str, Any] | str, which: str) -> str:
    job_id = job if isinstance(job, str) else job["id"]
    response = bulk.send("GET", f"ingest/{job_id}/{which}")
    assert response.status == 200, response
    return content(response).decode()


def error_of(bulk: Bulk, job: dict[str, Any]) -> str:
    return rows(result(bulk, job, "failedResults").encode())[1][1]


def test_each_call_answers_with_the_keys_on_record(bulk: Bulk) -> None:
    _, info = bulk.ask("POST", "ingest", {"object": "lead", "operation": "insert", "contentType": "CSV"})
    common = {
        "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "concurrencyMode",
        "contentType", "apiVersion",
    }  # fmt: skip
    content_keys = {"contentUrl", "lineEnding", "columnDelimiter"}
    assert set(info) == common | content_keys
    assert (info["object"], info["state"]) == ("Lead", "Open")
    assert info["contentUrl"] == f"services/data/v61.0/jobs/ingest/{info['id']}/batches"
    bulk.send("PUT", "/" + info["contentUrl"], b"LastName,Company\nA,B\n")
    _, closed = bulk.ask("PATCH", f"ingest/{info['id']}", {"state": "UploadComplete"})
    assert set(closed) == common
    done = bulk.wait("ingest", info["id"])
    counts = {
        "jobType", "numberRecordsProcessed", "numberRecordsFailed", "retries", "totalProcessingTime",
        "apiActiveProcessingTime", "apexProcessingTime",
    }  # fmt: skip
    assert set(done) == common | content_keys | counts
    assert (done["jobType"], done["state"]) == ("V2Ingest", "JobComplete")


def test_rows_are_inserted_and_failed_ones_say_why(bulk: Bulk) -> None:
    info = run(bulk, 'LASTNAME,Company,NumberOfEmployees\nA,"x, ""y""\nz",5\nB,,\n,C,\n')
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (3, 2)
    (lead,) = bulk.org.rows("Lead")
    assert (lead["LastName"], lead["Company"], lead["NumberOfEmployees"]) == ("A", 'x, "y"\nz', 5)
    assert result(bulk, info, "successfulResults") == (
        f'"sf__Id","sf__Created",LASTNAME,Company,NumberOfEmployees\n"{lead["Id"]}","true","A","x, ""y""\nz","5"\n'
    )
    assert result(bulk, info, "failedResults") == (
        '"sf__Id","sf__Error",LASTNAME,Company,NumberOfEmployees\n'
        '"","REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --","B","",""\n'
        '"","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --","","C",""\n'
    )
    assert result(bulk, info, "unprocessedrecords/") == "LASTNAME,Company,NumberOfEmployees\n"


def test_an_empty_cell_leaves_a_field_and_not_available_empties_it(bulk: Bulk) -> None:
    lead = bulk.org.lead(Title="Chief", Phone="1")
    run(bulk, f"Id,Title,Phone,City\n{lead[:15]},,#N/A,大阪\n", "update")
    row = bulk.org.row("Lead", lead)
    assert (row["Title"], row["Phone"], row["City"]) == ("Chief", None, "大阪")


def test_upsert_by_external_id_says_which_rows_are_new(bulk: Bulk) -> None:
    known = bulk.org.lead(Ext_Id__c="E1")
    info = run(
        bulk,
        "ext_id__c,LastName,Company\nE1,New,\nE2,Two,C\nE3,x,y\ne3,x,y\n,x,y\n",
        "upsert",
        externalIdFieldName="Ext_Id__c",
    )
    assert info["externalIdFieldName"] == "Ext_Id__c"
    done = rows(result(bulk, info, "successfulResults").encode())[1:]
    assert [(row[0] == known, row[1], row[2]) for row in done] == [(True, "false", "E1"), (False, "true", "E2")]
    assert bulk.org.row("Lead", known)["LastName"] == "New"
    errors = [row[1] for row in rows(result(bulk, info, "failedResults").encode())[1:]]
    assert errors == [
        "DUPLICATE_VALUE:Duplicate external id specified: E3:Ext_Id__c --",
        "DUPLICATE_VALUE:Duplicate external id specified: e3:Ext_Id__c --",
        "MISSING_ARGUMENT:Ext_Id__c not specified:--",
    ]


def test_upsert_by_id_inserts_rows_without_one(bulk: Bulk) -> None:
    known = bulk.org.lead()
    run(bulk, f"Id,LastName,Company\n{known},Changed,\n,Fresh,C\n", "upsert", externalIdFieldName="Id")
    assert sorted(row["LastName"] for row in bulk.org.rows("Lead")) == ["Changed", "Fresh"]


def test_delete_fills_the_recycle_bin_and_hard_delete_does_not(bulk: Bulk) -> None:
    binned, gone = bulk.org.lead(), bulk.org.lead()
    assert run(bulk, f"Id\n{binned}\n", "delete")["state"] == "JobComplete"
    assert run(bulk, f"Id\n{gone}\n", "hardDelete")["state"] == "JobComplete"
    assert [(row["Id"], row["IsDeleted"]) for row in bulk.org.rows("Lead")] == [(binned, 1)]
    again = run(bulk, f"Id\n{binned}\n{gone}\n", "delete")
    errors = [row[1] for row in rows(result(bulk, again, "failedResults").encode())[1:]]
    assert errors == [
        "ENTITY_IS_DELETED:entity is deleted:--",
        "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
    ]


@pytest.mark.parametrize(
    ("data", "operation", "error"),
    [
        ("LastName,Company,Nope__c\nA,B,C\n", "insert", "InvalidBatch : Field name not found : Nope__c"),
        ("LastName,Nobody.Email\nA,B\n", "insert", "InvalidBatch : Field name not found : Nobody.Email"),
        ("LastName,Owner.Username\nA,B\n", "insert", "InvalidBatch : Field name not found : Owner.Username"),
        ("LastName,Address\nA,B\n", "insert", "InvalidBatch : Field name not found : Address"),
        ("LastName,lastname\nA,B\n", "insert", "InvalidBatch : Field name duplicated : lastname"),
        ("", "insert", "InvalidBatch : Failed to parse CSV. The header row is missing"),
        ("Id,LastName\nA,B\n", "delete", "InvalidBatch : A delete job takes the column Id and no other"),
        (
            "LastName,Company\r\nA,B\r\n",
            "insert",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
    ],
)
def test_a_job_that_cannot_begin_fails_and_leaves_every_row_unprocessed(
    bulk: Bulk, data: str, operation: str, error: str
) -> None:
    info = run(bulk, data, operation)
    assert (info["state"], info["errorMessage"], info["numberRecordsProcessed"]) == ("Failed", error, 0)
    assert bulk.org.rows("Lead") == []
    assert len(rows(result(bulk, info, "successfulResults").encode())) == 1


def test_unprocessed_rows_of_a_failed_job_are_given_back(bulk: Bulk) -> None:
    info = run(bulk, "LastName,Nope\nA,B\nC,D\n")
    assert result(bulk, info, "unprocessedRecords") == 'LastName,Nope\n"A","B"\n"C","D"\n'


@pytest.mark.parametrize(
    ("column", "cell", "error"),
    [
        ("NumberOfEmployees", "many", WRONG_TYPE.format("Employees", "many", "NumberOfEmployees")),
        ("DoNotCall", "perhaps", WRONG_TYPE.format("Do Not Call", "perhaps", "DoNotCall")),
        ("OwnerId", ACCOUNT, f"MALFORMED_ID:Owner ID: id value of incorrect type: {ACCOUNT}:OwnerId --"),
        ("Id", "00Q000000000001AAA", "INVALID_FIELD_FOR_INSERT_UPDATE:cannot specify Id in an insert call:Id --"),
        ("Email", "nobody", "INVALID_EMAIL_ADDRESS:Email: invalid email address: nobody:Email --"),
    ],
)
def test_wrong_values_are_refused_row_by_row(bulk: Bulk, column: str, cell: str, error: str) -> None:
    info = run(bulk, f"LastName,Company,{column}\nA,B,{cell}\nGood,B,\n")
    assert error_of(bulk, info) == error
    assert [row["LastName"] for row in bulk.org.rows("Lead")] == ["Good"]


@pytest.mark.parametrize("word", ["true", "TRUE", "1", "yes"])
def test_booleans_are_words_or_digits(bulk: Bulk, word: str) -> None:
    run(bulk, f"LastName,Company,DoNotCall\nA,B,{word}\n")
    assert bulk.org.rows("Lead")[0]["DoNotCall"] == 1


def test_parents_are_named_by_their_own_keys(bulk: Bulk) -> None:
    contact = bulk.org.create("Contact", LastName="Boss", Ext_Id__c="C1")
    lead = bulk.org.lead(Email="who@rei.example")
    run(bulk, "LastName,ReportsTo.Ext_Id__c\nWorker,C1\n", name="Contact")
    worker = next(row for row in bulk.org.rows("Contact") if row["LastName"] == "Worker")
    assert worker["ReportsToId"] == contact
    run(bulk, "Subject,lead:who.email\nCall,who@rei.example\nLost,nobody@rei.example\n", name="Task")
    (task,) = bulk.org.rows("Task")
    assert (task["Subject"], task["WhoId"]) == ("Call", lead)


@pytest.mark.parametrize(
    ("name", "mark"),
    [("BACKQUOTE", "`"), ("CARET", "^"), ("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("TAB", "\t")],
)
def test_every_delimiter_and_line_ending_both_ways(bulk: Bulk, name: str, mark: str) -> None:
    dialect = {"columnDelimiter": name, "lineEnding": "CRLF"}
    data = f'LastName{mark}Company\r\nA{mark}"B{mark}C"\r\n'
    info = run(bulk, data, **dialect)
    assert info["numberRecordsFailed"] == 0
    assert bulk.org.rows("Lead")[0]["Company"] == f"B{mark}C"
    assert result(bulk, info, "successfulResults").startswith(
        f'"sf__Id"{mark}"sf__Created"{mark}LastName{mark}Company\r\n'
    )
    job = bulk.query("SELECT LastName, Company FROM Lead", **dialect)
    assert content(bulk.page(job["id"])[1]).decode() == f'"LastName"{mark}"Company"\r\n"A"{mark}"B{mark}C"\r\n'


def test_a_row_that_is_no_csv_fails_alone(bulk: Bulk) -> None:
    info = run(bulk, 'LastName,Company\nA,"x" \nB,y\nC,y,z\nD,"two\nlines"\n')
    assert [row["LastName"] for row in bulk.org.rows("Lead")] == ["B", "D"]
    assert info["numberRecordsFailed"] == 2
    assert error_of(bulk, info).startswith("INVALID_CSV_ROW:Failed to parse CSV.")


def test_data_is_taken_once_and_only_while_the_job_is_open(bulk: Bulk) -> None:
    job = opened(bulk)
    assert bulk.send("PUT", f"ingest/{job}/batches", b"LastName,Company\nA,B\n").status == 201
    second = bulk.ask("PUT", f"ingest/{job}/batches", "again")
    assert second[0] == 400
    assert second[1][0]["message"].startswith("Found multiple contents for job")
    bulk.ask("PATCH", f"ingest/{job}", {"state": "UploadComplete"})
    bulk.wait("ingest", job)
    assert bulk.ask("PUT", f"ingest/{job}/batches", "late")[1][0]["errorCode"] == "INVALIDJOBSTATE"
    assert bulk.ask("PATCH", f"ingest/{job}", {"state": "UploadComplete"})[0] == 400
    assert [row["LastName"] for row in bulk.org.rows("Lead")] == ["A"]


def test_nothing_happens_until_the_upload_is_said_to_be_complete(bulk: Bulk) -> None:
    job = opened(bulk)
    bulk.send("PUT", f"ingest/{job}/batches", b"LastName,Company\nA,B\n")
    assert bulk.ask("GET", f"ingest/{job}")[1]["state"] == "Open"
    assert bulk.org.rows("Lead") == []
    _, info = bulk.ask("PATCH", f"ingest/{job}", {"state": "Aborted"})
    assert info["state"] == "Aborted"
    assert result(bulk, job, "unprocessedrecords") == 'LastName,Company\n"A","B"\n'
    assert bulk.org.rows("Lead") == []


def test_job_and_data_in_one_request_of_two_parts(bulk: Bulk) -> None:
    body = (
        '--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n'
        '{"object":"Lead","contentType":"CSV","operation":"insert"}\r\n'
        '--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n\r\n'
        'LastName,Company\n山田,"株式会社\n例"\n\r\n--B--\r\n'
    )
    response = bulk.send("POST", "ingest", body.encode(), {"content-type": 'multipart/form-data; boundary="B"'})
    info = json.loads(content(response))
    assert (response.status, info["state"]) == (200, "UploadComplete")
    assert bulk.wait("ingest", info["id"])["numberRecordsProcessed"] == 1
    assert bulk.org.rows("Lead")[0]["Company"] == "株式会社\n例"


def test_a_job_runs_assignment_rules_only_when_it_names_one(tmp_path: Path) -> None:
    with bulk_org(tmp_path, lead_assignment_rule=True) as bulk:
        run(bulk, f"LastName,Company,OwnerId\nPlain,B,{REP}\n")
        run(bulk, f"LastName,Company,OwnerId\nRuled,B,{REP}\n", assignmentRuleId="01Q000000000001AAA")
        owners = {row["LastName"]: row["OwnerId"] for row in bulk.org.rows("Lead")}
    assert owners["Plain"] == REP
    assert owners["Ruled"] != REP


def test_many_rows_are_done_in_chunks_with_one_stamp_each(bulk: Bulk) -> None:
    data = "LastName,Company\n" + "".join(f"L{number},C\n" for number in range(1001))
    info = run(bulk, data)
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (1001, 0)
    assert len(bulk.org.rows("Lead")) == 1001
    assert len(rows(result(bulk, info, "successfulResults").encode())) == 1002
