"""People's records in Salesforce: Lead, Contact, Account, campaign membership."""

from __future__ import annotations

from random import Random
from typing import Any

from connector.sandbox.world.assets import stamps
from connector.sandbox.world.draws import salt, stream, unit
from connector.sandbox.world.moments import date_in_japan, text
from connector.sandbox.world.oddities import odd_columns, odd_email
from connector.sandbox.world.people import Person
from connector.sandbox.world.scene import Scene
from connector.sandbox.world.spellings import company_as_typed, corporate_number_as_typed
from connector.sandbox.world.standing import LeadState, Standing
from connector.sandbox.world.words_places import PREFECTURES_IN_ROMAJI

NEW = "Open - Not Contacted"
_BY_TEAM = {"Web": "user:integration", "Webinar": "user:integration", "Thought Leader": "user:integration"}
_TWINS = (41, 141)
"""People of which every two hundred's have a second live Lead with the same address."""


def owner_of(scene: Scene, index: int) -> str:
    """Who owns a new Lead: one of the inside sales people, or a queue."""
    names = scene.assets.names("user:inside:")
    where = unit(scene.seed, index, salt("owner"))
    if where < 0.2:
        return str(scene.assets["queue:Inside_Sales" if where < 0.17 else "queue:Partner_Desk"])
    return str(scene.assets[names[int((where - 0.2) / 0.8 * len(names))]])


def creator(source: str) -> str:
    """The asset name of the user who makes records of people with this source."""
    return _BY_TEAM.get(source, "user:marketing:kaori.uchida")


def add_lead(scene: Scene, standing: Standing, person: Person, moment: int, rng: Random) -> None:
    """Makes a person's Lead; a few people get a second one, or a Contact beside it."""
    standing.owner_id = owner_of(scene, person.index)
    row = lead_row(scene, standing, person, moment, rng)
    standing.lead_id = row["Id"]
    scene.ledger.add("Lead", row)
    scene.standings.set_lead(person.index, LeadState(row["Status"], deleted=False, converted=False))
    if person.index % 200 in _TWINS:
        scene.push(moment + 90, person.index, "twin")
    if person.index % 100 == 67:
        add_contact(scene, standing, person, moment)


def add_twin(scene: Scene, standing: Standing, person: Person, moment: int) -> None:
    """Makes a second Lead of the same person, typed anew."""
    rng = stream(scene.seed, person.index, salt("twin"))
    row = lead_row(scene, standing, person, moment, rng)
    row |= {"Company": company_as_typed(rng, person.company), "LeadSource": "Other", "Ext_Id__c": None}
    standing.twin_lead_id = row["Id"]
    scene.ledger.add("Lead", row)


def lead_row(scene: Scene, standing: Standing, person: Person, moment: int, rng: Random) -> dict[str, Any]:
    """The columns of a new Lead."""
    company, place = person.company, person.company.place
    typed = company_as_typed(rng, company)
    known = rng.random()
    prefecture = PREFECTURES_IN_ROMAJI.get(place.prefecture) if known < 0.06 else place.prefecture
    row: dict[str, Any] = {
        "Id": scene.ledger.id("Lead"),
        "LastName": person.family,
        "FirstName": person.given,
        "Company": typed,
        "Title": person.title if rng.random() < 0.85 else None,
        "Department__c": person.department if rng.random() < 0.75 else None,
        "Email": odd_email(person.index, person.email),
        "Phone": company.phone if rng.random() < 0.7 else None,
        "MobilePhone": person.mobile,
        "Street": company.street if known < 0.6 else None,
        "City": place.city if known < 0.7 else None,
        "State": prefecture if known < 0.85 else None,
        "PostalCode": f"{place.postal[:3]}-{place.postal[3:]}" if known < 0.6 else None,
        "Country": "日本" if known < 0.85 else None,
        "Website": f"https://www.{company.domain}" if rng.random() < 0.45 else None,
        "Industry": company.trade.industry if rng.random() < 0.55 else None,
        "NumberOfEmployees": company.employees if rng.random() < 0.35 else None,
        "AnnualRevenue": company.revenue if rng.random() < 0.15 else None,
        "LeadSource": person.source if rng.random() < 0.98 else None,
        "Status": NEW,
        "Rating": rng.choice(("Hot", "Warm", "Cold")) if rng.random() < 0.2 else None,
        "OwnerId": standing.owner_id,
        "Corporate_Number__c": corporate_number_as_typed(rng, company),
        "Ext_Id__c": f"EXT-{person.index:07d}" if rng.random() < 0.6 else None,
        "IsUnreadByOwner": 1,
        **stamps(scene.assets, moment, creator(person.source)),
    }
    return row | odd_columns(person.index, company.name)


