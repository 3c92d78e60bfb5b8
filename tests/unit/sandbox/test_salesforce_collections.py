"""Collections: one result a record in order, partial failures, all or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.ids import record_id
from tests.unit.sandbox.salesforce_org import Org, new_org

pytestmark = pytest.mark.requirement("SY-1", "WB-1")

ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}
LEAD = {"type": "Lead"}
TASK = {"type": "Task"}


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return new_org(tmp_path)


def lead(name: str | None, **fields: Any) -> dict[str, Any]:
    return {"attributes": LEAD, "LastName": name, "Company": "Acme", **fields}


def test_create_keeps_order_over_partial_failures(org: Org) -> None:
    records = [lead("A"), lead(None), {"attributes": {"type": "Account"}, "Name": "X"}, {"LastName": "no type"}]
    reply = org.call("POST", "composite/sobjects", {"allOrNone": False, "records": records})
    assert reply.status == 200
    first, second, third, fourth = reply.body
    assert (first["success"], first["errors"], org.row("Lead", first["id"])["LastName"]) == (True, [], "A")
    assert second == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }
    assert org.row("Account", third["id"])["Name"] == "X"
    assert fourth["errors"][0]["statusCode"] == "JSON_PARSER_ERROR"
    assert len(org.rows("Lead")) == 1


def test_all_or_none_keeps_nothing(org: Org) -> None:
    reply = org.call("POST", "composite/sobjects", {"allOrNone": True, "records": [lead("A"), lead(None), lead("B")]})
    codes = [row["errors"][0]["statusCode"] for row in reply.body]
    assert codes == [ROLLED_BACK["statusCode"], "REQUIRED_FIELD_MISSING", ROLLED_BACK["statusCode"]]
    assert reply.body[0] == {"success": False, "errors": [ROLLED_BACK]}
    assert (reply.status, org.rows("Lead")) == (200, [])


def test_update_by_id(org: Org) -> None:
    one, two = org.lead(), org.lead()
    later = org.later(minutes=5)
    records = [
        {"attributes": LEAD, "id": one, "Connector_Score__c": 70, "Connector_Stage__c": "hot"},
        {"attributes": LEAD, "Connector_Score__c": 70},
        {"attributes": LEAD, "id": record_id("00Q", 99), "Connector_Score__c": 70},
        {"attributes": LEAD, "Id": two[:15], "Connector_Grade__c": "AAA"},
        {"attributes": LEAD, "Id": record_id("003", 1), "Connector_Grade__c": "A"},
    ]
    reply = org.call("PATCH", "composite/sobjects", {"allOrNone": False, "records": records})
    assert reply.body[0] == {"id": one, "success": True, "errors": []}
    assert [row["errors"][0]["statusCode"] for row in reply.body[1:]] == [
        "MISSING_ARGUMENT",
        "INVALID_CROSS_REFERENCE_KEY",
        "STRING_TOO_LONG",
        "MALFORMED_ID",
    ]
    assert reply.body[1]["errors"][0]["message"] == "Id not specified in an update call"
    row = org.row("Lead", one)
    assert (row["Connector_Score__c"], row["SystemModstamp"]) == (70, later)
    assert org.row("Lead", two)["SystemModstamp"] < later


@pytest.mark.requirement("WB-2")
def test_upsert_by_key_creates_each_once(org: Org) -> None:
    person = org.lead()
    records = [{"attributes": TASK, "Connector_Key__c": f"k{n}", "WhoId": person, "Subject": "Call"} for n in range(3)]
    first = org.call("PATCH", "composite/sobjects/Task/Connector_Key__c", {"records": records})
    again = org.call("PATCH", "composite/sobjects/Task/Connector_Key__c", {"records": records})
    assert [row["created"] for row in first.body] == [True] * 3
    assert [row["created"] for row in again.body] == [False] * 3
    assert [row["id"] for row in first.body] == [row["id"] for row in again.body]
    assert [row["Connector_Key__c"] for row in org.rows("Task")] == ["k0", "k1", "k2"]


def test_upsert_refuses_doubles_blanks_and_several_matches(org: Org) -> None:
    twins = [org.lead(Email="a@acme.example") for _ in range(2)]
    records = [
        lead("A", Email="A@acme.example"),
        lead("B", Email="b@acme.example"),
        lead("C", Email="B@acme.example"),
        lead("D"),
        {"attributes": TASK, "Email": "d@acme.example"},
    ]
    reply = org.call("PATCH", "composite/sobjects/Lead/Email", {"records": records})
    errors = [(row["errors"][0]["statusCode"], row["errors"][0]["message"]) for row in reply.body]
    assert errors[:4] == [
        ("DUPLICATE_EXTERNAL_ID", f"Email: more than one record found for external id field: [{', '.join(twins)}]"),
        ("DUPLICATE_VALUE", "Duplicate external id specified: b@acme.example"),
        ("DUPLICATE_VALUE", "Duplicate external id specified: B@acme.example"),
        ("MISSING_ARGUMENT", "Email not specified"),
    ]
    assert errors[4][0] == "INVALID_TYPE"
    assert len(org.rows("Lead")) == 2


def test_upsert_by_id_creates_where_the_id_is_null(org: Org) -> None:
    known = org.lead()
    records = [{"attributes": LEAD, "Id": known, "LastName": "Z"}, lead("New", Id=None)]
    reply = org.call("PATCH", "composite/sobjects/Lead/Id", {"allOrNone": False, "records": records})
    assert [row["created"] for row in reply.body] == [False, True]
    assert [row["LastName"] for row in org.rows("Lead")] == ["Z", "New"]


def test_a_failed_upsert_of_all_or_none_says_created(org: Org) -> None:
    records = [
        {"attributes": TASK, "Connector_Key__c": "k", "WhoId": "x"},
        {"attributes": TASK, "Connector_Key__c": "l"},
    ]
    body = {"allOrNone": True, "records": records}
    reply = org.call("PATCH", "composite/sobjects/Task/Connector_Key__c", body)
    assert [(row["created"], row["errors"][0]["statusCode"]) for row in reply.body] == [
        (True, "MALFORMED_ID"),
        (True, "ALL_OR_NONE_OPERATION_ROLLED_BACK"),
    ]
    assert org.rows("Task") == []


def test_delete_by_ids(org: Org) -> None:
    one, two = org.lead(), org.create("Account", Name="X")
    reply = org.call("DELETE", f"composite/sobjects?ids={one},{two},{one},zzz&allOrNone=false")
    assert reply.body[:2] == [{"id": one, "success": True, "errors": []}, {"id": two, "success": True, "errors": []}]
    assert [row["errors"][0]["statusCode"] for row in reply.body[2:]] == ["ENTITY_IS_DELETED", "MALFORMED_ID"]
    assert (org.row("Lead", one)["IsDeleted"], org.row("Account", two)["IsDeleted"]) == (1, 1)


def test_read_many_has_null_for_what_is_not_there(org: Org) -> None:
    one, gone = org.lead(), org.lead()
    org.call("DELETE", f"sobjects/Lead/{gone}")
    body = {"ids": [gone, one[:15], one], "fields": ["id", "LastName"]}
    reply = org.call("POST", "composite/sobjects/Lead", body)
    assert reply.body[0] is None
    assert [(row["Id"], row["LastName"]) for row in reply.body[1:]] == [(one, "Mori")] * 2
    assert org.call("GET", f"composite/sobjects/Lead?ids={one}&fields=LastName").body[0]["LastName"] == "Mori"


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "REQUIRED_FIELD_MISSING"),
        ([lead("x")] * 201, "EXCEEDED_ID_LIMIT"),
        ([lead("x"), {"attributes": TASK}] * 6, "LIMIT_EXCEEDED"),
    ],
)
def test_limits_of_a_call(org: Org, records: list[dict[str, Any]], code: str) -> None:
    reply = org.call("POST", "composite/sobjects", {"records": records})
    assert (reply.status, reply.body[0]["errorCode"], org.rows("Lead")) == (400, code, [])
