"""The days of follow-up, around weekends, Golden Week and New Year."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.engine.cadence import BusinessCalendar, cadence_steps, escalation_day, last_day
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


NEW_YEAR = [date(2026, 12, day) for day in (29, 30, 31)] + [date(2027, 1, day) for day in (2, 3)]


@pytest.mark.parametrize(
    ("start", "counts", "closed", "days"),
    [
        # A Friday before Golden Week 2026 (29 April, 3 to 6 May): day 9 is Saturday 2 May.
        ((2026, 4, 24), "calendar_days", [], "04-24 04-27 04-28 05-07 05-11 05-14"),
        ((2026, 4, 24), "business_days", [], "04-24 04-27 05-01 05-12 05-21 05-28"),
        # A holiday: it starts the day after, and days 5 and 9 both move behind the holidays.
        ((2026, 4, 29), "calendar_days", [], "04-30 05-01 05-07 05-08 05-15 05-20"),
        ((2026, 4, 29), "business_days", [], "04-30 05-01 05-11 05-15 05-26 06-02"),
        # The Friday within: days 2 and 5 both move to 7 May.
        ((2026, 5, 1), "calendar_days", [], "05-01 05-07 05-08 05-11 05-18 05-21"),
        ((2026, 5, 1), "business_days", [], "05-01 05-07 05-12 05-18 05-27 06-03"),
        ((2027, 4, 28), "calendar_days", [], "04-28 04-30 05-06 05-07 05-13 05-18"),
        ((2027, 4, 30), "business_days", [], "04-30 05-06 05-11 05-17 05-26 06-02"),
        # Five days off in September 2026.
        ((2026, 9, 18), "calendar_days", [], "09-18 09-24 09-25 09-28 10-05 10-08"),
        # New Year: 1 January alone is a holiday, the closing days are the company's own.
        ((2026, 12, 28), "calendar_days", [], "12-28 12-29 01-04 01-05 01-12 01-18"),
        ((2026, 12, 28), "calendar_days", NEW_YEAR, "12-28 01-04 01-05 01-06 01-12 01-18"),
        ((2026, 12, 28), "business_days", NEW_YEAR, "12-28 01-04 01-07 01-14 01-25 02-01"),
        ((2026, 12, 21), "calendar_days", NEW_YEAR, "12-21 12-22 12-25 01-04 01-05 01-12"),
        ((2026, 12, 21), "business_days", NEW_YEAR, "12-21 12-22 12-25 01-06 01-18 01-25"),
        ((2027, 1, 1), "calendar_days", NEW_YEAR, "01-04 01-05 01-08 01-12 01-19 01-25"),
    ],
)
def test_days_1_2_5_9_16_21_around_golden_week_and_new_year(
    start: tuple[int, int, int], counts: str, closed: list[date], days: str
) -> None:
    """Computed by hand from the calendars of 2026 and 2027."""
    cadence = HOT.model_copy(update={"counts": counts})
    assert [day[5:] for day in _days(date(*start), BusinessCalendar("JP", closed), cadence)] == days.split()


@pytest.mark.requirement("CD-2")
@pytest.mark.parametrize(
    ("pauses", "days"),
    [
        # A reply on 2 June, quiet to the 5th: day 5 comes on Monday the 8th, and day 9 keeps the 9th.
        ([(3, 5)], "06-01 06-02 06-08 06-09 06-16 06-22"),
        # Two weeks: days 5 and 9 fall into it; they come one after the other.
        ([(3, 16)], "06-01 06-02 06-17 06-18 06-19 06-22"),
        ([(2, 4), (9, 10)], "06-01 06-05 06-08 06-11 06-16 06-22"),
    ],
)
def test_what_falls_into_a_pause_comes_after_it(pauses: list[tuple[int, int]], days: str) -> None:
    told = tuple((date(2026, 6, first), date(2026, 6, until)) for first, until in pauses)
    found = dict.fromkeys(step.due.isoformat()[5:] for step in cadence_steps(HOT, date(2026, 6, 1), CALENDAR, told))
    assert list(found) == days.split()


@pytest.mark.requirement("CD-4")
def test_a_decision_is_told_on_three_business_days_after_its_day() -> None:
    days = {step.step: escalation_day(HOT, step, CALENDAR) for step in cadence_steps(HOT, date(2026, 4, 8), CALENDAR)}
    # Day 21 is 28 April; behind it come a holiday, 30 April, 1 May and Golden Week.
    assert days.pop("day21") == date(2026, 5, 7)
    assert set(days.values()) == {None}
