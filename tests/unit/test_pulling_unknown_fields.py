"""A field that the org does not know is pointed at in fields.yaml, all of them at once (AD-1, AD-2)."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.account_engagement.outcome import UnknownFieldError
from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.errors import ConfigurationError, StopError
from connector.pulling.unknown_fields import (
    Asking,
    look_by_asking,
    look_in_salesforce,
    never_shown,
    read_what_is_shown,
)
from connector.rules.mapping import Mapping, load_mapping
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store, memory_store
from connector.store.hidden_fields import hidden_fields, note_shown
from connector.store.mirror import prepare

pytestmark = pytest.mark.requirement("AD-1", "AD-2", "SY-3")

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
    read: {title: Titel, owner_name: Owner.Name, manager: ReportsTo.Titel}
account_engagement:
  prospects:
    read:
      email: email
      employees: employes
"""
SYSTEM = {"Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp"}
NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REFUSAL = StopError("No such column", "INVALID_FIELD")


@dataclass(frozen=True)
class Field:
    relationship_name: str | None = None
    reference_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Described:
    fields: Named[str, Field]


@dataclass
class Org:
    """What describe tells of each object, and what time it is."""

    names: dict[str, set[str]] = field(
        default_factory=lambda: {
            "Lead": {*SYSTEM, "Title", "Budget__c", "Connector_Score__c"},
            "Contact": {*SYSTEM, "Title", "OwnerId", "ReportsToId"},
        }
    )
    now: datetime = NOON

    def describe(self, object_name: str, *, fresh: bool = False) -> Described:
        if object_name not in self.names:
            raise StopError("The requested resource does not exist", "NOT_FOUND")
        found = dict.fromkeys(self.names[object_name], Field())
        links = {"OwnerId": Field("Owner", ("Group", "User")), "ReportsToId": Field("ReportsTo", ("Contact",))}
        return Described({name: links.get(name, entry) for name, entry in found.items()})


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    (tmp_path / "fields.yaml").write_text(FIELDS, encoding="utf-8")
    return load_mapping(tmp_path)


@pytest.fixture
def store(mapping: Mapping) -> Store:
    made = memory_store()
    prepare(made, mapping.fields.streams)
    return made


def stream(mapping: Mapping, name: str) -> MappedStream:
    return next(mapped for mapped in mapping.fields.streams if mapped.stream.name == name)


def asking(store: Store, mapping: Mapping, org: Org, name: str = "salesforce.Lead") -> Asking:
    return Asking(
        store,
        mapping,
        stream(mapping, name),
        "",
        look=lambda mapped: look_in_salesforce(org, mapped),
        now=lambda: org.now,
        elsewhere=lambda: never_shown(store, mapping, org, name),
    )


@dataclass
class Questions:
    """Refuses what the org does not show, as Salesforce does; keeps what it answered."""

    org: Org
    answered: list[tuple[str, ...]] = field(default_factory=list)
    refused: int = 0

    def __call__(self, mapped: MappedStream) -> str:
        if not set(mapped.fields) <= self.org.names["Lead"]:
            self.refused += 1
            raise REFUSAL
        self.answered.append(mapped.fields)
        return "read"


def test_one_refusal_brings_the_lines_of_every_object(store: Store, mapping: Mapping) -> None:
    org = Org()
    with pytest.raises(ConfigurationError) as refused:
        read_what_is_shown(asking(store, mapping, org), Questions(org))
    assert str(refused.value) == "3 mapped fields are not there in the org; nothing was written."
    told = [(problem.line, problem.sentence, problem.suggestion) for problem in refused.value.problems]
    see = "has no field `{}` that this user may see."
    assert told == [
        (6, "salesforce.Lead " + see.format("Budgett__c"), "Did you mean `Budget__c`?"),
        (8, "salesforce.Lead " + see.format("Connector_Skore__c"), "Did you mean `Connector_Score__c`?"),
        (10, "salesforce.Contact " + see.format("Titel"), "Did you mean `Title`?"),
    ]
    assert all(problem.file.endswith("fields.yaml") for problem in refused.value.problems)
    assert hidden_fields(store) == []


def test_what_was_read_once_is_left_out_and_looked_for_again(store: Store, mapping: Mapping) -> None:
    org = Org()
    org.names["Lead"] |= {"Budgett__c", "Connector_Skore__c"}
    questions, asked = Questions(org), asking(store, mapping, org)
    read_what_is_shown(asked, questions)
    save_cursor(store, Cursor("salesforce.Lead", watermark=NOON, floor=NOON - 9 * MINUTE), NOON)
    org.names["Lead"] -= {"Budgett__c", "Title"}
    for minutes, refusals in ((1, 1), (4, 1), (7, 1)):
        org.now = NOON + minutes * MINUTE
        assert read_what_is_shown(asked, questions) == "read"
        assert questions.refused == refusals, "it is not asked in vain"
    assert {"Budgett__c", "Title"}.isdisjoint(questions.answered[-1])
    assert [(one.field, one.since, one.looked_at) for one in hidden_fields(store)] == [
        ("Budgett__c", NOON + MINUTE, NOON + 7 * MINUTE),
        ("Title", NOON + MINUTE, NOON + 7 * MINUTE),
    ]
    assert hidden_fields(store)[0].similar == "Budget__c"
    assert hidden_fields(store)[0].place == "fields.yaml:6:15"
    assert read_cursor(store, "salesforce.Lead", "").slice_upper is None
    org.names["Lead"].add("Title")
    org.now = NOON + 12 * MINUTE
    read_what_is_shown(asked, questions)
    assert [one.field for one in hidden_fields(store)] == ["Budgett__c"]
    cursor = read_cursor(store, "salesforce.Lead", "")
    assert (cursor.watermark, cursor.slice_lower, cursor.slice_upper) == (NOON, NOON - 9 * MINUTE, org.now)


