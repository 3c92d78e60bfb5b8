"""The one switch that stops all writes, also in the middle (OP-8, WB-3)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.applying.apply import apply_plan
from connector.applying.switch import Off, looking_at, switch_path, switched_off, throw_off, throw_on
from connector.errors import RefusedError, StopError
from connector.store.database import Store, memory_store
from tests.mirror_world import HOUR, NOON, lead_id
from tests.remote_world import change, leads, org, outcomes, plan_of, run_of, task

pytestmark = pytest.mark.requirement("OP-8", "WB-3")


@pytest.fixture
def store() -> Iterator[Store]:
    opened = memory_store()
    yield opened
    opened.close()


def test_thrown_and_thrown_back(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert switched_off(state, by_setting=False) is None
    throw_off(state, "audit", NOON)
    assert stat.S_IMODE(switch_path(state).stat().st_mode) == 0o600
    off = switched_off(state, by_setting=False)
    assert off == Off(str(switch_path(state)), NOON, "audit")
    assert off.sentence == f"Writes are switched off since 2026-03-02 03:00 UTC (audit), by {switch_path(state)}"
    assert throw_on(state)
    assert not throw_on(state)
    assert switched_off(state, by_setting=False) is None
    assert switched_off(state, by_setting=True) == Off("CONNECTOR_WRITES")


@pytest.mark.parametrize("content", [b"", b"stop, says Taro", b"\xff\xfe", b"[1]", b'{"since": 3}'])
def test_a_file_that_is_there_switches_off_whatever_is_in_it(tmp_path: Path, content: bytes) -> None:
    switch_path(tmp_path).write_bytes(content)
    off = switched_off(tmp_path, by_setting=False)
    assert off is not None
    assert off.sentence.startswith("Writes are switched off")


def test_a_switch_that_cannot_be_thrown_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StopError, match="writes are NOT switched off"):
        throw_off(tmp_path / "file" / "state", "audit", NOON)


def test_thrown_in_the_middle_of_an_apply_it_stops_before_the_next_call(store: Store, tmp_path: Path) -> None:
    remote = org(3)
    plan = plan_of(change(1, status="Hot"), change(2), change(3), tasks=(task(1), task(2)))

    def after_the_first_call() -> None:
        throw_off(tmp_path, "audit", NOON)

    remote.after = after_the_first_call
    application = replace(run_of(remote, store), writes_off=looking_at(tmp_path, by_setting=False))
    with pytest.raises(RefusedError) as caught:
        apply_plan(application, plan)
    assert "1 records and 0 tasks had been written, 4 were left." in str(caught.value)
    assert "audit" in str(caught.value)
    assert leads(remote, "Id", "Score__c") == [(lead_id(1), 72), (lead_id(2), 70.0), (lead_id(3), 70.0)]
    assert remote.tasks == {}
    assert outcomes(store) == [
        ("run1", "update", "done", None),
        ("run1", "update", "left", "WRITES_OFF"),
        ("run1", "update", "left", "WRITES_OFF"),
        ("run1", "task", "left", "WRITES_OFF"),
        ("run1", "task", "left", "WRITES_OFF"),
    ]
    throw_on(tmp_path)
    remote.after = lambda: None
    again = plan_of(change(2), change(3), tasks=(task(1), task(2)), made_at=NOON + HOUR)
    applied = apply_plan(run_of(remote, store, "run2", NOON + HOUR), again)
    assert (applied.records, applied.tasks) == (2, 2)
    assert set(remote.created.values()) == {1}


def test_off_from_the_beginning_nothing_is_called(store: Store) -> None:
    remote = org(1)
    application = replace(run_of(remote, store), writes_off=lambda: Off("CONNECTOR_WRITES"))
    with pytest.raises(RefusedError, match="by CONNECTOR_WRITES: 0 records and 0 tasks"):
        apply_plan(application, plan_of(change(1)))
    assert remote.calls == []
