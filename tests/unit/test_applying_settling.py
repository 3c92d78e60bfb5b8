"""What became of a write whose answer was lost, where fields.yaml writes a field in other letters than the org."""

from __future__ import annotations

import pytest

from connector.applying.settling import found_updates
from connector.store.journal import Intent

pytestmark = pytest.mark.requirement("WB-3")


@pytest.mark.parametrize(("there", "found"), [("hot", {7}), ("cold", set())])
@pytest.mark.parametrize("field", ["Stage__c", "stage__C"])
def test_a_write_is_found_whatever_letters_its_field_has(field: str, there: str, found: set[int]) -> None:
    intent = Intent("update", "Lead", "00Q1", {field: "cold"}, {field: "hot"}, "", number=7)
    assert found_updates(lambda _soql: [{"Id": "00Q1", "Stage__c": there}], [intent]) == found
