"""A connector that is a process of its own, killed without a word of warning, and started again."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from unittest.mock import patch

import structlog

from connector import bootstrap
from connector.bootstrap import open_river
from connector.errors import ConnectorError
from connector.settings import Settings
from connector.store import database
from tests.chaos.engine import hasty_engine
from tests.chaos.land import Land, shipped
from tests.chaos.rules import mutated
from tests.chaos.story import Happening, Size, Story, Told, apply_file, cycle, save_file
from tests.chaos.weather import faults, small_calls
from tests.worlds.answering import answering
from tests.worlds.ground import QUICK

REFUSED = 3
"""How a victim ends that was stopped by a fault, as the commands are."""
CALLS = 45
"""About as many as a cycle makes in these worlds."""
LONGEST = 120.0

# The processes come from one that has read the rules already: starting the interpreter anew costs more than a cycle.
_STARTING = multiprocessing.get_context("forkserver")
_STARTING.set_forkserver_preload(["tests.chaos.victims"])


@dataclass(frozen=True)
class Orders:
    """What a process is to do: one of `sync`, `plan` and `apply`, under the rules of the seed `rules`.

    `file` is where its plan is kept; `small` decides how small its calls are; `hasty` which engine its store has.
    """

    settings: Settings
    rules: int
    work: str
    file: Path
    small: int
    hasty: bool = False


def obey(orders: Orders) -> None:
    """The life of a process: one command, and the code that it ends with."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    rulebook = mutated(shipped(), orders.rules)
    with (
        patch.object(bootstrap, "load_rulebook", lambda _folder: rulebook),
        hasty_engine() if orders.hasty else patch.dict(database._CONFIG, {"threads": "1"}),
        small_calls(Random(orders.small)),
    ):
        try:
            with open_river(orders.settings, retry=QUICK) as river:
                if orders.work == "sync":
                    cycle(river)
                elif orders.work == "plan":
                    save_file(river, orders.file)
                else:
                    apply_file(river, orders.file)
        except ConnectorError:
            sys.exit(REFUSED)


@dataclass
class Executioner:
    """Kills a process when the sandbox has answered its nth request, and so many seconds after."""

    process: BaseProcess
    left: int
    seconds: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self) -> None:
        with self.lock:
            self.left -= 1
            strikes = self.left == 0
        if strikes:
            threading.Timer(self.seconds, self.process.kill).start() if self.seconds else self.process.kill()


def live_by_processes(land: Land, told: Told, folder: Path, size: Size) -> None:
    """Lives through the run of a seed, every attempt a process. AssertionError when one ends as it must not."""
    story = ByProcesses(land, Random(told.seed), told, folder, size)
    for number in range(story.dice.randint(1, size.days)):
        told.events.append(f"day {number + 1}")
        story.day()
    story.end()


@dataclass
class ByProcesses(Story):
    """A run whose attempts are processes."""

    def try_something(self) -> None:
        file = self.folder / "plan.json"
        for work in ("plan", "apply") if self.dice.random() < 0.4 else ("sync",):
            if work == "apply":
                self.people_work(3)
                if not file.exists():
                    return
            self.send_for(Orders(self.land.ground.settings, self.told.seed, work, file, self.dice.randint(0, 99)))

    def send_for(self, orders: Orders) -> None:
        """A process among faults, from its start to its end, by whatever hand."""
        weather = faults(self.dice)
        self.land.control.do("PUT", "faults", weather)
        self.told.events.append(f"faults {weather['faults']}")
        self._run(orders)
        self.told.happenings.append(Happening(cycle=True))
        self.clear_up()

    def _run(self, orders: Orders) -> None:
        process = _STARTING.Process(target=obey, args=(orders,), daemon=True)
        dies = self.dice.random() < 0.8
        calls = 8 if orders.work == "apply" else CALLS
        after = self.dice.randint(1, calls) if self.dice.random() < 0.5 else self.dice.randint(calls // 2, calls)
        executioner = Executioner(process, after if dies else 0, self.dice.choice((0.0, 0.0, 0.002, 0.02, 0.3)))
        begun = time.monotonic()
        with answering(executioner.seen):
            process.start()
            process.join(LONGEST)
        code = process.exitcode
        self.told.kills += code == -signal.SIGKILL
        self.told.failed += code == REFUSED
        self.told.events.append(f"{orders.work} ended with {code} after {time.monotonic() - begun:.1f} s")
        assert code in {0, REFUSED, -signal.SIGKILL}, f"{orders.work} ended with {code}"


# What every process needs: read once, by the one that they come from.
shipped()
