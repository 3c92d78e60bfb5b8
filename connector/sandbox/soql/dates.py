"""Relative dates: which days TODAY, LAST_N_WEEKS:3 and the like mean.

Weeks start on Sunday, as in the locale en_US; LAST_N_DAYS and LAST_90_DAYS include today, the other LAST_N_
literals end before the current unit (SOQL's documentation on date literals).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

Days = tuple[date, date]
"""The first day, and the first day that no longer belongs."""

_Start = Callable[[date, int, int], date]
"""Of the unit that holds a day: the start of the n-th unit after it, for a fiscal year's first month."""


def _day(today: date, n: int, _fiscal: int) -> date:
    return today + timedelta(days=n)


def _week(today: date, n: int, _fiscal: int) -> date:
    return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=n)


def _months(first: int, span: int, today: date, n: int) -> date:
    month = today.year * 12 + today.month - 1
    start = month - (month - (first - 1)) % span + n * span
    return date(start // 12, start % 12 + 1, 1)


def _calendar(span: int) -> _Start:
    return lambda today, n, _fiscal: _months(1, span, today, n)


def _fiscal(span: int) -> _Start:
    return lambda today, n, fiscal: _months(fiscal, span, today, n)


_UNITS: Mapping[str, _Start] = MappingProxyType(
    {
        "DAY": _day,
        "WEEK": _week,
        "MONTH": _calendar(1),
        "QUARTER": _calendar(3),
        "YEAR": _calendar(12),
        "FISCAL_QUARTER": _fiscal(3),
        "FISCAL_YEAR": _fiscal(12),
    }
)

_SPANS: Mapping[str, tuple[str, int, int]] = MappingProxyType(
    {
        "YESTERDAY": ("DAY", -1, 0),
        "TODAY": ("DAY", 0, 1),
        "TOMORROW": ("DAY", 1, 2),
        "LAST_90_DAYS": ("DAY", -90, 1),
        "NEXT_90_DAYS": ("DAY", 1, 91),
        **{f"LAST_{unit}": (unit, -1, 0) for unit in _UNITS if unit != "DAY"},
        **{f"THIS_{unit}": (unit, 0, 1) for unit in _UNITS if unit != "DAY"},
        **{f"NEXT_{unit}": (unit, 1, 2) for unit in _UNITS if unit != "DAY"},
    }
)

_COUNTED = re.compile(rf"(?:(LAST|NEXT)_N_({'|'.join(_UNITS)})S|N_({'|'.join(_UNITS)})S_AGO)")


def takes_count(name: str) -> bool | None:
    """Whether the literal of that name (any case) is followed by `:n`; None when there is no such literal."""
    if _COUNTED.fullmatch(name.upper()):
        return True
    return False if name.upper() in _SPANS else None


def is_fiscal(name: str) -> bool:
    """Whether the literal depends on when the fiscal year starts."""
    return "FISCAL" in name.upper()


def days(name: str, count: int, today: date, fiscal_month: int) -> Days:
    """The days that a literal means on `today`. Raises OverflowError when they leave the calendar."""
    unit, first, end = _span(name.upper(), count)
    try:
        start = _UNITS[unit]
        return start(today, first, fiscal_month), start(today, end, fiscal_month)
    except ValueError as error:
        raise OverflowError(str(error)) from error


def _span(name: str, count: int) -> tuple[str, int, int]:
    match = _COUNTED.fullmatch(name)
    if match is None:
        return _SPANS[name]
    direction, unit, unit_ago = match.groups()
    if unit_ago:
        return unit_ago, -count, 1 - count
    if direction == "NEXT":
        return unit, 1, count + 1
    return unit, -count, 1 if unit == "DAY" else 0
