"""The kinds of runs: deaths within this process, real deaths of processes, and a run beside an undisturbed one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from connector.sandbox.serve import RunningSandbox
from tests.chaos.engagement import with_engagement
from tests.chaos.land import land, shipped, shipped_for_lists
from tests.chaos.rules import mutated
from tests.chaos.story import Size, Told, live
from tests.chaos.twin import live_twice
from tests.chaos.victims import live_by_processes

PEOPLE = (8, 15, 25, 25, 40, 60)


def of_deaths(running: RunningSandbox, told: Told, folder: Path, size: Size | None = None) -> None:
    """A run whose deaths are exceptions at any boundary of an effect."""
    dice = Random(f"world {told.seed}")
    rules, people, unique = mutated(shipped(), told.seed), dice.choice(PEOPLE), dice.random() < 0.5
    with land(running, folder / "connector", rules, people=people, seed=told.seed, unique=unique) as laid:
        live(laid, told, folder, size or Size(undoes=told.seed % 2 == 0))


def of_processes(running: RunningSandbox, told: Told, folder: Path, size: Size | None = None) -> None:
    """A run whose connector is a process of its own, killed for real."""
    dice = Random(f"world {told.seed}")
    rules, people, unique = mutated(shipped(), told.seed), dice.choice(PEOPLE), dice.random() < 0.5
    with land(running, folder / "connector", rules, people=people, seed=told.seed, unique=unique) as laid:
        live_by_processes(laid, told, folder, size or Size(days=2))


def of_twins(running: RunningSandbox, told: Told, folder: Path, size: Size | None = None) -> None:
    """A run, and the same one undisturbed, which must end the same."""
    dice = Random(f"world {told.seed}")
    live_twice(running, told, folder, size or Size(days=2, settles=True), people=dice.choice(PEOPLE))


def of_lists(running: RunningSandbox, told: Told, folder: Path, size: Size | None = None) -> None:
    """A run whose deaths are exceptions, in which Account Engagement is written too."""
    dice = Random(f"world {told.seed}")
    rules, people = with_engagement(mutated(shipped_for_lists(), told.seed), told.seed), dice.choice(PEOPLE)
    with land(running, folder / "connector", rules, people=people, seed=told.seed) as laid:
        live(laid, told, folder, size or Size())


KINDS: Mapping[str, Callable[[RunningSandbox, Told, Path], None]] = {
    "deaths": of_deaths,
    "processes": of_processes,
    "twins": of_twins,
    "lists": of_lists,
}
