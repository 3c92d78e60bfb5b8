"""Which days the relative dates mean, seen from Wednesday 13 May 2026 with a fiscal year from April."""

from __future__ import annotations

from datetime import date

import pytest

from connector.sandbox.soql.dates import days, takes_count

pytestmark = pytest.mark.requirement("SY-1")

TODAY = date(2026, 5, 13)

PERIODS: tuple[tuple[str, int, str, str], ...] = (
    ("YESTERDAY", 0, "2026-05-12", "2026-05-13"),
    ("TODAY", 0, "2026-05-13", "2026-05-14"),
    ("TOMORROW", 0, "2026-05-14", "2026-05-15"),
    ("LAST_WEEK", 0, "2026-05-03", "2026-05-10"),
    ("THIS_WEEK", 0, "2026-05-10", "2026-05-17"),
    ("NEXT_WEEK", 0, "2026-05-17", "2026-05-24"),
    ("LAST_MONTH", 0, "2026-04-01", "2026-05-01"),
    ("THIS_MONTH", 0, "2026-05-01", "2026-06-01"),
    ("NEXT_MONTH", 0, "2026-06-01", "2026-07-01"),
    ("LAST_90_DAYS", 0, "2026-02-12", "2026-05-14"),
    ("NEXT_90_DAYS", 0, "2026-05-14", "2026-08-12"),
    ("LAST_N_DAYS", 1, "2026-05-12", "2026-05-14"),
    ("LAST_N_DAYS", 30, "2026-04-13", "2026-05-14"),
    ("NEXT_N_DAYS", 2, "2026-05-14", "2026-05-16"),
    ("N_DAYS_AGO", 3, "2026-05-10", "2026-05-11"),
    ("LAST_N_WEEKS", 2, "2026-04-26", "2026-05-10"),
    ("NEXT_N_WEEKS", 2, "2026-05-17", "2026-05-31"),
    ("N_WEEKS_AGO", 2, "2026-04-26", "2026-05-03"),
    ("LAST_N_MONTHS", 5, "2025-12-01", "2026-05-01"),
    ("NEXT_N_MONTHS", 8, "2026-06-01", "2027-02-01"),
    ("N_MONTHS_AGO", 5, "2025-12-01", "2026-01-01"),
    ("THIS_QUARTER", 0, "2026-04-01", "2026-07-01"),
    ("LAST_QUARTER", 0, "2026-01-01", "2026-04-01"),
    ("NEXT_QUARTER", 0, "2026-07-01", "2026-10-01"),
    ("LAST_N_QUARTERS", 2, "2025-10-01", "2026-04-01"),
    ("N_QUARTERS_AGO", 2, "2025-10-01", "2026-01-01"),
    ("LAST_YEAR", 0, "2025-01-01", "2026-01-01"),
    ("THIS_YEAR", 0, "2026-01-01", "2027-01-01"),
    ("NEXT_YEAR", 0, "2027-01-01", "2028-01-01"),
    ("LAST_N_YEARS", 2, "2024-01-01", "2026-01-01"),
    ("NEXT_N_YEARS", 2, "2027-01-01", "2029-01-01"),
    ("N_YEARS_AGO", 2, "2024-01-01", "2025-01-01"),
    ("THIS_FISCAL_YEAR", 0, "2026-04-01", "2027-04-01"),
    ("LAST_FISCAL_YEAR", 0, "2025-04-01", "2026-04-01"),
    ("NEXT_FISCAL_YEAR", 0, "2027-04-01", "2028-04-01"),
    ("LAST_N_FISCAL_YEARS", 2, "2024-04-01", "2026-04-01"),
    ("THIS_FISCAL_QUARTER", 0, "2026-04-01", "2026-07-01"),
    ("N_FISCAL_QUARTERS_AGO", 1, "2026-01-01", "2026-04-01"),
)


@pytest.mark.parametrize(("name", "count", "first", "end"), PERIODS)
def test_a_period_is_half_open(name: str, count: int, first: str, end: str) -> None:
    assert days(name, count, TODAY, 4) == (date.fromisoformat(first), date.fromisoformat(end))


def test_weeks_start_on_sunday() -> None:
    assert days("THIS_WEEK", 0, date(2026, 5, 10), 1)[0] == date(2026, 5, 10)
    assert days("THIS_WEEK", 0, date(2026, 5, 9), 1)[0] == date(2026, 5, 3)


def test_a_fiscal_year_that_starts_late_began_last_year() -> None:
    assert days("THIS_FISCAL_YEAR", 0, date(2026, 3, 31), 4) == (date(2025, 4, 1), date(2026, 4, 1))
    assert days("THIS_FISCAL_QUARTER", 0, date(2026, 1, 15), 12) == (date(2025, 12, 1), date(2026, 3, 1))


def test_names_that_are_none_and_days_that_leave_the_calendar() -> None:
    assert takes_count("last_n_weeks") is True
    assert takes_count("Today") is False
    assert takes_count("LAST_DECADE") is None
    with pytest.raises(OverflowError):
        days("LAST_N_YEARS", 5000, TODAY, 1)
    with pytest.raises(OverflowError):
        days("NEXT_N_DAYS", 2**31 - 1, TODAY, 1)
