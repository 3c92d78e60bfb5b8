"""How many stand too long, by the lives that are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.reporting.over_time import over_time
from connector.store.database import memory_store
from tests.engine_world import shipped

pytestmark = pytest.mark.requirement("LC-4")

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def test_the_last_stage_of_each_life_counts_once_its_time_is_over() -> None:
    store = memory_store()
    lives = (
        ("just", "hot", 30, [], None), ("soon", "hot", 29, [], None), ("gone", "hot", 99, [], "2026-09-30"),
        ("deal", "hot", 200, [], None), ("deal", "opportunity", 121, [], None),
        ("again", "hot", 90, [], None), ("again", "cold", 5, [], None),
        ("nobody_knows", "won", 900, ["crm_status"], None),
        ("disqualified", "disqualified", 900, [], None),
    )  # fmt: skip
    for person, stage, days, undated, withdrawn in lives:
        at = (NOW - timedelta(days=days)).replace(tzinfo=None)
        store.run(
            "INSERT INTO known_life (person_id, happened_at, place, kind, to_stage, rules, score, undated, seen_at, "
            "withdrawn_at) VALUES ($person, $at, 1, 'stage', $stage, [], 0, $undated, $at, $withdrawn::TIMESTAMP)",
            {"person": person, "at": at, "stage": stage, "undated": undated, "withdrawn": withdrawn},
        )
    assert over_time(store.run, shipped().lifecycle, NOW) == {"hot": 1, "opportunity": 1}
    store.close()
