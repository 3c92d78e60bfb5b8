"""What was known of a life when: late data rewrites the past, nothing is forgotten, and no old action fires."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.engine.life import lives
from connector.store.cursors import naive
from connector.store.database import Store, memory_store
from connector.store.decisions import record_starts
from connector.store.lives import KeptLives, keep_lives
from tests.engine_world import DEAL_PAST
from tests.planning_world import MONDAY, PlanningWorld

pytestmark = pytest.mark.requirement("LC-5", "SC-10", "WB-7", "SY-3")

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shared() -> PlanningWorld:
    world = PlanningWorld()
    fields = ", ".join(f"{name} {kind}" for name, kind in DEAL_PAST.items())
    world.store.run(f"CREATE TEMP TABLE deal_past ({fields})")
    return world


@pytest.fixture
def world(shared: PlanningWorld) -> PlanningWorld:
    shared.empty()
    shared.store.run("DELETE FROM known_life")
    return shared


def cycle(world: PlanningWorld, now: datetime) -> tuple[KeptLives, list[str]]:
    """One evaluation that is kept, and the tasks that it plans. The follow-ups that it begins are recorded."""
    planned = world.plan(now)
    lives(world.book.rules, now, world.store.run)
    kept = keep_lives(world.store, now, whole=True)
    record_starts(world.store, f"run of {now:%m-%d}", planned.starts, now)
    return kept, sorted(task.key for task in planned.tasks)


def known(world: PlanningWorld, at: datetime) -> list[tuple[Any, ...]]:
    return known_by(world.store, at)


def known_by(store: Store, at: datetime) -> list[tuple[Any, ...]]:
    """The lives as they were known at a time."""
    return store.run(
        "SELECT happened_at, kind, to_stage, score FROM known_life WHERE seen_at <= $at "
        "AND coalesce(withdrawn_at > $at, TRUE) ORDER BY person_id, happened_at, place",
        {"at": naive(at)},
    )


def act(world: PlanningWorld, number: int, at: datetime, kind: str = "demo_view") -> None:
    world.insert("activities", {"activity_id": f"late{number}", "person_id": "1", "occurred_at": at, "type": kind})


def test_late_data_withdraws_what_was_known_and_makes_no_task_for_an_old_crossing(world: PlanningWorld) -> None:
    # Fourteen demos of last summer arrive late: hot for a month then, and over.
    world.person("1", created_at=MONDAY - 400 * DAY)
    act(world, 0, MONDAY - 300 * DAY, "page_view")
    for number in range(1, 15):
        act(world, number, MONDAY - 300 * DAY)
    assert cycle(world, MONDAY + DAY) == (KeptLives(3, 0), [])
    stages = [row[2] for row in known(world, MONDAY + DAY)]
    assert stages == ["registered", "hot", "cold"]
    assert known(world, MONDAY) == []
    assert world.store.run("SELECT count(*) FROM cadence_runs") == [(0,)]
    # Three more of then keep the score up for a month longer: the fall is withdrawn, and told anew. Again no task.
    for number in range(15, 18):
        act(world, number, MONDAY - 300 * DAY)
    kept, tasks = cycle(world, MONDAY + 2 * DAY)
    assert (kept, tasks) == (KeptLives(2, 2), [])
    assert [row[2:] for row in known(world, MONDAY + DAY)] == [("registered", None), ("hot", 66), ("cold", 51)]
    assert [row[2:] for row in known(world, MONDAY + 2 * DAY)] == [("registered", None), ("hot", 81), ("cold", 51)]


def test_a_crossing_that_moves_into_the_past_fires_once(world: PlanningWorld) -> None:
    world.person("1", demos=13)
    kept, tasks = cycle(world, MONDAY)
    assert kept.added == 2
    assert tasks
    for number in range(13):
        act(world, number, MONDAY - 5 * DAY)
    kept, again = cycle(world, MONDAY + timedelta(hours=2))
    assert kept.added
    assert kept.withdrawn
    assert set(again) <= set(tasks)
    assert world.store.run("SELECT count(*) FROM cadence_runs") == [(1,)]


def lived(store: Store, people: Sequence[str], *rows: tuple[str, str, str]) -> None:
    """Lives as an evaluation of these people leaves them: who, on which day, what stage."""
    store.run("CREATE OR REPLACE TEMP TABLE scored AS SELECT unnest($who::VARCHAR[]) AS person_id", {"who": people})
    store.run("CREATE OR REPLACE TEMP TABLE life AS SELECT * FROM known_life WHERE FALSE")
    store.run('ALTER TABLE life RENAME happened_at TO "at"')
    for person, day, stage in rows:
        store.run(
            'INSERT INTO life BY NAME SELECT $person AS person_id, $day::TIMESTAMP AS "at", 1 AS place, '
            "'stage' AS kind, $stage AS to_stage, ['r'] AS rules, []::VARCHAR[] AS undated",
            {"person": person, "day": day, "stage": stage},
        )


def test_what_was_known_then_is_what_an_evaluation_of_then_said() -> None:
    store = memory_store()
    first = (("1", "2026-01-01", "cold"), ("1", "2026-01-05", "hot"), ("2", "2026-01-01", "cold"))
    lived(store, ["1", "2", "3"], *first, ("3", "2026-01-07", "won"))
    # Who is registered and cold and no more is not kept.
    assert keep_lives(store, MONDAY, whole=True) == KeptLives(3, 0)
    assert keep_lives(store, MONDAY + DAY, whole=True) == KeptLives(0, 0)
    # Of a few that were looked at, only they lose what is there no more; of all, those too who are gone.
    lived(store, ["1"], ("1", "2026-01-01", "cold"), ("1", "2026-01-04", "hot"))
    assert keep_lives(store, MONDAY + 2 * DAY, whole=False) == KeptLives(1, 1)
    assert keep_lives(store, MONDAY + 3 * DAY, whole=True) == KeptLives(0, 1)
    days = [[row[0].day for row in known_by(store, MONDAY + days * DAY)] for days in range(-1, 4)]
    assert days == [[], [1, 5, 7], [1, 5, 7], [1, 4, 7], [1, 4]]
    # What comes back is seen anew; that it was gone stays known.
    lived(store, ["1"], ("1", "2026-01-01", "cold"), ("1", "2026-01-05", "hot"))
    assert keep_lives(store, MONDAY + 4 * DAY, whole=False) == KeptLives(1, 1)
    assert [row[0].day for row in known_by(store, MONDAY + 3 * DAY)] == [1, 4]
    store.close()
