"""Momentum in weeks that can be counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.engine.momentum import By, Window, last_complete, momentum
from tests.engine_world import World, shipped

pytestmark = pytest.mark.requirement("SC-5")

TOKYO = ZoneInfo("Asia/Tokyo")
LONG_AGO = datetime(2020, 1, 1, tzinfo=TOKYO)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def did(person: str, kind: str, *times: str, **more: Any) -> list[dict[str, Any]]:
    return [{"person_id": person, "type": kind, "occurred_at": at(time), **more} for time in times]


def moved(world: World, as_of: str, by: By = "person", window: Window = "week") -> dict[str, dict[str, Any]]:
    rules = shipped()
    momentum(rules, last_complete(window, at(as_of), rules.scoring.time_zone), at(as_of), by, world.run)
    return world.rows(f"{by}_momentum", "person_id" if by == "person" else "company_id")


def a_world(*activities: list[dict[str, Any]], companies: dict[str, str] | None = None) -> World:
    world = World()
    persons = dict.fromkeys(row["person_id"] for rows in activities for row in rows)
    world.people(
        *({"person_id": one, "created_at": LONG_AGO, "company_id": (companies or {}).get(one)} for one in persons)
    )
    world.activities(*(row for rows in activities for row in rows))
    return world


@pytest.mark.parametrize(
    ("window", "as_of", "expected"),
    [
        ("week", "2026-06-15T00:00", ("2026-06-01", "2026-06-08", "2026-06-15")),
        ("week", "2026-06-14T23:59:59.999999", ("2026-05-25", "2026-06-01", "2026-06-08")),
        ("week", "2027-01-01T09:00", ("2026-12-14", "2026-12-21", "2026-12-28")),
        ("week", "2027-01-04T00:00", ("2026-12-21", "2026-12-28", "2027-01-04")),
        ("day", "2027-01-01T09:00", ("2026-12-30", "2026-12-31", "2027-01-01")),
        ("month", "2027-01-01T00:00", ("2026-11-01", "2026-12-01", "2027-01-01")),
        ("month", "2026-03-31T12:00", ("2026-01-01", "2026-02-01", "2026-03-01")),
    ],
)
def test_a_period_is_complete_from_the_first_instant_of_the_next(
    window: Window, as_of: str, expected: tuple[str, str, str]
) -> None:
    periods = last_complete(window, at(as_of), "Asia/Tokyo")
    assert (periods.before, periods.begins, periods.ends) == tuple(at(day) for day in expected)


def test_a_week_of_summer_time_has_an_hour_less() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    periods = last_complete("week", datetime(2026, 4, 1, tzinfo=berlin), "Europe/Berlin")
    assert periods.ends.timestamp() - periods.begins.timestamp() == (7 * 24 - 1) * 3_600


def test_this_week_against_the_week_before_in_the_zone_of_the_rules() -> None:
    """Sunday 23:59 in Tokyo is Sunday 14:59 UTC, Monday 00:00 in Tokyo is still Sunday in UTC."""
    world = a_world(
        did("p", "demo_view", "2026-05-31T23:59", content="too early"),
        did("p", "demo_view", "2026-06-01T00:00", content="a"),
        did("p", "demo_view", "2026-06-08T00:00", "2026-06-14T23:59", content="b"),
        did("p", "page_view", "2026-06-10T12:00", theme="careers"),
        did("p", "demo_view", "2026-06-15T00:00", content="too late"),
    )
    row = moved(world, "2026-06-16T09:00")["p"]
    assert (row["points"], row["points_before"], row["change"]) == (5 + 5 + 1 - 10, 5, -4)
    assert (row["activities"], row["activities_before"]) == (3, 1)


def test_the_last_week_of_the_year_ends_in_january() -> None:
    world = a_world(
        did("p", "demo_view", "2026-12-27T23:59", content="a"),
        did("p", "search", "2026-12-28T00:00", "2027-01-03T23:59:59", theme="brand"),
        did("p", "search", "2027-01-04T00:00", theme="brand"),
    )
    row = moved(world, "2027-01-04T09:00")["p"]
    assert (row["points"], row["points_before"]) == (30, 5)


@pytest.mark.requirement("SC-11")
def test_the_change_is_told_for_each_metric_without_machines() -> None:
    pages = ("2026-06-09T10:00", "2026-06-09T10:01")
    world = a_world(
        did("p", "page_view", *pages, visit_id="v1"),
        did("p", "page_view", "2026-06-11T10:00", visit_id="v2"),
        did("p", "page_view", "2026-06-07T23:59", "2026-06-08T00:01", visit_id="over midnight"),
        did("p", "content_download", "2026-06-02T10:00", "2026-06-12T10:00", "2026-06-12T11:00"),
        did("p", "form_submit", "2026-06-12T10:00"),
        did("p", "form_submit", "2026-06-12T10:05", machine=True),
        did("a machine", "demo_view", "2026-06-10T10:00", content="a", machine=True),
        did("p", "inquiry", "2026-06-12T12:00"),
    )
    rows = moved(world, "2026-06-15T09:00")
    assert rows.keys() == {"p"}, "a machine moves nothing"
    row = rows["p"]
    assert (row["visits"], row["visits_before"]) == (2, 1)
    assert (row["downloads"], row["downloads_before"]) == (2, 1)
    assert (row["conversions"], row["conversions_before"]) == (2, 0)
    # Four pages, and the second visit that began in the week; the visit over midnight began in the week before.
    assert row["points"] == 4 + 8


def test_awake_again_is_the_first_activity_after_ninety_days() -> None:
    world = a_world(
        did("just", "page_view", "2026-03-12T10:00:00", "2026-06-10T10:00:00", "2026-06-11T10:00"),
        did("too soon", "page_view", "2026-03-12T10:00:01", "2026-06-10T10:00:00"),
        did("new", "page_view", "2026-06-10T10:00:00"),
        did("long ago", "page_view", "2025-01-01T10:00", "2025-09-01T10:00", "2026-06-01T10:00", "2026-06-10T10:00"),
        did("now", "page_view", "2025-01-01T10:00", "2026-06-15T09:00"),
    )
    rows = moved(world, "2026-06-15T09:00")
    assert {one for one, row in rows.items() if row["awake"]} == {"just", "now"}
    just = rows["just"]
    assert just["awake_at"] - just["silent_since"] == timedelta(days=90)
    assert rows["too soon"]["awake_at"] is rows["new"]["awake_at"] is None
    assert not rows["long ago"]["awake"]
    assert rows["long ago"]["awake_at"].isoformat() == "2026-06-01T01:00:00"


def test_unusual_is_more_than_the_habit_of_twelve_weeks_and_at_least_five() -> None:
    as_of = at("2026-06-15T09:00")

    def weekly(person: str, counts: list[int]) -> list[dict[str, Any]]:
        return [
            {"person_id": person, "type": "page_view", "occurred_at": as_of - timedelta(days=7 * ago, minutes=n)}
            for ago, count in enumerate(counts)
            for n in range(count)
        ]

    world = a_world(
        weekly("four out of nothing", [4]),
        weekly("five out of nothing", [5]),
        weekly("ten as always", [10] * 13),
        weekly("eleven where ten are the rule", [11] + [10] * 12),
        # Mean 2, standard deviation 2: eight is the bound, and not above it.
        weekly("at the bound", [8] + [0, 4] * 6),
        weekly("above the bound", [9] + [0, 4] * 6),
        weekly("older weeks say nothing", [5] + [0] * 12 + [90]),
    )
    rows = moved(world, "2026-06-15T09:00")
    assert {one for one, row in rows.items() if row["unusual"]} == {
        "five out of nothing", "eleven where ten are the rule", "above the bound", "older weeks say nothing"
    }  # fmt: skip
    above = rows["above the bound"]
    assert (above["activities_7d"], above["usual_7d"]) == (9, 2.0)


def test_an_account_moves_as_its_people_together() -> None:
    world = a_world(
        did("a", "demo_view", "2026-06-10T10:00", content="x"),
        did("b", "demo_view", "2026-06-03T10:00", content="x"),
        did("b", "search", "2026-06-11T10:00", theme="brand"),
        did("c", "page_view", "2026-02-01T10:00"),
        did("d", "page_view", "2025-12-01T10:00", "2026-06-12T10:00"),
        did("alone", "demo_view", "2026-06-10T10:00", content="x"),
        companies={"a": "one", "b": "one", "c": "two", "d": "two"},
    )
    rows = moved(world, "2026-06-15T09:00", by="account")
    assert rows.keys() == {"one", "two"}
    one, two = rows["one"], rows["two"]
    assert (one["points"], one["points_before"], one["people"], one["people_before"]) == (20, 5, 2, 1)
    assert two["awake"]
    assert two["silent_since"].isoformat() == "2026-02-01T01:00:00"
