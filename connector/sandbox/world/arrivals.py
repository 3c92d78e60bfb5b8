"""How people come: by a form, a webinar, an exhibition or a bought list, and the records this makes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from connector.sandbox.world import crm
from connector.sandbox.world.agenda import Due
from connector.sandbox.world.draws import salt, stream, unit
from connector.sandbox.world.mail import SEGMENTS
from connector.sandbox.world.moments import DAY, HOUR, at, day_in_japan, text, working_moment
from connector.sandbox.world.oddities import odd_email
from connector.sandbox.world.people import IMPORT_FROM, IMPORT_TO, Person, arrival_place, import_leader
from connector.sandbox.world.scene import HISTORY, Scene, later
from connector.sandbox.world.standing import Standing
from connector.sandbox.world.words_content import FILES

FORESIGHT = 25 * DAY
"""How long before the first record a person's anonymous visits may begin."""

_BY_FORM = ("inquiry", "inquiry", "whitepaper", "whitepaper", "whitepaper", "quote", "demo")
_CALLED = {"Web": 0.35, "Webinar": 0.25, "Event": 0.2, "Partner Referral": 0.7, "Phone Inquiry": 1.0}
_MARKETING_SOURCES = frozenset({"Web", "Webinar", "Thought Leader"})


def _slot(index: int, seed: int, people: int, start: int) -> int:
    place = arrival_place(index, people) + unit(seed, index, salt("slot"))
    return start - HISTORY + int(place * HISTORY / people)


def birth_moment(seed: int, index: int, people: int, start: int) -> int:
    """When a person's first record is made: evenly over the history and on at the same pace after it.

    Everybody of one import comes in the same second. The first `people` come before `start`, all others after.
    """
    leader = import_leader(index, people)
    if leader is not None:
        moment = at(day_in_japan(_slot(leader, seed, people, start)), 18)
        return min(moment, start - 2 * HOUR) if leader < people else max(moment, start + HOUR)
    day = day_in_japan(_slot(index, seed, people, start))
    moment = at(day, 8 + 14 * unit(seed, index, salt("hour")))
    if index < people:
        return min(moment, start - 60 - int(unit(seed, index, salt("late")) * 6 * HOUR))
    return max(moment, start + 60 + int(unit(seed, index, salt("late")) * 6 * HOUR))


def conceived(scene: Scene, since: int) -> Iterator[tuple[int, int]]:
    """(birth moment, index) of people whose birth comes into sight in (since, until]."""
    margin = IMPORT_TO - IMPORT_FROM + 2 * DAY * scene.people // HISTORY + 2
    begin = scene.start - HISTORY
    first = int((since + FORESIGHT - begin) * scene.people / HISTORY) - margin
    last = int((scene.until + FORESIGHT - begin) * scene.people / HISTORY) + margin
    for slot in range(max(0, first), last + 1):
        leader = import_leader(slot, scene.people)
        if leader is not None and leader != slot:
            continue
        moment = birth_moment(scene.seed, slot, scene.people, scene.start)
        if since < moment - FORESIGHT <= scene.until:
            size = 1 if leader is None else IMPORT_TO - IMPORT_FROM
            yield from ((moment, index) for index in range(slot, slot + size))


def conceive(scene: Scene, moment: int, index: int) -> None:
    """Puts a birth on the agenda, and the anonymous visits before it."""
    person = scene.person(index)
    scene.standings.expect(index)
    scene.push(moment, index, "birth")
    if person.source in _MARKETING_SOURCES and person.fate != "contact":
        rng = stream(scene.seed, index, salt("before"))
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            before = moment - int(rng.uniform(0.1, 20) * DAY)
            scene.push(before, index, "visit", f"{rng.choice((0, 0, 1))}:{person.intent:.2f}:journey")


def birth(scene: Scene, due: Due) -> None:
    """Makes a person's first records in both systems and puts their future on the agenda."""
    person, standing, rng = scene.person(due.person), scene.standings.of(due.person), scene.rng(due)
    standing.born = due.moment
    standing.name = person.name
    standing.company, standing.corporate_number = person.company.name, person.company.number
    standing.email, standing.fit, standing.intent = person.email, person.fit, person.intent
    standing.segment = int(rng.random() * SEGMENTS)
    standing.happened = "nothing"
    if person.fate == "contact":
        crm.add_contact(scene, standing, person, due.moment)
    elif person.fate != "prospect":
        crm.add_lead(scene, standing, person, due.moment, rng)
    if person.email is not None and (person.fate == "prospect" or rng.random() < 0.93):
        add_prospect(scene, standing, person, due.moment, rng)
    _come(scene, standing, person, due, rng)
    scene.push(due.moment + 60, due.person, "renew")
    _destiny(scene, person, due.moment, rng)


