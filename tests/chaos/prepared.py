"""A run from a plan that was made before: world and store are put back instead of being made again for each run."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from unittest.mock import patch

from connector import flow, upkeep
from connector.bootstrap import Rulebook, open_river
from connector.sandbox.serve import RunningSandbox
from connector.store.touched import Kept
from tests.chaos.deeds import INTEREST
from tests.chaos.engine import hasty_engine
from tests.chaos.land import Land, land, shipped
from tests.chaos.rules import mutated
from tests.chaos.story import Size, Story, Told, apply_file, save_file
from tests.chaos.victims import ByProcesses, Orders
from tests.worlds.ground import QUICK, upon

SIZE = Size(days=1, attempts=3, quiet_cycles=1)
UNTOUCHED = (
    "salesforce.User",
    "salesforce.LeadStatus",
    "account_engagement.forms",
    "account_engagement.visitor_activities",
)
"""Streams that nobody changes in these runs: not to read them again is almost half of the quiet cycle's calls."""
EFFECTS = 70
"""About as many as an apply has in these worlds."""


@dataclass(frozen=True)
class Prepared:
    """A world at a moment at which a plan was saved: copies of both sides' state, and what the land needs to know."""

    land: Land
    folder: Path
    instant: datetime

    @property
    def plan(self) -> Path:
        return self.folder / "plan.json"


@contextmanager
def prepared(running: RunningSandbox, folder: Path, seed: int, people: int) -> Iterator[Prepared]:
    """A world in which some have become interested, and the plan for it."""
    dice, rules = Random(f"prepared {seed}"), mutated(shipped(), seed)
    folder.mkdir()
    with land(running, folder / "connector", rules, people=people, seed=seed, unique=seed % 2 == 0) as laid:
        for _ in range(8):
            laid.crowd.do(dice.choice(INTEREST)(laid.crowd, dice))
        with open_river(laid.ground.settings, retry=QUICK) as river:
            save_file(river, folder / "plan.json")
        with sqlite3.connect(folder / "world.sqlite") as copy:
            running.sandbox.database.reader().backup(copy)
        copy.close()
        yield Prepared(laid, folder, running.sandbox.clock.now())


@contextmanager
def again(running: RunningSandbox, one: Prepared, state: Path) -> Iterator[Land]:
    """The same world once more, with a copy of the store in `state`."""
    running.sandbox.clock.set(one.instant, frozen=True)
    running.sandbox.open_state["lived_until"] = one.instant
    with sqlite3.connect(one.folder / "world.sqlite") as copy, running.sandbox.database.write() as connection:
        connection.commit()
        copy.backup(connection)
        connection.execute("BEGIN")
    copy.close()
    shutil.copytree(one.folder / "connector", state)
    rulebook: Rulebook = one.land.rulebook
    with upon(running, state, rulebook) as laid, hasty_engine():
        yield Land(laid, rulebook, one.land.crowd, one.land.refused)


@dataclass
class FromAFile(Story):
    """A run in which the saved plan is carried out, again and again."""

    plan: Path = Path()

    def try_something(self) -> None:
        self.disturbed(lambda river: apply_file(river, self.plan))


@dataclass
class FromAFileByProcesses(ByProcesses):
    """The same by processes that are killed. `rules` is the seed of theirs."""

    plan: Path = Path()
    rules: int = 0

    def try_something(self) -> None:
        settings, small = self.land.ground.settings, self.dice.randint(0, 99)
        self.send_for(Orders(settings, self.rules, "apply", self.plan, small, hasty=True))


def of_prepared(running: RunningSandbox, one: Prepared, told: Told, folder: Path) -> None:
    """A run whose deaths are exceptions."""
    with again(running, one, folder / "connector") as laid:
        _live(FromAFile(laid, Random(told.seed), told, folder, SIZE, EFFECTS, plan=one.plan))


def of_prepared_processes(running: RunningSandbox, one: Prepared, told: Told, folder: Path, rules: int) -> None:
    """A run whose connector is a process of its own, killed for real. `rules` is the seed of the prepared ones."""
    with again(running, one, folder / "connector") as laid:
        story = FromAFileByProcesses(laid, Random(told.seed), told, folder, SIZE, EFFECTS, plan=one.plan, rules=rules)
        _live(story)


def _live(story: Story) -> None:
    story.people_work(2)
    story.attempts()
    pull = flow.pull
    with (
        patch.object(flow, "pull", lambda river, **_options: pull(river, skip=UNTOUCHED)),
        # What pulls miss is proved elsewhere: here nothing is missed, and a look at all would cost a tenth of the run.
        patch.object(flow, "reconcile", lambda _river, _pulled: []),
        # Nobody evaluates anything after this cycle: what it would need is not kept.
        patch.object(upkeep, "keep", lambda _river, _whom, _planned, _as_of: Kept(0, 0)),
    ):
        story.end()
