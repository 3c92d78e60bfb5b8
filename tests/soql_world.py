"""A tiny org for tests of SOQL: a few people at two accounts, on the sandbox's own catalogue and database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.catalogue.model import Catalogue
from connector.sandbox.catalogue.salesforce import catalogue
from connector.sandbox.config import SandboxConfig
from connector.sandbox.database import Database
from connector.sandbox.ids import record_id
from connector.sandbox.soql import Environment, Result, execute

NOW = datetime(2026, 5, 13, 3, 30, tzinfo=UTC)
"""Noon and a half of Wednesday, 13 May 2026, in Tokyo."""

REP, QUEUE = record_id("005", 1), record_id("00G", 1)
ACME, GLOBEX = record_id("001", 1), record_id("001", 2)

Row = Mapping[str, Any]


def lead(number: int) -> str:
    return record_id("00Q", number)


def contact(number: int) -> str:
    return record_id("003", number)


ROWS: tuple[tuple[str, tuple[Row, ...]], ...] = (
    ("Organization", ({"Id": record_id("00D", 1), "Name": "Vendor", "FiscalYearStartMonth": 4},)),
    (
        "User",
        ({"Id": REP, "FirstName": "Rei", "LastName": "Sato", "Email": "rep@vendor.example", "IsActive": 1},),
    ),
    ("Group", ({"Id": QUEUE, "Name": "Inbound", "Type": "Queue"},)),
    (
        "Account",
        (
            {"Id": ACME, "Name": "Acme", "OwnerId": REP, "AnnualRevenue": 1_000_000, "BillingCity": "東京"},
            {"Id": GLOBEX, "Name": "Globex", "OwnerId": REP, "ParentId": ACME},
        ),
    ),
    (
        "Lead",
        (
            {
                "Id": lead(1), "FirstName": "Aoi", "LastName": "Mori", "Company": "Acme", "OwnerId": REP,
                "Status": "Open - Not Contacted", "LeadSource": "Web", "NumberOfEmployees": 10,
                "AnnualRevenue": 2.5, "City": "横浜", "Email": "aoi@acme.example", "IsConverted": 0,
                "CreatedDate": "2026-05-12T15:00:00.000Z", "Description": "long",
            },
            {
                "Id": lead(2), "FirstName": "Ben", "LastName": "100%", "Company": "a_b", "OwnerId": QUEUE,
                "Status": "Nurturing", "LeadSource": "webinar", "NumberOfEmployees": 20, "IsConverted": 0,
                "CreatedDate": "2026-05-12T14:59:59.000Z", "Connector_Score__c": 64,
            },
            {
                "Id": lead(3), "FirstName": None, "LastName": "O'Hara", "Company": "back\\slash", "OwnerId": REP,
                "Status": "Nurturing", "LeadSource": None, "NumberOfEmployees": None, "IsConverted": 1,
                "ConvertedDate": "2026-05-01", "CreatedDate": "2025-12-31T23:59:59.000Z",
            },
            {
                "Id": lead(4), "LastName": "Gone", "Company": "Acme", "OwnerId": REP, "IsDeleted": 1,
                "Status": "Nurturing", "MasterRecordId": lead(1), "CreatedDate": "2026-01-01T00:00:00.000Z",
            },
        ),
    ),
    (
        "Contact",
        (
            {"Id": contact(1), "LastName": "Abe", "AccountId": ACME, "OwnerId": REP},
            {"Id": contact(2), "LastName": "Baba", "AccountId": ACME, "OwnerId": REP},
            {"Id": contact(3), "LastName": "Chiba", "AccountId": None, "OwnerId": REP},
            {"Id": contact(4), "LastName": "Doi", "AccountId": ACME, "OwnerId": REP, "IsDeleted": 1},
        ),
    ),
    (
        "Task",
        (
            {"Id": record_id("00T", 1), "Subject": "Call", "WhoId": lead(1), "OwnerId": REP, "Status": "Completed"},
            {
                "Id": record_id("00T", 2), "Subject": "Mail", "WhoId": contact(1), "WhatId": ACME,
                "OwnerId": QUEUE, "Status": "Not Started", "ActivityDate": "2026-05-13",
            },
            {"Id": record_id("00T", 3), "Subject": "Old", "OwnerId": REP, "Status": "Completed", "IsArchived": 1},
        ),
    ),
)  # fmt: skip


def build(folder: Path) -> tuple[Catalogue, Database]:
    """The org's catalogue and its filled database in a folder."""
    objects = catalogue(SandboxConfig(state=folder))
    database = Database(folder / "world.db")
    database.create(objects)
    for name, rows in ROWS:
        for row in rows:
            insert(objects, database, name, row)
    return objects, database


def insert(objects: Catalogue, database: Database, name: str, row: Row) -> None:
    """One row, with stamps and flags filled in where it has none."""
    definition = objects.object(name)
    assert definition is not None
    stamp = row.get("CreatedDate", "2026-05-01T07:25:37.000Z")
    defaults = {"CreatedDate": stamp, "LastModifiedDate": stamp, "SystemModstamp": stamp, "IsDeleted": 0}
    filled = {**{key: value for key, value in defaults.items() if definition.field(key)}, **row}
    database.insert(name, tuple(filled), [tuple(filled.values())])


class World:
    """The tiny org, asked in SOQL."""

    def __init__(self, folder: Path) -> None:
        self.catalogue, self.database = build(folder)
        self.environment = Environment(self.catalogue, self.database.reader(), NOW, ZoneInfo("Asia/Tokyo"), user_id=REP)

    def result(self, text: str) -> Result:
        return execute(text, self.environment)

    def records(self, text: str) -> list[dict[str, Any]]:
        return self.result(text).page(0, 2000)

    def names(self, text: str) -> list[Any]:
        """The second value of each record: the first selected field."""
        return [next(value for key, value in record.items() if key != "attributes") for record in self.records(text)]
