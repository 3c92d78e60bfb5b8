"""Bulk API 2.0 through simple-salesforce and aiosalesforce, both unmodified: what they do is what the world holds."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiosalesforce
import httpx
import pytest
import requests
import simple_salesforce
from aiosalesforce.auth import ClientCredentialsFlow
from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding, Operation

from tests.contract.host_mapping import MappedTransport
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.requirement("SY-1", "WB-1", "WB-8")

_NO_WAIT = 0


@pytest.fixture
def simple(sandbox: SandboxProcess, https_session: requests.Session) -> simple_salesforce.Salesforce:
    return simple_salesforce.Salesforce(instance=sandbox.my_domain, session_id=sandbox.token(), session=https_session)


@pytest.fixture
def quick_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiosalesforce waits five seconds between two questions, and cannot be told otherwise from outside."""
    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds, *more: real(min(seconds, 0.02), *more))


def run_async(sandbox: SandboxProcess, work: Callable[[aiosalesforce.Salesforce], Awaitable[Any]]) -> Any:
    """What `work` gives with a client that is logged in."""

    async def within() -> Any:
        login = ClientCredentialsFlow(sandbox.client_id, sandbox.client_secret)
        async with httpx.AsyncClient(transport=MappedTransport(sandbox.url), trust_env=False) as connection:
            client = aiosalesforce.Salesforce(connection, f"https://{sandbox.my_domain}", login, version="62.0")
            return await work(client)

    return asyncio.run(within())


def live(sandbox: SandboxProcess) -> list[dict[str, object]]:
    return [row for row in sandbox.truth("Lead") if not row["IsDeleted"]]


def parsed(pages: Iterator[str]) -> list[dict[str, str]]:
    return [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]


@pytest.mark.parametrize("page", [7, 50_000])
def test_simple_salesforce_reads_every_live_lead(
    sandbox: SandboxProcess, simple: simple_salesforce.Salesforce, page: int
) -> None:
    query = "SELECT Id, Name, IsConverted, CreatedDate, Description FROM Lead"
    found = parsed(simple.bulk2.Lead.query(query, max_records=page, wait=_NO_WAIT))
    truth = {str(row["Id"]): row for row in live(sandbox)}
    assert len(found) == len(truth)
    for row in found:
        expected = truth[row["Id"]]
        assert row["Name"] == expected["Name"]
        assert row["IsConverted"] == str(expected["IsConverted"]).lower()
        assert row["CreatedDate"] == expected["CreatedDate"]
        assert row["Description"] == (expected["Description"] or "")


def test_simple_salesforce_reads_deleted_ones_and_other_dialects(
    sandbox: SandboxProcess, simple: simple_salesforce.Salesforce
) -> None:
    pages = simple.bulk2.Lead.query_all(
        "SELECT Id, IsDeleted FROM Lead",
        column_delimiter=ColumnDelimiter.PIPE,
        line_ending=LineEnding.CRLF,
        wait=_NO_WAIT,
    )
    (page,) = pages
    assert page.startswith('"Id"|"IsDeleted"\r\n')
    assert page.count("\r\n") == 1 + len(sandbox.truth("Lead"))


def test_simple_salesforce_downloads_to_files(simple: simple_salesforce.Salesforce, tmp_path: Path) -> None:
    parts = simple.bulk2.Contact.download("SELECT Id FROM Contact", str(tmp_path), max_records=5, wait=_NO_WAIT)
    total = simple.query("SELECT COUNT() FROM Contact")["totalSize"]
    lines = [len(Path(part["file"]).read_text().splitlines()) - 1 for part in parts]
    assert lines == [part["number_of_records"] for part in parts]
    assert sum(lines) == total


