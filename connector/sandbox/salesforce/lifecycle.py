"""What people do to records in Salesforce's own screens: convert leads, merge duplicates, empty the recycle bin."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.catalogue.salesforce import cascades
from connector.sandbox.salesforce import changes
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.values import Stored
from connector.sandbox.salesforce.writer import Writer

_MERGEABLE = frozenset({"Account", "Contact", "Lead"})
_MOST_LOSERS = 2

_LEAD_TO_ACCOUNT: Mapping[str, str] = MappingProxyType(
    {
        "Company": "Name",
        "Street": "BillingStreet",
        "City": "BillingCity",
        "State": "BillingState",
        "PostalCode": "BillingPostalCode",
        "Country": "BillingCountry",
        "Phone": "Phone",
        "Fax": "Fax",
        "Website": "Website",
        "Industry": "Industry",
        "AnnualRevenue": "AnnualRevenue",
        "NumberOfEmployees": "NumberOfEmployees",
        "Rating": "Rating",
        "LeadSource": "AccountSource",
        "Corporate_Number__c": "Corporate_Number__c",
        "OwnerId": "OwnerId",
    }
)
_LEAD_TO_CONTACT: Mapping[str, str] = MappingProxyType(
    {
        "Salutation": "Salutation",
        "FirstName": "FirstName",
        "LastName": "LastName",
        "Title": "Title",
        "Department__c": "Department",
        "Email": "Email",
        "Phone": "Phone",
        "MobilePhone": "MobilePhone",
        "Fax": "Fax",
        "Street": "MailingStreet",
        "City": "MailingCity",
        "State": "MailingState",
        "PostalCode": "MailingPostalCode",
        "Country": "MailingCountry",
        "Description": "Description",
        "LeadSource": "LeadSource",
        "HasOptedOutOfEmail": "HasOptedOutOfEmail",
        "DoNotCall": "DoNotCall",
        "OwnerId": "OwnerId",
    }
)


@dataclass(frozen=True)
class Conversion:
    """What became of a lead. `opportunity_id` is None when no deal was opened."""

    account_id: str
    contact_id: str
    opportunity_id: str | None


def convert_lead(
    writer: Writer,
    lead_id: str,
    *,
    account_id: str | None = None,
    contact_id: str | None = None,
    opportunity_name: str | None = None,
) -> Conversion:
    """Makes a lead a contact at an account, existing ones or new, with a deal when that is named.

    The lead stays, converted and read-only; its activities and campaign memberships go to the contact. Raises
    RefusedError for a lead that is converted already, deleted or unknown.
    """
    leads = writer.object("Lead")
    lead = changes.existing(writer, leads, lead_id)
    if lead["IsConverted"]:
        raise RefusedError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    account = account_id or _copy(writer, lead, "Account", _LEAD_TO_ACCOUNT, {})
    account = changes.existing(writer, writer.object("Account"), account)["Id"]
    contact = contact_id or _copy(writer, lead, "Contact", _LEAD_TO_CONTACT, {"AccountId": account})
    contact = changes.existing(writer, writer.object("Contact"), contact)["Id"]
    opportunity = _open_deal(writer, lead, account, contact, opportunity_name) if opportunity_name else None
    writer.update(
        leads,
        lead["Id"],
        {
            "IsConverted": 1,
            "Status": _converted_status(writer),
            "ConvertedDate": writer.now[:10],
            "ConvertedAccountId": account,
            "ConvertedContactId": contact,
            "ConvertedOpportunityId": opportunity,
            **writer.touched(leads),
        },
    )
    for name in ("Task", "Event"):
        moved = {"WhoId": contact, "WhatId": opportunity or account, "AccountId": account}
        _move(writer, name, "WhoId", lead["Id"], moved)
    _move(writer, "CampaignMember", "LeadId", lead["Id"], {"ContactId": contact})
    return Conversion(account, contact, opportunity)


def merge(writer: Writer, definition: ObjectDef, winner: str, losers: Sequence[str]) -> None:
    """Merges up to two records into the winner, which keeps its own values.

    Losers go into the recycle bin with the winner in MasterRecordId; what pointed to them points to the winner,
    with a new stamp. Raises RefusedError for records that cannot be merged.
    """
    if definition.name not in _MERGEABLE or not 0 < len(losers) <= _MOST_LOSERS:
        message = f"One or two of {', '.join(sorted(_MERGEABLE))} can be merged into another"
        raise RefusedError("INVALID_OPERATION", message)
    master = changes.existing(writer, definition, winner)
    for loser in losers:
        row = changes.existing(writer, definition, loser)
        if row["Id"] == master["Id"]:
            raise RefusedError("INVALID_OPERATION", "A record cannot be merged into itself")
        for child, field in _pointing_to(writer, definition):
            _adopt(writer, child, field, row["Id"], master["Id"])
        gone: dict[str, Stored] = {"IsDeleted": 1, "MasterRecordId": master["Id"]}
        writer.update(definition, row["Id"], gone | writer.touched(definition))
    writer.update(definition, master["Id"], writer.touched(definition))


def hard_delete(writer: Writer, definition: ObjectDef, record: str) -> None:
    """Removes a record and what hangs on it for good, deleted before or not: no query sees it again."""
    for child, field in sorted(cascades()):
        entry = writer.object(child).field(field)
        if entry is not None and definition.name in entry.references:
            for found in writer.pointing(child, field, record):
                hard_delete(writer, writer.object(child), found)
    writer.remove(definition, record)


def _copy(
    writer: Writer, lead: sqlite3.Row, object_name: str, names: Mapping[str, str], more: Mapping[str, Stored]
) -> str:
    """A new record from the lead's values; an owner that cannot own it (a queue) becomes the user."""
    definition = writer.object(object_name)
    known = set(lead.keys())
    values = {target: lead[source] for source, target in names.items() if source in known and definition.field(target)}
    if not str(values["OwnerId"]).startswith(writer.object("User").prefix or "-"):
        values["OwnerId"] = writer.user_id
    return writer.insert(definition, {**changes.defaults(writer, definition), **values, **more})


