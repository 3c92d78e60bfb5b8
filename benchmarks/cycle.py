#!/usr/bin/env python3
"""Where the time of a cycle goes: seconds, calls and memory by step, with the sandbox's own share apart.

    .venv/bin/python benchmarks/cycle.py [--people 2000 20000 200000] [--seed 1] [--json] [--folder DIR]

For each size a sandbox is started in a process of its own (clock frozen) and two whole cycles are run on it, as
`connector sync` runs them; the connector of each size is a process of its own too, so that memory and processor time
are that size's alone. There is no limit to pass: figures depend on the machine and on what else runs on it.

What is measured, by step:
- seconds: wall time;
- own cpu: processor seconds of the connector's process, all threads;
- sandbox cpu: processor seconds of the sandbox's process in the same time;
- waited: wall time inside exchanges with the remotes, from sending to the last byte read, less the processor time
  that the connector itself used meanwhile (TLS, reading, writing pages to disk);
- peak: the most memory that the connector held in that step.
Linux only (processor time and memory of processes are read from /proc).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from cycle_tables import show_ratios, show_size
from requests.adapters import HTTPAdapter

from connector import flow
from connector.cli.river import Cycle, run_cycle
from connector.cli.shared import Options, river_of
from connector.river import River, here
from connector.sandbox.settings_file import running_settings

SIZES = (2_000, 20_000, 200_000)
STEPS = ("settle", "pull", "reconcile", "mirror", "enrich", "score", "decide", "plan", "apply")
MEGABYTE = 1024.0
"""In the kilobytes of /proc."""


@dataclass(frozen=True)
class Reading:
    """What the meters show at one moment."""

    wall: float
    own_cpu: float
    sandbox_cpu: float
    waited: float
    calls: Counter[str]


@dataclass(frozen=True)
class Spent:
    """What a stretch of work took: seconds, calls by remote, and the connector's peak memory in megabytes."""

    seconds: float
    own_cpu: float
    sandbox_cpu: float
    waited: float
    calls: Mapping[str, int]
    peak_mb: float


@dataclass(frozen=True)
class MeasuredCycle:
    """One cycle: its steps, what they add up to, and what it did."""

    steps: Mapping[str, Spent]
    total: Spent
    rows_pulled: int
    versions_added: int
    fields_written: int
    tasks_created: int
    failed: int
    persons: int
    planned: int


@dataclass(frozen=True)
class MeasuredSize:
    """Two cycles on one world. `world_seconds`: from starting the sandbox until it answers; `opening_seconds`:
    rules, store and login, before the first cycle; `rows`: of the first cycle, by stream."""

    people: int
    seed: int
    world_seconds: float
    world_cpu: float
    world_mb: float
    opening_seconds: float
    first: MeasuredCycle
    second: MeasuredCycle
    rows: Mapping[str, int]
    store_mb: float
    sandbox_peak_mb: float
    load_average: float


@dataclass
class Waiting:
    """Wall seconds inside exchanges, less the connector's own processor seconds in them."""

    seconds: float = 0.0
    _inside: bool = field(default=False, repr=False)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts the time until the block ends; a block within one counts once."""
        if self._inside:
            yield
            return
        self._inside = True
        wall, own = time.monotonic(), time.thread_time()
        try:
            yield
        finally:
            self._inside = False
            self.seconds += max(0.0, time.monotonic() - wall - (time.thread_time() - own))


@dataclass
class Meter:
    """Reads the meters around steps. `sandbox`: the process id of the sandbox."""

    sandbox: int
    waiting: Waiting
    calls: Callable[[], Mapping[str, int]] = dict
    steps: dict[str, Spent] = field(default_factory=dict)

    def read(self) -> Reading:
        times = os.times()
        return Reading(
            time.monotonic(),
            times.user + times.system,
            cpu_seconds(self.sandbox),
            self.waiting.seconds,
            Counter(self.calls()),
        )

    def since(self, before: Reading, peak_mb: float) -> Spent:
        now = self.read()
        return Spent(
            now.wall - before.wall,
            now.own_cpu - before.own_cpu,
            now.sandbox_cpu - before.sandbox_cpu,
            now.waited - before.waited,
            dict(now.calls - before.calls),
            peak_mb,
        )

    def around(self, step: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, measured under the step's name."""

        @wraps(work)
        def measured(*args: Any, **options: Any) -> Any:
            forget_peak()
            before = self.read()
            try:
                return work(*args, **options)
            finally:
                self.steps[step] = self.since(before, peak_megabytes("self"))

        return measured


def main() -> None:
    """Measures each size in a process of its own, and shows it as soon as it is there."""
    asked = _arguments()
    if asked.one_size is not None:
        print(json.dumps(asdict(measure(asked.one_size, asked.seed, asked.folder)), ensure_ascii=False))
        return
    if not asked.json:
        print(" · ".join(f"{name} {value}" for name, value in machine().items()))
    sizes = []
    for people in asked.people:
        sizes.append(_in_a_process(people, asked.seed, asked.folder))
        if not asked.json:
            show_size(sizes[-1])
    if asked.json:
        print(json.dumps({"schema": 1, "machine": machine(), "sizes": sizes}, ensure_ascii=False, indent=1))
    else:
        show_ratios(sizes)


