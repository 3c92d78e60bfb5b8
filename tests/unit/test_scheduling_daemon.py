"""The loop with a clock and a sleep of the test: what is said, when it tries again, how it stops, what it keeps."""

from __future__ import annotations

import gc
import itertools
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import structlog

from connector.errors import (
    BudgetSpentError,
    ConfigurationError,
    ConnectorError,
    Problem,
    RefusedError,
    RetryError,
    StopError,
    StoppedError,
)
from connector.rules.schedule import Schedule, StreamPlan
from connector.scheduling.daemon import Daemon, Surroundings
from connector.scheduling.health import Health
from connector.scheduling.instance import lock_path, only_instance
from connector.scheduling.listening import listening
from connector.scheduling.report import Report, StreamReach
from connector.scheduling.stopping import stop_on_signals

pytestmark = pytest.mark.requirement("OP-1")

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)
SCHEDULE = Schedule.model_validate({"version": 1, "time_zone": "Asia/Tokyo", "cycle": {"every": "5m"}, "jitter": "0s"})


@dataclass
class World:
    """A daemon whose cycles do what the list says, on a clock that only waiting moves."""

    acts: Callable[[int], Report]
    schedule: Callable[[], Schedule] = lambda: SCHEDULE
    clock: datetime = BEGIN
    began: list[datetime] = field(default_factory=list)
    skipped: list[frozenset[str]] = field(default_factory=list)
    health: Health = field(default_factory=Health)

    def run(self, cycles: int) -> int:
        given = Surroundings(self.schedule, self._cycle, lambda: self.clock, self._wait, lambda: 0.5, self.health)
        return Daemon(given, SCHEDULE).run(cycles)

    def minutes(self) -> list[float]:
        return [(at - BEGIN).total_seconds() / 60 for at in self.began]

    def _cycle(self, skip: frozenset[str]) -> Report:
        self.began.append(self.clock)
        self.skipped.append(skip)
        return self.acts(len(self.began) - 1)

    def _wait(self, seconds: float) -> bool:
        self.clock += timedelta(seconds=seconds)
        return False


def doing(*acts: Report | ConnectorError) -> Callable[[int], Report]:
    def act(number: int) -> Report:
        found = acts[number]
        if isinstance(found, ConnectorError):
            raise found
        return found

    return act


def reached(at: datetime) -> Report:
    return Report(rows={"salesforce.Lead": 3}, streams=(StreamReach("salesforce.Lead", "", at),))


def events(said: list[dict[str, object]]) -> list[object]:
    return [one["event"] for one in said if one["log_level"] == "warning"]


def test_cycles_begin_by_the_schedule() -> None:
    world = World(doing(*[Report()] * 3))
    assert world.run(3) == 0
    assert world.minutes() == [0, 5, 10]


@pytest.mark.requirement("OP-3")
def test_failures_wait_longer_each_time_and_are_said_once() -> None:
    world = World(doing(*[RetryError("Nobody answers.")] * 3, Report(), Report(), StopError("Odd."), Report()))
    with structlog.testing.capture_logs() as said:
        world.run(7)
    assert world.minutes() == [0, 0.5, 1.5, 3.5, 8.5, 13.5, 14]
    assert events(said) == ["daemon.failing", "daemon.recovered", "daemon.failing", "daemon.recovered"]


@pytest.mark.requirement("OP-3")
def test_the_remotes_own_wish_is_honoured() -> None:
    world = World(doing(RetryError("Come back later.", again_after=3600.0), Report()))
    world.run(2)
    assert world.minutes() == [0, 60]


def test_wrong_files_end_the_tick_and_not_the_daemon() -> None:
    broken = ConfigurationError("One thing is wrong.", [Problem("schedule.yaml", 3, 8, "It is wrong.")])
    answers: Iterator[Schedule | None] = iter((SCHEDULE, None, None, SCHEDULE))

    def read() -> Schedule:
        found = next(answers)
        if found is None:
            raise broken
        return found

    world = World(doing(Report(), Report()), schedule=read)
    with structlog.testing.capture_logs() as said:
        assert world.run(4) == 0
    assert world.minutes() == [0, 6.5]
    assert events(said) == ["daemon.failing", "daemon.recovered"]
    assert any("schedule.yaml:3:8" in str(one.get("why")) for one in said)


def test_a_refusal_is_said_once_shown_until_the_word_is_given_and_not_hurried() -> None:
    refused = Report(refusal="This is the first contact with org 00D.")
    world = World(doing(refused, refused, refused, Report()))
    with structlog.testing.capture_logs() as said:
        assert world.run(2) == RefusedError.exit_code
    assert world.minutes() == [0, 5]
    assert events(said) == ["daemon.refused"]
    assert "first contact" in world.health.not_ready(world.clock)[0]
    again = World(doing(refused, Report()))
    with structlog.testing.capture_logs() as said:
        again.run(2)
    assert events(said) == ["daemon.refused", "daemon.permitted"]
    assert again.health.not_ready(again.clock) == []


@pytest.mark.requirement("WB-8")
def test_a_spent_budget_is_no_failure_is_said_once_and_is_looked_at_again_by_the_hour() -> None:
    waiting = Report(waiting="The calls are used up.")
    spent = BudgetSpentError("The calls are used up.", 9 * 3600.0)
    soon = BudgetSpentError("The calls are used up.", 60.0)
    world = World(doing(Report(), waiting, waiting, spent, soon, Report(), Report()))
    with structlog.testing.capture_logs() as said:
        world.run(7)
    assert world.minutes() == [0, 5, 10, 15, 75, 80, 85]
    assert events(said) == ["daemon.waiting", "daemon.goes_on"]


