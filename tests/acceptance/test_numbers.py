"""The numbers of the requirements, each asked of `connector evaluate` on files: points, thresholds, days, criteria.

Two evaluations answer everything: one on the last Monday of 2026, before New Year, one on the day before Golden Week of
2027. The days were taken from the calendars by hand.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.cli.main import run
from connector.rules.load import SHIPPED

pytestmark = pytest.mark.requirement("SC-1", "SC-2a", "SC-3", "CD-1", "CD-3", "TU-1", "RC-1", "RC-3")

NEW_YEAR, GOLDEN_WEEK = "2026-12-28T18:00:00+09:00", "2027-04-28T18:00:00+09:00"
LATELY = "2026-12-27T10:00:00+09:00"
Did = Sequence[tuple[str, ...]]
"""Type, time, content, theme and visit of what somebody did; what is left out is empty."""
Found = dict[str, dict[str, Any]]

SOURCES = {
    "web_inquiry": 7, "thought_leader": -5, "webinar": 0, "event": 0, "referral": 0, "list": 0, "other": 0,
}  # fmt: skip
ACTS: dict[str, tuple[Did, int]] = {
    "page_view": ([("page_view", LATELY)], 1),
    "email_open": ([("email_open", LATELY, "mail")] * 3, 1),
    "demo_view": ([("demo_view", LATELY)], 5),
    "webinar_register": ([("webinar_register", LATELY)], 5),
    "webinar_attend": ([("webinar_attend", LATELY)], 5),
    "thought_leadership": ([("content_download", LATELY, "", "thought_leadership")], 5),
    "brand_search": ([("search", LATELY, "", "brand")], 15),
    "pricing_page": ([("page_view", LATELY, "", "pricing")], 1 + 5),
    "careers_page": ([("page_view", LATELY, "", "careers")], 1 - 10),
    "seven_pages": ([("page_view", LATELY, "", "", "v")] * 7, 7),
    "eight_pages": ([("page_view", LATELY, "", "", "v")] * 8, 8 + 7),
    "two_visits": ([("page_view", LATELY, "", "", visit) for visit in "vw"], 2 + 8),
}
MONTH, ALMOST, TWO_MONTHS = "2026-11-28T18:00:00+09:00", "2026-11-28T18:00:01+09:00", "2026-10-29T18:00:00+09:00"
SILENT: dict[str, tuple[int, int, str, int]] = {
    "thirty": (6, 0, MONTH, 30 - 15),
    "thirty_almost": (6, 0, ALMOST, 30),
    "twenty_nine": (5, 4, MONTH, 29 - 5),
    "two_months": (7, 0, TWO_MONTHS, 35 - 15 - 5),
    "five": (1, 0, MONTH, 5 - 5),
    "two_months_from_five": (1, 0, TWO_MONTHS, 5 - 5 - 5),
}
"""Demos, opens, when, and what is left of the score: 30 and more lose 15, 0 and more lose 5, below 0 nothing."""
LOST: dict[str, tuple[str, str, int, str]] = {
    "still_lost": ("2026-09-30", LATELY, 13, "lost"),
    "cold_again": ("2026-09-29", "2026-09-01", 13, "cold"),
    "busy_while_waiting": ("2026-09-01", "2026-11-20", 13, "cold"),
    "twelve_since": ("2026-09-01", LATELY, 12, "cold"),
    "thirteen_since": ("2026-09-01", LATELY, 13, "hot"),
}
"""When the deal was lost, when demos were seen and how many, and the stage: 90 days, and 65 points since."""
ITEMS = ("decisive_event", "need", "current_solution", "timing", "inside_information")
STEPS = ("day1", "day2", "day5", "day9", "day16", "day21")


def _did() -> dict[str, Did]:
    demo = ("demo_view", LATELY)
    return {
        **{f"act_{name}": acts for name, (acts, _) in ACTS.items()},
        **{
            f"silent_{name}": [("demo_view", at)] * demos + [("email_open", at, f"mail{n}") for n in range(opens)]
            for name, (demos, opens, at, _) in SILENT.items()
        },
        "silent_below": [("page_view", MONTH, "", "careers")],
        "at64": [demo] * 12 + [("page_view", LATELY)] * 4,
        "at65": [demo] * 13,
        **{f"lost_{name}": [("demo_view", at)] * count for name, (_, at, count, _) in LOST.items()},
        "asked": [("inquiry", LATELY)],
    }


def _people(starts: str) -> str:
    rows = [f"source_{word},2026-12-27,{word}" for word in SOURCES]
    for who, acts in _did().items():
        rows.append(f"{who},{'2026-08-01' if who.startswith('lost') else acts[0][1]},list")
    rows += ["budget,2026-05-01,list", *(f"run{done},{starts},list" for done in range(1, len(STEPS)))]
    people = [f"{row},rep," for row in rows]
    people += [f"toss_{required}_{met},2026-12-27,list,,要{required}" for required in (3, 4, 5) for met in range(6)]
    return "\n".join(["person_id,created_at,source,owner_id,title", *people, ""])


def _write(folder: Path, starts: str) -> None:
    acts = [
        ",".join((f"{who}-{number}", who, act[1], act[0], *act[2:])) + "," * (5 - len(act))
        for who, all_of_it in _did().items()
        for number, act in enumerate(all_of_it)
    ]
    tasks = [
        f"t{done}{step},run{done},{step},{starts},{'Completed' if place < done else 'Open'},"
        f"{starts if place < done else ''}"
        for done in range(1, len(STEPS))
        for place, step in enumerate(STEPS[: done + 1])
    ]
    deals = [f"d_{name},lost_{name},2026-08-02,{at}T18:00:00+09:00,lost,No response" for name, (at, *_) in LOST.items()]
    heard = [f"toss_{required}_{met},{item},yes" for required in (3, 4, 5) for met in range(6) for item in ITEMS[:met]]
    files = {
        "people": _people(starts),
        "activities": "\n".join(["activity_id,person_id,occurred_at,type,content,theme,visit_id", *acts, ""]),
        "tasks": "\n".join(["task_id,person_id,step,due,status,closed_at", *tasks, ""]),
        "opportunities": "\n".join(
            ["opportunity_id,person_id,created_at,closed_at,status,loss_reason", *deals,
             "d_b,budget,2026-08-02,2026-11-20T10:00:00+09:00,lost,No budget", ""]
        ),
        "hearing": "\n".join(["person_id,item,value", *heard, ""]),
    }  # fmt: skip
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")


def _rules(folder: Path) -> Path:
    """`classic`, and who needs 3 or 5 criteria says so by the title."""
    for file in (SHIPPED / "classic").glob("*.yaml"):
        (folder / file.name).write_text(file.read_text("utf-8"), "utf-8")
    text = (folder / "lifecycle.yaml").read_text("utf-8")
    segments = "".join(
        f"    - {{id: needs_{count}, name: N, when: \"title = '要{count}'\", required: {count}}}\n" for count in (3, 5)
    )
    assert text.count("toss_up:\n  required: 4\n") == 1
    changed = text.replace("toss_up:\n  required: 4\n", f"toss_up:\n  required: 4\n  segments:\n{segments}")
    (folder / "lifecycle.yaml").write_text(changed, "utf-8")
    return folder


def _evaluated(folder: Path, as_of: str) -> Found:
    _write(folder, as_of[:10])
    files = ("people", "activities", "tasks", "opportunities", "hearing")
    options = [word for name in files for word in (f"--{name}", str(folder / f"{name}.csv"))]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(["evaluate", *options, "--rules", str(_rules(folder)), "--as-of", as_of, "--json"]) == 0
    return {one["person_id"]: one for one in map(json.loads, out.getvalue().splitlines())}


@pytest.fixture(scope="module")
def new_year(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return _evaluated(tmp_path_factory.mktemp("new_year"), NEW_YEAR)


@pytest.fixture(scope="module")
def golden_week(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return _evaluated(tmp_path_factory.mktemp("golden_week"), GOLDEN_WEEK)


def test_source_points_7_and_minus_5(new_year: Found) -> None:
    assert {word: new_year[f"source_{word}"]["score"] for word in SOURCES} == SOURCES
    assert {word: new_year[f"source_{word}"]["score_source"] for word in SOURCES} == SOURCES


def test_behaviour_points_1_1_5_5_5_5_15_5_minus_10_7_and_8(new_year: Found) -> None:
    points = {name: points for name, (_, points) in ACTS.items()}
    assert {name: new_year[f"act_{name}"]["score"] for name in ACTS} == points
    assert {name: new_year[f"act_{name}"]["score_behaviour"] for name in ACTS} == points


def test_a_month_of_silence_takes_15_from_30_and_5_from_0_and_nothing_below(new_year: Found) -> None:
    left = {name: points for name, (*_, points) in SILENT.items()}
    assert {name: new_year[f"silent_{name}"]["score"] for name in SILENT} == left
    assert (new_year["silent_below"]["score"], new_year["silent_below"]["score_inactivity"]) == (-9, 0)


def test_64_is_cold_and_65_is_hot(new_year: Found) -> None:
    assert [(new_year[one]["score"], new_year[one]["stage"]) for one in ("at64", "at65")] == [(64, "cold"), (65, "hot")]
    action = new_year["at65"]["next_action"]
    assert (action["purpose"], action["channel"], action["due"]) == ("cadence_starts", "call", "2026-12-28")


def _days(found: Found) -> list[str]:
    """The day of each step after the first, each of somebody who has done all steps before it."""
    nexts = [found[f"run{done}"]["cadence"] for done in range(1, len(STEPS))]
    assert [one["step"] for one in nexts] == list(STEPS[1:])
    return [one["due"] for one in nexts]


def test_days_2_5_9_16_and_21_around_new_year(new_year: Found) -> None:
    # 1 January is a holiday and a Friday: day 5 moves to Monday the 4th, day 21 from Sunday the 17th.
    assert _days(new_year) == ["2026-12-29", "2027-01-04", "2027-01-05", "2027-01-12", "2027-01-18"]


def test_days_2_5_9_16_and_21_around_golden_week(golden_week: Found) -> None:
    # 29 April, 3, 4 and 5 May are holidays: day 5 is Sunday the 2nd and moves to the 6th, so day 9 moves to the 7th.
    assert _days(golden_week) == ["2027-04-30", "2027-05-06", "2027-05-07", "2027-05-13", "2027-05-18"]


def test_of_five_criteria_3_4_or_5_are_required(new_year: Found) -> None:
    for required in (3, 4, 5):
        told = [new_year[f"toss_{required}_{met}"]["toss_up"] for met in range(6)]
        assert [one["ready"] for one in told] == [met >= required for met in range(6)]
        assert {one["required"] for one in told} == {required}
        assert [sorted(one["met"]) for one in told] == [sorted(ITEMS[:met]) for met in range(6)]


def test_lost_is_cold_after_90_days_and_hot_only_by_65_points_since(new_year: Found) -> None:
    assert {name: new_year[f"lost_{name}"]["stage"] for name in LOST} == {
        name: stage for name, (*_, stage) in LOST.items()
    }
    assert new_year["lost_thirteen_since"]["score_deciding"] == 65
    assert new_year["lost_busy_while_waiting"]["score_deciding"] == 0


def test_no_budget_waits_for_the_next_fiscal_year(new_year: Found, golden_week: Found) -> None:
    action = new_year["budget"]["next_action"]
    assert (new_year["budget"]["stage"], action["purpose"], action["due"]) == ("lost", "recycle", "2027-04-01")
    assert golden_week["budget"]["stage"] == "cold"


def test_an_inquiry_is_called_at_once_with_a_score_below_0(new_year: Found) -> None:
    action = new_year["asked"]["next_action"]
    assert new_year["asked"]["score"] < 65
    assert (action["purpose"], action["channel"], action["due"]) == ("inquiry", "call", "2026-12-28")
