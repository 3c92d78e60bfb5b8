"""Webinars every second Thursday and the exhibitions, with who registered, came, or passed by."""

from __future__ import annotations

from connector.sandbox.world import crm
from connector.sandbox.world.agenda import Due
from connector.sandbox.world.campaigns import Launch, add_campaign
from connector.sandbox.world.moments import DAY, MINUTE, at, date_in_japan, day_in_japan
from connector.sandbox.world.scene import Scene
from connector.sandbox.world.words_content import EXHIBITIONS, WEBINARS


def next_webinar(moment: int) -> tuple[int, int]:
    """(number, moment) of the first webinar at least an hour ahead."""
    number = (day_in_japan(moment) + 13) // 14
    begin = at(number * 14, 14)
    return (number, begin) if begin > moment + 60 * MINUTE else (number + 1, at(number * 14 + 14, 14))


def webinar_title(number: int) -> str:
    return WEBINARS[number % len(WEBINARS)]


def register(scene: Scene, due: Due) -> None:
    """A registration for the next webinar; six in ten come."""
    standing, person, rng = scene.standings.of(due.person), scene.person(due.person), scene.rng(due)
    number, begin = next_webinar(due.moment)
    key = f"webinar:{number}"
    if f"campaign:{key}" not in scene.assets:
        held = date_in_japan(begin)
        launch = Launch(key, f"{held} {webinar_title(number)}", "Webinar", held)
        add_campaign(scene.ledger, scene.assets, launch, due.moment)
    campaign = scene.assets[f"ae_campaign:{key}"]
    if standing.prospect_id is not None:
        title = webinar_title(number)
        form = {"formId": scene.assets["form:webinar"], "campaignId": campaign, "details": "ウェビナー申込フォーム"}
        scene.activity(standing, due.moment, 4, "Form", visitorId=standing.visitor_id, **form)
        scene.activity(standing, due.moment + 1, 25, "Webinar", campaignId=campaign, details=title)
        scene.standings.score(standing, due.moment, 50, title)
    member = crm.add_member(scene, standing, person, scene.assets[f"campaign:{key}"], "Registered", due.moment)
    if rng.random() < 0.45 + 0.3 * standing.intent:
        scene.push(begin + int(rng.random() * 9 * MINUTE), due.person, "attend", f"{number}:{member or ''}")


def attend(scene: Scene, due: Due) -> None:
    """Somebody joins the webinar."""
    standing = scene.standings.of(due.person)
    number, member = due.detail.split(":")
    if standing.prospect_id is not None:
        campaign = scene.assets[f"ae_campaign:webinar:{number}"]
        title = webinar_title(int(number))
        scene.activity(standing, due.moment, 24, "Webinar", campaignId=campaign, details=title)
        scene.standings.score(standing, due.moment, 0, title)
        if scene.rng(due).random() < 0.35:
            scene.push(due.moment + 65 * MINUTE, due.person, "form", "survey")
    if member:
        user = scene.assets["user:integration"]
        scene.touch("CampaignMember", member, due.moment, user, Status="Attended")


def visit_booth(scene: Scene, due: Due) -> None:
    """Somebody's card was taken at this quarter's exhibition."""
    quarter = day_in_japan(due.moment) // 91
    key = f"exhibition:{quarter}"
    if f"campaign:{key}" not in scene.assets:
        held = date_in_japan(due.moment - DAY)
        name = f"{held[:4]} {EXHIBITIONS[quarter % len(EXHIBITIONS)]}"
        add_campaign(scene.ledger, scene.assets, Launch(key, name, "Trade Show", held), due.moment)
    standing, person = scene.standings.of(due.person), scene.person(due.person)
    crm.add_member(scene, standing, person, scene.assets[f"campaign:{key}"], "Attended", due.moment)
