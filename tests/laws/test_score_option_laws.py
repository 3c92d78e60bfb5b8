"""With caps, groups, calendar months, a floor and any score that decides, the engine equals a clock, event by event."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from connector.engine.moments import as_column
from tests.score_world import AS_OF, DAY, MICRO, differences, evaluated, filled, random_life, random_rules, written

pytestmark = pytest.mark.requirement("SC-1", "SC-2", "SC-2a", "SC-3", "SC-4", "SC-6", "SC-8", "RC-3", "AD-8")

SETS, EACH = 5, 60


@pytest.mark.parametrize("seed", range(SETS))
def test_any_rules_score_any_life_as_its_clock_tells_it(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    rules = random_rules(rng)
    lives = [random_life(rng, f"p{number}") for number in range(EACH)]
    as_of = AS_OF + rng.choice((0 * DAY, -MICRO, MICRO, -31 * DAY, 30 * DAY))
    assert differences(rules, written(rules, tmp_path), lives, as_of) == []


@pytest.mark.requirement("SC-10")
@pytest.mark.parametrize("seed", [100])
def test_touched_or_due_is_all_that_has_to_be_scored_anew(seed: int, tmp_path: Path) -> None:
    """Nothing changes before the moment that was foretold, and whoever is not touched or due is as a full run says."""
    rng = random.Random(seed)
    book = written(random_rules(rng), tmp_path)
    lives = [random_life(rng, f"p{number}") for number in range(40)]
    first = AS_OF - 20 * DAY
    world = filled([({**person, "created_at": min(person["created_at"], first)}, []) for person, _ in lives])
    evaluated(world, book, first)
    kept = world.rows("scored")
    touched = [rows for _, rows in lives if rng.random() < 0.6]
    world.activities(*(row for rows in touched for row in rows))
    ids = {row["person_id"] for rows in touched for row in rows}
    for later in (AS_OF, AS_OF + 9 * DAY):
        ids |= {key for key, row in kept.items() if row["next_change_at"] and row["next_change_at"] <= as_column(later)}
        world.run(
            "CREATE OR REPLACE TEMP TABLE due AS SELECT unnest($ids::VARCHAR[]) AS person_id", {"ids": sorted(ids)}
        )
        evaluated(world, book, later, among="due")
        kept |= world.rows("scored")
        evaluated(world, book, later)
        assert kept == world.rows("scored")
        ids = set()
