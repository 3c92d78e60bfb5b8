"""The connector's Salesforce reader and writer over the wire: what they leave in the org, and what they bring back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.errors import StopError
from connector.http.retry import Retry
from connector.http.session import RemoteSession, open_session
from connector.salesforce import SalesforceReader, SalesforceWriter, connect
from tests.contract.remote_access import settings_of
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.requirement("SY-1", "WB-1", "WB-3", "WB-5")

Faces = tuple[SalesforceReader, SalesforceWriter, RemoteSession]


@pytest.fixture
def org(sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Faces]:
    settings = settings_of(sandbox, tmp_path)
    with open_session(settings) as session:
        yield *connect(settings, session, Retry(lambda _seconds: None)), session


def new_leads(writer: SalesforceWriter, names: list[str]) -> list[str]:
    rows = [
        {"LastName": name, "Company": "Contract 株式会社", "Email": f"{n}@lead.example"} for n, name in enumerate(names)
    ]
    results = writer.create("Lead", rows)
    assert all(result.success for result in results)
    return [str(result.id) for result in results]


def lead(reader: SalesforceReader, lead_id: str, *fields: str) -> dict[str, object]:
    return reader.query(f"SELECT {', '.join(fields)} FROM Lead WHERE Id = '{lead_id}'")[0]


def test_the_org_tells_who_it_is_and_what_time_it_is(org: Faces) -> None:
    reader, _writer, session = org
    organization = reader.organization()
    assert organization.id.startswith("00D")
    assert organization.time_zone == "Asia/Tokyo"
    assert 1 <= organization.fiscal_year_start_month <= 12
    first, second = reader.server_time(), reader.server_time()
    assert timedelta(0) <= second - first < timedelta(minutes=1)
    assert session.budget.calls == {"salesforce": 1}
    assert session.budget.usage() is not None


def test_every_row_lands_as_the_world_has_it(org: Faces, sandbox: SandboxProcess, tmp_path: Path) -> None:
    reader, _writer, _session = org
    truth = {str(row["Id"]): row for row in sandbox.truth("Lead")}
    pages = list(reader.query_pages("SELECT Id, Email, Company, IsDeleted FROM Lead", tmp_path / "p", deleted=True))
    rows = [row for page in pages for row in json.loads(page.path.read_bytes())["records"]]
    assert len(rows) == pages[0].total == len(truth)
    assert pages[-1].last
    for row in rows:
        expected = truth[row["Id"]]
        assert (row["Email"], row["Company"], row["IsDeleted"]) == (
            expected["Email"],
            expected["Company"],
            bool(expected["IsDeleted"]),
        )
    assert reader.count("Lead") == sum(not row["IsDeleted"] for row in rows)


def test_several_pages_follow_one_another(org: Faces, tmp_path: Path) -> None:
    reader, writer, _session = org
    new_leads(writer, [f"Page {n}" for n in range(2100)])
    soql = "SELECT Id FROM Lead WHERE Company = 'Contract 株式会社' ORDER BY Id"
    pages = list(reader.query_pages(soql, tmp_path / "p", deleted=False))
    ids = [row["Id"] for page in pages for row in json.loads(page.path.read_bytes())["records"]]
    assert len(pages) >= 2
    assert len(ids) == len(set(ids)) == pages[0].total == pages[1].total
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert reader.query(soql) == [{"Id": row_id} for row_id in ids]


def test_a_description(org: Faces) -> None:
    reader, _writer, _session = org
    found = reader.describe("Task")
    key = found.fields["Connector_Key__c"]
    assert (key.external_id, key.unique, key.length, key.createable) == (True, True, 120, True)
    assert not reader.describe("Lead").fields["IsConverted"].updateable
    assert "Nurturing" in reader.describe("Lead").fields["Status"].values
    with pytest.raises(StopError) as caught:
        reader.describe("Nope")
    assert caught.value.code == "NOT_FOUND"


def test_a_refused_question_has_its_code(org: Faces) -> None:
    reader, _writer, _session = org
    with pytest.raises(StopError, match="No such column 'Nope'") as caught:
        reader.query("SELECT Nope FROM Lead")
    assert caught.value.code == "INVALID_FIELD"


def test_limits(org: Faces) -> None:
    reader, _writer, _session = org
    daily = reader.limits()["DailyApiRequests"]
    assert 0 < daily.remaining < daily.allowed


def test_an_update_changes_the_good_rows_and_tells_of_the_bad_one(org: Faces) -> None:
    reader, writer, _session = org
    first, second = new_leads(writer, ["Good", "Bad"])
    at = datetime(2026, 10, 1, 3, 4, 5, tzinfo=UTC)
    results = writer.update(
        "Lead",
        [
            {"Id": first, "Connector_Score__c": 72, "Connector_Scored_At__c": at, "Email": None},
            {"Id": second, "Connector_Grade__c": "much too long for it"},
        ],
    )
    assert [(result.success, result.error_code) for result in results] == [(True, None), (False, "STRING_TOO_LONG")]
    assert results[1].fields == ("Connector_Grade__c",)
    assert lead(reader, first, "Connector_Score__c", "Connector_Scored_At__c", "Email") == {
        "Connector_Score__c": 72,
        "Connector_Scored_At__c": "2026-10-01T03:04:05.000+0000",
        "Email": None,
    }


def test_a_record_that_moved_is_left_alone(org: Faces) -> None:
    reader, writer, _session = org
    quiet, moved = new_leads(writer, ["Quiet", "Moved"])
    stamp = datetime.fromisoformat(str(lead(reader, quiet, "LastModifiedDate")["LastModifiedDate"]))
    results = writer.update_unmodified(
        "Lead",
        [
            (quiet, {"Status": "Nurturing"}, stamp + timedelta(minutes=1)),
            (moved, {"Status": "Nurturing"}, stamp - timedelta(minutes=1)),
        ],
    )
    assert [(result.success, result.moved) for result in results] == [(True, False), (False, True)]
    assert lead(reader, quiet, "Status") == {"Status": "Nurturing"}
    assert lead(reader, moved, "Status") != {"Status": "Nurturing"}


def test_a_task_is_made_once_however_often_it_is_upserted(org: Faces) -> None:
    reader, writer, _session = org
    key = "org:person:cadence:2026-10-01:1:call"
    row = {"Connector_Key__c": key, "Subject": "Call", "WhoId": new_leads(writer, ["Called"])[0]}
    first = writer.upsert("Task", "Connector_Key__c", [row])
    again = writer.upsert(
        "Task", "Connector_Key__c", [{**row, "Subject": "Call now"}, {**row, "Subject": "Call today"}]
    )
    assert [result.created for result in [*first, *again]] == [True, False, False]
    assert reader.query(f"SELECT Subject FROM Task WHERE Connector_Key__c = '{key}'") == [{"Subject": "Call today"}]


def test_two_hundred_long_keys_are_read_back_in_one_question(org: Faces) -> None:
    reader, writer, _session = org
    keys = [f"{'k' * 100}:{n:03d}" for n in range(200)]
    results = writer.upsert("Task", "Connector_Key__c", [{"Connector_Key__c": key, "Subject": "x"} for key in keys])
    assert all(result.created for result in results)
    listed = ", ".join(f"'{key}'" for key in keys)
    soql = f"SELECT Connector_Key__c FROM Task WHERE Connector_Key__c IN ({listed})"
    assert {row["Connector_Key__c"] for row in reader.query(soql, deleted=True)} == set(keys)


def test_deleting(org: Faces) -> None:
    reader, writer, _session = org
    gone = new_leads(writer, ["Gone"])
    results = writer.delete([*gone, "00Q000000000000AAA"])
    assert [result.success for result in results] == [True, False]
    assert reader.query(f"SELECT Id FROM Lead WHERE Id = '{gone[0]}'") == []
    assert reader.query(f"SELECT IsDeleted FROM Lead WHERE Id = '{gone[0]}'", deleted=True) == [{"IsDeleted": True}]
