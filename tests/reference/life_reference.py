"""A life told moment by moment: what one person was at every instant at which anything can have changed.

Written from the requirements (LC-1, LC-5, LC-6, SC-10, RC-3 and the decided defaults). It asks the plain references of
score and qualification about each moment anew, with the deals and words of the CRM as they stood then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.reference.qualify_reference import Person, Verdict, judge
from tests.reference.score_reference import MONTH

Row = Mapping[str, Any]
Rules = Mapping[str, Any]


@dataclass(frozen=True)
class Past:
    """A person with what the CRM and we did over time.

    `person.deals` have created_at and closed_at; `word` is what the CRM's own record says, since `word_since` (None:
    nobody knows). `run` is when a follow-up was open: from, until.
    """

    person: Person
    word: str | None = None
    word_since: datetime | None = None
    run: tuple[datetime, datetime] | None = None
    stages: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def deals_at(past: Past, now: datetime) -> list[Row]:
    """The deals as they stood."""
    found = []
    for deal in past.person.deals:
        if deal["created_at"] is not None and deal["created_at"] > now:
            continue
        open_still = deal["closed_at"] is not None and deal["closed_at"] > now
        found.append({**deal, "status": "open", "closed_at": None} if open_still else deal)
    return found


def crm_at(past: Past, now: datetime) -> tuple[str | None, datetime | None]:
    """What the CRM said of the person, and when a deal was lost last."""
    deals = deals_at(past, now)
    closed = [
        (deal["closed_at"] or deal["created_at"], deal["opportunity_id"], deal["status"])
        for deal in deals
        if deal["status"] != "open"
    ]
    lost = max((at for at, _, status in closed if status == "lost"), default=None)
    word = past.word if past.word_since is None or past.word_since <= now else None
    last = max(closed)[2] if closed else None
    if any(deal["status"] == "open" for deal in deals):
        return "opportunity", lost
    if last == "won" or word == "disqualified":
        return ("won" if last == "won" else "disqualified"), lost
    return last or word, lost


def state_at(rules: Rules, past: Past, now: datetime) -> Verdict | None:
    """What the person was at a moment, by all that had happened by then; None before registration."""
    status, lost_at = crm_at(past, now)
    in_run = past.run is not None and past.run[0] <= now
    person = replace(
        past.person,
        row={**past.person.row, "crm_status": status, "lost_at": lost_at},
        deals=deals_at(past, now),
        open_until=past.run[1] if past.run and in_run else None,
    )
    return judge(rules, person, now, past.stages)


def moments(rules: Rules, past: Past, until: datetime) -> list[datetime]:
    """Every instant up to `until` at which anything about the person can have changed, and the one before each."""
    found = set(_moments(rules, past, until))
    found |= {now - timedelta(microseconds=1) for now in found}
    return sorted(now for now in found if past.person.row["created_at"] <= now <= until)


def _moments(rules: Rules, past: Past, until: datetime) -> Iterator[datetime]:
    acts = [row["occurred_at"] for row in past.person.activities if row["occurred_at"] <= until]
    heard = [row["at"] for row in past.person.hearing if row["at"] is not None and row["at"] <= until]
    born = [past.person.row["created_at"]]
    for deal in past.person.deals:
        closed = deal["closed_at"] or deal["created_at"]
        yield from (at for at in (deal["created_at"], closed) if at is not None)
        if closed is not None and rules["recycle"] is not None:
            born.append(closed + timedelta(days=rules["recycle"]))
    windows = {days for claim in claims(rules) for days in (claim.get("within_days"), claim.get("active_within_days"))}
    for at in (*acts, *heard):
        yield at
        yield from (at + timedelta(days=days) for days in windows - {None})
    for begin in (*acts, *born):
        yield from (begin + count * MONTH for count in range((until - begin) // MONTH + 1))
    yield from (at for at in (past.word_since, *(past.run or ())) if at is not None)


def claims(rules: Rules) -> list[Rules]:
    """Every claim of the rules."""
    mql: Sequence[Rules] = rules["mql"]["rules"] if rules["mql"] else ()
    criteria: Sequence[Rules] = rules["toss_up"]["criteria"] if rules["toss_up"] else ()
    return [claim for one in (*rules["hot"], *mql, *criteria) for claim in (*one["all"], *one["any"])]
