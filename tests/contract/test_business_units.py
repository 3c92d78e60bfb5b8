"""Two business units whose ids are the same: rows, cursors, hidden fields, comparisons and people are kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector import account_engagement, flow, upkeep
from connector.account_engagement import AccountEngagementReader
from connector.bootstrap import open_river
from connector.domain.reconciled import Reconciled
from connector.http.session import open_session
from connector.reporting.zones import Offset
from connector.river import River, here
from connector.sandbox.config import SandboxConfig
from connector.store.cursors import read_cursor
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

pytestmark = pytest.mark.requirement("SY-2", "SY-6", "OP-7")

OBJECTS = ("prospects", "visitors", "visits", "visitor-activities", "visitor-page-views")
UNITS = ("0UvSb0000000001KAA", "0UvSb0000000002KAA")
MIRROR = "mirror_account_engagement_prospects"


@dataclass(frozen=True)
class Unit:
    """A business unit: a sandbox of its own."""

    ground: Ground
    reader: AccountEngagementReader
    control: Control


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Unit, ...]]:
    with ExitStack() as running:
        yield tuple(
            _unit(running, tmp_path_factory.mktemp("unit"), number, unit) for number, unit in enumerate(UNITS, 3)
        )


def _unit(running: ExitStack, folder: Path, seed: int, unit: str) -> Unit:
    config = SandboxConfig(
        state=folder, people=8, seed=seed, start=START, frozen=True, business_unit_id=unit,
        account_engagement_time_zone="Asia/Tokyo" if seed % 2 else "America/New_York",
    )  # fmt: skip
    laid = running.enter_context(ground(folder, config, OBJECTS))
    (reader,) = account_engagement.connect(laid.settings, open_session(laid.settings), QUICK)
    return Unit(laid, reader, Control(laid.running.url))


@pytest.fixture(scope="module")
def reading(units: Sequence[Unit], tmp_path_factory: pytest.TempPathFactory) -> Iterator[River]:
    with opened(units, tmp_path_factory.mktemp("both")) as river:
        assert all(one.agrees for one in flow.reconcile(river, flow.pull(river)))
        yield river


@pytest.fixture
def river(reading: River, units: Sequence[Unit]) -> Iterator[River]:
    """Reads both units; every test leaves the mirror of each as the unit is."""
    yield reading
    for unit in units:
        unit.control.do("DELETE", "faults")
        with only(reading, unit.reader.unit):
            assert differences(unit.control.truth, reading.store, reading.mapping.fields.streams) == []


@contextmanager
def only(river: River, unit: str) -> Iterator[None]:
    """Within the block the mirror has but this unit's rows."""
    river.store.run("BEGIN")
    for mapped in river.mapping.fields.streams:
        river.store.run(f"DELETE FROM mirror_{mapped.stream.table} WHERE _unit <> $unit", {"unit": unit})
    try:
        yield
    finally:
        river.store.run("ROLLBACK")


@contextmanager
def opened(units: Sequence[Unit], state: Path) -> Iterator[River]:
    """A river that reads these units."""
    settings = units[0].ground.settings.model_copy(update={"state": state})
    with open_river(settings, retry=QUICK) as river:
        remotes = replace(here(river), engagement=tuple(unit.reader for unit in units))
        yield replace(river, remotes=remotes)


def enriched(river: River) -> set[tuple[object, ...]]:
    """Who did what, when."""
    flow.mirror(river)
    flow.enrich(river, START, remember=False)
    columns = "activity_id, record_key, occurred_at, type, content, url, visit_id"
    return set(river.store.run(f"SELECT {columns} FROM activities"))


def test_ids_are_in_both_units(river: River) -> None:
    ids = [set(river.store.run(f"SELECT id FROM {MIRROR} WHERE _unit = $unit", {"unit": unit})) for unit in UNITS]
    assert ids[0] & ids[1], "else nothing here proves anything"


