"""The daemon as a process of its own: cycles, health, figures, a stop in the middle of a pull, one at a time."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.connector_process import Connector, _bare_environment
from tests.worlds.cycles import OBJECTS
from tests.worlds.processes import rules_of

pytestmark = pytest.mark.requirement("OP-1", "OP-3")

SECONDS = 90


@dataclass
class RunningDaemon:
    """A daemon under way; `log` is where its standard error goes."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def get(self, path: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"http://{self.address}{path}", timeout=10)

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.endswith("}")]
        return [line for line in lines if line["event"] == name]

    def stop(self) -> tuple[int, float]:
        """The exit code after SIGTERM, and the seconds that it took."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30), time.monotonic() - asked


@contextmanager
def daemon(connector: Connector, *arguments: str) -> Iterator[RunningDaemon]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    log = connector.state / "daemon.log"
    command = [sys.executable, "-m", "connector", "daemon", "--listen", address, *arguments]
    settings = {**connector.environment, "CONNECTOR_LOG_LEVEL": "info", "CONNECTOR_LOG_FORMAT": "json"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stderr=out, env={**_bare_environment(), **settings}, cwd=connector.state)
        try:
            yield RunningDaemon(process, address, log)
        finally:
            process.kill()
            process.wait(timeout=30)


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come within {SECONDS} seconds"
        time.sleep(0.05)


def with_schedule(connector: Connector, tmp_path: Path, every: str) -> Connector:
    """The same connector with rules of its own: they read what decisions need most, by this schedule."""
    folder = rules_of(tmp_path / "rules", OBJECTS)
    (folder / "schedule.yaml").write_text(
        f"version: 1\ntime_zone: Asia/Tokyo\ncycle: {{every: {every}}}\njitter: 0s\n", "utf-8"
    )
    return Connector(connector.sandbox, connector.state, folder, connector.extra)


def test_it_waits_for_the_word_then_runs_cycles_and_answers_and_once_leaves_with_the_code_of_its_cycle(
    start: Callable[..., Connector], tmp_path: Path
) -> None:
    connector = with_schedule(start("--people", "60", "--seed", "3", "--frozen"), tmp_path, "2s")
    with daemon(connector) as running:
        until(lambda: bool(running.events("daemon.cycle")), "a cycle")
        assert "first contact" in running.get("/readyz").json()["reasons"][0]
        assert running.get("/healthz").status_code == 200
        second = connector.here("daemon", "--once")
        assert second.code == 3
        assert f"process {running.process.pid}" in second.err
        assert connector.here("sync", "--first-contact").code == 0
        until(lambda: bool(running.events("daemon.permitted")), "the permission")
        until(lambda: len(running.events("daemon.cycle")) >= 3, "further cycles")
        ready = running.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (200, True), ready.text
        figures = running.get("/metrics").text
        code, seconds = running.stop()
    assert (code, seconds < 5) == (0, True), seconds
    assert len(running.events("daemon.refused")) == 1
    assert 'connector_cycles_total{outcome="refused"}' in figures
    assert 'connector_cycles_total{outcome="done"}' in figures
    assert 'connector_api_calls_total{remote="salesforce"}' in figures
    assert 'connector_watermark_age_seconds{stream="salesforce.Lead",unit=""}' in figures
    assert "@" not in figures
    assert connector.run("daemon", "--once").code == 0
    assert connector.here("daemon", "--once", CONNECTOR_SALESFORCE_CLIENT_SECRET="wrong").code == 64
    assert connector.here("daemon", "--listen", "nowhere").code == 64


def test_a_stop_in_the_middle_of_a_pull_keeps_what_came_and_the_next_run_goes_on(
    start: Callable[..., Connector],
) -> None:
    connector = start("--people", "300", "--seed", "3", "--frozen")
    with daemon(connector) as running:
        until(lambda: len(running.events("pull.stream")) >= 1, "the first stream")
        code, seconds = running.stop()
    assert (code, seconds < 5) == (0, True), seconds
    assert not running.events("daemon.failing")
    assert not running.events("daemon.cycle"), "it was stopped in the middle of its first cycle"
    status = connector.here("status", "--json")
    assert status.code == 0, status.err
    reached = {one["stream"]: one["watermark"] for one in status.document["streams"] if one["watermark"]}
    assert "salesforce.Lead" in reached
    assert len(reached) < 30
    again = connector.here("daemon", "--once", CONNECTOR_LOG_LEVEL="info", CONNECTOR_LOG_FORMAT="json")
    assert again.code == 3, again.err
    assert "first contact" in again.err
    counted = {one["stream"]: one["rows"] for one in connector.here("status", "--json").document["streams"]}
    live = [row for row in connector.sandbox.truth("Lead") if not row["IsDeleted"]]
    assert counted["salesforce.Lead"] == len(live)
