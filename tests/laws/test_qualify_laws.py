"""What qualifies whom: the engine says the same as one clock per person, for random rules and random lives.

`CONNECTOR_TEST_LIVES=100000 pytest tests/laws/test_qualify_laws.py` tries so many lives instead of a few.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.qualify_world import AS_OF, MICRO, differences, engine_verdicts, random_life, random_rules, told, written

pytestmark = pytest.mark.requirement("LC-1", "LC-2", "LC-3", "SC-4", "SC-6", "SC-7", "TU-1", "RC-3")

LIVES = int(os.environ.get("CONNECTOR_TEST_LIVES", "0"))
SETS, EACH = (LIVES // 1000, 1000) if LIVES else (5, 120)


@pytest.mark.parametrize("seed", range(SETS))
def test_any_rules_say_of_any_life_what_its_clock_says(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    rules = random_rules(rng)
    people = [random_life(rng, f"p{number}") for number in range(EACH)]
    assert differences(rules, written(rules, tmp_path), people, rng) == []


def test_the_order_of_rows_never_matters_and_a_moment_earlier_is_another_question(tmp_path: Path) -> None:
    rng = random.Random(77)
    rules = random_rules(rng)
    book = written(rules, tmp_path)
    people = [random_life(rng, f"p{number}") for number in range(150)]
    one, other = (engine_verdicts(book, people, AS_OF, random.Random(seed)) for seed in (1, 2))
    assert {key: told(row) for key, row in one.items()} == {key: told(row) for key, row in other.items()}
    assert differences(rules, book, people, rng, AS_OF - MICRO) == []
