"""A field that the org does not know is pointed at in fields.yaml, all of them at once (AD-1, AD-2)."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connector.account_engagement.outcome import UnknownFieldError
from connector.domain.streams import MappedStream
from connector.errors import ConfigurationError, StopError
from connector.pulling.unknown_fields import explain_refusal
from connector.rules.mapping import Mapping, load_mapping

pytestmark = pytest.mark.requirement("AD-1", "AD-2")

FIELDS = """\
version: 1
salesforce:
  Lead:
    read:
      title: Title
      budget: Budgett__c
    write:
      Connector_Skore__c: {value: score, policy: always}
  Contact:
    read: {title: Titel, owner_name: Owner.Name}
account_engagement:
  prospects:
    read:
      email: email
      employees: employes
"""
SYSTEM = {"Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp"}


@dataclass(frozen=True)
class Described:
    fields: Named[str, None]


@dataclass
class Org:
    """What describe tells of each object."""

    names: dict[str, set[str]] = field(
        default_factory=lambda: {
            "Lead": {*SYSTEM, "Title", "Budget__c", "Connector_Score__c"},
            "Contact": {*SYSTEM, "Title", "Owner"},
        }
    )
    asked: list[str] = field(default_factory=list)

    def describe(self, object_name: str) -> Described:
        self.asked.append(object_name)
        return Described(dict.fromkeys(self.names[object_name]))


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    (tmp_path / "fields.yaml").write_text(FIELDS, encoding="utf-8")
    return load_mapping(tmp_path)


def stream(mapping: Mapping, name: str) -> MappedStream:
    return next(mapped for mapped in mapping.fields.streams if mapped.stream.name == name)


def test_one_refusal_brings_the_lines_of_every_object(mapping: Mapping) -> None:
    refusal = StopError("No such column 'Budgett__c'", "INVALID_FIELD")
    error = explain_refusal(refusal, mapping, stream(mapping, "salesforce.Lead"), Org())
    assert isinstance(error, ConfigurationError)
    assert str(error) == "3 mapped fields are not there in the org; nothing was written."
    told = [(problem.line, problem.sentence, problem.suggestion) for problem in error.problems]
    see = "has no field `{}` that this user may see."
    assert told == [
        (6, "salesforce.Lead " + see.format("Budgett__c"), "Did you mean `Budget__c`?"),
        (8, "salesforce.Lead " + see.format("Connector_Skore__c"), "Did you mean `Connector_Score__c`?"),
        (10, "salesforce.Contact " + see.format("Titel"), "Did you mean `Title`?"),
    ]
    assert all(problem.file.endswith("fields.yaml") for problem in error.problems)


def test_account_engagement_names_the_field_itself(mapping: Mapping) -> None:
    org = Org()
    refusal = UnknownFieldError("unknown field: employes", "employes")
    error = explain_refusal(refusal, mapping, stream(mapping, "account_engagement.prospects"), org)
    assert isinstance(error, ConfigurationError)
    assert [(problem.line, problem.column) for problem in error.problems] == [(15, 18)]
    assert "`employes`" in error.problems[0].sentence
    assert str(error) == "One mapped field is not there in the org; nothing was written."
    assert org.asked == []


@pytest.mark.parametrize("code", ["MALFORMED_QUERY", "INSUFFICIENT_ACCESS", None])
def test_another_refusal_stays_as_it_is(mapping: Mapping, code: str | None) -> None:
    refusal = StopError("something else", code)
    assert explain_refusal(refusal, mapping, stream(mapping, "salesforce.Lead"), Org()) is refusal


def test_a_refusal_that_describe_does_not_explain_stays_as_it_is(mapping: Mapping) -> None:
    refusal = StopError("No such column", "INVALID_FIELD")
    org = Org()
    org.names["Lead"] |= {"budgett__C", "Connector_Skore__c"}
    org.names["Contact"].add("Titel")
    assert explain_refusal(refusal, mapping, stream(mapping, "salesforce.Lead"), org) is refusal
