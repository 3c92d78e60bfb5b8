"""Whom nobody sells to, who is nurtured on which track, and what is offered next, told person by person.

Written from the requirements (EN-4, LC-10, NU-1, NU-2) and docs/rules.md, and on purpose without anything of the
connector: rules are plain dicts as a YAML file would hold them, their conditions small trees (see qualify_reference).
Months are counted from the beginning of the year.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.reference.qualify_reference import Tree, truth

STAGES = ("information_gathering", "interest", "comparison", "decision")
Rules = Mapping[str, Any]


@dataclass(frozen=True)
class Act:
    """One activity. `counts`: of a type of theirs, and no machine's."""

    at: datetime
    content: str | None
    product: str | None
    counts: bool


@dataclass(frozen=True)
class Lead:
    """What is known of a person when it is decided how to nurture. `fit`: who the person and the company are."""

    person_id: str
    stage: str
    buying_stage: str | None
    fit: Mapping[str, Any]
    may_email: bool = True
    is_mql: bool = False
    recycled: bool = False
    segment: str | None = None
    skips: bool = False
    host: str | None = None
    company: Mapping[str, Any] | None = None
    acts: Sequence[Act] = field(default_factory=tuple)


def screened(rules: Rules, lead: Lead) -> tuple[str, str] | None:
    """Reason and rule of the first entry that fits."""
    employer = lead.company if lead.company and lead.company["match_status"] in {"matched", "none"} else {}
    for one in rules["screened"]:
        hosts = [host for host in (lead.host, employer.get("domain")) if host]
        below = any(host == name or host.endswith("." + name) for host in hosts for name in one.get("domains", ()))
        numbered = employer.get("corporate_number") in one.get("corporate_numbers", ())
        if below or numbered or ("when" in one and truth(one["when"], lead.fit) is True):
            return one.get("reason", one["id"]), one["id"]
    return None


def persona(rules: Rules, lead: Lead) -> tuple[str, str] | None:
    told = lead.fit.get("persona")
    for one in rules["personas"]:
        if told is not None and told.strip().lower() in [word.strip().lower() for word in (one["id"], *one["words"])]:
            return one["id"], "field"
    for one in rules["personas"]:
        if "when" in one and truth(one["when"], lead.fit) is True:
            return one["id"], "rule"
    return None


def interest(rules: Rules, lead: Lead, now: datetime) -> str | None:
    since = now - timedelta(days=rules["interest_days"])
    used = [act for act in lead.acts if act.counts and act.product and since < act.at <= now]
    times = Counter(act.product for act in used)
    last = {act.product: act.at for act in sorted(used, key=lambda act: act.at)}
    return max(times, key=lambda product: (times[product], last[product], product), default=None)


def refused(rules: Rules, lead: Lead) -> str | None:
    """Why somebody is not nurtured."""
    if screened(rules, lead):
        return "screened"
    if lead.stage not in rules["stages"]:
        return {"hot": "in_follow_up", "lost": "waits"}.get(lead.stage, lead.stage)
    if not _may_be_written_to(rules, lead):
        return "no_consent"
    return "short_lead_time" if lead.skips else None


def track(rules: Rules, lead: Lead, now: datetime, today: date) -> str | None:
    """The track of somebody who is nurtured."""
    mine = persona(rules, lead)
    for one in rules["tracks"]:
        wanted = (
            ("stages", lead.stage),
            ("buying_stages", lead.buying_stage or "none"),
            ("segments", lead.segment),
            ("personas", mine[0] if mine else None),
            ("products", interest(rules, lead, now)),
        )
        seasons = [season for season in rules["seasons"] if season["id"] in one.get("seasons", ())]
        if (
            all(key not in one or value in one[key] for key, value in wanted)
            and (not seasons or any(in_season(season, today, rules["fiscal_year_starts"]) for season in seasons))
            and ("when" not in one or truth(one["when"], lead.fit) is True)
        ):
            return str(one["id"])
    return None


def in_season(season: Rules, day: date, fiscal_year_starts: int) -> bool:
    """Whether a day is in a season, by walking from the first month of its year."""
    starts = 1 if season.get("of") == "calendar_year" else fiscal_year_starts
    first = date(day.year, starts, 1)
    if first > day:
        first = date(day.year - 1, starts, 1)
    months = 1
    month = (first.year, first.month)
    while month != (day.year, day.month):
        month = (month[0], month[1] + 1) if month[1] < 12 else (month[0] + 1, 1)
        months += 1
    tests = [
        ("years", first.year),
        ("halves", 1 if months <= 6 else 2),
        ("quarters", (months + 2) // 3),
        ("months", day.month),
    ]
    if any(key in season and value not in season[key] for key, value in tests):
        return False
    if "dates" in season and not any(one["first"] <= day <= one["last"] for one in season["dates"]):
        return False
    return "yearly" not in season or any(_of_year(one, day) for one in season["yearly"])


def offer(rules: Rules, catalogue: Sequence[Rules], lead: Lead, now: datetime) -> str | None:
    """The content to offer next."""
    if screened(rules, lead) or not _may_be_written_to(rules, lead):
        return None
    own = STAGES.index(lead.buying_stage) if lead.buying_stage else -1
    mine, product = persona(rules, lead), interest(rules, lead, now)
    seen = {act.content for act in lead.acts if act.at <= now}
    best: tuple[Any, ...] | None = None
    for place, item in enumerate(catalogue):
        stage = STAGES.index(item["stage"])
        if stage not in {max(own, 0), own + 1} or item["id"] in seen:
            continue
        if "from_stage" in item and STAGES.index(item["from_stage"]) > own:
            continue
        if item["persona"] is not None and (mine is None or item["persona"] != mine[0]):
            continue
        other = 0 if product is None or item["product"] == product else 1 if item["product"] is None else 2
        told = (item["persona"] is None, other, place, item["id"])
        best = told if best is None or told < best else best
    return best[-1] if best else None


def _of_year(span: Rules, day: date) -> bool:
    first, last, today = span["first"], span["last"], day.strftime("%m-%d")
    return first <= today <= last if first <= last else not last < today < first


def _may_be_written_to(rules: Rules, lead: Lead) -> bool:
    consent: Tree | None = rules["consent"]
    return lead.may_email and (consent is None or truth(consent, lead.fit) is True)
