"""Single records of Account Engagement: read, written, binned, brought back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.engagement_calls import ORIGIN, Unit, new_unit, refusal, value

pytestmark = pytest.mark.requirement("SY-2")

_OLD = "2026-09-01T00:00:00.000Z"
_NOW = "2026-10-01T00:00:00.000Z"


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    made = new_unit(tmp_path)
    stamps = {"createdAt": _OLD, "updatedAt": _OLD, "isDeleted": 0}
    made.insert("campaigns", [{"id": 7, "name": "Later", **stamps}, {"id": 5, "name": "First", **stamps}])
    made.insert("users", [{"id": 3, "salesforceId": "005Sb0000000002MAA", **stamps}])
    made.insert("lists", [{"id": 11, "name": "Customers", **stamps}])
    made.insert(
        "prospects",
        [
            {"id": 101, "email": "one@example.com", "score": 12, "grade": "B+", "firstName": "One", **stamps},
            {"id": 102, "email": "two@example.com", **stamps},
            {"id": 103, "email": "gone@example.com", **stamps, "isDeleted": 1},
        ],
    )
    yield made
    made.sandbox.database.close()


def test_read_gives_the_asked_fields_and_when_they_changed(unit: Unit) -> None:
    response = unit.call("GET", "prospects/101", fields="grade,score,id,campaign.name")
    assert value(response) == {"id": 101, "campaign": None, "grade": "B+", "score": 12}
    assert response.headers["Last-Modified"] == "Tue, 01 Sep 2026 00:00:00 GMT"


def test_read_answers_304_when_nothing_changed(unit: Unit) -> None:
    for since, status in {
        "Tue, 01 Sep 2026 00:00:00 GMT": 304,
        "Mon, 31 Aug 2026 23:59:59 GMT": 200,
        "nonsense": 200,
    }.items():
        response = unit.call("GET", "prospects/101", headers={"if-modified-since": since}, fields="id")
        assert response.status == status


def test_read_needs_fields(unit: Unit) -> None:
    assert refusal(unit.call("GET", "prospects/101")) == (
        400,
        13,
        "One or more required parameters are missing: fields",
    )


def test_what_is_missing_or_binned_is_not_found(unit: Unit) -> None:
    assert refusal(unit.call("GET", "prospects/9", fields="id")) == (
        404,
        109,
        "The requested record was not found.",
    )
    binned = unit.call("GET", "prospects/103", fields="id")
    assert refusal(binned)[:2] == (404, 109)
    assert binned.headers["Pardot-Warning"] == "201;Record In Recycle Bin"
    assert value(unit.call("GET", "prospects/103", fields="id", deleted="true")) == {"id": 103}


def test_create_gives_defaults_and_a_location(unit: Unit) -> None:
    response = unit.call(
        "POST",
        "prospects",
        {"email": "new@example.com", "firstName": "新", "employees": 30, "optedOut": True, "userId": 3},
        fields="id,email,firstName,score,grade,optedOut,isReviewed,campaignId,employees,createdAt",
    )
    assert response.status == 201
    assert response.headers["Location"] == f"{ORIGIN}/api/v5/objects/prospects/104"
    assert value(response) == {
        "id": 104,
        "campaignId": 5,
        "createdAt": "2026-10-01T09:00:00+09:00",
        "email": "new@example.com",
        "employees": "30",
        "firstName": "新",
        "grade": "D",
        "isReviewed": False,
        "optedOut": True,
        "score": 0,
    }
    row = unit.row("prospects", 104)
    assert (row["salesforceOwnerId"], row["assignedToId"], row["firstAssignedAt"]) == (
        "005Sb0000000002MAA",
        3,
        _NOW,
    )
    assert (row["createdAt"], row["updatedAt"]) == (_NOW, _NOW)


def test_create_without_fields_has_no_content_but_happens(unit: Unit) -> None:
    response = unit.call("POST", "prospects", {"email": "new@example.com"})
    assert (response.status, response.body, response.content_type) == (204, b"", None)
    assert unit.row("prospects", 104)["email"] == "new@example.com"


def test_new_ids_are_above_all_others(unit: Unit) -> None:
    for expected in (104, 105):
        response = unit.call("POST", "prospects", {"email": f"{expected}@example.com"}, fields="id")
        assert value(response) == {"id": expected}
    unit.insert("prospects", [{"id": 500}])
    assert value(unit.call("POST", "prospects", {"email": "x@example.com"}, fields="id")) == {"id": 501}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"firstName": "A"}, 153, "Missing required property in request: email"),
        ({"email": "none"}, 4, "Invalid prospect email address"),
        ({"email": "ONE@example.com"}, 9, "A prospect with the specified email address already exists"),
        ({"email": "a@example.com", "grade": "A"}, 154, "Invalid property in request: grade"),
        ({"email": "a@example.com", "id": 1}, 154, "Invalid property in request: id"),
        ({"email": "a@example.com", "foo": 1}, 154, "Invalid property in request: foo"),
        ({"email": "a@example.com", "score": "many"}, 56, "Invalid number entered for field: score"),
        ({"email": "a@example.com", "score": 1.5}, 56, "Invalid number entered for field: score"),
        ({"email": "a@example.com", "optedOut": "yes"}, 50, "Invalid boolean: optedOut"),
        ({"email": "a@example.com", "campaignId": 99}, 38, "Invalid campaign ID"),
        ({"email": "a@example.com", "userId": 99}, 10, "Invalid user ID"),
        ({"email": "a@example.com", "profileId": 0}, 39, "Invalid profile ID"),
        ({"email": "a@example.com", "prospectAccountId": 1}, 61, "Invalid prospect account id"),
        (
            {"email": "a@example.com", "userId": 3, "salesforceOwnerId": "005Sb0000000002MAA"},
            125,
            "Cannot accept both user_id and crm_owner_fid.",
        ),
        ({"email": "a@example.com", "firstName": ["x"]}, 51, "Invalid parameter: firstName"),
    ],
)
def test_create_refuses_and_writes_nothing(unit: Unit, body: dict[str, Any], code: int, message: str) -> None:
    assert refusal(unit.call("POST", "prospects", body, fields="id")) == (400, code, message)
    assert value(unit.call("GET", "prospects", fields="id", idGreaterThan="103"))["values"] == []


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"{", "application/json", 150),
        (b"[]", "application/json", 150),
        (b"", "application/json", 152),
        (b"{}", "text/plain", 151),
        (b'{"email":"a@example.com"}', "application/json; charset=utf-8", None),
    ],
)
def test_bodies_must_be_json_objects(unit: Unit, body: bytes, content_type: str, code: int | None) -> None:
    response = unit.call("POST", "prospects", body, {"content-type": content_type}, fields="id")
    assert response.status == 201 if code is None else refusal(response)[:2] == (400, code)


def test_wrong_fields_are_refused_before_anything_is_written(unit: Unit) -> None:
    assert refusal(unit.call("POST", "prospects", {"email": "a@example.com"}, fields="foo"))[1] == 51
    assert refusal(unit.call("PATCH", "prospects/101", {"score": 1}, fields="foo"))[1] == 51
    assert unit.row("prospects", 101)["score"] == 12
    assert value(unit.call("GET", "prospects", fields="id", email="a@example.com"))["values"] == []


def test_patch_changes_only_what_it_names(unit: Unit) -> None:
    before = unit.row("prospects", 101)
    response = unit.call(
        "PATCH", "prospects/101", {"score": 65, "Connector_Tier__c": "tier1", "phone": None}, fields="id,score"
    )
    assert (response.status, value(response)) == (200, {"id": 101, "score": 65})
    changed = {"score": 65, "Connector_Tier__c": "tier1", "updatedAt": _NOW, "updatedById": 3}
    assert unit.row("prospects", 101) == {**before, **changed}


def test_patch_without_fields_has_no_content(unit: Unit) -> None:
    response = unit.call("PATCH", "prospects/101", {"score": 1})
    assert (response.status, response.body) == (204, b"")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("prospects/101", {"grade": "A+"}, 400, 154),
        ("prospects/101", {"nonsense": 1}, 400, 154),
        ("prospects/101", {"email": "two@example.com"}, 400, 54),
        ("prospects/101", {"email": None}, 400, 4),
        ("prospects/101", {"score": None}, 400, 56),
        ("prospects/103", {"score": 1}, 400, 219),
        ("prospects/999", {"score": 1}, 404, 109),
    ],
)
def test_patch_refuses_and_changes_nothing(unit: Unit, path: str, body: dict[str, Any], status: int, code: int) -> None:
    before = unit.row("prospects", 101)
    assert refusal(unit.call("PATCH", path, body, fields="id"))[:2] == (status, code)
    assert unit.row("prospects", 101) == before


def test_owner_by_either_name(unit: Unit) -> None:
    unit.call("PATCH", "prospects/101", {"salesforceOwnerId": "005Sb0000000002MAA"})
    row = unit.row("prospects", 101)
    assert (row["userId"], row["assignedToId"]) == (3, 3)
    assert refusal(unit.call("PATCH", "prospects/101", {"salesforceOwnerId": "005xx0000000000AAA"}))[1] == 10


def test_delete_bins_and_undelete_brings_back(unit: Unit) -> None:
    assert unit.call("DELETE", "prospects/101").status == 204
    assert unit.row("prospects", 101)["isDeleted"] == 1
    assert unit.row("prospects", 101)["updatedAt"] == _NOW
    assert refusal(unit.call("DELETE", "prospects/101"))[:2] == (404, 109)
    unit.sandbox.clock.set(unit.sandbox.clock.now() + timedelta(minutes=1))
    assert unit.call("POST", "prospects/do/undelete", {"id": 101}).status == 204
    assert value(unit.call("GET", "prospects/101", fields="id,updatedAt")) == {
        "id": 101,
        "updatedAt": "2026-10-01T09:01:00+09:00",
    }
    assert value(unit.call("POST", "prospects/103/do/undelete", fields="id,isDeleted")) == {
        "id": 103,
        "isDeleted": False,
    }


def test_undelete_refuses(unit: Unit) -> None:
    assert refusal(unit.call("POST", "prospects/do/undelete", {"id": 101}))[:2] == (404, 109)
    assert refusal(unit.call("POST", "prospects/do/undelete", {}))[1] == 207
    assert refusal(unit.call("POST", "prospects/do/undelete", {"id": "103"}))[1] == 206
    assert refusal(unit.call("POST", "prospects/do/undelete", {"id": 103, "x": 1}))[1] == 208
    unit.call("POST", "prospects", {"email": "gone@example.com"})
    assert refusal(unit.call("POST", "prospects/103/do/undelete"))[1] == 9


def upsert(unit: Unit, **body: Any) -> Any:
    return unit.call("POST", "prospects/do/upsertLatestByEmail", body)


def test_upsert_changes_the_prospect_that_was_active_last(unit: Unit) -> None:
    active = {"email": "one@example.com", "isDeleted": 0, "lastActivityAt": _OLD}
    unit.insert("prospects", [{"id": 110, **active}])
    response = upsert(unit, matchEmail="one@example.com", prospect={"score": 40}, fields=["id", "score", "email"])
    assert (response.status, value(response)) == (200, {"id": 110, "email": "one@example.com", "score": 40})


def test_upsert_creates(unit: Unit) -> None:
    response = upsert(unit, matchEmail="new@example.com", prospect={"score": 40}, fields=["id", "email"])
    assert (response.status, value(response)) == (201, {"id": 104, "email": "new@example.com"})
    again = upsert(unit, matchEmail="new@example.com", prospect={"score": 41}, fields=["id"])
    assert (again.status, value(again)) == (200, {"id": 104})
    assert upsert(unit, matchEmail="new@example.com", prospect={}).status == 204


def test_upsert_looks_into_the_recycle_bin_when_told_to(unit: Unit) -> None:
    wanted = {"matchEmail": "gone@example.com", "prospect": {}, "fields": ["id"]}
    assert value(upsert(unit, **wanted, secondaryDeletedSearch=True)) == {"id": 103}
    assert unit.row("prospects", 103)["isDeleted"] == 0


def test_upsert_checks_its_arguments(unit: Unit) -> None:
    assert refusal(upsert(unit, prospect={}))[1] == 207
    assert refusal(upsert(unit, matchEmail="a@example.com"))[1] == 207
    assert refusal(upsert(unit, matchEmail=1, prospect={}))[1] == 206
    assert refusal(upsert(unit, matchEmail="a@example.com", prospect={}, colour="red"))[1] == 208
    assert refusal(upsert(unit, matchEmail="a@example.com", prospect={"grade": "A"}))[1] == 154
    assert refusal(upsert(unit, matchEmail="a@example.com", prospect={}, fields=["foo"]))[1] == 51


def test_memberships(unit: Unit) -> None:
    made = unit.call("POST", "list-memberships", {"listId": 11, "prospectId": 101}, fields="id,optedOut")
    assert (made.status, value(made)) == (201, {"id": 1, "optedOut": False})
    assert made.headers["Location"] == f"{ORIGIN}/api/v5/objects/list-memberships/1"
    assert refusal(unit.call("POST", "list-memberships", {"listId": 11, "prospectId": 101})) == (
        400,
        58,
        "That prospect is already a member of that list. Update the membership instead.",
    )
    assert value(unit.call("PATCH", "list-memberships/1", {"optedOut": True}, fields="optedOut")) == {"optedOut": True}
    assert refusal(unit.call("PATCH", "list-memberships/1", {"listId": 11}))[1] == 154
    assert unit.call("DELETE", "list-memberships/1").status == 204
    assert unit.row("list_memberships", 1)["isDeleted"] == 1
    again = unit.call("POST", "list-memberships", {"listId": 11, "prospectId": 101}, fields="id")
    assert value(again) == {"id": 2}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"listId": 11}, 153),
        ({"prospectId": 101}, 153),
        ({"listId": 12, "prospectId": 101}, 55),
        ({"listId": 11, "prospectId": 103}, 3),
        ({"listId": 11, "prospectId": 101, "isDeleted": True}, 154),
    ],
)
def test_memberships_refuse(unit: Unit, body: dict[str, Any], code: int) -> None:
    assert refusal(unit.call("POST", "list-memberships", body))[:2] == (400, code)


def test_lists(unit: Unit) -> None:
    made = unit.call("POST", "lists", {"name": "VIP", "campaignId": 5}, fields="id,name,isDynamic,isPublic")
    assert value(made) == {"id": 12, "isDynamic": False, "isPublic": False, "name": "VIP"}
    assert value(unit.call("PATCH", "lists/12", {"title": "重要"}, fields="title")) == {"title": "重要"}
    assert refusal(unit.call("POST", "lists", {"title": "none"}))[1] == 153
    assert refusal(unit.call("PATCH", "lists/12", {"isDynamic": True}))[1] == 154
    assert refusal(unit.call("POST", "lists", {"name": "x", "folderId": 1}))[1] == 97
