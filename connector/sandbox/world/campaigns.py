"""Campaigns on both sides, and the figures that Salesforce keeps on them."""

from __future__ import annotations

import sqlite3

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


def add_campaign(
    ledger: Ledger, assets: Assets, key: str, name: str, kind: str, moment: int, held: str | None = None
) -> None:
    """A campaign on both sides, kept as `campaign:…` and `ae_campaign:…`; `held` is its only day, if it has one."""
    record = assets.keep(key, ledger.id("Campaign"))
    ledger.add(
        "Campaign",
        {
            "Id": record,
            "Name": name[:80],
            "Type": kind,
            "Status": "In Progress",
            "IsActive": 1,
            "StartDate": held,
            "EndDate": held,
            "OwnerId": assets[assets.names("user:marketing:")[0]],
            "NumberOfConvertedLeads": 0,
            **dict.fromkeys(_FIGURES, 0),
            **stamps(assets, moment),
        },
    )
    number = assets.keep(f"ae_{key}", ledger.number("campaigns"))
    row = {"id": number, "name": name, "cost": 0, "salesforceId": record}
    ledger.add("campaigns", {**row, **moments_of(moment)})


def count_members(connection: sqlite3.Connection) -> None:
    """Brings every campaign's figures up to date; its stamps stay, as they do in Salesforce."""
    sets = ", ".join(f"{column} = ({statement})" for column, statement in _FIGURES.items())
    connection.execute(f"UPDATE Campaign SET {sets}")