def test_a_field_that_is_mapped_no_more_is_forgotten(store: Store, mapping: Mapping) -> None:
    org = Org()
    org.names["Lead"] |= {"Budgett__c", "Connector_Skore__c"}
    questions, asked = Questions(org), asking(store, mapping, org)
    read_what_is_shown(asked, questions)
    org.names["Lead"] -= {"Budgett__c"}
    read_what_is_shown(asked, questions)
    store.run("UPDATE hidden_fields SET field = 'Formerly__c'")
    org.names["Lead"] |= {"Budgett__c"}
    read_what_is_shown(asked, questions)
    assert hidden_fields(store) == []
    assert "Budgett__c" in questions.answered[-1]


@pytest.mark.parametrize("away", ["Id", "SystemModstamp"])
def test_what_every_reading_needs_is_not_left_out(store: Store, mapping: Mapping, away: str) -> None:
    org = Org()
    org.names["Lead"] |= {"Budgett__c", "Connector_Skore__c"}
    read_what_is_shown(asking(store, mapping, org), Questions(org))
    org.names["Lead"].discard(away)
    with pytest.raises(StopError, match=f"does not show {away}, which every reading needs"):
        read_what_is_shown(asking(store, mapping, org), Questions(org))


def test_an_object_that_was_never_there_is_a_mistake_in_the_mapping(store: Store, mapping: Mapping) -> None:
    org = Org()
    del org.names["Lead"]

    def refuse(_mapped: MappedStream) -> None:
        raise StopError("sObject type 'Lead' is not supported.", "INVALID_TYPE")

    with pytest.raises(ConfigurationError) as refused:
        read_what_is_shown(asking(store, mapping, org), refuse)
    assert [(problem.line, problem.sentence) for problem in refused.value.problems] == [
        (4, "salesforce.Lead is not shown to this user.")
    ]


def test_fields_of_parents_are_looked_for_there(mapping: Mapping) -> None:
    org = Org()
    org.names["Contact"].add("Titel")
    contacts = stream(mapping, "salesforce.Contact")
    assert look_in_salesforce(org, contacts).missing == frozenset()
    org.names["Contact"] -= {"Titel", "OwnerId"}
    assert look_in_salesforce(org, contacts).missing == {"Titel", "Owner.Name", "ReportsTo.Titel"}


def test_account_engagement_names_one_field_at_a_time(mapping: Mapping) -> None:
    asked: list[tuple[str, ...]] = []

    def ask(fields: tuple[str, ...]) -> None:
        asked.append(fields)
        for name in ("employes", "email"):
            if name in fields:
                raise UnknownFieldError(f"unknown field: {name}", name)

    shown = look_by_asking(ask, ["employees__c"], stream(mapping, "account_engagement.prospects"))
    assert (shown.missing, shown.there) == ({"employes", "email"}, ("employees__c",))
    assert len(asked) == 3


def test_a_mistake_in_a_field_of_account_engagement_has_its_line(store: Store, mapping: Mapping) -> None:
    prospects = stream(mapping, "account_engagement.prospects")

    def refuse(mapped: MappedStream) -> str:
        if "employes" in mapped.fields:
            raise UnknownFieldError("unknown field: employes", "employes")
        return "read"

    def ask(fields: tuple[str, ...]) -> None:
        if "employes" in fields:
            raise UnknownFieldError("unknown field: employes", "employes")

    asked = Asking(store, mapping, prospects, "0Uv", lambda mapped: look_by_asking(ask, [], mapped), lambda: NOON)
    with pytest.raises(ConfigurationError, match="One mapped field is not there") as refused:
        read_what_is_shown(asked, refuse)
    assert [(problem.line, problem.column) for problem in refused.value.problems] == [(15, 18)]
    assert "`employes`" in refused.value.problems[0].sentence


@pytest.mark.parametrize("code", ["MALFORMED_QUERY", "INSUFFICIENT_ACCESS", None, "INVALID_FIELD"])
def test_a_refusal_that_is_not_explained_stays_as_it_is(store: Store, mapping: Mapping, code: str | None) -> None:
    org = Org()
    org.names["Lead"] |= {"budgett__C", "Connector_Skore__c"}
    refusal = StopError("something else", code)

    def refuse(_mapped: MappedStream) -> None:
        raise refusal

    note_shown(store, "salesforce.Lead", "", ["Title"])
    with pytest.raises(StopError) as raised:
        read_what_is_shown(asking(store, mapping, org), refuse)
    assert raised.value is refusal
