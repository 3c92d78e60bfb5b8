"""scoring.yaml: points for sources, behaviour and attributes, penalties for silence, what is noise (SC-1..4, SC-6)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.accounts import Accounts
from connector.rules.capping import Cap, Floor, Group, check_groups
from connector.rules.kinds import (
    ActivityCondition,
    FitCondition,
    Id,
    PersonCondition,
    Points,
    Positive,
    Seconds,
    Strict,
    Zone,
    problem,
)
from connector.rules.lines import Conversion, Line
from connector.rules.names import Name, unique
from connector.rules.relations import COUNTED_TYPES, SENT_TYPES


class SourceRule(Strict):
    """Points for how a person came in, given once, at created_at (SC-1)."""

    id: Id
    name: Name
    when: PersonCondition
    points: Points


class BehaviourRule(Strict):
    """Points for an activity (SC-2a). With `once_per: content` only the first one of each content counts."""

    id: Id
    name: Name
    when: ActivityCondition
    points: Points
    once_per: Literal["content"] | None = None
    cap: Cap | None = None


class AttributeRule(Strict):
    """Points for who a person and the company are (SC-8): kept apart, never in the score itself."""

    id: Id
    name: Name
    when: FitCondition
    points: Points


class VisitRule(Strict):
    """Points once a visit, when its n-th page is viewed."""

    id: Id
    name: Name
    pages: Positive
    points: Points
    cap: Cap | None = None


class WeekRule(Strict):
    """Points once a calendar week (Monday to Sunday), at the first page of its n-th visit.

    With `rolling_days`: once in so many times 24 hours, at the visit that is the n-th within them.
    """

    id: Id
    name: Name
    visits: Positive
    points: Points
    rolling_days: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None
    cap: Cap | None = None


class Band(Strict):
    """What a month of silence takes when the score stands at `at_least` or more; the first band that fits."""

    at_least: Annotated[int, Field(strict=True)]
    points: Annotated[int, Field(ge=-100_000, le=0, strict=True)]


class Inactivity(Strict):
    """The penalty for silence (SC-3): every `every_days` × 24 h since the last activity that counts.

    With `month: calendar`, the same clock time of the same day of each later month in the rule set's zone; where a
    month has no such day, its last one.
    """

    id: Id = "inactivity"
    name: Name
    month: Literal["days", "calendar"] = "days"
    every_days: Annotated[int, Field(ge=1, le=3_650, strict=True)] = 30
    bands: Annotated[tuple[Band, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _bands_fall(self) -> Self:
        limits = [band.at_least for band in self.bands]
        if limits != sorted(set(limits), reverse=True):
            raise problem("The bands of `inactivity` have to go from the highest `at_least` to the lowest.")
        return self

    @model_validator(mode="after")
    def _a_calendar_knows_its_months(self) -> Self:
        if self.month == "calendar" and "every_days" in self.model_fields_set:
            raise problem("`every_days` has no meaning with `month: calendar`.", "Take one of both out.")
        return self


class Clicks(Strict):
    """A burst of clicks in an e-mail is a scanner's."""

    at_least: Annotated[int, Field(ge=2, le=100, strict=True)] = 3
    within_seconds: Seconds = 2


class Noise(Strict):
    """What counts as done by a machine, and so as nothing at all (SY-8)."""

    marked: bool = True
    clicks: Clicks | None = Clicks()
    open_within_seconds_of_sending: Seconds | None = 5


class Scoring(Strict):
    """scoring.yaml"""

    version: Literal[1]
    time_zone: Zone = "Asia/Tokyo"
    activity_types: Annotated[tuple[Id, ...], Field(min_length=1)] = COUNTED_TYPES
    noise: Noise = Noise()
    source: tuple[SourceRule, ...] = ()
    behaviour: Annotated[tuple[BehaviourRule, ...], Field(max_length=500)] = ()
    visits: tuple[VisitRule, ...] = ()
    weeks: tuple[WeekRule, ...] = ()
    attributes: tuple[AttributeRule, ...] = ()
    inactivity: Inactivity | None = None
    floor: Floor | None = None
    groups: tuple[Group, ...] = ()
    lines: tuple[Line, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    accounts: Accounts = Accounts()

    @model_validator(mode="after")
    def _ours_is_not_theirs(self) -> Self:
        ours = [kind for kind in self.activity_types if kind in SENT_TYPES]
        if ours:
            raise problem(f"`{ours[0]}` is what we did, not what they did.", "Take it out of `activity_types`.")
        return self

    @model_validator(mode="after")
    def _ids_areunique(self) -> Self:
        ids = [rule.id for rule in self.source] + [rule.id for rule in self.behaviour]
        ids += [rule.id for rule in self.visits] + [rule.id for rule in self.weeks]
        ids += [rule.id for rule in self.attributes]
        ids += [group.id for group in self.groups] + ([self.floor.id] if self.floor else [])
        unique([*ids, *([self.inactivity.id] if self.inactivity else [])])
        visits = [rule.id for rule in self.visits] + [rule.id for rule in self.weeks]
        check_groups(self.groups, [rule.id for rule in self.behaviour], visits)
        return self

    @model_validator(mode="after")
    def _lines_rest_on_rules(self) -> Self:
        unique([line.id for line in self.lines])
        unique([conversion.id for conversion in self.conversions])
        rules = [rule.id for rule in self.behaviour]
        rules += [*(rule.id for rule in self.visits), *(rule.id for rule in self.weeks)]
        for line in self.lines:
            stranger = next((one for one in line.rules if one not in rules), None)
            if stranger is not None:
                sentence = f"The line `{line.id}` names `{stranger}`: no rule of behaviour, visits or weeks."
                raise problem(sentence, f"Rules here: {', '.join(rules) or 'none'}.")
        return self
