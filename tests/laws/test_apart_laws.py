"""Lines, conversions and accounts equal a plain telling of the same, on random and on nasty histories."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.engine.account_score import account_scores
from connector.engine.conversions import conversions
from connector.engine.grade import grade
from connector.engine.lines import lines
from connector.engine.score import score
from connector.engine.screening import screen
from connector.engine.tier import tier
from connector.rules.load import SHIPPED, RuleSet
from tests.engine_world import World, rules_with
from tests.reference.apart_reference import AccountRule, LineRule, Row, Test, account, conversion, line

pytestmark = pytest.mark.requirement("SC-4", "SC-9", "SC-11", "SY-8", "RC-3")

LIVES = int(os.environ.get("CONNECTOR_TEST_LIVES", "0")) or 120
AS_OF = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
DAY, MICRO = timedelta(days=1), timedelta(microseconds=1)
EDGES = (timedelta(0), MICRO, -MICRO)
KINDS = (
    "page_view", "page_view", "email_open", "email_click", "demo_view", "demo_view", "content_download", "search",
    "webinar_attend", "inquiry", "call_attempt",
)  # fmt: skip
PRODUCTS = (None, "a", "a", "b")
LINES: Mapping[str, LineRule] = {
    "a": LineRule(lambda row: row["product"] == "a", hot=20),
    "b": LineRule(lambda row: row["product"] == "b", rules={"demo_view", "visits_in_week"}, hot=5),
    "learning": LineRule(lambda row: row["type"] in {"page_view", "webinar_attend"}),
}
CONVERSIONS: Mapping[str, Test] = {
    "demo": lambda row: row["type"] == "demo_view",
    "prices": lambda row: row["theme"] == "pricing",
}
ACCOUNTS = {
    "plain": AccountRule(hot_score=20),
    "fine": AccountRule(
        active_days=14,
        cap=30,
        most_people=2,
        roles=(
            ("decides", lambda row: row["title"] == "部長", 150),
            ("uses", lambda row: row["department"] == "IT", 50),
        ),
        hot_score=10,
        hot_people=1,
        hot_roles=("uses",),
    ),
}
APART = """
lines:
  - {id: a, name: A, of: "product = 'a'", hot: {at_least: 20}}
  - {id: b, name: B, of: "product = 'b'", rules: [demo_view, visits_in_week], hot: {at_least: 5}}
  - {id: learning, name: Learning, of: "type IN ('page_view', 'webinar_attend')"}
conversions:
  - {id: demo, name: Demo, when: "type = 'demo_view'", key: true}
  - {id: prices, name: Prices, when: "theme = 'pricing'"}
"""
FINE = """
accounts:
  active_days: 14
  cap_per_person: 30
  most_people: 2
  roles:
    - {id: decides, name: Decides, when: "title = '部長'", percent: 150}
    - {id: uses, name: Uses, when: "department = 'IT'", percent: 50}
  hot: {at_least: 10, people_at_least: 1, roles: [uses]}
