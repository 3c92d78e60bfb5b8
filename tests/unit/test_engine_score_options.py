"""Caps, groups, months of the calendar, a floor and the score that decides: cases worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.decide import decide
from connector.engine.explain import LedgerLine, ledger, reasons
from connector.engine.grade import grade
from connector.engine.moments import as_column
from connector.engine.score import score
from connector.engine.tier import tier
from connector.errors import ConfigurationError
from connector.rules.load import RuleSet
from connector.rules.stages import STAGES
from tests.engine_world import World, rules_with, utc

pytestmark = pytest.mark.requirement("SC-2a", "SC-6")

START = utc("2026-01-05T00:00:00+09:00")  # a Monday in Tokyo
HOUR, DAY, MICRO = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
PAGE = "{id: page, name: Page, when: \"type = 'page_view'\", points: 3, cap: {points: 5, per: day}}"
LONG = "visits: [{id: long, name: L, pages: 2, points: 7}]"
CAPPED = "{{id: per_{0}, name: P, when: \"type = '{1}'\", points: 3, cap: {{points: 5, per: {0}}}}}"
BANDS = "bands: [{at_least: 30, points: -15}, {at_least: 0, points: -5}]"


@pytest.fixture
def world() -> World:
    return World()


def _rules(folder: Path, scoring: str, hot: str = "{}", more: str = "") -> RuleSet:
    """A rule set of little more than scoring, so that it is quickly read."""
    stages = ", ".join(f"{stage}: {{name: {stage}}}" for stage in STAGES)
    life = f"version: 1\nstages: {{{stages}}}\nhot: {hot}\nrecycle: {{after_days: 90}}\n{more}"
    grade = "grade: {profiles: [{id: all, name: A, criteria: [{id: one, name: O, when: 'employees > 1', match: 1}]}]}"
    steps = "[{id: day1, day: 1, tasks: [{channel: call, subject: Call}]}]"
    cadence = f"version: 1\ncadences: [{{id: hot, name: H, starts: fresh_crossing, steps: {steps}}}]\n"
    scoring, grade = f"version: 1\n{scoring}\n", f"version: 1\n{grade}\n"
    return rules_with(folder, scoring=scoring, lifecycle=life, tiers=grade, cadence=cadence)


def _did(kind: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {"person_id": "p", "type": kind, "occurred_at": at, **fields}


def _scored(world: World, rules: RuleSet, as_of: datetime) -> dict[str, Any]:
    if rules.scoring.attributes:
        tier(rules, world.run)
        grade(rules, world.run)
    score(rules, as_of, world.run)
    return world.rows("scored")["p"]


def _lived(world: World, rules: RuleSet, as_of: datetime, *rows: dict[str, Any], **person: Any) -> dict[str, Any]:
    world.people({"person_id": "p", "created_at": START, **person})
    world.activities(*rows)
    return _scored(world, rules, as_of)


def _lines(world: World, rules: RuleSet, as_of: datetime) -> tuple[LedgerLine, ...]:
    return ledger(rules, as_of, "p", world.run)


def _given(world: World, rules: RuleSet, as_of: datetime) -> list[tuple[int, int | None]]:
    return [(line.points, line.uncut) for line in _lines(world, rules, as_of)]


@pytest.mark.requirement("AD-8")
def test_a_cap_of_5_a_day_lets_3_and_2_through_and_begins_anew_at_midnight_in_tokyo(
    world: World, tmp_path: Path
) -> None:
    rules = _rules(tmp_path, f"behaviour: [{PAGE}]")
    times = [START + 20 * HOUR, START + 21 * HOUR, START + 24 * HOUR - MICRO, START + 24 * HOUR]
    row = _lived(world, rules, START + 2 * DAY, *(_did("page_view", at) for at in times))
    assert (row["score"], row["activities"]) == (3 + 2 + 0 + 3, 4)
    lines = _lines(world, rules, START + 2 * DAY)
    assert [(line.points, line.uncut, line.running_total) for line in lines] == [
        (3, None, 3), (2, 3, 5), (0, 3, 5), (3, None, 8),
    ]  # fmt: skip
    assert [line.activity_id for line in lines] == ["a0", "a1", "a2", "a3"]
    reasons(rules, START + 2 * DAY, world.run)
    assert world.run("SELECT rule, points, times FROM reasons", {}) == [("page", 8, 3)]


def test_weeks_begin_on_monday_months_on_their_first_and_ever_never(world: World, tmp_path: Path) -> None:
    kinds = {"week": "page_view", "month": "demo_view", "ever": "search"}
    rules = _rules(tmp_path, "behaviour: [" + ", ".join(CAPPED.format(per, kind) for per, kind in kinds.items()) + "]")
    cases = (
        ("week", "2026-01-11T23:59:59+09:00", 5),  # Sunday
        ("week", "2026-01-12T00:00:00+09:00", 6),  # Monday
        ("month", "2026-01-31T23:59:59+09:00", 5),
        ("month", "2026-01-31T15:00:00+00:00", 6),  # February in Tokyo, January in UTC
        ("ever", "2026-02-15T00:00:00+09:00", 5),
    )
    for number, (per, second, _) in enumerate(cases):
        world.people({"person_id": f"p{number}", "created_at": START})
        views = [_did(kinds[per], at) for at in (START, utc(second))]
        world.activities(*({**view, "person_id": f"p{number}"} for view in views))
    score(rules, START + 60 * DAY, world.run)
    scored = world.rows("scored")
    assert [scored[f"p{number}"]["score"] for number in range(len(cases))] == [total for _, _, total in cases]


def test_a_rule_that_takes_points_is_held_alike(world: World, tmp_path: Path) -> None:
    rule = "{id: careers, name: C, when: \"theme = 'careers'\", points: -10, cap: {points: 15, per: ever}}"
    rules = _rules(tmp_path, f"behaviour: [{rule}]")
    views = [_did("page_view", START + n * DAY, theme="careers") for n in range(3)]
    assert _lived(world, rules, START + 3 * DAY, *views)["score"] == -15
    assert _given(world, rules, START + 3 * DAY) == [(-10, None), (-5, -10), (0, -10)]


DOWNLOADS = """
behaviour:
  - {id: any_download, name: A, when: "type = 'content_download'", points: 3}
  - {id: price_list, name: P, when: "type = 'content_download' AND theme = 'pricing'", points: 15}
  - {id: page, name: Page, when: "type = 'page_view'", points: -4}
