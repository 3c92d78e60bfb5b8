"""Invented people: each follows from the seed and its number alone, fit and intent included."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal

from connector.sandbox.world.companies import Company, company, company_count, company_of
from connector.sandbox.world.draws import pick, salt, shares_of, stream, unit
from connector.sandbox.world.words_companies import DEPARTMENTS, TITLES
from connector.sandbox.world.words_names import FAMILY_NAMES, GIVEN_NAMES

Fate = Literal["lead", "deleted", "undeleted", "merged", "converted", "contact", "prospect"]
"""What has become of a person by the world's start; `lead` is a live Lead."""

SOURCES = (
    ("Web", 31),
    ("Webinar", 14),
    ("Event", 18),
    ("Partner Referral", 7),
    ("Purchased List", 11),
    ("Thought Leader", 9),
    ("Phone Inquiry", 4),
    ("Other", 6),
)
_SOURCE_SHARES, _DEPARTMENT_SHARES, _TITLE_SHARES = shares_of(SOURCES), shares_of(DEPARTMENTS), shares_of(TITLES)
_CONVERTED = frozenset({5, 25, 31, 49, 55, 75, 81, 99})
_CONTACTS = frozenset({19, 43, 69, 93})
_PROSPECTS = frozenset({37, 87})
FREE_MAIL = ("freemail.example", "webmail.example", "mail.test")
IMPORT_PERIOD, IMPORT_FROM, IMPORT_TO = 2000, 600, 1000
"""Of every 2,000 people these came in one import of a list, within one second."""


@dataclass(frozen=True)
class Person:
    """One human being. `fit` and `intent` (0..1) are the hidden truth that drives everything else."""

    index: int
    family: str
    given: str
    email: str | None
    company: Company
    department: str
    title: str
    mobile: str | None
    source: str
    fate: Fate
    fit: float
    intent: float

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


def fate_of(index: int, people: int) -> Fate:
    """A person's fate. Of the first n at most a sixth are no live Leads, for every n from six up."""
    spot = index % 100
    if index >= people:
        return "lead"
    if spot in _CONVERTED:
        return "converted"
    if spot in _CONTACTS:
        return "contact"
    if spot in _PROSPECTS:
        return "prospect"
    if index % 200 == 77:
        return "merged"
    return "deleted" if spot == 13 else "undeleted" if spot == 63 else "lead"


def import_leader(index: int, people: int) -> int | None:
    """The first person of the import that this person came in with, or None.

    An import lies wholly before the world's start or wholly after it.
    """
    block, place = divmod(index, IMPORT_PERIOD)
    if not IMPORT_FROM <= place < IMPORT_TO:
        return None
    leader = block * IMPORT_PERIOD + IMPORT_FROM
    spans_start = leader < people < block * IMPORT_PERIOD + IMPORT_TO
    return None if spans_start else leader


def arrival_place(index: int, people: int) -> float:
    """A person's place in the even flow of arrivals, counted in people.

    Those of an import share their leader's place, and the others of their block fill the time of all.
    """
    block, place = divmod(index, IMPORT_PERIOD)
    size = IMPORT_TO - IMPORT_FROM
    if import_leader(block * IMPORT_PERIOD + IMPORT_FROM, people) is None:
        return index
    rank = place - size if place >= IMPORT_TO else min(place, IMPORT_FROM)
    return block * IMPORT_PERIOD + rank * IMPORT_PERIOD / (IMPORT_PERIOD - size)


@lru_cache(maxsize=10_000)
def person(seed: int, index: int, people: int) -> Person:
    """The person of that number in a world that begins with `people` of them.

    Whoever has bought or is in talks is the best suited and most willing of three draws, so that deals
    follow from the hidden truth.
    """
    fate = fate_of(index, people)
    rng = stream(seed, index, salt("person"))
    draws = [_traits(seed, rng, people) for _ in range(3 if fate in {"converted", "contact"} else 1)]
    employer, department, title, fit, intent = max(draws, key=lambda traits: traits[3] + traits[4])
    family, given, romaji = _names(seed, index)
    return Person(
        index=index,
        family=family,
        given=given,
        email=_email(rng, romaji, index, employer),
        company=employer,
        department=department,
        title=title,
        mobile=f"090-5550-{rng.randrange(10_000):04d}" if rng.random() < 0.35 else None,
        source=_source(seed, index, people),
        fate=fate,
        fit=fit,
        intent=intent,
    )


def _traits(seed: int, rng: Random, people: int) -> tuple[Company, str, str, float, float]:
    employer = company(seed, company_of(rng.random(), company_count(people)))
    department = DEPARTMENTS[pick(rng.random(), _DEPARTMENT_SHARES)]
    title = TITLES[pick(rng.random(), _TITLE_SHARES)]
    own = 0.55 * employer.fit + 0.25 * department[2] + 0.1 * title[2]
    fit = min(1.0, own + 0.1 * rng.random())
    intent = min(1.0, rng.random() ** 2.4 * (0.6 + 0.6 * fit))
    return employer, department[0], title[0], round(fit, 4), round(intent, 4)


def _names(seed: int, index: int) -> tuple[str, str, tuple[str, str]]:
    families, givens = len(FAMILY_NAMES), len(GIVEN_NAMES)
    spot = (index * 7919 + seed * 104_729) % (families * givens)
    family, given = FAMILY_NAMES[spot % families], GIVEN_NAMES[spot // families]
    return family[0], given[0], (family[1], given[1])


def _email(rng: Random, romaji: tuple[str, str], index: int, employer: Company) -> str | None:
    """The address. Namesakes get the number of their generation, so that no two people share one."""
    family, given = romaji
    generation = index // (len(FAMILY_NAMES) * len(GIVEN_NAMES))
    local = rng.choice((f"{given}.{family}", f"{family}.{given}", f"{family}_{given}", f"{family}-{given}"))
    where = rng.random()
    if where < 0.04:
        return None
    if where < 0.17:
        return f"{local}{1960 + index}@{rng.choice(FREE_MAIL)}"
    return f"{local}{generation + 1 if generation else ''}@{employer.domain}"


def _source(seed: int, index: int, people: int) -> str:
    leader = import_leader(index, people)
    if leader is not None:
        return "Purchased List" if unit(seed, leader, salt("import")) < 0.4 else "Event"
    return SOURCES[pick(unit(seed, index, salt("source")), _SOURCE_SHARES)][0]
