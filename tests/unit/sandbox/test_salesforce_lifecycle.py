"""Conversion, merge, undelete and deletion for good: what is left afterwards, on every record concerned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.catalogue import account_engagement
from tests.unit.sandbox.salesforce_org import API_USER, REP, Org, new_org

pytestmark = pytest.mark.requirement("SY-1", "SY-10")


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return new_org(tmp_path)


def test_conversion_makes_account_contact_and_deal(org: Org) -> None:
    lead = org.lead(FirstName="Aoi", Email="a@acme.example", City="横浜", OwnerId=REP, Department__c="情報システム部")
    task = org.create("Task", WhoId=lead)
    campaign = org.create("Campaign", Name="Webinar")
    member = org.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    later = org.later(days=1)
    made = org.call("POST", "/_sandbox/convert", {"lead": lead, "opportunity": "Acme deal", "user": REP}).body
    account, contact, deal = made["account_id"], made["contact_id"], made["opportunity_id"]
    row = org.row("Lead", lead)
    assert (row["IsConverted"], row["Status"], row["ConvertedDate"]) == (1, "Closed - Converted", "2026-10-02")
    assert (row["ConvertedAccountId"], row["ConvertedContactId"], row["ConvertedOpportunityId"]) == (
        account,
        contact,
        deal,
    )
    assert (row["SystemModstamp"], row["LastModifiedById"], row["IsDeleted"]) == (later, REP, 0)
    person = org.row("Contact", contact)
    assert (person["Name"], person["AccountId"], person["MailingCity"]) == ("Aoi Mori", account, "横浜")
    assert (person["Department"], person["OwnerId"], person["CreatedDate"]) == ("情報システム部", REP, later)
    assert (org.row("Account", account)["Name"], org.row("Account", account)["BillingCity"]) == ("Acme", "横浜")
    opened = org.row("Opportunity", deal)
    assert (opened["StageName"], opened["CloseDate"], opened["Probability"]) == ("Prospecting", "2026-12-31", 10)
    assert [(role["ContactId"], role["IsPrimary"]) for role in org.rows("OpportunityContactRole")] == [(contact, 1)]
    moved = org.row("Task", task)
    assert (moved["WhoId"], moved["WhatId"], moved["SystemModstamp"]) == (contact, deal, later)
    assert org.row("CampaignMember", member)["ContactId"] == contact


def test_a_converted_lead_is_read_only(org: Org) -> None:
    lead = org.lead()
    org.call("POST", "/_sandbox/convert", {"lead": lead})
    refused = [
        {"message": "cannot reference converted lead", "errorCode": "CANNOT_UPDATE_CONVERTED_LEAD", "fields": []}
    ]
    assert org.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "x"}).body == refused
    assert org.call("POST", "sobjects/Task", {"WhoId": lead}).body == refused
    again = org.call("POST", "/_sandbox/convert", {"lead": lead})
    assert (again.status, again.body["error"]) == (400, "CANNOT_UPDATE_CONVERTED_LEAD: cannot reference converted lead")
    assert org.call("GET", f"query?q=SELECT Id FROM Lead WHERE Id = '{lead}'").body["totalSize"] == 1


def test_conversion_into_what_exists(org: Org) -> None:
    account = org.create("Account", Name="Known")
    contact = org.create("Contact", LastName="Known", AccountId=account)
    made = org.call("POST", "/_sandbox/convert", {"lead": org.lead(), "account": account[:15], "contact": contact}).body
    assert made == {"account_id": account, "contact_id": contact, "opportunity_id": None}
    assert (len(org.rows("Account")), len(org.rows("Contact")), org.rows("Opportunity")) == (1, 1, [])


def test_merge_bins_the_losers_and_moves_their_children(org: Org) -> None:
    winner, loser = org.lead(Title="kept"), org.lead(Title="lost")
    task = org.create("Task", WhoId=loser)
    campaign, other = org.create("Campaign", Name="A"), org.create("Campaign", Name="B")
    for person, where in ((winner, campaign), (loser, campaign), (loser, other)):
        org.create("CampaignMember", CampaignId=where, LeadId=person)
    later = org.later(minutes=1)
    assert org.call("POST", "/_sandbox/merge", {"winner": winner, "losers": [loser]}).status == 200
    gone = org.row("Lead", loser)
    assert (gone["IsDeleted"], gone["MasterRecordId"], gone["SystemModstamp"]) == (1, winner, later)
    assert (org.row("Lead", winner)["Title"], org.row("Lead", winner)["SystemModstamp"]) == ("kept", later)
    assert (org.row("Task", task)["WhoId"], org.row("Task", task)["SystemModstamp"]) == (winner, later)
    members = sorted((row["CampaignId"], row["LeadId"]) for row in org.rows("CampaignMember") if not row["IsDeleted"])
    assert members == [(campaign, winner), (other, winner)]
    query = f"SELECT Id FROM Lead WHERE IsDeleted = true AND MasterRecordId = '{winner}'"
    assert org.call("GET", f"query?q={query}").body["totalSize"] == 0
    assert org.call("GET", f"queryAll?q={query}").body["totalSize"] == 1
    assert org.call("POST", "/_sandbox/undelete", {"id": loser}).status == 400


def test_merge_refuses_nonsense(org: Org) -> None:
    lead, deal = org.lead(), org.create("Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-12-01")
    assert org.call("POST", "/_sandbox/merge", {"winner": lead, "losers": [lead]}).status == 400
    assert org.call("POST", "/_sandbox/merge", {"winner": lead, "losers": []}).status == 400
    assert org.call("POST", "/_sandbox/merge", {"winner": deal, "losers": [deal]}).status == 400
    assert org.row("Lead", lead)["IsDeleted"] == 0


def test_what_is_deleted_for_good_is_in_no_query(org: Org) -> None:
    lead = org.lead()
    task = org.create("Task", WhoId=lead)
    org.call("DELETE", f"sobjects/Task/{task}")
    assert org.call("POST", "/_sandbox/hard-delete", {"id": lead}).status == 200
    assert org.call("GET", "queryAll?q=SELECT Id FROM Lead").body["totalSize"] == 0
    assert org.rows("Task") == []
    assert org.call("POST", "/_sandbox/hard-delete", {"id": lead}).status == 400


def test_an_edit_by_hand_is_somebody_elses(org: Org) -> None:
    lead = org.lead()
    org.call("POST", "/_sandbox/edit", {"id": lead, "fields": {"Title": "部長"}})
    row = org.row("Lead", lead)
    assert (row["Title"], row["CreatedById"], row["LastModifiedById"]) == ("部長", API_USER, REP)
    assert org.call("POST", "/_sandbox/edit", {"id": lead, "fields": {"Nope": 1}}).status == 400


def test_prospects_follow_their_records(org: Org) -> None:
    org.sandbox.account_engagement = account_engagement.catalogue(org.sandbox.config)
    org.sandbox.database.create(org.sandbox.account_engagement)
    winner, loser = org.lead(), org.lead()
    org.sandbox.database.insert("prospects", ("id", "salesforceLeadId", "salesforceId"), [(1, loser, loser)])
    later = org.later(minutes=1)
    org.call("POST", "/_sandbox/merge", {"winner": winner, "losers": [loser]})
    (prospect,) = prospects(org)
    assert (prospect["salesforceLeadId"], prospect["salesforceId"], prospect["updatedAt"]) == (winner, winner, later)
    made = org.call("POST", "/_sandbox/convert", {"lead": winner}).body
    (prospect,) = prospects(org)
    assert (prospect["salesforceLeadId"], prospect["salesforceContactId"]) == (winner, made["contact_id"])
    assert (prospect["salesforceId"], prospect["salesforceAccountId"]) == (made["contact_id"], made["account_id"])


def prospects(org: Org) -> list[dict[str, Any]]:
    return [dict(row) for row in org.sandbox.database.reader().execute("SELECT * FROM prospects")]
