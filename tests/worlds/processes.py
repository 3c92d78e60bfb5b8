"""One random world whose connector is a process of its own, killed for real at some request, and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import yaml

from connector.bootstrap import open_river
from tests.worlds.answering import answering
from tests.worlds.cycles import OBJECTS, settled_down, written, written_badly
from tests.worlds.ground import MAPPINGS, QUICK, Ground, ground, some_people
from tests.worlds.world import Told, World

LONGEST_RUN = 300
COMMANDS: Sequence[Sequence[str]] = (("pull",), ("sync", "--first-contact", "--force"))
REQUESTS = 60
"""About as many as a run makes in these worlds."""


@dataclass
class Executioner:
    """Kills a process, without a word of warning, when the sandbox has answered its nth request."""

    process: subprocess.Popen[bytes]
    left: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self) -> None:
        with self.lock:
            self.left -= 1
            if self.left == 0:
                self.process.send_signal(signal.SIGKILL)


def run_processes(seed: int, folder: Path, most_rounds: int = 4) -> Told:
    """Lives through the world of a seed, in two rounds or more, each with a process that is killed or ends by itself.

    AssertionError when a process ends in a way that it must not.
    """
    dice, told = Random(seed), Told(seed)
    command = COMMANDS[seed % len(COMMANDS)]
    with ground(folder, some_people(dice, seed, folder), OBJECTS) as laid:
        rules = rules_of(folder / "mappings", OBJECTS)
        world = World(laid, dice, told, writes=len(command) > 1)
        for number in range(dice.randint(2, most_rounds)):
            told.events.append(f"round {number + 1}")
            world.people_work()
            _run(world, command, rules, dies=number == 0 or dice.random() < 0.8)
        world.quiet()
        if world.writes:
            with open_river(laid.settings, retry=QUICK) as river:
                told.differences += settled_down(river)
                told.differences += written_badly(river.store, world.control.truth("Task"), told.destroyed)
                told.written += written(river.store)
    return told


def _run(world: World, command: Sequence[str], rules: Path, *, dies: bool) -> None:
    """One process from its start to its end, by whatever hand."""
    log = world.ground.settings.state.with_name("stderr.txt")
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "connector", *command],
            env=_environment(world.ground, rules),
            cwd=rules.parent,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
    executioner = Executioner(process, world.dice.randint(4, REQUESTS) if dies else 0)
    try:
        with answering(executioner.seen):
            code = process.wait(LONGEST_RUN)
    finally:
        process.kill()
        process.wait()
    world.told.kills += code == -signal.SIGKILL
    world.told.events.append(f"{' '.join(command)} ended with {code}")
    assert code in {0, -signal.SIGKILL}, log.read_text("utf-8")


def rules_of(folder: Path, names: Collection[str]) -> Path:
    """The shipped rules, with the fields of some objects only."""
    shutil.copytree(MAPPINGS, folder)
    file = folder / "fields.yaml"
    document = yaml.safe_load(file.read_text("utf-8"))
    for remote in ("salesforce", "account_engagement"):
        objects = document[remote]
        document[remote] = {name: objects[name] for name in objects if name.replace("_", "-") in names or name in names}
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    return folder


def _environment(laid: Ground, rules: Path) -> dict[str, str]:
    settings = laid.settings
    bare = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    return {
        **bare,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CONNECTOR_SALESFORCE_URL": str(settings.salesforce_url),
        "CONNECTOR_SALESFORCE_CLIENT_ID": laid.running.settings["client_id"],
        "CONNECTOR_SALESFORCE_CLIENT_SECRET": laid.running.settings["client_secret"],
        "CONNECTOR_ACCOUNT_ENGAGEMENT_URL": str(settings.account_engagement_url),
        "CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": laid.running.settings["business_unit_id"],
        "CONNECTOR_CA_FILE": str(settings.ca_file),
        "CONNECTOR_STATE": str(settings.state),
        "CONNECTOR_MAPPINGS": str(rules),
    }
