"""Any reasons, clocks, deals and answers: the engine says of everybody what a calendar in hand says (RC-1..3)."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from connector.engine.recycle import recycle
from connector.rules.lifecycle import Lifecycle
from connector.rules.load import RuleSet
from connector.rules.stages import STAGES
from tests.engine_world import World, shipped
from tests.reference.recycle_reference import Fate, Person, fate

pytestmark = pytest.mark.requirement("RC-1", "RC-2", "RC-3")

AS_OF = datetime(2027, 4, 1, 3, 0, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
ZONES = ("Asia/Tokyo", "Asia/Tokyo", "UTC", "America/New_York")
WORDS = ("No budget", "予算なし", "競合", "Timing ", "later", "gone", "who knows")
ITEMS = ("again_on", "timeframe")


def random_rules(rng: random.Random) -> dict[str, Any]:
    words = rng.sample(WORDS[:-1], 6)
    reasons = [
        {"id": f"r{n}", "name": f"r{n}", "words": [word, f"{word}!"], **_end(rng)}
        for n, word in enumerate(words[: rng.randrange(7)])
    ]
    rules: dict[str, Any] = {"after_days": rng.choice((0, 30, 90)), "reasons": reasons}
    if rng.random() < 0.5:
        rules["fiscal_year_starts"] = rng.randrange(1, 13)
    for key in ("other", "without_reason"):
        if rng.random() < 0.4:
            rules[key] = _end(rng)
    return rules


def _end(rng: random.Random) -> dict[str, Any]:
    end: dict[str, Any] = {"of": rng.choice((["deals"], ["leads"], ["deals", "leads"]))}
    if rng.random() < 0.15:
        return {**end, "action": "never"}
    if rng.random() < 0.85:
        end["after"] = _clock(rng)
    return {**end, "action": rng.choice(("nurture", "call", "none"))}


def _clock(rng: random.Random) -> dict[str, Any]:
    kind = rng.randrange(4)
    if kind == 0:
        return {"days": rng.choice((0, 1, 90, 400))}
    if kind == 1:
        return {"next": rng.choice(("fiscal_year", "fiscal_half", "fiscal_quarter"))}
    if kind == 2:
        months = {"contract_months": rng.choice((1, 6, 24))} if rng.random() < 0.5 else {}
        return {"before_renewal_days": rng.choice((0, 30, 90)), **months}
    days = {"otherwise_days": rng.choice((0, 60))} if rng.random() < 0.5 else {}
    return {"heard_date": rng.choice((["timeframe"], ["again_on", "timeframe"])), **days}


def _moment(rng: random.Random) -> datetime:
    """Some time in three years; the first and last moments of months and years in Tokyo come often."""
    if rng.random() < 0.5:
        return AS_OF - timedelta(seconds=rng.randrange(-40, 900) * 86_400 + rng.randrange(86_400))
    month = datetime(rng.randrange(2025, 2028), rng.randrange(1, 13), 1, tzinfo=UTC) - timedelta(hours=9)
    return month - rng.choice((timedelta(0), MICRO, timedelta(hours=12), -timedelta(days=30)))


def _answer(rng: random.Random) -> dict[str, Any]:
    day = date(rng.randrange(2026, 2029), rng.randrange(1, 13), rng.randrange(1, 29))
    text, named = rng.choice(
        (
            (day.isoformat(), day), (f"{day.year}/{day.month}/{day.day}頃", day),
            (f"{day.year}年{day.month}月{day.day}日", day), (f"{day.year}年{day.month}月", day.replace(day=1)),
            (f" {day:%Y-%m} ", day.replace(day=1)), (f"{day.year}-02-30", None), ("いつか", None), ("99", None),
            (day.isoformat().translate(str.maketrans("0123456789", "０１２３４５６７８９")), day),
        )
    )  # fmt: skip
    told = {"item": rng.choice(ITEMS), "value": text, "day": named, "next_term": False}
    if rng.random() < 0.2:
        told |= {"value": rng.choice(("来期", "来年度の予算で", "Next fiscal year")), "day": None, "next_term": True}
    return {**told, "at": rng.choice((None, _moment(rng), _moment(rng)))}


def random_person(rng: random.Random, who: str) -> Person:
    def reason() -> str | None:
        return rng.choice((None, " ", *WORDS, *(word.upper() for word in WORDS)))

    deals = [
        {
            "person_id": who, "opportunity_id": f"{who}-{n}", "status": rng.choice(("lost", "lost", "won", "open")),
            "closed_at": rng.choice((None, *[_moment(rng)] * 5)), "loss_reason": reason(),
            "renewal_on": rng.choice((None, None, _moment(rng).date())),
        }
        for n in range(rng.choice((0, 1, 1, 2, 3)))
    ]  # fmt: skip
    lead = {"closed_at": rng.choice((None, *[_moment(rng)] * 4)), "close_reason": reason()}
    heard = [{"person_id": who, **_answer(rng)} for _ in range(rng.choice((0, 0, 1, 2, 3)))]
    # Two answers to one item at one moment are told apart by their words; that is held elsewhere.
    heard = list({(one["item"], one["at"]): one for one in heard}.values())
    return Person(rng.choice(("lost", "lost", "disqualified", "won", None)), lead, deals, heard)


def engine_says(rules: dict[str, Any], people: Sequence[Person], zone: str, month: int | None) -> dict[str, Fate]:
    world = World()
    rows = []
    for number, person in enumerate(people):
        lost = [deal["closed_at"] for deal in person.deals if deal["status"] == "lost" and deal["closed_at"]]
        told = {"person_id": f"p{number}", "crm_status": person.status, "lost_at": max(lost, default=None)}
        rows.append({**told, **(person.lead or {})})
    world.people(*rows)
    world.deals(*(deal for person in people for deal in person.deals))
    world.hearing(*(answer for person in people for answer in person.heard))
    if month is not None:
        world.connection.execute("INSERT INTO fiscal_calendar VALUES (?)", [month])
    recycle(_book(rules, zone), AS_OF, world.run)
    names = ("kind", "rule", "action", "closed_at", "due_at", "recycled_at")
    return {who: Fate(*(_aware(row[name]) for name in names)) for who, row in world.rows("recycling").items()}


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


@cache
def _shipped() -> RuleSet:
    return shipped()


def _book(rules: dict[str, Any], zone: str) -> RuleSet:
    book = _shipped()
    stages = {name: {"name": name} for name in STAGES}
    life = Lifecycle.model_validate_json(json.dumps({"version": 1, "stages": stages, "recycle": rules}))
    return replace(book, lifecycle=life, scoring=book.scoring.model_copy(update={"time_zone": zone}))


@pytest.mark.parametrize("seed", range(4))
def test_any_reason_has_the_time_that_a_calendar_says(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(3):
        rules, zone, month = random_rules(rng), rng.choice(ZONES), rng.choice((None, 1, 4, 10))
        people = [random_person(rng, f"p{number}") for number in range(120)]
        said = engine_says(rules, people, zone, month)
        expected = {f"p{number}": fate(rules, one, AS_OF, zone, month) for number, one in enumerate(people)}
        for who, told in expected.items():
            assert said.get(who) == told, (who, said.get(who), told, people[int(who[1:])], rules, zone, month)
