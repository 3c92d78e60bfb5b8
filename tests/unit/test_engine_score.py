"""The classic score on cases that were worked out by hand, named after the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.moments import as_column
from connector.engine.score import score
from connector.rules.load import SHIPPED, RuleSet
from tests.engine_world import World, rules_with, shipped, utc

pytestmark = pytest.mark.requirement("SC-1", "SC-2", "SC-2a", "SC-3")

START = utc("2026-01-05T00:00:00+09:00")  # a Monday in Tokyo
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def classic() -> RuleSet:
    return shipped()


@pytest.fixture
def world() -> World:
    return World()


def _person(**fields: Any) -> dict[str, Any]:
    return {"person_id": "p", "created_at": START, **fields}


def _did(kind: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {"person_id": "p", "type": kind, "occurred_at": at, **fields}


def _scored(
    world: World, rules: RuleSet, as_of: datetime, activities: Sequence[dict[str, Any]], **person: Any
) -> dict[str, Any]:
    world.people(_person(**person))
    world.activities(*activities)
    score(rules, as_of, world.run)
    return world.rows("scored")["p"]


@pytest.mark.parametrize(
    ("kind", "theme", "points"),
    [
        ("page_view", None, 1),
        ("page_view", "pricing", 6),
        ("page_view", "careers", -9),
        ("email_open", None, 1),
        ("demo_view", None, 5),
        ("webinar_register", None, 5),
        ("webinar_attend", None, 5),
        ("content_download", "thought_leadership", 5),
        ("content_download", "product", 0),
        ("search", "brand", 15),
        ("search", "pricing", 0),
        ("email_click", None, 0),
        ("inquiry", None, 0),
    ],
)
def test_points_of_one_activity(world: World, classic: RuleSet, kind: str, theme: str | None, points: int) -> None:
    row = _scored(world, classic, START + DAY, [_did(kind, START, theme=theme)])
    assert (row["score"], row["score_behaviour"], row["activities"]) == (points, points, 1)


@pytest.mark.parametrize(("source", "points"), [("web_inquiry", 7), ("thought_leader", -5), ("webinar", 0), (None, 0)])
def test_source_points_are_given_once(world: World, classic: RuleSet, source: str | None, points: int) -> None:
    row = _scored(world, classic, START + DAY, [_did("inquiry", START)], source=source)
    assert (row["score"], row["score_source"], row["score_behaviour"]) == (points, points, 0)


def test_a_thought_leader_download_by_one_who_came_that_way_is_0(world: World, classic: RuleSet) -> None:
    download = _did("content_download", START, theme="thought_leadership")
    row = _scored(world, classic, START + DAY, [download], source="thought_leader")
    assert (row["score"], row["score_source"], row["score_behaviour"]) == (0, -5, 5)


def test_an_email_opened_3_times_counts_once_and_another_one_again(world: World, classic: RuleSet) -> None:
    opens = [_did("email_open", START + n * DAY, content="mail:1") for n in range(3)]
    row = _scored(world, classic, START + 4 * DAY, [*opens, _did("email_open", START, content="mail:2")])
    assert (row["score"], row["activities"]) == (2, 4)


@pytest.mark.requirement("LC-1")
@pytest.mark.parametrize(("views", "total", "hot"), [(14, 64, False), (15, 65, True)])
def test_64_is_cold_and_65_is_hot(world: World, classic: RuleSet, views: int, total: int, hot: bool) -> None:
    demos = [_did("demo_view", START + n * SECOND) for n in range(10)]
    pages = [_did("page_view", START + DAY + n * SECOND) for n in range(views)]
    row = _scored(world, classic, START + 2 * DAY, [*demos, *pages])
    assert row["score"] == total
    assert (row["crossed_at"] is not None) is hot
    if hot:
        assert row["crossed_at"] == as_column(START + DAY + 14 * SECOND)


@pytest.mark.parametrize(
    ("waited", "taken"),
    [
        (30 * DAY - SECOND, 0),
        (30 * DAY, -5),
        (30 * DAY + SECOND, -5),
        (60 * DAY - SECOND, -5),
        (60 * DAY, -10),
    ],
)
def test_exactly_30_days_of_silence_take_points(world: World, classic: RuleSet, waited: timedelta, taken: int) -> None:
    searched = [_did("search", START, theme="brand")]
    assert _scored(world, classic, START + waited, searched)["score_inactivity"] == taken


@pytest.mark.parametrize(("views", "taken"), [(29, -5), (30, -15), (31, -15)])
def test_exactly_30_points_lose_15(world: World, classic: RuleSet, views: int, taken: int) -> None:
    pages = [_did("page_view", START + n * SECOND) for n in range(views)]
    row = _scored(world, classic, START + 31 * DAY, pages)
    assert (row["score"], row["score_inactivity"]) == (views + taken, taken)


def test_exactly_0_points_lose_5_and_below_0_nothing_more(world: World, classic: RuleSet) -> None:
    row = _scored(world, classic, START + 365 * DAY, [])
    assert (row["score"], row["next_change_at"]) == (-5, None)


def test_several_idle_months_take_15_15_5_5_5_and_then_nothing(world: World, classic: RuleSet) -> None:
    """50 → 35 → 20 → 15 → 10 → 5 → 0 → −5, and there it stays."""
    demos = [_did("demo_view", START + n * SECOND) for n in range(10)]
    world.people(_person())
    world.activities(*demos)
    totals = []
    for months in range(10):
        score(classic, START + 9 * SECOND + months * 30 * DAY, world.run)
        totals.append(world.rows("scored")["p"]["score"])
    assert totals == [50, 35, 20, 15, 10, 5, 0, -5, -5, -5]


def test_a_penalty_due_at_the_moment_of_an_activity_comes_first(world: World, classic: RuleSet) -> None:
    """29 points: −5 before the next point, not −15 after it."""
    pages = [_did("page_view", START) for _ in range(29)]
    row = _scored(world, classic, START + 30 * DAY, [*pages, _did("page_view", START + 30 * DAY)])
    assert (row["score"], row["score_inactivity"]) == (25, -5)


def test_registration_after_the_first_activity_gives_points_and_leaves_the_clock_alone(
    world: World, classic: RuleSet
) -> None:
    search = _did("search", START, theme="brand")
    row = _scored(world, classic, START + 30 * DAY, [search], created_at=START + 20 * DAY, source="web_inquiry")
    assert (row["score_source"], row["score_behaviour"], row["score_inactivity"]) == (7, 15, -5)


def test_the_clock_starts_at_registration_when_nothing_was_done_before(world: World, classic: RuleSet) -> None:
    search = _did("search", START + 31 * DAY, theme="brand")
    assert _scored(world, classic, START + 40 * DAY, [search])["score"] == 10


def test_what_we_sent_neither_counts_nor_restarts_the_clock(world: World, classic: RuleSet) -> None:
    sent = [_did("email_sent", START + 20 * DAY, content="mail:1"), _did("call_attempt", START + 25 * DAY)]
    row = _scored(world, classic, START + 30 * DAY, [_did("search", START, theme="brand"), *sent])
    assert (row["score"], row["activities"]) == (10, 1)


def test_activities_worth_nothing_and_repeated_opens_restart_the_clock(world: World, classic: RuleSet) -> None:
    rows = [
        _did("email_open", START, content="mail:1"),
        _did("email_open", START + 29 * DAY, content="mail:1"),
        _did("email_reply", START + 58 * DAY),
    ]
    assert _scored(world, classic, START + 87 * DAY, rows)["score"] == 1


@pytest.mark.parametrize(("pages", "points"), [(7, 7), (8, 15), (9, 16), (16, 23)])
def test_8_pages_in_one_visit_are_7_more_once(world: World, classic: RuleSet, pages: int, points: int) -> None:
    views = [_did("page_view", START + n * SECOND, visit_id="v1") for n in range(pages)]
    assert _scored(world, classic, START + DAY, views)["score"] == points


def test_8_pages_without_a_visit_or_in_two_are_no_long_visit(world: World, classic: RuleSet) -> None:
    views = [_did("page_view", START + n * SECOND, visit_id=None if n % 2 else "v1") for n in range(14)]
    assert _scored(world, classic, START + DAY, views)["score"] == 14


def test_the_7_points_fall_at_the_eighth_page(world: World, classic: RuleSet) -> None:
    views = [_did("page_view", START + n * DAY, visit_id="v1") for n in range(8)]
    assert _scored(world, classic, START + 7 * DAY, views)["window_1d"] == 8


@pytest.mark.parametrize(
    ("first", "second", "points"),
    [
        ("2026-01-11T23:59:59+09:00", "2026-01-12T00:00:00+09:00", 2),  # Sunday, then Monday in Tokyo
        ("2026-01-12T00:00:00+09:00", "2026-01-18T23:59:59+09:00", 10),  # Monday, then Sunday of the same week
        ("2026-01-11T14:59:59+00:00", "2026-01-11T15:00:00+00:00", 2),  # the first pair again, told in UTC
        ("2026-01-12T08:00:00+09:00", "2026-01-12T10:00:00+09:00", 10),  # one day in Tokyo, two in UTC
    ],
)
def test_2_visits_within_a_tokyo_week_are_8_more(
    world: World, classic: RuleSet, first: str, second: str, points: int
) -> None:
    views = [_did("page_view", utc(first), visit_id="v1"), _did("page_view", utc(second), visit_id="v2")]
    assert _scored(world, classic, START + 14 * DAY, views)["score"] == points


def test_5_visits_in_a_week_are_8_more_once_and_a_visit_belongs_to_the_week_it_began_in(
    world: World, classic: RuleSet
) -> None:
    views = [_did("page_view", START + n * DAY, visit_id=f"v{n}") for n in range(5)]
    views += [
        _did("page_view", utc("2026-01-18T23:50:00+09:00"), visit_id="late"),
        _did("page_view", utc("2026-01-19T00:10:00+09:00"), visit_id="late"),
        _did("page_view", utc("2026-01-19T09:00:00+09:00"), visit_id="next"),
    ]
    assert _scored(world, classic, START + 20 * DAY, views)["score"] == 8 + 8


@pytest.mark.requirement("SY-8")
@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([("email_click", 0), ("email_click", 1), ("email_click", 2)], 0),
        ([("email_click", 0), ("email_click", 1), ("email_click", 3)], 3),
        ([("email_click", 0), ("email_click", 1), ("email_click", 2), ("email_click", 4)], 1),
        ([("email_sent", 0), ("email_open", 0)], 0),
        ([("email_sent", 0), ("email_open", 5)], 0),
        ([("email_sent", 0), ("email_open", 6)], 1),
        ([("email_open", 0), ("email_sent", 1)], 1),
    ],
)
def test_machine_noise_is_nothing(world: World, classic: RuleSet, rows: list[tuple[str, int]], kept: int) -> None:
    activities = [_did(kind, START + seconds * SECOND, content="mail:1") for kind, seconds in rows]
    assert _scored(world, classic, START + DAY, activities)["activities"] == kept


@pytest.mark.requirement("SY-8")
def test_marked_machines_are_nothing_unless_the_rules_say_otherwise(world: World, tmp_path: Path) -> None:
    rows = [_did("page_view", START, machine=True), _did("page_view", START, machine=False), _did("page_view", START)]
    assert _scored(world, shipped(), START + DAY, rows)["score"] == 2
    text = (SHIPPED / "classic" / "scoring.yaml").read_text(encoding="utf-8")
    lenient = rules_with(tmp_path, scoring=text.replace("marked: true", "marked: false"))
    score(lenient, START + DAY, world.run)
    assert world.rows("scored")["p"]["score"] == 3


@pytest.mark.requirement("SC-4")
def test_windows_are_open_at_the_far_end(world: World, classic: RuleSet) -> None:
    now = START + 40 * DAY
    rows = [_did("page_view", now - n * DAY) for n in (0, 1, 7, 30)]
    row = _scored(world, classic, now, rows, source="web_inquiry", created_at=now)
    assert (row["window_1d"], row["window_7d"], row["window_30d"], row["score"]) == (1, 2, 3, 4 + 7)


@pytest.mark.requirement("SC-10")
def test_what_is_later_than_the_time_asked_about_is_not_there_yet(world: World, classic: RuleSet) -> None:
    row = _scored(world, classic, START, [_did("search", START, theme="brand"), _did("demo_view", START + SECOND)])
    assert row["score"] == 15
    assert row["next_change_at"] == as_column(START + SECOND)
    score(classic, START - SECOND, world.run)
    assert world.rows("scored") == {}


def test_a_rise_after_a_fall_is_a_new_crossing(world: World, classic: RuleSet) -> None:
    """70 at once, 55 after a month, 70 again by a search: hot since the search."""
    demos = [_did("demo_view", START) for _ in range(14)]
    again = _did("search", START + 30 * DAY, theme="brand")
    row = _scored(world, classic, START + 31 * DAY, [*demos, again])
    assert row["score"] == 70
    assert row["crossed_at"] == as_column(again["occurred_at"])


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_rows_never_matters(world: World, classic: RuleSet, order: int) -> None:
    rows = [_did("page_view", START + n * 9 * DAY, visit_id=f"v{n % 3}") for n in range(12)]
    assert _scored(world, classic, START + 150 * DAY, rows[::order])["score"] == 12 - 5


def test_only_those_asked_for_are_scored(world: World, classic: RuleSet) -> None:
    world.people(_person(), _person(person_id="q"))
    world.run("CREATE TABLE touched AS SELECT 'q' AS person_id", {})
    score(classic, START + DAY, world.run, among="touched")
    assert list(world.rows("scored")) == ["q"]


def test_times_before_1970_are_whole_months_too(world: World, classic: RuleSet) -> None:
    early = utc("1969-12-12")
    rows = [_did("search", early, theme="brand"), _did("page_view", early + 40 * DAY)]
    row = _scored(world, classic, early + 50 * DAY, rows, created_at=early)
    assert (row["score"], row["score_inactivity"]) == (11, -5)


def test_a_rule_set_without_silence_visits_and_weeks(world: World, tmp_path: Path) -> None:
    rules = rules_with(
        tmp_path,
        scoring="""
version: 1
behaviour:
  - {id: page, name: Page, when: "type = 'page_view'", points: 2}
""",
    )
    row = _scored(world, rules, START + 365 * DAY, [_did("page_view", START)], source="web_inquiry")
    assert (row["score"], row["next_change_at"]) == (2, None)
