"""The rolling sweep of Account Engagement: its share of calls, and what it takes for a difference (SY-6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.cursor import Cursor
from connector.domain.reconciled import Reconciled
from connector.pulling import reconcile, sweep
from connector.pulling.reconcile import Comparing
from connector.pulling.sweep import sweep_account_engagement, sweep_is_due
from connector.store.cursors import save_cursor
from connector.store.database import Store, memory_store
from connector.store.mirror import merge, prepare
from connector.store.reconciling import save_reconciled
from tests.mirror_world import DAY, HOUR, MINUTE, NOON, PROSPECTS, ae_time, current, ids, land, prospect

pytestmark = pytest.mark.requirement("SY-6", "SY-2")

UNIT = "0Uv1"
LONG_AGO = NOON - 30 * DAY


@dataclass(frozen=True)
class Page:
    path: Path
    last: bool
    truncated: bool = False


@dataclass
class Unit:
    """A collection in a business unit, two rows a page; keeps what it was asked."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[Mapping[str, str]] = field(default_factory=list)
    pages_given: int = 0
    unit: str = UNIT

    def server_time(self) -> datetime:
        return NOON

    def pages(
        self,
        collection: str,
        fields: tuple[str, ...],
        filters: Mapping[str, str],
        order_by: str,
        folder: Path,
        *,
        deleted: str | None,
    ) -> Iterator[Page]:
        assert (collection, order_by, deleted) == ("prospects", "id", "all")
        self.asked.append(filters)
        low = int(filters.get("idGreaterThan", int(filters.get("idGreaterThanOrEqualTo", 0)) - 1))
        high = int(filters.get("idLessThanOrEqualTo", 10**9))
        found = [row for number, row in sorted(self.rows.items()) if low < number <= high]
        for start in range(0, max(1, len(found)), 2):
            self.pages_given += 1
            picked = [{name: row.get(name) for name in fields} for row in found[start : start + 2]]
            path = folder / f"{start:05d}.json"
            path.write_text(json.dumps({"values": picked, "nextPageToken": None}), encoding="utf-8")
            yield Page(path, start + 2 >= len(found))


@dataclass
class Sweeping:
    store: Store
    unit: Unit
    folder: Path
    now: datetime = NOON

    @property
    def comparing(self) -> Comparing:
        return Comparing(self.store, PROSPECTS, UNIT, self.now, self.folder, lambda: self.unit.pages_given)

    def sweep(self) -> Reconciled:
        found = sweep_account_engagement(self.unit, self.comparing)  # type: ignore[arg-type] # pages of its own kind
        assert found is not None
        return found

    def mirror(self) -> list[int]:
        return ids(current(self.store, PROSPECTS, "email"))


def row(number: int, moved: datetime = LONG_AGO, **fields: Any) -> dict[str, Any]:
    return prospect(number, moved, createdAt=ae_time(min(moved, LONG_AGO)), **fields)


@pytest.fixture
def sweeping(tmp_path: Path) -> Sweeping:
    """Nine prospects that both sides have, read up to noon."""
    store, pages = memory_store(), tmp_path / "pages"
    pages.mkdir()
    rows = {number: row(number) for number in range(1, 10)}
    prepare(store, [PROSPECTS])
    merge(store, PROSPECTS, UNIT, land(pages, PROSPECTS, list(rows.values())), NOON)
    save_cursor(store, Cursor("account_engagement.prospects", UNIT, watermark=NOON), NOON)
    return Sweeping(store, Unit(rows), tmp_path / "sweep")


