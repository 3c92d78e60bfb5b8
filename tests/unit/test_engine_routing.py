"""Whose lead it is and whose next: chains of teams, their modes, and how often we were in touch (CD-6, CD-9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from connector.engine.composing import compose
from connector.engine.grade import grade
from connector.engine.routing import routing
from connector.engine.tier import tier
from connector.rules.cadence import Cadences
from connector.rules.conditions import Condition
from connector.rules.load import RuleSet
from connector.rules.names import Name
from connector.rules.teams import Chain, Team
from tests.engine_world import World, shipped, utc

pytestmark = pytest.mark.requirement("CD-6", "CD-9")

NOW = utc("2026-06-01T10:00:00+09:00")
DAY = timedelta(days=1)
TEAMS = (
    Team(id="partner", name=Name(ja="代理店", en="Partner"), mode="bdr", members=("代理店キュー",)),
    Team(id="inside_sales", name=Name(ja="内勤", en="Inside"), mode="sdr", members=("Ann Abe",)),
    Team(id="web_shop", name=Name(ja="ウェブ", en="Web"), mode="online"),
)


def chain(name: str, source: str | None, *teams: str) -> Chain:
    when = source and Condition(f"source = '{source}'", f"fit.source = '{source}'", frozenset({"source"}))
    return Chain(id=name, name=Name(ja=name, en=name), teams=teams).model_copy(update={"when": when})


CHAINS = (
    chain("by_partner", "referral", "partner", "inside_sales", "field_sales"),
    chain("online", "list", "web_shop"),
    chain("usual", None, "inside_sales", "field_sales"),
)


def rules(**changes: Any) -> RuleSet:
    book = shipped()
    return replace(book, cadence=book.cadence.model_copy(update=changes))


@pytest.fixture(scope="module")
def told() -> Mapping[str, Mapping[str, dict[str, Any]]]:
    world = World()
    people = {
        "new": ("referral", None), "with the partner": ("referral", "00GQ"), "with ann": ("referral", "005A"),
        "with somebody": ("referral", "005Z"), "online": ("list", None), "usual": (None, "005A"),
    }  # fmt: skip
    world.people(
        *(
            {"person_id": who, "created_at": NOW, "source": source, "owner_id": owner}
            for who, (source, owner) in people.items()
        )
    )
    did = (("call_attempt", 9), ("call", 2), ("email_sent", 1), ("meeting", 1), ("page_view", 1), ("email_reply", 1))
    world.activities(*({"person_id": "new", "occurred_at": NOW - ago * DAY, "type": kind} for kind, ago in did))
    world.activities({"person_id": "new", "occurred_at": NOW - DAY, "type": "email_sent", "content": "mailing"})
    world.cadence_runs({"person_id": "new", "cadence": "hot", "start_date": date(2026, 5, 30)})
    world.run("CREATE TEMP TABLE owner_names (owner_id VARCHAR, name VARCHAR, is_active BOOLEAN, is_queue BOOLEAN)", {})
    world.run(
        "INSERT INTO owner_names VALUES ('005A', 'Ann Abe', TRUE, FALSE), ('00GQ', '代理店キュー', TRUE, TRUE)", {}
    )
    book = rules(teams=TEAMS, chains=CHAINS)
    tier(book, world.run)
    grade(book, world.run)
    world.run(compose("follow_up", "ground"), {})
    routing(book, NOW, world.run)
    return {"routed": world.rows("routed"), "touches": world.rows("touches")}


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("new", ("by_partner", "partner", "bdr", "inside_sales", "field_sales")),
        ("with the partner", ("by_partner", "partner", "bdr", "inside_sales", "field_sales")),
        ("with ann", ("by_partner", "inside_sales", "sdr", "field_sales", "field_sales")),
        ("with somebody", ("by_partner", "partner", "bdr", "inside_sales", "field_sales")),
        ("online", ("online", "web_shop", "online", "web_shop", "web_shop")),
        ("usual", ("usual", "inside_sales", "sdr", "field_sales", "field_sales")),
    ],
)
def test_a_lead_is_the_owner_s_team_s_in_the_first_chain_that_fits(
    told: Mapping[str, Mapping[str, dict[str, Any]]], who: str, expected: tuple[str, ...]
) -> None:
    found = told["routed"][who]
    assert tuple(found[name] for name in ("chain", "team", "mode", "next_team", "last_team")) == expected


def test_touches_are_what_we_did_and_no_mailing(told: Mapping[str, Mapping[str, dict[str, Any]]]) -> None:
    assert told["touches"] == {
        "new": {"person_id": "new", "calls": 2, "emails": 1, "meetings": 1, "in_run": 3, "tasks": 0}
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"chains": [{"id": "a", "name": "A", "teams": ["nobody"]}]}, "There is no team `nobody`."),
        ({"teams": [{"id": "a", "name": "A"}, {"id": "a", "name": "B"}]}, "The id `a` is used twice."),
        (
            {"teams": [{"id": one, "name": one, "members": ["Ann"]} for one in ("a", "b")]},
            "`Ann` is in two teams.",
        ),
        ({"cadences": [{"stops_on": ["meeting"], "pauses_on": [{"on": "meeting"}]}]}, "`meeting` cannot do two things"),
        (
            {"cadences": [{"decision": {"outcomes": {"opportunity": ["x"], "disqualified": [" X"]}}}]},
            "`x` means two outcomes.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], sentence: str) -> None:
    plain = {"id": "hot", "name": "Hot", "starts": "fresh_crossing"}
    steps = [{"id": "day1", "day": 1, "tasks": [{"channel": "call", "subject": "Call"}]}]
    cadences = [{**plain, "steps": steps, **one} for one in changes.pop("cadences", [{}])]
    with pytest.raises(ValueError, match=sentence.split("`")[1]) as caught:
        Cadences.model_validate({"version": 1, "cadences": cadences, **changes})
    assert sentence in str(caught.value)


def test_a_cadence_behind_one_for_everybody_is_refused() -> None:
    one = shipped().cadence.of_kind("fresh_crossing")[0].model_dump(exclude={"when"})
    with pytest.raises(ValueError, match="no other cadence for `fresh_crossing` has its turn"):
        Cadences.model_validate({"version": 1, "cadences": [one, {**one, "id": "second"}]})
