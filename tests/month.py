"""`python -m tests.month --days 30 --seed S`: a month of the daemon on a simulated clock, with people and faults.

The loop, the cycle and the retries are the daemon's own; only clock, waiting and chance come from here. The memory told
is that of the process, the sandbox's part included. Ends with the mirror held against the truth.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import structlog

from connector.bootstrap import open_river
from connector.cli.daemon import one_cycle
from connector.cli.river import run_cycle
from connector.rules.schedule import Schedule
from connector.sandbox.config import SandboxConfig
from connector.sandbox.request_log import RequestLog
from connector.scheduling.daemon import Daemon, Surroundings
from connector.scheduling.health import Health
from connector.scheduling.report import Report
from tests.worlds.cycles import OBJECTS
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.world import Told, World

PAUSE_OF_PEOPLE = timedelta(hours=5)
WEATHER_LASTS = timedelta(hours=17)
CALM_AFTER = timedelta(hours=6)
"""How long faults last after a change of the weather: a daemon must be seen to recover too."""


@dataclass(frozen=True)
class Memory:
    """What the process holds: resident bytes, and objects that Python's collector knows."""

    resident: int
    objects: int

    def __str__(self) -> str:
        return f"{self.resident / 2**20:.0f} MiB resident, {self.objects:,} Python objects"


def memory_now() -> Memory:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return Memory(pages * 4096, len(gc.get_objects()))


@dataclass
class Month:
    """A daemon whose clock is moved by its own waiting, beside a sandbox whose clock follows.

    `events`: how often each event of the log was said; `memory` by simulated day.
    """

    world: World
    days: float
    schedule: Schedule
    clock: datetime = START
    behind: float = 0.0
    ticks: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    memory: dict[int, Memory] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    people_at: datetime = START
    weather_at: datetime = START
    calm_at: datetime | None = None

    def run(self) -> None:
        """From the first cycle to the end of the last day."""
        given = Surroundings(
            schedule=lambda: self.schedule,
            cycle=self._cycle,
            now=lambda: self.clock,
            wait=self.wait,
            chance=self.world.dice.random,
            health=self.health,
        )
        Daemon(given, self.schedule).run()

    def wait(self, seconds: float) -> bool:
        """Lets time pass here, and later there; at the end of the days it is time to stop."""
        self.clock += timedelta(seconds=seconds)
        self.behind += seconds
        return self.clock >= START + timedelta(days=self.days)

    def sleep(self, seconds: float) -> None:
        self.wait(seconds)

    def hanging_up(self, _hang_up: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()

    def check(self) -> None:
        """Before each call to a remote: its time has gone by as well."""
        if self.behind >= 1:
            seconds, self.behind = int(self.behind), self.behind % 1
            self.world.control.do("PUT", "clock", {"advance_seconds": seconds})

    def _cycle(self, skip: frozenset[str]) -> Report:
        self.check()
        self._meanwhile()
        self.ticks += 1
        try:
            report = one_cycle(self.world.ground.settings, self, self.health, skip, lambda: self.clock)
        except Exception as error:
            self.outcomes[type(error).__name__] += 1
            raise
        finally:
            day = (self.clock - START).days
            if day not in self.memory:
                self.memory[day] = memory_now()
        self.outcomes[report.outcome if not report.waiting else "waiting"] += 1
        return report

    def _meanwhile(self) -> None:
        """People work every few hours; the weather changes, and clears up again."""
        if self.calm_at is not None and self.clock >= self.calm_at:
            self.world.clears_up()
            self.calm_at = None
        if self.clock >= self.people_at:
            self.people_at = self.clock + PAUSE_OF_PEOPLE
            self.world.people_work()
        if self.clock >= self.weather_at:
            self.weather_at = self.clock + WEATHER_LASTS
            self.calm_at = self.clock + CALM_AFTER
            self.world.weather_changes()


def schedule_of(every: str) -> Schedule:
    """Cycles at all hours, without jitter."""
    return Schedule.model_validate({"version": 1, "time_zone": "Asia/Tokyo", "cycle": {"every": every}, "jitter": "0s"})


def live_through(month: Month) -> list[str]:
    """The days, then a calm one; the differences between mirror and truth."""
    first_contact(month)

    def counting(_logger: object, _level: str, said: dict[str, Any]) -> dict[str, Any]:
        month.events[said["event"]] += 1
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[counting],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    try:
        month.run()
        month.world.quiet()
    finally:
        structlog.configure(**before)
    return month.world.told.differences


def first_contact(month: Month) -> None:
    """The word is given once, as by hand, before the daemon starts."""
    with open_river(month.world.ground.settings, retry=QUICK, clock=lambda: month.clock) as river:
        run_cycle(river, first_contact=True, force=True)


@contextmanager
def ground_of(folder: Path, people: int, seed: int) -> Iterator[Ground]:
    """A sandbox in this process, which remembers few calls: its own memory must not look like the daemon's."""
    config = SandboxConfig(state=folder, people=people, seed=seed, start=START, frozen=True)
    with ground(folder, config, OBJECTS) as laid:
        laid.running.sandbox.open_state["request_log"] = RequestLog(200)
        yield laid


def main() -> int:
    """Prints what the days brought; 1 when the mirror is not the truth."""
    parser = argparse.ArgumentParser(prog="python -m tests.month", description=__doc__)
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=25)
    parser.add_argument("--every", default="1h", help="how often a cycle is due (1h)")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="month-") as name,
        ground_of(Path(name), options.people, options.seed) as laid,
    ):
        world = World(laid, Random(options.seed), Told(options.seed), writes=True)
        month = Month(world, options.days, schedule_of(options.every))
        wrong = live_through(month)
    lines = (*told(month), f"real seconds: {time.monotonic() - started:.0f}", *wrong[:20])
    sys.stdout.write("\n".join((*lines, f"differences between mirror and truth: {len(wrong)}", "")))
    return 1 if wrong else 0


def told(month: Month) -> list[str]:
    """The figures of the days, for people."""
    days = sorted(month.memory)
    marks = {"start": days[0], "after a third": days[len(days) // 3], "middle": days[len(days) // 2], "end": days[-1]}
    outcomes = ", ".join(f"{name} {count}" for name, count in month.outcomes.most_common())
    met = ", ".join(f"{name} {count}" for name, count in month.world.told.met.most_common())
    said = ", ".join(f"{name} {count}" for name, count in sorted(month.events.items()) if name in SAID)
    return [
        f"{month.days:g} days, {month.ticks} ticks: {outcomes}",
        f"faults met: {met or 'none'}",
        f"said: {said}",
        *(f"memory at the {mark} (day {day}): {month.memory[day]}" for mark, day in marks.items()),
    ]


SAID = (
    "daemon.failing",
    "daemon.recovered",
    "daemon.refused",
    "daemon.permitted",
    "daemon.waiting",
    "daemon.goes_on",
    "stream.alarm",
    "stream.recovered",
    "retry.scheduled",
)

if __name__ == "__main__":
    sys.exit(main())
