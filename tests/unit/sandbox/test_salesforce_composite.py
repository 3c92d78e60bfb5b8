"""Calls within a call: references, rollback, conditional headers, batches, graphs, trees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.ids import record_id
from tests.unit.sandbox.salesforce_org import Org, V, new_org

pytestmark = pytest.mark.requirement("SY-1", "WB-1")

HALTED = [
    {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same transaction failed.",
    }
]
STARTED = {"If-Unmodified-Since": "Thu, 01 Oct 2026 00:00:00 GMT"}


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return new_org(tmp_path)


def part(method: str, path: str, reference: str, body: object = None, **more: object) -> dict[str, Any]:
    return {"method": method, "url": f"{V}/{path}", "referenceId": reference, "body": body, **more}


def composite(org: Org, *parts: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    reply = org.call("POST", "composite", {"allOrNone": all_or_none, "compositeRequest": list(parts)})
    assert reply.status == 200, reply.body
    responses: list[dict[str, Any]] = reply.body["compositeResponse"]
    return responses


@pytest.mark.parametrize("all_or_none", [False, True])
def test_later_calls_use_earlier_answers(org: Org, all_or_none: bool) -> None:
    responses = composite(
        org,
        part("POST", "sobjects/Account", "acc", {"Name": "Acme"}),
        part("POST", "sobjects/Contact", "con", {"LastName": "Mori", "AccountId": "@{acc.id}"}),
        part("GET", "query?q=SELECT Id, Account.Name FROM Contact WHERE Id = '@{con.id}'", "q"),
        part("PATCH", "sobjects/Contact/@{q.records[0].Id}", "p", {"Title": "@{q.records[0].Account.Name} 部長"}),
        all_or_none=all_or_none,
    )
    assert [entry["httpStatusCode"] for entry in responses] == [201, 201, 200, 204]
    account = responses[0]["body"]["id"]
    assert responses[0]["httpHeaders"] == {"Location": f"{V}/sobjects/Account/{account}"}
    assert (responses[3]["body"], responses[3]["httpHeaders"], responses[3]["referenceId"]) == (None, {}, "p")
    contact = org.row("Contact", responses[1]["body"]["id"])
    assert (contact["AccountId"], contact["Title"]) == (account, "Acme 部長")


def test_without_all_or_none_only_dependants_stop(org: Org) -> None:
    responses = composite(
        org,
        part("POST", "sobjects/Account", "bad", {}),
        part("POST", "sobjects/Contact", "dependent", {"LastName": "x", "AccountId": "@{bad.id}"}),
        part("POST", "sobjects/Account", "good", {"Name": "Acme"}),
        part("GET", "nonsense", "lost"),
    )
    assert [entry["httpStatusCode"] for entry in responses] == [400, 400, 201, 404]
    message = "Invalid reference specified. No value for bad.id found in bad"
    assert responses[1]["body"] == [{"errorCode": "PROCESSING_HALTED", "message": message}]
    assert [row["Name"] for row in org.rows("Account")] == ["Acme"]


def test_all_or_none_rolls_everything_back(org: Org) -> None:
    responses = composite(
        org,
        part("POST", "sobjects/Account", "one", {"Name": "Acme"}),
        part("POST", "sobjects/Account", "two", {}),
        part("POST", "sobjects/Account", "three", {"Name": "Globex"}),
        all_or_none=True,
    )
    assert [entry["httpStatusCode"] for entry in responses] == [400, 400, 400]
    assert (responses[0]["body"], responses[2]["body"]) == (HALTED, HALTED)
    assert responses[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert org.rows("Account") == []


def test_a_failed_record_of_a_collection_rolls_the_rest_back(org: Org) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": "B"}, {"attributes": {"type": "Account"}}]
    composite(
        org,
        part("POST", "sobjects/Account", "one", {"Name": "A"}),
        part("POST", "composite/sobjects", "two", {"allOrNone": False, "records": records}),
        all_or_none=True,
    )
    assert org.rows("Account") == []


@pytest.mark.requirement("WB-3")
def test_each_call_has_its_own_condition(org: Org) -> None:
    untouched, edited = org.lead(), org.lead()
    org.later(seconds=1)
    org.call("POST", "/_sandbox/edit", {"id": edited, "fields": {"Status": "Working - Contacted"}})
    responses = composite(
        org,
        *(
            part("PATCH", f"sobjects/Lead/{record}", name, {"Status": "Hot - To Call"}, httpHeaders=STARTED)
            for name, record in (("a", untouched), ("b", edited))
        ),
    )
    assert [entry["httpStatusCode"] for entry in responses] == [204, 412]
    assert org.row("Lead", untouched)["Status"] == "Hot - To Call"
    assert org.row("Lead", edited)["Status"] == "Working - Contacted"


def test_metadata_that_is_known_is_304_in_a_composite_too(org: Org) -> None:
    known = {"If-Modified-Since": "Fri, 02 Oct 2026 00:00:00 GMT"}
    (response,) = composite(org, part("GET", "sobjects", "meta", httpHeaders=known))
    assert (response["httpStatusCode"], response["body"]) == (304, None)
    assert sorted(response["httpHeaders"]) == ["ETag", "Last-Modified"]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "REQUIRED_FIELD_MISSING"),
        ([part("GET", "limits", f"r{n}") for n in range(26)], "LIMIT_EXCEEDED"),
        ([part("GET", "query?q=SELECT Id FROM Lead", f"r{n}") for n in range(6)], "LIMIT_EXCEEDED"),
        ([part("GET", "limits", "same"), part("GET", "limits", "same")], "INVALID_INPUT"),
        ([part("GET", "limits", "not-good")], "INVALID_INPUT"),
        ([part("GET", "limits", "r", httpHeaders={"Authorization": "Bearer x"})], "INVALID_INPUT"),
        ([{"method": "GET", "referenceId": "r"}], "REQUIRED_FIELD_MISSING"),
    ],
)
def test_what_a_composite_refuses_whole(org: Org, parts: list[dict[str, Any]], code: str) -> None:
    reply = org.call("POST", "composite", {"compositeRequest": parts})
    assert (reply.status, reply.body[0]["errorCode"]) == (400, code)


def test_a_batch_counts_each_of_its_calls(org: Org) -> None:
    lead = org.lead()
    calls = [
        {"method": "PATCH", "url": f"v61.0/sobjects/Lead/{lead}", "richInput": {"Title": "x"}},
        {"method": "GET", "url": "v61.0/sobjects/Nothing"},
        {"method": "GET", "url": "v61.0/limits"},
    ]
    reply = org.call("POST", "composite/batch", {"batchRequests": calls})
    assert reply.body["hasErrors"] is True
    assert [entry["statusCode"] for entry in reply.body["results"]] == [204, 404, 200]
    assert reply.body["results"][0]["result"] is None
    assert org.sandbox.usage["salesforce"] == 3
    halted = org.call("POST", "composite/batch", {"haltOnError": True, "batchRequests": calls})
    assert [entry["statusCode"] for entry in halted.body["results"]] == [204, 404, 412]
    assert halted.body["results"][2]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"


def test_each_graph_is_whole_or_nothing(org: Org) -> None:
    graphs = [
        {
            "graphId": name,
            "compositeRequest": [
                part("POST", "sobjects/Account", "a", {"Name": name}),
                part("POST", "sobjects/Contact", "c", {"LastName": last, "AccountId": "@{a.id}"}),
            ],
        }
        for name, last in (("good", "Mori"), ("bad", None))
    ]
    reply = org.call("POST", "composite/graph", {"graphs": graphs})
    assert [(entry["graphId"], entry["isSuccessful"]) for entry in reply.body["graphs"]] == [
        ("good", True),
        ("bad", False),
    ]
    assert reply.body["graphs"][1]["graphResponse"]["compositeResponse"][0]["body"] == HALTED
    assert [row["Name"] for row in org.rows("Account")] == ["good"]


def test_a_tree_plants_parents_before_children(org: Org) -> None:
    contact = {"attributes": {"type": "Contact", "referenceId": "c1"}, "LastName": "Mori"}
    account = {
        "attributes": {"type": "Account", "referenceId": "a1"},
        "Name": "Acme",
        "Contacts": {"records": [contact]},
    }
    reply = org.call("POST", "composite/tree/Account", {"records": [account]})
    assert (reply.status, reply.body["hasErrors"]) == (201, False)
    ids = {entry["referenceId"]: entry["id"] for entry in reply.body["results"]}
    assert org.row("Contact", ids["c1"])["AccountId"] == ids["a1"]
    account["Contacts"] = {"records": [{**contact, "Email": "bad"}]}
    failed = org.call("POST", "composite/tree/Account", {"records": [account]})
    assert (failed.status, failed.body["results"][0]["referenceId"]) == (400, "c1")
    assert failed.body["results"][0]["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"
    assert (len(org.rows("Account")), len(org.rows("Contact"))) == (1, 1)


def test_an_unknown_id_in_a_subrequest(org: Org) -> None:
    (response,) = composite(org, part("GET", f"sobjects/Lead/{record_id('00Q', 9)}", "r"))
    assert (response["httpStatusCode"], response["httpHeaders"]) == (404, {})
