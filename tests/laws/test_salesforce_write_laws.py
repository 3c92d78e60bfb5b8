"""Laws of writing to the emulated Salesforce, on random records: what goes in comes out, and nothing else moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox.catalogue.salesforce import catalogue
from connector.sandbox.config import SandboxConfig
from tests.unit.sandbox.salesforce_org import Org, V, new_org

pytestmark = pytest.mark.requirement("SY-1", "WB-1")

LEAD = {"type": "Lead"}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
MOMENTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "Title": st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=128),
    "Connector_Reason__c": st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=255),
    "NumberOfEmployees": st.none() | st.integers(-99_999_999, 99_999_999),
    "AnnualRevenue": st.none() | st.integers(0, 10**15),
    "DoNotCall": st.booleans(),
    "Connector_Scored_At__c": st.none() | MOMENTS.map(lambda moment: moment.isoformat(timespec="milliseconds")),
    "Close_Reason__c": st.none() | st.sampled_from(["No budget", "Bad timing"]),
}
VALID = st.fixed_dictionaries({}, optional=FIELDS)
INVALID = st.sampled_from([{"Title": "x" * 129}, {"DoNotCall": "no"}, {"OwnerId": "x"}, {"Nope": 1}, {"Company": None}])


WRITABLE = {
    definition.name: [field.name for field in definition.fields if field.createable]
    for definition in catalogue(SandboxConfig(state=Path()))
    if definition.createable
}


def some_fields(object_name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """The object with a few of its fields, or unknown ones, and any values."""
    names = st.sampled_from(WRITABLE[object_name]) | st.text(max_size=5)
    return st.tuples(st.just(object_name), st.dictionaries(names, JSON_VALUES, max_size=4))


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    org = new_org(tmp_path_factory.mktemp("org"))
    yield org
    org.sandbox.database.close()


def on_the_wire(name: str, value: Any) -> Any:
    """What a query shows of a value that was written."""
    if value is None or value == "":
        return None
    if name == "Connector_Scored_At__c":
        return datetime.fromisoformat(value).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return value


@settings(max_examples=100, deadline=None)
@given(fields=VALID)
def test_what_is_written_is_read(org: Org, fields: dict[str, Any]) -> None:
    lead = org.lead(**fields)
    query = f"query?q=SELECT {', '.join(FIELDS)} FROM Lead WHERE Id = '{lead}'"
    (record,) = org.call("GET", query).body["records"]
    for name, value in fields.items():
        assert record[name] == on_the_wire(name, value)


@settings(max_examples=60, deadline=None)
@given(before=VALID, changes=VALID)
def test_an_update_changes_what_it_names_and_the_stamps(
    org: Org, before: dict[str, Any], changes: dict[str, Any]
) -> None:
    lead = org.lead(**before)
    old, later = org.row("Lead", lead), org.later(seconds=1)
    body = {"records": [{"attributes": LEAD, "id": lead, **changes}]}
    assert org.call("PATCH", "composite/sobjects", body).body[0]["success"]
    new = org.row("Lead", lead)
    moved = {name for name in new if new[name] != old[name]}
    assert moved - {"LastModifiedDate", "SystemModstamp"} <= changes.keys()
    assert new["SystemModstamp"] == new["LastModifiedDate"] == later


@settings(max_examples=40, deadline=None)
@given(records=st.lists(VALID, max_size=4), wrong=INVALID, at=st.integers(0, 4))
def test_all_or_none_leaves_no_trace(org: Org, records: list[dict[str, Any]], wrong: dict[str, Any], at: int) -> None:
    rows = [{"attributes": LEAD, "LastName": "x", "Company": "y", **fields} for fields in records]
    rows.insert(at, {"attributes": LEAD, "LastName": "x", "Company": "y", **wrong})
    before = org.sandbox.database.reader().execute('SELECT count(*) FROM "Lead"').fetchone()[0]
    reply = org.call("POST", "composite/sobjects", {"allOrNone": True, "records": rows})
    assert [row["success"] for row in reply.body] == [False] * len(rows)
    assert org.sandbox.database.reader().execute('SELECT count(*) FROM "Lead"').fetchone()[0] == before


@settings(max_examples=300, deadline=None)
@given(written=st.sampled_from(sorted(WRITABLE)).flatmap(some_fields))
def test_no_value_breaks_a_create(org: Org, written: tuple[str, dict[str, Any]]) -> None:
    object_name, fields = written
    reply = org.call("POST", f"sobjects/{object_name}", fields)
    assert reply.status in {201, 400}, reply.body
    if reply.status == 400:
        assert all(entry["errorCode"] and entry["message"] for entry in reply.body)


URLS = st.sampled_from(["sobjects/Lead", "composite/sobjects", "query?q=SELECT Id FROM Lead", "limits"])
ATTRIBUTES = st.sampled_from([{"type": "Lead"}, {"type": "Account", "referenceId": "r"}])
PART = st.fixed_dictionaries(
    {
        "attributes": ATTRIBUTES | ATTRIBUTES | JSON_VALUES,
        "method": st.sampled_from(["GET", "POST", "PATCH"]),
        "url": URLS.map(lambda path: f"{V}/{path}"),
        "referenceId": st.uuids().map(lambda name: name.hex),
    },
    optional={
        "body": JSON_VALUES,
        "richInput": JSON_VALUES,
        "httpHeaders": JSON_VALUES,
        "Contacts": JSON_VALUES | st.just({"records": [5]}),
        "Id": JSON_VALUES,
    },
)
ENTRIES = st.lists(PART, min_size=1, max_size=2) | st.lists(JSON_VALUES, max_size=2) | JSON_VALUES
GRAPH = st.fixed_dictionaries({"graphId": JSON_VALUES, "compositeRequest": ENTRIES})
CALLS = (
    ("POST", "sobjects/Lead", "Title", JSON_VALUES),
    ("PATCH", "sobjects/Lead/Ext_Id__c/x", "Title", JSON_VALUES),
    ("POST", "composite/sobjects", "records", ENTRIES),
    ("PATCH", "composite/sobjects", "records", ENTRIES),
    ("PATCH", "composite/sobjects/Lead/Ext_Id__c", "records", ENTRIES),
    ("POST", "composite/sobjects/Lead", "ids", ENTRIES),
    ("POST", "composite", "compositeRequest", ENTRIES),
    ("POST", "composite/graph", "graphs", st.lists(GRAPH, max_size=2) | ENTRIES),
    ("POST", "composite/batch", "batchRequests", ENTRIES),
    ("POST", "composite/tree/Account", "records", ENTRIES),
)


@pytest.mark.parametrize(("method", "path", "key", "values"), CALLS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_body_breaks_a_call(
    org: Org, method: str, path: str, key: str, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    more = st.dictionaries(st.sampled_from(["allOrNone", "fields", "haltOnError"]), JSON_VALUES, max_size=2)
    body = data.draw(values.map(lambda value: {key: value}).flatmap(lambda one: more.map(lambda rest: rest | one)))
    reply = org.call(method, path, json.dumps(body))
    assert 200 <= reply.status < 500, reply.body
