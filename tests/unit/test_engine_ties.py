"""Moments that fall together, told by hand: each of these is one comparison in the engine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine_world import World, rules_with
from tests.qualify_world import evaluate

pytestmark = pytest.mark.requirement("LC-1", "SC-4", "SC-8", "RC-3")

NOW = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
STAGES = ("anonymous", "registered", "cold", "hot", "opportunity", "won", "lost", "disqualified")
DEMO = {"activity": "type = 'demo_view'", "within_days": 7}
POINTS = {"score": 10, "within_days": 7}


def evaluated(
    folder: Path, hot: dict[str, Any], people: dict[str, dict[str, Any]], zone: str = "Asia/Tokyo", **more: object
) -> dict[str, dict[str, Any]]:
    """What is said at NOW of people who did things so many days before; a demo gives 5 points, a search takes 3."""
    behaviour = [
        {"id": "demo", "name": "x", "when": "type = 'demo_view'", "points": 5, "cap": {"points": 99, "per": "ever"}},
        {"id": "search", "name": "x", "when": "type = 'search'", "points": -3},
    ]
    silence = {"name": "x", "bands": [{"at_least": 30, "points": -5}]}
    life = {"stages": {one: {"name": one} for one in STAGES}, "hot": {"at_least": 5, **hot}, **more}
    texts = {
        "scoring": {"version": 1, "behaviour": behaviour, "inactivity": silence, "time_zone": zone},
        "lifecycle": {"version": 1, **life, "recycle": {"after_days": 10}, "not_before": {"heard": ["again_on"]}},
    }
    world = World()
    for name, told in people.items():
        world.people({"person_id": name, "created_at": NOW - 90 * DAY, **told.get("row", {})})
        acts = ({"person_id": name, "type": kind, "occurred_at": NOW - ago * DAY} for kind, ago in told["did"])
        world.activities(*acts)
        world.hearing(*({"person_id": name, "item": "need", **one} for one in told.get("heard", ())))
    evaluate(rules_with(folder, **{name: json.dumps(text) for name, text in texts.items()}), NOW, world)
    tables = [world.rows(table) for table in ("scored", "qualified", "decided", "not_before")]
    return {key: {name: value for table in tables for name, value in table.get(key, {}).items()} for key in people}


def ago(moment: datetime | None) -> float | None:
    return (NOW.replace(tzinfo=None) - moment) / DAY if moment else None


def requires(*claims: dict[str, Any]) -> dict[str, Any]:
    return {"requires": [{"id": f"r{number}", "name": "x", "any": [claim]} for number, claim in enumerate(claims)]}


def test_spans_that_touch_are_one_and_what_is_done_at_the_moment_of_recycling_is_of_the_life_before(
    tmp_path: Path,
) -> None:
    yes = {"value": "yes"}
    recycled = {"crm_status": "lost", "lost_at": NOW - 15 * DAY}
    told = evaluated(
        tmp_path,
        requires(DEMO, {"hearing": "item = 'need' AND value = 'yes'"}),
        {
            "touching": {"did": [("demo_view", 8), ("demo_view", 1)], "heard": [yes]},
            "at_recycling": {"did": [("demo_view", 5)], "heard": [yes], "row": recycled},
            "heard_anew": {
                "did": [("demo_view", 3)],
                "heard": [yes, {"value": "no", "at": NOW - 6 * DAY}, {**yes, "at": NOW - 2 * DAY}],
            },
            "dipped": {"did": [("demo_view", 65), ("call", 40), ("search", 3), ("demo_view", 2)], "heard": [yes]},
        },
    )
    assert ago(told["touching"]["hot_since"]) == 8
    again = told["at_recycling"]
    assert (again["score"], again["score_deciding"], again["hot_lacks"]) == (5, 0, ["r0"])
    assert ago(told["heard_anew"]["hot_since"]) == 2
    assert ago(told["dipped"]["crossed_at"]) == 2


def test_points_of_an_earlier_life_are_in_no_window_that_tells_since_when_somebody_is_hot(tmp_path: Path) -> None:
    row = {"crm_status": "lost", "lost_at": NOW - 15 * DAY}
    did = [("demo_view", 6), ("demo_view", 4), ("demo_view", 2)]
    told = evaluated(tmp_path, requires(POINTS), {"again": {"did": did, "row": row}})["again"]
    assert (ago(told["crossed_at"]), ago(told["hot_since"])) == (4, 2)


def test_a_window_rises_at_the_very_moment_at_which_something_that_took_points_leaves_it(tmp_path: Path) -> None:
    window = {"decides": {"score": "window", "within_days": 7}}
    told = evaluated(tmp_path, window, {"one": {"did": [("search", 7), ("demo_view", 6)]}})["one"]
    assert (told["score_deciding"], ago(told["hot_since"])) == (5, 0)


def test_of_two_agreed_days_the_later_counts_and_a_day_begins_with_its_first_moment(tmp_path: Path) -> None:
    today = NOW.date()
    told = evaluated(
        tmp_path,
        {},
        {
            "later": {
                "did": [("demo_view", 1)],
                "row": {"not_before": today - 5 * DAY},
                "heard": [{"item": "again_on", "value": str(today + 5 * DAY)}],
            },
            "today": {"did": [("demo_view", 30)], "row": {"not_before": today}},
        },
        zone="America/Sao_Paulo",  # where a day begins at NOW
    )
    assert (told["later"]["day"], told["later"]["held"], told["later"]["cadence_starts"]) == (
        today + 5 * DAY,
        True,
        False,
    )
    assert (told["today"]["held"], told["today"]["cadence_starts"]) == (False, True)


def test_who_was_recycled_is_followed_up_only_once_there_is_new_interest(tmp_path: Path) -> None:
    row = {"crm_status": "lost", "lost_at": NOW - 15 * DAY}
    people = {
        "score_alone": {"did": [("demo_view", 1)], "row": row},
        "interest": {"did": [("demo_view", 1), ("inquiry", 1)], "row": row},
    }
    again = {"id": "again", "name": "x", "any": [{"activity": "type = 'inquiry'"}]}
    told = evaluated(tmp_path, {}, people, second_approach=again)
    said = {who: (one["stage"], one["approach"], one["cadence_starts"]) for who, one in told.items()}
    assert said == {"score_alone": ("hot", False, False), "interest": ("hot", True, True)}


def test_what_we_do_ends_no_silence_of_theirs(tmp_path: Path) -> None:
    awake = requires({"activity": "type = 'demo_view'", "after_silence_days": 5, "within_days": 7})
    did = [("demo_view", 10), ("email_sent", 3), ("demo_view", 1)]
    assert evaluated(tmp_path, awake, {"one": {"did": did}})["one"]["hot_lacks"] == []
