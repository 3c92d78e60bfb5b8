"""Whatever a reading has missed is found by comparing, and mended; what has only moved since is left alone (SY-6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import pytest

from connector import flow
from connector.bootstrap import open_river
from connector.domain.reconciled import Reconciled
from connector.pulling import reconcile
from connector.pulling.reading import Landing, Pulled
from connector.river import River
from connector.sandbox.config import SandboxConfig
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

pytestmark = pytest.mark.requirement("SY-6", "SY-10")

OBJECTS = ("Lead", "Task")
LEADS, TASKS = "mirror_salesforce_lead", "mirror_salesforce_task"
OLD = "_until IS NULL AND NOT is_deleted AND stamp < (SELECT max(stamp) - INTERVAL 1 DAY FROM {0})"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("world")
    with ground(folder, SandboxConfig(state=folder, people=30, seed=5, start=START, frozen=True), OBJECTS) as laid:
        yield laid


@pytest.fixture
def control(world: Ground) -> Iterator[Control]:
    yield (control := Control(world.running.url))
    control.do("DELETE", "faults")


@pytest.fixture(scope="module")
def reading(world: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[River]:
    """A river that has pulled, and compared, once; every test leaves its mirror as the world is."""
    settings = world.settings.model_copy(update={"state": tmp_path_factory.mktemp("state")})
    with open_river(settings, retry=QUICK) as opened:
        assert all(one.agrees for one in flow.reconcile(opened, flow.pull(opened)))
        yield opened


@pytest.fixture
def river(reading: River, control: Control) -> Iterator[River]:
    yield reading
    assert differences(control.truth, reading.store, reading.mapping.fields.streams) == []


@pytest.fixture
def narrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of rows is much: counts are halved, and what is listed comes by a bulk query."""
    monkeypatch.setattr(reconcile, "ROWS_A_PAGE", 4)
    monkeypatch.setattr(flow, "Landing", partial(Landing, bulk_from=6))


@pytest.fixture(params=["whole", "narrowed"])
def both_ways(request: pytest.FixtureRequest) -> None:
    """A stream that is listed at once, and one that is not."""
    if request.param == "narrowed":
        request.getfixturevalue("narrowed")


NARROWED = pytest.mark.usefixtures("narrowed")
BOTH_WAYS = pytest.mark.usefixtures("both_ways")


def compared(river: River, pulled: list[Pulled] | None = None) -> Mapping[str, Reconciled]:
    """What a comparison finds a day later."""
    times = ("reconciled_at", "rolled_at", "held_since")
    aged = ", ".join(f"{name} = {name} - INTERVAL 25 HOUR" for name in times)
    river.store.run(f"UPDATE reconciliation SET {aged}")
    return {one.stream: one for one in flow.reconcile(river, pulled or [])}


def spoil(river: River, table: str, change: str, count: int = 1, where: str = OLD) -> list[str]:
    """What no connector should ever do: rows of the mirror change by themselves."""
    chosen = f"SELECT id FROM {table} WHERE {where.format(table)} ORDER BY id LIMIT {count}"
    verb = f"UPDATE {table} SET {change}" if change else f"DELETE FROM {table}"
    rows = river.store.run(f"{verb} WHERE _until IS NULL AND id IN ({chosen}) RETURNING id")
    assert len(rows) == count
    return sorted(str(row[0]) for row in rows)


def lives(control: Control, name: str) -> list[str]:
    rows = control.truth(name)
    return [str(row["Id"]) for row in rows if not row["IsDeleted"] and not row.get("IsConverted")]


@pytest.mark.complaint(12)
def test_complaint_12_a_row_that_missed_an_update_is_found_though_all_counts_agree(river: River) -> None:
    stale = spoil(river, LEADS, "title = 'of last year', stamp = stamp - INTERVAL 400 DAY", 2)
    found = compared(river)["salesforce.Lead"]
    assert (found.missing, found.stale, found.vanished) == (0, 2, 0)
    assert found.remote_rows == found.mirror_rows
    assert list(found.examples) == stale


@pytest.mark.complaint(13)
@NARROWED
def test_complaint_13_lost_rows_come_back(river: River) -> None:
    lost = spoil(river, LEADS, "", 3)
    spoil(river, TASKS, "", 1)
    found = compared(river)
    assert (found["salesforce.Lead"].missing, found["salesforce.Task"].missing) == (3, 1)
    assert list(found["salesforce.Lead"].examples) == lost


