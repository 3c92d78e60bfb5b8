"""Screening, personas, offers and tracks: the engine says the same as the story told person by person.

`CONNECTOR_TEST_LIVES=100000 pytest tests/laws/test_nurture_laws.py` tries so many people instead of a few.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.engine.catalogue import OFFERS
from connector.engine.offers import offers
from connector.engine.screening import screen
from connector.engine.seasons import holds, next_change
from connector.engine.tracks import tracks
from connector.errors import Problem
from connector.rules.conditions import compile_condition
from connector.rules.kinds import Compilers, Strict
from connector.rules.load import RuleSet, validated
from connector.rules.model import Tiers
from connector.rules.nurture import Nurture, Season
from connector.rules.recycle import Recycle
from connector.rules.relations import RELATIONS
from connector.rules.source import parse
from tests.engine_world import bind, shipped
from tests.nurture_world import Ground
from tests.qualify_world import sql
from tests.reference import nurture_reference as told
from tests.reference.nurture_reference import Act, Lead

pytestmark = pytest.mark.requirement("EN-4", "LC-10", "NU-1", "NU-2", "EN-8")

LIVES = int(os.environ.get("CONNECTOR_TEST_LIVES", "0"))
RULES_EACH, EACH = 5, 100
SETS = LIVES // (RULES_EACH * EACH) or 3
NOW = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)  # one in the morning of the 1st of October in Tokyo
TODAY = date(2026, 10, 1)
DAY, MICRO = timedelta(days=1), timedelta(microseconds=1)
PRODUCTS = ("cloud", "app", "option")
PERSONAS = ("chief", "engineer", "buyer")
SEGMENTS = ("enterprise", "small")
STAGES = ("registered", "cold", "hot", "opportunity", "won", "lost", "disqualified")
TITLES = (None, "部長", "CTO", "学生")
HOSTS = ("a.example", "mail.rival.example", "rival.example", "arival.example", "u.ac.jp", "ac.jp", "b.example", None)
DOMAINS = ("rival.example", "ac.jp", "mail.rival.example", "b.example")
Rules = dict[str, Any]
Model = TypeVar("Model", bound=Strict)
BASE = cache(shipped)


def _fit(rng: random.Random) -> tuple[Any, ...]:
    leaves = (("=", "title", "CTO"), ("contains", "title", "部"), (">=", "employees", 100), ("null", "title"))
    one, other = rng.choice(leaves), rng.choice(leaves)
    return rng.choice((one, ("not", one), ("and", one, other), ("or", one, ("not", other))))


def _some(rng: random.Random, words: tuple[Any, ...]) -> list[Any]:
    return rng.sample(words, rng.randrange(1, len(words) + 1))


def _rules(rng: random.Random) -> Rules:
    screens: list[Rules] = []
    for number, reason in enumerate(rng.sample(("competitor", "school", "student"), rng.randrange(4))):
        signs: Rules = {"id": f"x{number}", "reason": reason}
        signs |= {"domains": _some(rng, DOMAINS)} if rng.random() < 0.7 else {}
        signs |= {"corporate_numbers": ["4000012090001"]} if rng.random() < 0.3 else {}
        signs |= {"when": _fit(rng)} if rng.random() < 0.2 or len(signs) == 2 else {}
        screens.append(signs)
    personas = [
        {"id": name, "words": [f" {name.upper()}-Ｘ"], **({"when": _fit(rng)} if rng.random() < 0.8 else {})}
        for name in rng.sample(PERSONAS, rng.randrange(4))
    ]
    seasons = [_season(rng, f"s{number}") for number in range(rng.randrange(1, 4))]
    return {
        "screened": screens,
        "personas": personas,
        "seasons": seasons,
        "stages": rng.choice((["registered", "cold"], ["cold"], ["registered", "cold", "lost", "won"])),
        "consent": rng.choice((None, None, (">=", "employees", 100))),
        "interest_days": rng.choice((1, 30, 180)),
        "fiscal_year_starts": rng.choice((1, 4, 10)),
        "tracks": [_track(rng, f"t{number}", personas, seasons) for number in range(rng.randrange(1, 7))],
    }


def _season(rng: random.Random, name: str) -> Rules:
    kinds: Rules = {
        "years": [rng.choice((2025, 2026))],
        "halves": [rng.choice((1, 2))],
        "quarters": _some(rng, (1, 2, 3, 4)),
        "months": _some(rng, (1, 9, 10)),
        "dates": [{"first": TODAY - rng.randrange(3) * DAY, "last": TODAY + rng.randrange(3) * DAY}],
        "yearly": [{"first": rng.choice(("09-30", "10-01", "10-02")), "last": rng.choice(("01-10", "10-01", "12-31"))}],
    }
    chosen = {key: kinds[key] for key in rng.sample(sorted(kinds), rng.choice((1, 1, 2)))}
    return {"id": name, **chosen, **({"of": "calendar_year"} if rng.random() < 0.3 else {})}


def _track(rng: random.Random, name: str, personas: list[Rules], seasons: list[Rules]) -> Rules:
    kinds: Rules = {
        "stages": _some(rng, STAGES[:3]),
        "buying_stages": _some(rng, (*told.STAGES, "none")),
        "segments": _some(rng, SEGMENTS),
        "products": _some(rng, PRODUCTS),
        "personas": _some(rng, tuple(one["id"] for one in personas)) if personas else None,
        "seasons": _some(rng, tuple(one["id"] for one in seasons)) if seasons else None,
        "when": _fit(rng),
    }
    chosen = [key for key in kinds if rng.random() < 0.25]
    return {"id": name, **{key: kinds[key] for key in chosen if kinds[key]}}


def _catalogue(rng: random.Random) -> list[Rules]:
    return [
        {
            "id": f"c{number}",
            "stage": rng.choice(told.STAGES),
            "persona": rng.choice((None, None, *PERSONAS)),
            "product": rng.choice((None, *PRODUCTS)),
            **({"from_stage": rng.choice(told.STAGES)} if rng.random() < 0.3 else {}),
        }
        for number in range(rng.randrange(12))
    ]


def _lead(rng: random.Random, name: str, rules: Rules, catalogue: list[Rules]) -> Lead:
    moments = (NOW, NOW + MICRO, *(NOW - days * DAY for days in (1, 30, 180)), NOW - DAY + MICRO, NOW - 7 * DAY)
    contents = (None, *(item["id"] for item in catalogue))
    acts = [
        Act(rng.choice(moments), rng.choice(contents), rng.choice((None, *PRODUCTS)), rng.random() < 0.8)
        for _ in range(rng.randrange(6))
    ]
    match = rng.choice(("matched", "none", "candidate", "matched_closed"))
    company = {
        "domain": rng.choice(HOSTS), "corporate_number": rng.choice((None, "4000012090001")), "match_status": match,
    }  # fmt: skip
    fit = {"title": rng.choice(TITLES), "employees": rng.choice((None, 50, 500))}
    known = rng.choice((None, " Chief ", "engineer-ｘ", "nobody", "buyer"))
    segment = rng.choice((None, *SEGMENTS))
    return Lead(
        name, rng.choice(("cold", "cold", *STAGES)), rng.choice((None, *told.STAGES)), {**fit, "persona": known},
        rng.random() < 0.9, rng.random() < 0.3, rng.random() < 0.2, segment, segment == "small" and rng.random() < 0.5,
        rng.choice(HOSTS), rng.choice((None, company)), acts,
    )  # fmt: skip


def _written(rules: Rules) -> RuleSet:
    """The same rules, read as any file is; all that they do not speak of is that of `classic`."""

    def plain(one: Rules) -> Rules:
        said = {key: sql(value) if isinstance(value, tuple) else value for key, value in one.items()}
        return {**said, "name": one["id"]}

    nurture = {
        "version": 1,
        "stages": rules["stages"],
        "interest": {"within_days": rules["interest_days"]},
        **{key: [plain(one) for one in rules[key]] for key in ("personas", "seasons", "tracks")},
        **({"consent": sql(rules["consent"])} if rules["consent"] else {}),
    }
    profile = {"id": "p", "name": "P", "criteria": [{"id": "c", "name": "C", "when": "TRUE", "match": 1}]}
    tiers = {"version": 1, "screened": [plain(one) for one in rules["screened"]], "grade": {"profiles": [profile]}}
    recycle = Recycle(after_days=90, fiscal_year_starts=rules["fiscal_year_starts"])
    return replace(
        BASE(),
        nurture=_read(Nurture, nurture),
        tiers=_read(Tiers, tiers),
        lifecycle=BASE().lifecycle.model_copy(update={"recycle": recycle}),
    )


def _read(model: type[Model], data: Rules) -> Model:
    compilers: Compilers = {"fit": partial(compile_condition, relation="fit", columns=RELATIONS["fit"], bind=bind)}
    problems: list[Problem] = []
    text = json.dumps(data, ensure_ascii=False, default=str)
    read = validated(model, parse("rules.yaml", text), compilers, problems)
    assert read is not None, problems
    return read


def _laid(leads: list[Lead], catalogue: list[Rules], rng: random.Random) -> Ground:
    ground = Ground()
    rng.shuffle(leads)
    ground.people(
        *[
            {
                "person_id": one.person_id,
                "email": f"x@{one.host.upper()}" if one.host else None,
                "company_id": one.person_id if one.company else None,
            }
            for one in leads
        ]
    )
    ground.companies(*[{"company_id": one.person_id, **one.company} for one in leads if one.company])
    acts = [
        {"person_id": one.person_id, "occurred_at": act.at, "content": act.content, "product": act.product,
         "type": "page_view" if act.counts else "email_sent"}
        for one in leads for act in one.acts
    ]  # fmt: skip
    rng.shuffle(acts)
    ground.activities(*acts)
    fits = [(one.person_id, one.fit["title"], one.fit["employees"], one.fit["persona"]) for one in leads]
    ground.load("grade_fit", ("person_id", "title", "employees BIGINT", "persona"), fits)
    ground.load(
        "decided", ("person_id", "stage", "may_email BOOLEAN"),
        [(one.person_id, one.stage, one.may_email) for one in leads],
    )  # fmt: skip
    ground.load(
        "qualified", ("person_id", "buying_stage", "is_mql BOOLEAN"),
        [(one.person_id, one.buying_stage, one.is_mql) for one in leads],
    )  # fmt: skip
    ground.load(
        "scored", ("person_id", "recycled_at TIMESTAMP"),
        [(one.person_id, NOW.replace(tzinfo=None) if one.recycled else None) for one in leads],
    )  # fmt: skip
    ground.load(
        "segmented", ("person_id", "segment", "skip_nurture BOOLEAN"),
        [(one.person_id, one.segment, one.skips) for one in leads if one.segment],
    )  # fmt: skip
    ranks = {stage: rank for rank, stage in enumerate(told.STAGES, 1)}
    ground.content_stages(*[{"content": f"of {one}", "stage": one, "rank": str(rank)} for one, rank in ranks.items()])
    rows = [
        (item["id"], ranks[item["stage"]], place, ranks.get(item.get("from_stage", ""), 0), item["persona"],
         item["product"])
        for place, item in enumerate(catalogue)
    ]  # fmt: skip
    ground.load("content_offers", OFFERS, rows)
    return ground


@pytest.mark.parametrize("seed", range(SETS))
def test_any_rules_do_with_anybody_what_their_story_says(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(RULES_EACH):
        rules, catalogue = _rules(rng), _catalogue(rng)
        book = _written(rules)
        leads = [_lead(rng, f"p{n}", rules, catalogue) for n in range(EACH)]
        ground = _laid(leads, catalogue, rng)
        screen(book, ground.run)
        offers(book, NOW, ground.run)
        tracks(book, TODAY, ground.run)
        tables = {name: ground.rows(name) for name in ("screened", "personified", "next_offers", "nurtured", "tracked")}
        for lead in leads:
            key = lead.person_id
            found = {name: rows.get(key) for name, rows in tables.items()}
            out = found["screened"]
            assert (out and (out["reason"], out["rule"])) == told.screened(rules, lead), (rules, lead)
            kind = found["personified"]
            assert (kind and (kind["persona"], kind["persona_by"])) == told.persona(rules, lead), (rules, lead)
            offered = found["next_offers"]
            assert (offered and offered["content"]) == told.offer(rules, catalogue, lead, NOW), (rules, lead)
            refused = told.refused(rules, lead)
            assert found["nurtured"] is not None
            assert found["nurtured"]["nurture"] == (refused is None), (rules, lead)
            assert refused in {None, found["nurtured"]["why"]}
            expected = None if refused else told.track(rules, lead, NOW, TODAY)
            assert (found["tracked"] and found["tracked"]["track"]) == expected, (rules, lead)


SEASONS = st.builds(
    Season,
    id=st.just("s"),
    name=st.just("s"),
    of=st.sampled_from(("fiscal_year", "calendar_year")),
    years=st.sampled_from(((), (), (), (2026,), (2028, 2031))),
    halves=st.sampled_from(((), (), (1,), (2,))),
    quarters=st.sampled_from(((), (), (1,), (2, 4))),
    months=st.sampled_from(((), (), (2,), (1, 12))),
    dates=st.sampled_from(((), ({"first": date(2026, 2, 27), "last": date(2026, 3, 4)},))),
    yearly=st.sampled_from(((), ({"first": "12-20", "last": "02-29"},), ({"first": "02-28", "last": "04-01"},))),
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_season_changes_next_when_walking_day_by_day_finds_it(data: st.DataObject) -> None:
    try:
        season = data.draw(SEASONS)
    except ValueError:
        return  # a season that says nothing of when it is
    starts = data.draw(st.sampled_from((1, 4, 10)))
    edges = st.sampled_from((date(2026, 2, 27), date(2026, 3, 4), date(2026, 12, 19), date(2027, 2, 28)))
    day = data.draw(edges) + data.draw(st.integers(-2, 2)) * DAY
    rules = season.model_dump(exclude_defaults=True)
    now = told.in_season(rules, day, starts)
    assert holds(season, day, starts) is now
    expected = day
    while told.in_season(rules, expected, starts) is now and expected < day + 400 * DAY:
        expected += DAY
    turn = next_change([season], day, starts)
    assert turn == expected if expected < day + 400 * DAY else turn is None or turn >= expected


@pytest.mark.parametrize(
    ("day", "turn"), [(date(2024, 2, 29), date(2024, 3, 1)), (date(2024, 3, 1), date(2028, 2, 29))]
)
def test_a_season_of_the_leap_day_comes_again_after_years(day: date, turn: date) -> None:
    for span in ({"first": "02-29", "last": "02-29"}, {"first": "03-01", "last": "02-28"}):
        season = Season.model_validate({"id": "s", "name": "s", "yearly": [span]})
        assert next_change([season], day) == turn
