"""cadence: a start day → the days of follow-up, moved to business days (CD-1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import holidays

from connector.rules.cadence import Cadence, Step
from connector.rules.names import Name

_DAY = timedelta(days=1)
Pauses = tuple[tuple[date, date], ...]
"""First and last days on which nothing is asked for."""


class BusinessCalendar:
    """Weekdays (Monday to Friday) that are neither public holidays of a country nor closing days of the company.

    `country` is an ISO 3166 code; the holidays are those of the `holidays` library.
    """

    def __init__(self, country: str, closing_days: Iterable[date] = ()) -> None:
        self._holidays = holidays.country_holidays(country)
        self._closing_days = frozenset(closing_days)

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self._closing_days and day not in self._holidays

    def on_or_after(self, day: date) -> date:
        """The day itself if it is a business day, else the next one."""
        while not self.is_business_day(day):
            day += _DAY
        return day

    def after(self, day: date) -> date:
        """The next business day after a day."""
        return self.on_or_after(day + _DAY)

    def plus(self, day: date, count: int) -> date:
        """`count` business days after a day, itself moved to a business day first."""
        day = self.on_or_after(day)
        for _ in range(count):
            day = self.after(day)
        return day


@dataclass(frozen=True)
class CadenceStep:
    """One task of a cadence: what to do by which channel, and on which day it is due."""

    step: str
    day: int
    channel: str
    subject: Name
    due: date


def cadence_steps(
    cadence: Cadence, start: date, calendar: BusinessCalendar, pauses: Pauses = ()
) -> tuple[CadenceStep, ...]:
    """The tasks of a cadence that starts on `start` (moved to a business day), in the order of their days.

    Day n lies n − 1 days after the start, moved to the next business day; a step that would land on or before its
    predecessor's day moves to the next business day after it. What falls into a pause comes on the first business day
    after it; what lies behind keeps its day (CD-2).
    """
    start = calendar.on_or_after(start)
    tasks: list[CadenceStep] = []
    last: date | None = None
    for step in cadence.steps:
        due = _due(cadence, step, start, calendar)
        if last is not None and due <= last:
            due = calendar.after(last)
        for first, until in pauses:
            if first <= due <= until:
                due = calendar.after(until)
        tasks.extend(CadenceStep(step.id, step.day, task.channel, task.subject, due) for task in step.tasks)
        last = due
    return tuple(tasks)


def escalation_day(cadence: Cadence, step: CadenceStep, calendar: BusinessCalendar) -> date | None:
    """The day on which a decision that was not taken is told on (CD-4); None for other steps."""
    if step.channel != "decide" or cadence.decision is None:
        return None
    return calendar.plus(step.due, cadence.decision.escalate_after_days)


def last_day(cadence: Cadence, start: date, calendar: BusinessCalendar, pauses: Pauses = ()) -> date:
    """The day of the last step: a run that nobody ended is over after it."""
    return cadence_steps(cadence, start, calendar, pauses)[-1].due


def _due(cadence: Cadence, step: Step, start: date, calendar: BusinessCalendar) -> date:
    if cadence.counts == "business_days":
        return calendar.plus(start, step.day - 1)
    return calendar.on_or_after(start + (step.day - 1) * _DAY)
