"""One random world evaluated cycle by cycle: to look at whom something has touched is as good as to look at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from unittest.mock import patch

from connector import flow
from connector.bootstrap import open_river
from connector.cli.river import run_cycle
from connector.engine.answers import answers
from connector.river import River, here
from connector.store import touched
from tests.worlds.ground import QUICK, ground, some_people
from tests.worlds.people import PAUSES
from tests.worlds.world import Told, World

OBJECTS = (
    *("Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole", "Campaign", "CampaignMember", "Task"),
    *("Event", "Organization", "prospects", "visitors", "visits", "visitor-activities", "visitor-page-views"),
)
"""All that people are made of, and what they do."""


def run_touched(seed: int, folder: Path, rounds: int) -> Told:
    """Lives through the world of a seed; after each cycle everybody is evaluated beside what was kept.

    `told.met` counts the cycles that looked at some people only, and how many people those were.
    """
    dice, told = Random(seed), Told(seed)
    with ground(folder, some_people(dice, seed, folder), OBJECTS) as whole, patch.object(touched, "MOST", 1.0):
        laid = replace(whole, settings=whole.settings.model_copy(update={"evaluate_all_below": 0}))
        world = World(laid, dice, told, writes=True)
        for number in range(rounds):
            told.events.append(f"round {number + 1}")
            world.people_work()
            if dice.random() < 0.5:
                told.events.append(world.people.move(PAUSES))
            with open_river(laid.settings, retry=QUICK) as river:
                kept = run_cycle(river, first_contact=True, force=True).kept
                narrow = river.store.value("SELECT NOT whole FROM evaluation ORDER BY as_of DESC, whole LIMIT 1")
                told.met["narrow" if narrow else "whole"] += 1
                told.met["looked at"] += kept.looked_at if narrow else 0
                told.differences += [f"round {number + 1}: {one}" for one in _differences(river)]
                told.differences += [f"round {number + 1}: {kept.examples} differed"] if kept.differences else []
    return told


def _differences(river: River) -> list[str]:
    """Of whom everybody's evaluation says something else than what was kept, apart from whose time has come since."""
    as_of = here(river).reader.server_time()
    flow.mirror(river)
    flow.enrich(river, as_of)
    flow.score(river, as_of)
    flow.decide(river, as_of)
    answers(river.store.run)
    rows = river.store.run(
        "SELECT person_id, old.score, new.score, old.stage, new.stage FROM evaluated AS old "
        "FULL JOIN answers AS new USING (person_id) WHERE old.digest IS DISTINCT FROM new.digest "
        "AND NOT coalesce(old.pending OR old.next_change_at <= $now, FALSE) ORDER BY person_id",
        {"now": as_of.replace(tzinfo=None)},
    )
    return [f"{person}: score {old} is {new}, {was} is {stage}" for person, old, new, was, stage in rows]
