"""E-mails to many, and what their receivers and their receivers' machines do with them."""

from __future__ import annotations

from connector.sandbox.world.agenda import Due
from connector.sandbox.world.draws import mix, salt, unit
from connector.sandbox.world.moments import DAY, HOUR, MINUTE, at, date_in_japan, day_in_japan, text
from connector.sandbox.world.scene import Scene
from connector.sandbox.world.words_content import BRAND, MAIL_SUBJECTS, SITE

SEGMENTS = 10
"""Parts of all prospects, of which each e-mail goes to one."""
WEEK = 7 * DAY
_SENT_IN_A_SECOND = 100


def mailing(scene: Scene, due: Due) -> None:
    """The weekly e-mail to one tenth of all prospects; every Tuesday at ten."""
    week = day_in_japan(due.moment) // 7
    scene.push(due.moment + WEEK, -1, "mailing")
    subject = MAIL_SUBJECTS[week % len(MAIL_SUBJECTS)].format(brand=BRAND)
    campaign = scene.assets["ae_campaign:Newsletter"]
    template = scene.assets["email_template:newsletter"]
    name = f"{date_in_japan(due.moment)} {subject}"
    moments = {"sentAt": text(due.moment), "createdAt": text(due.moment), "updatedAt": text(due.moment)}
    common = {"name": name, "subject": subject, "campaignId": campaign, "emailTemplateId": template, **moments}
    list_email, email = scene.ledger.number("list_emails"), scene.ledger.number("emails")
    scene.ledger.add("list_emails", {"id": list_email, "isSent": 1, **common})
    row = {"id": email, "listEmailId": list_email, "listId": scene.assets["list:newsletter"]}
    scene.ledger.add("emails", {**row, "type": "htmlAndText", "clientType": "Web", **common})
    spread = 1 + scene.people // SEGMENTS // _SENT_IN_A_SECOND
    for person in scene.mailable(week % SEGMENTS):
        moment = due.moment + mix(scene.seed, person, week, salt("spread")) % spread
        scene.push(moment, person, "sent", f"{email}:{list_email}:{subject}")


def first_mailing(moment: int) -> int:
    """The first Tuesday at ten from a moment on."""
    day = day_in_japan(moment)
    day += (1 - (day + 3) % 7) % 7
    return at(day, 10) if at(day, 10) > moment else at(day + 7, 10)


def sent(scene: Scene, due: Due) -> None:
    """One e-mail to one person, and what will come of it."""
    standing = scene.standings.of(due.person)
    email, list_email, subject = due.detail.split(":", 2)
    columns = {"emailId": int(email), "listEmailId": int(list_email), "details": subject}
    scene.activity(standing, due.moment, 6, "Email", campaignId=scene.assets["ae_campaign:Newsletter"], **columns)
    where = unit(scene.seed, due.person, due.moment, salt("sent"))
    if where < 0.004:
        scene.push(due.moment + 7, due.person, "bounce", due.detail)
        return
    if where < 0.03:
        scene.push(due.moment + int(where * 1000) % 5, due.person, "open", due.detail)
    if unit(scene.seed, due.person, due.moment, salt("open")) >= 0.06 + 0.34 * standing.intent:
        return
    rng = scene.rng(due)
    opened = due.moment + 5 * MINUTE + int(rng.expovariate(1 / (9 * HOUR)))
    scene.push(opened, due.person, "open", due.detail)
    if rng.random() < 0.2:
        scene.push(opened + int(rng.uniform(1, 30) * HOUR), due.person, "open", due.detail)
    if rng.random() < 0.08 + 0.3 * standing.intent:
        scene.push(opened + 9, due.person, "click", due.detail)
    elif rng.random() < 0.012:
        scene.push(opened + 15, due.person, "unsubscribe", due.detail)


def opened(scene: Scene, due: Due) -> None:
    """An e-mail opened. One in a hundred is sent once more by the platform the day after."""
    standing = scene.standings.of(due.person)
    email, list_email, subject = due.detail.split(":", 2)
    columns = {"emailId": int(email), "listEmailId": int(list_email), "details": subject}
    number = scene.activity(standing, due.moment, 11, "Email", **columns)
    scene.standings.score(standing, due.moment, 0, f"Email Open: {subject}")
    if mix(scene.seed, due.moment, due.person) % 100 == 0:
        scene.push(due.moment + DAY, due.person, "sent_again", str(number))


def sent_again(scene: Scene, due: Due) -> None:
    """An old activity appears anew: same id, later `updatedAt`."""
    scene.ledger.change("visitor_activities", int(due.detail), updatedAt=text(due.moment))


def click(scene: Scene, due: Due) -> None:
    """A link followed. One in fifteen is a machine that tries all links within two seconds."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    email, list_email, subject = due.detail.split(":", 2)
    machine = rng.random() < 0.07
    for number in range(4 if machine else 1):
        columns = {"emailId": int(email), "listEmailId": int(list_email), "details": f"{SITE}/articles/"}
        if rng.random() < 0.1:
            columns["customRedirectId"] = scene.assets["redirect:facebook"]
        scene.activity(standing, due.moment + number // 2, 1, "Email Tracker", **columns)
    scene.standings.score(standing, due.moment, 3, f"Email Click: {subject}")
    if not machine:
        scene.push(due.moment + 2, due.person, "visit", f"1:{standing.intent:.2f}:mail")


def unsubscribe(scene: Scene, due: Due) -> None:
    """Opts out of all e-mail, on both sides."""
    standing = scene.standings.of(due.person)
    email, list_email, subject = due.detail.split(":", 2)
    columns = {"emailId": int(email), "listEmailId": int(list_email), "details": subject}
    kind = 35 if mix(due.moment, due.person) % 10 == 0 else 12
    scene.activity(standing, due.moment, kind, "Email", **columns)
    scene.standings.score(standing, due.moment, 0, "Unsubscribe")
    standing.mail = "opted out"
    scene.ledger.change("prospects", standing.prospect_id, optedOut=1, isDoNotEmail=1)
    user = scene.assets["user:integration"]
    for table, record in (("Lead", standing.lead_id), ("Contact", standing.contact_id)):
        if record is not None:
            scene.touch(table, record, due.moment, user, HasOptedOutOfEmail=1)


def bounce(scene: Scene, due: Due) -> None:
    """The address does not exist (any more)."""
    standing = scene.standings.of(due.person)
    email, list_email, _ = due.detail.split(":", 2)
    columns = {"emailId": int(email), "listEmailId": int(list_email), "details": "550 5.1.1 User unknown"}
    scene.activity(standing, due.moment, 13, "Email", **columns)
    standing.mail = "bounced"
    values = {"emailBouncedAt": text(due.moment), "emailBouncedReason": "550 5.1.1 User unknown"}
    flags = {"isEmailHardBounced": 1, "isDoNotEmail": 1, "updatedAt": text(due.moment)}
    scene.ledger.change("prospects", standing.prospect_id, **values, **flags)
    if standing.lead_id is not None:
        told = {"EmailBouncedDate": text(due.moment), "EmailBouncedReason": values["emailBouncedReason"]}
        scene.touch("Lead", standing.lead_id, due.moment, scene.assets["user:integration"], **told)
