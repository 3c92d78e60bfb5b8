"""What cadence.yaml holds, typed and frozen: business days, and the days of follow-up (CD-1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.kinds import FitCondition, Id, Strict, problem
from connector.rules.names import Name, unique
from connector.rules.teams import OWN_TEAMS, Chain, Team

Starts = Literal["fresh_crossing", "hot_since_longer", "inquiry"]
Event = Literal[
    "email_reply", "call", "meeting", "inquiry", "quote_request", "form_submit", "demo_view", "webinar_register",
    "event_attend",
]  # fmt: skip
"""What a person did that a run can stop, pause or begin anew on: types of activities, no machine's (CD-2)."""
Outcome = Literal["opportunity", "active_prospect", "disqualified"]
"""What a run ends with (CD-4): a deal, back to nurturing, or nothing any more."""
OUTCOMES: tuple[Outcome, ...] = ("opportunity", "active_prospect", "disqualified")
APART: tuple[Starts, ...] = ("inquiry",)
"""Cadences beside the score: their runs make nobody hot and cover no crossing."""


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


class Pause(Strict):
    """After the day of `on` nothing is asked for on so many days; what falls into them comes after."""

    on: Event
    days: Annotated[int, Field(ge=1, le=365, strict=True)] = 3


class Decision(Strict):
    """The decision that ends a run (CD-4): when it is overdue, who is told, and which words of a task mean what.

    `escalate_after_days`: business days after the day of the decision. `escalate_to`: a user or queue by name; without
    one the owner of the record is told again. `outcomes`: words of the task's status or result, whatever their case;
    the ids of the outcomes mean themselves.
    """

    escalate_after_days: Annotated[int, Field(ge=1, le=365, strict=True)] = 3
    escalate_to: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    subject: Name = Name(ja="期限切れの判断：至急", en="Overdue decision: urgent")
    outcomes: Mapping[Outcome, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _a_word_means_one_thing(self) -> Self:
        words = [word.strip().lower() for said in self.outcomes.values() for word in said]
        double = next((word for word in words if words.count(word) > 1), None)
        if double is not None:
            raise problem(f"`{double}` means two outcomes.", "Keep it with one of them.")
        return self

    @property
    def words(self) -> Iterator[tuple[str, Outcome]]:
        """Each word in small letters with the outcome that it means."""
        yield from ((one, one) for one in OUTCOMES)
        yield from ((word.strip().lower(), one) for one, said in self.outcomes.items() for word in said)


class Cadence(Strict):
    """A plan of follow-up (CD-1). `starts`: at a fresh crossing, for those hot since longer, or at an inquiry (CD-3).

    Of several with one start the first whose `when` fits a person is the person's. `stops_on` ends a run, `opt_out`
    when the person may be neither called nor written to; `restarts_on` begins it anew; a change of the stage by the
    CRM always ends it (CD-2).
    """

    id: Id
    name: Name
    starts: Starts
    when: FitCondition | None = None
    counts: Literal["calendar_days", "business_days"] = "calendar_days"
    stops_on: tuple[Event | Literal["opt_out"], ...] = ()
    pauses_on: tuple[Pause, ...] = ()
    restarts_on: tuple[Event, ...] = ()
    one_at_a_time: bool = False
    overtaken: Literal["leave", "close"] = "leave"
    """What becomes of our open call or e-mail once there is one of a later step (WB-7)."""
    decision: Decision | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _an_event_does_one_thing(self) -> Self:
        events = [*self.stops_on, *(pause.on for pause in self.pauses_on), *self.restarts_on]
        double = next((one for one in events if events.count(one) > 1), None)
        if double is not None:
            raise problem(f"`{double}` cannot do two things to the cadence `{self.id}`.", "Keep it in one list.")
        return self

    @property
    def decides(self) -> bool:
        """Whether its last step is a decision."""
        return any(task.channel == "decide" for task in self.steps[-1].tasks)

    @model_validator(mode="after")
    def _tasks_wait_or_give_way(self) -> Self:
        if self.one_at_a_time and self.overtaken == "close":
            raise problem(
                f"In the cadence `{self.id}` a task waits for the one before it (`one_at_a_time`), so that none is "
                "overtaken.",
                "Keep one of `one_at_a_time` and `overtaken`.",
            )
        return self

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
    """cadence.yaml. `tasks_a_day`: how many tasks a rep gets a day; the others wait (CD-5)."""

    version: Literal[1]
    calendar: Calendar = Calendar()
    fresh_days: Annotated[int, Field(ge=0, le=365, strict=True)] = 20
    tasks_a_day: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = None
    teams: tuple[Team, ...] = ()
    chains: tuple[Chain, ...] = ()
    cadences: Annotated[tuple[Cadence, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _chains_have_teams(self) -> Self:
        named = [team.id for team in self.teams]
        unique(named)
        unique([chain.id for chain in self.chains])
        known = [*named, *(team for team in OWN_TEAMS if team not in named)]
        for chain in self.chains:
            unique(list(chain.teams))
            stranger = next((team for team in chain.teams if team not in known), None)
            if stranger is not None:
                raise problem(f"There is no team `{stranger}`.", f"Teams here: {', '.join(known)}.")
        members = [member for team in self.teams for member in team.members]
        double = next((one for one in members if members.count(one) > 1), None)
        if double is not None:
            raise problem(f"`{double}` is in two teams.", "Keep everybody in one.")
        return self

    @model_validator(mode="after")
    def _each_person_has_one_of_a_kind(self) -> Self:
        unique([cadence.id for cadence in self.cadences])
        if not self.of_kind("fresh_crossing"):
            raise problem("There has to be a cadence for `fresh_crossing`.")
        for starts in ("fresh_crossing", "hot_since_longer", "inquiry"):
            first = next((one for one in self.of_kind(starts) if one.when is None), None)
            if first is not None and first is not self.of_kind(starts)[-1]:
                raise problem(
                    f"After `{first.id}`, which is for everybody, no other cadence for `{starts}` has its turn.",
                    "Give it a `when`, or put it last.",
                )
        return self

    def of_kind(self, starts: Starts) -> tuple[Cadence, ...]:
        """The cadences that start so, in the order of the file."""
        return tuple(cadence for cadence in self.cadences if cadence.starts == starts)

    def starting(self, starts: Starts) -> Cadence | None:
        """The one of these that is for everybody, else the last; None where there is none."""
        return self.of_kind(starts)[-1] if self.of_kind(starts) else None

    @property
    def beside_the_score(self) -> tuple[str, ...]:
        """Ids of the cadences whose runs make nobody hot."""
        return tuple(cadence.id for cadence in self.cadences if cadence.starts in APART)
