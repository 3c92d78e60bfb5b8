"""Momentum, awake again and unusual equal a plain telling of the same, on random and on nasty histories."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.momentum import By, last_complete, momentum
from connector.rules.load import SHIPPED, RuleSet
from tests.engine_world import World, rules_with
from tests.reference.momentum_reference import Conversions, History, moved, weeks

pytestmark = pytest.mark.requirement("SC-5", "SC-11", "SY-8")

LIVES = int(os.environ.get("CONNECTOR_TEST_LIVES", "0")) or 60
MONDAY = datetime(2026, 6, 14, 15, 0, tzinfo=UTC)
"""The first instant of Monday 15 June in Tokyo."""
MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
EDGES = (timedelta(0), MICRO, -MICRO, timedelta(seconds=1), timedelta(hours=9), -timedelta(hours=9))
KINDS = (
    "page_view", "page_view", "email_open", "email_click", "email_sent", "demo_view", "content_download", "form_submit",
    "webinar_register", "inquiry", "search", "call_attempt", "unheard_of",
)  # fmt: skip
THEMES = (None, "pricing", "careers", "thought_leadership", "brand")


def _moment(rng: random.Random, busy: bool) -> datetime:
    """Somewhere in a year and a half, often at the very edge of a week, a seven days' window or a long silence."""
    weeks_back = rng.choice((0, 0, 1, 1, 2, 3)) if busy else rng.randrange(70)
    if rng.random() < 0.5:
        return MONDAY - weeks_back * 7 * DAY + rng.choice(EDGES)
    return MONDAY - weeks_back * 7 * DAY - timedelta(seconds=rng.randrange(7 * 86_400))


def _history(rng: random.Random, number: int) -> History:
    person_id = f"p{number}"
    busy = rng.random() < 0.5
    moments = [_moment(rng, busy and rng.random() < 0.8) for _ in range(rng.randrange(1, 30 if busy else 8))]
    if rng.random() < 0.2:
        old = MONDAY - rng.randrange(90, 300) * DAY
        moments = [old, *(MONDAY - timedelta(hours=rng.randrange(150)) for _ in range(rng.randrange(1, 9)))]
    if rng.random() < 0.4:
        moments += [moment + 90 * DAY + rng.choice(EDGES[:3]) for moment in moments[:2]]
    rows: list[dict[str, Any]] = [
        {
            "activity_id": f"{person_id}-{n}",
            "person_id": person_id,
            "occurred_at": moment,
            "type": (kind := rng.choice(KINDS)),
            "theme": rng.choice(THEMES),
            "content": rng.choice((None, "mail:1", "mail:2")) if kind.startswith("email") else None,
            "visit_id": rng.choice((None, f"{person_id}v{rng.randrange(4)}")) if kind == "page_view" else None,
            "machine": rng.random() < 0.05,
        }
        for n, moment in enumerate(moments)
    ]
    rng.shuffle(rows)
    created = min(moments) if rng.random() < 0.9 else MONDAY + rng.choice(EDGES)
    company = rng.choice((None, f"c{number // 3}", f"c{number // 3}"))
    return {"person_id": person_id, "source": "web_inquiry", "created_at": created, "company_id": company}, rows


CONVERSIONS: Conversions = {
    "prices": lambda row: row["theme"] == "pricing",
    "asked": lambda row: row["type"] in {"inquiry", "form_submit"},
}
NAMED = """
conversions:
  - {id: prices, name: Prices, when: "theme = 'pricing'"}
  - {id: asked, name: Asked, when: "type IN ('inquiry', 'form_submit')"}
"""


def _engine(histories: list[History], as_of: datetime, by: By, rules: RuleSet) -> dict[str, dict[str, Any]]:
    world = World()
    world.people(*(person for person, _ in histories))
    world.activities(*(row for _, rows in histories for row in rows))
    momentum(rules, last_complete("week", as_of, rules.scoring.time_zone), as_of, by, world.run)
    table, key = {"person": ("person_momentum", "person_id"), "account": ("account_momentum", "company_id")}[by]
    found = world.rows(table, key)
    for row in found.values():
        del row[key]
        row["awake_at"], row["silent_since"] = (
            moment.replace(tzinfo=UTC) if moment else None for moment in (row["awake_at"], row["silent_since"])
        )
    return found


def _told(histories: list[History], as_of: datetime, by: By, conversions: Conversions) -> dict[str, dict[str, Any]]:
    together: dict[str, list[History]] = defaultdict(list)
    for person, rows in histories:
        group = person["person_id"] if by == "person" else person["company_id"]
        if group is not None:
            together[group].append((person, rows))
    told = {group: moved(members, as_of, conversions) for group, members in together.items()}
    return {group: figures for group, figures in told.items() if figures is not None}


@pytest.mark.parametrize(
    ("by", "shift", "conversions"),
    [("person", timedelta(0), CONVERSIONS), ("account", -MICRO, {})],
)
def test_the_engine_tells_what_a_plain_walk_through_every_life_tells(
    by: By, shift: timedelta, conversions: Conversions, tmp_path: Path
) -> None:
    rng = random.Random(f"{by}{shift}")
    histories = [_history(rng, number) for number in range(LIVES)]
    as_of = MONDAY + shift
    scoring = (SHIPPED / "classic" / "scoring.yaml").read_text(encoding="utf-8") + (NAMED if conversions else "")
    found = _engine(histories, as_of, by, rules_with(tmp_path, scoring=scoring))
    told = _told(histories, as_of, by, conversions)
    assert found.keys() == told.keys()
    for group, figures in told.items():
        usual, expected = found[group].pop("usual_7d"), figures.pop("usual_7d")
        assert usual == (None if expected is None else pytest.approx(expected))
        assert found[group] == figures, group
    for word in ("awake", "unusual"):
        assert any(figures[word] for figures in told.values()), f"nobody is {word}: the histories prove nothing"


def test_the_weeks_are_those_of_the_reference() -> None:
    rng = random.Random(5)
    for _ in range(300):
        as_of = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(8 * 365 * 86_400))
        periods = last_complete("week", as_of, "Asia/Tokyo")
        assert (periods.before, periods.begins, periods.ends) == weeks(as_of)
