"""Random lives with a past: deals that open and close, words of the CRM, follow-ups; and what the engine says."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.engine.life import lives
from connector.rules.load import RuleSet
from tests.engine_world import World
from tests.qualify_world import AS_OF, DAY, STAGES, evaluate, fill, random_life
from tests.reference.life_reference import Past, crm_at, deals_at
from tests.reference.qualify_reference import Person

WORDS = (None, None, None, "disqualified", "disqualified", "opportunity", "won", "new")
RUN_DAYS = (datetime(2026, 1, 13, 15, tzinfo=UTC), datetime(2026, 5, 19, 15, tzinfo=UTC))
"""Midnights in Tokyo of Wednesdays after a business day: a run that starts then counts from then on."""


@dataclass(frozen=True)
class State:
    """What a person is at a moment, as a life tells it."""

    stage: str | None = None
    is_mql: bool = False
    is_sql: bool = False
    ready: bool = False


def random_past(rng: random.Random, person_id: str) -> Past:
    """One life with dated deals, a word of the CRM and perhaps a follow-up."""
    person = random_life(rng, person_id)
    deals = [_deal(rng, person, number) for number in range(rng.choice((0, 0, 0, 1, 1, 2, 3)))]
    word = rng.choice(WORDS)
    since = AS_OF - rng.randrange(200) * DAY if word == "disqualified" and rng.random() < 0.7 else None
    begun = rng.choice(RUN_DAYS)
    run = (begun, begun + rng.randrange(1, 40) * DAY + timedelta(hours=rng.randrange(24)))
    stamped = rng.random() < 0.3
    return Past(replace(person, deals=deals), word, since, run if stamped else None, STAGES)


def _deal(rng: random.Random, person: Person, number: int) -> dict[str, Any]:
    """A deal whose waiting time ends, now and then, at the very moment of an activity."""
    person_id = person.row["person_id"]
    created = AS_OF - timedelta(hours=rng.randrange(300 * 24))
    closed = created + timedelta(hours=rng.randrange(1, 150 * 24))
    if person.activities and rng.random() < 0.4:
        closed = rng.choice(person.activities)["occurred_at"] - rng.choice((0, 7, 90)) * DAY
        created = closed - 20 * DAY
    status = rng.choice(("open", "won", "lost", "lost", "lost"))
    return {
        "opportunity_id": f"{person_id}-d{number}",
        "person_id": person_id,
        "created_at": created,
        "closed_at": None if status == "open" else closed,
        "status": status,
        "amount": rng.choice((None, 50.0, 100.0)),
        "loss_reason": rng.choice((None, "price")),
    }


def engine_lives(rules: RuleSet, pasts: Sequence[Past], as_of: datetime, rng: random.Random) -> World:
    """A world in which everybody was evaluated as of a time; the rows come in any order."""
    world = World()
    fill(world, [_as_of(past, as_of) for past in pasts], rng)
    runs = [
        {
            "person_id": past.person.row["person_id"],
            "cadence": "hot",
            "start_date": (past.run[0] + timedelta(hours=9)).date(),
            "ended_at": past.run[1],
        }
        for past in pasts
        if past.run
    ]
    world.cadence_runs(*runs)
    words = [
        {
            "person_id": past.person.row["person_id"],
            "begins": past.word_since,
            "status": past.word,
            "reason": past.person.row.get("close_reason"),
        }
        for past in pasts
        if past.word and (past.word_since is None or past.word_since <= as_of)
    ]
    world.crm_words(*words)
    evaluate(rules, as_of, world)
    lives(rules, as_of, world.run)
    return world


def _as_of(past: Past, as_of: datetime) -> Person:
    """The person with the deals and the word of the CRM as they stand at a time."""
    status, lost_at = crm_at(past, as_of)
    closed = past.word_since if past.word == "disqualified" else None
    row = {**past.person.row, "crm_status": status, "lost_at": lost_at, "closed_at": closed}
    return replace(past.person, row=row, deals=deals_at(past, as_of), open_until=None)


def life_rows(world: World) -> dict[str, list[dict[str, Any]]]:
    """The transitions of everybody in their order, times aware."""
    found: dict[str, list[dict[str, Any]]] = {}
    cursor = world.connection.execute("SELECT * FROM life ORDER BY person_id, n")
    names = [column[0] for column in cursor.description]
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        found.setdefault(row["person_id"], []).append({**row, "at": row["at"].replace(tzinfo=UTC)})
    return found


def state_of(rows: Sequence[Mapping[str, Any]], now: datetime) -> State:
    """What a life says of a moment."""
    state = State()
    for row in rows:
        if row["at"] > now:
            break
        kind = row["kind"]
        if kind == "stage":
            assert row["from_stage"] == state.stage
            state = replace(state, stage=row["to_stage"])
        elif kind in {"mql_gained", "mql_lost"}:
            state = replace(state, is_mql=kind == "mql_gained")
        elif kind in {"sql_gained", "sql_lost"}:
            state = replace(state, is_sql=kind == "sql_gained")
        elif kind in {"toss_up_ready", "toss_up_lost"}:
            state = replace(state, ready=kind == "toss_up_ready")
    return state
