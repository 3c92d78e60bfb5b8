"""Fields that an administrator makes, changes and takes away while the sandbox runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.faulty_org import FaultyOrg, new_faulty_org

pytestmark = pytest.mark.requirement("AD-2")


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> FaultyOrg:
    folder: Path = tmp_path_factory.mktemp("org")
    return new_faulty_org(folder)


def put(org: FaultyOrg, **wish: Any) -> tuple[int, Any]:
    return org.ask("PUT", "/_sandbox/fields", wish)


def described(org: FaultyOrg, name: str) -> dict[str, Any] | None:
    fields = org.ask("GET", "sobjects/Lead/describe")[1]["fields"]
    return next((one for one in fields if one["name"] == name), None)


def test_a_field_is_made_filled_turned_into_a_formula_and_taken_away(org: FaultyOrg) -> None:
    assert put(org, object="Lead", name="Rank__c", label="ランク", length=3)[0] == 200
    lead = org.lead(Rank__c="A")
    assert org.query("SELECT Rank__c FROM Lead")[0]["Rank__c"] == "A"
    shown = described(org, "Rank__c")
    assert shown is not None
    assert (shown["label"], shown["length"], shown["custom"], shown["calculated"]) == ("ランク", 3, True, False)
    put(org, object="Lead", name="Rank__c", calculated=True)
    status, refused = org.ask("PATCH", f"sobjects/Lead/{lead}", {"Rank__c": "B"})
    assert (status, refused[0]["errorCode"]) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert org.query("SELECT Rank__c FROM Lead")[0]["Rank__c"] == "A"
    assert put(org, object="Lead", name="Rank__c", gone=True)[0] == 200
    assert described(org, "Rank__c") is None
    assert org.ask("GET", "query?q=SELECT+Rank__c+FROM+Lead")[1][0]["errorCode"] == "INVALID_FIELD"
    assert put(org, object="Lead", name="Rank__c", label="もう一度")[0] == 200, "its column is still there"


def test_a_picklist_takes_no_other_words_when_it_is_restricted(org: FaultyOrg) -> None:
    put(org, object="Lead", name="Pick__c", type="picklist", length=40, values=["A", "B"], restricted=True)
    org.lead(Pick__c="A")
    refused = org.ask("POST", "sobjects/Lead", {"LastName": "Mori", "Company": "Acme", "Pick__c": "C"})[1]
    assert refused[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_who_has_the_metadata_from_before_is_told_that_it_changed(org: FaultyOrg) -> None:
    org.advance(60)
    put(org, object="Lead", name="New__c")
    since = {"if-modified-since": "Wed, 30 Sep 2026 00:00:00 GMT"}
    assert org.send("GET", "sobjects/Lead/describe", headers=since).status == 200


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"object": "Nothing", "name": "A__c"}, "No object 'Nothing' here"),
        ({"object": "Lead", "name": "Plain"}, "the name of a new one ends in __c"),
        ({"object": "Lead", "name": "A__c", "type": "blob"}, "possible are"),
        ({"object": "Lead", "name": "A__c", "length": "9"}, "must be of the type int"),
        ({"object": "Lead", "name": "A__c", "colour": "red"}, "Unknown: colour."),
        ({"object": "Lead", "name": "Email", "gone": True}, "has no custom field Email"),
        ({"object": "Lead"}, "object and name must be given"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(org: FaultyOrg, wish: dict[str, Any], told: str) -> None:
    status, said = put(org, **wish)
    assert status == 400
    assert told in said["error"]