"""
PLAIN = "accounts: {hot: {at_least: 20}}\n"

KEYS = {"lined": ("person_id", "line"), "converted": ("person_id", "conversion"), "account_scored": ("company_id",)}

History = tuple[dict[str, Any], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, RuleSet]:
    scoring = (SHIPPED / "classic" / "scoring.yaml").read_text(encoding="utf-8") + APART
    kinds = {"fine": FINE, "plain": PLAIN}
    return {kind: rules_with(tmp_path_factory.mktemp(kind), scoring=scoring + more) for kind, more in kinds.items()}


def _history(rng: random.Random, number: int) -> History:
    person_id = f"p{number}"

    def moment() -> datetime:
        if rng.random() < 0.4:
            return AS_OF - rng.choice((0, 1, 7, 14, 30, 60, 90)) * DAY + rng.choice(EDGES)
        return AS_OF - timedelta(seconds=rng.randrange(rng.choice((5, 40, 200)) * 86_400))

    rows = [
        {
            "activity_id": f"{person_id}-{n}",
            "person_id": person_id,
            "occurred_at": moment(),
            "type": (kind := rng.choice(KINDS)),
            "theme": rng.choice((None, "pricing", "brand")),
            "product": rng.choice(PRODUCTS),
            "content": rng.choice((None, "mail:1")) if kind.startswith("email") else None,
            "visit_id": rng.choice((None, f"{person_id}v{rng.randrange(3)}")) if kind == "page_view" else None,
            "machine": rng.random() < 0.05,
        }
        for n in range(rng.choice((0, 2, 6, 15, 30)))
    ]
    rng.shuffle(rows)
    lost = rng.random() < 0.2
    person = {
        "person_id": person_id,
        "created_at": moment(),
        "source": rng.choice((None, "web_inquiry")),
        "company_id": rng.choice((None, f"c{number // 4}", f"c{number // 4}")),
        "title": rng.choice((None, "部長")),
        "department": rng.choice((None, "IT", " IT ")),
        "crm_status": "lost" if lost else rng.choice((None, None, "disqualified")),
        "lost_at": AS_OF - rng.choice((30, 90, 120)) * DAY + rng.choice(EDGES) if lost else None,
    }
    return person, rows


def _evaluated(histories: Sequence[History], rules: RuleSet, as_of: datetime) -> World:
    world = World()
    world.people(*(person for person, _ in histories))
    world.activities(*(row for _, rows in histories for row in rows))
    _evaluate(world, rules, as_of)
    return world


def _evaluate(world: World, rules: RuleSet, as_of: datetime) -> None:
    tier(rules, world.run)
    grade(rules, world.run)
    score(rules, as_of, world.run)
    screen(rules, world.run)
    lines(rules, as_of, world.run)
    conversions(rules, as_of, world.run)
    account_scores(rules, as_of, world.run)


def _rows(world: World, table: str) -> list[dict[str, Any]]:
    cursor = world.connection.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _keyed(world: World, table: str) -> dict[tuple[str, ...], dict[str, Any]]:
    found = {}
    for row in _rows(world, table):
        told = {
            name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for name, value in row.items()
        }
        found[tuple(told.pop(key) for key in KEYS.get(table, ("person_id",)))] = told
    return found


def _told(world: World, table: str) -> dict[tuple[str, ...], dict[str, Any]]:
    return {key: _without(row, "next_change_at") for key, row in _keyed(world, table).items()}


def _recycled(person: Row, as_of: datetime) -> datetime | None:
    lost: datetime | None = person["lost_at"]
    return lost + 90 * DAY if lost is not None and lost + 90 * DAY <= as_of else None


@pytest.mark.parametrize(("kind", "shift"), [("fine", timedelta(0)), ("plain", -MICRO)])
def test_what_is_told_apart_is_what_a_plain_walk_tells(
    kind: str, shift: timedelta, books: Mapping[str, RuleSet]
) -> None:
    rng, as_of = random.Random(kind), AS_OF + shift
    histories = [_history(rng, number) for number in range(LIVES)]
    world = _evaluated(histories, books[kind], as_of)
    known = [(person, rows) for person, rows in histories if person["created_at"] <= as_of]
    of_lines = {
        (person["person_id"], name): told
        for person, rows in known
        for name, rule in LINES.items()
        if (told := line(rule, rows, as_of, _recycled(person, as_of)))
    }
    assert _told(world, "lined") == of_lines
    assert {row["hot"] for row in of_lines.values()} == {True, False, None}
    happened = {
        (person["person_id"], name): {"is_key": name == "demo", **told}
        for person, rows in known
        for name, is_it in CONVERSIONS.items()
        if (told := conversion(is_it, rows, as_of))
    }
    assert _told(world, "converted") == happened
    together: dict[str, list[tuple[Row, int, datetime | None]]] = defaultdict(list)
    scored = _keyed(world, "scored")
    for person, _ in known:
        row = scored[person["person_id"],]
        if person["company_id"]:
            together[person["company_id"]].append((person, row["score_deciding"], row["last_activity_at"]))
    accounts = {(company,): account(ACCOUNTS[kind], people, as_of) for company, people in together.items()}
    assert {
        key: _without(row, "departments", "titles") for key, row in _told(world, "account_scored").items()
    } == accounts
    assert {row["hot"] for row in accounts.values()} == {True, False}


def test_nothing_changes_before_the_next_change_that_was_foretold(books: Mapping[str, RuleSet]) -> None:
    """Save by activities dated later, and people known later: `scored` tells of those."""
    rng, rules = random.Random(9), books["fine"]
    histories = [_history(rng, number) for number in range(25)]
    past = [
        (
            {**person, "created_at": min(person["created_at"], AS_OF)},
            [one for one in rows if one["occurred_at"] <= AS_OF],
        )
        for person, rows in histories
    ]
    world = _evaluated(past, rules, AS_OF)
    before = {table: _keyed(world, table) for table in KEYS}
    moments = sorted({row["next_change_at"] for rows in before.values() for row in rows.values()} - {None})
    for moment in (moments[1], moments[-1]):
        _evaluate(world, rules, moment - MICRO)
        for table in KEYS:
            now = _keyed(world, table)
            for key, row in before[table].items():
                if row["next_change_at"] is None or row["next_change_at"] >= moment:
                    assert _without(now[key], "next_change_at") == _without(row, "next_change_at"), (table, key)


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
