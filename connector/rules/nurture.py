"""nurture.yaml: who is nurtured, what kind of person each is, and on which track (NU-1, NU-2, LC-10, EN-8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from connector.rules.content import BuyingStage
from connector.rules.engagement import UnitId
from connector.rules.kinds import FitCondition, Id, Strict, problem
from connector.rules.names import Name, unique
from connector.rules.stages import Stage

NURTURE_FILE = "nurture.yaml"
_DAY_OF_YEAR = re.compile(r"(\d{2})-(\d{2})")
_LEAP_YEAR = 2024

Month = Annotated[int, Field(ge=1, le=12, strict=True)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 12, 31))]
Days = Annotated[int, Field(ge=1, le=3_650, strict=True)]


def _day_of_year(text: str) -> str:
    found = _DAY_OF_YEAR.fullmatch(text)
    try:
        date(_LEAP_YEAR, int(found[1]), int(found[2])) if found else date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None:
        raise problem(f"`{text}` is no day of a year.", 'Write month and day in quotes, such as "12-01".')
    return text


DayOfYear = Annotated[str, AfterValidator(_day_of_year)]


class Persona(Strict):
    """A kind of person (LC-10): told by a field whose word is the id or one of `words`, else by a condition."""

    id: Id
    name: Name
    words: tuple[str, ...] = ()
    when: FitCondition | None = None

    @property
    def known_by(self) -> tuple[str, ...]:
        """The words of a field that mean it, as they are compared: small letters, no spaces around."""
        return tuple(dict.fromkeys(word.strip().lower() for word in (self.id, *self.words)))


class Dates(Strict):
    """A time with its first and last day."""

    first: Day
    last: Day

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.last < self.first:
            raise problem(f"It would end on {self.last}, before it begins.", "`first` is the earlier day.")
        return self


class YearlyDates(Strict):
    """A time of each year; from "12-01" to "01-15" goes over New Year."""

    first: DayOfYear
    last: DayOfYear


class Season(Strict):
    """Days on which a track may run: each of what is given has to hold, and one entry of each list.

    Quarters, halves and years are those of the fiscal year, a year having the number of the calendar year in which it
    begins; with `of: calendar_year` those of the calendar.
    """

    id: Id
    name: Name
    of: Literal["fiscal_year", "calendar_year"] = "fiscal_year"
    years: tuple[Annotated[int, Field(ge=2000, le=2200, strict=True)], ...] = ()
    halves: tuple[Annotated[int, Field(ge=1, le=2, strict=True)], ...] = ()
    quarters: tuple[Annotated[int, Field(ge=1, le=4, strict=True)], ...] = ()
    months: tuple[Month, ...] = ()
    dates: tuple[Dates, ...] = ()
    yearly: tuple[YearlyDates, ...] = ()

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if not (self.years or self.halves or self.quarters or self.months or self.dates or self.yearly):
            raise problem(f"`{self.id}` does not say when it is.", "Give quarters, months, dates or the like.")
        return self


class Track(Strict):
    """A way of nurturing, for those of whom all that is given holds (NU-2). What is left out does not matter.

    `list`: the list of Account Engagement, by its name, that stands for it; `list_ids`: business unit → the list's id,
    where a name will not do. `segments` are ids of lead times
    (lifecycle.yaml), `products` words of content.yaml, `seasons` and `personas` ids of this file.
    """

    id: Id
    name: Name
    list: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    list_ids: dict[UnitId, Annotated[int, Field(ge=1, strict=True)]] = Field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    buying_stages: tuple[BuyingStage | Literal["none"], ...] = ()
    segments: tuple[Id, ...] = ()
    personas: tuple[Id, ...] = ()
    products: tuple[str, ...] = ()
    seasons: tuple[Id, ...] = ()
    when: FitCondition | None = None


class Interest(Strict):
    """The product that a person is interested in: the one most used in the last days (NU-1)."""

    within_days: Days = 180


class Similar(Strict):
    """Past leads like a person: how many at most, and how few say nothing (NU-3)."""

    at_most: Annotated[int, Field(ge=1, le=1_000, strict=True)] = 50
    at_least: Annotated[int, Field(ge=1, le=1_000, strict=True)] = 5


class Nurture(Strict):
    """nurture.yaml"""

    version: Literal[1]
    stages: tuple[Stage, ...] = ("registered", "cold")
    consent: FitCondition | None = None
    interest: Interest = Interest()
    similar: Similar = Similar()
    personas: tuple[Persona, ...] = ()
    seasons: tuple[Season, ...] = ()
    tracks: tuple[Track, ...] = ()

    @model_validator(mode="after")
    def _ids_fit_together(self) -> Self:
        personas = [persona.id for persona in self.personas]
        seasons = [season.id for season in self.seasons]
        unique(personas)
        unique(seasons)
        unique([track.id for track in self.tracks])
        words = [word for persona in self.personas for word in persona.known_by]
        double = next((word for word in words if words.count(word) > 1), None)
        if double is not None:
            raise problem(f"`{double}` means two personas.", "Keep it with one of them.")
        for track in self.tracks:
            _known(track, track.personas, personas, "persona")
            _known(track, track.seasons, seasons, "season")
        return self


WITHOUT = Nurture(version=1)
"""What holds where there is no nurture.yaml."""


def _known(track: Track, named: Sequence[str], known: Sequence[str], what: str) -> None:
    stranger = next((one for one in named if one not in known), None)
    if stranger is not None:
        raise problem(
            f"The track `{track.id}` names the {what} `{stranger}`, which is not there.",
            f"Here: {', '.join(known) or 'none'}.",
        )
