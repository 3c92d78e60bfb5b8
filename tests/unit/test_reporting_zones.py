"""Which clocks differ from the rules' own, and dates that stay on their day whatever they say (AD-7)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from connector import flow
from connector.bootstrap import machine_offset
from connector.reporting.zones import Offset, Zones, differing, zone_findings
from connector.river import River
from connector.salesforce.rows import wire_value
from connector.store.database import memory_store
from connector.store.mirror import merge, prepare
from tests.mirror_world import NOON, current, land, lead, mapped

pytestmark = pytest.mark.requirement("AD-7", "OP-7")

WINTER = datetime(2026, 1, 15, 12, tzinfo=UTC)
TOKYO = Offset(timedelta(hours=9), WINTER)
ALIKE = Zones("Asia/Tokyo", "Asia/Tokyo", "Asia/Tokyo", (("0Uv1", TOKYO),), TOKYO)


@pytest.fixture(params=["Asia/Tokyo", "America/Los_Angeles", "Asia/Calcutta", "UTC"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A machine in this zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_clocks_that_agree_say_so() -> None:
    found = zone_findings(ALIKE, WINTER)
    assert [one.whose for one in found] == [
        "rules", "org", "integration user", "Account Engagement user in 0Uv1", "this machine",
    ]  # fmt: skip
    assert differing(found) == []


@pytest.mark.complaint(53, 54, 56)
def test_each_clock_that_differs_says_what_follows() -> None:
    pacific = Offset(timedelta(hours=-8), WINTER)
    half_past = Offset(timedelta(hours=5, minutes=30), WINTER)
    zones = Zones("Asia/Tokyo", "America/New_York", None, (("0Uv1", pacific), ("0Uv2", None)), half_past)
    found = {one.whose: one for one in zone_findings(zones, WINTER)}
    assert {whose: (one.zone, one.differs) for whose, one in found.items()} == {
        "rules": ("Asia/Tokyo", False),
        "org": ("America/New_York", True),
        "integration user": ("unknown", None),
        "Account Engagement user in 0Uv1": ("UTC-08:00", True),
        "Account Engagement user in 0Uv2": ("unknown", None),
        "this machine": ("UTC+05:30", True),
    }
    assert "set time_zone in scoring.yaml" in found["org"].follows
    assert all(one.follows for one in found.values())


def test_zones_that_agree_in_winter_only_differ() -> None:
    zones = Zones("Europe/London", "UTC", "Europe/London", (), Offset(timedelta(0), WINTER))
    assert [one.whose for one in differing(zone_findings(zones, WINTER))] == ["org"]


def test_two_names_of_one_clock_do_not_differ() -> None:
    zones = Zones("Asia/Tokyo", "Japan", "Etc/GMT-9", (), TOKYO)
    assert differing(zone_findings(zones, WINTER)) == []


@pytest.mark.complaint(55, 57)
def test_a_date_is_the_same_day_on_every_machine(machine: str, tmp_path: Path) -> None:
    store = memory_store()
    stream = mapped("salesforce.Lead", converted_on=("ConvertedDate", "date"), called_at=("Called__c", "instant"))
    prepare(store, [stream])
    days = {1: "2026-03-01", 2: "2026-12-31", 3: "2026-01-01"}
    late = "2026-03-01T15:30:00.000+0000"
    rows = [lead(number, ConvertedDate=day, Called__c=late) for number, day in days.items()]
    merge(store, stream, "", land(tmp_path, stream, rows), NOON)
    assert [row[1] for row in current(store, stream, "converted_on")] == [
        date.fromisoformat(day) for day in days.values()
    ]
    assert {row[1] for row in current(store, stream, "called_at")} == {
        datetime(2026, 3, 1, 15, 30, tzinfo=UTC).replace(tzinfo=None)
    }
    assert [wire_value(date.fromisoformat(day)) for day in days.values()] == list(days.values())
    assert (machine_offset().of == timedelta(hours=9)) == (machine == "Asia/Tokyo")


@pytest.mark.complaint(55)
@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-01T14:59:59", "2026-03-01"),
        ("2026-03-01T15:00:00", "2026-03-02"),
        ("2026-12-31T15:00:00", "2027-01-01"),
    ],
)
def test_today_is_the_day_of_the_rules(instant: str, day: str) -> None:
    class Scoring:
        time_zone = "Asia/Tokyo"

    class Rules:
        scoring = Scoring

    class Tokyo:
        rules = Rules

    found = flow.today(cast(River, Tokyo), datetime.fromisoformat(instant).replace(tzinfo=UTC))
    assert found == date.fromisoformat(day)
