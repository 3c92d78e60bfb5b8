"""With caps, groups, calendar months, a floor and any score that decides, the engine equals a clock, event by event."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.score_world import AS_OF, DAY, MICRO, differences, random_life, random_rules, written

pytestmark = pytest.mark.requirement("SC-1", "SC-2", "SC-2a", "SC-3", "SC-4", "SC-6", "SC-8", "RC-3", "AD-8")

SETS, EACH = 8, 60


@pytest.mark.parametrize("seed", range(SETS))
def test_any_rules_score_any_life_as_its_clock_tells_it(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    rules = random_rules(rng)
    lives = [random_life(rng, f"p{number}") for number in range(EACH)]
    as_of = AS_OF + rng.choice((0 * DAY, -MICRO, MICRO, -31 * DAY, 30 * DAY))
    assert differences(rules, written(rules, tmp_path), lives, as_of) == []
