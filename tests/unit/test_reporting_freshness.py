"""Whether a stream moves: fresh, late, stalled, losing rows; each alarm said once; what is left of the day's calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.domain.calls import SALESFORCE, Calls, Heard, Policy, Usage, unit_account
from connector.domain.cursor import Cursor
from connector.domain.reconciled import Reconciled
from connector.reporting.freshness import freshness
from connector.reporting.outlook import Expected, outlook
from connector.reporting.watch import watch
from connector.rules.schedule import Schedule
from connector.store.calls import keep_calls
from connector.store.cursors import save_cursor
from connector.store.database import Store, memory_store
from connector.store.reconciling import save_reconciled
from connector.store.watching import Watched, read_watched

pytestmark = pytest.mark.requirement("SY-6", "OP-6")

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
LEAD, TASK = "salesforce.Lead", "salesforce.Task"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def schedule(**changes: Any) -> Schedule:
    whole = {"version": 1, "time_zone": "Asia/Tokyo", "cycle": {"every": "5m"}, **changes}
    return Schedule.model_validate(whole)


def state_after(passed: timedelta, **changes: Any) -> str:
    watched = Watched(LEAD, "", NOON, NOON, in_progress=False)
    return freshness(watched, schedule(**changes), NOON + passed).state


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    yield store
    store.close()


def test_a_stream_is_fresh_then_late_then_at_a_standstill() -> None:
    states = [state_after(timedelta(minutes=minutes)) for minutes in (0, 5, 35, 36, 125, 126)]
    assert states == ["fresh", "fresh", "fresh", "late", "late", "stalled"]


def test_how_long_it_may_stand_still_is_said_for_all_for_one_or_goes_by_its_interval() -> None:
    assert state_after(HOUR, stalled_after="30m") == "stalled"
    assert state_after(DAY, streams={LEAD: {"stalled_after": "2d"}}) == "late"
    assert state_after(4 * DAY, streams={LEAD: {"every": "1d"}}) == "late", "three times its interval"
    assert state_after(4 * DAY + HOUR, streams={LEAD: {"every": "1d"}}) == "stalled"


def test_a_weekend_without_cycles_is_no_standstill() -> None:
    weekdays = {"cycle": {"cron": "*/5 8-19 * * mon-fri"}}
    friday_night = datetime(2026, 10, 2, 11, tzinfo=UTC)
    watched = Watched(LEAD, "", friday_night, friday_night, in_progress=False)
    monday = datetime(2026, 10, 4, 23, tzinfo=UTC)
    assert freshness(watched, schedule(**weekdays), monday).state == "fresh"
    assert freshness(watched, schedule(**weekdays), monday + 3 * HOUR).state == "stalled"


def test_a_first_reading_that_moves_is_being_read_and_one_that_does_not_stands_still() -> None:
    watched = Watched(LEAD, "", None, NOON, in_progress=True)
    assert freshness(watched, schedule(), NOON + HOUR).state == "being read"
    found = freshness(watched, schedule(), NOON + 3 * HOUR)
    assert found.state == "stalled"
    assert found.lag is None
    assert found.sentence is not None
    assert "never been read to its end" in found.sentence


def test_complaint_19_a_stream_that_stands_still_is_said_once_when_it_begins_and_once_when_it_ends(
    store: Store,
) -> None:
    with capture_logs() as said:
        for hours, watermark in enumerate([NOON] * 6 + [NOON + 6 * HOUR] * 2):
            save_cursor(store, Cursor(LEAD, "", watermark), watermark)
            for _ in range(2):
                watch(store, schedule(), {LEAD}, NOON + hours * HOUR)
    assert [(one["event"], one["state"]) for one in said] == [
        ("stream.alarm", "stalled"),
        ("stream.recovered", "stalled"),
    ]
    assert "salesforce.Lead was read up to 2026-10-01 12:00 UTC and stands still" in said[0]["why"]
    assert "`connector pull` says why" in said[0]["why"]


def test_complaint_19_a_stream_in_which_nothing_changes_is_fresh(store: Store) -> None:
    with capture_logs() as said:
        for hours in range(20):
            now = NOON + hours * HOUR
            save_cursor(store, Cursor(LEAD, "", now), now)
            watch(store, schedule(), {LEAD}, now)
    assert said == []


def compared(store: Store, at: datetime, missing: int) -> None:
    save_cursor(store, Cursor(LEAD, "", at), at)
    save_reconciled(store, Reconciled(LEAD, "", at, 10, 10, missing=missing))


def test_complaint_19_a_cursor_that_moves_and_brings_nothing_is_seen_by_what_comparing_finds(store: Store) -> None:
    states = []
    with capture_logs() as said:
        for day, missing in enumerate((4, 0, 2, 1, 1, 7, 0)):
            now = NOON + day * DAY
            compared(store, now, missing)
            for _ in range(3):
                watch(store, schedule(), {LEAD}, now)
            (watched,) = read_watched(store.run)
            states.append(freshness(watched, schedule(), now).state)
    assert states == ["fresh", "fresh", "fresh", "fresh", "losing", "losing", "fresh"]
    assert [one["event"] for one in said] == ["stream.alarm", "stream.recovered"]


def test_a_stream_that_is_mapped_no_more_is_not_watched(store: Store) -> None:
    save_cursor(store, Cursor(LEAD, "", NOON), NOON)
    with capture_logs() as said:
        watch(store, schedule(), {TASK}, NOON + 9 * DAY)
    assert said == []


UNIT = "0UvSb0000000001KAA"
VISITS = "account_engagement.visits"


def test_the_outlook_reckons_by_the_remotes_clock_and_counts_calls_of_the_present_day(store: Store) -> None:
    here = NOON + 50 * DAY
    save_cursor(store, Cursor(LEAD, "", NOON), NOON)
    save_cursor(store, Cursor(VISITS, UNIT, NOON - 3 * HOUR), NOON)
    unit = unit_account(UNIT)
    calls = [
        Calls(NOON, SALESFORCE, LEAD, "pull", 7),
        Calls(NOON, SALESFORCE, LEAD, "reconcile", 2),
        Calls(NOON - 2 * DAY, SALESFORCE, LEAD, "pull", 100),
        Calls(NOON, SALESFORCE, "", "write", 3),
        Calls(NOON, unit, VISITS, "pull", 5),
    ]
    heard = [
        Heard(SALESFORCE, Usage(400, 1000), NOON, here),
        Heard(unit, Usage(30, 100), NOON - DAY, here - DAY, "Asia/Tokyo"),
    ]
    keep_calls(store, calls, heard, NOON)
    expected = Expected(schedule(), Policy(0.5, 0.2), [(LEAD, ""), (TASK, ""), (VISITS, UNIT)])
    found = outlook(store.run, expected, here + timedelta(minutes=10))
    assert found.now == NOON + timedelta(minutes=10)
    assert found.never_read == ((TASK, ""),)
    lead, visits = found.streams[(LEAD, "")], found.streams[(VISITS, UNIT)]
    assert (lead.freshness.state, lead.freshness.lag) == ("fresh", timedelta(minutes=10))
    assert (lead.pull_calls, lead.reconcile_calls, visits.pull_calls) == (7, 2, 5)
    assert visits.freshness.state == "stalled"
    (alarm,) = found.alarms
    assert VISITS in alarm
    org, account = sorted(found.budgets, key=lambda one: one.account, reverse=True)
    assert (org.used, org.allowed, org.spent, org.limit, org.stop_at) == (400, 1000, 12, 500, 800)
    assert org.renews_at == NOON + 25 * HOUR, "when the oldest hour has left the rolling day"
    assert (account.used, account.limit) == (5, 50), "what it told yesterday is not of today"
    assert account.renews_at == datetime(2026, 10, 1, 15, tzinfo=UTC)


def test_a_store_that_no_remote_has_told_anything_goes_by_this_machines_clock(store: Store) -> None:
    save_cursor(store, Cursor(LEAD, "", NOON), NOON)
    found = outlook(store.run, Expected(schedule(), Policy(), [(LEAD, "")]), NOON + HOUR)
    assert (found.now, found.budgets) == (NOON + HOUR, ())
    assert replace(found.streams[(LEAD, "")].freshness, sentence=None).state == "late"
