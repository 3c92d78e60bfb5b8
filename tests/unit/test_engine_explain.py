"""The ledger of one life, line by line."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.engine.explain import ledger, reasons
from connector.engine.score import score
from tests.engine_world import World, shipped, utc

pytestmark = pytest.mark.requirement("AD-8", "SC-2", "SC-3")

START = utc("2026-01-05T00:00:00+00:00")
DAY = timedelta(days=1)


def _world() -> World:
    world = World()
    world.people(
        {"person_id": "p", "created_at": START, "source": "web_inquiry"}, {"person_id": "q", "created_at": START}
    )
    pages = [
        {"activity_id": f"page{n}", "person_id": "p", "type": "page_view", "visit_id": "v1", "url": f"/{n}",
         "occurred_at": START + timedelta(minutes=n), "theme": "pricing" if n == 0 else None}
        for n in range(8)
    ]  # fmt: skip
    opens = [
        {"activity_id": f"open{n}", "person_id": "p", "type": "email_open", "content": "mail:1",
         "occurred_at": START + (1 + n) * DAY}
        for n in range(2)
    ]  # fmt: skip
    world.activities(*pages, *opens)
    return world


def test_every_point_has_its_line_and_the_lines_add_up() -> None:
    world, rules = _world(), shipped()
    now = START + 63 * DAY
    score(rules, now, world.run)
    lines = ledger(rules, now, "p", world.run)
    assert [(line.rule_id, line.points, line.running_total, line.what) for line in lines] == [
        ("source_web_inquiry", 7, 7, "web_inquiry"),
        ("page_view", 1, 8, "page_view /0"),
        ("pricing_page", 5, 13, "page_view /0"),
        *[("page_view", 1, 13 + n, f"page_view /{n}") for n in range(1, 7)],
        ("long_visit", 7, 26, "page_view /7"),
        ("page_view", 1, 27, "page_view /7"),
        ("email_open", 1, 28, "email_open mail:1"),
        ("inactivity", -5, 23, ""),
        ("inactivity", -5, 18, ""),
    ]
    assert lines[-1].running_total == world.rows("scored")["p"]["score"]
    assert [line.at for line in lines[-2:]] == [START + 32 * DAY, START + 62 * DAY]
    assert lines[0].name.en == "Came in by a web inquiry"


def test_explaining_one_leaves_the_scores_of_all_as_they_are() -> None:
    world, rules = _world(), shipped()
    score(rules, START + DAY, world.run)
    before = world.rows("scored")
    assert ledger(rules, START + DAY, "nobody", world.run) == ()
    assert world.rows("scored") == before


@pytest.mark.requirement("SC-10")
def test_a_ledger_ends_at_the_time_asked_about() -> None:
    world = _world()
    assert ledger(shipped(), START, "p", world.run)[-1].running_total == 13
    assert ledger(shipped(), START - DAY, "p", world.run) == ()


def test_reasons_sum_the_ledger_by_rule() -> None:
    world = _world()
    reasons(shipped(), START + 63 * DAY, world.run)
    rows = world.run("SELECT rule, points, times FROM reasons WHERE person_id = 'p' ORDER BY rule", {})
    assert rows == [
        ("email_open", 1, 1),
        ("inactivity", -10, 2),
        ("long_visit", 7, 1),
        ("page_view", 8, 8),
        ("pricing_page", 5, 1),
        ("source_web_inquiry", 7, 1),
    ]
