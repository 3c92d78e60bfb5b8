"""When a cycle is due: intervals, cron in a zone, changes of the clock, slower streams, and wrong files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.errors import ConfigurationError
from connector.rules.schedule import Schedule, load_schedule
from connector.scheduling.backoff import CEILING, wait_after

pytestmark = pytest.mark.requirement("OP-1", "OP-7")


def schedule(zone: str = "Asia/Tokyo", **keys: object) -> Schedule:
    return Schedule.model_validate({"version": 1, "time_zone": zone, "cycle": {"every": "5m"}, **keys})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues(made: Schedule, first: str, count: int) -> list[str]:
    found, at = [], utc(first)
    for _ in range(count):
        at = made.next_cycle(at)
        found.append(f"{at:%m-%dT%H:%M}")
    return found


def test_an_interval_counts_from_the_begin_of_the_last_cycle() -> None:
    assert dues(schedule(), "2026-11-22T23:58:00", 2) == ["11-23T00:03", "11-23T00:08"]


def test_complaint_56_business_hours_in_tokyo_are_hours_of_tokyo() -> None:
    made = schedule(cycle={"cron": "0 8-9 * * mon-fri"})
    # Friday 2026-11-20, 09:30 in Tokyo; Tokyo is nine hours ahead.
    assert dues(made, "2026-11-20T00:30:00", 3) == ["11-22T23:00", "11-23T00:00", "11-23T23:00"]


def test_an_hour_that_the_zone_skips_moves_to_the_first_moment_after_it() -> None:
    made = schedule("Europe/Berlin", cycle={"cron": "30 2 * * *"})
    assert dues(made, "2026-03-28T12:00:00", 2) == ["03-29T01:00", "03-30T00:30"]


def test_an_hour_that_comes_twice_is_kept_twice() -> None:
    made = schedule("Europe/Berlin", cycle={"cron": "30 2 * * *"})
    assert dues(made, "2026-10-24T12:00:00", 3) == ["10-25T00:30", "10-25T01:30", "10-26T01:30"]


def test_slower_streams_are_left_out_until_their_time_comes() -> None:
    made = schedule(streams={"salesforce.Campaign": {"every": "1h"}, "salesforce.User": {"cron": "0 7 * * *"}})
    now = utc("2026-11-20T00:00:00")
    assert made.not_due({}, now) == frozenset(), "the first cycle reads everything"
    read = {"salesforce.Campaign": now, "salesforce.User": now}
    assert made.not_due(read, now + timedelta(minutes=59)) == {"salesforce.Campaign", "salesforce.User"}
    assert made.not_due(read, now + timedelta(minutes=60)) == {"salesforce.User"}
    # 07:00 in Tokyo is 22:00 UTC of the day before.
    assert made.not_due(read, utc("2026-11-20T22:00:00")) == frozenset()


def test_late_means_late_by_its_own_schedule() -> None:
    made = schedule(late_after="10m", streams={"salesforce.Campaign": {"every": "1h"}})
    at = utc("2026-11-20T00:00:00")
    assert not made.late(None, at, at + timedelta(minutes=15))
    assert made.late("salesforce.Lead", at, at + timedelta(minutes=16))
    assert not made.late("salesforce.Campaign", at, at + timedelta(minutes=70))
    assert made.late("salesforce.Campaign", at, at + timedelta(minutes=71))


def test_a_nightly_schedule_is_not_late_by_day() -> None:
    made = schedule(cycle={"cron": "0 2 * * *"})
    at = utc("2026-11-20T17:00:00")
    assert not made.late(None, at, at + timedelta(hours=24))
    assert made.late(None, at, at + timedelta(hours=25))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("cycle: {every: 5 minutes}", "schedule.yaml:3:16", "`5 minutes` is no length of time"),
        ("cycle: {every: 0m}", "schedule.yaml:3:8", "at least 1s"),
        ('cycle: {cron: "70 * * * *"}', "schedule.yaml:3:15", "is no cron expression"),
        ('cycle: {cron: "* * * * * *"}', "schedule.yaml:3:15", "is no cron expression"),
        ('cycle: {every: 5m, cron: "* * * * *"}', "schedule.yaml:3:8", "Exactly one"),
        ("cycle: {}", "schedule.yaml:3:8", "Exactly one"),
        ("cycle: {evry: 5m}", "schedule.yaml:3:9", "Did you mean `every`?"),
        (
            "cycle: {every: 5m}\nstreams: {salesforce.Leads: {every: 1h}}",
            "schedule.yaml:4:29",
            "Did you mean `salesforce.Lead`?",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, place: str, words: str) -> None:
    (tmp_path / "schedule.yaml").write_text(f"version: 1\ntime_zone: Asia/Tokyo\n{text}\n", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_schedule(tmp_path)
    said = [str(problem) for problem in caught.value.problems]
    assert any(one.startswith(f"{place}:") and words in one for one in said), said


def test_a_folder_without_a_schedule_uses_the_packaged_one(tmp_path: Path) -> None:
    assert load_schedule(tmp_path).cycle.every == "5m"


def test_waits_double_up_to_a_ceiling_and_never_undercut_the_remotes_wish() -> None:
    waits = [wait_after(failures, None, 0.5).total_seconds() for failures in (1, 2, 3, 6, 7, 100_000)]
    assert waits == [30, 60, 120, 900, 900, 900]
    assert wait_after(50, None, 1.0) == CEILING
    assert wait_after(1, 3600.0, 0.5) == timedelta(hours=1)
    assert timedelta(seconds=22) < wait_after(1, None, 0.0) < wait_after(1, None, 1.0) < timedelta(seconds=38)
