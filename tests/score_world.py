"""Random rules of scoring with every option, as YAML for the engine and as plain dicts for the reference; and lives."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.engine.explain import ledgers
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.tier import tier
from connector.rules.load import RuleSet
from tests.engine_world import World, rules_with
from tests.reference.score_options_reference import Told, live

AS_OF = datetime(2026, 3, 31, 3, 0, tzinfo=UTC)  # noon in Tokyo, the last day of a month, a Tuesday
DAY, HOUR, MICRO = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
GAPS = (
    timedelta(0), timedelta(0), MICRO, timedelta(seconds=7), HOUR, 5 * HOUR, DAY - MICRO, DAY, 3 * DAY, 7 * DAY - MICRO,
    7 * DAY, 28 * DAY, 30 * DAY, 31 * DAY - MICRO, 31 * DAY, 59 * DAY, 92 * DAY,
)  # fmt: skip
KINDS = ("page_view", "page_view", "page_view", "email_open", "demo_view", "content_download", "search", "email_reply")
THEMES = (None, "pricing", "careers")
SCORED = ("page_view", "page_view", "demo_view", "content_download")
PERIODS = ("day", "week", "month", "ever")
STAGES = ("anonymous", "registered", "cold", "hot", "opportunity", "won", "lost", "disqualified")

Rules = dict[str, Any]
Life = tuple[dict[str, Any], list[dict[str, Any]]]


def random_rules(rng: random.Random) -> Rules:
    """Rules as the reference reads them; every option comes up, alone and together."""
    behaviour = [_behaviour(rng, number) for number in range(rng.randrange(3, 8))]
    visits: list[Rules] = [
        {"id": f"v{n}", "pages": rng.choice((1, 2, 3)), "points": _points(rng), "cap": _cap(rng)}
        for n in range(rng.randrange(3))
    ]
    weeks: list[Rules] = [
        {"id": f"w{n}", "visits": rng.choice((1, 2, 3)), "points": _points(rng), "cap": _cap(rng),
         "rolling": rng.choice((None, 1, 7, 10))}
        for n in range(rng.randrange(3))
    ]  # fmt: skip
    days = rng.choice((None, None, 1, 7, 30, 45))
    return {
        "zone": rng.choice(("Asia/Tokyo", "Asia/Tokyo", "America/New_York")),
        "source": {"web_inquiry": 7, "list": -5},
        "behaviour": behaviour,
        "visits": visits,
        "weeks": weeks,
        "groups": _groups(rng, [one["id"] for one in behaviour], [one["id"] for one in (*visits, *weeks)]),
        "attributes": [("CTO", rng.choice((5, 12, 40))), ("部長", rng.choice((-6, 3)))],
        "inactivity": _inactivity(rng),
        "floor": rng.choice((None, None, 0, -3)),
        "hot": {
            "at_least": rng.choice((4, 8, 15, 30)),
            "within_days": days,
            "with_attributes": rng.random() < 0.5,
        },
        "recycle": rng.choice((None, 0, 20)),
    }


def _behaviour(rng: random.Random, number: int) -> Rules:
    return {
        "id": f"b{number}",
        "type": rng.choice(SCORED),
        "theme": rng.choice((None, *THEMES)),
        "points": _points(rng),
        "once": rng.random() < 0.3,
        "cap": _cap(rng),
    }


def _points(rng: random.Random) -> int:
    return rng.choice((1, 2, 3, 5, 5, 8, -2, -3, -10))


def _cap(rng: random.Random) -> tuple[int, str] | None:
    return (rng.choice((1, 3, 5, 7, 12)), rng.choice(PERIODS)) if rng.random() < 0.4 else None


def _groups(rng: random.Random, singly: Sequence[str], together: Sequence[str]) -> list[Rules]:
    left = [*singly, *together]
    found: list[Rules] = []
    for number in range(rng.choice((0, 1, 2, 2))):
        chosen = rng.sample(left, min(len(left), rng.randrange(1, 4)))
        if not chosen:
            continue
        exclusive = rng.choice((None, "most_points", "first"))
        if exclusive:
            chosen = rng.sample(singly, min(len(singly), 3)) if not found else [one for one in chosen if one in singly]
        cap = _cap(rng) or (None if exclusive else (6, "week"))
        if chosen:
            found.append({"id": f"g{number}", "rules": chosen, "exclusive": exclusive, "cap": cap})
            left = [one for one in left if one not in chosen]
    return found


def _inactivity(rng: random.Random) -> Rules | None:
    kind = rng.choice((None, "days", "days", "calendar", "calendar", "calendar"))
    if kind is None:
        return None
    return {
        "month": kind,
        "every_days": rng.choice((30, 30, 7, 45)),
        "bands": rng.choice((((30, -15), (0, -5)), ((5, -4),))),
    }


def written(rules: Rules, folder: Path) -> RuleSet:
    """The rules as the connector reads them."""
    hot = rules["hot"]
    decides = {"with_attributes": hot["with_attributes"], "score": "ledger"}
    if hot["within_days"]:
        decides |= {"score": "window", "within_days": hot["within_days"]}
    life = {
        "version": 1,
        "stages": {stage: {"name": stage} for stage in STAGES},
        "hot": {"at_least": hot["at_least"], "decides": decides},
    }
    if rules["recycle"] is not None:
        life["recycle"] = {"after_days": rules["recycle"]}
    return rules_with(folder, scoring=json.dumps(scoring_of(rules)), lifecycle=json.dumps(life))


def scoring_of(rules: Rules) -> dict[str, Any]:
    """What scoring.yaml says of the rules."""
    sources = rules["source"].items()
    found: dict[str, Any] = {
        "version": 1,
        "time_zone": rules["zone"],
        "source": [_named(f"source_{word}", when=f"source = '{word}'", points=points) for word, points in sources],
        "behaviour": [
            _named(one["id"], when=_when(one), points=one["points"], once_per="content" if one["once"] else None)
            | _capped(one)
            for one in rules["behaviour"]
        ],
        "visits": [
            _named(one["id"], pages=one["pages"], points=one["points"]) | _capped(one) for one in rules["visits"]
        ],
        "weeks": [
            _named(one["id"], visits=one["visits"], points=one["points"], rolling_days=one["rolling"]) | _capped(one)
            for one in rules["weeks"]
        ],
        "attributes": [
            _named(f"a{n}", when=f"title = '{title}'", points=points)
            for n, (title, points) in enumerate(rules["attributes"])
        ],
        "groups": [
            _named(one["id"], rules=one["rules"], exclusive=one["exclusive"]) | _capped(one) for one in rules["groups"]
        ],
    }
    silence = rules["inactivity"]
    if silence:
        bands = [{"at_least": at_least, "points": points} for at_least, points in silence["bands"]]
        length = {"every_days": silence["every_days"]} if silence["month"] == "days" else {}
        found["inactivity"] = {"name": "silence", "month": silence["month"], "bands": bands, **length}
    if rules["floor"] is not None:
        found["floor"] = {"name": "floor", "at_least": rules["floor"]}
    return found


def _named(id_: str, **fields: object) -> dict[str, object]:
    return {"id": id_, "name": id_, **fields}


def _when(rule: Rules) -> str:
    theme = f" AND theme = '{rule['theme']}'" if rule["theme"] else ""
    return f"type = '{rule['type']}'{theme}"


def _capped(rule: Mapping[str, Any]) -> dict[str, object]:
    return {"cap": {"points": rule["cap"][0], "per": rule["cap"][1]}} if rule["cap"] else {}


def random_life(rng: random.Random, person_id: str) -> Life:
    """One life, built so that periods, months and ties with the time asked about are likely to be met exactly."""
    at = AS_OF - rng.choice((31 * DAY, 59 * DAY, 60 * DAY, 90 * DAY, timedelta(seconds=rng.randrange(200 * 86_400))))
    moments = [at]
    rows: list[dict[str, Any]] = []
    dense = rng.random() < 0.6
    for number in range(rng.choice((0, 1, 4, 12, 25))):
        at += rng.choice(GAPS[:8] if dense and rng.random() < 0.85 else GAPS)
        moments.append(at)
        kind = rng.choice(KINDS)
        rows.append(
            {
                "activity_id": f"{person_id}-{rng.randrange(10_000):04}-{number}",
                "person_id": person_id,
                "occurred_at": at,
                "type": kind,
                "theme": rng.choice(THEMES),
                "content": rng.choice((None, "c1", "c2")),
                "visit_id": rng.choice((None, *(f"v{n}" for n in range(6)))) if kind == "page_view" else None,
            }
        )
    rng.shuffle(rows)
    born = rng.choice((*moments, moments[0] - rng.choice(GAPS), AS_OF - rng.choice(GAPS)))
    lost = rng.random() < 0.3
    person = {
        "person_id": person_id,
        "source": rng.choice((None, "web_inquiry", "list")),
        "title": rng.choice((None, "CTO", "部長")),
        "created_at": born,
        "crm_status": "lost" if lost else None,
        "lost_at": rng.choice(moments) + rng.choice(GAPS) if lost else None,
    }
    return person, rows


def filled(lives: Sequence[Life]) -> World:
    """A world of those lives."""
    world = World()
    world.people(*(person for person, _ in lives))
    world.activities(*(row for _, rows in lives for row in rows))
    return world


def evaluated(world: World, rules: RuleSet, as_of: datetime, among: str | None = None) -> None:
    """Makes `scored` in the order in which the connector does."""
    tier(rules, world.run)
    grade(rules, world.run)
    score(rules, as_of, world.run, among)


def differences(rules: Rules, book: RuleSet, lives: Sequence[Life], as_of: datetime) -> list[object]:
    """Where the engine and the reference tell a life differently: the life, and what each says."""
    world = filled(lives)
    evaluated(world, book, as_of)
    ledgers(book, as_of, world.run)
    found: list[object] = []
    scored, lines = world.rows("scored"), _lines(world)
    for person, rows in lives:
        row = scored.get(person["person_id"])
        told = _told(row, lines.get(person["person_id"], [])) if row else None
        expected = live(rules, person, rows, as_of)
        if told != expected:
            found.append((person, rows, told, expected))
    return found


def _lines(world: World) -> dict[str, list[tuple[datetime, str, int, int]]]:
    found: dict[str, list[tuple[datetime, str, int, int]]] = {}
    query = "SELECT person_id, moment, rule, points, coalesce(uncut, points) FROM ledger ORDER BY person_id, line"
    for person_id, at, rule, points, uncut in world.run(query, {}):
        word = "source" if rule.startswith("source_") else rule
        found.setdefault(person_id, []).append((at.replace(tzinfo=UTC), word, points, uncut))
    return found


def _told(row: Mapping[str, Any], lines: Sequence[tuple[datetime, str, int, int]]) -> Told:
    return Told(
        score=row["score"],
        source=row["score_source"],
        behaviour=row["score_behaviour"],
        inactivity=row["score_inactivity"],
        floor=row["score_floor"],
        deciding=row["score_deciding"],
        crossed=row["crossed_at"].replace(tzinfo=UTC) if row["crossed_at"] else None,
        windows=(row["window_1d"], row["window_7d"], row["window_30d"]),
        activities=row["activities"],
        lines=tuple(sorted(lines)),
    )