def account_of(scene: Scene, person: Person, moment: int) -> str:
    """The Account of a person's company, made when it is the company's first."""
    company = person.company
    key = f"account:{company.index}"
    if key in scene.assets:
        return str(scene.assets[key])
    record = str(scene.assets.keep(key, scene.ledger.id("Account")))
    place = company.place
    scene.ledger.add(
        "Account",
        {
            "Id": record,
            "Name": company.name,
            "Type": "Prospect",
            "Industry": company.trade.industry,
            "NumberOfEmployees": company.employees if company.index % 3 else None,
            "AnnualRevenue": company.revenue if company.index % 4 else None,
            "Website": f"https://www.{company.domain}",
            "Phone": company.phone,
            "BillingStreet": company.street,
            "BillingCity": place.city,
            "BillingState": place.prefecture,
            "BillingPostalCode": f"{place.postal[:3]}-{place.postal[3:]}",
            "BillingCountry": "日本",
            "Corporate_Number__c": company.number if company.index % 2 else None,
            "OwnerId": field_owner(scene, person.index),
            **stamps(scene.assets, moment),
        },
    )
    return record


def field_owner(scene: Scene, index: int) -> str:
    """The field sales person for somebody's company."""
    names = scene.assets.names("user:field:")
    return str(scene.assets[names[index % len(names)]])


def add_contact(scene: Scene, standing: Standing, person: Person, moment: int) -> str:
    """Makes a person's Contact under the company's Account; answers its id."""
    standing.account_id = account_of(scene, person, moment)
    standing.contact_id = scene.ledger.id("Contact")
    if standing.lead_id is None:
        standing.owner_id = field_owner(scene, person.index)
    place = person.company.place
    scene.ledger.add(
        "Contact",
        {
            "Id": standing.contact_id,
            "AccountId": standing.account_id,
            "LastName": person.family,
            "FirstName": person.given,
            "Title": person.title,
            "Department": person.department,
            "Email": person.email,
            "Phone": person.company.phone,
            "MobilePhone": person.mobile,
            "MailingCity": place.city,
            "MailingState": place.prefecture,
            "MailingCountry": "日本",
            "LeadSource": person.source,
            "OwnerId": field_owner(scene, person.index),
            **stamps(scene.assets, moment),
        },
    )
    return standing.contact_id


def add_member(scene: Scene, standing: Standing, person: Person, campaign: str, status: str, moment: int) -> str | None:
    """Makes a person a member of a campaign as Contact, else as Lead; answers the member's id."""
    lead = None if standing.contact_id else standing.lead_id
    if standing.contact_id is None and lead is None:
        return None
    record = scene.ledger.id("CampaignMember")
    scene.ledger.add(
        "CampaignMember",
        {
            "Id": record,
            "CampaignId": campaign,
            "LeadId": lead,
            "ContactId": standing.contact_id,
            "Status": status,
            "FirstRespondedDate": None if status == "Sent" else date_in_japan(moment),
            "Name": person.name,
            "FirstName": person.given,
            "LastName": person.family,
            "Title": person.title,
            "Email": person.email,
            "CompanyOrAccount": person.company.name,
            "LeadSource": person.source,
            **stamps(scene.assets, moment, "user:marketing:kaori.uchida"),
        },
    )
    return record


def note_activity(scene: Scene, standing: Standing, moment: int) -> None:
    """Moves the last activity of the person's Lead; Salesforce stamps the row without calling it modified."""
    if standing.lead_id is not None:
        values = {"LastActivityDate": date_in_japan(moment), "SystemModstamp": text(moment)}
        scene.ledger.change("Lead", standing.lead_id, **values)