groups:
  - {id: downloads, name: D, rules: [any_download, price_list, page], WHAT}
"""


def test_15_under_a_cap_of_40_give_15_15_10_and_nothing(world: World, tmp_path: Path) -> None:
    text = DOWNLOADS.replace("WHAT", "exclusive: most_points, cap: {points: 40, per: week}")
    rules = _rules(tmp_path, text)
    rows = [_did("content_download", START + n * HOUR, theme="pricing") for n in range(4)]
    assert _lived(world, rules, START + DAY, *rows)["score"] == 40
    assert _given(world, rules, START + DAY) == [(15, None), (15, None), (10, 15), (0, 15)]


def test_what_a_group_takes_is_held_apart_from_what_it_gives(world: World, tmp_path: Path) -> None:
    """+15, −4, +15 and five more times −4, at most 20 a week: +15 −4 +5 −4 −4 −4 −4 and 0."""
    rules = _rules(tmp_path, DOWNLOADS.replace("WHAT", "exclusive: most_points, cap: {points: 20, per: week}"))
    kinds = ("content_download", "page_view", "content_download", *("page_view",) * 5)
    rows = [_did(kind, START + n * HOUR, theme="pricing") for n, kind in enumerate(kinds)]
    assert _lived(world, rules, START + DAY, *rows)["score"] == 20 - 20
    assert [points for points, _ in _given(world, rules, START + DAY)] == [15, -4, 5, -4, -4, -4, -4, 0]


@pytest.mark.parametrize(("how", "points"), [("most_points", 15), ("first", 3)])
def test_one_rule_of_an_exclusive_group_pays_for_an_activity(
    world: World, tmp_path: Path, how: str, points: int
) -> None:
    rules = _rules(tmp_path, DOWNLOADS.replace("WHAT", f"exclusive: {how}"))
    row = _lived(world, rules, START + DAY, _did("content_download", START, theme="pricing"))
    assert row["score"] == points


def test_points_add_up_where_no_group_says_otherwise(world: World, tmp_path: Path) -> None:
    rules = _rules(tmp_path, DOWNLOADS.split("groups:", maxsplit=1)[0])
    assert _lived(world, rules, START + DAY, _did("content_download", START, theme="pricing"))["score"] == 18


def test_the_rule_that_an_exclusive_group_chose_may_pay_nothing_and_still_no_other_pays(
    world: World, tmp_path: Path
) -> None:
    text = DOWNLOADS.replace("points: 15}", "points: 15, once_per: content}").replace("WHAT", "exclusive: most_points")
    rows = [_did("content_download", START + n * DAY, theme="pricing", content="list") for n in range(2)]
    assert _lived(world, _rules(tmp_path, text), START + 2 * DAY, *rows)["score"] == 15


def test_caps_hold_visits_and_weeks_too(world: World, tmp_path: Path) -> None:
    text = """
