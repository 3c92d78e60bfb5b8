"""What lies before pre-sales: whom field sales could take, who lacks one criterion, and the queue (TU-2, CD-8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.running import Run
from connector.domain.vocabulary import Language
from connector.engine.composing import compose
from connector.rules.load import RuleSet

_FILE = "today"
_CANDIDATE = (
    "person_id", "record", "name", "company", "owner", "owner_name", "score", "grade", "state", "met", "missing",
    "required",
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """Somebody whom field sales could take.

    `state`: due (the next plan hands over), awaits_approval, or almost: one criterion is missing. `met` and `missing`
    are ids of criteria, `questions` what would fill the missing ones, in the language asked for.
    """

    person_id: str
    record: str | None
    name: str | None
    company: str | None
    owner: str | None
    owner_name: str | None
    score: int
    grade: str | None
    state: str
    met: tuple[str, ...]
    missing: tuple[str, ...]
    required: int
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Queued:
    """Somebody in the queue of pre-sales. `rank` counts from 1.

    `timing` and `budget`: heard and acceptable; `size`: employees of the company; `relation`: it is a customer.
    """

    rank: int
    person_id: str
    record: str | None
    name: str | None
    company: str | None
    owner: str | None
    owner_name: str | None
    score: int
    grade: str | None
    timing: bool
    size: int | None
    relation: bool
    budget: bool


def candidates(run: Run, rules: RuleSet, language: Language) -> tuple[Candidate, ...]:
    """Whom field sales could take, the nearest first; reads toss_ups and what `today_of` made."""
    asks = _questions(rules, language)
    found = []
    for row in run(compose(_FILE, "hand_overs"), {}):
        told = dict(zip(_CANDIDATE, row, strict=True))
        met, missing = tuple(told.pop("met")), tuple(told.pop("missing"))
        questions = tuple(asks.get(one, one) for one in missing)
        found.append(Candidate(**told, met=met, missing=missing, questions=questions))
    return tuple(found)


def queue(run: Run) -> tuple[Queued, ...]:
    """The queue of pre-sales: whoever said when, the larger company, customers, a known budget, the higher score."""
    return tuple(Queued(rank, *row) for rank, row in enumerate(run(compose(_FILE, "queue"), {}), 1))


def _questions(rules: RuleSet, language: Language) -> Mapping[str, str]:
    """The question of each criterion: its own, else that of the item of the same id, else what it is called."""
    toss_up = rules.lifecycle.toss_up
    items = {item.id: item.ask for item in rules.lifecycle.hearing}
    return {
        one.id: getattr(one.ask or items.get(one.id) or one.name, language)
        for one in (toss_up.criteria if toss_up else ())
    }
