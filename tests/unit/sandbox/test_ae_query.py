"""Queries of Account Engagement's collections: shapes, filters, order, pages."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.engagement_calls import ORIGIN, Unit, new_unit, refusal, value

pytestmark = pytest.mark.requirement("SY-2")

STAMP = "2026-09-01T00:00:{:02d}.000Z"


def prospect(number: int, **fields: Any) -> dict[str, Any]:
    stamps = {"createdAt": STAMP.format(0), "updatedAt": STAMP.format(number % 60)}
    return {"id": number, "email": f"p{number}@example.com", "isDeleted": 0, **stamps, **fields}


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    made = new_unit(tmp_path)
    yield made
    made.sandbox.database.close()


@pytest.fixture
def ten(unit: Unit) -> Unit:
    unit.insert("prospects", [prospect(number) for number in range(1, 11)])
    return unit


def ids(unit: Unit, collection: str = "prospects", **query: str) -> list[int]:
    return [entry["id"] for entry in value(unit.call("GET", collection, fields="id", **query))["values"]]


def all_pages(unit: Unit, collection: str = "prospects", **query: str) -> list[dict[str, Any]]:
    pages = [value(unit.call("GET", collection, **{"fields": "id", **query}))]
    while pages[-1]["nextPageUrl"]:
        pages.append(value(unit.follow(pages[-1]["nextPageUrl"])))
    return pages


def test_a_page_has_the_recorded_shape_and_key_order(unit: Unit) -> None:
    unit.insert(
        "emails",
        [
            {"id": 34277860, "name": "First", "subject": "Later", "clientType": "Web",
             "updatedAt": "2026-05-16T18:27:08.000Z"},
            {"id": 34277861, "name": "Second"},
        ],
    )  # fmt: skip
    fields = "id,name,subject,clientType,prospectId,listEmailId,updatedAt"
    response = unit.call("GET", "emails", fields=fields, limit="1")
    body = value(response)
    assert response.status == 200
    assert list(body) == ["nextPageToken", "nextPageUrl", "values"]
    assert json.dumps(body["values"]) == json.dumps(
        [
            {
                "id": 34277860,
                "clientType": "Web",
                "listEmailId": None,
                "name": "First",
                "prospectId": None,
                "subject": "Later",
                "updatedAt": "2026-05-17T03:27:08+09:00",
            }
        ]
    )
    assert body["nextPageUrl"] == (
        f"{ORIGIN}/api/v5/objects/emails?fields={fields}&nextPageToken={body['nextPageToken']}"
    )


def test_a_token_holds_the_frozen_query_in_the_recorded_shape(ten: Unit) -> None:
    body = value(ten.call("GET", "prospects", fields="id", limit="2"))
    assert json.loads(base64.b64decode(body["nextPageToken"])) == {
        "orderBy": "",
        "filters": [],
        "limit": 2,
        "resumeValue": {"id": 2},
        "page": 2,
        "recCount": 2,
        "expireTime": "2026-10-01T13:00:00+09:00",
        "deleted": None,
    }


def test_custom_fields_come_last(unit: Unit) -> None:
    unit.insert(
        "prospects",
        [prospect(1, firstName="花子", Connector_Tier__c="tier1", Connector_Score__c=65.0, isStarred=1)],
    )
    body = value(unit.call("GET", "prospects", fields="Connector_Tier__c,isStarred,Connector_Score__c,id,firstName"))
    assert list(body["values"][0].items()) == [
        ("id", 1),
        ("firstName", "花子"),
        ("isStarred", True),
        ("Connector_Score__c", 65),
        ("Connector_Tier__c", "tier1"),
    ]


def test_pages_follow_one_another_until_an_empty_one(ten: Unit) -> None:
    pages = all_pages(ten, limit="5")
    assert [[entry["id"] for entry in page["values"]] for page in pages] == [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
        [],
    ]
    assert pages[-1] == {"nextPageToken": None, "nextPageUrl": None, "values": []}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("updatedAt", [3, 1, 4, 2, 5]),
        ("updatedAt ASC", [3, 1, 4, 2, 5]),
        ("updatedAt DESC", [5, 2, 4, 1, 3]),
        ("updatedAt DESC,id ASC", [5, 2, 1, 4, 3]),
        ("lastActivityAt", [2, 4, 1, 5, 3]),
        ("lastActivityAt DESC", [3, 5, 1, 4, 2]),
        ("id DESC", [5, 4, 3, 2, 1]),
    ],
)
@pytest.mark.parametrize("limit", ["1", "2", "3"])
def test_every_order_is_walked_whole_with_ties_and_nulls(
    unit: Unit, order: str, expected: list[int], limit: str
) -> None:
    stamps = {1: 7, 2: 8, 3: 6, 4: 7, 5: 9}
    active = {1: 1, 2: None, 3: 3, 4: None, 5: 1}
    unit.insert(
        "prospects",
        [
            prospect(
                number,
                updatedAt=STAMP.format(stamps[number]),
                lastActivityAt=STAMP.format(active[number]) if active[number] else None,
            )
            for number in stamps
        ],
    )
    pages = all_pages(unit, limit=limit, orderBy=order)
    assert [entry["id"] for page in pages for entry in page["values"]] == expected


def test_a_token_is_resumed_by_key_so_rows_that_move_are_met_again(ten: Unit) -> None:
    first = value(ten.call("GET", "prospects", fields="id", orderBy="updatedAt", limit="5"))
    with ten.sandbox.database.write() as connection:
        connection.execute('UPDATE "prospects" SET "updatedAt" = ? WHERE "id" = 1', (STAMP.format(59),))
    rest = value(ten.follow(first["nextPageUrl"]))
    assert [entry["id"] for entry in rest["values"]] == [6, 7, 8, 9, 10]
    last = value(ten.follow(rest["nextPageUrl"]))
    assert [entry["id"] for entry in last["values"]] == [1]


def test_only_fields_may_accompany_a_token(ten: Unit) -> None:
    token = value(ten.call("GET", "prospects", fields="id", limit="2"))["nextPageToken"]
    again = ten.send(
        "GET",
        "/api/v5/objects/prospects",
        (("fields", "id"), ("nextPageToken", token), ("fields", "id,email")),
    )
    assert value(again)["values"][0] == {"id": 3, "email": "p3@example.com"}
    for name, text in {"limit": "2", "orderBy": "id", "offset": "1", "idGreaterThan": "1"}.items():
        status, code, _ = refusal(ten.call("GET", "prospects", fields="id", nextPageToken=token, **{name: text}))
        assert (status, code) == (400, 51)
    assert refusal(ten.call("GET", "prospects", nextPageToken=token))[1] == 13


def test_tokens_live_four_hours_of_the_worlds_time(ten: Unit) -> None:
    token = value(ten.call("GET", "prospects", fields="id", limit="2"))["nextPageToken"]
    start = ten.sandbox.clock.now()
    ten.sandbox.clock.set(start + timedelta(hours=4))
    assert ten.call("GET", "prospects", fields="id", nextPageToken=token).status == 200
    ten.sandbox.clock.set(start + timedelta(hours=4, seconds=1))
    assert refusal(ten.call("GET", "prospects", fields="id", nextPageToken=token)) == (
        400,
        210,
        "Page token has expired.",
    )


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b'{"orderBy":"","filters":[],"limit":1}').decode(),
        base64.b64encode(
            b'{"orderBy":"","filters":[],"limit":1,"resumeValue":{"id":[1]},"page":2,"recCount":2,'
            b'"expireTime":"2026-10-01T13:00:00+09:00","deleted":null}'
        ).decode(),
    ],
)
def test_what_is_no_token_is_refused(ten: Unit, token: str) -> None:
    assert refusal(ten.call("GET", "prospects", fields="id", nextPageToken=token)) == (
        400,
        211,
        "Page token is invalid.",
    )


def test_a_token_of_another_order_is_refused(ten: Unit) -> None:
    token = value(ten.call("GET", "prospects", fields="id", limit="2", orderBy="updatedAt"))["nextPageToken"]
    ten.insert("visitor_page_views", [{"id": 1, "createdAt": STAMP.format(1)}])
    assert ten.call("GET", "visitor-page-views", fields="id", nextPageToken=token).status == 400


def test_a_chain_stops_at_its_cap_with_a_warning(tmp_path: Path) -> None:
    unit = new_unit(tmp_path, chain_cap=5)
    unit.insert("prospects", [prospect(number) for number in range(1, 11)])
    first = unit.call("GET", "prospects", fields="id", limit="3")
    assert "Pardot-Warning" not in first.headers
    second = unit.follow(value(first)["nextPageUrl"])
    assert value(second) == {"nextPageToken": None, "nextPageUrl": None, "values": [{"id": 4}, {"id": 5}]}
    assert second.headers["Pardot-Warning"] == (
        "203;Record count for nextPageToken sequence has been exceeded. No page token returned."
    )
    unit.sandbox.database.close()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"id": "3"}, [3]),
        ({"idGreaterThan": "8"}, [9, 10]),
        ({"idGreaterThanOrEqualTo": "8", "idLessThan": "10"}, [8, 9]),
        ({"idLessThanOrEqualTo": "1"}, [1]),
        ({"email": "P4@Example.com"}, [4]),
        ({"updatedAt": "2026-09-01T00:00:05+00:00"}, [5]),
        ({"updatedAtAfter": "2026-09-01T00:00:08+00:00"}, [9, 10]),
        ({"updatedAtAfterOrEqualTo": "2026-09-01T09:00:09+09:00"}, [9, 10]),
        ({"updatedAtAfterOrEqualTo": "2026-08-31T12:00:09-12:00"}, [9, 10]),
        ({"updatedAtBefore": "2026-09-01T00:00:02+00:00", "orderBy": "updatedAt"}, [1]),
        ({"updatedAtBeforeOrEqualTo": "2026-09-01T00:00:02+00:00", "idGreaterThan": "1"}, [2]),
        ({"offset": "8"}, [9, 10]),
    ],
)
def test_filters(ten: Unit, query: dict[str, str], expected: list[int]) -> None:
    assert ids(ten, **query) == expected


@pytest.mark.parametrize(
    ("collection", "query", "expected"),
    [
        ("visitor-activities", {"prospectId": "1"}, [1, 3]),
        ("visitor-activities", {"prospectIdGreaterThan": "1"}, [4]),
        ("visitor-activities", {"type": "4"}, [3]),
        ("visitors", {"isIdentified": "true"}, [2]),
        ("emails", {"sentAtAfterOrEqualTo": "2026-09-01T00:00:02+00:00"}, [2]),
    ],
)
def test_filters_of_behaviour(unit: Unit, collection: str, query: dict[str, str], expected: list[int]) -> None:
    unit.insert(
        "visitor_activities",
        [{"id": number, "type": kind, "prospectId": person}
         for number, kind, person in [(1, 2, 1), (2, 2, None), (3, 4, 1), (4, 2, 2)]],
    )  # fmt: skip
    unit.insert("visitors", [{"id": 1, "isIdentified": 0}, {"id": 2, "isIdentified": 1}])
    unit.insert("emails", [{"id": number, "sentAt": STAMP.format(number)} for number in (1, 2)])
    assert ids(unit, collection, **query) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-01T00:00:00Z",
        "2026-09-01T00:00:00.000+00:00",
        "2026-09-01T00:00:00 00:00",
        "2026-09-01T00:00:00+0000",
        "2026-09-01 00:00:00+00:00",
        "2026-09-01",
        "2026-02-30T00:00:00+00:00",
        "",
    ],
)
def test_only_datetimes_with_numeric_offsets_are_taken(ten: Unit, text: str) -> None:
    status, code, message = refusal(ten.call("GET", "prospects", fields="id", updatedAtAfterOrEqualTo=text))
    assert (status, code) == (400, 51)
    assert "Invalid date time value" in message


@pytest.mark.parametrize(
    ("collection", "query", "code", "message"),
    [
        ("prospects", {}, 13, "One or more required parameters are missing: fields"),
        ("prospects", {"fields": " , "}, 13, "One or more required parameters are missing: fields"),
        ("prospects", {"fields": "id,foo"}, 51,
         "Invalid parameter: fields. It contains an invalid or unknown field: foo."),
        ("prospects", {"fields": "id,Email"}, 51,
         "Invalid parameter: fields. It contains an invalid or unknown field: Email."),
        ("prospects", {"fields": "campaign"}, 51,
         "Invalid parameter: fields. It contains an invalid or unknown field: campaign."),
        ("prospects", {"fields": "id", "scoreGreaterThan": "1"}, 51,
         "Invalid parameter: Parameter scoreGreaterThan is invalid."),
        ("visitor-page-views", {"fields": "id", "updatedAtAfterOrEqualTo": "2026-09-01T00:00:00+00:00"}, 51,
         "Invalid parameter: Parameter updatedAtAfterOrEqualTo is invalid."),
        ("forms", {"fields": "id", "createdAtAfter": "2026-09-01T00:00:00+00:00"}, 51,
         "Invalid parameter: Parameter createdAtAfter is invalid."),
        ("visits", {"fields": "id", "deleted": "all"}, 51, "Invalid parameter: Parameter deleted is invalid."),
        ("prospects", {"fields": "id", "deleted": "yes"}, 51,
         "Invalid parameter: deleted. It must be true, false, or all."),
        ("prospects", {"fields": "id", "id": "x"}, 51, "Invalid parameter: id. It must be an integer."),
        ("prospects", {"fields": "id", "limit": "1001"}, 52,
         "Invalid parameter range: limit must be between 1 and 1000."),
        ("prospects", {"fields": "id", "limit": "0"}, 52,
         "Invalid parameter range: limit must be between 1 and 1000."),
        ("prospects", {"fields": "id", "orderBy": "foo"}, 51,
         "Invalid parameter: orderBy. It contains an invalid or unknown field: foo."),
        ("prospects", {"fields": "id", "orderBy": "id SIDEWAYS"}, 51,
         "Invalid parameter: orderBy. It contains an invalid or unknown field: id SIDEWAYS."),
        ("custom-fields", {"fields": "id,valuesPrefill"}, 224, "Invalid fields for request type: valuesPrefill"),
    ],
)  # fmt: skip
def test_a_wrong_query_is_refused_in_the_recorded_words(
    ten: Unit, collection: str, query: dict[str, str], code: int, message: str
) -> None:
    assert refusal(ten.call("GET", collection, **query)) == (400, code, message)


def test_filters_on_more_than_three_fields_are_refused(ten: Unit) -> None:
    moment = "2026-09-01T00:00:00+00:00"
    three = {"id": "1", "email": "p1@example.com", "updatedAtAfter": moment, "updatedAtBefore": moment}
    assert ten.call("GET", "prospects", fields="id", **three).status == 200
    status, code, _ = refusal(ten.call("GET", "prospects", fields="id", createdAtAfter=moment, **three))
    assert (status, code) == (400, 209)


def test_the_recycle_bin_is_shown_when_asked_for(ten: Unit) -> None:
    with ten.sandbox.database.write() as connection:
        connection.execute('UPDATE "prospects" SET "isDeleted" = 1 WHERE "id" IN (2, 3)')
        connection.execute('UPDATE "prospects" SET "isDeleted" = NULL WHERE "id" = 4')
    assert ids(ten) == [1, 4, 5, 6, 7, 8, 9, 10]
    assert ids(ten, deleted="false") == [1, 4, 5, 6, 7, 8, 9, 10]
    assert ids(ten, deleted="true") == [2, 3]
    pages = all_pages(ten, deleted="all", limit="4", fields="id,isDeleted")
    shown = {entry["id"]: entry["isDeleted"] for page in pages for entry in page["values"]}
    assert shown == {number: number in {2, 3} for number in range(1, 11)}


def test_dots_lead_through_up_to_three_objects(unit: Unit) -> None:
    unit.insert("folders", [{"id": 9, "name": "Root"}])
    unit.insert("campaigns", [{"id": 5, "name": "Spring", "folderId": 9}])
    unit.insert("prospects", [prospect(1, campaignId=5), prospect(2)])
    unit.insert("visitor_activities", [{"id": 1, "prospectId": 1}, {"id": 2, "prospectId": 2}, {"id": 3}])
    body = value(
        unit.call(
            "GET",
            "visitor-activities",
            fields="prospect.campaign.folder.name,id,prospect.campaign.name,prospect.email",
        )
    )
    assert body["values"] == [
        {
            "id": 1,
            "prospect": {"campaign": {"folder": {"name": "Root"}, "name": "Spring"}, "email": "p1@example.com"},
        },
        {"id": 2, "prospect": {"campaign": None, "email": "p2@example.com"}},
        {"id": 3, "prospect": None},
    ]
    too_far = "visit.visitor.prospect.campaign.name"
    assert refusal(unit.call("GET", "visitor-activities", fields=f"id,{too_far}"))[1] == 51


def test_limit_defaults_to_200(unit: Unit) -> None:
    unit.insert("prospects", [prospect(number) for number in range(1, 203)])
    assert len(ids(unit)) == 200
    assert len(ids(unit, limit="1000")) == 202


def test_an_incremental_query_by_id_walks_all_rows(ten: Unit) -> None:
    pages = all_pages(ten, updatedAtAfterOrEqualTo="2026-09-01T00:00:04+00:00", limit="3")
    assert [entry["id"] for page in pages for entry in page["values"]] == list(range(4, 11))


def test_the_connectors_own_fields_are_listed(unit: Unit) -> None:
    body = value(unit.call("GET", "custom-fields", fields="fieldId,type"))
    assert body["values"] == [
        {"fieldId": "Connector_Score", "type": "number"},
        {"fieldId": "Connector_Grade", "type": "text"},
        {"fieldId": "Connector_Tier", "type": "text"},
        {"fieldId": "Connector_Stage", "type": "text"},
    ]


def test_an_org_without_the_connectors_fields(tmp_path: Path) -> None:
    unit = new_unit(tmp_path, custom_fields=False)
    assert value(unit.call("GET", "custom-fields", fields="id"))["values"] == []
    assert refusal(unit.call("GET", "prospects", fields="id,Connector_Tier__c"))[1] == 51
    unit.sandbox.database.close()
