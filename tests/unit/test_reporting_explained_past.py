"""An explanation of a past time tells no transition, follow-up or write that came later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from connector.domain.plan import RunEnd, RunStart, Transition
from connector.reporting.explanation import Explanation, Horizon, explanation_of
from connector.store.decisions import record_ends, record_starts, record_transitions
from connector.store.journal import Intent, intend
from tests.planning_world import MONDAY, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("AD-8", "SC-10")

DAY = timedelta(days=1)
CROSSED = MONDAY - timedelta(hours=1)


@pytest.fixture(scope="module")
def world() -> Iterator[PlanningWorld]:
    """Hot an hour before Monday's cycle, which saw it; an opportunity since Wednesday."""
    world = PlanningWorld()
    world.store.run("ALTER TABLE people ADD COLUMN match_status VARCHAR")
    world.person("1", 13)
    columns = ("record_key", "person_id", "kind", "record_id", "created_at")
    world.store.load("person_records", columns, [(f"lead:{lead_of('1')}", "1", "lead", lead_of("1"), "2026-05-01")])
    world.plan()
    begun = RunStart("1", "hot", MONDAY.date().isoformat(), lead_of("1"), CROSSED)
    record_starts(world.store, "run1", (begun,), MONDAY)
    record_ends(world.store, (RunEnd("1", "hot", begun.start_date, "opportunity"),), MONDAY + 2 * DAY)
    hot = Transition("1", CROSSED, None, "hot", "score_at_threshold", 65)
    record_transitions(world.store, "run1", (hot,), MONDAY)
    deal = Transition("1", MONDAY + 2 * DAY, "hot", "opportunity", "crm_status", 65)
    record_transitions(world.store, "run2", (deal,), MONDAY + 2 * DAY)
    for run, at in (("run1", MONDAY), ("run2", MONDAY + 2 * DAY)):
        intend(world.store, run, [Intent("update", "Lead", lead_of("1"), {}, {"Score__c": 65}, "")], at)
    yield world
    world.store.close()


def explained(world: PlanningWorld, horizon: Horizon) -> Explanation:
    found = explanation_of(world.store.run, world.book.rules, MONDAY, "1", horizon)
    assert found is not None
    return found


def stages(found: Explanation) -> list[str]:
    return [after for _, _, after, _ in found.transitions]


def test_without_a_horizon_everything_is_told(world: PlanningWorld) -> None:
    found = explained(world, Horizon())
    assert stages(found) == ["hot", "opportunity"]
    assert found.cadences == (("hot", MONDAY.date().isoformat(), "opportunity"),)
    assert len(found.writes) == 2


@pytest.mark.parametrize(
    ("horizon", "told", "cadences", "writes"),
    [
        (Horizon(happened_by=MONDAY + DAY), ["hot"], [None], 1),
        (Horizon(happened_by=CROSSED), ["hot"], [], 0),
        (Horizon(happened_by=CROSSED - DAY), [], [], 0),
        (Horizon(recorded_by=MONDAY + DAY), ["hot"], [None], 1),
        (Horizon(recorded_by=CROSSED), [], [], 0),
        (Horizon(happened_by=MONDAY + 3 * DAY, recorded_by=MONDAY), ["hot"], [None], 1),
    ],
)
def test_what_came_later_is_not_told(
    world: PlanningWorld, horizon: Horizon, told: list[str], cadences: list[datetime | None], writes: int
) -> None:
    found = explained(world, horizon)
    assert (stages(found), [end for _, _, end in found.cadences], len(found.writes)) == (told, cadences, writes)
