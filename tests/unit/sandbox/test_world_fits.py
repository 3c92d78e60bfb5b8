"""Every row of the invented world is one that the emulated systems themselves would have accepted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox import world
from connector.sandbox.catalogue import account_engagement, salesforce
from connector.sandbox.catalogue.model import FieldDef
from connector.sandbox.clock import WorldClock
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.database import Database
from tests.unit.sandbox.world_builder import START, build_world

pytestmark = pytest.mark.requirement("SY-1", "SY-2")

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return build_world(tmp_path_factory.mktemp("world"), 1200)


def misfit(entry: FieldDef, value: Any) -> str | None:
    """What is wrong with a value of a field, None when it fits."""
    if value is None:
        return None if entry.nillable or entry.name == "FirstName" else "null"
    if entry.type == "boolean":
        return None if value in {0, 1} else "no boolean"
    if entry.type == "datetime":
        return None if STAMP.fullmatch(str(value)) else "no stamp"
    if entry.type == "date":
        return None if DATE.fullmatch(str(value)) else "no date"
    if entry.restricted and entry.values and value not in {known.value for known in entry.values}:
        return "not in the picklist"
    if entry.length and len(str(value)) > entry.length:
        return "too long"
    return None


def test_every_value_fits_its_field(sandbox: Sandbox) -> None:
    wrong = set()
    for definition in (*sandbox.salesforce, *sandbox.account_engagement):
        fields = [entry for entry in definition.fields if entry.stored]
        columns = ", ".join(f'"{entry.name}"' for entry in fields)
        for row in sandbox.database.reader().execute(f'SELECT {columns} FROM "{definition.name}"'):
            for entry, value in zip(fields, row, strict=True):
                problem = misfit(entry, value)
                if problem:
                    wrong.add((definition.name, entry.name, problem))
    assert not wrong


def test_lead_sources_and_statuses_are_those_of_the_org(sandbox: Sandbox) -> None:
    lead = sandbox.salesforce.object("Lead")
    assert lead is not None
    for name in ("LeadSource", "Status", "Industry", "Rating", "Close_Reason__c"):
        entry = lead.field(name)
        assert entry is not None
        known = {value.value for value in entry.values}
        found = {row[0] for row in sandbox.database.reader().execute(f"SELECT DISTINCT {name} FROM Lead")}
        assert found - {None} <= known, name


def test_campaigns_count_their_members(sandbox: Sandbox) -> None:
    wrong = sandbox.database.reader().execute(
        "SELECT count(*) FROM Campaign WHERE "
        "NumberOfLeads <> (SELECT count(*) FROM CampaignMember AS m WHERE m.CampaignId = Campaign.Id "
        "AND LeadId IS NOT NULL AND ContactId IS NULL AND m.IsDeleted = 0) "
        "OR NumberOfContacts <> (SELECT count(*) FROM CampaignMember AS m WHERE m.CampaignId = Campaign.Id "
        "AND ContactId IS NOT NULL AND m.IsDeleted = 0)"
    )
    assert wrong.fetchone()[0] == 0


@pytest.mark.requirement("AD-2")
def test_an_org_without_the_connectors_fields_has_the_same_world(tmp_path: Path) -> None:
    config = SandboxConfig(state=tmp_path, people=60, start=START, custom_fields=False)
    sandbox = Sandbox(
        config=config,
        clock=WorldClock(START, frozen=True),
        database=Database(tmp_path / "bare.sqlite"),
        salesforce=salesforce.catalogue(config),
        account_engagement=account_engagement.catalogue(config),
    )
    sandbox.database.create((*sandbox.salesforce, *sandbox.account_engagement))
    world.build(sandbox)
    full = build_world(tmp_path, 60)
    statement = "SELECT Id, Email, Status, SystemModstamp FROM Lead ORDER BY Id"
    bare_rows, full_rows = ([tuple(row) for row in one.database.reader().execute(statement)] for one in (sandbox, full))
    assert bare_rows == full_rows