@pytest.mark.complaint(23, 24)
@NARROWED
def test_complaint_23_and_24_a_missed_delete_and_a_missed_undelete_are_found(river: River, control: Control) -> None:
    gone = lives(control, "Lead")[-1]
    control.do("POST", "delete", {"id": gone})
    flow.pull(river)
    back = "is_deleted = NOT is_deleted, stamp = stamp - INTERVAL 30 DAY"
    spoil(river, LEADS, back, where=f"id = '{gone}'")
    spoil(river, LEADS, back, where=f"_until IS NULL AND NOT is_deleted AND id <> '{gone}'")
    # Where counts by age agree too, it is found when the rows have their turn.
    found: list[Reconciled] = []
    while len(found) <= reconcile.ROUND and sum(one.mended for one in found) < 2:
        found.append(compared(river)["salesforce.Lead"])
    assert [sum(getattr(one, kind) for one in found) for kind in ("missing", "stale", "vanished")] == [1, 1, 0]


@pytest.mark.complaint(24)
@BOTH_WAYS
def test_complaint_24_what_vanishes_without_a_trace_ends(river: River, control: Control) -> None:
    gone = lives(control, "Lead")[-2:]
    for record in gone:
        control.do("POST", "hard-delete", {"id": record})
    found = compared(river)["salesforce.Lead"]
    assert (found.missing, found.stale, found.vanished) == (0, 0, 2)
    assert list(found.examples) == sorted(gone)


@NARROWED
def test_rows_that_a_sharing_rule_hides_end_and_come_back(river: River, control: Control) -> None:
    hidden = lives(control, "Lead")[:2]
    faults = [{"kind": "hidden_rows", "object": "Lead", "ids": hidden}]
    control.do("PUT", "faults", {"faults": faults})
    assert compared(river)["salesforce.Lead"].vanished == 2
    control.do("DELETE", "faults")
    assert compared(river)["salesforce.Lead"].missing == 2


@pytest.mark.complaint(25, 26)
@BOTH_WAYS
def test_what_moves_between_reading_and_comparing_is_no_difference(river: River, control: Control) -> None:
    pulled = flow.pull(river)
    control.do("PUT", "clock", {"advance_seconds": 60, "frozen": True})
    edited, deleted, winner, loser, converted = lives(control, "Lead")[:5]
    control.do("POST", "edit", {"id": edited, "fields": {"Title": "meanwhile"}})
    control.do("POST", "delete", {"id": deleted})
    control.do("POST", "merge", {"winner": winner, "losers": [loser]})
    control.do("POST", "convert", {"lead": converted})
    assert [one.stream for one in compared(river, pulled).values() if not one.agrees] == []
    flow.pull(river)


@NARROWED
def test_nothing_before_the_floor_is_missing(river: River) -> None:
    floor = "(SELECT quantile_disc(stamp, 0.5) FROM mirror_salesforce_task)"
    river.store.run(f"UPDATE cursor SET floor = {floor} WHERE stream = 'salesforce.Task'")
    lost = river.store.run(f"DELETE FROM {TASKS} WHERE stamp < {floor} RETURNING *")
    spoil(river, TASKS, "", 1)
    found = compared(river)["salesforce.Task"]
    assert (len(lost) > 3, found.missing, found.vanished) == (True, 1, 0)
    river.store.run("UPDATE cursor SET floor = NULL, watermark = NULL WHERE stream = 'salesforce.Task'")
    flow.pull(river)


@NARROWED
def test_very_many_rows_are_not_believed_to_be_gone_at_once(
    river: River, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MANY", 10)
    hidden = lives(control, "Lead")
    control.do("PUT", "faults", {"faults": [{"kind": "hidden_rows", "object": "Lead", "ids": hidden}]})
    found = compared(river)["salesforce.Lead"]
    assert (found.vanished, found.agrees, found.held_since) == (0, False, found.reconciled_at)
    assert found.waiting == len(hidden)
    assert flow.reconcile(river, []) == [], "it is not asked for again before a day has passed"
    control.do("DELETE", "faults")
    assert compared(river)["salesforce.Lead"].agrees, "the right was given back"
    control.do("PUT", "faults", {"faults": [{"kind": "hidden_rows", "object": "Lead", "ids": hidden}]})
    assert compared(river)["salesforce.Lead"].held_since is not None
    # Of those that are believed by now, one comparison ends but a part.
    monkeypatch.setattr(reconcile, "MOST_MENDED", len(hidden) - 5)
    found = compared(river)["salesforce.Lead"]
    assert (found.vanished, found.waiting) == (len(hidden) - 5, 5)
    (found,) = flow.reconcile(river, [])
    assert (found.vanished, found.waiting, found.held_since) == (5, 0, None)
    control.do("DELETE", "faults")
    monkeypatch.undo()
    assert compared(river)["salesforce.Lead"].missing == len(hidden)


@NARROWED
def test_more_than_one_comparison_mends_waits_for_the_next(river: River, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "MOST_MENDED", 3)
    spoil(river, LEADS, "", 5)
    found = compared(river)["salesforce.Lead"]
    assert (found.missing, found.waiting) == (3, 2)
    again = {one.stream: one for one in flow.reconcile(river, flow.pull(river))}
    assert again["salesforce.Lead"].agrees, "so many were read with the whole stream"