visits: [{id: long, name: L, pages: 2, points: 7, cap: {points: 10, per: day}}]
weeks: [{id: often, name: O, visits: 2, points: 8, cap: {points: 8, per: month}}]
"""
    pages = [_did("page_view", START + n * HOUR, visit_id=f"v{n % 2}") for n in range(4)]
    pages += [_did("page_view", START + 7 * DAY + n * HOUR, visit_id=f"w{n}") for n in range(2)]
    assert _lived(world, _rules(tmp_path, text), START + 9 * DAY, *pages)["score"] == 10 + 8


def test_more_rules_than_an_integer_has_bits_pay_each_for_itself(world: World, tmp_path: Path) -> None:
    """Of 130 rules of 3 points, under a cap of 5 a day or once a content, each pays for two views of one page."""
    rules = _rules(tmp_path, f"behaviour: [{PAGE}]")
    (page,) = rules.scoring.behaviour
    kinds: tuple[dict[str, object], ...] = ({"once_per": "content", "cap": None}, {})
    behaviour = tuple(page.model_copy(update={"id": f"r{n}", **kinds[n % 2]}) for n in range(130))
    many = replace(rules, scoring=rules.scoring.model_copy(update={"behaviour": behaviour}))
    views = [_did("page_view", START + n * HOUR, content="page") for n in range(2)]
    assert _lived(world, many, START + DAY, *views)["score"] == 65 * 3 + 65 * 5


@pytest.mark.requirement("SC-3")
@pytest.mark.parametrize(("cap", "taken"), [(29, -5), (30, -15)])
def test_a_penalty_looks_at_what_was_paid_and_not_at_what_was_cut(
    world: World, tmp_path: Path, cap: int, taken: int
) -> None:
    rule = f"{{id: demo, name: D, when: \"type = 'demo_view'\", points: 5, cap: {{points: {cap}, per: ever}}}}"
    rules = _rules(tmp_path, f"behaviour: [{rule}]\ninactivity: {{name: I, {BANDS}}}")
    row = _lived(world, rules, START + 31 * DAY, *(_did("demo_view", START) for _ in range(10)))
    assert (row["score_behaviour"], row["score_inactivity"]) == (cap, taken)


@pytest.mark.requirement("SC-4", "RC-3")
def test_what_a_cap_took_is_in_no_window_and_the_recycled_do_not_get_it_again(world: World, tmp_path: Path) -> None:
    rules = _rules(tmp_path, f"behaviour: [{PAGE.replace('per: day', 'per: ever')}]")
    now = START + 300 * DAY
    rows = [_did("page_view", START), _did("page_view", now - HOUR), _did("page_view", now)]
    row = _lived(world, rules, now, *rows, crm_status="lost", lost_at=START + DAY)
    assert (row["score"], row["window_1d"], row["score_deciding"]) == (5, 2, 2)
    assert row["recycled_at"] is not None


@pytest.mark.requirement("SC-3")
@pytest.mark.parametrize(
    ("last", "ends"),
    [
        ("2026-01-31T12:00:00+09:00", ["2026-02-28T12:00", "2026-03-31T12:00", "2026-04-30T12:00"]),
        ("2028-01-30T00:30:00+09:00", ["2028-02-29T00:30", "2028-03-30T00:30"]),
        ("2026-02-28T23:00:00+09:00", ["2026-03-28T23:00", "2026-04-28T23:00"]),
        ("2025-12-31T15:30:00+00:00", ["2026-02-01T00:30", "2026-03-01T00:30"]),  # 1 January in Tokyo
    ],
)
def test_months_of_the_calendar_end_on_the_same_day_or_the_last_one(
    world: World, tmp_path: Path, last: str, ends: list[str]
) -> None:
    text = "behaviour: [{id: s, name: S, when: \"type = 'search'\", points: 60}]\n"
    rules = _rules(tmp_path, f"{text}inactivity: {{name: I, month: calendar, {BANDS}}}")
    world.people({"person_id": "p", "created_at": utc(last)})
    world.activities(_did("search", utc(last)))
    for number, end in enumerate(utc(f"{one}+09:00") for one in ends):
        before = _scored(world, rules, end - MICRO)
        assert (before["score_inactivity"], before["next_change_at"]) == (-15 * number, as_column(end))
    taken = [line.at for line in _lines(world, rules, end) if line.rule_id == "inactivity"]
    assert taken == [utc(f"{one}+09:00") for one in ends]


@pytest.mark.requirement("SC-3", "AD-8")
def test_a_floor_lifts_what_is_shown_and_is_the_last_line(world: World, tmp_path: Path) -> None:
    """−10 and a month later nothing more, +5: −5 in truth, 0 shown; another +7: 2."""
    text = """
