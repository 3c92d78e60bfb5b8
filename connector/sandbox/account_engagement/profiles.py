"""Grading profiles: criteria with weights, how each matches a prospect, and the grade that follows.

Everybody begins at D. A criterion that matches raises the grade by its weight in thirds of a letter, one that does not
lowers it, an unknown one leaves it; the ladder ends at F and at A+. UNVERIFIED: that it ends there without going round.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from connector.sandbox.account_engagement.refusals import RefusalError

LADDER = ("F", "D-", "D", "D+", "C-", "C", "C+", "B-", "B", "B+", "A-", "A", "A+")
_START = LADDER.index("D")
_WORDS = {"match": "Matches", "nomatch": "Does not match", "unknown": "Unknown"}
_STEPS = {"match": 1, "nomatch": -1, "unknown": 0}


@dataclass(frozen=True)
class Criterion:
    """`weight` in thirds of a letter."""

    name: str
    weight: int


@dataclass(frozen=True)
class Profile:
    """A profile; `criteria` by their ids."""

    name: str
    criteria: Mapping[int, Criterion]


DEFAULT = 1
PROFILES: Mapping[int, Profile] = MappingProxyType(
    {
        DEFAULT: Profile(
            "Default",
            {
                number: Criterion(name, 2)
                for number, name in enumerate(("Company Size", "Industry", "Location", "Job Title", "Department"), 351)
            },
        ),
        2: Profile(
            "Driven by four criteria",
            {
                361: Criterion("First letter", 3),
                362: Criterion("Second letter", 3),
                363: Criterion("Third letter", 3),
                364: Criterion("Third of a letter", 1),
            },
        ),
    }
)
"""The profiles of every sandbox, by their ids."""


def profile_of(prospect: Mapping[str, Any] | sqlite3.Row) -> tuple[int, Profile]:
    """The profile that is assigned to a prospect: the default one where none is."""
    number = prospect["profileId"] or DEFAULT
    return number, PROFILES[number]


def set_matches(connection: sqlite3.Connection, prospect: sqlite3.Row, given: Mapping[int, str]) -> str:
    """Sets how criteria match; the grade that follows. 18 for an unknown word; other profiles' criteria are ignored."""
    _, profile = profile_of(prospect)
    for how in given.values():
        if how not in _STEPS:
            raise RefusalError(18, how)
    _table(connection)
    rows = [(prospect["id"], number, how) for number, how in given.items() if number in profile.criteria]
    connection.executemany("INSERT OR REPLACE INTO world_criteria VALUES (?, ?, ?)", rows)
    return grade_of(connection, prospect)


def grade_of(connection: sqlite3.Connection, prospect: Mapping[str, Any] | sqlite3.Row) -> str:
    """The grade by the criteria of the assigned profile."""
    matches = _matches(connection, prospect["id"])
    _, profile = profile_of(prospect)
    steps = sum(one.weight * _STEPS[matches.get(number, "unknown")] for number, one in profile.criteria.items())
    return LADDER[min(max(_START + steps, 0), len(LADDER) - 1)]


def shown(connection: sqlite3.Connection, prospect: sqlite3.Row) -> dict[str, Any]:
    """The profile of a prospect as version 3 and 4 show it."""
    number, profile = profile_of(prospect)
    matches = _matches(connection, prospect["id"])
    return {
        "id": number,
        "name": profile.name,
        "profile_criteria": [
            {"id": one, "name": criterion.name, "matches": _WORDS[matches.get(one, "unknown")]}
            for one, criterion in profile.criteria.items()
        ],
    }


def _matches(connection: sqlite3.Connection, number: int) -> dict[int, str]:
    _table(connection)
    rows = connection.execute("SELECT criterion, how FROM world_criteria WHERE prospect = ?", (number,))
    return {int(row[0]): str(row[1]) for row in rows}


def _table(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS world_criteria (prospect INTEGER, criterion INTEGER, how TEXT, "
        "PRIMARY KEY (prospect, criterion))"
    )
