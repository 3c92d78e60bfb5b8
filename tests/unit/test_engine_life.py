"""Lives told by hand: what turns somebody hot, cold, an MQL, lost and cold again, and what is written beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.life import lives, transitions_of
from connector.engine.moments import as_column
from connector.engine.score import score
from connector.engine.stages import stage_times
from connector.engine.tier import tier
from connector.rules.load import SHIPPED, RuleSet
from tests.engine_world import World, rules_with, shipped, utc

pytestmark = pytest.mark.requirement("LC-5", "LC-6")

START = utc("2026-01-14T10:00:00+09:00")  # a Wednesday in Tokyo
AS_OF = START + timedelta(days=400)
DAY = timedelta(days=1)
THEMES = {"search": "brand"}


def evaluated(world: World, rules: RuleSet, as_of: datetime = AS_OF) -> World:
    tier(rules, world.run)
    grade(rules, world.run)
    score(rules, as_of, world.run)
    decide(rules, as_of, (as_of + timedelta(hours=9)).date(), world.run)
    return world


def person(world: World, person_id: str, *acts: tuple[float, str], **fields: Any) -> None:
    """A person who did things, each so many days after START."""
    world.people({"person_id": person_id, "created_at": START, "source": "web_inquiry", **fields})
    world.activities(
        *(
            {"person_id": person_id, "occurred_at": START + day * DAY, "type": kind, "theme": THEMES.get(kind)}
            for day, kind in acts
        )
    )


def told(world: World, person_id: str) -> list[tuple[Any, ...]]:
    """Days since START, the stage or what else happened, and the score."""
    lines = transitions_of(world.run, person_id)
    return [((line.at - START) / DAY, line.to_stage or line.kind, line.score) for line in lines]


def rules_of(world: World, person_id: str) -> list[list[str]]:
    return [list(line.rules) for line in transitions_of(world.run, person_id)]


@pytest.fixture(scope="module")
def world() -> World:
    """Many lives under the rules of `content-led`."""
    world = World()
    person(world, "hot", (1, "search"), (1, "search"), (2, "search"), (3, "search"), (10, "demo_view"))
    person(world, "again", (1, "inquiry"), (100, "inquiry"), (110, "inquiry"), (300, "quote_request"))
    lost = START + 60 * DAY
    acts = ((1, "quote_request"), (2, "inquiry"), (170, "quote_request"), (171, "inquiry"))
    person(world, "lost", *acts, crm_status="lost", lost_at=lost)
    deal = {"opportunity_id": "d", "person_id": "lost", "created_at": START + 50 * DAY, "closed_at": lost}
    world.deals({**deal, "status": "lost"})
    closed = START + 5 * DAY
    person(world, "closed", (1, "page_view"), crm_status="disqualified", closed_at=closed)
    person(world, "undated", (1, "page_view"), crm_status="disqualified")
    words = (("closed", closed), ("undated", None))
    world.crm_words(*({"person_id": who, "begins": at, "status": "disqualified"} for who, at in words))
    person(world, "opened_again", (1, "page_view"), crm_status="registered")
    opened = {"person_id": "opened_again", "begins": START + 200 * DAY, "status": "registered"}
    world.crm_words(
        {**opened, "begins": closed, "status": "disqualified", "reason": "No response"},
        {**opened, "begins": closed + DAY, "status": "disqualified", "reason": "連絡不通"},
        opened,
    )
    person(world, "student", (1, "quote_request"), (2, "inquiry"), title="学生", crm_status="registered")
    person(world, "won", crm_status="won")
    person(world, "lost_before", crm_status="lost", lost_at=START + 350 * DAY)
    person(world, "fits", (1, "demo_view"), company_id="c", title="部長", department="製造部")
    world.companies({"company_id": "c", "industry": "機械", "employees": 1000, "match_status": "matched"})
    world.hearing({"person_id": "fits", "item": "need", "value": "yes", "at": START + 2 * DAY})
    person(world, "followed", *[(3, "search")] * 4, (3, "demo_view"))
    run = {"person_id": "followed", "cadence": "hot", "start_date": (START + DAY).date()}
    world.cadence_runs({**run, "ended_at": START + 45 * DAY})
    person(world, "early", (-2, "page_view"), (3, "page_view"), (4, "page_view"), source=None)
    person(world, "idle", (-1, "page_view"), source=None)
    rules = shipped("content-led")
    lives(rules, AS_OF, evaluated(world, rules).run)
    return world


def test_hot_comes_with_the_last_of_score_and_action_and_goes_with_the_first(world: World) -> None:
    assert told(world, "hot") == [
        (0, "registered", None),
        (1, "cold", None),
        (10, "hot", 77),
        (10, "mql_gained", 77),
        # 30 days on the demo leaves its window, at the moment at which a month of silence takes 15 points.
        (40, "cold", 62),
        (40, "mql_lost", 62),
    ]
    assert rules_of(world, "hot") == [
        ["no_activity_since_registration"],
        ["score_below_threshold"],
        ["score_at_threshold", "meaningful_action"],
        ["score_at_threshold"],
        ["score_below_threshold"],
        ["score_at_threshold"],
    ]


def test_lives_from_what_the_score_kept_are_those_worked_out_from_the_activities(world: World) -> None:
    everybody = "SELECT * FROM life ORDER BY person_id, n"
    kept = world.run(everybody, {})
    lives(shipped("content-led"), AS_OF, world.run)
    assert kept
    assert world.run(everybody, {}) == kept


@pytest.mark.complaint(76)
def test_complaint_76_becoming_mql_again_leaves_the_first_time_as_it_was(world: World) -> None:
    row = world.rows("mqls")["again"]
    first, last = (row[name].replace(tzinfo=UTC) for name in ("first_at", "last_at"))
    assert (first, last, row["times"]) == (START + DAY, START + 300 * DAY, 3)


@pytest.mark.complaint(77)
def test_complaint_77_stages_change_by_points_by_what_is_asked_for_by_dates_and_back(world: World) -> None:
    assert [line for line in told(world, "lost") if not line[1].startswith("mql")] == [
        (0, "registered", None),
        (1, "cold", None),
        (2, "hot", 77),
        (32, "cold", 62),
        (50, "opportunity", 62),
        (60, "lost", 62),
        # Ninety days later the score begins anew, and only what is done since counts.
        (150, "cold", 0),
        (171, "hot", 70),
        (201, "cold", 55),
    ]
    assert ["recycled"] in rules_of(world, "lost")


def test_what_somebody_set_in_the_crm_enters_at_its_time_and_what_nobody_dates_is_said_to_be_so(world: World) -> None:
    assert [line[:2] for line in told(world, "closed")] == [(0, "registered"), (1, "cold"), (5, "disqualified")]
    assert [line[:2] for line in told(world, "undated")] == [(0, "disqualified")]
    # The reason's clock ran while it was closed: 90 days later it was over, though somebody opened the record since.
    again = [(0, "registered"), (1, "cold"), (5, "disqualified"), (95, "cold")]
    assert [line[:2] for line in told(world, "opened_again")] == again
    assert rules_of(world, "opened_again")[-1] == ["recycled"]
    undated = [[line.undated for line in transitions_of(world.run, who)] for who in ("closed", "undated")]
    assert undated == [[(), (), ()], [("crm_status",)]]
    stage_times(shipped("content-led").lifecycle, AS_OF, world.run, lived=True)
    since = {who: world.rows("stage_times")[who]["since"] for who in ("closed", "undated")}
    assert since == {"closed": as_column(START + 5 * DAY), "undated": None}


def test_who_was_screened_out_never_rises_whatever_they_do(world: World) -> None:
    assert [line[:2] for line in told(world, "student")] == [(0, "registered"), (1, "cold")]


def test_what_the_rest_contradicts_is_believed_as_it_is_now(world: World) -> None:
    assert [line[:2] for line in told(world, "won")] == [(0, "won")]
    assert [line[:2] for line in told(world, "lost_before")] == [(0, "registered"), (350, "lost")]


def test_a_rule_that_rests_on_a_grade_says_that_nobody_knows_since_when(world: World) -> None:
    gained = [line for line in transitions_of(world.run, "fits") if line.kind == "mql_gained"]
    assert [(line.at, line.rules, line.undated) for line in gained] == [
        (START + 2 * DAY, ("fit_and_interest",), ("fit_and_interest",))
    ]


def test_a_follow_up_keeps_a_lead_hot_that_has_cooled_and_the_fall_is_told(world: World) -> None:
    assert [line[:2] for line in told(world, "followed")] == [
        (0, "registered"),
        (14 / 24, "hot"),  # from the first moment of its day in Tokyo on
        (3, "rose"),
        (3, "mql_gained"),
        (33, "fell"),
        (33, "mql_lost"),
        (45, "cold"),
    ]


def test_those_who_could_never_reach_anything_are_registered_and_then_cold(world: World) -> None:
    assert told(world, "early") == [(0, "registered", None), (3, "cold", None)]
    assert told(world, "idle") == [(0, "registered", None)]
    assert transitions_of(world.run, "nobody") == ()


def test_silence_takes_a_hot_lead_back_and_what_is_done_at_that_very_moment_makes_it_hot_again() -> None:
    world = World()
    person(world, "p", *[(1, "search")] * 5, (31, "search"), source=None)
    rules = shipped("classic")
    lives(rules, AS_OF, evaluated(world, rules).run)
    assert told(world, "p")[:5] == [
        (0, "registered", None),
        (1, "hot", 75),
        (31, "cold", 60),
        (31, "hot", 75),
        (61, "cold", 60),
    ]


def test_a_window_that_decides_falls_where_points_leave_it(tmp_path: Path) -> None:
    lifecycle = (SHIPPED / "classic" / "lifecycle.yaml").read_text(encoding="utf-8")
    window = "at_least: 30\n  decides: {score: window, within_days: 10}"
    rules = rules_with(tmp_path, lifecycle=lifecycle.replace("at_least: 65", window))
    world = World()
    person(world, "p", (1, "search"), (2, "search"), (12, "search"))
    lives(rules, AS_OF, evaluated(world, rules).run)
    assert told(world, "p") == [(0, "registered", None), (1, "cold", None), (2, "hot", 30), (11, "cold", 15)]


@pytest.mark.requirement("RC-3")
def test_what_was_done_in_one_life_does_not_count_in_the_next(tmp_path: Path) -> None:
    lifecycle = (SHIPPED / "classic" / "lifecycle.yaml").read_text(encoding="utf-8")
    demo = "requires: [{id: demo, name: Demo, any: [{activity: \"type = 'demo_view'\"}]}]"
    rules = rules_with(tmp_path, lifecycle=lifecycle.replace("at_least: 65", f"at_least: 5\n  {demo}"))
    world = World()
    pages = [(221, "page_view")] * 6
    person(world, "p", (111, "demo_view"), *pages, source=None, crm_status="lost", lost_at=START + 130 * DAY)
    for number, opened in enumerate((10, 120)):
        deal = {"opportunity_id": f"d{number}", "person_id": "p", "created_at": START + opened * DAY, "status": "lost"}
        world.deals({**deal, "closed_at": START + (opened + 10) * DAY})
    lives(rules, AS_OF, evaluated(world, rules).run)
    assert [line[:2] for line in told(world, "p")] == [
        (0, "registered"),
        (10, "opportunity"),
        (20, "lost"),
        (110, "cold"),
        (111, "hot"),
        (120, "opportunity"),
        (130, "lost"),
        (220, "cold"),
    ]
