"""What the mapping may write to Account Engagement (WB-1, GR-3)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from connector.rules.fields import Fields

pytestmark = pytest.mark.requirement("WB-1", "GR-3", "AD-1")

UNIT = "0UvSb0000000001KAA"


def fields(prospects: dict[str, Any] | None = None, lists: dict[str, Any] | None = None, **more: Any) -> Fields:
    objects: dict[str, Any] = {
        "prospects": {"read": {"email": "email", "native_grade": "grade"}, "write": prospects or {}}
    }
    objects["list-memberships"] = {"read": {"list_id": "listId"}, "write": lists or {}}
    return Fields.model_validate({"version": 1, "salesforce": {}, "account_engagement": objects, **more})


def test_custom_fields_lists_and_the_native_grade_may_be_written() -> None:
    found = fields(
        {"Model__c": {"value": "score", "policy": "always"}, "Track__c": {"value": "track"}},
        {"listId": {"value": "track"}},
        native_grade={UNIT: {"criteria": [4, 3, 2, 1]}},
    )
    assert found.native_grade[UNIT].four == (4, 3, 2, 1)
    mapped = {one.stream.object: one for one in found.streams}["prospects"]
    assert mapped.column_of("Model__c") == "Model__c"


@pytest.mark.parametrize(
    ("prospects", "lists", "more", "sentence"),
    [
        ({"grade": {"value": "grade"}}, {}, {}, "No call can write the native grade"),
        ({"score": {"value": "score"}}, {}, {}, "goes on adding its own points to the native score"),
        ({"pi__score__c": {"value": "score"}}, {}, {}, "fields that begin with pi__ belong to"),
        ({"comments": {"value": "reason"}}, {}, {}, "only custom fields of prospects are written"),
        ({"Status__c": {"value": "status"}}, {}, {}, "`status` is not written to account_engagement.prospects"),
        ({}, {"optedOut": {"value": "track"}}, {}, "memberships are written as `listId: {value: track}`"),
        ({}, {"listId": {"value": "track", "policy": "always"}}, {}, "with the policy if_unchanged or never"),
        ({}, {}, {"native_grade": {UNIT: {"criteria": [1, 2, 3]}}}, "criteria"),
        ({}, {}, {"native_grade": {UNIT: {"criteria": [1, 2, 3, 3]}}}, "The same criterion stands twice"),
        ({}, {}, {"native_grade": {"unit": {"criteria": [1, 2, 3, 4]}}}, "native_grade"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_sentence(
    prospects: dict[str, Any], lists: dict[str, Any], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence.replace("(", r"\(").replace("{", r"\{")):
        fields(prospects, lists, **more)


def test_the_native_grade_has_to_be_read_to_be_driven() -> None:
    objects = {"prospects": {"read": {"email": "email"}}}
    told = {"version": 1, "salesforce": {}, "account_engagement": objects}
    with pytest.raises(ValidationError, match="needs the native grade as it stands"):
        Fields.model_validate({**told, "native_grade": {UNIT: {"criteria": [1, 2, 3, 4]}}})