def test_a_field_that_one_unit_hides_is_read_in_the_other(river: River, units: Sequence[Unit]) -> None:
    hide = {"kind": "hidden_fields", "object": "prospects", "fields": ["jobTitle"]}
    units[1].control.do("PUT", "faults", {"faults": [hide]})
    flow.pull(river)
    assert [(one.unit, one.field) for one in upkeep.hidden(river)] == [(UNITS[1], "jobTitle")]
    river.store.run("UPDATE hidden_fields SET looked_at = looked_at - INTERVAL 1 HOUR")
    units[1].control.do("DELETE", "faults")
    flow.pull(river)
    assert upkeep.hidden(river) == []


def test_each_unit_has_a_cursor_of_its_own(river: River, units: Sequence[Unit]) -> None:
    name = "account_engagement.visitor_activities"
    before = [read_cursor(river.store, name, unit).watermark or START for unit in UNITS]
    units[1].control.do("PUT", "clock", {"advance_seconds": 3 * 86_400, "frozen": True})
    pulled = {one.unit: one for one in flow.pull(river) if one.stream == name}
    after = [read_cursor(river.store, name, unit).watermark or START for unit in UNITS]
    assert after[0] - before[0] < timedelta(hours=1)
    assert after[1] - before[1] >= timedelta(days=3)
    assert pulled[UNITS[0]].added == 0


@pytest.mark.complaint(24)
def test_a_comparison_mends_the_unit_that_differs(river: River, units: Sequence[Unit]) -> None:
    both = f"SELECT id FROM {MIRROR} WHERE stamp < now()::TIMESTAMP AND created_at < TIMESTAMP '2026-09-01' GROUP BY id"
    lost, moved, gone = river.store.run(f"{both} HAVING count(*) = 2 ORDER BY id LIMIT 3")
    spoilt = {"unit": UNITS[1], "lost": lost[0], "moved": moved[0]}
    river.store.run(f"DELETE FROM {MIRROR} WHERE _unit = $unit AND id = $lost", spoilt)
    stale = "email = 'old@example.com', stamp = stamp - INTERVAL 1 DAY"
    river.store.run(f"UPDATE {MIRROR} SET {stale} WHERE _unit = $unit AND id = $moved", spoilt)
    hidden = {"kind": "hidden_rows", "object": "prospects", "ids": [str(gone[0])]}
    units[1].control.do("PUT", "faults", {"faults": [hidden]})
    river.store.run("UPDATE reconciliation SET reconciled_at = reconciled_at - INTERVAL 25 HOUR")
    found: dict[tuple[str, str], Reconciled] = {(one.unit, one.stream): one for one in flow.reconcile(river, [])}
    assert [one for one in found.values() if not one.agrees] == [found[UNITS[1], "account_engagement.prospects"]]
    theirs = found[UNITS[1], "account_engagement.prospects"]
    assert (theirs.missing, theirs.stale, theirs.vanished) == (1, 1, 1)
    assert theirs.examples == (str(lost[0]), str(moved[0]), str(gone[0]))
    assert [one for one in flow.reconcile(river, []) if not one.agrees] == [], "a round a day is enough"
    units[1].control.do("DELETE", "faults")
    river.store.run("UPDATE reconciliation SET reconciled_at = reconciled_at - INTERVAL 25 HOUR")
    flow.reconcile(river, [])


@pytest.mark.requirement("SY-4", "SY-5")
def test_nobody_has_what_somebody_of_the_other_unit_did(river: River) -> None:
    together = enriched(river)
    alone = []
    for unit in UNITS:
        with only(river, unit):
            alone.append(enriched(river))
    assert all(alone)
    assert together == alone[0] | alone[1]
    assert len(together) == len(alone[0]) + len(alone[1])


@pytest.mark.requirement("AD-7")
@pytest.mark.complaint(53, 57)
def test_each_clock_is_told(river: River) -> None:
    found = {one.whose: (one.zone, one.differs) for one in upkeep.zones(river, Offset(timedelta(0), START))}
    assert found["rules"] == found["org"] == found["integration user"] == ("Asia/Tokyo", False)
    users = [found[f"Account Engagement user in {unit}"] for unit in UNITS]
    assert users[0] == ("UTC+09:00", False)
    assert users[1] in [("UTC-04:00", True), ("UTC-05:00", True)]
    assert found["this machine"] == ("UTC+00:00", True)
