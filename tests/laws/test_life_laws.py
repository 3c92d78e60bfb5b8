"""The life of a person is what the person was at each moment, whenever it is asked about, in whatever order rows come.

`CONNECTOR_TEST_LIVES=100000 pytest tests/laws/test_life_laws.py` tries so many lives at all their moments.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine_world import World
from tests.life_world import State, engine_lives, life_rows, random_past, state_of
from tests.qualify_world import AS_OF, DAY, Rules, random_rules, written
from tests.reference.life_reference import Past, moments, state_at

pytestmark = pytest.mark.requirement("LC-5", "LC-6", "LC-1", "SC-10", "RC-3")

LIVES = int(os.environ.get("CONNECTOR_TEST_LIVES", "0"))
SETS, EACH, MOMENTS = (LIVES // 1000, 1000, 10_000) if LIVES else (2, 40, 40)


def _known(world: World, pasts: Sequence[Past]) -> list[Past]:
    """The people with the grade that the engine gave: nobody dates it, so that the reference takes it as it is."""
    graded = world.rows("graded")
    found = []
    for past in pasts:
        row = past.person.row
        grade = graded[row["person_id"]]["grade"] if row["person_id"] in graded else "D"
        found.append(replace(past, person=replace(past.person, fit=row, grade=grade)))
    return found


def _differences(rules: Rules, past: Past, rows: Sequence[dict[str, Any]], rng: random.Random) -> list[object]:
    """Moments at which the life and the reference say different things."""
    possible = moments(rules, past, AS_OF)
    assert {row["at"] for row in rows} <= set(possible)
    found: list[object] = []
    for now in rng.sample(possible, min(len(possible), MOMENTS)):
        verdict = state_at(rules, past, now)
        expected = State(verdict.stage, verdict.is_mql, verdict.is_sql, verdict.toss_up_ready) if verdict else State()
        found += [(past, now, state_of(rows, now), expected)] if state_of(rows, now) != expected else []
    for row in rows:
        verdict = state_at(rules, past, row["at"])
        assert verdict is not None
        if row["kind"] == "mql_gained" and row["rules"] != verdict.mql_rules:
            found.append((past, row, verdict.mql_rules))
        if row["kind"] == "toss_up_ready" and row["rules"] != verdict.toss_up_met:
            found.append((past, row, verdict.toss_up_met))
        # At one instant a month of silence comes first: a fall tells what it left, not what was done then as well.
        acted = any(act["occurred_at"] == row["at"] for act in past.person.activities)
        fell = row["from_stage"] == "hot" or row["kind"] == "fell" or row["kind"].endswith("_lost")
        if row["score"] is not None and not (acted and fell):
            found += [(past, row, verdict.deciding)] if row["score"] != verdict.deciding else []
    return found


@pytest.mark.parametrize("seed", range(1, SETS + 1))
def test_a_life_is_what_its_moments_are(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    rules = random_rules(rng)
    pasts = [random_past(rng, f"p{number}") for number in range(EACH)]
    world = engine_lives(written(rules, tmp_path), pasts, AS_OF, rng)
    rows = life_rows(world)
    found = [one for past in _known(world, pasts) for one in _differences(rules, past, rows.get(_id(past), []), rng)]
    assert found == []


def _id(past: Past) -> str:
    return str(past.person.row["person_id"])


@pytest.mark.parametrize("seed", [9])
def test_the_last_stage_is_the_one_that_is_decided_and_the_past_does_not_depend_on_when_it_is_asked_about(
    seed: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    book = written(random_rules(rng), tmp_path)
    pasts = [random_past(rng, f"p{number}") for number in range(100)]
    world = engine_lives(book, pasts, AS_OF, random.Random(1))
    rows = life_rows(world)
    decided, qualified, mqls = (world.rows(table) for table in ("decided", "qualified", "mqls"))
    assert rows.keys() == decided.keys()
    for person, row in decided.items():
        state = state_of(rows[person], AS_OF)
        told = qualified[person]
        assert state == State(row["stage"], told["is_mql"], told["is_sql"], told["toss_up_ready"])
        gained = [one["at"] for one in rows[person] if one["kind"] == "mql_gained"]
        assert (gained[0], gained[-1], len(gained)) == _mql_times(mqls[person]) if gained else person not in mqls
        if row["hot_since"] is not None:
            assert max(row["hot_since"].replace(tzinfo=UTC), rows[person][0]["at"]) == _last_rise(rows[person])
    earlier = AS_OF - rng.randrange(1, 60) * DAY
    before = life_rows(engine_lives(book, pasts, earlier, random.Random(2)))
    cut = {person: [row for row in life if row["at"] <= earlier] for person, life in rows.items()}
    assert before == {person: life for person, life in cut.items() if life}


def _mql_times(row: dict[str, Any]) -> tuple[datetime, datetime, int]:
    return row["first_at"].replace(tzinfo=UTC), row["last_at"].replace(tzinfo=UTC), row["times"]


def _last_rise(rows: Sequence[dict[str, Any]]) -> datetime:
    """When the person rose last to all that hot requires, at registration at the earliest, whatever the CRM said."""
    rises: list[datetime] = [
        row["at"] for row in rows if row["n"] == 1 or row["kind"] == "rose" or row["to_stage"] == "hot"
    ]
    return max(rises)
