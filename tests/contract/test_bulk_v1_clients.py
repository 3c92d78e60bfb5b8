"""Bulk API 1.0 through simple-salesforce, unmodified, and by hand in CSV and XML: the world holds what was sent."""

from __future__ import annotations

import csv
import io
import time
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests
import simple_salesforce

from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.requirement("SY-1", "WB-1", "WB-8")

NAMESPACE = "{http://www.force.com/2009/06/asyncapi/dataload}"


@pytest.fixture
def simple(
    sandbox: SandboxProcess, https_session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> simple_salesforce.Salesforce:
    # It waits five seconds between two questions, and offers no way to say otherwise.
    real = time.sleep
    monkeypatch.setattr("simple_salesforce.bulk.sleep", lambda seconds: real(min(seconds, 0.02)))
    return simple_salesforce.Salesforce(instance=sandbox.my_domain, session_id=sandbox.token(), session=https_session)


class Hand:
    """Calls by hand, in the words of older clients."""

    def __init__(self, sandbox: SandboxProcess, kind: str) -> None:
        self.base = f"{sandbox.url}/services/async/61.0"
        self.headers = {"X-SFDC-Session": sandbox.token(), "Content-Type": kind}

    def post(self, path: str, body: str, kind: str | None = None) -> ET.Element:
        headers = self.headers | ({"Content-Type": kind} if kind else {})
        response = requests.post(f"{self.base}/{path}", data=body.encode(), headers=headers, timeout=20)
        assert response.status_code in {200, 201}, response.text
        return parsed(response)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.base}/{path}", headers=self.headers, timeout=20)

    def job(self, **words: str) -> str:
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in words.items())
        info = self.post(
            "job",
            f'<?xml version="1.0"?><jobInfo xmlns="{NAMESPACE[1:-1]}">{inner}</jobInfo>',
            "application/xml; charset=UTF-8",
        )
        return text(info, "id")

    def batch(self, job: str, body: str, state: str = "Completed") -> str:
        """The id of a batch that has ended in a state."""
        batch = text(self.post(f"job/{job}/batch", body), "id")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            info = parsed(self.get(f"job/{job}/batch/{batch}"))
            if text(info, "state") not in {"Queued", "InProgress"}:
                assert text(info, "state") == state, ET.tostring(info)
                return batch
            time.sleep(0.01)
        raise AssertionError(f"batch {batch} did not end")


def parsed(response: requests.Response) -> ET.Element:
    return ET.fromstring(response.content)  # noqa: S314 - our own sandbox wrote it


def text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{NAMESPACE}{name}") or ""


def named(sandbox: SandboxProcess, start: str) -> dict[str, dict[str, Any]]:
    return {str(row["Ext_Id__c"]): row for row in sandbox.truth("Lead") if str(row["Ext_Id__c"]).startswith(start)}


def test_simple_salesforce_reads_with_types_and_parents(
    sandbox: SandboxProcess, simple: simple_salesforce.Salesforce
) -> None:
    query = "SELECT Id, Name, IsConverted, CreatedDate, NumberOfEmployees, Owner.Name FROM Lead"
    found = simple.bulk.Lead.query(query)
    truth = {str(row["Id"]): row for row in sandbox.truth("Lead") if not row["IsDeleted"]}
    assert len(found) == len(truth)
    for row in found:
        expected = truth[row["Id"]]
        created = datetime.fromtimestamp(row["CreatedDate"] / 1000, UTC)
        assert row["attributes"] == {"type": "Lead"}
        assert row["IsConverted"] is expected["IsConverted"]
        assert row["NumberOfEmployees"] == expected["NumberOfEmployees"]
        assert created == datetime.fromisoformat(str(expected["CreatedDate"]))
        assert row["Owner"]["Name"]
    everything = simple.bulk.Lead.query_all("SELECT Id FROM Lead")
    assert len(everything) == len(sandbox.truth("Lead"))
    assert simple.bulk.Lead.query("SELECT Id FROM Lead WHERE Name = 'nobody at all'") == []