behaviour:
  - {id: careers, name: C, when: "theme = 'careers'", points: -10}
  - {id: demo, name: D, when: "type = 'demo_view'", points: 5}
  - {id: search, name: S, when: "type = 'search'", points: 7}
floor: {name: {ja: 下限, en: Floor}, at_least: 0}
"""
    rules, now = _rules(tmp_path, text), START + 40 * DAY
    row = _lived(world, rules, now, _did("page_view", START, theme="careers"), _did("demo_view", now))
    figures = ("score", "score_source", "score_behaviour", "score_inactivity", "score_floor", "score_deciding")
    assert [row[name] for name in figures] == [0, 0, -5, 0, 5, 0]
    lines = _lines(world, rules, now)
    assert [(line.rule_id, line.points, line.running_total) for line in lines] == [
        ("careers", -10, -10), ("demo", 5, -5), ("floor", 5, 0),
    ]  # fmt: skip
    assert (lines[-1].at, lines[-1].name.en) == (now, "Floor")
    world.activities(_did("search", now + DAY))
    row = _scored(world, rules, now + DAY)
    assert (row["score"], row["score_floor"]) == (2, 0)


def test_rolling_seven_days_pay_at_the_second_visit_and_7_days_later_at_the_earliest(
    world: World, tmp_path: Path
) -> None:
    rules = _rules(tmp_path, "weeks: [{id: often, name: O, visits: 2, points: 8, rolling_days: 7}]")
    cases: tuple[tuple[tuple[int, ...], int], ...] = (
        ((0, 7 * 24), 0),  # (t − 7 days, t] does not hold the first
        ((0, 7 * 24 - 1), 8),
        ((0, 24, 48, 72), 8),  # once in seven days
        ((0, 24, 7 * 24 + 23), 8),  # 6 days and 23 hours after the pay
        ((0, 24, 8 * 24 - 1, 8 * 24), 16),  # exactly 7 days after the pay, with one visit an hour before
    )
    for number, (hours, _) in enumerate(cases):
        world.people({"person_id": f"p{number}", "created_at": START})
        views = [_did("page_view", START + n * HOUR, visit_id=f"v{n}") for n in hours]
        world.activities(*({**view, "person_id": f"p{number}"} for view in views))
    score(rules, START + 30 * DAY, world.run)
    scored = world.rows("scored")
    assert [scored[f"p{number}"]["score"] for number in range(len(cases))] == [points for _, points in cases]


WINDOW = "{at_least: 10, decides: {score: window, within_days: 30}}"
STEPS = """
behaviour:
  - {id: demo, name: D, when: "type = 'demo_view'", points: 5}
  - {id: careers, name: C, when: "theme = 'careers'", points: -10}