def test_a_stretch_at_a_time_round_after_round(sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SWEEP_PAGES", 2)
    found = [sweeping.sweep() for _ in range(4)]
    assert [(one.at_id, one.calls, one.agrees) for one in found] == [
        (4, 2, True),
        (8, 2, True),
        (0, 1, True),
        (4, 2, True),
    ]
    assert [one.round_finished_at for one in found] == [None, None, NOON, NOON]
    assert sweeping.unit.asked == [{}, {"idGreaterThan": "4"}, {"idGreaterThan": "8"}, {}]


@pytest.mark.parametrize(
    ("at_id", "rows", "since", "due"),
    [
        (0, 9, 23 * HOUR, False),
        (0, 9, 24 * HOUR, True),
        (5, 9, 11 * HOUR, False),  # ten pages a day, five at a time
        (5, 9, 12 * HOUR, True),
        (5, 1_400_000, 71 * MINUTE, False),  # a hundred pages a day
        (5, 1_400_000, 72 * MINUTE, True),
        (5, 100_000_000, 14 * MINUTE, False),  # five hundred at most
        (5, 100_000_000, 15 * MINUTE, True),
    ],
)
def test_calls_are_spread_over_the_day_however_often_is_pulled(
    sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch, at_id: int, rows: int, since: timedelta, due: bool
) -> None:
    assert sweep_is_due(sweeping.comparing)
    save_reconciled(sweeping.store, Reconciled("account_engagement.prospects", UNIT, NOON - since, at_id=at_id))
    monkeypatch.setattr(Comparing, "side", type("Many", (), {"rows": lambda _self: rows})())
    assert sweep_is_due(sweeping.comparing) is due


def test_what_differs_is_read_again_or_ends(sweeping: Sweeping) -> None:
    theirs = sweeping.unit.rows
    theirs[2] = row(2, LONG_AGO + DAY, email="new@example.com")
    theirs[11] = row(11)
    theirs[12] = row(12, isDeleted=True)
    theirs[4] = row(4, LONG_AGO + DAY, isDeleted=True)
    del theirs[7]
    found = sweeping.sweep()
    assert (found.missing, found.stale, found.vanished) == (1, 2, 1)
    assert found.examples == ("11", "2", "4", "7")
    alive = [number for number, gone in current(sweeping.store, PROSPECTS, "is_deleted") if not gone]
    assert alive == [1, 2, 3, 5, 6, 8, 9, 11]
    assert dict(current(sweeping.store, PROSPECTS, "email"))[2] == "new@example.com"
    assert sweeping.sweep().agrees


def test_what_moved_just_before_the_reading_is_left_to_the_next_one(sweeping: Sweeping) -> None:
    theirs, just_now = sweeping.unit.rows, NOON - 10 * MINUTE
    theirs[20] = prospect(20, just_now, createdAt=ae_time(just_now))
    theirs[3] = row(3, just_now, email="late@example.com")
    theirs[5] = row(5, LONG_AGO - DAY, email="from an older cache")
    assert sweeping.sweep().agrees
    assert 20 not in sweeping.mirror()


def test_nothing_before_the_floor_is_missing(sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SWEEP_PAGES", 9)
    cursor = Cursor("account_engagement.prospects", UNIT, watermark=NOON, floor=LONG_AGO - HOUR)
    save_cursor(sweeping.store, cursor, NOON)
    sweeping.unit.rows |= {30: row(30, LONG_AGO - DAY), 31: row(31)}
    assert sweeping.sweep().examples == ("31",)


def test_very_many_are_not_believed_to_be_gone_at_once(sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "MANY", 2)
    monkeypatch.setattr(sweep, "SWEEP_PAGES", 2)
    whole = dict(sweeping.unit.rows)
    for number in (1, 2, 3):
        del sweeping.unit.rows[number]
    held = sweeping.sweep()
    assert (held.vanished, held.waiting, held.held_since, held.at_id) == (0, 3, NOON, 0)
    sweeping.now = NOON + 2 * HOUR
    assert sweeping.sweep().held_since == NOON
    assert sweeping.mirror() == list(range(1, 10))
    sweeping.unit.rows = whole
    assert sweeping.sweep().held_since is None
    sweeping.unit.rows = {number: entry for number, entry in whole.items() if number > 3}
    save_reconciled(sweeping.store, replace(held, held_since=sweeping.now - DAY))
    assert (sweeping.sweep().vanished, sweeping.mirror()) == (3, list(range(4, 10)))
