"""One random world with whole cycles: what is written stays single, whole and settled, whatever fails or dies."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from connector.bootstrap import open_river
from connector.cli.river import run_cycle
from connector.river import River
from connector.store.database import Store
from connector.store.journal import unsettled
from tests.worlds.ground import QUICK, ground, some_people
from tests.worlds.world import Told, World

OBJECTS = (
    "Lead",
    "Contact",
    "Account",
    "Opportunity",
    "Task",
    "User",
    "LeadStatus",
    "prospects",
    "visitor-activities",
    "forms",
)
"""What decisions about people need most; the rest is as if it were empty."""

Row = Mapping[str, Any]


def run_cycles(seed: int, folder: Path, most_rounds: int = 5) -> Told:
    """Lives through the world of a seed, in two rounds or more, each with a cycle that may die on the way."""
    dice, told = Random(seed), Told(seed)
    with ground(folder, some_people(dice, seed, folder), OBJECTS) as laid:
        world = World(laid, dice, told, boundaries=500, writes=True)
        for number in range(dice.randint(2, most_rounds)):
            told.events.append(f"round {number + 1}")
            world.weather_changes()
            world.people_work()
            world.attempt(_cycle)
        world.quiet()
        with open_river(laid.settings, retry=QUICK) as river:
            told.differences += settled_down(river)
            told.differences += written_badly(river.store, world.control.truth("Task"), told.destroyed)
            told.written += written(river.store)
    return told


def _cycle(river: River) -> None:
    """What `connector sync` does."""
    run_cycle(river, first_contact=True, force=True)


def settled_down(river: River) -> list[str]:
    """Two cycles in which nothing happens: the first may write, the second has nothing to do."""
    run_cycle(river, first_contact=True, force=True)
    again = run_cycle(river, first_contact=True, force=True).planned
    left = [f"{record.object} {record.record_id} {record.changes}" for record in again.records]
    left += [f"task {task.key}" for task in again.tasks]
    return [f"the second quiet cycle still plans {one}" for one in left]


def written_badly(store: Store, tasks: Iterable[Row], destroyed: Collection[str]) -> list[str]:
    """Open intents, tasks that are there twice or not at all, and fields that one run wrote with two values.

    `destroyed`: keys of tasks that people destroyed.
    """
    found = [f"intent {one.number} on {one.object} {one.record} is still open" for one in unsettled(store)]
    keys = Counter(str(row["Connector_Key__c"]) for row in tasks if row["Connector_Key__c"])
    found += [f"task {key} is there {count} times" for key, count in keys.items() if count > 1]
    return found + _lost(store, {*keys, *destroyed}) + _fields_written_twice(store)


def _lost(store: Store, known: Collection[str]) -> list[str]:
    """Tasks that count as made, and of which nobody knows."""
    made = store.run("SELECT DISTINCT record FROM journal WHERE kind = 'task' AND outcome = 'done'")
    return [f"task {key} counts as made and is not there" for (key,) in made if key not in known]


def _fields_written_twice(store: Store) -> list[str]:
    written: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    sql = "SELECT run_id, record, values_after FROM journal WHERE kind = 'update' AND outcome = 'done'"
    for run_id, record, after in store.run(sql):
        for name, value in json.loads(after).items():
            written[run_id, record, name].add(json.dumps(value))
    return [
        f"run {run_id} wrote {name} of {record} as {' and '.join(sorted(values))}"
        for (run_id, record, name), values in written.items()
        if len(values) > 1
    ]


def written(store: Store) -> Counter[str]:
    """How many records and tasks were written."""
    return Counter(dict(store.run("SELECT kind, count(*) FROM journal WHERE outcome = 'done' GROUP BY kind")))