def measure(people: int, seed: int, folder: Path | None) -> MeasuredSize:
    """Builds a world, runs two cycles on it in this process, and stops the sandbox again."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="connector-benchmark-", dir=folder) as name:
        state = Path(name)
        with sandbox(state, people, seed) as (process, world_seconds):
            world = (world_seconds, cpu_seconds(process.pid), peak_megabytes(process.pid))
            settings = Options(str(state)).settings(log_level="warning", **access(state))
            with waiting_measured() as waiting:
                started = time.monotonic()
                with river_of(settings, quiet=True) as river:
                    opening = time.monotonic() - started
                    meter = Meter(process.pid, waiting, here(river).calls)
                    first, pulled = _cycle(river, meter, first_contact=True)
                    second, _ = _cycle(river, meter, first_contact=False)
            return MeasuredSize(
                people,
                seed,
                *world,
                opening,
                first,
                second,
                pulled,
                (state / "default.duckdb").stat().st_size / MEGABYTE / MEGABYTE,
                peak_megabytes(process.pid),
                load,
            )


def _cycle(river: River, meter: Meter, *, first_contact: bool) -> tuple[MeasuredCycle, dict[str, int]]:
    with steps_measured(meter):
        before = meter.read()
        # A large invented world has so few owners that the guard stops the tasks of its first day; here it shall not.
        cycle = run_cycle(river, first_contact=first_contact, force=True)
        total = meter.since(before, max(step.peak_mb for step in meter.steps.values()))
    return _measured(cycle, dict(meter.steps), total), {one.stream: one.rows for one in cycle.pulled}


def _measured(cycle: Cycle, steps: Mapping[str, Spent], total: Spent) -> MeasuredCycle:
    return MeasuredCycle(
        steps,
        total,
        sum(one.rows for one in cycle.pulled),
        sum(one.added for one in cycle.pulled),
        cycle.applied.fields,
        cycle.applied.tasks,
        len(cycle.applied.failures),
        cycle.enriched.people,
        cycle.planned.changes,
    )


@contextmanager
def steps_measured(meter: Meter) -> Iterator[None]:
    """Within the block every step of the river is measured."""
    with ExitStack() as patched:
        for step in STEPS:
            patched.enter_context(patch.object(flow, step, meter.around(step, getattr(flow, step))))
        yield


@contextmanager
def waiting_measured() -> Iterator[Waiting]:
    """Within the block every exchange is timed: until the answer's head, and while its body is read."""
    waiting = Waiting()
    send, read = HTTPAdapter.send, requests.Response.iter_content

    def timed_send(adapter: HTTPAdapter, *args: Any, **options: Any) -> requests.Response:
        with waiting.counted():
            return send(adapter, *args, **options)

    def timed_read(response: requests.Response, *args: Any, **options: Any) -> Iterator[Any]:
        chunks = iter(read(response, *args, **options))
        while True:
            with waiting.counted():
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk

    with patch.object(HTTPAdapter, "send", timed_send), patch.object(requests.Response, "iter_content", timed_read):
        yield waiting


@contextmanager
def sandbox(state: Path, people: int, seed: int) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """A sandbox in a process of its own, and how many seconds it took until it answered."""
    command = [sys.executable, "-m", "connector", "sandbox", "serve", "--frozen", "--port", "0", "--tls-port", "0"]
    # The days' allowance is no part of what is measured.
    command += ["--daily-api-requests", "10000000", "--account-engagement-daily-calls", "10000000"]
    command += ["--people", str(people), "--seed", str(seed), "--state", str(state)]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if not (process.stdout and process.stdout.readline()):
                raise SystemExit(f"The sandbox did not start (exit code {process.wait()}); see the lines above.")
            yield process, time.monotonic() - started
        finally:
            process.terminate()
            process.wait()


def access(state: Path) -> dict[str, str]:
    env = running_settings(state / "sandbox")
    if env is None:
        raise SystemExit("The sandbox has stopped; see the lines above.")
    access = {
        "salesforce_url": env["tls_url"],
        "salesforce_auth": "client_credentials",
        "salesforce_client_id": env["client_id"],
        "salesforce_client_secret": env["client_secret"],
        "account_engagement_url": env["tls_url"],
        "account_engagement_business_unit_ids": env["business_unit_id"],
        "ca_file": env["ca_file"],
    }
    registers = {name: state / "sandbox" / f"{name}.csv" for name in ("companies", "targets")}
    return access | {name: str(path) for name, path in registers.items() if path.exists()}


def cpu_seconds(pid: int) -> float:
    """Processor seconds of a process since its start, user and system, all threads."""
    # The command's name, in brackets, may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes(pid: int | str) -> float:
    """The most memory that a process held, since its start or since its peak was forgotten."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / MEGABYTE


def forget_peak() -> None:
    """Lets this process's peak of memory begin anew from what it holds now."""
    Path("/proc/self/clear_refs").write_text("5", "utf-8")


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / MEGABYTE**3
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GB",
        "python": platform.python_version(),
        "duckdb": version("duckdb"),
        "system": f"{platform.system()} {platform.machine()}",
        "load average": f"{os.getloadavg()[0]:.1f}",
    }


def _in_a_process(people: int, seed: int, folder: Path | None) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one-size", str(people), "--seed", str(seed)]
    command += ["--folder", str(folder)] if folder else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{people:,} people could not be measured (exit code {done.returncode}); see above.")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds, calls and memory of two cycles, by step.")
    parser.add_argument("--people", nargs="+", type=int, default=list(SIZES), metavar="N", help="sizes of the world")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same world")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--folder", type=Path, help="where world and store are kept while measuring")
    parser.add_argument("--one-size", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
