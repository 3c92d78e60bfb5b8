"""Advice about rules: each kind is told with its place, and what is shipped is told nothing but the truth (AD-6)."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from connector.cli.main import run
from connector.engine.cadence import BusinessCalendar
from connector.rules.content import load_content
from connector.rules.lint import lint
from connector.rules.lists import load_lists
from connector.rules.load import SHIPPED, load_rules
from connector.rules.mapping import load_mapping
from connector.rules.written import Finding, written
from tests.engine_world import bind, block

pytestmark = pytest.mark.requirement("AD-6")

TODAY = date(2026, 10, 1)
RULES = SHIPPED / "content-led"


def advice(folder: Path) -> list[Finding]:
    rules = load_rules(folder, bind)
    parts = written(
        folder, rules, load_content(folder / "content.yaml"), load_mapping(folder).fields, load_lists(folder, bind)
    )
    calendar = rules.cadence.calendar
    return lint(parts, BusinessCalendar(calendar.country, calendar.closing_days).is_business_day, TODAY)


def place(text: str, marked: str) -> tuple[int, int]:
    before = text[: text.index(marked)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.requirement("SC-6")
def test_classic_promotes_by_sums_and_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--mappings", str(SHIPPED / "classic"), "--json"]) == 0
    text = (SHIPPED / "classic" / "lifecycle.yaml").read_text("utf-8")
    told = json.loads(capsys.readouterr().out)["advice"]
    assert all(list(one) == ["kind", "file", "line", "column", "sentence", "suggestion"] for one in told)
    assert [(one["kind"], one["file"], one["line"], one["column"]) for one in told] == [
        ("sum_only", "lifecycle.yaml", *place(text, "at_least: 65")),
        ("sum_only", "lifecycle.yaml", *place(text, "id: score_at_threshold")),
    ]


SEGMENTS = """  segments:
    - {id: big, name: Big, when: "employees >= 300", required: 4}
    - {id: bigger, name: Bigger, when: "employees >= 1000", required: 3}
  criteria:
"""
REQUIRES = """      any:
        - activity: >-
            type IN ('demo_view', 'webinar_attend', 'quote_request', 'inquiry')
"""
AGAIN = """      criteria:
        - {id: again, name: A, when: "NOT employees < 300", match: 1}
