"""The history of tiers: which, since when, by which rules, moved by what (EN-5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store.database import Store, open_store
from connector.store.tiers import FACTS, keep_tiers, tier_history
from tests.mirror_world import DAY, NOON

pytestmark = pytest.mark.requirement("EN-5")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "one.duckdb") as opened:
        yield opened


def decided(store: Store, tier: str | None, rule: str | None = None, **facts: object) -> None:
    """As if one company, c1, had been evaluated so; c2 never has a tier."""
    known = {**dict.fromkeys(FACTS), "name": "Example", "employees": 100, **facts}
    names = ", ".join(f"${name}::VARCHAR AS {name}" for name in FACTS)
    store.run(f"CREATE OR REPLACE TEMP TABLE companies AS SELECT 'c1' AS company_id, {names}", known)
    store.run("INSERT INTO companies SELECT * REPLACE ('c2' AS company_id) FROM companies")
    store.run(
        "CREATE OR REPLACE TEMP TABLE tiered AS SELECT 'c1' AS company_id, $tier AS tier, $rule AS tier_rule "
        "UNION ALL SELECT 'c2', NULL, NULL",
        {"tier": tier, "rule": rule or tier},
    )


def told(store: Store) -> list[tuple[str | None, tuple[str, ...]]]:
    return [(change.tier, change.moved_by) for change in tier_history(store.run, "c1")]


def test_a_tier_is_noted_when_it_begins_and_when_it_moves_with_what_moved_it(store: Store) -> None:
    decided(store, "tier2")
    assert keep_tiers(store, "rules1", NOON) == 1
    assert keep_tiers(store, "rules1", NOON + DAY) == 0
    decided(store, "tier2", employees=200)
    assert keep_tiers(store, "rules1", NOON + 2 * DAY) == 0, "what leaves the tier as it was is no change of it"
    decided(store, "tier1", employees=2_000, industry="機械")
    assert keep_tiers(store, "rules1", NOON + 3 * DAY) == 1
    decided(store, None, employees=2_000, industry="機械")
    assert keep_tiers(store, "rules2", NOON + 4 * DAY) == 1

    assert told(store) == [("tier2", ()), ("tier1", ("industry", "employees")), (None, ("rules",))]
    last = tier_history(store.run, "c1")[-1]
    assert (last.since, last.rules_hash, last.facts["industry"]) == (NOON + 4 * DAY, "rules2", "機械")


def test_the_target_list_is_told_from_a_condition_and_a_company_without_a_tier_has_no_history(store: Store) -> None:
    decided(store, "tier1")
    keep_tiers(store, "rules1", NOON)
    decided(store, "tier1", "target_list", target=True)
    keep_tiers(store, "rules1", NOON + DAY)

    assert told(store) == [("tier1", ()), ("tier1", ("target",))]
    assert tier_history(store.run, "c2") == ()
    assert tier_history(store.run, None) == ()
