"""Random rules of what qualifies, and random lives to try them on: the same as YAML for the engine and as plain dicts
for the reference."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.tier import tier
from connector.rules.load import RuleSet
from tests.engine_world import World, rules_with
from tests.reference.qualify_reference import Person, Verdict, judge

AS_OF = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)  # noon in Tokyo, a Monday
LONG_AGO = AS_OF.date() - timedelta(days=300)
DAY, MICRO = timedelta(days=1), timedelta(microseconds=1)
STAGES = {"c1": ("information_gathering", 1), "c2": ("interest", 2), "c3": ("decision", 4)}
ITEMS = ("budget", "authority", "need", "timeframe")
VALUES = ("yes", "no", "undecided", "ＴＢＤ", " Undecided　", "検討中", "", " ")
TITLES = (None, "部長", "CTO", "")
WINDOWS = (1, 7, 30, 45)
KINDS = ("page_view", "demo_view", "demo_view", "inquiry", "webinar_attend", "content_download", "email_sent", "search")
THEMES = (None, "brand", "pricing", "product")
SOURCES = (None, "web_inquiry", "thought_leader", "webinar", "referral")

Tree = tuple[Any, ...]
Rules = dict[str, Any]


def sql(tree: Tree) -> str:
    """A condition as an admin would write it."""
    word, *parts = tree
    if word in {"and", "or"}:
        return f"({sql(parts[0])}) {word.upper()} ({sql(parts[1])})"
    if word == "not":
        return f"NOT ({sql(parts[0])})"
    if word == "null":
        return f"{parts[0]} IS NULL"
    if word == "contains":
        return f"contains({parts[0]}, '{parts[1]}')"
    if word == "in":
        return f"{parts[0]} IN ({', '.join(_literal(value) for value in parts[1])})"
    return f"{parts[0]} {word} {_literal(parts[1])}"


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def random_rules(rng: random.Random) -> Rules:
    """Rules as the reference reads them; every kind of claim comes up."""
    criteria = [_requirement(rng, f"k{n}", _claim) for n in range(rng.randrange(1, 5))]
    count = len(criteria)
    return {
        "threshold": rng.choice((5, 10, 20, 30)),
        "hot": [_requirement(rng, f"h{n}", _claim) for n in range(rng.choice((0, 1, 1, 2)))],
        "recycle": rng.choice((None, 0, 7, 90)),
        "buying_days": rng.choice((None, 7, 30)),
        "hearing": [
            {
                "id": item,
                "soft": rng.sample(("undecided", "TBD ", "検討中", "no", "ＴＢＤ"), rng.randrange(3)),
                "acceptable": rng.choice((None, None, _answer(rng))),
            }
            for item in (ITEMS if rng.random() < 0.7 else ITEMS[:2])
        ],
        "mql": rng.choice((None, *[_mql(rng)] * 4)),
        "sql": rng.choice((None, ["budget"], ["budget", "authority"])),
        "toss_up": rng.choice(
            (
                None,
                *[
                    {
                        **_part(rng, count),
                        "criteria": criteria,
                        "segments": [
                            {"id": f"s{n}", "when": _fit(rng), **_part(rng, count)} for n in range(rng.randrange(3))
                        ],
                    }
                ]
                * 4,
            )
        ),
        "fresh_days": 20,
    }


def _mql(rng: random.Random) -> Rules:
    sources = rng.sample(SOURCES[1:], rng.randrange(1, 4))
    return {"sources": sources, "rules": [_requirement(rng, f"m{n}", _claim) for n in range(rng.randrange(1, 4))]}


def _part(rng: random.Random, count: int) -> Rules:
    needed = [f"k{n}" for n in range(count) if rng.random() < 0.25]
    return {"required": rng.randrange(1, count + 1), "needed": needed}


def _requirement(rng: random.Random, name: str, claim: Any) -> Rules:
    every = [claim(rng) for _ in range(rng.choice((0, 1, 1, 2)))]
    some = [claim(rng) for _ in range(rng.choice((0, 1, 2, 3)))]
    return {"id": name, "all": every, "any": some if some or every else [claim(rng)]}


def _claim(rng: random.Random) -> Rules:
    kind = rng.choice(
        ("activity", "activity", "activity", "hearing", "hearing", "deal", "attributes", "score", "grade", "active")
    )
    if kind == "activity":
        return {"activity": _activity(rng), "at_least": rng.choice((1, 1, 2, 3)), **_days(rng)}
    if kind == "hearing":
        return {"hearing": _answer(rng), **(_days(rng) if rng.random() < 0.4 else {})}
    if kind == "deal":
        return {"deal": rng.choice((("=", "status", "won"), (">=", "amount", 100), ("null", "loss_reason")))}
    if kind == "attributes":
        return {"attributes": _fit(rng)}
    if kind == "score":
        return {rng.choice(("score", "score", "score_at_most")): rng.choice((1, 5, 10, 20)), **_days(rng)}
    if kind == "grade":
        return {"grade": rng.choice(("C-", "C", "B", "F"))}
    return {"active_within_days": rng.choice(WINDOWS)}


def _days(rng: random.Random) -> dict[str, int]:
    return {"within_days": rng.choice(WINDOWS)} if rng.random() < 0.7 else {}


def _either(rng: random.Random, leaves: Sequence[Tree]) -> Tree:
    first, second = rng.choice(leaves), rng.choice(leaves)
    return rng.choice((first, first, ("not", first), ("and", first, second), ("or", first, ("not", second))))


def _activity(rng: random.Random) -> Tree:
    return _either(
        rng,
        (
            ("=", "type", "demo_view"), ("in", "type", ("inquiry", "webinar_attend")), ("=", "theme", "pricing"),
            ("<>", "theme", "brand"), ("null", "theme"), ("=", "content", "c2"),
        ),
    )  # fmt: skip


def _answer(rng: random.Random) -> Tree:
    item = ("=", "item", rng.choice(ITEMS))
    return _either(rng, (item, item, ("=", "value", "yes"), ("null", "said_by"), ("<>", "said_by", "a")))


def _fit(rng: random.Random) -> Tree:
    return _either(
        rng,
        (
            (">=", "employees", 100), ("<", "employees", 100), ("=", "title", "CTO"), ("contains", "title", "部"),
            ("null", "title"), ("<>", "prefecture", "東京都"),
        ),
    )  # fmt: skip


def written(rules: Rules, folder: Path) -> RuleSet:
    """The same rules as a folder of files, read as any others are."""
    return rules_with(folder, lifecycle=json.dumps(lifecycle_of(rules), ensure_ascii=False), tiers=TIERS)


def lifecycle_of(rules: Rules) -> Rules:
    """What lifecycle.yaml says of the rules."""

    def claim(one: Rules) -> Rules:
        return {key: sql(value) if isinstance(value, tuple) else value for key, value in one.items()}

    def requirement(one: Rules) -> Rules:
        told = {"id": one["id"], "name": one["id"], **{key: [claim(c) for c in one[key]] for key in ("all", "any")}}
        return {key: value for key, value in told.items() if value}

    names = ("anonymous", "registered", "cold", "hot", "opportunity", "won", "lost", "disqualified")
    life: Rules = {
        "version": 1,
        "stages": {name: {"name": name} for name in names},
        "hot": {"at_least": rules["threshold"], "requires": [requirement(one) for one in rules["hot"]]},
        "hearing": [
            {key: value for key, value in {**claim(item), "name": item["id"]}.items() if value is not None}
            for item in rules["hearing"]
        ],
    }
    if rules["recycle"] is not None:
        life["recycle"] = {"after_days": rules["recycle"]}
    if rules["buying_days"] is not None:
        life["buying_stages"] = {"within_days": rules["buying_days"]}
    if rules["mql"]:
        life["mql"] = {**rules["mql"], "rules": [requirement(one) for one in rules["mql"]["rules"]]}
    if rules["sql"]:
        life["sql"] = {"needs": rules["sql"]}
    if rules["toss_up"]:
        life["toss_up"] = {
            **rules["toss_up"],
            "criteria": [requirement(one) for one in rules["toss_up"]["criteria"]],
            "segments": [{**claim(part), "name": part["id"]} for part in rules["toss_up"]["segments"]],
        }
    return life


TIERS = """
version: 1
grade:
  start: D
  profiles:
    - id: only
      name: Only
      criteria:
        - {id: size, name: Size, when: "employees >= 100", match: 4}
        - {id: title, name: Title, when: "title = 'CTO'", match: 3}
