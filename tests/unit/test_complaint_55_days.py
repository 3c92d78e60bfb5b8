"""Days are those of the rules' zone, wherever the machine stands, and do not shift on their way (complaint 55)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.store.database import memory_store
from connector.store.mirror import merge, prepare
from tests.mirror_world import NOON, land, lead, mapped
from tests.planning_world import MONDAY, PlanningWorld

pytestmark = [pytest.mark.requirement("CD-1", "AD-7"), pytest.mark.complaint(55)]


@pytest.fixture(params=["America/Los_Angeles", "Pacific/Kiritimati"])
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def world() -> PlanningWorld:
    return PlanningWorld()


@pytest.mark.usefixtures("_zone")
def test_complaint_55_a_task_is_due_on_the_day_of_tokyo(world: PlanningWorld) -> None:
    world.empty()
    world.person("1", demos=13, at=MONDAY)
    late = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)  # half past midnight of Tuesday in Tokyo
    assert {task.values["ActivityDate"] for task in world.plan(late).tasks} == {"2026-06-02"}


@pytest.mark.usefixtures("_zone")
def test_complaint_55_a_date_of_the_org_is_the_same_day_in_the_mirror(tmp_path: Path) -> None:
    leads = mapped("salesforce.Lead", converted_on=("ConvertedDate", "date"))
    store = memory_store()
    prepare(store, [leads])
    merge(store, leads, "", land(tmp_path, leads, [lead(1, ConvertedDate="2026-03-01")]), NOON)
    assert store.value("SELECT converted_on::VARCHAR FROM mirror_salesforce_lead") == "2026-03-01"