def test_slower_streams_are_read_again_only_in_their_time() -> None:
    slower = SCHEDULE.model_copy(update={"streams": {"salesforce.Campaign": StreamPlan(every="12m")}})
    world = World(doing(*[Report()] * 5), schedule=lambda: slower)
    world.run(5)
    assert [bool(one) for one in world.skipped] == [False, True, True, False, True]


def test_a_stop_in_the_middle_of_a_cycle_ends_the_daemon_well() -> None:
    world = World(doing(Report(), StoppedError("Stopped.")))
    with structlog.testing.capture_logs() as said:
        assert world.run(9) == 0
    assert len(world.began) == 2
    assert events(said) == [], "a stop is no failure"
    assert said[-1]["event"] == "daemon.stopped"


def test_readiness_knows_lateness_of_cycles_and_of_streams() -> None:
    health = Health()
    assert health.not_ready(BEGIN) == ["No cycle has succeeded yet."]
    health.begun(SCHEDULE)
    health.ended(reached(BEGIN - timedelta(minutes=20)), BEGIN, BEGIN)
    assert health.not_ready(BEGIN + timedelta(minutes=15)) == []
    assert health.not_ready(BEGIN + timedelta(minutes=16)) == [
        "salesforce.Lead was read up to 2026-11-21T23:40:00+00:00."
    ]
    assert len(health.not_ready(BEGIN + timedelta(minutes=36))) == 2
    health.failed("Nobody answers.")
    assert health.not_ready(BEGIN)[0] == "Nobody answers."


def test_paths_answer_over_http() -> None:
    health = Health()
    health.begun(SCHEDULE)
    health.called({"salesforce": 7})
    with listening("127.0.0.1:0", health, lambda: BEGIN) as address, requests.Session() as session:
        session.trust_env = False
        codes = {path: session.get(f"http://{address}{path}", timeout=5).status_code for path in ("/healthz", "/x")}
        assert codes == {"/healthz": 200, "/x": 404}
        assert session.get(f"http://{address}/readyz", timeout=5).status_code == 503
        health.ended(reached(BEGIN), BEGIN, BEGIN)
        ready = session.get(f"http://{address}/readyz", timeout=5)
        assert (ready.status_code, ready.json()) == (200, {"schema": 1, "ready": True, "reasons": []})
        figures = session.get(f"http://{address}/metrics", timeout=5).text
        with pytest.raises(ConfigurationError, match="not to be had"), listening(address, health, lambda: BEGIN):
            pass
    assert 'connector_api_calls_total{remote="salesforce"} 7.0' in figures
    assert 'connector_rows_pulled_total{stream="salesforce.Lead"} 3.0' in figures
    assert 'connector_watermark_age_seconds{stream="salesforce.Lead",unit=""} 0.0' in figures


def test_a_second_instance_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    store = tmp_path / "default.duckdb"
    with only_instance(store, BEGIN):
        assert lock_path(store).stat().st_mode & 0o777 == 0o600
        who = rf"process {os.getpid()} on .+, since 2026-11-22T00:00:00"
        with pytest.raises(RefusedError, match=who), only_instance(store, BEGIN):
            pass
        assert json.loads(lock_path(store).read_text())["pid"] == os.getpid()
    with only_instance(store, BEGIN):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    store = tmp_path / "default.duckdb"
    code = (
        "import os, signal, sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from connector.scheduling.instance import only_instance\n"
        "with only_instance(Path(sys.argv[1]), datetime.now(UTC)): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(store)], check=False, timeout=60).returncode == -9
    assert lock_path(store).read_text(), "its words still stand there"
    with only_instance(store, BEGIN):
        pass


def test_a_signal_ends_a_wait_and_every_check_after_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as flag:
        assert not flag.wait(0.0)
        flag.check()
        signal.raise_signal(signal.SIGTERM)
        assert flag.wait(3600.0)
        with pytest.raises(StoppedError):
            flag.check()
        with pytest.raises(StoppedError):
            flag.sleep(3600.0)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_ends_the_process_at_once() -> None:
    code = (
        "import signal; from connector.scheduling.stopping import stop_on_signals\n"
        "with stop_on_signals() as flag:\n"
        "    signal.raise_signal(signal.SIGTERM); signal.raise_signal(signal.SIGTERM); print('still here')"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, capture_output=True)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, b"")


def test_memory_does_not_grow_over_many_ticks_with_failures() -> None:
    chance = random.Random(7)
    held: list[int] = []
    ticks = itertools.count(1)

    def act(_number: int) -> Report:
        if next(ticks) % 100 == 0:
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        world.began.clear()
        world.skipped.clear()
        kind = chance.choice((None, None, RetryError, StopError, ConfigurationError))
        if kind is not None:
            raise kind(f"It failed {chance.random()}.")
        return reached(world.clock)

    # Captured output would be kept by the test's own frame.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    gc.freeze()
    tracemalloc.start()
    world = World(act)
    try:
        assert world.run(3000) in {0, 1, 64}
    finally:
        tracemalloc.stop()
        gc.unfreeze()
        structlog.reset_defaults()
    # The first third fills caches (of dates, of the interpreter). A single object kept a tick would still be seen.
    third = len(held) // 3
    middle, last = sum(held[third : 2 * third]) / third, sum(held[-third:]) / third
    assert last < middle * 1.2, held
    assert world.clock - BEGIN > timedelta(days=5)
