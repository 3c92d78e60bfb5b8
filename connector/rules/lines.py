"""scoring.yaml, `lines` and `conversions`: what is scored and counted apart, beside the one score (SC-4, SC-11)."""

from __future__ import annotations

from pydantic import model_validator

from connector.rules.kinds import ActivityCondition, Id, Positive, Strict, problem
from connector.rules.names import Name

METRICS = ("score", "activities", "visits", "downloads", "conversions")
"""What change is told of besides each conversion by its own id (`connector movers --metric`)."""


class HotLine(Strict):
    """From which score on somebody is hot for a line. It moves no stage: an MQL rule may ask for it."""

    at_least: Positive


class Line(Strict):
    """A product line, or any category of activities, with a score of its own.

    The score that somebody would have who had done nothing but what `of` says, by the behaviour, visit and week rules
    that `rules` names (all of them where it names none), without points for how the person came in. It has its own
    clock of inactivity, which begins with the first activity of the line.
    """

    id: Id
    name: Name
    of: ActivityCondition
    rules: tuple[Id, ...] = ()
    hot: HotLine | None = None

    @model_validator(mode="after")
    def _each_rule_once(self) -> Line:
        if len(set(self.rules)) < len(self.rules):
            raise problem(f"The line `{self.id}` names a rule twice.", "Once is enough.")
        return self


class Conversion(Strict):
    """A named event with a counter (SC-11). `key` marks an action that says by itself that somebody wants to buy."""

    id: Id
    name: Name
    when: ActivityCondition
    key: bool = False

    @model_validator(mode="after")
    def _its_own_word(self) -> Conversion:
        if self.id in METRICS:
            raise problem(f"`{self.id}` is a metric of its own.", f"Take another id than {', '.join(METRICS)}.")
        return self
