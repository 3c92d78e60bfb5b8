"""How many people are hot, and how lately: enough to call, few enough to choose."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.sandbox import world
from tests.unit.sandbox.world_builder import START, build_world
from tests.unit.sandbox.world_scores import HOT, scores

pytestmark = pytest.mark.requirement("SC-1", "SC-2a", "SC-3", "LC-1")

DAY = 86400


def test_some_people_are_hot_many_of_them_lately_and_a_week_brings_more(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    sandbox = build_world(tmp_path_factory.mktemp("world"), 2000, seed=5)
    now = int(START.timestamp())
    before = {person: score for person, score in scores(sandbox, now).items() if score.points >= HOT}
    fresh = [score for score in before.values() if score.hot_since and now - score.hot_since <= 20 * DAY]
    assert 0.02 * 2000 <= len(before) <= 0.05 * 2000
    assert len(fresh) >= len(before) / 5

    world.advance(sandbox, START, START + timedelta(days=7))
    after = {person for person, score in scores(sandbox, now + 7 * DAY).items() if score.points >= HOT}
    assert len(after - set(before)) >= 3


def test_hot_people_are_the_interested_ones(tmp_path_factory: pytest.TempPathFactory) -> None:
    sandbox = build_world(tmp_path_factory.mktemp("world"), 1000, seed=6)
    intent = dict(sandbox.database.reader().execute("SELECT person, intent FROM truth_people").fetchall())
    found = scores(sandbox, int(START.timestamp()))
    hot = [intent[person] for person, score in found.items() if score.points >= HOT]
    cold = [intent[person] for person, score in found.items() if score.points < HOT]
    assert sum(hot) / len(hot) > 2 * sum(cold) / len(cold)
