"""What people do on the vendor's site: visits of pages, with searches, videos, forms and downloads in them."""

from __future__ import annotations

import json
from random import Random

from connector.sandbox.world.agenda import Due
from connector.sandbox.world.draws import mix, pick, poisson, salt, shares_of
from connector.sandbox.world.moments import DAY, HOUR, day_in_japan, leisure_moment, text
from connector.sandbox.world.scene import Scene, VisitStep, Walk
from connector.sandbox.world.standing import Standing
from connector.sandbox.world.words_content import (
    FILES,
    FORMS,
    JOURNEY_STEPS,
    OTHER_VISITS,
    PAGES_BY_KIND,
    REFERRERS,
    SEARCH_TERMS,
    SITE,
    VIDEOS,
    Page,
)

_SHARES = tuple(tuple(share for _, share in kinds) for kinds in JOURNEY_STEPS)
_FILES_BY_STEP = (
    ("know_how", "thought_leadership"),
    ("thought_leadership", "know_how", "case_study"),
    ("product", "comparison", "case_study"),
    ("pricing", "comparison", "company_profile", "product"),
)
_FORM_CHANCE = {"inquiry": 0.35, "quote": 0.35, "demo": 0.3, "whitepaper": 0.4, "webinar": 0.4}
_FORM_NAMES = {kind: name for kind, name, _ in FORMS}
_OTHER_SHARES = shares_of(OTHER_VISITS)
_PASSERS_BY = 0.0006
"""Strangers a day for each person of the world."""

_MOST_PAGES, _LAST_STAY = 16, 30
PERIOD = 180 * DAY
"""A person's interest is decided anew twice a year."""


def renew(scene: Scene, due: Due) -> None:
    """Decides what draws a person to the site in the next half year."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    scene.push(due.moment + PERIOD, due.person, "renew")
    for chance in (0.02 + 0.5 * standing.intent, 0.3 * standing.intent, 0.22 * standing.intent):
        if rng.random() < chance:
            begin = due.moment + int(rng.random() * PERIOD)
            if rng.random() < _season(scene, begin):
                _journey(scene, due.person, begin, standing.intent, rng)
    if rng.random() < 0.25:
        reason = OTHER_VISITS[pick(rng.random(), _OTHER_SHARES)][0]
        moment = leisure_moment(day_in_japan(due.moment + int(rng.random() * PERIOD)), rng)
        if moment > due.moment:
            scene.push(moment, due.person, "visit", f"0:{0.3:.2f}:{reason}")


def _season(scene: Scene, moment: int) -> float:
    """How busy the market is: the vendor's autumn campaign runs from five weeks before the start to five after."""
    return 1.0 if abs(moment - scene.start) < 35 * DAY else 0.28


def _journey(scene: Scene, person: int, begin: int, intent: float, rng: Random) -> None:
    """A buying interest: several visits within some weeks, drawing nearer to a decision."""
    strength = min(1.0, 0.15 + 0.55 * intent + 0.5 * rng.random() ** 2)
    count = 1 + round(strength * 6 * rng.uniform(0.6, 1.2))
    day = day_in_japan(begin)
    for number in range(count):
        moment = leisure_moment(day, rng)
        step = min(3, int(number / max(1, count - 1) * 4 * strength + 0.3))
        if moment > begin:
            scene.push(moment, person, "visit", f"{step}:{strength:.2f}:journey")
        day += rng.choice((1, 1, 2, 2, 3, 4, 6))


def passers_by(scene: Scene, due: Due) -> None:
    """Visitors of one day of whom nobody will ever know who they are. They bear numbers below -1."""
    rng, today = scene.rng(due), day_in_japan(due.moment)
    scene.push(due.moment + DAY, -1, "passers_by")
    for number in range(poisson(rng, scene.people * _PASSERS_BY)):
        reason = OTHER_VISITS[pick(rng.random(), _OTHER_SHARES)][0]
        scene.push(leisure_moment(today, rng), -2 - today * 100_000 - number, "visit", f"0:0.20:{reason}")


