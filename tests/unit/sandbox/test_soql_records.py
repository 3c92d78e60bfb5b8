"""What a query finds and how its records look on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef
from connector.sandbox.database import Database
from connector.sandbox.soql import Environment, SoqlError, execute
from tests.soql_world import ACME, GLOBEX, QUEUE, REP, World, contact, insert, lead

pytestmark = pytest.mark.requirement("SY-1")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("soql"))
    yield made
    made.database.close()


MORI, HUNDRED, OHARA = "Mori", "100%", "O'Hara"

CONDITIONS: tuple[tuple[str, list[str]], ...] = (
    ("LeadSource = 'WEB'", [MORI]),
    ("LeadSource = 'WEB' OR LeadSource = null", [MORI, OHARA]),
    ("LeadSource != 'Web'", [HUNDRED, OHARA]),
    ("LeadSource <> 'Web'", [HUNDRED, OHARA]),
    ("NOT LeadSource = 'Web'", [HUNDRED, OHARA]),
    ("NOT (LeadSource = 'Web' OR NumberOfEmployees = 20)", [OHARA]),
    ("NOT NOT LeadSource = 'Web'", [MORI]),
    ("LeadSource = null", [OHARA]),
    ("LeadSource = ''", [OHARA]),
    ("LeadSource != NULL", [MORI, HUNDRED]),
    ("LeadSource IN ('web', 'WEBINAR')", [MORI, HUNDRED]),
    ("LeadSource IN ('web', null)", [MORI, OHARA]),
    ("LeadSource NOT IN ('web')", [HUNDRED, OHARA]),
    ("LeadSource NOT IN ('web', null)", [HUNDRED]),
    ("LeadSource LIKE 'web%'", [MORI, HUNDRED]),
    ("LeadSource LIKE '_eb'", [MORI]),
    ("(NOT LeadSource LIKE 'web')", [HUNDRED, OHARA]),
    (r"LastName LIKE '%\%'", [HUNDRED]),
    (r"Company LIKE 'a\_b'", [HUNDRED]),
    (r"Company LIKE 'back\\%'", [OHARA]),
    (r"Company = 'back\\slash'", [OHARA]),
    (r"LastName = 'O\'Hara'", [OHARA]),
    (r"City = '\u6a2a\u6d5c'", [MORI]),
    ("Name = 'aoi mori'", [MORI]),
    ("NumberOfEmployees > 10", [HUNDRED]),
    ("NumberOfEmployees >= 10 AND NumberOfEmployees < 20.5", [MORI, HUNDRED]),
    ("NumberOfEmployees <= 1e1", [MORI]),
    ("AnnualRevenue = 2.5", [MORI]),
    ("Connector_Score__c = 64", [HUNDRED]),
    ("IsConverted = true", [OHARA]),
    ("IsConverted != TRUE", [MORI, HUNDRED]),
    ("IsConverted = null", [MORI, HUNDRED]),
    ("DoNotCall = false", [MORI, HUNDRED, OHARA]),
    (f"Id = '{lead(1)[:15]}'", [MORI]),
    (f"Id IN ('{lead(1)[:15]}', '{lead(2)}')", [MORI, HUNDRED]),
    (f"Id > '{lead(1)}'", [HUNDRED, OHARA]),
    (f"OwnerId = '{QUEUE}'", [HUNDRED]),
    ("Owner.Type = 'Queue'", [HUNDRED]),
    ("Owner.Name = 'REI SATO'", [MORI, OHARA]),
    ("Owner.Email != null", [MORI, OHARA]),
    ("ConvertedDate = 2026-05-01", [OHARA]),
    ("ConvertedDate >= LAST_MONTH", [OHARA]),
    ("CreatedDate = TODAY", [MORI]),
    ("CreatedDate = YESTERDAY", [HUNDRED]),
    ("CreatedDate < TODAY", [HUNDRED, OHARA]),
    ("CreatedDate >= 2026-05-12T14:59:59Z", [MORI, HUNDRED]),
    ("CreatedDate >= 2026-05-13T00:00:00+09:00", [MORI]),
    ("CreatedDate > 2026-05-12T14:59:59.000+0000", [MORI]),
    ("CreatedDate = THIS_WEEK", [MORI, HUNDRED]),
    ("CreatedDate = THIS_YEAR", [MORI, HUNDRED, OHARA]),
    ("CreatedDate = LAST_N_FISCAL_QUARTERS:1", [OHARA]),
    ("CreatedDate IN (TODAY, YESTERDAY)", [MORI, HUNDRED]),
    ("CreatedDate != TODAY", [HUNDRED, OHARA]),
    ("ConvertedDate != TODAY", [MORI, HUNDRED, OHARA]),
    ("CALENDAR_YEAR(CreatedDate) = 2025", [OHARA]),
    ("DAY_ONLY(convertTimezone(CreatedDate)) = 2026-05-13", [MORI]),
    ("HOUR_IN_DAY(CreatedDate) = 15", [MORI]),
    ("OwnerId IN (SELECT Id FROM User WHERE Email LIKE 'rep@%')", [MORI, OHARA]),
    ("Id IN (SELECT WhoId FROM Task)", [MORI]),
    ("Id NOT IN (SELECT WhoId FROM Task)", [HUNDRED, OHARA]),
)


@pytest.mark.parametrize(("condition", "found"), CONDITIONS)
def test_where_finds(world: World, condition: str, found: list[str]) -> None:
    assert world.names(f"SELECT LastName FROM Lead WHERE {condition} ORDER BY Id") == found


def test_deleted_and_archived_rows_come_only_when_asked_for(world: World) -> None:
    everything = replace(world.environment, include_deleted=True)
    assert world.result("SELECT Id FROM Lead").total_size == 3
    assert execute("SELECT Id FROM Lead", everything).total_size == 4
    assert world.result("SELECT Id FROM Lead ALL ROWS").total_size == 4
    gone = f"SELECT Id FROM Lead WHERE IsDeleted = true AND MasterRecordId = '{lead(1)}'"
    assert [row["Id"] for row in execute(gone, everything).page(0, 10)] == [lead(4)]
    assert world.result("SELECT Id FROM Task").total_size == 2
    assert execute("SELECT Id FROM Task", everything).total_size == 3


def test_a_record_has_its_attributes_first_and_fields_as_selected(world: World) -> None:
    text = "select createddate, ID, annualrevenue, numberofemployees, isconverted, leadsource from lead where "
    (record,) = world.records(f"{text} Id = '{lead(1)}'")
    assert list(record.items()) == [
        ("attributes", {"type": "Lead", "url": f"/services/data/v59.0/sobjects/Lead/{lead(1)}"}),
        ("CreatedDate", "2026-05-12T15:00:00.000+0000"),
        ("Id", lead(1)),
        ("AnnualRevenue", 2.5),
        ("NumberOfEmployees", 10),
        ("IsConverted", False),
        ("LeadSource", "Web"),
    ]
    assert record["IsConverted"] is False
    (account,) = world.records(
        f"SELECT AnnualRevenue, BillingAddress, ShippingAddress FROM Account WHERE Id = '{ACME}'"
    )
    assert repr(account["AnnualRevenue"]) == "1000000.0"
    assert account["ShippingAddress"] is None
    assert account["BillingAddress"] == {
        "city": "東京", "country": None, "geocodeAccuracy": None, "latitude": None, "longitude": None,
        "postalCode": None, "state": None, "street": None,
    }  # fmt: skip


def test_parents_are_nested_and_null_where_the_lookup_is_empty(world: World) -> None:
    first, *_, last = world.records("SELECT LastName, Account.Name, Account.Owner.Email FROM Contact ORDER BY Id")
    assert first["Account"] == {
        "attributes": {"type": "Account", "url": f"/services/data/v59.0/sobjects/Account/{ACME}"},
        "Name": "Acme",
        "Owner": {
            "attributes": {"type": "User", "url": f"/services/data/v59.0/sobjects/User/{REP}"},
            "Email": "rep@vendor.example",
        },
    }
    assert last["Account"] is None
    assert world.names("SELECT LastName FROM Contact WHERE Account.Name = null") == ["Chiba"]
    assert world.names("SELECT c.LastName FROM Contact c WHERE c.Account.Name = 'acme' ORDER BY c.LastName DESC") == [
        "Baba",
        "Abe",
    ]
    assert world.names("SELECT Contact.LastName FROM Contact LIMIT 1") == ["Abe"]


def test_a_lookup_to_several_objects_answers_as_name(world: World) -> None:
    call, mail = world.records("SELECT Who.Name, Who.Type, What.Name, Owner.Type FROM Task ORDER BY Id")
    assert call["Who"] == {
        "attributes": {"type": "Name", "url": f"/services/data/v59.0/sobjects/Lead/{lead(1)}"},
        "Name": "Aoi Mori",
        "Type": "Lead",
    }
    assert call["What"] is None
    assert mail["Who"]["Type"] == "Contact"
    assert mail["What"]["Name"] == "Acme"
    assert [row["Owner"]["Type"] for row in (call, mail)] == ["User", "Queue"]


def test_typeof_takes_the_fields_of_the_parents_type(world: World) -> None:
    text = "SELECT TYPEOF Who WHEN Lead THEN Company, Status WHEN Contact THEN LastName END FROM Task ORDER BY Id"
    call, mail = (record["Who"] for record in world.records(text))
    assert (call["attributes"]["type"], call["Company"], call["Status"]) == ("Lead", "Acme", "Open - Not Contacted")
    assert (mail["attributes"]["type"], mail["LastName"]) == ("Contact", "Abe")
    rest = world.records("SELECT TYPEOF Who WHEN Lead THEN Company ELSE Name END FROM Task ORDER BY Id")
    assert rest[1]["Who"] == {
        "attributes": {"type": "Contact", "url": f"/services/data/v59.0/sobjects/Contact/{contact(1)}"},
        "Name": "Abe",
    }
    assert world.records("SELECT TYPEOF What WHEN Account THEN Name END FROM Task ORDER BY Id")[0]["What"] is None


def test_children_are_nested_or_null(world: World) -> None:
    text = (
        "SELECT Name, (SELECT LastName, Account.Name FROM Contacts ORDER BY LastName DESC LIMIT 1), "
        "(SELECT Name, (SELECT Id FROM Contacts) FROM ChildAccounts) FROM Account ORDER BY Name"
    )
    acme, globex = world.records(text)
    assert acme["Contacts"]["totalSize"] == 1
    assert acme["Contacts"]["done"] is True
    assert [(row["LastName"], row["Account"]["Name"]) for row in acme["Contacts"]["records"]] == [("Baba", "Acme")]
    assert [row["Name"] for row in acme["ChildAccounts"]["records"]] == ["Globex"]
    assert acme["ChildAccounts"]["records"][0]["Contacts"] is None
    assert globex["Contacts"] is None
    assert list(acme) == ["attributes", "Name", "Contacts", "ChildAccounts"]
    assert acme["ChildAccounts"]["records"][0]["attributes"]["url"].endswith(GLOBEX)


def test_counts_and_groups(world: World) -> None:
    counted = world.result("SELECT COUNT() FROM Lead WHERE LeadSource != null")
    assert (counted.total_size, counted.is_count, counted.page(0, 10)) == (2, True, [])
    assert world.result("SELECT count() FROM Lead LIMIT 1").total_size == 1
    attributes = {"type": "AggregateResult"}
    assert world.records("SELECT COUNT(Id), SUM(AnnualRevenue) s, AVG(NumberOfEmployees) FROM Lead") == [
        {"attributes": attributes, "expr0": 3, "s": 2.5, "expr1": 15.0}
    ]
    grouped = (
        "SELECT Status, COUNT(Id) n, MAX(CreatedDate), COUNT_DISTINCT(LeadSource) FROM Lead GROUP BY Status "
        "HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC"
    )
    assert world.records(grouped) == [
        {
            "attributes": attributes,
            "Status": "Nurturing",
            "n": 2,
            "expr0": "2026-05-12T14:59:59.000+0000",
            "expr1": 1,
        }
    ]
    assert [
        (row["expr0"], row["n"])
        for row in world.records(
            "SELECT CALENDAR_YEAR(CreatedDate), COUNT(Id) n FROM Lead GROUP BY CALENDAR_YEAR(CreatedDate) "
            "ORDER BY CALENDAR_YEAR(CreatedDate)"
        )
    ] == [(2025, 1), (2026, 2)]
    year = "FISCAL_YEAR(CreatedDate)"
    assert world.names(f"SELECT {year} y FROM Lead GROUP BY {year} ORDER BY {year}") == [2026, 2027]
    assert world.records("SELECT Account.Name, COUNT(Id) FROM Contact GROUP BY Account.Name ORDER BY Account.Name") == [
        {"attributes": attributes, "Name": None, "expr0": 1},
        {"attributes": attributes, "Name": "Acme", "expr0": 2},
    ]


def test_subtotals_follow_what_they_add_up(world: World) -> None:
    rolled = world.records(
        "SELECT Status, LeadSource, GROUPING(LeadSource) g, COUNT(Id) n FROM Lead GROUP BY ROLLUP(Status, LeadSource)"
    )
    assert [tuple(row.values())[1:] for row in rolled] == [
        ("Nurturing", None, 0, 1),
        ("Nurturing", "webinar", 0, 1),
        ("Nurturing", None, 1, 2),
        ("Open - Not Contacted", "Web", 0, 1),
        ("Open - Not Contacted", None, 1, 1),
        (None, None, 1, 3),
    ]
    cubed = (
        "SELECT Status, COUNT(Id) n FROM Lead GROUP BY CUBE(Status, IsConverted) HAVING COUNT(Id) > 1 ORDER BY n DESC"
    )
    assert [(row["Status"], row["n"]) for row in world.records(cubed)] == [
        (None, 3),
        ("Nurturing", 2),
        (None, 2),
    ]


ORDERS: tuple[tuple[str, list[Any]], ...] = (
    ("LeadSource", [None, "Web", "webinar"]),
    ("LeadSource DESC", [None, "webinar", "Web"]),
    ("LeadSource ASC NULLS LAST", ["Web", "webinar", None]),
    ("LeadSource DESC NULLS LAST", ["webinar", "Web", None]),
    ("Status, LastName DESC", [None, "webinar", "Web"]),
    ("Owner.Name DESC, Id DESC LIMIT 2", [None, "Web"]),
    ("Id LIMIT 1 OFFSET 1", ["webinar"]),
)


@pytest.mark.parametrize(("order", "found"), ORDERS)
def test_order_limit_and_offset(world: World, order: str, found: list[Any]) -> None:
    assert world.names(f"SELECT LeadSource FROM Lead ORDER BY {order}") == found


def test_field_sets(world: World) -> None:
    (record,) = world.records("SELECT FIELDS(ALL) FROM Lead LIMIT 1")
    definition = world.catalogue.object("Lead")
    assert definition is not None
    assert list(record)[1:] == [field.name for field in definition.fields]
    custom = world.records("SELECT Id, FIELDS(CUSTOM) FROM Lead LIMIT 1")[0]
    assert all(name.endswith("__c") for name in list(custom)[2:])
    assert "Budget__c" in custom
    assert "Budget__c" not in world.records("SELECT FIELDS(STANDARD) FROM Lead")[0]


def test_what_changes_nothing_is_accepted(world: World) -> None:
    text = "SELECT LastName FROM Lead USING SCOPE mine WHERE LeadSource = 'Web' WITH SECURITY_ENFORCED LIMIT 5 FOR VIEW"
    assert world.names(text) == [MORI]
    assert world.names(f"{text} FOR REFERENCE") == [MORI]
    assert world.names("SELECT LastName FROM Lead WITH USER_MODE ORDER BY Id LIMIT 1 FOR UPDATE") == [MORI]
    assert world.names("SELECT Name FROM Group") == ["Inbound"]
    assert world.names("SELECT toLabel(Status) FROM Lead ORDER BY Id LIMIT 1") == ["Open - Not Contacted"]


def test_a_hidden_field_does_not_exist(world: World) -> None:
    blind = replace(world.environment, hidden=frozenset({("Lead", "Email"), ("Lead", "OwnerId")}))
    for text in ("SELECT Email FROM Lead", "SELECT Id FROM Lead WHERE Email = 'x'", "SELECT Owner.Name FROM Lead"):
        with pytest.raises(SoqlError, match="INVALID_FIELD"):
            execute(text, blind)
    assert "Email" not in execute("SELECT FIELDS(STANDARD) FROM Lead", blind).selected


def test_columns_describe_parents_children_and_aggregates(world: World) -> None:
    result = world.result("SELECT Name, Owner.Name, (SELECT Id FROM Contacts), Type FROM Account")
    assert [(column.name, column.aggregate, [one.name for one in column.columns]) for column in result.columns] == [
        ("Name", False, []),
        ("Owner", False, ["Name"]),
        ("Contacts", True, ["Id"]),
        ("Type", False, []),
    ]
    assert result.selected == ("Name", "Type")
    (counted,) = world.result("SELECT COUNT(Id) FROM Lead").columns
    assert (counted.name, counted.display_name, counted.aggregate) == ("expr0", "COUNT(Id)", True)


AT = "2026-05-01T00:00:00Z"


@pytest.mark.requirement("SY-3", "SY-6")
@pytest.mark.parametrize(
    "rest",
    [
        "WHERE SystemModstamp >= 2026-05-01T00:00:00Z AND SystemModstamp < TOMORROW ORDER BY SystemModstamp, Id",
        "WHERE SystemModstamp >= 2020-01-01T00:00:00Z ORDER BY SystemModstamp ASC",
        f"WHERE (SystemModstamp = {AT} AND Id > '{lead(1)}') OR SystemModstamp > {AT} ORDER BY SystemModstamp, Id",
        f"WHERE Id > '{lead(1)}' ORDER BY Id LIMIT 2000",
        "ORDER BY SystemModstamp DESC LIMIT 1",
        f"WHERE Id IN ('{lead(1)}', '{lead(2)}')",
        "WHERE Email = 'AOI@acme.example'",
    ],
)
def test_what_pulls_ask_for_is_read_from_an_index_in_order(world: World, rest: str) -> None:
    connection = world.environment.connection
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    world.result(f"SELECT Id FROM Lead {rest}")
    connection.set_trace_callback(None)
    plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}")]
    assert len(plan) == 1, plan
    assert "USING INDEX" in plan[0]


def test_pages_are_slices_of_what_the_query_found_then(tmp_path: Path) -> None:
    world = World(tmp_path)
    result = world.result("SELECT LastName FROM Lead ORDER BY Id")
    insert(world.catalogue, world.database, "Lead", {"Id": lead(0), "LastName": "Late", "Company": "x"})
    with world.database.write() as connection:
        connection.execute('DELETE FROM "Lead" WHERE "Id" = ?', (lead(2),))
    assert result.total_size == 3
    assert [row["LastName"] for row in result.page(0, 2)] == [MORI]
    assert [row["LastName"] for row in result.page(2, 2)] == [OHARA]
    assert result.page(3, 2) == []
    world.database.close()


def test_multipicklists_include_and_exclude(tmp_path: Path) -> None:
    objects = Catalogue((ObjectDef("Topic__c", "Topic", (FieldDef("Id", "id"), FieldDef("Tags__c", "multipicklist"))),))
    database = Database(tmp_path / "tags.db")
    database.create(objects)
    database.insert("Topic__c", ("Id", "Tags__c"), [("1", "a;b"), ("2", "b"), ("3", None), ("4", "ab")])
    environment = Environment(objects, database.reader(), datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC"), "u")

    def found(condition: str) -> list[str]:
        rows = execute(f"SELECT Id FROM Topic__c WHERE Tags__c {condition} ORDER BY Id", environment).page(0, 9)
        return [row["Id"] for row in rows]

    assert found("INCLUDES ('A')") == ["1"]
    assert found("INCLUDES ('a;b', 'ab')") == ["1", "4"]
    assert found("EXCLUDES ('b')") == ["3", "4"]
    assert found("= 'a;b'") == ["1"]
    database.close()
