"""The dictionary of stages: who acts in each, how long it may last and what comes then (LC-4, LC-9, LC-13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.content import BuyingStage
from connector.rules.kinds import DealCondition, FitCondition, Id, Positive, Strict, problem
from connector.rules.names import Name

Stage = Literal["anonymous", "registered", "cold", "hot", "opportunity", "won", "lost", "disqualified"]
STAGES: tuple[Stage, ...] = ("anonymous", "registered", "cold", "hot", "opportunity", "won", "lost", "disqualified")
ENDS: tuple[Stage, ...] = ("disqualified",)
"""Stages that may be the last word (LC-4)."""
Owner = Literal["marketing", "inside_sales", "field_sales"]
Then = Literal["nurture", "remind", "escalate", "review", "recycle"]

Days = Annotated[int, Field(ge=1, le=3_650, strict=True)]
Percent = Annotated[int, Field(ge=0, le=1_000, strict=True)]


class StageText(Strict):
    """A stage: its free name, the team whose turn it is, how many days it may last, and what comes then.

    nurture    the person is nurtured, by the owner of the record, else by marketing
    remind     the owner of the record is reminded, else the team
    escalate   the team, whoever owns the record
    review     the owner of the record decides how to go on
    recycle    lost only: the clock of `recycle` decides
    """

    name: Name
    owner: Owner | None = None
    within_days: Days | None = None
    then: Then | None = None

    @model_validator(mode="after")
    def _limit_and_way_on_go_together(self) -> Self:
        if self.within_days is not None and self.then is None:
            raise problem("`within_days` without `then` leads nowhere.", "Say what comes then: review or nurture.")
        if self.then not in (None, "recycle") and self.within_days is None:
            raise problem(f"`then: {self.then}` needs a time.", "Give `within_days`.")
        if self.then == "recycle" and self.within_days is not None:
            raise problem("`recycle` has a clock of its own.", "Leave `within_days` out; see `recycle`.")
        return self


class LeadTime(Strict):
    """How long people like these need for each stage, and what differs for them (LC-9, LC-12); the first that fits.

    `when` is about the person and the company, `deal` about one of the person's open deals; both have to hold.
    `expected` are days by stage or buying stage. The other keys replace what holds for everybody.
    """

    id: Id
    name: Name
    when: FitCondition | None = None
    deal: DealCondition | None = None
    expected: Mapping[Stage | BuyingStage, Days] = Field(default_factory=dict)
    hot_at_least: Positive | None = None
    recycle_percent: Percent | None = None
    skip_nurture: bool = False
    cadence: Id | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        told = (self.expected, self.hot_at_least, self.recycle_percent is not None, self.skip_nurture, self.cadence)
        if not any(told):
            raise problem(f"`{self.id}` changes nothing.", "Give `expected`, or what differs for these people.")
        return self


class Rise(Strict):
    """Points since a stage was set that cause an action of their own (LC-13)."""

    id: Id
    name: Name
    stage: Stage
    points: Positive
    within_days: Days = 30
    owner: Owner | None = None
    """Whose turn it is where nobody owns the record; the stage's own team where it is left out."""