"""
TIER3 = "\"employees >= 500 AND industry = '化学'\""
BOTH = "- grade: B\n        - score: 30\n        - score_at_most: 20\n"
EITHER = "        - score: 65\n      any:\n        - score: 70\n        - ac"
KEY = "- activity: \"type = 'inquiry'\"\n          within_days: 7\n"
RECYCLE = block((RULES / "lifecycle.yaml").read_text("utf-8"), "recycle")
SAME = "source = 'web_inquiry' AND TRUE"
# File, what is replaced, by what, and the advice with the place where it is due.
Case = tuple[str, str, str, str, str]
ONE: tuple[Case, ...] = (
    (
        "scoring.yaml",
        "\"type = 'demo_view'\"",
        "\"type = 'demo_view' AND type = 'search'\"",
        "never_true",
        "\"type = 'demo_view' A",
    ),
    ("scoring.yaml", '"employees >= 300"', '"employees > 5 AND employees < 3"', "never_true", '"employees > 5'),
    ("scoring.yaml", "view' AND theme = 'pricing'", "view' AND theme = 'prices'", "unknown_word", "'prices'"),
    ("scoring.yaml", "source = 'referral'", "source = 'referal'", "unknown_word", "'referal'"),
    ("scoring.yaml", "type = 'meeting'", "type = 'call_attempt'", "never_counts", "\"type = 'call_attempt'"),
    ("scoring.yaml", "type = 'email_reply'", "type IN ('quote_request')", "overlapping", "\"type = 'quote_request'"),
    ("tiers.yaml", '"employees >= 50 OR revenue_jpy >= 1000000000"', TIER3, "unreachable", "id: tier3"),
    ("tiers.yaml", "      criteria:\n", AGAIN, "overlapping", '"employees >= 300"'),
    ("lifecycle.yaml", REQUIRES, REQUIRES.replace("'inquiry'", "'page_view'"), "sum_only", "at_least: 65"),
    ("lifecycle.yaml", "- grade: B\n", BOTH, "never_true", "id: fit_and_interest"),
    ("lifecycle.yaml", "collected_by: [call]\n", "collected_by: []\n", "not_collected", "id: authority"),
    (
        "lifecycle.yaml",
        "\"item = 'current_solution'\"",
        "\"item = 'need'\"",
        "overlapping",
        "id: current_solution\n      name: {ja: 現在の利用状況, en: What",
    ),
    ("lifecycle.yaml", "heard_date: [again_on,", "heard_date: [again_onn,", "undeclared_item", "again_onn"),
    ("lifecycle.yaml", "'timing', 'timeframe'", "'timming', 'timeframe'", "undeclared_item", "'timming'"),
    ("lifecycle.yaml", "  criteria:\n", SEGMENTS, "unreachable", "{id: bigger"),
    ("content.yaml", "    stage: null\n", "", "content_without_stage", "id: survey-form"),
    ("content.yaml", 'url: ["/quote*"]', 'url: ["/contact*", "/quote*"]', "unreachable", "id: contact-page"),
    ("lists.yaml", '"attended AND asked"', '"attended OR asked"', "unreachable", "id: attended\n"),
    ("cadence.yaml", 'en: "Day 9: call"', 'en: "Day 2: call"', "same_subject", "{ja: 9日目：電話"),
    ("cadence.yaml", "closing_days: []", "closing_days: [2026-12-26]", "no_effect", "2026-12-26"),
)
TWO: tuple[Case, ...] = (
    ("scoring.yaml", '"employees >= 300"', "\"lower(title) = 'CEO'\"", "never_true", '"lower('),
    ("scoring.yaml", "source = 'referral'", SAME, "overlapping", f'"{SAME}'),
    ("tiers.yaml", "      criteria:\n", "      when: \"tier = 'tier4'\"\n      criteria:\n", "unknown_word", "'tier4'"),
    ("lifecycle.yaml", "        - score: 65\n        - ac", EITHER, "sum_only", "id: score_at_threshold"),
    ("lifecycle.yaml", "- hearing: \"item = 'need'\"\n", KEY, "overlapping", "id: fit_and_interest"),
    ("lifecycle.yaml", "\"item = 'current_solution'\"", "\"item = 'timing'\"", "not_needed", "id: current_solution"),
    ("lifecycle.yaml", RECYCLE, "", "dead_end", "version"),
    ("fields.yaml", "  webinar: [Webinar]\n", "", "source_without_words", "webinar, event, list]"),
    ("cadence.yaml", "closing_days: []", "closing_days: [2025-12-29]", "no_effect", "[2025-12-29]"),
)
FOLLOWS = {
    # What was moved away is missing where it was.
    ("not_needed", "inside_information"), ("not_needed", "current_solution"), ("not_needed", "timing"),
    # Without `recycle`.
    ("no_effect", "second_approach"),
}  # fmt: skip


@pytest.mark.parametrize("cases", [ONE, TWO], ids=["one", "two"])
def test_each_change_makes_one_piece_of_advice_at_its_place(tmp_path: Path, cases: tuple[Case, ...]) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    for file, old, new, _, _ in cases:
        text = (folder / file).read_text("utf-8")
        assert old in text, old
        (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    expected = set()
    for file, _, _, kind, marked in cases:
        where = "lifecycle.yaml" if kind == "source_without_words" else file
        expected.add((kind, where, *place((folder / where).read_text("utf-8"), marked)))
    found = {(one.kind, one.file, one.line, one.column): one for one in advice(folder)}
    assert expected <= found.keys(), expected - found.keys()
    rest = {(one.kind, one.sentence.split("`")[1]) for key, one in found.items() if key not in expected}
    assert rest <= FOLLOWS
    assert all(one.sentence.endswith(".") and one.suggestion.endswith((".", "?")) for one in found.values())


def test_a_score_that_nobody_reaches(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    rule = "{id: web, name: Web, when: \"source = 'web_inquiry'\", points: 40}"
    (folder / "scoring.yaml").write_text(f"version: 1\nsource:\n  - {rule}\n", "utf-8")
    life = (folder / "lifecycle.yaml").read_text("utf-8")
    found = advice(folder)
    lines = {place(life, marked)[0] for marked in ("at_least: 65", "score: 65")}
    assert {(one.kind, one.line) for one in found} == {("out_of_reach", line) for line in lines}
    assert "40 are the most that the rules give" in found[0].sentence


ITEM = "  - {id: %s, name: {ja: x, en: x}, match: {url: /%s}, kind: %s, stage: %s, theme: %s, persona: %s}\n"
THEMES = (
    "brand", "pricing", "careers", "know_how", "thought_leadership", "case_study", "product", "comparison",
    "company_profile",
)  # fmt: skip
STAGES = ("information_gathering", "interest", "comparison", "decision")
CLOSED = [day for ahead in range(370) if (day := TODAY + timedelta(days=ahead)).weekday() < 2]


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rules with low grades, little content, and no work on Mondays and Tuesdays."""
    folder = tmp_path_factory.mktemp("poor") / "rules"
    shutil.copytree(RULES, folder)
    tiers = (folder / "tiers.yaml").read_text("utf-8")
    (folder / "tiers.yaml").write_text(tiers.replace("match: 2", "match: 1").replace("start: D", "start: D-"), "utf-8")
    rows = [
        ITEM % (f"i{n}", f"i{n}", "content_download" if n < 3 else "page", STAGES[n % 4], theme, "buyer")
        for n, theme in enumerate(THEMES)
    ]
    rows.append(ITEM % ("last", "last", "page", "decision", "product", "engineer"))
    (folder / "content.yaml").write_text("version: 1\ncontent:\n" + "".join(rows), "utf-8")
    (folder / "nurture.yaml").write_text("version: 1\n", "utf-8")
    scoring = (folder / "scoring.yaml").read_text("utf-8")
    before, after = scoring.split("\nlines:\n", 1)
    (folder / "scoring.yaml").write_text(before + after[after.index("\nconversions:\n") :], "utf-8")
    cadence = (folder / "cadence.yaml").read_text("utf-8")
    closed = cadence.replace("closing_days: []", f"closing_days: [{', '.join(map(str, CLOSED))}]")
    (folder / "cadence.yaml").write_text(closed, "utf-8")
    return folder