def visit(scene: Scene, due: Due) -> None:
    """A visit: its row, then page by page what is seen and done."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    step, strength, reason = due.detail.split(":")
    steps = _plan(rng, int(step), float(strength), reason)
    visitor = standing.visitor_id or _new_visitor(scene, standing, due.moment, rng)
    number = scene.ledger.number("visits")
    source, medium, term = REFERRERS[int(rng.random() * len(REFERRERS))]
    origin = {"sourceParameter": source, "mediumParameter": medium, "termParameter": term}
    row = {"id": number, "visitorId": visitor, "prospectId": standing.prospect_id, **origin}
    moments = {"createdAt": text(due.moment), "firstVisitorPageViewAt": text(due.moment)}
    scene.ledger.add("visits", {**row, **moments, "updatedAt": text(due.moment)})
    if rng.random() < 0.04:
        name = rng.choice(("facebook", "partner"))
        columns = {"customRedirectId": scene.assets[f"redirect:{name}"], "visitorId": visitor, "details": name}
        scene.activity(standing, due.moment, 21, "Custom Redirect", **columns)
        scene.standings.score(standing, due.moment, 3, "Custom Redirect Click")
    _walk(scene, standing, Walk(number, visitor, due.moment, steps, 0, due.moment))


def resume(scene: Scene, due: Due) -> None:
    """The next thing in a visit under way; `detail` is its number, and its state after a cut in time."""
    standing = scene.standings.of(due.person)
    number, _, state = due.detail.partition(":")
    if not state:
        _walk(scene, standing, scene.walks.pop(int(number)))
        return
    walk = Walk(*json.loads(state))
    if due.person < 0:
        standing.visitor_id, standing.page_views = walk.visitor, walk.pages
    _walk(scene, standing, walk)


def _new_visitor(scene: Scene, standing: Standing, moment: int, rng: Random) -> int:
    number = standing.visitor_id = scene.ledger.number("visitors")
    block = rng.choice(("192.0.2", "198.51.100", "203.0.113"))
    row = {
        "id": number,
        "prospectId": standing.prospect_id,
        "isIdentified": int(standing.prospect_id is not None),
        "pageViewCount": 0,
        "ipAddress": f"{block}.{rng.randrange(1, 255)}",
        "hostname": f"host{rng.randrange(10_000)}.isp.example",
        "campaignId": scene.assets["ae_campaign:Web"],
        "createdAt": text(moment),
        "updatedAt": text(moment),
    }
    scene.ledger.add("visitors", row)
    return number


def _plan(rng: Random, step: int, strength: float, reason: str) -> list[VisitStep]:
    """The steps of a visit; their seconds rise from 0."""
    kinds: tuple[tuple[str, ...], tuple[int, ...]]
    if reason == "journey":
        kinds = tuple(kind for kind, _ in JOURNEY_STEPS[step]), _SHARES[step]
    elif reason == "mail":
        kinds = ("know_how", "case", "product", "whitepaper", "webinar"), (50, 20, 15, 10, 5)
    else:
        wanted = next(words for name, _, words in OTHER_VISITS if name == reason)
        kinds = wanted, tuple(1 for _ in wanted)
    mean = 1.1 + 4.5 * strength * (0.5 + step / 3) if reason == "journey" else 2.0
    steps: list[VisitStep] = []
    moment = 0
    for _ in range(max(1, min(_MOST_PAGES, round(rng.expovariate(1 / mean))))):
        kind = kinds[0][pick(rng.random(), kinds[1])]
        pages = PAGES_BY_KIND[kind]
        steps.append([moment, "page", kind, int(rng.random() * len(pages))])
        moment += 12 + int(rng.expovariate(1 / 70))
        moment = _act(rng, steps, moment, kind, step, strength)
    return steps


def _act(rng: Random, steps: list[VisitStep], moment: int, kind: str, step: int, strength: float) -> int:
    """Adds what a visitor does on a page of that kind; answers when the next page may come."""
    if rng.random() < 0.015 + 0.02 * step:
        brand = rng.random() < 0.15 + 0.22 * step
        terms = [number for number, (_, sort) in enumerate(SEARCH_TERMS) if (sort == "brand") == brand]
        steps.append([moment, "search", "", rng.choice(terms)])
        moment += 8
    if kind in {"demo", "case"} and rng.random() < (0.6 if kind == "demo" else 0.08):
        steps.append([moment, "video", kind, int(kind != "demo")])
        moment += 90 + int(rng.random() * 200)
    if rng.random() < _FORM_CHANCE.get(kind, 0.0) * (0.3 + strength):
        done = [entry for entry in steps if entry[1] == "form" and entry[2] == kind]
        if not done:
            steps.append([moment, "register" if kind == "webinar" else "form", kind, step])
            moment += 25
    return moment


def _walk(scene: Scene, standing: Standing, walk: Walk) -> None:
    """Lets the first of a visit's steps happen and puts the rest on the agenda."""
    (seconds, what, asset, choice), *rest = walk.steps
    moment = walk.begin + seconds
    pages, last = walk.pages, walk.last
    stay = rest[0][0] - seconds if rest else _LAST_STAY
    if what == "page":
        pages, last = pages + 1, moment
        _page_view(scene, standing, walk.visit, PAGES_BY_KIND[asset][choice], (moment, stay))
    else:
        _deed(scene, standing, walk.visit, moment, walk.steps[0])
    walk = walk._replace(steps=rest, pages=pages, last=last)
    following = walk.begin + rest[0][0] if rest else None
    if following is not None and following <= scene.until:
        scene.walks[walk.visit] = walk
        scene.push(following, standing.person, "resume", str(walk.visit))
        return
    _tell(scene, standing, walk)
    if following is not None:
        scene.push(following, standing.person, "resume", f"{walk.visit}:{json.dumps(walk)}")
        return
    details = {"visitId": walk.visit, "visitorId": walk.visitor, "details": f"{pages} page views"}
    scene.activity(standing, last, 20, "Visit", **details)


