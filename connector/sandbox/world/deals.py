"""Conversion and what follows: the opportunity, its stages, won or lost with a reason, on both sides."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from connector.sandbox.world import crm
from connector.sandbox.world.agenda import Due
from connector.sandbox.world.assets import stamps
from connector.sandbox.world.draws import pick, shares_of
from connector.sandbox.world.moments import DAY, date_in_japan, text, working_moment
from connector.sandbox.world.scene import Scene, later
from connector.sandbox.world.standing import LeadState, Standing
from connector.sandbox.world.words_content import COMPETITORS, LOSS_REASONS, PRODUCTS
from connector.sandbox.world.words_staff import STAGES

_LOSS_SHARES = shares_of(LOSS_REASONS)
_FIGURES = {stage: (probability, forecast) for stage, probability, forecast in STAGES}
_ROAD = ("Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review")
WON, LOST = "Closed Won", "Closed Lost"


class Terms(NamedTuple):
    """What a row of an opportunity's history holds: stage, amount in yen, day of closing."""

    stage: str
    amount: float
    close: str


def convert(scene: Scene, due: Due) -> None:
    """A rep converts the Lead: Account, Contact, mostly an Opportunity; tasks and memberships move along."""
    standing, person, rng = scene.standings.of(due.person), scene.person(due.person), scene.rng(due)
    state = scene.standings.lead(standing)
    if state is None or state.deleted or state.converted or standing.lead_id is None:
        return
    contact = standing.contact_id or crm.add_contact(scene, standing, person, due.moment)
    if rng.random() < 0.85:
        _open_deal(scene, standing, due.moment, rng)
    user = crm.field_owner(scene, due.person)
    values = {
        "Status": "Closed - Converted",
        "IsConverted": 1,
        "ConvertedDate": date_in_japan(due.moment),
        "ConvertedAccountId": standing.account_id,
        "ConvertedContactId": contact,
        "ConvertedOpportunityId": standing.opportunity_id,
        "IsUnreadByOwner": 0,
    }
    scene.touch("Lead", standing.lead_id, due.moment, user, **values)
    scene.standings.set_lead(due.person, LeadState("Closed - Converted", deleted=False, converted=True))
    _move_along(scene, standing, due.moment, standing.lead_id)
    standing.happened = "converted"
    if standing.prospect_id is not None:
        linked = {"salesforceContactId": contact, "salesforceAccountId": standing.account_id}
        moved = {"salesforceId": contact, "salesforceLastSync": text(due.moment), "updatedAt": text(due.moment)}
        scene.ledger.change("prospects", standing.prospect_id, **linked, **moved)


