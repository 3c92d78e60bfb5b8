"""One random world evaluated cycle by cycle: to look at whom something has touched is as good as to look at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch

from connector import flow, upkeep
from connector.bootstrap import open_river
from connector.cli.river import run_cycle
from connector.domain.plan import Plan
from connector.engine.answers import answers
from connector.planning.file import to_document
from connector.river import River, here
from connector.store import touched
from connector.store.touched import Whom
from tests.worlds.ground import QUICK, ground, some_people
from tests.worlds.people import PAUSES
from tests.worlds.world import Told, World

OBJECTS = (
    *("Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole", "Campaign", "CampaignMember", "Task"),
    *("Event", "Organization", "prospects", "visitors", "visits", "visitor-activities", "visitor-page-views", "forms"),
)
"""All that people are made of, and what they do."""


PLANNED = ("records", "tasks", "starts", "ends", "transitions", "kept", "withheld")
"""What of a narrow plan has to be what a look at everybody would plan at the same moment."""

WORDS = (None, "不在", "対象外", "継続フォロー", "商談化")
"""What reps say when they tick off a task."""

SELDOM_WHOLE = timedelta(days=9)


def run_touched(seed: int, folder: Path, rounds: int) -> Told:
    """Lives through the world of a seed; each cycle plans as a look at everybody would, and keeps what that would keep.

    `told.met` counts the cycles that looked at some people only, how many people those were, and what was planned.
    """
    dice, told = Random(seed), Told(seed)
    with ExitStack() as laid_down:
        whole = laid_down.enter_context(ground(folder, some_people(dice, seed, folder), OBJECTS))
        laid_down.enter_context(patch.multiple(touched, MOST=1.0, DAY=SELDOM_WHOLE))
        laid = replace(whole, settings=whole.settings.model_copy(update={"evaluate_all_below": 0}))
        world = World(laid, dice, told, writes=True)
        for number in range(rounds):
            told.events.append(f"round {number + 1}")
            world.people_work()
            told.events += [_at_the_desk(world) for _ in range(dice.randint(0, 3))]
            if dice.random() < 0.5:
                told.events.append(world.people.move(PAUSES))
            told.differences += [f"round {number + 1}: {one}" for one in _one_cycle(world)]
    return told


def _one_cycle(world: World) -> list[str]:
    """A cycle, and what of it is not as a look at everybody would have it."""
    told = world.told
    with open_river(world.ground.settings, retry=QUICK) as river, _planned_by_all() as by_all:
        cycle = run_cycle(river, first_contact=True, force=True)
        narrow = river.store.value("SELECT NOT whole FROM evaluation ORDER BY as_of DESC, whole LIMIT 1")
        told.met["narrow" if narrow else "whole"] += 1
        told.met["looked at"] += cycle.kept.looked_at if narrow else 0
        told.met.update({name: len(getattr(cycle.planned, name)) for name in ("tasks", "starts", "ends", "withheld")})
        found = by_all.apart(cycle.planned) + _differences(river)
        return found + ([f"{cycle.kept.examples} differed"] if cycle.kept.differences else [])


@dataclass
class _ByAll:
    """What a look at everybody plans."""

    plan: Plan | None = None

    def apart(self, narrow: Plan) -> list[str]:
        assert self.plan is not None
        theirs, ours = to_document(self.plan), to_document(narrow)
        return [
            f"{what} {name}: {one}"
            for name in PLANNED
            for what, mine, other in (("only some plan", ours, theirs), ("all plan", theirs, ours))
            for one in mine[name]
            if one not in other[name]
        ]


@contextmanager
def _planned_by_all() -> Iterator[_ByAll]:
    """Lets a cycle plan for everybody first, of the same mirror and at the same moment, and forget it again."""
    by_all, narrow = _ByAll(), upkeep.narrow

    def planned_before(river: River, as_of: datetime) -> Whom:
        before = _temporary(river)
        flow.enrich(river, as_of, remember=False)
        flow.score(river, as_of)
        flow.decide(river, as_of)
        by_all.plan = flow.plan(river, here(river).org_id, as_of)
        for name in _temporary(river) - before:
            river.store.run(f'DROP TABLE temp."{name}"')
        flow.mirror(river)
        return narrow(river, as_of)

    with patch.object(upkeep, "narrow", planned_before):
        yield by_all


def _temporary(river: River) -> set[str]:
    return {str(name) for (name,) in river.store.run("SELECT table_name FROM duckdb_tables() WHERE temporary")}


def _at_the_desk(world: World) -> str:
    """What reps do with what we made, and what people ask for."""
    deeds: tuple[Callable[[World], str], ...] = (_tick_off, _tick_off, _take_consent_away, _ask)
    return world.dice.choice(deeds)(world)


def _ask(world: World) -> str:
    return world.people.engagement.inquire()


def _tick_off(world: World) -> str:
    ours = [row for row in world.control.truth("Task") if row["Connector_Key__c"] and not row["IsDeleted"]]
    if not ours:
        return "there is no task to tick off"
    task, word = world.dice.choice(ours), world.dice.choice(WORDS)
    deed = {"id": task["Id"], "fields": {"Status": "Completed", "CallDisposition": word}}
    return f"edit {deed}: {world.control.call('POST', 'edit', deed).status_code}"


def _take_consent_away(world: World) -> str:
    record = world.dice.choice(world.people.records("Lead") or [""])
    deed = {"id": record, "fields": {world.dice.choice(("HasOptedOutOfEmail", "DoNotCall")): world.dice.random() < 0.7}}
    return f"edit {deed}: {world.control.call('POST', 'edit', deed).status_code}"


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
