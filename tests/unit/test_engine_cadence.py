"""The days of follow-up, around weekends, Golden Week and New Year."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.engine.cadence import BusinessCalendar, cadence_steps, last_day
from connector.rules.cadence import Cadence
from tests.engine_world import shipped

pytestmark = pytest.mark.requirement("CD-1")

CALENDAR = BusinessCalendar("JP")


def _hot() -> Cadence:
    hot = shipped().cadence.starting("fresh_crossing")
    assert hot is not None
    return hot


HOT = _hot()


def _days(start: date, calendar: BusinessCalendar = CALENDAR, cadence: Cadence = HOT) -> list[str]:
    return list(dict.fromkeys(step.due.isoformat() for step in cadence_steps(cadence, start, calendar)))


def test_days_1_2_5_9_16_21_and_their_channels() -> None:
    steps = cadence_steps(HOT, date(2026, 6, 1), CALENDAR)
    assert [(step.step, step.channel) for step in steps] == [
        ("day1", "call"), ("day1", "email"), ("day2", "call"), ("day2", "email"), ("day5", "email"),
        ("day9", "call"), ("day16", "email"), ("day21", "decide"),
    ]  # fmt: skip
    assert _days(date(2026, 6, 1)) == [
        "2026-06-01", "2026-06-02", "2026-06-05", "2026-06-09", "2026-06-16", "2026-06-22",
    ]  # fmt: skip


def test_a_start_on_a_saturday_moves_to_monday_and_so_does_everything_after() -> None:
    assert _days(date(2026, 6, 6)) == _days(date(2026, 6, 8))


def test_around_golden_week_days_5_and_9_do_not_fall_on_one_day() -> None:
    """28 April: day 2 is a holiday, days 5 and 9 both move to 7 May, so day 9 moves on to the 8th."""
    assert _days(date(2026, 4, 28)) == [
        "2026-04-28", "2026-04-30", "2026-05-07", "2026-05-08", "2026-05-13", "2026-05-18",
    ]  # fmt: skip


def test_around_new_year_with_closing_days() -> None:
    closed = [date(2026, 12, day) for day in (29, 30, 31)] + [date(2027, 1, day) for day in (2, 3)]
    assert _days(date(2026, 12, 25), BusinessCalendar("JP", closed)) == [
        "2026-12-25", "2026-12-28", "2027-01-04", "2027-01-05", "2027-01-12", "2027-01-14",
    ]  # fmt: skip


def test_counted_in_business_days() -> None:
    counted = HOT.model_copy(update={"counts": "business_days"})
    assert _days(date(2026, 6, 1), cadence=counted) == [
        "2026-06-01", "2026-06-02", "2026-06-05", "2026-06-11", "2026-06-22", "2026-06-29",
    ]  # fmt: skip


@given(start=st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_steps_lie_on_business_days_that_rise(start: date) -> None:
    days = list(dict.fromkeys(step.due for step in cadence_steps(HOT, start, CALENDAR)))
    assert len(days) == 6
    assert days == sorted(set(days))
    assert all(CALENDAR.is_business_day(day) for day in days)
    assert days[0] >= start
    assert last_day(HOT, start, CALENDAR) == days[-1]
