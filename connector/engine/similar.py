"""similar: one person → past leads like that person, how they ended, and what went before their wins (NU-3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column, from_column
from connector.engine.score import counts
from connector.rules.load import RuleSet

_FILE = "similar"
TRAITS = ("persona", "tier", "industry", "size", "source", "product")
"""What makes people alike. `size` is a band of employees; `product` that of the deal, or of a person's interest."""
LOOKING_BACK_DAYS = 180
"""So long before a deal began what its people did may have led to it."""
MOST_PRECEDING = 5


@dataclass(frozen=True)
class PastLead:
    """Somebody whose last deal is closed, and which traits are the same and which are not (both known)."""

    person_id: str
    outcome: Literal["won", "lost"]
    closed_at: datetime | None
    alike: tuple[str, ...]
    different: tuple[str, ...]


@dataclass(frozen=True)
class Preceding:
    """Something done before the deal by so many of the past leads who were won, and of those who were lost.

    `what` is content of the catalogue, else a type of activity; `done`: the person of whom it is asked did it already.
    """

    what: str
    won: int
    lost: int
    done: bool


@dataclass(frozen=True)
class Similar:
    """Past leads like a person, the likest first, and how all past leads ended.

    `traits`: what is known of the person. `enough`: there are as many as the rules ask for before anything is claimed;
    without that `preceding` is empty. Else it lists what those who were won did more often than those who were lost.
    """

    traits: Mapping[str, str]
    leads: tuple[PastLead, ...]
    won: int
    lost: int
    all_won: int
    all_lost: int
    enough: bool
    preceding: tuple[Preceding, ...]


def similar(rules: RuleSet, as_of: datetime, person_id: str, run: Run) -> Similar:
    """Past leads like one person, by what is known at `as_of`.

    At least half of what is known of the person has to be the same. Of equally like ones the deal closed last counts.
    Reads people, opportunities, activities, content_stages, grade_fit, personified and interested, so `offers` goes
    before; leaves temporary tables whose names begin with similar_.
    """
    asked = rules.nurture.similar
    holes = {"columns": ", ".join(TRAITS)}
    run(compose(_FILE, "past"), {"person_id": person_id})
    run(compose(_FILE, "mine"), {"person_id": person_id})
    run(compose(_FILE, "nearest", at_most=asked.at_most, **_comparisons()), {})
    ((*values,),) = run(compose(_FILE, "traits", **holes), {}) or [(None,) * len(TRAITS)]
    leads = tuple(
        PastLead(name, outcome, None if closed is None else from_column(closed), tuple(alike), tuple(different))
        for name, outcome, closed, alike, different in run(compose(_FILE, "leads"), {})
    )
    ((all_won, all_lost),) = run(compose(_FILE, "totals"), {})
    won = sum(lead.outcome == "won" for lead in leads)
    enough = len(leads) >= asked.at_least
    return Similar(
        traits={name: str(value) for name, value in zip(TRAITS, values, strict=True) if value is not None},
        leads=leads,
        won=won,
        lost=len(leads) - won,
        all_won=all_won,
        all_lost=all_lost,
        enough=enough,
        preceding=_preceding(rules, as_of, person_id, run) if enough and won >= asked.at_least else (),
    )


def _comparisons() -> dict[str, str]:
    same = [f"CASE WHEN past.{trait} = mine.{trait} THEN {quoted(trait)} END" for trait in TRAITS]
    other = [f"CASE WHEN past.{trait} <> mine.{trait} THEN {quoted(trait)} END" for trait in TRAITS]
    known = [f"(mine.{trait} IS NOT NULL)::INTEGER" for trait in TRAITS]
    return {"alike": ", ".join(same), "different": ", ".join(other), "known": " + ".join(known)}


def _preceding(rules: RuleSet, as_of: datetime, person_id: str, run: Run) -> tuple[Preceding, ...]:
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    statement = compose(
        _FILE,
        "preceding",
        types=types,
        not_noise=counts(rules.scoring, run),
        days=LOOKING_BACK_DAYS,
        least=rules.nurture.similar.at_least,
        most=MOST_PRECEDING,
    )
    rows = run(statement, {"person_id": person_id, "as_of": as_column(as_of)})
    return tuple(Preceding(what, won, lost, done) for what, won, lost, done in rows)