def _open_deal(writer: Writer, lead: sqlite3.Row, account: str, contact: str, name: str) -> str:
    """A deal in the first stage that closes at the end of the quarter, with the contact as its first role."""
    stage = writer.connection.execute(
        'SELECT "ApiName" FROM "OpportunityStage" WHERE "IsActive" = 1 ORDER BY "SortOrder" LIMIT 1'
    ).fetchone()
    owner = lead["OwnerId"] if str(lead["OwnerId"]).startswith("005") else writer.user_id
    deal = {
        "Name": name,
        "AccountId": account,
        "ContactId": contact,
        "StageName": stage[0] if stage else "Prospecting",
        "CloseDate": _quarter_end(date.fromisoformat(writer.now[:10])).isoformat(),
        "LeadSource": lead["LeadSource"],
        "OwnerId": owner,
    }
    opportunity = changes.insert(writer, writer.object("Opportunity"), deal).id
    role = {"OpportunityId": opportunity, "ContactId": contact, "IsPrimary": True}
    changes.insert(writer, writer.object("OpportunityContactRole"), role)
    return opportunity


def _quarter_end(day: date) -> date:
    following = day.month - (day.month - 1) % 3 + 3
    return date(day.year + (following > 12), (following - 1) % 12 + 1, 1) - timedelta(days=1)


def _converted_status(writer: Writer) -> str:
    row = writer.connection.execute(
        'SELECT "ApiName" FROM "LeadStatus" WHERE "IsConverted" = 1 ORDER BY "SortOrder" LIMIT 1'
    ).fetchone()
    return str(row[0]) if row else "Closed - Converted"


def _pointing_to(writer: Writer, definition: ObjectDef) -> Iterator[tuple[str, str]]:
    """(object, field) of every stored lookup to the object, its own MasterRecordId excepted."""
    for child in writer.sandbox.salesforce:
        for field in child.fields:
            if definition.name in field.references and field.name != "MasterRecordId" and not field.derived:
                yield child.name, field.name


def _adopt(writer: Writer, child: str, field: str, loser: str, winner: str) -> None:
    """Gives a loser's children to the winner; a membership that the winner has already goes into the bin."""
    if child == "CampaignMember":
        taken = {row["CampaignId"] for row in _members(writer, field, winner)}
        for row in _members(writer, field, loser):
            if row["CampaignId"] in taken:
                definition = writer.object(child)
                writer.update(definition, row["Id"], {"IsDeleted": 1, **writer.touched(definition)})
    _move(writer, child, field, loser, {field: winner})


def _members(writer: Writer, field: str, person: str) -> list[sqlite3.Row]:
    return writer.connection.execute(
        f'SELECT "Id", "CampaignId" FROM "CampaignMember" WHERE "{field}" = ? AND "IsDeleted" = 0', (person,)
    ).fetchall()


def _move(writer: Writer, child: str, field: str, parent: str, values: Mapping[str, Stored]) -> None:
    definition = writer.object(child)
    for found in writer.children(child, field, parent):
        writer.update(definition, found, {**values, **writer.touched(definition, by_user=False)})