def _tell(scene: Scene, standing: Standing, walk: Walk) -> None:
    """Writes down how far a visit has come."""
    totals = {"visitorPageViewCount": walk.pages, "durationInSeconds": walk.last - walk.begin}
    stamps = {"lastVisitorPageViewAt": text(walk.last), "updatedAt": text(walk.last)}
    scene.ledger.change("visits", walk.visit, **totals, **stamps)
    values = {"pageViewCount": standing.page_views, "updatedAt": text(walk.last)}
    scene.ledger.change("visitors", walk.visitor, **values)


def _page_view(scene: Scene, standing: Standing, visit_number: int, page: Page, spent: tuple[int, int]) -> None:
    moment, seconds = spent
    standing.page_views += 1
    tail = "?utm_source=google&utm_medium=cpc" if mix(visit_number, moment) % 23 == 0 else ""
    scene.ledger.add(
        "visitor_page_views",
        {
            "id": scene.ledger.number("visitor_page_views"),
            "url": SITE + page.path + tail,
            "title": page.title,
            "visitorId": standing.visitor_id,
            "visitId": visit_number,
            "campaignId": scene.assets["ae_campaign:Web"],
            "durationInSeconds": seconds,
            "createdAt": text(moment),
        },
    )
    scene.standings.score(standing, moment, 1, page.title)


def _deed(scene: Scene, standing: Standing, number: int, moment: int, step: VisitStep) -> None:
    """Something done on a page: a search, a video, a form. Anonymous visitors fill in no forms."""
    _, what, asset, choice = step
    place = {"visitId": number, "visitorId": standing.visitor_id}
    if what == "search":
        term = SEARCH_TERMS[choice][0]
        query = 1 + choice
        scene.activity(standing, moment, 7, "Site Search", siteSearchQueryId=query, details=term, **place)
        scene.standings.score(standing, moment, 3, f"Site Search: {term}")
    elif what == "video":
        title = VIDEOS[choice][1]
        scene.activity(standing, moment, 27, "Video", details=title, **place)
        if mix(number, moment) % 5 < 2:
            scene.activity(standing, moment, 34, "Video", details=title, **place)
        scene.standings.score(standing, moment, 0, title)
    elif standing.prospect_id is not None:
        scene.push(moment, standing.person, what, asset if what == "form" else "")
        if asset == "whitepaper":
            scene.push(moment + 12, standing.person, "download", _file_name(moment, number, choice))


def _file_name(moment: int, number: int, step: int) -> str:
    themes = _FILES_BY_STEP[step]
    theme = themes[mix(moment, number, salt("file")) % len(themes)]
    names = [name for sort, name, _ in FILES if sort == theme]
    return names[mix(number, moment) % len(names)]


def form(scene: Scene, due: Due) -> None:
    """A submitted form. An inquiry or a request for a quote brings a call."""
    standing, kind = scene.standings.of(due.person), due.detail
    number, rng = scene.assets[f"form:{kind}"], scene.rng(due)
    columns = {"visitorId": standing.visitor_id, "formId": number, "campaignId": scene.assets["ae_campaign:Web"]}
    name = _FORM_NAMES[kind]
    where = rng.random()
    if where < 0.06:
        scene.activity(standing, due.moment - 20, 3, "Form", details=name, **columns)
    if where > 0.88:
        page = scene.assets[f"landing_page:{kind}"]
        scene.activity(standing, due.moment - 40, 2, "Landing Page", landingPageId=page, details=f"LP {name}")
    scene.activity(standing, due.moment, 4, "Form", details=name, **columns)
    scene.standings.score(standing, due.moment, 50, name)
    values = {"convertedAt": text(due.moment), "convertedFromObjectType": "Form", "convertedFromObjectName": name}
    if standing.prospect_id is not None and standing.born is not None and due.moment - standing.born < 60:
        scene.ledger.change("prospects", standing.prospect_id, **values)
        if kind == "whitepaper":
            scene.push(due.moment + 20, due.person, "download", _file_name(due.moment, due.person, 0))
    if kind in {"inquiry", "quote", "demo"}:
        scene.push(due.moment + int(rng.uniform(0.5, 20) * HOUR), due.person, "call", f"1:{kind}")


def download(scene: Scene, due: Due) -> None:
    """A file fetched from behind a form or a mail."""
    standing = scene.standings.of(due.person)
    columns = {"fileId": scene.assets[f"file:{due.detail}"], "visitorId": standing.visitor_id}
    scene.activity(standing, due.moment, 2, "File", details=due.detail, **columns)
    scene.standings.score(standing, due.moment, 3, due.detail)
