"""`connector status` as users see it: a stream that stands still is an error with a sentence (SY-6)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.bootstrap import machine_time
from connector.cli.main import run
from connector.domain.calls import SALESFORCE, Calls, Heard, Usage
from connector.domain.cursor import Cursor
from connector.http.allowance import hour_of
from connector.store.calls import keep_calls
from connector.store.cursors import save_cursor
from connector.store.database import open_store

pytestmark = pytest.mark.requirement("SY-6", "OP-1", "WB-8")

LEAD, TASK = "salesforce.Lead", "salesforce.Task"
SERVER = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store whose Lead was read a minute ago and whose Task was read yesterday, by an org whose clock is far off."""
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "state" / "default.duckdb") as store:
        save_cursor(store, Cursor(LEAD, "", SERVER - timedelta(minutes=1)), SERVER)
        save_cursor(store, Cursor(TASK, "", SERVER - timedelta(days=1)), SERVER)
        calls = [
            Calls(hour_of(SERVER), SALESFORCE, LEAD, "pull", 4),
            Calls(hour_of(SERVER), SALESFORCE, "", "write", 2),
        ]
        keep_calls(store, calls, [Heard(SALESFORCE, Usage(900, 1000), SERVER, machine_time())], SERVER)
    return tmp_path / "state"


def test_a_stream_that_stands_still_ends_with_code_1_and_says_what_to_do(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "--state", str(state)]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "salesforce.Task was read up to 2026-09-30 12:00 UTC and stands still. `connector pull` says why" in shown
    assert "stalled" in shown
    assert "900 1,000 6 (writes 2) 500 800 2026-10-02 13:00 UTC" in shown


def test_machines_are_told_the_same(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--json", "--state", str(state)]) == 1
    found = json.loads(capsys.readouterr().out)
    streams = {one["stream"]: one for one in found["streams"]}
    assert {name: one["state"] for name, one in streams.items()} == {LEAD: "fresh", TASK: "stalled"}
    assert 60 <= streams[LEAD]["lag_seconds"] < 120
    assert streams[LEAD]["calls"] == {"pull": 4, "reconcile": 0}
    assert len(found["alarms"]) == 1
    assert {"stream": "salesforce.Contact", "unit": ""} in found["never_read"]
    (budget,) = found["budgets"]
    assert (budget["used"], budget["ours"], budget["ours_for"]) == (900, 6, {"pull": 4, "write": 2})


def test_a_longer_limit_in_the_schedule_is_no_alarm(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = state.parent / "mappings"
    own.mkdir()
    packaged = Path(__file__).parents[2] / "mappings"
    for file in packaged.iterdir():
        (own / file.name).write_bytes(file.read_bytes())
    text = "version: 1\ntime_zone: Asia/Tokyo\ncycle: {every: 5m}\nstreams: {salesforce.Task: {stalled_after: 2d}}\n"
    (own / "schedule.yaml").write_text(text, "utf-8")
    assert run(["status", "--json", "--state", str(state), "--mappings", str(own)]) == 0
    assert json.loads(capsys.readouterr().out)["alarms"] == []
