"""Single records over REST: status codes, addresses, upsert by key, conditional requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.sandbox.ids import record_id
from tests.unit.sandbox.salesforce_org import START, Org, V, new_org

pytestmark = pytest.mark.requirement("SY-1", "WB-1")

STARTED = "Thu, 01 Oct 2026 00:00:00 GMT"
BEFORE = "Wed, 30 Sep 2026 23:59:59 GMT"
MISSING = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
DELETED = [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return new_org(tmp_path)


def test_create_answers_201_with_the_place(org: Org) -> None:
    reply = org.call("POST", "sobjects/lead/", {"LastName": "森", "Company": "Acme"})
    record = reply.body["id"]
    assert reply.status == 201
    assert reply.body == {"id": record, "success": True, "errors": []}
    assert reply.headers["Location"] == f"{V}/sobjects/Lead/{record}"
    assert org.row("Lead", record)["LastName"] == "森"


def test_create_refuses_an_id_and_a_broken_body(org: Org) -> None:
    given = org.call("POST", "sobjects/Lead", {"Id": record_id("00Q", 5), "LastName": "x", "Company": "y"})
    message = "The Id field should not be specified in the sobject data."
    assert (given.status, given.body) == (400, [{"message": message, "errorCode": "INVALID_FIELD"}])
    for body in ("{", "[]", '{"LastName": "\\ud800", "Company": "half a character"}', '{"LastName": "\\ud83d\\ude00"}'):
        broken = org.call("POST", "sobjects/Lead", body)
        expected = "REQUIRED_FIELD_MISSING" if "ude00" in body else "JSON_PARSER_ERROR"
        assert (broken.status, broken.body[0]["errorCode"]) == (400, expected)
    assert org.rows("Lead") == []


def test_read_shows_the_record_as_queries_do(org: Org) -> None:
    lead = org.lead(Email="a@acme.example", AnnualRevenue=1000, City="横浜")
    whole = org.call("GET", f"sobjects/Lead/{lead}")
    assert (whole.status, whole.headers) == (200, {"Last-Modified": "Thu, 1 Oct 2026 00:00:00 GMT"})
    assert whole.body["attributes"] == {"type": "Lead", "url": f"{V}/sobjects/Lead/{lead}"}
    assert whole.body["CreatedDate"] == "2026-10-01T00:00:00.000+0000"
    assert (whole.body["AnnualRevenue"], whole.body["IsDeleted"]) == (1000.0, False)
    assert whole.body["Address"]["city"] == "横浜"
    described = org.call("GET", "sobjects/Lead/describe").body["fields"]
    assert list(whole.body) == ["attributes", *(field["name"] for field in described)]
    some = org.call("GET", f"sobjects/Lead/{lead[:15]}?fields=email,Company")
    assert list(some.body) == ["attributes", "Email", "Company", "Id"]
    bad = org.call("GET", f"sobjects/Lead/{lead}?fields=Nope")
    assert bad.body == [{"message": "No such column 'Nope' on sobject of type Lead", "errorCode": "INVALID_FIELD"}]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_is_not_there_is_404(org: Org, method: str) -> None:
    body = {"Title": "x"} if method == "PATCH" else None
    unknown = org.call(method, f"sobjects/Lead/{record_id('00Q', 99)}", body)
    assert (unknown.status, unknown.body) == (404, MISSING)
    lead = org.lead()
    assert org.call("DELETE", f"sobjects/Lead/{lead}").status == 204
    gone = org.call(method, f"sobjects/Lead/{lead}", body)
    assert (gone.status, gone.body) == (404, DELETED)
    assert org.call(method, f"sobjects/Nothing/{lead}", body).body == MISSING


def test_malformed_ids(org: Org) -> None:
    read = org.call("GET", "sobjects/Lead/nonsense")
    message = "Provided external ID field does not exist or is not accessible: nonsense"
    assert (read.status, read.body) == (404, [{"message": message, "errorCode": "NOT_FOUND"}])
    deleted = org.call("DELETE", "sobjects/Lead/nonsense")
    assert (deleted.status, deleted.body[0]["message"]) == (400, "malformed id nonsense")


def test_upsert_by_key_creates_then_updates(org: Org) -> None:
    path = "sobjects/Lead/Ext_Id__c/a%2Fb%20c"
    created = org.call("PATCH", path, {"LastName": "Mori", "Company": "Acme"})
    record = created.body["id"]
    assert (created.status, created.body["created"]) == (201, True)
    assert created.headers["Location"] == f"{V}/sobjects/Lead/{record}"
    assert org.row("Lead", record)["Ext_Id__c"] == "a/b c"
    updated = org.call("PATCH", path, {"LastName": "Hayashi"})
    assert (updated.status, updated.body) == (200, {"id": record, "success": True, "errors": [], "created": False})
    assert org.row("Lead", record)["LastName"] == "Hayashi"
    old = org.call("PATCH", f"/services/data/v45.0/{path}", {"LastName": "Mori"})
    assert (old.status, old.body) == (204, None)
    assert org.call("GET", path).body["Id"] == record
    assert org.call("DELETE", path).status == 204
    assert org.call("GET", path).body == MISSING


def test_upsert_by_an_address_or_an_id(org: Org) -> None:
    lead = org.lead(Email="a@acme.example")
    assert org.call("PATCH", "sobjects/Lead/Email/A%40acme.example", {"Title": "課長"}).status == 200
    assert org.call("PATCH", f"sobjects/Lead/Id/{lead}", {"Title": "部長"}).status == 200
    assert org.row("Lead", lead)["Title"] == "部長"
    assert org.call("POST", "sobjects/Lead/Id", {"LastName": "x", "Company": "y"}).status == 201
    wrong = org.call("PATCH", "sobjects/Lead/Title/x", {})
    assert (wrong.status, wrong.body[0]["errorCode"]) == (404, "NOT_FOUND")


def test_several_matches_answer_300_with_their_addresses(org: Org) -> None:
    twins = [org.lead(Email="a@acme.example") for _ in range(2)]
    reply = org.call("PATCH", "sobjects/Lead/Email/a@acme.example", {"Title": "x"})
    assert (reply.status, reply.body) == (300, [f"{V}/sobjects/Lead/{twin}" for twin in twins])
    assert [org.row("Lead", twin)["Title"] for twin in twins] == [None, None]


def test_update_only_does_not_create(org: Org) -> None:
    reply = org.call("PATCH", "sobjects/Lead/Ext_Id__c/new?updateOnly=true", {"LastName": "x", "Company": "y"})
    assert (reply.status, org.rows("Lead")) == (404, [])


@pytest.mark.requirement("WB-3")
def test_a_faster_edit_stops_a_conditional_update(org: Org) -> None:
    lead = org.lead()
    assert org.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "a"}, {"if-unmodified-since": STARTED}).status == 204
    org.later(seconds=1)
    edit = {"id": lead, "fields": {"Title": "by a person"}}
    assert org.call("POST", "/_sandbox/edit", edit).status == 200
    late = org.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "b"}, {"if-unmodified-since": STARTED})
    assert (late.status, late.body[0]["errorCode"]) == (412, "PRECONDITION_FAILED")
    assert org.row("Lead", lead)["Title"] == "by a person"
    bad = org.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "b"}, {"if-unmodified-since": "yesterday"})
    assert bad.status == 400


def test_an_unchanged_record_is_304(org: Org) -> None:
    lead, account = org.lead(), org.create("Account", Name="Acme")
    assert org.call("GET", f"sobjects/Lead/{lead}", headers={"if-modified-since": STARTED}).status == 304
    assert org.call("GET", f"sobjects/Lead/{lead}", headers={"if-modified-since": BEFORE}).status == 200
    tag = org.call("GET", f"sobjects/Account/{account}").headers["ETag"]
    assert org.call("GET", f"sobjects/Account/{account}", headers={"if-none-match": tag}).status == 304
    stale = org.call("PATCH", f"sobjects/Account/{account}", {"Name": "B"}, {"if-match": '"other"'})
    assert (stale.status, org.row("Account", account)["Name"]) == (412, "Acme")
    assert org.call("PATCH", f"sobjects/Account/{account}", {"Name": "B"}, {"if-match": tag}).status == 204


def test_a_method_in_the_query_for_clients_without_patch(org: Org) -> None:
    lead = org.lead()
    assert org.call("POST", f"sobjects/Lead/{lead}?_HttpMethod=PATCH", {"Title": "x"}).status == 204
    assert org.row("Lead", lead)["Title"] == "x"
    assert org.call("POST", f"sobjects/Lead/{lead}", {"Title": "y"}).status == 405


def test_pretty_answers(org: Org) -> None:
    assert org.call("GET", "limits", headers={"x-prettyprint": "1"}).body["DailyApiRequests"]["Max"] == 100_000
    assert org.sandbox.clock.now() == START
