"""Random rules with every feature at once, random people, and where the engine and the plain references differ."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.rules.load import RuleSet
from tests import qualify_world, score_world
from tests.engine_world import World, rules_with
from tests.laws.test_recycle_laws import random_rules as random_recycling
from tests.life_world import engine_lives, life_rows, random_past, state_of
from tests.qualify_world import AS_OF, DAY, MICRO, TIERS, lifecycle_of, sql
from tests.reference.qualify_reference import Verdict
from tests.reference.whole_reference import Known, Whole, tell

Rules = dict[str, Any]
Row = dict[str, Any]
PRODUCTS = (None, "a", "a", "b")
CONVERSIONS = (
    ("demo", ("=", "type", "demo_view")),
    ("prices", ("and", ("=", "type", "page_view"), ("=", "theme", "pricing"))),
)
WHENS = ((">=", "employees", 100), ("<", "employees", 100), ("null", "title"), ("=", "title", "CTO"))
DEALS = ((">=", "amount", 100), ("null", "amount"))
REASONS = (None, " ", "No budget", "予算なし", "競合", "TIMING", "later", "who knows")
DATES = (
    ("2026-05-20", date(2026, 5, 20)), ("2026-06-15", date(2026, 6, 15)), ("2026/6/16頃", date(2026, 6, 16)),
    ("2026年4月", date(2026, 4, 1)), ("2025-12-24", date(2025, 12, 24)), ("いつか", None),
)  # fmt: skip
LATER = AS_OF - score_world.AS_OF


def random_rules(rng: random.Random) -> Rules:
    """Rules of everything, as the references read them."""
    scoring = score_world.random_rules(rng)
    scoring["hot"]["at_least"] = rng.choice((2, 4, 8, 15))
    for rule in scoring["behaviour"]:
        rule["points"] = abs(rule["points"]) if rng.random() < 0.7 else rule["points"]
    rules: Rules = {"scoring": scoring, "lead_times": _lead_times(rng), "lines": _lines(rng, scoring)}
    rules["conversions"] = [{"id": name, "tree": tree} for name, tree in CONVERSIONS]
    rules["screened"] = rng.choice((None, ("=", "prefecture", "大阪府"), ("<", "employees", 100)))
    rules["recycling"] = rng.choice((None, *[random_recycling(rng)] * 5))
    rules["not_before"] = rng.choice((None, ["again_on"]))
    rules["qualify"] = _qualify(rng, rules)
    rules["second_approach"] = None
    if rules["recycling"] and rng.random() < 0.5:
        rules["second_approach"] = _requirement(rng, "again", rules)
    return rules


def _lead_times(rng: random.Random) -> list[Rules]:
    found = []
    for number in range(rng.randrange(3)):
        told: Rules = {"id": f"l{number}", "expected": {"hot": 7}}
        told |= {"when": rng.choice(WHENS)} if rng.random() < 0.7 else {}
        told |= {"deal": rng.choice(DEALS)} if rng.random() < 0.3 else {}
        told |= {"hot_at_least": rng.choice((3, 6, 20))} if rng.random() < 0.6 else {}
        found.append(told | ({"recycle_percent": rng.choice((50, 150))} if rng.random() < 0.6 else {}))
    return found


def _lines(rng: random.Random, scoring: Rules) -> list[Rules]:
    ids = [rule["id"] for part in ("behaviour", "visits", "weeks") for rule in scoring[part]]
    return [
        {"id": f"line_{product}", "product": product, "rules": rng.choice((None, rng.sample(ids, min(3, len(ids)))))}
        for product in ("a", "b")[: rng.randrange(3)]
    ]


def _qualify(rng: random.Random, rules: Rules) -> Rules:
    """The rules of what qualifies, with claims about lines, events, lead times and silence among the others."""
    found = qualify_world.random_rules(rng) | {"recycle": None, "threshold": rules["scoring"]["hot"]["at_least"]}
    found["hot"] = found["hot"] if rng.random() < 0.4 else []
    asked = [*found["hot"], *(found["mql"]["rules"] if found["mql"] else ())]
    asked += found["toss_up"]["criteria"] if found["toss_up"] else ()
    for requirement in asked:
        if rng.random() < 0.4:
            requirement[rng.choice(("all", "any"))].append(_claim(rng, rules))
    if found["toss_up"] and rules["lines"]:
        for part in found["toss_up"]["segments"]:
            part.update({"line": rules["lines"][0]["id"]} if rng.random() < 0.5 else {})
    return found


def _requirement(rng: random.Random, name: str, rules: Rules) -> Rules:
    return {"id": name, "all": [], "any": [_claim(rng, rules), {"score": rng.choice((2, 5))}]}


def _claim(rng: random.Random, rules: Rules) -> Rules:
    within = {"within_days": rng.choice((7, 30, 45))} if rng.random() < 0.5 else {}
    kind = rng.choice(("conversion", "silence", "line", "line", "lead_time"))
    if kind == "line" and rules["lines"]:
        line = rng.choice(rules["lines"])["id"]
        return {"line": line, rng.choice(("score", "score_at_most")): rng.choice((1, 4, 8)), **within}
    if kind == "lead_time" and rules["lead_times"]:
        return {"lead_time": rng.choice(rules["lead_times"])["id"]}
    if kind == "silence":
        asked = {"activity": ("<>", "type", "search"), "after_silence_days": rng.choice((1, 7, 30))}
        return {**asked, "at_least": rng.choice((1, 2)), **within}
    return {"conversion": rng.choice(CONVERSIONS)[0], "at_least": rng.choice((1, 2)), **within}


def written(rules: Rules, folder: Path) -> RuleSet:
    """The rules as the connector reads them."""
    life, hot = lifecycle_of(rules["qualify"]), rules["scoring"]["hot"]
    decides = {"with_attributes": hot["with_attributes"], "score": "ledger"}
    if hot["within_days"]:
        decides |= {"score": "window", "within_days": hot["within_days"]}
    life["hot"] |= {"decides": decides}
    life["lead_times"] = [{**_told(one), "name": one["id"]} for one in rules["lead_times"]]
    if rules["recycling"]:
        life["recycle"] = rules["recycling"]
    if rules["not_before"]:
        life["not_before"] = {"heard": rules["not_before"]}
    if rules["second_approach"]:
        again = {key: _told(value) for key, value in rules["second_approach"].items() if value}
        life["second_approach"] = {**again, "name": "again"}
    scoring = score_world.scoring_of(rules["scoring"])
    scoring["lines"] = [
        {"id": one["id"], "name": one["id"], "of": f"product = '{one['product']}'", "rules": one["rules"] or []}
        for one in rules["lines"]
    ]
    scoring["conversions"] = [{**_named(one), "when": sql(one["tree"])} for one in rules["conversions"]]
    tiers = TIERS
    if rules["screened"]:
        tiers += json.dumps({"screened": [{"id": "competitor", "name": "x", "when": sql(rules["screened"])}]})[1:-1]
    texts = {"scoring": scoring, "lifecycle": life}
    return rules_with(folder, tiers=tiers, **{name: json.dumps(one, ensure_ascii=False) for name, one in texts.items()})


def _named(one: Rules) -> Rules:
    return {"id": one["id"], "name": one["id"]}


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _told(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_told(inner) for inner in value]
    return sql(value) if isinstance(value, tuple) else value


def random_person(rng: random.Random, person_id: str, zone: str) -> Known:
    """One life with all that the features look at."""
    past = random_past(rng, person_id)
    if rng.random() < 0.5:
        past = replace(past, word=None, word_since=None, person=replace(past.person, deals=[]))
    elif past.person.deals and rng.random() < 0.5:
        past = replace(past, word=None, word_since=None)
    acts = [{**row, "visit_id": None} for row in past.person.activities]
    for _ in range(rng.choice((0, 1, 1, 2))):
        _, more = score_world.random_life(rng, person_id)
        number = len(acts)
        acts += [
            {**row, "activity_id": f"s{number}{row['activity_id']}", "occurred_at": row["occurred_at"] + LATER}
            for row in more
        ]
    acts = [{"machine": None, **row, "product": rng.choice(PRODUCTS)} for row in acts]
    hearing = _heard(rng, past.person.hearing, person_id)
    deals = [
        {"renewal_on": None, **deal} for deal in past.person.deals if deal["status"] == "lost" or rng.random() < 0.4
    ]
    for deal in deals:
        deal["loss_reason"] = rng.choice(REASONS)
        deal["renewal_on"] = rng.choice((None, None, (AS_OF - rng.randrange(400) * DAY).date()))
    row = {**past.person.row, "title": rng.choice((None, "部長", "CTO", ""))}
    agreed = (AS_OF + rng.randrange(-30, 10) * DAY).date() if rng.random() < 0.2 else None
    row |= {"close_reason": rng.choice(REASONS), "not_before": agreed}
    person = replace(past.person, row=row, activities=acts, hearing=hearing, deals=deals)
    run = past.run if zone == "Asia/Tokyo" else None
    return Known(replace(past, person=person, run=run), AS_OF, row["close_reason"], agreed)


def _heard(rng: random.Random, rows: Sequence[Mapping[str, Any]], person_id: str) -> list[Row]:
    """Answers, some with a date; no two to one item at one moment, which are told apart by their words elsewhere."""
    found = [{**row, "day": None, "next_term": False} for row in rows]
    for _ in range(rng.choice((0, 0, 1, 2))):
        text, day = rng.choice(DATES)
        at = rng.choice((None, AS_OF - timedelta(seconds=rng.randrange(200 * 86_400))))
        told = {"person_id": person_id, "item": rng.choice(("again_on", "timeframe")), "value": text, "said_by": None}
        found.append({**told, "at": at, "day": day, "next_term": False})
    return list({(one["item"], one["at"]): one for one in found}.values())


def differences(
    rules: Rules, folder: Path, people: Sequence[Known], rng: random.Random, moments: float
) -> list[object]:
    """Where the engine and the references differ: the person, and what each says.

    `moments`: of so many of the people the past is told, too, at a few moments.
    """
    world = engine_lives(written(rules, folder), [known.past for known in people], AS_OF, rng)
    tables = [world.rows(table) for table in ("scored", "graded", "qualified", "decided")]
    rows = {key: {name: value for table in tables for name, value in table[key].items()} for key in tables[0]}
    lines = {(who, line): score for who, line, score in world.run("SELECT person_id, line, score FROM lined", {})}
    lives, mqls = life_rows(world), world.rows("mqls")
    found: list[object] = []
    for one in people:
        who = str(one.row["person_id"])
        row = rows.get(who)
        graded = replace(one.past, person=replace(one.past.person, grade=row["grade"] if row else "D"))
        known = replace(one, past=graded)
        present = tell(rules, known, AS_OF)
        if present is None or row is None:
            found += [(who, "known", row, present)] if present or row else []
            continue
        said, wanted = _said(row, who, lines, rules), _wanted(present)
        found += [(who, name, said[name], wanted[name]) for name in wanted if said[name] != wanted[name]]
        found += _mql_times(who, lives[who], mqls.get(who))
        if rng.random() < moments:
            found += _past(rules, known, present, lives[who], rng)
    return found


def _said(row: Mapping[str, Any], who: str, lines: Mapping[tuple[str, str], int], rules: Rules) -> Row:
    told = qualify_world.told(row) or {}
    told |= {
        "score": row["score"], "source": row["score_source"], "behaviour": row["score_behaviour"],
        "inactivity": row["score_inactivity"], "floor": row["score_floor"], "activities": row["activities"],
        "windows": (row["window_1d"], row["window_7d"], row["window_30d"]), "approach": row["approach"],
        "recycled_at": _aware(row["recycled_at"]), "crossed": _aware(row["crossed_at"]),
        "lines": {one["id"]: lines[who, one["id"]] for one in rules["lines"] if (who, one["id"]) in lines},
    }  # fmt: skip
    return told


def _wanted(whole: Whole) -> Row:
    told, verdict = whole.told, whole.verdict
    return {
        **{name: getattr(verdict, name) for name in Verdict.__dataclass_fields__},
        **{name: getattr(told, name) for name in ("score", "source", "behaviour", "inactivity", "floor", "activities")},
        "windows": told.windows, "crossed": told.crossed, "recycled_at": whole.recycled_at, "approach": whole.approach,
        "lines": {name: line.score for name, line in whole.lines.items()},
    }  # fmt: skip


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _mql_times(who: str, life: Sequence[Row], told: Row | None) -> list[object]:
    gained = [row["at"] for row in life if row["kind"] == "mql_gained"]
    wanted = (gained[0], gained[-1], len(gained)) if gained else None
    said = (_aware(told["first_at"]), _aware(told["last_at"]), told["times"]) if told else None
    return [(who, "mql times", said, wanted)] if said != wanted else []


def _past(rules: Rules, known: Known, present: Whole, life: Sequence[Row], rng: random.Random) -> Iterator[object]:
    who = known.row["person_id"]
    for now in _moments(known, life, rng):
        whole = tell(rules, known, now, present)
        state = state_of(life, now)
        said = (state.stage, state.is_mql, state.is_sql, state.ready)
        told = whole.verdict if whole else None
        wanted = (told.stage, told.is_mql, told.is_sql, told.toss_up_ready) if told else (None, False, False, False)
        if said != wanted:
            yield who, "life", now, said, wanted


def _moments(known: Known, life: Sequence[Row], rng: random.Random) -> list[datetime]:
    """Now; transitions and the instants before them; moments at which something was done or its window ended."""
    turns = [row["at"] for row in life]
    acts = [row["occurred_at"] + rng.choice((0, 7, 30)) * DAY for row in known.past.person.activities]
    some = [AS_OF - timedelta(seconds=rng.randrange(300 * 86_400))]
    chosen = [*rng.sample(turns, min(2, len(turns))), *rng.sample(acts, min(1, len(acts))), *some]
    return [AS_OF, *(at for one in chosen for at in (one, one - MICRO) if at <= AS_OF)]


def tried(seed: int, people: int, folder: Path, moments: float) -> list[object]:
    """One rule set tried on so many people."""
    rng = random.Random(seed)
    rules = random_rules(rng)
    zone = rules["scoring"]["zone"]
    return differences(rules, folder, [random_person(rng, f"p{n}", zone) for n in range(people)], rng, moments)


def world_of(seed: int, people: int, folder: Path) -> tuple[Rules, list[Known], World]:
    """The same without comparing, to look at what differs."""
    rng = random.Random(seed)
    rules = random_rules(rng)
    known = [random_person(rng, f"p{n}", rules["scoring"]["zone"]) for n in range(people)]
    return rules, known, engine_lives(written(rules, folder), [one.past for one in known], AS_OF, rng)
