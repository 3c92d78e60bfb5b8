"""The native grade of Account Engagement, expressed by how four criteria of a profile match (GR-3).

No call writes the grade. It follows from the criteria of the prospect's profile: everybody begins at D, and a criterion
that matches raises the grade by its weight in thirds of a letter, one that does not match lowers it, an unknown one
leaves it. With the weights 3/3, 3/3, 3/3 and 1/3 every grade from F to A+ can be reached (Account Engagement's help on
profiles and grading).
"""

from __future__ import annotations

from typing import Literal

from connector.domain.plan import ProspectChange

Match = Literal["match", "nomatch", "unknown"]

LADDER = ("F", "D-", "D", "D+", "C-", "C", "C+", "B-", "B", "B+", "A-", "A", "A+")
"""Every grade from the worst to the best, a third of a letter apart; D- to F counts as one such step."""

START = LADDER.index("D")
WEIGHTS = (3, 3, 3, 1)
"""Of the four criteria, in thirds."""

GRADE = "grade"
"""The field of a prospect in which the native grade is read."""

_SIGNS: dict[int, Match] = {-1: "nomatch", 0: "unknown", 1: "match"}


def criteria_of(grade: str) -> tuple[Match, Match, Match, Match]:
    """How the four criteria have to match for a grade, in the order of their weights. ValueError for no grade."""
    steps = LADDER.index(grade) - START
    third = (steps + 1) % 3 - 1
    letters = (steps - third) // 3
    whole = [1 if place < letters else -1 if place < -letters else 0 for place in range(3)]
    first, second, last = (_SIGNS[sign] for sign in whole)
    return first, second, last, _SIGNS[third]


def native_grade(criteria: tuple[Match, ...], weights: tuple[int, ...] = WEIGHTS) -> str:
    """The grade that follows from how criteria of these weights match; it ends at F and at A+."""
    signs = {"match": 1, "nomatch": -1, "unknown": 0}
    steps = sum(weight * signs[how] for weight, how in zip(weights, criteria, strict=True))
    return LADDER[min(max(START + steps, 0), len(LADDER) - 1)]


def is_native_grade(change: ProspectChange) -> bool:
    """Whether a change is one of the native grade, which goes by its own road."""
    return [one.field for one in change.changes] == [GRADE]
