"""Where runs take place: one sandbox for all of a process, with a world of its own for each run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connector.bootstrap import Rulebook
from connector.rules.fields import Fields
from connector.sandbox.config import SandboxConfig
from connector.sandbox.serve import RunningSandbox
from tests.chaos.counts import CONSENT, Change, watched
from tests.chaos.deeds import Crowd
from tests.chaos.engagement import MEMBERSHIPS, WATCHED, is_written
from tests.worlds.cycles import OBJECTS
from tests.worlds.ground import START, Ground, rulebook_of, served, upon
from tests.worlds.people import Control

WRITTEN = ("Lead", "Contact", "Account", "Task")


@dataclass(frozen=True)
class Land:
    """A world at its beginning, with the connector that works in it. `refused`: who had refused what by then."""

    ground: Ground
    rulebook: Rulebook
    crowd: Crowd
    refused: dict[tuple[str, str], bool]
    opted_out: frozenset[int] = frozenset()
    """The prospects who had by then."""

    @property
    def control(self) -> Control:
        return self.crowd.control

    @property
    def changes(self) -> list[Change]:
        """All changes since the beginning."""
        return [Change(**one) for one in self.control.do("GET", "changes")["changes"]]

    def truth(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The records that we write or make, by object and id, deleted ones included."""
        return {name: {str(row["Id"]): row for row in self.control.truth(name)} for name in WRITTEN}


@contextmanager
def sandbox(folder: Path) -> Iterator[RunningSandbox]:
    """A sandbox for many worlds, one after the other."""
    with served(folder, SandboxConfig(state=folder, people=1, seed=1, start=START, frozen=True)) as running:
        yield running


@contextmanager
def land(
    running: RunningSandbox, state: Path, rulebook: Rulebook, *, people: int, seed: int, unique: bool = True
) -> Iterator[Land]:
    """A new world, its clock standing still, whose changes are logged.

    `unique`: whether the org keeps the keys of our tasks so. `state` takes the connector's.
    """
    running.sandbox.config = replace(running.sandbox.config, unique_task_key=unique)
    with upon(running, state, rulebook) as laid:
        control = Control(running.url)
        control.do("POST", "reset", {"people": people, "seed": seed})
        control.do("PUT", "changes", {"objects": _watched(rulebook.mapping.fields)})
        username = running.sandbox.config.username
        ours = next(str(row["Id"]) for row in control.truth("User") if row["Username"] == username)
        crowd = Crowd(control, running.sandbox, ours, is_written(rulebook.mapping.fields.account_engagement))
        refused = {
            (str(row["Id"]), name): bool(row[name])
            for object_name in ("Lead", "Contact")
            for row in control.truth(object_name)
            for name in CONSENT.values()
        }
        opted_out = [int(row["id"]) for row in control.truth("prospects") if row["optedOut"]]
        yield Land(laid, rulebook, crowd, refused, frozenset(opted_out))


def _watched(fields: Fields) -> dict[str, list[str]]:
    return {**watched(fields), **(WATCHED if is_written(fields.account_engagement) else {})}


def shipped_for_lists() -> Rulebook:
    """The shipped rules, for what worlds read in which lists are written too."""
    return rulebook_of((*OBJECTS, "lists", MEMBERSHIPS))


def shipped() -> Rulebook:
    """The shipped rules, for what these worlds read."""
    return rulebook_of(OBJECTS)