attributes: [{id: cto, name: C, when: "title = 'CTO'", points: 6}]
"""


@pytest.mark.requirement("SC-4", "LC-1")
def test_a_window_that_decides_rises_with_points_and_falls_when_they_leave_it(world: World, tmp_path: Path) -> None:
    rules = _rules(tmp_path, STEPS, WINDOW)
    world.people({"person_id": "p", "created_at": START})
    world.activities(_did("demo_view", START), _did("demo_view", START + 10 * DAY))
    for at, deciding, crossed in (
        (START + 10 * DAY - MICRO, 5, None),
        (START + 10 * DAY, 10, START + 10 * DAY),
        (START + 30 * DAY - MICRO, 10, START + 10 * DAY),
        (START + 30 * DAY, 5, None),
        (START + 40 * DAY, 0, None),
    ):
        row = _scored(world, rules, at)
        assert (row["score_deciding"], row["crossed_at"]) == (deciding, as_column(crossed) if crossed else None)
    assert row["score"] == 10


@pytest.mark.requirement("SC-4", "LC-1")
def test_a_window_rises_where_what_took_points_leaves_it(world: World, tmp_path: Path) -> None:
    """−10 on day 0, +5 +5 on day 20: hot from the very moment at which day 0 is 30 days ago."""
    rules = _rules(tmp_path, STEPS, WINDOW)
    demos = [_did("demo_view", START + 20 * DAY) for _ in range(2)]
    row = _lived(world, rules, START + 30 * DAY, _did("page_view", START, theme="careers"), *demos)
    assert (row["score"], row["score_deciding"], row["crossed_at"]) == (0, 10, as_column(START + 30 * DAY))
    before = _scored(world, rules, START + 30 * DAY - MICRO)
    assert (before["score_deciding"], before["next_change_at"]) == (0, as_column(START + 30 * DAY))


@pytest.mark.requirement("SC-8", "RC-3")
def test_attributes_count_for_those_who_did_something_and_never_in_the_score(world: World, tmp_path: Path) -> None:
    rules = _rules(tmp_path, STEPS, "{at_least: 6, decides: {with_attributes: true}}")
    now = START + 200 * DAY
    row = _lived(world, rules, now - DAY, title="CTO")
    assert (row["score"], row["score_deciding"], row["crossed_at"]) == (0, 0, None)
    world.activities(_did("email_reply", now))
    row = _scored(world, rules, now)
    assert (row["score"], row["score_deciding"], row["crossed_at"]) == (0, 6, as_column(now))
    world.run("UPDATE people SET crm_status = 'lost', lost_at = $at", {"at": as_column(now)})
    again = _scored(world, rules, now + 90 * DAY)
    assert (again["recycled_at"], again["score_deciding"]) == (as_column(now + 90 * DAY), 0)
    world.activities(_did("email_reply", now + 91 * DAY))
    assert _scored(world, rules, now + 91 * DAY)["crossed_at"] == as_column(now + 91 * DAY)


@pytest.mark.requirement("LC-12")
def test_attributes_that_take_points_take_them_with_the_first_activity_and_the_rise_after_that_counts(
    world: World, tmp_path: Path
) -> None:
    """What is done in one month of silence is one sum to the score: the fall within it is seen all the same."""
    scoring = """source: [{id: web, name: W, when: "source = 'web_inquiry'", points: 7}]
