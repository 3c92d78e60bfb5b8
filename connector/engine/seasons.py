"""seasons: a day → which seasons of nurture.yaml it lies in, and when that changes (NU-2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from connector.rules.nurture import Season, YearlyDates

_DAY = timedelta(days=1)
_YEARS_AHEAD = 8
"""So far apart can two 29ths of February be."""
FISCAL_YEAR_STARTS = 4
"""The month, where nobody says another: April, as in most companies of Japan."""


def holds(season: Season, day: date, fiscal_year_starts: int = FISCAL_YEAR_STARTS) -> bool:
    """Whether a day lies in a season. `fiscal_year_starts`: a month, 1 to 12."""
    starts = fiscal_year_starts if season.of == "fiscal_year" else 1
    month_of_year = (day.month - starts) % 12
    year = day.year - (day.month < starts)
    return (
        (not season.years or year in season.years)
        and (not season.halves or month_of_year // 6 + 1 in season.halves)
        and (not season.quarters or month_of_year // 3 + 1 in season.quarters)
        and (not season.months or day.month in season.months)
        and (not season.dates or any(span.first <= day <= span.last for span in season.dates))
        and (not season.yearly or any(_in_year(span, day) for span in season.yearly))
    )


def next_change(seasons: Sequence[Season], day: date, fiscal_year_starts: int = FISCAL_YEAR_STARTS) -> date | None:
    """The next day on which any of the seasons begins or is over; None where none ever does again."""
    turns = sorted({turn for season in seasons for turn in _turns(season, day) if turn > day})
    return next(
        (
            turn
            for turn in turns
            if any(
                holds(season, turn, fiscal_year_starts) != holds(season, turn - _DAY, fiscal_year_starts)
                for season in seasons
            )
        ),
        None,
    )


def _in_year(span: YearlyDates, day: date) -> bool:
    today = f"{day:%m-%d}"
    if span.first <= span.last:
        return span.first <= today <= span.last
    return today >= span.first or today <= span.last


def _turns(season: Season, day: date) -> Iterator[date]:
    """Every day on which the season may begin or be over, as far as matters from a day on."""
    years = {*range(day.year, day.year + _YEARS_AHEAD + 1), *season.years, *(year + 1 for year in season.years)}
    years |= {year for span in season.dates for year in (span.first.year, span.last.year)}
    for year in years:
        yield from (date(year, month, 1) for month in range(1, 13))
        for span in season.yearly:
            yield _nth(year, span.first)
            yield _nth(year, span.last) + _DAY
    for between in season.dates:
        yield between.first
        yield between.last + _DAY


def _nth(year: int, day_of_year: str) -> date:
    """A day of a year; the 29th of February is the 28th where there is none."""
    month, day = (int(part) for part in day_of_year.split("-"))
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1
