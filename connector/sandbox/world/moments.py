"""Instants as whole seconds since 1970 (UTC), their text, and the vendor's working hours in Japan."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from random import Random

MINUTE = 60
HOUR = 3600
DAY = 86400
JAPAN = 9 * HOUR
"""Japan is nine hours ahead of UTC and knows no summer time."""


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).strftime("%Y-%m-%d")


@lru_cache(maxsize=4096)
def text(moment: int) -> str:
    """The database's stamp of a moment."""
    day, second = divmod(moment, DAY)
    minute, second = divmod(second, MINUTE)
    return f"{_date(day)}T{minute // 60:02d}:{minute % 60:02d}:{second:02d}.000Z"


def date_in_japan(moment: int) -> str:
    """The Japanese calendar's date at a moment, as `YYYY-MM-DD`."""
    return _date((moment + JAPAN) // DAY)


def day_in_japan(moment: int) -> int:
    """The number of the Japanese calendar day (day 0 is 1970-01-01, a Thursday)."""
    return (moment + JAPAN) // DAY


def at(day: int, hour: float) -> int:
    """The moment of an hour, as clocks in Japan show it, on a numbered day."""
    return day * DAY - JAPAN + int(hour * HOUR)


def weekday(day: int) -> int:
    """0 on Mondays."""
    return (day + 3) % 7


def working_day(day: int) -> int:
    """The same day, or the Monday after when it is a weekend."""
    return day + max(0, 7 - weekday(day)) % 7 if weekday(day) >= 5 else day


def working_moment(moment: int, rng: Random) -> int:
    """A moment between 9:00 and 18:00 of a working day in Japan, not before `moment`."""
    day = working_day(day_in_japan(moment))
    earliest, latest = max(moment, at(day, 9)), at(day, 18)
    if earliest >= latest - 10 * MINUTE:
        day = working_day(day + 1)
        earliest, latest = at(day, 9), at(day, 18)
    return earliest + int(rng.random() * (latest - earliest))


def leisure_moment(day: int, rng: Random) -> int:
    """When on a numbered day somebody reads a web site: mostly at work, sometimes in the evening."""
    return at(day, rng.uniform(8.5, 18.5) if rng.random() < 0.85 else rng.uniform(19, 23.9))
