"""Stages, lead times, rises and what is asked: of random rules and lives the engine says what a walk through them says.

`CONNECTOR_TEST_LIVES=100000 pytest tests/laws/test_stage_laws.py` tries so many lives instead of a few.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.rises import rises
from connector.engine.stages import stage_times
from connector.rules.load import RuleSet
from tests.engine_world import World, rules_with
from tests.life_world import engine_lives, life_rows, random_past
from tests.qualify_world import AS_OF, Rules, random_rules, sql, written
from tests.reference.life_reference import Past
from tests.reference.stage_reference import asks, over, risen, segment, stage_since

pytestmark = pytest.mark.requirement("LC-4", "LC-9", "LC-11", "LC-12", "LC-13")

LIVES = int(os.environ.get("CONNECTOR_TEST_LIVES", "0"))
SETS, EACH = (LIVES // 500, 500) if LIVES else (1, 30)
STAGES = ("registered", "cold", "hot", "opportunity", "won", "lost", "disqualified")
WHENS = ((">=", "employees", 100), ("<", "employees", 100), ("null", "title"), ("=", "title", "CTO"))
DEALS = ((">=", "amount", 100), ("null", "amount"), ("=", "status", "won"))
SPANS = (1, 7, 20, 30, 60, 90)


def random_stages(rng: random.Random) -> Rules:
    """What this part adds to random rules."""
    limits = {
        stage: {"owner": "marketing", "within_days": rng.choice(SPANS), "then": "review"}
        for stage in STAGES
        if rng.random() < 0.7
    }
    times = []
    for number in range(rng.randrange(3)):
        told: Rules = {"id": f"s{number}", "expected": {s: rng.choice(SPANS) for s in rng.sample(STAGES, 3)}}
        told |= {"when": rng.choice(WHENS)} if rng.random() < 0.7 else {}
        times.append(told | ({"deal": rng.choice(DEALS)} if rng.random() < 0.4 else {}))
    rises = [
        {"id": f"r{n}", "stage": rng.choice(STAGES), "points": rng.choice((1, 5, 10)), "within_days": rng.choice(SPANS)}
        for n in range(rng.randrange(1, 5))
    ]
    return {"limits": limits, "lead_times": times, "rises": rises}


def random_items(rng: random.Random, rules: Rules) -> Rules:
    items = []
    for item in rules["hearing"]:
        of: Rules = {"customers": rng.choice(("new", "existing"))} if rng.random() < 0.4 else {}
        of |= {"deal": rng.choice(DEALS)} if rng.random() < 0.3 else {}
        of |= {"attributes": rng.choice(WHENS)} if rng.random() < 0.3 else {}
        by_stage = rng.choice((None, "registered", "cold", "hot", "opportunity", "won"))
        told = {"by_stage": by_stage, **({"required_for": of} if of else {})} if by_stage else {}
        items.append({**item, **told})
    return {**rules, "hearing": items}


def ruled(rules: Rules, folder: Path) -> RuleSet:
    """The rules with what this part adds, as a folder of files."""
    bare = {
        **rules,
        "hearing": [{k: v for k, v in one.items() if k[:2] not in {"by", "re"}} for one in rules["hearing"]],
    }
    written(bare, folder)
    life = json.loads((folder / "lifecycle.yaml").read_text("utf-8"))
    life["stages"] = {name: {**text, **rules["limits"].get(name, {})} for name, text in life["stages"].items()}
    for key in ("lead_times", "rises"):
        life[key] = [{**_told(one), "name": one["id"]} for one in rules[key]]
    for item, told in zip(life["hearing"], rules["hearing"], strict=True):
        item |= {key: _told(told[key]) for key in ("by_stage", "required_for") if key in told}
    tiers = (folder / "tiers.yaml").read_text("utf-8")
    return rules_with(folder, lifecycle=json.dumps(life, ensure_ascii=False), tiers=tiers)


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _told(inner) for key, inner in value.items()}
    return sql(value) if isinstance(value, tuple) else value


def _differences(rules: Rules, past: Past, world: Rules, now: datetime) -> list[object]:
    """What the engine and the walk say differently of one person."""
    who = str(past.person.row["person_id"])
    times, lead, rise = world["times"][who], world["lead"].get(who, []), world["risen"].get(who, {})
    stage, since = times["stage"], _aware(times["since"])
    found: list[object] = []
    if who not in world["undated"]:
        expected = stage_since(rules, past, now)
        found += [] if since == expected else [(past, "since", since, expected)]
    limit = rules["limits"].get(stage, {}).get("within_days")
    found += [] if times["overdue"] == over(since, limit, now) else [(past, "overdue", times)]
    one = segment(rules, past, now)
    days = one["expected"].get(stage) if one else None
    told = [(row["segment"], row["days"], row["late"]) for row in lead if row["about"] == "stage"]
    wanted = [(one["id"], days, over(since, days, now))] if one and days and since else []
    found += [] if [row for row in told if since] == wanted else [(past, "lead", told, wanted)]
    went_up = risen(rules, past, stage, since, now)
    said = (rise["rise"], rise["points"], _aware(rise["reached_at"])) if rise.get("rise") else None
    found += [] if said == went_up else [(past, "rise", said, went_up)]
    missing = asks(rules, past, stage, world["acceptable"][who], now)
    found += [] if world["asks"].get(who, []) == missing else [(past, "asks", world["asks"].get(who), missing)]
    return found


def by_lives(book: RuleSet, now: datetime, world: World) -> None:
    """Stages by the lives that were worked out already."""
    stage_times(book.lifecycle, now, world.run, lived=True)
    rises(book.lifecycle, now, world.run)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _said(world: World) -> Rules:
    lead: dict[str, list[Rules]] = {}
    for row in world.run("SELECT person_id, about, segment, days, late FROM lead_timed", {}):
        lead.setdefault(row[0], []).append(dict(zip(("about", "segment", "days", "late"), row[1:], strict=True)))
    last = {who: [row for row in rows if row["kind"] == "stage"][-1] for who, rows in life_rows(world).items()}
    return {
        "times": world.rows("stage_times"),
        "lead": lead,
        "risen": world.rows("risen"),
        "asks": {who: row["ask"] for who, row in world.rows("hearing_asks").items()},
        "acceptable": {who: row["acceptable"] for who, row in world.rows("qualified").items()},
        "undated": {who for who, row in last.items() if "crm_status" in row["undated"]},
    }


def verdicts(world: World) -> dict[str, list[Any]]:
    """All that time alone can change, by person."""
    told = "SELECT person_id, stage, overdue FROM stage_times UNION ALL SELECT person_id, about || stage, late "
    told += "FROM lead_timed UNION ALL SELECT person_id, rise, TRUE FROM risen WHERE rise IS NOT NULL ORDER BY ALL"
    found: dict[str, list[Any]] = {}
    for row in world.run(told, {}):
        found.setdefault(row[0], []).append(row[1:])
    return found


def turns(world: World) -> dict[str, datetime | None]:
    """The moment before which nothing of that changes, by person."""
    tables = ("stage_times", "lead_timed", "risen", "scored", "claim_changes")
    each = " UNION ALL ".join(f"SELECT person_id, next_change_at FROM {table}" for table in tables)
    return {
        who: _aware(at) for who, at in world.run(f"SELECT person_id, min(next_change_at) FROM ({each}) GROUP BY 1", {})
    }


@pytest.mark.parametrize("seed", range(SETS))
def test_any_rules_say_of_any_life_what_a_walk_says_and_time_changes_nothing_before_the_moment_told(
    seed: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    rules = random_items(rng, {**random_rules(rng), **random_stages(rng)})
    book = ruled(rules, tmp_path)
    pasts = [random_past(rng, f"p{number}") for number in range(EACH)]
    world = engine_lives(book, pasts, AS_OF, rng)
    by_lives(book, AS_OF, world)
    said = _said(world)
    known = [past for past in pasts if past.person.row["person_id"] in said["times"]]
    grades = {who: row["grade"] for who, row in world.rows("graded").items()}
    for past in known:
        who = past.person.row["person_id"]
        graded = replace(past, person=replace(past.person, fit=past.person.row, grade=grades[who]))
        assert _differences(rules, graded, said, AS_OF) == []
    assert len(known) > EACH / 2
    assert any(row["rise"] for row in said["risen"].values()) or not LIVES

    before, later = verdicts(world), AS_OF + timedelta(days=2)
    quiet = {who for who, moment in turns(world).items() if moment is None or moment > later} & before.keys()
    after = engine_lives(book, pasts, later, rng)
    by_lives(book, later, after)
    told = verdicts(after)
    assert quiet
    assert {who: before[who] for who in quiet} == {who: told[who] for who in quiet}
