"""The engine's set-wise score equals a clock simulated event by event, on random and on nasty histories."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.engine.explain import reasons
from connector.engine.moments import as_column
from connector.engine.score import score
from connector.rules.load import RuleSet
from tests.engine_world import World, shipped
from tests.reference.score_reference import Life, live

pytestmark = pytest.mark.requirement("SC-1", "SC-2", "SC-2a", "SC-3", "SC-4", "SY-8", "LC-1")

AS_OF = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
MONTH = timedelta(days=30)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
MICRO = timedelta(microseconds=1)
GAPS = (
    timedelta(0), MICRO, SECOND, 2 * SECOND, 5 * SECOND, 6 * SECOND, timedelta(minutes=1), timedelta(hours=23),
    timedelta(days=1), timedelta(days=6), timedelta(days=7), MONTH - SECOND, MONTH - MICRO, MONTH, MONTH + MICRO,
    MONTH + SECOND, 2 * MONTH - MICRO, 2 * MONTH, 2 * MONTH + SECOND, 3 * MONTH, timedelta(days=97),
)  # fmt: skip
KINDS = (
    ("page_view", None), ("page_view", None), ("page_view", "pricing"), ("page_view", "careers"), ("email_open", None),
    ("email_click", None), ("email_sent", None), ("call_attempt", None), ("demo_view", None), ("demo_view", None),
    ("webinar_register", None), ("webinar_attend", None), ("content_download", "thought_leadership"),
    ("content_download", "product"), ("search", "brand"), ("search", "brand"), ("search", "other"), ("inquiry", None),
    ("email_reply", None), ("call", None), ("unheard_of", None),
)  # fmt: skip

EAGER = (
    ("demo_view", None), ("search", "brand"), ("search", "brand"), ("webinar_attend", None), ("page_view", "pricing"),
    ("page_view", "careers"), ("page_view", "careers"), ("email_click", None),
)  # fmt: skip

History = tuple[dict[str, Any], list[dict[str, Any]]]


@cache
def _rules(threshold: int) -> RuleSet:
    rules = shipped()
    hot = rules.lifecycle.hot.model_copy(update={"at_least": threshold})
    return replace(rules, lifecycle=rules.lifecycle.model_copy(update={"hot": hot}))


def _history(rng: random.Random, person_id: str) -> History:
    """One life, built backwards or forwards from an instant that makes ties with the time asked about likely."""
    anchors = (AS_OF, AS_OF - MICRO, AS_OF + MICRO, AS_OF - rng.randrange(12) * MONTH)
    at = rng.choice(anchors) - rng.choice((MONTH, 3 * MONTH, timedelta(days=rng.randrange(400))))
    moments = [at]
    rows: list[dict[str, Any]] = []
    visit, days = 0, rng.choice((3, 20, 200))
    burst, eager = rng.random() < 0.3, rng.random() < 0.4
    gaps = (*GAPS[:12], MONTH, MONTH - MICRO, 2 * MONTH) if eager else GAPS
    for number in range(rng.choice((0, 1, 2, 5, 12, 30))):
        small = burst and rng.random() < 0.7
        at += rng.choice(GAPS[:8]) if small else rng.choice((*gaps, timedelta(seconds=rng.randrange(days * 86_400))))
        moments.append(at)
        kind, theme = ("page_view", None) if small else rng.choice(EAGER if eager else KINDS)
        visit += rng.random() < 0.15
        rows.append(
            {
                "activity_id": f"{person_id}-{number}",
                "person_id": person_id,
                "occurred_at": at,
                "type": kind,
                "theme": theme,
                "content": rng.choice((None, "mail:1", "mail:2")) if kind.startswith("email") else None,
                "visit_id": rng.choice((None, f"v{visit}", f"v{visit}", f"v{visit}")) if kind == "page_view" else None,
                "machine": rng.choice((None, None, False, True)) if rng.random() < 0.1 else None,
            }
        )
    rng.shuffle(rows)
    created = rng.choice((*moments, rng.choice(moments) - rng.choice(GAPS), rng.choice(moments) + rng.choice(GAPS)))
    source = rng.choice((None, "web_inquiry", "thought_leader", "list"))
    return {"person_id": person_id, "source": source, "created_at": created}, rows


def _engine(histories: Sequence[History], as_of: datetime, threshold: int) -> dict[str, dict[str, Any]]:
    world = World()
    world.people(*(person for person, _ in histories))
    world.activities(*(row for _, rows in histories for row in rows))
    score(_rules(threshold), as_of, world.run)
    return world.rows("scored")


def _told(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """The engine's row in the words of the reference."""
    if row is None:
        return None
    moments = {"first": "first_activity_at", "last": "last_activity_at", "crossed": "crossed_at"}
    return {
        "score": row["score"],
        "source": row["score_source"],
        "behaviour": row["score_behaviour"],
        "inactivity": row["score_inactivity"],
        "activities": row["activities"],
        **{window: row[window] for window in ("window_1d", "window_7d", "window_30d")},
        **{word: row[name].replace(tzinfo=UTC) if row[name] else None for word, name in moments.items()},
    }