def add_prospect(scene: Scene, standing: Standing, person: Person, moment: int, rng: Random) -> None:
    """Makes the prospect, linked to the CRM's record, and gives it the visitor known so far."""
    number = standing.prospect_id = scene.ledger.number("prospects")
    standing.mail = "yes"
    links = {
        "salesforceId": standing.lead_id or standing.contact_id,
        "salesforceLeadId": standing.lead_id,
        "salesforceContactId": standing.contact_id,
        "salesforceAccountId": standing.account_id,
        "salesforceOwnerId": standing.owner_id,
        "salesforceLastSync": text(moment) if standing.lead_id or standing.contact_id else None,
        "userId": scene.assets.get(f"ae_user:{standing.owner_id}"),
        "campaignId": scene.assets.get(f"ae_campaign:{person.source}") or scene.assets["ae_campaign:Web"],
    }
    stamps = {"createdAt": text(moment), "updatedAt": text(moment)}
    scene.ledger.add("prospects", {"id": number, **_known(person, rng), **links, **stamps})
    _join_lists(scene, number, person, moment)
    if standing.visitor_id is not None:
        identified = {"prospectId": number, "isIdentified": 1, "updatedAt": text(moment)}
        scene.ledger.change("visitors", standing.visitor_id, **identified)


def _known(person: Person, rng: Random) -> dict[str, Any]:
    """What Account Engagement knows of a person; much of it is missing for many."""
    company = person.company
    email = odd_email(person.index, person.email)
    return {
        "email": email.strip() if email else None,
        "firstName": person.given,
        "lastName": person.family,
        "company": company.name if rng.random() < 0.95 else None,
        "jobTitle": person.title if rng.random() < 0.8 else None,
        "department": person.department if rng.random() < 0.6 else None,
        "industry": company.trade.industry if rng.random() < 0.5 else None,
        "employees": str(company.employees) if rng.random() < 0.35 else None,
        "phone": company.phone if rng.random() < 0.6 else None,
        "country": "日本",
        "state": company.place.prefecture if rng.random() < 0.7 else None,
        "city": company.place.city if rng.random() < 0.5 else None,
        "zip": company.place.postal if rng.random() < 0.5 else None,
        "website": f"https://www.{company.domain}/" if rng.random() < 0.4 else None,
        "source": person.source,
        "score": 0,
        "grade": rng.choice(("D", "D", "D+", "D+", "D+", "C-", "C", "C+", "B-", "B", None)),
        "isReviewed": int(rng.random() < 0.3),
        "recentInteraction": "Never active.",
    }


def _join_lists(scene: Scene, prospect: int, person: Person, moment: int) -> None:
    names = ["newsletter"]
    names += ["webinar"] if person.source == "Webinar" else ["event"] if person.source == "Event" else []
    for name in names:
        row = {"listId": scene.assets[f"list:{name}"], "prospectId": prospect, "createdAt": text(moment)}
        number = scene.ledger.number("list_memberships")
        scene.ledger.add("list_memberships", {"id": number, "updatedAt": text(moment), **row})


def _come(scene: Scene, standing: Standing, person: Person, due: Due, rng: Random) -> None:
    """What the way of coming leaves behind beside the records."""
    if person.source == "Web" and standing.prospect_id is not None:
        scene.push(due.moment + 5, due.person, "form", rng.choice(_BY_FORM))
    elif person.source == "Webinar":
        scene.push(due.moment + 5, due.person, "register")
    elif person.source == "Thought Leader" and standing.prospect_id is not None:
        theme = rng.choice([file for file in FILES if file[0] == "thought_leadership"])
        handler = scene.assets["form_handler:外部媒体 資料請求"]
        details = {"details": theme[1], "campaignId": scene.assets["ae_campaign:Thought Leader"]}
        scene.activity(standing, due.moment, 4, "Form Handler", formHandlerId=handler, **details)
        scene.activity(standing, due.moment, 2, "File", fileId=scene.assets[f"file:{theme[1]}"], **details)
        scene.standings.score(standing, due.moment, 3, "File Access")
    elif person.source == "Event":
        scene.push(due.moment, due.person, "visit_booth")
    elif person.source in {"Purchased List", "Partner Referral"}:
        campaign = scene.assets[f"campaign:{person.source}"]
        crm.add_member(scene, standing, person, campaign, "Sent", due.moment)
    if rng.random() < _CALLED.get(person.source, 0.1):
        scene.push(later(rng, due.moment, 0.1, 4), due.person, "call", "1:follow-up")


def _destiny(scene: Scene, person: Person, moment: int, rng: Random) -> None:
    """The events by which a person's fate comes about before the world's start."""
    left = scene.start - moment
    if person.index >= scene.people or person.fate == "contact":
        if person.fate == "contact":
            scene.push(moment + min(left // 2, 20 * DAY), person.index, "deal", "open")
        return
    when = moment + int(left * rng.uniform(0.15, 0.9))
    at_work = working_moment(when, rng)
    when = at_work if at_work < scene.start else when
    if person.fate == "converted":
        for days in (9.0, 7.5, 6.0, 3.0, 1.0):
            visit = moment + int((when - moment) * (1 - days / 12))
            scene.push(visit, person.index, "visit", f"{3 - int(days / 3)}:{rng.uniform(0.4, 0.9):.2f}:journey")
        scene.push(moment + int((when - moment) * 0.5), person.index, "call", "1:follow-up")
        scene.push(moment + int((when - moment) * 0.85), person.index, "meet")
        scene.push(when, person.index, "convert")
    elif person.fate in {"deleted", "undeleted"}:
        scene.push(when, person.index, "delete")
    elif person.fate == "merged":
        scene.push(moment + int(left * rng.uniform(0.05, 0.12)), person.index, "twin")
        scene.push(when, person.index, "merge")
    if person.fate == "undeleted":
        scene.push(when + int((scene.start - when) * rng.uniform(0.05, 0.5)), person.index, "undelete")
