"""What was decided about everybody who came in is kept: once, and again when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connector.store.database import Store, memory_store
from connector.store.intakes import keep_intakes

pytestmark = pytest.mark.requirement("EN-8")

NOON = datetime(2026, 10, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    yield store
    store.close()


def decided(store: Store, *rows: tuple[str, bool, str, bool, str]) -> None:
    told = ", ".join(f"('{who}', {target}, '{why}', {nurture}, '{how}')" for who, target, why, nurture, how in rows)
    store.run(
        "CREATE OR REPLACE TEMP TABLE at_the_door AS "
        f"SELECT * FROM (VALUES {told}) AS t(person_id, target, target_why, nurture, nurture_why)"
    )


def test_the_first_decision_and_each_change_are_kept_with_their_time(store: Store) -> None:
    new, other = ("p", False, "no_tier", True, "registered"), ("q", True, "tier1", True, "cold")
    decided(store, new, other)
    assert [keep_intakes(store, NOON), keep_intakes(store, NOON), keep_intakes(store, NOON + HOUR)] == [2, 0, 0]
    decided(store, ("p", True, "tier2", True, "registered"))  # the other one was not looked at
    assert keep_intakes(store, NOON + 2 * HOUR) == 1
    decided(store, new, other)
    assert keep_intakes(store, NOON + 3 * HOUR) == 1
    naive = NOON.replace(tzinfo=None)
    assert store.run("SELECT person_id, target, target_why, decided_at FROM intakes ORDER BY ALL DESC") == [
        ("q", True, "tier1", naive),
        ("p", True, "tier2", naive + 2 * HOUR),
        ("p", False, "no_tier", naive + 3 * HOUR),
        ("p", False, "no_tier", naive),
    ]
