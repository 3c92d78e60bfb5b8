"""The ledger of cadence runs: written as sets, each run once; what has begun or ended stays so (CD-1, WB-3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from connector.domain.plan import RunEnd, RunStart
from connector.store.database import Store, memory_store
from connector.store.decisions import record_ends, record_starts

pytestmark = pytest.mark.requirement("CD-1", "WB-3")

NOON = datetime(2026, 10, 1, 3, tzinfo=UTC)
DAY = "2026-10-01"


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    yield store
    store.close()


def start(person: str, cadence: str = "new", record: str = "00Q1", crossed: datetime | None = NOON) -> RunStart:
    return RunStart(person, cadence, DAY, record, crossed)


def recorded(store: Store, *names: str) -> list[tuple[object, ...]]:
    return store.run(f"SELECT {', '.join(names)} FROM cadence_runs ORDER BY person_id, cadence")


def test_each_start_is_recorded_with_its_own_values(store: Store) -> None:
    record_starts(store, "run", [start("p1"), start("p2", "review", "0031", None)], NOON)
    noon = NOON.replace(tzinfo=None)
    assert recorded(store, "person_id", "cadence", "start_date", "key_record", "crossed_at", "recorded_at") == [
        ("p1", "new", date(2026, 10, 1), "00Q1", noon, noon),
        ("p2", "review", date(2026, 10, 1), "0031", None, noon),
    ]


def test_a_start_told_twice_keeps_the_record_that_was_first_used(store: Store) -> None:
    record_starts(store, "run", [start("p1"), start("p1", record="0032")], NOON)
    record_starts(store, "later", [start("p1", record="0033"), start("p2")], NOON)
    assert recorded(store, "person_id", "key_record", "run_id") == [("p1", "00Q1", "run"), ("p2", "00Q1", "later")]


def test_ends_reach_their_runs_alone_and_only_once(store: Store) -> None:
    record_starts(store, "run", [start("p1"), start("p1", "review"), start("p2"), start("p3")], NOON)
    record_ends(store, [RunEnd("p1", "new", DAY, "cold"), RunEnd("p2", "new", DAY, "lost")], NOON)
    record_ends(store, [RunEnd("p1", "new", DAY, "gone"), RunEnd("p4", "new", DAY, "gone")], NOON + timedelta(days=1))
    noon = NOON.replace(tzinfo=None)
    assert recorded(store, "person_id", "cadence", "ended_at", "end_reason") == [
        ("p1", "new", noon, "cold"),
        ("p1", "review", None, None),
        ("p2", "new", noon, "lost"),
        ("p3", "new", None, None),
    ]


def test_nothing_to_record_leaves_the_ledger_alone(store: Store) -> None:
    record_starts(store, "run", [], NOON)
    record_ends(store, [], NOON)
    assert recorded(store, "*") == []
