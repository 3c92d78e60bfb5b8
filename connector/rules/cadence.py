"""What cadence.yaml holds, typed and frozen: business days, and the days of follow-up (CD-1)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.kinds import Id, Strict, problem
from connector.rules.model import Name, unique


class Calendar(Strict):
    """Business days: weekdays that are neither holidays of the country nor closing days of the company."""

    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "JP"
    closing_days: tuple[date, ...] = ()


class CadenceTask(Strict):
    """One task of a step."""

    channel: Literal["call", "email", "decide", "review"]
    subject: Name


class Step(Strict):
    """A day of the cadence and what is done on it; day 1 is the day on which the cadence starts."""

    id: Id
    day: Annotated[int, Field(ge=1, le=730, strict=True)]
    tasks: Annotated[tuple[CadenceTask, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _channels_areunique(self) -> Self:
        channels = [task.channel for task in self.tasks]
        if len(set(channels)) < len(channels):
            raise problem(f"The step `{self.id}` has two tasks for one channel.", "Keep one task for each channel.")
        return self


LONGEST_IDS = 60
"""Letters of a cadence's id and a step's together: a task's key, with org, record and date, has 120 in all."""


class Cadence(Strict):
    """A plan of follow-up (CD-1). `starts`: at a fresh crossing, or for those hot since longer."""

    id: Id
    name: Name
    starts: Literal["fresh_crossing", "hot_since_longer"]
    counts: Literal["calendar_days", "business_days"] = "calendar_days"
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _days_rise(self) -> Self:
        unique([step.id for step in self.steps])
        days = [step.day for step in self.steps]
        if days != sorted(set(days)):
            raise problem(f"The days of the cadence `{self.id}` have to rise from step to step.")
        long = next((step.id for step in self.steps if len(self.id) + len(step.id) > LONGEST_IDS), None)
        if long is not None:
            raise problem(
                f"The ids `{self.id}` and `{long}` are together longer than {LONGEST_IDS} letters.",
                "They stand in the key of each task, which Salesforce limits: shorten one.",
            )
        return self


class Cadences(Strict):
    """cadence.yaml"""

    version: Literal[1]
    calendar: Calendar = Calendar()
    fresh_days: Annotated[int, Field(ge=0, le=365, strict=True)] = 20
    cadences: Annotated[tuple[Cadence, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_of_each_kind(self) -> Self:
        unique([cadence.id for cadence in self.cadences])
        starts = [cadence.starts for cadence in self.cadences]
        if starts.count("fresh_crossing") != 1 or starts.count("hot_since_longer") > 1:
            raise problem("There has to be one cadence for `fresh_crossing`, and at most one for `hot_since_longer`.")
        return self

    def starting(self, starts: Literal["fresh_crossing", "hot_since_longer"]) -> Cadence | None:
        return next((cadence for cadence in self.cadences if cadence.starts == starts), None)