"""


def random_life(rng: random.Random, person_id: str) -> Person:
    """One life in which ties with the time asked about and with the ends of windows are likely."""
    anchors = [AS_OF, AS_OF - MICRO, AS_OF + MICRO, *(AS_OF - days * DAY for days in (*WINDOWS, 20, 60, 90))]
    anchors += [AS_OF - 7 * DAY + MICRO, AS_OF - 30 * DAY + MICRO, AS_OF - 30 * DAY - MICRO]

    def moment() -> datetime:
        lately = AS_OF - timedelta(seconds=rng.randrange(rng.choice((3, 40, 200)) * 86_400))
        return rng.choice((rng.choice(anchors), lately))

    activities = [
        {
            "activity_id": f"{person_id}-{number}",
            "person_id": person_id,
            "occurred_at": moment(),
            "type": rng.choice(KINDS),
            "theme": rng.choice(THEMES),
            "content": rng.choice((None, "c1", "c2", "c3", "c9")),
            "machine": rng.choice((None, False, True)) if rng.random() < 0.1 else None,
        }
        for number in range(rng.choice((0, 1, 3, 6, 12)))
    ]
    hearing = [
        {
            "person_id": person_id,
            "item": rng.choice((*ITEMS, "other")),
            "value": rng.choice((None, *VALUES)),
            "said_by": rng.choice((None, "a", "b")),
            "at": rng.choice((None, moment(), moment(), moment())),
        }
        for _ in range(rng.choice((0, 0, 1, 3, 6)))
    ]
    deals = [
        {
            "person_id": person_id,
            "status": rng.choice(("won", "lost", "open")),
            "amount": rng.choice((None, 50.0, 100.0)),
            "loss_reason": rng.choice((None, "price")),
        }
        for _ in range(rng.choice((0, 0, 1, 2)))
    ]
    row = {
        "person_id": person_id,
        "source": rng.choice(SOURCES),
        "created_at": moment(),
        "crm_status": rng.choice((None, None, None, None, "lost", "lost", "won", "opportunity", "disqualified", "new")),
        "lost_at": rng.choice((None, moment(), moment())),
        "title": rng.choice(TITLES),
        "employees": rng.choice((None, 99, 100, 5000)),
        "prefecture": rng.choice((None, "東京都", "大阪府")),
        "do_not_call": rng.choice((None, False, True)),
        "opted_out": rng.choice((None, False, True)),
    }
    run = rng.choice((None, None, moment()))
    return Person(row, activities, hearing, deals, open_until=run)


def fill(world: World, people: Sequence[Person], rng: random.Random) -> None:
    """Puts people and all that is known of them into a world, in any order."""
    rows: dict[str, list[Any]] = {
        "people": [person.row for person in people],
        "activities": [row for person in people for row in person.activities],
        "hearing": [row for person in people for row in person.hearing],
        "deals": [row for person in people for row in person.deals],
        "cadence_runs": [
            {"person_id": one.row["person_id"], "cadence": "hot", "start_date": LONG_AGO, "ended_at": one.open_until}
            for one in people
            if one.open_until
        ],
        "content_stages": [{"content": c, "stage": stage, "rank": str(rank)} for c, (stage, rank) in STAGES.items()],
    }  # fmt: skip
    for table, found in rows.items():
        rng.shuffle(found)
        getattr(world, table)(*found)


def evaluate(rules: RuleSet, as_of: datetime, world: World) -> None:
    """From the tables of a world to its decisions."""
    tier(rules, world.run)
    grade(rules, world.run)
    score(rules, as_of, world.run)
    decide(rules, as_of, (as_of + timedelta(hours=9)).date(), world.run)


def engine_verdicts(rules: RuleSet, people: Sequence[Person], as_of: datetime, rng: random.Random) -> Mapping[str, Any]:
    """What the engine says of each person; the rows come in any order."""
    world = World()
    fill(world, people, rng)
    evaluate(rules, as_of, world)
    tables = [world.rows(table) for table in ("scored", "graded", "qualified", "decided")]
    return {key: {name: value for table in tables for name, value in table[key].items()} for key in tables[0]}


NAMES = {"deciding": "score_deciding", "starts": "cadence_starts"}


def told(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The engine's row in the words of the reference."""
    if row is None:
        return None
    found = {name: row[NAMES.get(name, name)] for name in Verdict.__dataclass_fields__}
    found["hot_since"] = found["hot_since"].replace(tzinfo=UTC) if found["hot_since"] else None
    return found


def differences(
    rules: Rules, book: RuleSet, people: Sequence[Person], rng: random.Random, as_of: datetime = AS_OF
) -> list[tuple[Person, object]]:
    """People of whom the engine and the reference say different things, with both words on what differs."""
    rows = engine_verdicts(book, people, as_of, rng)
    found: list[tuple[Person, object]] = []
    for person in people:
        row = rows.get(person.row["person_id"])
        known = replace(person, fit=person.row, grade=row["grade"] if row else "D")
        verdict = judge(rules, known, as_of, STAGES)
        expected, said = vars(verdict) if verdict else None, told(row)
        if expected is None or said is None:
            found += [(person, (said, expected))] if expected != said else []
        elif expected != said:
            found.append(
                (person, {name: (said[name], expected[name]) for name in said if said[name] != expected[name]})
            )
    return found