@pytest.mark.requirement("NU-1", "CD-1")
def test_grades_offers_and_days_that_there_are_not(poor: Path) -> None:
    found = advice(poor)
    cadence = (poor / "cadence.yaml").read_text("utf-8")
    line, column = place(cadence, "day: 5\n")
    assert [(one.kind, one.file) for one in found] == [
        ("day_off", "cadence.yaml"), ("stage_without_content", "content.yaml"),
        ("persona_without_content", "content.yaml"), ("out_of_reach", "lifecycle.yaml"),
    ]  # fmt: skip
    assert (found[0].line, found[0].column) == (line, column + len("day: "))
    assert "Day 5 falls on a weekend, holiday or closing day for" in found[0].sentence
    assert "`decision`" in found[1].sentence
    assert "`engineer`" in found[2].sentence
    assert "Nobody ever has the grade B: C+ is the best" in found[3].sentence


def test_check_gives_advice_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--mappings", str(SHIPPED / "classic")]) == 0
    out = capsys.readouterr().out
    assert "Advice about the rules (2); it stops nothing:" in out
    line, column = place((SHIPPED / "classic" / "lifecycle.yaml").read_text("utf-8"), "at_least: 65")
    assert f"lifecycle.yaml:{line}:{column}: 65 points of opens and page views make a person hot." in out


def test_content_led_needs_no_advice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--mappings", str(RULES), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["advice"]) == (True, [])


@pytest.mark.requirement("CD-4", "CD-6")
@pytest.mark.parametrize(
    ("old", "new", "kind", "sentence"),
    [
        ("channel: decide", "channel: call", "no_effect", "The last step of `hot` is no decision"),
        ("    decision:\n", None, "dead_end", "Nobody is told when the decision of `hot` is overdue"),
        ("cadences:\n", "teams: [{id: partner, name: P}]\ncadences:\n", "no_effect", "No chain leads to the team"),
        (
            "cadences:\n",
            "chains: [{id: a, name: A, teams: [marketing]}, {id: b, name: B, teams: [marketing]}]\ncadences:\n",
            "no_effect", "`a` takes everybody",
        ),
    ],
)  # fmt: skip
def test_runs_without_an_end_and_teams_without_a_turn(
    tmp_path: Path, old: str, new: str | None, kind: str, sentence: str
) -> None:
    shutil.copytree(RULES, tmp_path / "rules")
    path = tmp_path / "rules" / "cadence.yaml"
    text = path.read_text("utf-8")
    if new is None:
        text = text[: text.index(old)] + text[text.index("    steps:\n") :]
    path.write_text(text.replace(old, new or old, 1), "utf-8")
    told = [(one.kind, one.file) for one in advice(tmp_path / "rules") if one.sentence.startswith(sentence)]
    assert told == [(kind, "cadence.yaml")]