def test_simple_salesforce_writes_and_is_told_of_each_row(
    sandbox: SandboxProcess, simple: simple_salesforce.Salesforce
) -> None:
    rows = [
        {"LastName": f"束{number}", "Company": "バルク株式会社", "Ext_Id__c": f"SB-{number}"} for number in range(5)
    ]
    (done,) = simple.bulk2.Lead.insert(
        records=[*rows, {"LastName": "", "Company": "", "Ext_Id__c": "SB-9"}], wait=_NO_WAIT
    )
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (6, 1)
    results = simple.bulk2.Lead.get_all_ingest_records(done["job_id"])
    assert {row["Ext_Id__c"] for row in results["successfulRecords"]} == {row["Ext_Id__c"] for row in rows}
    (failed,) = results["failedRecords"]
    error = "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName, Company]:LastName Company --"
    assert (failed["sf__Id"], failed["sf__Error"]) == ("", error)
    made = {str(row["Ext_Id__c"]): row for row in live(sandbox) if str(row["Ext_Id__c"]).startswith("SB-")}
    assert made["SB-3"]["LastName"] == "束3"
    upserted = [{"Ext_Id__c": "SB-3", "LastName": "変"}, {"Ext_Id__c": "SB-6", "LastName": "新"}]
    (again,) = simple.bulk2.Lead.upsert(
        records=[{**row, "Company": "C"} for row in upserted], external_id_field="Ext_Id__c", wait=_NO_WAIT
    )
    assert again["numberRecordsFailed"] == 0
    ids = [{"Id": str(row["Id"])} for row in live(sandbox) if str(row["Ext_Id__c"]).startswith("SB-")]
    assert len(ids) == 6
    simple.bulk2.Lead.delete(records=ids[:3], wait=_NO_WAIT)
    simple.bulk2.Lead.hard_delete(records=ids[3:], wait=_NO_WAIT)
    left = [row["IsDeleted"] for row in sandbox.truth("Lead") if str(row["Ext_Id__c"]).startswith("SB-")]
    assert left == [True] * 3


def test_simple_salesforce_aborts_a_job(simple: simple_salesforce.Salesforce) -> None:
    client = simple.bulk2.Lead._client
    job = client.create_job(Operation.insert)
    assert client.abort_job(job["id"], is_query=False)["state"] == "Aborted"
    assert client.get_job(job["id"], is_query=False)["state"] == "Aborted"


def test_simple_salesforce_is_told_why_a_job_failed(simple: simple_salesforce.Salesforce) -> None:
    with pytest.raises(Exception, match="Field name not found : Nope__c"):
        simple.bulk2.Lead.insert(records=[{"Nope__c": "x"}], wait=_NO_WAIT)


@pytest.mark.usefixtures("quick_sleep")
def test_aiosalesforce_inserts_updates_and_deletes(sandbox: SandboxProcess) -> None:
    async def work(client: aiosalesforce.Salesforce) -> None:
        rows = [{"LastName": f"非{number}", "Company": "A", "DoNotCall": True} for number in range(3)]
        made = await client.bulk_v2.insert("Lead", [*rows, {"LastName": "半", "Company": None, "DoNotCall": False}])
        assert [row["sf__Created"] for row in made.successful_results] == ["true"] * 3
        assert [row["sf__Error"].partition(":")[0] for row in made.failed_results] == ["REQUIRED_FIELD_MISSING"]
        assert made.unprocessed_records == []
        assert {job.state for job in made.jobs} == {"JobComplete"}
        ids = [row["sf__Id"] for row in made.successful_results]
        await client.bulk_v2.update("Lead", [{"Id": ids[0], "Title": "#N/A", "City": "京都"}])
        await client.bulk_v2.delete("Lead", [{"Id": ids[1]}])
        await client.bulk_v2.delete("Lead", [{"Id": ids[2]}], hard=True)
        truth = {str(row["Id"]): row for row in sandbox.truth("Lead")}
        assert (truth[ids[0]]["City"], truth[ids[0]]["DoNotCall"]) == ("京都", True)
        assert truth[ids[1]]["IsDeleted"] is True
        assert ids[2] not in truth

    run_async(sandbox, work)


@pytest.mark.usefixtures("quick_sleep")
def test_aiosalesforce_names_parents_by_their_keys_and_lists_its_jobs(sandbox: SandboxProcess) -> None:
    async def work(client: aiosalesforce.Salesforce) -> None:
        boss = await client.sobject.create("Contact", {"LastName": "長", "Ext_Id__c": "AIO-BOSS"})
        rows = [{"LastName": "員", "Ext_Id__c": "AIO-STAFF", "ReportsTo": {"Ext_Id__c": "AIO-BOSS"}}]
        made = await client.bulk_v2.upsert("Contact", rows, "Ext_Id__c")
        assert [row["sf__Created"] for row in made.successful_results] == ["true"]
        truth = {row["Ext_Id__c"]: row for row in sandbox.truth("Contact")}
        assert truth["AIO-STAFF"]["ReportsToId"] == boss
        listed = [job.id async for job in client.bulk_v2.ingest.list_jobs()]
        assert made.jobs[0].id in listed
        await client.bulk_v2.ingest.delete_job(made.jobs[0].id)
        assert made.jobs[0].id not in [job.id async for job in client.bulk_v2.ingest.list_jobs()]

    run_async(sandbox, work)
