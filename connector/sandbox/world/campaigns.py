"""Campaigns on both sides, and the figures that Salesforce keeps on them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from connector.sandbox.world.assets import Assets, moments_of, stamps
from connector.sandbox.world.ledger import Ledger

_FIGURES = {
    "NumberOfLeads": "SELECT count(*) FROM CampaignMember AS m WHERE m.CampaignId = Campaign.Id "
    "AND m.IsDeleted = 0 AND m.LeadId IS NOT NULL AND m.ContactId IS NULL",
    "NumberOfContacts": "SELECT count(*) FROM CampaignMember AS m WHERE m.CampaignId = Campaign.Id "
    "AND m.IsDeleted = 0 AND m.ContactId IS NOT NULL",
    "NumberOfResponses": "SELECT count(*) FROM CampaignMember AS m WHERE m.CampaignId = Campaign.Id "
    "AND m.IsDeleted = 0 AND m.HasResponded = 1",
    "NumberOfOpportunities": "SELECT count(*) FROM Opportunity AS o WHERE o.CampaignId = Campaign.Id",
    "NumberOfWonOpportunities": "SELECT count(*) FROM Opportunity AS o "
    "WHERE o.CampaignId = Campaign.Id AND o.IsWon = 1",
    "AmountAllOpportunities": "SELECT total(Amount) FROM Opportunity AS o WHERE o.CampaignId = Campaign.Id",
    "AmountWonOpportunities": "SELECT total(Amount) FROM Opportunity AS o "
    "WHERE o.CampaignId = Campaign.Id AND o.IsWon = 1",
}


class Launch(NamedTuple):
    """A campaign to be: the world's own name for it, its name and type, and its only day, if it has one."""

    key: str
    name: str
    kind: str
    held: str | None = None


def add_campaign(ledger: Ledger, assets: Assets, launch: Launch, moment: int) -> None:
    """A campaign on both sides, kept as `campaign:…` and `ae_campaign:…`."""
    record = assets.keep(f"campaign:{launch.key}", ledger.id("Campaign"))
    ledger.add(
        "Campaign",
        {
            "Id": record,
            "Name": launch.name[:80],
            "Type": launch.kind,
            "Status": "In Progress",
            "IsActive": 1,
            "StartDate": launch.held,
            "EndDate": launch.held,
            "OwnerId": assets[assets.names("user:marketing:")[0]],
            "NumberOfConvertedLeads": 0,
            **dict.fromkeys(_FIGURES, 0),
            **stamps(assets, moment),
        },
    )
    number = assets.keep(f"ae_campaign:{launch.key}", ledger.number("campaigns"))
    row = {"id": number, "name": launch.name, "cost": 0, "salesforceId": record}
    ledger.add("campaigns", {**row, **moments_of(moment)})


def count_members(connection: sqlite3.Connection) -> None:
    """Brings every campaign's figures up to date; its stamps stay, as they do in Salesforce."""
    sets = ", ".join(f"{column} = ({statement})" for column, statement in _FIGURES.items())
    connection.execute(f"UPDATE Campaign SET {sets}")
