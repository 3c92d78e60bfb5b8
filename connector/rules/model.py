"""What tiers.yaml holds, typed and frozen (rules/scoring.py, rules/lifecycle.py and rules/cadence.py: the others).

Unknown keys are errors. Conditions are compiled while the models are validated (`Compilers` in the validation
context), so that a wrong condition is reported together with everything else that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.kinds import (
    CompanyCondition,
    FitCondition,
    Id,
    Strict,
    Thirds,
    problem,
)
from connector.rules.names import Name, unique
from connector.rules.screening import Screen

LETTERS = ("F", "D-", "D", "D+", "C-", "C", "C+", "B-", "B", "B+", "A-", "A", "A+")
"""The grades, a third of a letter apart; everybody starts at D (account-engagement's own ladder)."""
Letter = Literal["F", "D-", "D", "D+", "C-", "C", "C+", "B-", "B", "B+", "A-", "A", "A+"]


class TierRule(Strict):
    """A tier and the condition for it."""

    id: Id
    name: Name
    when: CompanyCondition


class Criterion(Strict):
    """One criterion of the grade: thirds of a letter when it is met, missed, or not known.

    `mismatch` is −`match` where it is left out, as Account Engagement does it; `unknown` is 0 (GR-4).
    """

    id: Id
    name: Name
    when: FitCondition
    match: Thirds
    mismatch: Thirds | None = None
    unknown: Thirds = 0

    @property
    def missed(self) -> int:
        return -self.match if self.mismatch is None else self.mismatch


class Profile(Strict):
    """Criteria for those whom `when` chooses; the first profile that fits a person is the person's."""

    id: Id
    name: Name
    when: FitCondition | None = None
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_areunique(self) -> Self:
        unique([criterion.id for criterion in self.criteria])
        return self


class Bound(Strict):
    """The worst (`floor`) and best (`cap`) grade that a tier allows."""

    floor: Letter | None = None
    cap: Letter | None = None

    @model_validator(mode="after")
    def _floor_below_cap(self) -> Self:
        if self.floor and self.cap and LETTERS.index(self.floor) > LETTERS.index(self.cap):
            raise problem(f"The floor {self.floor} is above the cap {self.cap}.")
        return self


class Grade(Strict):
    """The letter grade: thirds from `start`, then the bound of the tier."""

    start: Letter = "D"
    bounds: Mapping[Id, Bound] = Field(default_factory=dict)
    profiles: Annotated[tuple[Profile, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_areunique(self) -> Self:
        unique([profile.id for profile in self.profiles])
        return self


class Tiers(Strict):
    """tiers.yaml: ordered tiers, the first that fits counts; `targets` is the tier of the target list."""

    version: Literal[1]
    tiers: tuple[TierRule, ...] = ()
    targets: Id | None = None
    screened: tuple[Screen, ...] = ()
    grade: Grade

    @model_validator(mode="after")
    def _tiers_exist(self) -> Self:
        ids = [tier.id for tier in self.tiers]
        unique(ids)
        unique([one.id for one in self.screened])
        for named in (*self.grade.bounds, *([self.targets] if self.targets else [])):
            if named not in ids:
                raise problem(f"There is no tier `{named}`.", f"Tiers here: {', '.join(ids) or 'none'}.")
        return self