def deal(scene: Scene, due: Due) -> None:
    """An opportunity is opened, or moves on by a stage towards its end."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    if due.detail == "open":
        _open_deal(scene, standing, due.moment, rng)
        return
    record, amount, ae_number, stage = due.detail.split(":")
    if scene.ledger.connection.execute(
        "SELECT 1 FROM Opportunity WHERE Id = ? AND (IsDeleted = 1 OR IsClosed = 1)", (record,)
    ).fetchone():
        return
    chance = 0.9 * (0.55 * standing.intent + 0.55 * standing.fit)
    position = _ROAD.index(stage)
    if rng.random() < (1 - chance) * 0.3:
        _end(scene, standing, due, LOST, rng)
    elif position + 1 < len(_ROAD):
        following = _ROAD[position + 1]
        _move(scene, due, following)
        detail = f"{record}:{amount}:{ae_number}:{following}"
        scene.push(working_moment(later(rng, due.moment, 6, 30), rng), due.person, "deal", detail)
    else:
        _end(scene, standing, due, WON if rng.random() < chance else LOST, rng)


def _open_deal(scene: Scene, standing: Standing, moment: int, rng: Random) -> None:
    person = scene.person(standing.person)
    record = standing.opportunity_id = scene.ledger.id("Opportunity")
    amount = max(30, int(person.company.employees**0.55 * rng.lognormvariate(1.6, 0.6))) * 10_000
    stage, product = _ROAD[0], rng.choice(PRODUCTS)
    user = crm.field_owner(scene, standing.person)
    close = date_in_japan(moment + int(rng.uniform(60, 150) * DAY))
    row = {
        "Id": record,
        "Name": f"{person.company.name} {product}"[:120],
        "AccountId": standing.account_id,
        "ContactId": standing.contact_id,
        "StageName": stage,
        "Amount": amount,
        "CloseDate": close,
        "Type": "New Customer",
        "LeadSource": person.source,
        "CampaignId": scene.assets.get(f"campaign:{person.source}"),
        "OwnerId": user,
        "Product__c": product,
        "LastStageChangeDate": text(moment),
        **_figures(stage),
        **stamps(scene.assets, moment),
        "CreatedById": user,
        "LastModifiedById": user,
    }
    scene.ledger.add("Opportunity", row)
    role = {"OpportunityId": record, "ContactId": standing.contact_id, "IsPrimary": 1, "Role": "Decision Maker"}
    scene.ledger.add(
        "OpportunityContactRole",
        {"Id": scene.ledger.id("OpportunityContactRole"), **role, **stamps(scene.assets, moment)},
    )
    _history(scene, record, moment, user, Terms(stage, amount, close))
    number = _ae_deal(scene, standing, moment, record, row["Name"], amount)
    standing.happened = "opportunity"
    detail = f"{record}:{amount}:{number}:{stage}"
    scene.push(working_moment(later(rng, moment, 6, 30), rng), standing.person, "deal", detail)


def _ae_deal(scene: Scene, standing: Standing, moment: int, record: str, name: str, amount: int) -> int:
    """The same opportunity in Account Engagement."""
    number = scene.ledger.number("opportunities")
    row = {"id": number, "name": name, "value": amount, "probability": 10, "stage": _ROAD[0], "status": "open"}
    columns = {"salesforceId": record, "createdAt": text(moment), "updatedAt": text(moment)}
    scene.ledger.add("opportunities", {**row, **columns, "campaignId": scene.assets["ae_campaign:Web"]})
    if standing.prospect_id is not None:
        link = {"opportunityId": number, "prospectId": standing.prospect_id, "updatedAt": text(moment)}
        scene.ledger.add("opportunity_prospects", {"id": scene.ledger.number("opportunity_prospects"), **link})
        scene.activity(standing, moment, 8, "New Opportunity", opportunityId=number, details=name)
        scene.standings.score(standing, moment, 50, f"New Opportunity: {name}")
    return number


def _figures(stage: str) -> dict[str, Any]:
    probability, forecast = _FIGURES[stage]
    return {"Probability": probability, "ForecastCategoryName": forecast}


def _history(scene: Scene, record: str, moment: int, user: str, terms: Terms) -> None:
    stage, amount, close = terms
    probability, forecast = _FIGURES[stage]
    scene.ledger.add(
        "OpportunityHistory",
        {
            "Id": scene.ledger.id("OpportunityHistory"),
            "OpportunityId": record,
            "StageName": stage,
            "Amount": amount,
            "ExpectedRevenue": amount * probability / 100,
            "CloseDate": close,
            "Probability": probability,
            "ForecastCategory": forecast,
            "CreatedById": user,
            "CreatedDate": text(moment),
            "SystemModstamp": text(moment),
        },
    )


def _move(scene: Scene, due: Due, stage: str, **columns: Any) -> None:
    """A stage change, with its history and its mirror in Account Engagement."""
    record, amount, number, _ = due.detail.split(":")
    user, when = crm.field_owner(scene, due.person), text(due.moment)
    values = {"StageName": stage, "LastStageChangeDate": when, **_figures(stage), **columns}
    scene.touch("Opportunity", record, due.moment, user, **values)
    close = columns.get("CloseDate", date_in_japan(due.moment + 60 * DAY))
    _history(scene, record, due.moment, user, Terms(stage, float(amount), close))
    probability = _FIGURES[stage][0]
    status = {WON: "won", LOST: "lost"}.get(stage, "open")
    mirror: dict[str, Any] = {"stage": stage, "probability": probability, "status": status, "updatedAt": when}
    if status != "open":
        mirror["closedAt"] = when
    scene.ledger.change("opportunities", int(number), **mirror)


def _end(scene: Scene, standing: Standing, due: Due, stage: str, rng: Random) -> None:
    columns: dict[str, Any] = {"CloseDate": date_in_japan(due.moment)}
    if stage == LOST:
        reason = LOSS_REASONS[pick(rng.random(), _LOSS_SHARES)][0] if rng.random() < 0.88 else None
        columns["Loss_Reason__c"] = reason
        columns["Competitor__c"] = rng.choice(COMPETITORS) if reason == "Chose a competitor" else None
    _move(scene, due, stage, **columns)
    standing.happened = "won" if stage == WON else "lost"
    number = int(due.detail.split(":")[2])
    if standing.prospect_id is not None:
        kind, name, points = (9, "Opportunity Won", 0) if stage == WON else (10, "Opportunity Lost", -100)
        scene.activity(standing, due.moment, kind, name, opportunityId=number, details=name)
        scene.standings.score(standing, due.moment, points, name)
    if stage == WON and standing.account_id is not None:
        user = crm.field_owner(scene, due.person)
        scene.touch("Account", standing.account_id, due.moment, user, Type="Customer - Direct")


def _move_along(scene: Scene, standing: Standing, moment: int, lead: str) -> None:
    """Tasks, events and memberships of a Lead just converted now belong to the Contact."""
    user = crm.field_owner(scene, standing.person)
    for table, column in (("Task", "WhoId"), ("Event", "WhoId"), ("CampaignMember", "LeadId")):
        for record in scene.ledger.holders(table, column, lead):
            moved: dict[str, Any] = {column: standing.contact_id}
            if table == "CampaignMember":
                moved = {"LeadId": None, "ContactId": standing.contact_id}
            else:
                moved |= {"WhatId": standing.opportunity_id, "AccountId": standing.account_id}
            scene.touch(table, record, moment, user, **moved)