def test_simple_salesforce_writes_in_order_and_is_told_of_each_row(
    sandbox: SandboxProcess, simple: simple_salesforce.Salesforce
) -> None:
    rows: list[dict[str, Any]] = [
        {"LastName": f"束{number}", "Company": "バルク株式会社", "Ext_Id__c": f"V1-{number}"} for number in range(5)
    ]
    done = simple.bulk.Lead.insert([*rows[:3], {"LastName": None, "Company": "C"}, *rows[3:]], batch_size=2)
    assert [row["success"] for row in done] == [True, True, True, False, True, True]
    (error,) = done[3]["errors"]
    assert (error["statusCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", ["LastName"])
    again = simple.bulk.Lead.upsert(
        [{**rows[0], "Title": "部長"}, {**rows[1], "Ext_Id__c": "V1-9"}], external_id_field="Ext_Id__c"
    )
    assert [row["created"] for row in again] == [False, True]
    made = named(sandbox, "V1-")
    assert (made["V1-0"]["Title"], len(made)) == ("部長", 6)
    simple.bulk.Lead.update([{"Id": made["V1-0"]["Id"], "Title": None}])
    simple.bulk.Lead.delete([{"Id": made[f"V1-{number}"]["Id"]} for number in (1, 2)])
    simple.bulk.Lead.hard_delete([{"Id": made["V1-3"]["Id"]}])
    left = named(sandbox, "V1-")
    assert left["V1-0"]["Title"] is None
    assert [left[name]["IsDeleted"] for name in ("V1-1", "V1-2", "V1-4")] == [True, True, False]
    assert "V1-3" not in left


def test_simple_salesforce_is_told_why_a_query_failed(simple: simple_salesforce.Salesforce) -> None:
    with pytest.raises(simple_salesforce.exceptions.SalesforceGeneralError, match="No such column 'Nope__c'"):
        list(simple.bulk.Lead.query("SELECT Nope__c FROM Lead"))


def test_csv_and_xml_by_hand(sandbox: SandboxProcess) -> None:
    hand = Hand(sandbox, "text/csv; charset=UTF-8")
    job = hand.job(operation="insert", object="Lead", contentType="CSV")
    lines = '"LastName","Company","Ext_Id__c","DoNotCall"\r\n"手, 動","C","V1H-1","true"\r\n"","C","V1H-2",""\r\n'
    batch = hand.batch(job, lines)
    results = list(csv.DictReader(io.StringIO(hand.get(f"job/{job}/batch/{batch}/result").text)))
    assert [(row["Success"], row["Created"], row["Error"].partition(":")[0]) for row in results] == [
        ("true", "true", ""),
        ("false", "false", "REQUIRED_FIELD_MISSING"),
    ]
    assert named(sandbox, "V1H-")["V1H-1"]["DoNotCall"] is True
    xml = Hand(sandbox, "application/xml; charset=UTF-8")
    job = xml.job(operation="update", object="Lead", contentType="XML", concurrencyMode="Serial")
    rows = (
        f"<sObject><Id>{results[0]['Id']}</Id><LastName>&lt;変&gt;</LastName>"
        '<DoNotCall>false</DoNotCall><Title xsi:nil="true"/></sObject>'
    )
    schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    batch = xml.batch(job, f'<sObjects xmlns="{NAMESPACE[1:-1]}" {schema}>{rows}</sObjects>')
    result = parsed(xml.get(f"job/{job}/batch/{batch}/result"))
    assert [text(entry, "success") for entry in result] == ["true"]
    changed = named(sandbox, "V1H-")["V1H-1"]
    assert (changed["LastName"], changed["DoNotCall"]) == ("<変>", False)
    closed = xml.post(f"job/{job}", f'<jobInfo xmlns="{NAMESPACE[1:-1]}"><state>Closed</state></jobInfo>')
    assert (text(closed, "state"), text(closed, "numberRecordsProcessed")) == ("Closed", "1")


def test_a_query_in_csv_by_hand_gives_the_rows_of_the_world(sandbox: SandboxProcess) -> None:
    hand = Hand(sandbox, "text/csv")
    job = hand.job(operation="queryAll", object="Contact", contentType="CSV")
    batch = hand.batch(job, "SELECT Id, LastName, Account.Name FROM Contact")
    listed = parsed(hand.get(f"job/{job}/batch/{batch}/result"))
    found = [
        row
        for entry in listed
        for row in csv.DictReader(
            io.StringIO(hand.get(f"job/{job}/batch/{batch}/result/{entry.text}").content.decode(), newline="")
        )
    ]
    assert {row["Id"] for row in found} == {row["Id"] for row in sandbox.truth("Contact")}
    assert list(found[0]) == ["Id", "LastName", "Account.Name"]


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("job/750000000000001", {"X-SFDC-Session": "00Dxx!dead"}, "InvalidSessionId"),
        ("job/750000000000001", {}, "InvalidJob"),
    ],
)
def test_refusals_are_400_in_their_own_form(
    sandbox: SandboxProcess, path: str, headers: dict[str, str], code: str
) -> None:
    said = {"X-SFDC-Session": sandbox.token(), "Accept": "application/json"} | headers
    response = requests.get(f"{sandbox.url}/services/async/61.0/{path}", headers=said, timeout=20)
    assert (response.status_code, response.json()["exceptionCode"]) == (400, code)


def test_what_cannot_be_worked_on_fails_as_a_batch_or_is_refused(sandbox: SandboxProcess) -> None:
    hand = Hand(sandbox, "text/csv")
    job = hand.job(operation="insert", object="Lead", contentType="CSV")
    batch = hand.batch(job, "LastName,Nope__c\nA,B\n", "Failed")
    info = parsed(hand.get(f"job/{job}/batch/{batch}"))
    assert text(info, "stateMessage") == "InvalidBatch : Field name not found : Nope__c"
    many = "LastName,Company\n" + "A,B\n" * 10_001
    hand.batch(job, many, "Failed")
    hand.post(f"job/{job}", f'<jobInfo xmlns="{NAMESPACE[1:-1]}"><state>Aborted</state></jobInfo>', "application/xml")
    late = requests.post(f"{hand.base}/job/{job}/batch", data="LastName\nA\n", headers=hand.headers, timeout=20)
    assert (late.status_code, "InvalidJobState" in late.text) == (400, True)
    assert not [row for row in sandbox.truth("Lead") if row["LastName"] == "A"]


def test_an_expired_session_is_400_here(sandbox: SandboxProcess) -> None:
    hand = Hand(sandbox, "text/csv")
    faults = {"faults": [{"kind": "session_expired", "nth": 1, "path": "/services/async/*"}]}
    requests.put(f"{sandbox.url}/_sandbox/faults", json=faults, timeout=20).raise_for_status()
    response = hand.get("job/750000000000001")
    requests.delete(f"{sandbox.url}/_sandbox/faults", timeout=20).raise_for_status()
    assert (response.status_code, text(parsed(response), "exceptionCode")) == (400, "InvalidSessionId")
