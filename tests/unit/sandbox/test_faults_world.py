"""An invented world that lives on under faults: what is kept back is all there in the end, and not before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.sandbox.app import App
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.sessions import open_session
from tests.unit.sandbox.faulty_org import FaultyOrg
from tests.unit.sandbox.world_builder import START, all_rows, build_world

pytestmark = pytest.mark.requirement("OP-3", "SY-3")

LATE = {"kind": "late_commit", "seconds": 8 * 3600}
HIDDEN = {"kind": "hidden_rows", "object": "Lead", "share": 0.3}


def world(folder: Path) -> FaultyOrg:
    sandbox = build_world(folder, people=40)
    sandbox.open_state["lived_until"] = START
    return FaultyOrg(sandbox, App(sandbox), open_session(sandbox).token)


def live(org: FaultyOrg, steps: int, hours: int) -> None:
    for _ in range(steps):
        assert org.ask("PUT", "/_sandbox/clock", {"advance_seconds": hours * 3600, "frozen": True})[0] == 200


def newest(sandbox: Sandbox, object_name: str) -> str:
    found = sandbox.database.reader().execute(f'SELECT max("SystemModstamp") FROM "{object_name}"')
    return str(found.fetchone()[0])


def test_after_the_faults_the_world_is_that_of_an_undisturbed_one(tmp_path: Path) -> None:
    faulty, plain = world(tmp_path / "faulty"), world(tmp_path / "plain")
    faulty.faults(LATE, HIDDEN)
    for org in (faulty, plain):
        live(org, steps=12, hours=5)
    late, hidden = faulty.fired()
    assert late > 0
    assert hidden > 0
    assert all_rows(faulty.sandbox) != all_rows(plain.sandbox)
    faulty.ask("DELETE", "/_sandbox/faults")
    assert all_rows(faulty.sandbox) == all_rows(plain.sandbox)


def test_nothing_of_the_last_day_is_visible_yet(tmp_path: Path) -> None:
    org = world(tmp_path)
    org.faults({"kind": "late_commit", "seconds": 24 * 3600})
    live(org, steps=3, hours=12)
    last = stamp(org.sandbox.clock.now() - timedelta(days=1))
    for name in ("Lead", "CampaignMember", "Task", "Opportunity"):
        assert newest(org.sandbox, name) <= last
    held = org.ask("GET", "/_sandbox/faults")[1]["held"]
    assert sum(counts["uncommitted"] for counts in held.values()) > 0