attributes: [{id: title, name: T, when: "title = '部長'", points: -6}]
behaviour: [{id: download, name: D, when: "type = 'content_download'", points: 3}]
inactivity: {name: I, month: calendar, bands: [{at_least: 30, points: -15}]}"""
    rules = _rules(tmp_path, scoring, "{at_least: 2, decides: {score: ledger, with_attributes: true}}")
    world.people({"person_id": "p", "created_at": START, "source": "web_inquiry", "title": "部長"})
    world.activities(_did("webinar_attend", START + 20 * DAY), _did("content_download", START + 26 * DAY))
    row = _scored(world, rules, START + 27 * DAY)
    assert (row["score_deciding"], row["crossed_at"]) == (4, as_column(START + 26 * DAY))


def test_a_lead_time_has_its_own_threshold_and_crossing(world: World, tmp_path: Path) -> None:
    more = 'lead_times: [{id: small, name: S, when: "employees < 50", hot_at_least: 5}]\n'
    rules = _rules(tmp_path, STEPS, more=more)
    rows = [_did("demo_view", START + n * DAY) for n in (1, 2)]
    world.people({"person_id": "p", "created_at": START, "employees": 20}, {"person_id": "q", "created_at": START})
    world.activities(*rows, *({**row, "person_id": "q"} for row in rows))
    row = _scored(world, rules, START + 3 * DAY)
    assert (row["hot_at_least"], row["crossed_at"]) == (5, as_column(START + DAY))
    assert world.rows("scored")["q"]["hot_at_least"] == 65
    decide(rules, START + 3 * DAY, (START + 3 * DAY).date(), world.run)
    assert {key: one["stage"] for key, one in world.rows("decided").items()} == {"p": "hot", "q": "cold"}


@pytest.mark.requirement("AD-1")
@pytest.mark.parametrize(
    ("scoring", "hot", "sentence"),
    [
        ("groups: [{id: g, name: G, rules: [page], cap: {points: 1, per: day}}]", "{}", "names `page`: no rule"),
        (f"behaviour: [{PAGE}]\ngroups: [{{id: g, name: G, rules: [page]}}]", "{}", "The group `g` does nothing."),
        (
            f"behaviour: [{PAGE}]\ngroups: [{{id: g, name: G, rules: [page, page], exclusive: first}}]",
            "{}",
            "`page` is named twice",
        ),
        (
            f"{LONG}\ngroups: [{{id: g, name: G, rules: [long], exclusive: first}}]",
            "{}",
            "`long` is about a visit",
        ),
        (f"inactivity: {{name: I, month: calendar, every_days: 30, {BANDS}}}", "{}", "`every_days` has no meaning"),
        ("floor: {name: F, at_least: 1}", "{}", "`at_least`"),
        ("time_zone: Asia/Tokyo", "{decides: {score: window}}", "A window needs its length."),
        ("time_zone: Asia/Tokyo", "{decides: {within_days: 30}}", "`within_days` belongs to a window."),
    ],
)
def test_what_does_not_fit_together_is_refused_in_a_sentence(
    tmp_path: Path, scoring: str, hot: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _rules(tmp_path, scoring, hot)
    assert any(sentence in problem.sentence for problem in refused.value.problems)