def _expected(life: Life | None) -> dict[str, Any] | None:
    if life is None:
        return None
    return {name: value for name, value in vars(life).items() if name != "lines"}


def _differences(histories: Sequence[History], as_of: datetime, threshold: int) -> list[object]:
    rows = _engine(histories, as_of, threshold)
    return [
        (person, told, expected)
        for person, activities in histories
        if (told := _told(rows.get(person["person_id"])))
        != (expected := _expected(live(person, activities, as_of, threshold)))
    ]


@pytest.mark.parametrize(("seed", "threshold"), [(1, 65), (2, 20)])
def test_thousands_of_nasty_lives_are_scored_as_the_clock_tells_them(seed: int, threshold: int) -> None:
    rng = random.Random(seed)
    histories = [_history(rng, f"p{number}") for number in range(800)]
    for as_of in (AS_OF, AS_OF - MONTH):
        assert _differences(histories, as_of, threshold) == []


@given(
    seed=st.integers(0, 2**32),
    shift=st.sampled_from([timedelta(0), MICRO, -MICRO, MONTH, -MONTH]),
    threshold=st.sampled_from([1, 20, 65]),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_life_at_any_time(seed: int, shift: timedelta, threshold: int) -> None:
    rng = random.Random(seed)
    histories = [_history(rng, f"p{number}") for number in range(20)]
    assert _differences(histories, AS_OF + shift, threshold) == []


@pytest.mark.requirement("AD-8")
def test_the_lines_of_a_ledger_tell_the_same_story_and_add_up_to_the_score() -> None:
    rng = random.Random(3)
    histories = [_history(rng, f"p{number}") for number in range(600)]
    world = World()
    world.people(*(person for person, _ in histories))
    world.activities(*(row for _, rows in histories for row in rows))
    score(_rules(65), AS_OF, world.run)
    reasons(_rules(65), AS_OF, world.run)
    scored = world.rows("scored")
    lines = defaultdict(list)
    for person_id, at, rule, points, total in world.run(
        "SELECT person_id, moment, rule, points, running_total FROM ledger ORDER BY person_id, line", {}
    ):
        lines[person_id].append((at.replace(tzinfo=UTC), rule.replace("source_web_inquiry", "source"), points, total))
    sums = dict(world.run("SELECT person_id, sum(points)::BIGINT FROM reasons GROUP BY person_id", {}))
    for person, activities in histories:
        life = live(person, activities, AS_OF)
        if life is None:
            continue
        own = lines[person["person_id"]]
        told = sorted((at, rule.replace("source_thought_leader", "source"), points) for at, rule, points, _ in own)
        assert told == sorted(life.lines)
        assert (own[-1][3] if own else 0) == sums.get(person["person_id"], 0) == life.score
        assert [total for *_, total in own] == list(accumulate(points for _, _, points, _ in own))
        assert scored[person["person_id"]]["score"] == life.score


def _table(world: World) -> dict[str, dict[str, Any]]:
    return {key: {**row, "next_change_at": None} for key, row in world.rows("scored").items()}


@given(seed=st.integers(0, 2**32))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_changes_before_the_next_change_that_was_foretold(seed: int) -> None:
    rng = random.Random(seed)
    world = World()
    people, activities = zip(*(_history(rng, f"p{number}") for number in range(12)), strict=True)
    world.people(*({**person, "created_at": AS_OF - rng.randrange(300) * DAY} for person in people))
    world.activities(*(row for rows in activities for row in rows))
    score(_rules(20), AS_OF, world.run)
    before = world.rows("scored")
    moments = sorted({row["next_change_at"] for row in before.values() if row["next_change_at"]})
    for moment in rng.sample(moments, min(3, len(moments))):
        score(_rules(20), moment.replace(tzinfo=UTC) - MICRO, world.run)
        now = _table(world)
        for key, row in before.items():
            if row["next_change_at"] is None or row["next_change_at"] >= moment:
                assert now[key] == {**row, "next_change_at": None}


@given(seed=st.integers(0, 2**32))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_touched_or_due_is_all_that_has_to_be_scored_anew(seed: int) -> None:
    """The incremental run equals the full one: who was touched by new rows, and whose moment has come."""
    rng = random.Random(seed)
    world = World()
    histories = [_history(rng, f"p{number}") for number in range(20)]
    world.people(*({**person, "created_at": AS_OF - rng.randrange(300) * DAY} for person, _ in histories))
    score(_rules(20), AS_OF, world.run)
    kept = world.rows("scored")
    later = AS_OF + rng.choice((MICRO, DAY, 9 * DAY, MONTH, 2 * MONTH))
    touched = [rows for _, rows in histories if rng.random() < 0.5]
    world.activities(*(row for rows in touched for row in rows))
    due = {row["person_id"] for rows in touched for row in rows}
    due |= {key for key, row in kept.items() if row["next_change_at"] and row["next_change_at"] <= as_column(later)}
    world.run("CREATE TEMP TABLE due AS SELECT unnest($ids::VARCHAR[]) AS person_id", {"ids": sorted(due)})
    score(_rules(20), later, world.run, among="due")
    kept |= world.rows("scored")
    score(_rules(20), later, world.run)
    assert kept == world.rows("scored")
