"""Reading a folder of rules: every problem of every file at once, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import ConfigurationError, Problem
from connector.rules.load import FILES, SHIPPED, load_rules
from connector.rules.schema import schema
from tests.engine_world import bind, rules_with, shipped

pytestmark = pytest.mark.requirement("AD-1")

CLASSIC = {file.removesuffix(".yaml"): (SHIPPED / "classic" / file).read_text(encoding="utf-8") for file in FILES}


def _problems(folder: Path, **files: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as caught:
        rules_with(folder, **files)
    return tuple(caught.value.problems)


def _place(text: str, marked: str) -> tuple[int, int]:
    before = text[: text.index(marked)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def test_classic_holds_the_points_of_the_requirements_and_nothing_else() -> None:
    rules = shipped()
    scoring = rules.scoring
    assert {rule.id: rule.points for rule in (*scoring.source, *scoring.behaviour)} == {
        "source_web_inquiry": 7, "source_thought_leader": -5, "page_view": 1, "email_open": 1, "demo_view": 5,
        "webinar_register": 5, "webinar_attend": 5, "thought_leader_download": 5, "brand_search": 15,
        "pricing_page": 5, "careers_page": -10,
    }  # fmt: skip
    assert [(rule.pages, rule.points) for rule in scoring.visits] == [(8, 7)]
    assert [(rule.visits, rule.points) for rule in scoring.weeks] == [(2, 8)]
    assert scoring.inactivity is not None
    assert [(band.at_least, band.points) for band in scoring.inactivity.bands] == [(30, -15), (0, -5)]
    assert rules.lifecycle.hot.at_least == 65


def test_the_rules_in_use_are_those_of_classic() -> None:
    mappings = Path(__file__).parents[2] / "mappings"
    assert load_rules(mappings, bind).hash == shipped().hash


def test_the_hash_follows_the_meaning_and_not_the_comments(tmp_path: Path) -> None:
    reordered = CLASSIC["lifecycle"].replace("version: 1\n", "") + "\n# more words\nversion: 1\n"
    assert rules_with(tmp_path, lifecycle=reordered).hash == shipped().hash
    other = CLASSIC["lifecycle"].replace("at_least: 65", "at_least: 64")
    assert rules_with(tmp_path, lifecycle=other).hash != shipped().hash


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    scoring = CLASSIC["scoring"].replace("points: 15", "point: 15").replace("type = 'demo_view'", "typ = 'demo_view'")
    lifecycle = CLASSIC["lifecycle"].replace("at_least: 65", "at_least: many")
    cadence = CLASSIC["cadence"].replace("country: JP", "country: Japan")
    problems = _problems(tmp_path, scoring=scoring, lifecycle=lifecycle, cadence=cadence)
    assert [(problem.file, problem.line, problem.column) for problem in problems] == [
        ("cadence.yaml", *_place(cadence, "Japan")),
        ("lifecycle.yaml", *_place(lifecycle, "many")),
        ("scoring.yaml", *_place(scoring, "typ = 'demo_view'")),
        ("scoring.yaml", *_place(scoring, "id: brand_search")),
        ("scoring.yaml", *_place(scoring, "point: 15")),
    ]
    assert [problem.suggestion for problem in problems[2:]] == [
        "Did you mean `type`?",
        "Add it; docs/rules.md has an example.",
        "Did you mean `points`?",
    ]
    assert problems[1].sentence == "`at_least` has to be a whole number, not `many`."


@pytest.mark.parametrize(
    ("file", "old", "new", "marked", "sentence"),
    [
        ("scoring", "Asia/Tokyo", "Asia/Tokio", "Asia/Tokio", "There is no time zone `Asia/Tokio`."),
        ("scoring", "version: 1", "version: 2", "2", "`version` cannot be `2`."),
        ("scoring", "version: 1\n", "", "time_zone", "`version` is missing."),
        ("scoring", "points: 15", "points: 1.5", "1.5", "`points` has to be a whole number, not `1.5`."),
        ("scoring", "points: 15", "points: '15'", "'15'", "`points` has to be a whole number, not `15`."),
        ("scoring", "points: 15", "points: １５", "１５", "`points` has to be a whole number, not `１５`."),
        ("scoring", "points: 15", "points: yes", "yes", "`points` has to be a whole number, not `True`."),
        ("scoring", "once_per: content", "once_per: month", "month", "`once_per` cannot be `month`."),
        ("scoring", "id: demo_view", "id: Demo View", "Demo View", "`id` cannot be `Demo View`."),
        ("scoring", "id: demo_view", "id: page_view", "version", "The id `page_view` is used twice."),
        ("scoring", "  - {at_least: 30", "  - {at_least: -1", "inactivity:", "go from the highest"),
        ("scoring", "points: -15", "points: 15", "15}", "`points` is wrong: Input should be less than"),
        ("scoring", "  - email_reply\n", "  - email_sent\n", "version", "`email_sent` is what we did"),
        ("tiers", "targets: tier1", "targets: tier9", "version", "There is no tier `tier9`."),
        ("tiers", "floor: C+", "floor: C++", "C++", "`floor` cannot be `C++`."),
        ("tiers", "'課長'", "'課長", "", "quote"),
        ("tiers", "contains(title, '課長')", "contain(title, '課長')", "contain(title", "no function `contain`"),
        ("lifecycle", "  hot: {name", "  warm: {name", "warm", "`warm`"),
        ("lifecycle", "hot:\n  at_least: 65", "hot: 65", "", "`hot` has to be a block of keys, not `65`."),
        ("cadence", "day: 21", "day: 3", "starts", "have to rise"),
        ("cadence", "steps:\n      - id: day1\n", "steps: none\n    was:\n      - id: d\n", "none", "has to be a list"),
        ("cadence", "closing_days: []", "closing_days: [2026-13-01]", "2026-13-01", "cannot be read as a value"),
        ("cadence", "fresh_days: 20", "fresh_days: 20\nfresh_days: 21", "fresh_days: 21", "a second time"),
        ("cadence", "closing_days: []", "closing_days: [", "fresh_days", "This is not YAML"),
        ("cadence", "  country: JP", "\tcountry: JP", "\tcountry", "tab"),
        ("cadence", "closing_days: []", "closing_days: " + "[" * 1_000, "", "nested too deeply"),
        ("cadence", "closing_days: []", "closing_days: " + "9" * 5_000, "", "9999…` cannot be read as a value"),
        ("tiers", "ja: ティア1,", 'ja: "\\ud800",', '"\\ud800"', "cannot be seen stands here: U+D800"),
        ("tiers", "ja: ティア1,", 'ja: "a\\0b",', '"a\\0b"', "cannot be seen stands here: U+0000"),
        ("cadence", "country: JP", "country: &jp JP\n  closing_days: *jp\n  old: JP", "", ""),
    ],
)  # fmt: skip
def test_one_wrong_thing(tmp_path: Path, file: str, old: str, new: str, marked: str, sentence: str) -> None:
    text = CLASSIC[file].replace(old, new, 1)
    assert text != CLASSIC[file]
    problems = _problems(tmp_path, **{file: text})
    found = [problem for problem in problems if sentence in problem.sentence]
    assert found, problems
    assert found[0].file == f"{file}.yaml"
    if marked and marked not in {"version", "inactivity:", "starts", "fresh_days", "time_zone"}:
        assert (found[0].line, found[0].column) == _place(text, marked)


def test_a_condition_on_several_lines_is_pointed_into(tmp_path: Path) -> None:
    tiers = CLASSIC["tiers"].replace("OR contains(department, '保全')", "OR contains(departmnt, '保全')")
    (problem,) = _problems(tmp_path, tiers=tiers)
    assert (problem.line, problem.column) == _place(tiers, "departmnt")
    assert str(problem).startswith(f"tiers.yaml:{problem.line}:{problem.column}: There is no `departmnt`")


def test_missing_empty_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_rules(tmp_path, bind)
    assert [problem.file for problem in caught.value.problems] == sorted(FILES)
    (tmp_path / "scoring.yaml").write_bytes("version: 1 # 点数".encode("cp932"))
    (tmp_path / "tiers.yaml").write_text("", encoding="utf-8")
    (tmp_path / "lifecycle.yaml").write_text("- just\n- a list\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_rules(tmp_path, bind)
    sentences = {problem.file: problem.sentence for problem in caught.value.problems}
    assert sentences["scoring.yaml"] == "The file is not UTF-8 text."
    assert sentences["tiers.yaml"] == "The file is empty."
    assert "block of keys" in sentences["lifecycle.yaml"]


def test_rules_may_use_further_attributes_of_people(tmp_path: Path) -> None:
    tiers = CLASSIC["tiers"].replace('employees >= 300"\n          match', "seniority = 'head'\"\n          match")
    with pytest.raises(ConfigurationError):
        rules_with(tmp_path, tiers=tiers)
    rules = load_rules(tmp_path, bind, attributes={"seniority": "VARCHAR"})
    assert rules.tiers.grade.profiles[0].criteria[0].when.columns == {"seniority"}


@pytest.mark.parametrize("file", FILES)
def test_every_file_has_a_json_schema(file: str) -> None:
    published = schema(file)
    assert published["title"] == file
    assert published["additionalProperties"] is False


@pytest.mark.requirement("WB-3")
def test_ids_that_no_task_key_can_hold_are_told_with_the_cadence(tmp_path: Path) -> None:
    long = "a" * 38
    cadence = CLASSIC["cadence"].replace("- id: hot", f"- id: {long}", 1).replace("- id: day21", f"- id: {long}", 1)
    (found,) = _problems(tmp_path, cadence=cadence)
    assert "longer than 60 letters" in found.sentence
    assert found.file == "cadence.yaml"
    assert found.line > 1
