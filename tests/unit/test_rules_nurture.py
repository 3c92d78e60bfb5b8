"""nurture.yaml and `screened`: what is refused, and what is told as advice, each at its place."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from connector.errors import Problem
from connector.rules.conditions import compile_condition
from connector.rules.kinds import Compilers, Strict
from connector.rules.load import SHIPPED, load_rules, validated
from connector.rules.model import Tiers
from connector.rules.nurture import Nurture
from connector.rules.relations import RELATIONS
from connector.rules.screening import REASONS
from connector.rules.source import parse
from tests.engine_world import bind, shipped
from tests.unit.test_rules_lint import advice, place

pytestmark = pytest.mark.requirement("NU-1", "NU-2", "LC-10", "EN-4", "AD-1", "AD-6")

TRACKS = "version: 1\ntracks:\n"
# File, its text or what is replaced in it, what is wrong (a part of the text), and a word of the sentence.
WRONG = (
    ("nurture.yaml", "version: 1\ntrack: []\n", "track", "There is no key `track` here."),
    ("nurture.yaml", TRACKS + "  - {id: a, name: A, personas: [chief]}\n", "", "`a` names the persona `chief`"),
    ("nurture.yaml", TRACKS + "  - {id: a, name: A, seasons: [spring]}\n", "", "`a` names the season `spring`"),
    ("nurture.yaml", TRACKS + "  - {id: a, name: A}\n  - {id: a, name: B}\n", "", "The id `a` is used twice."),
    ("nurture.yaml", TRACKS + "  - {id: a, name: A, stages: [warm]}\n", "warm", "cannot be `warm`"),
    ("nurture.yaml", "version: 1\nconsent: \"optin = TRUE\"\n", "optin", "There is no `optin`"),
    ("nurture.yaml", "version: 1\nseasons:\n  - {id: s, name: S}\n", "{id", "`s` does not say when it is."),
    (
        "nurture.yaml",
        'version: 1\nseasons:\n  - {id: s, name: S, yearly: [{first: "02-30", last: "03-01"}]}\n',
        '"02-30"',
        "`02-30` is no day of a year.",
    ),
    (
        "nurture.yaml",
        "version: 1\nseasons:\n  - {id: s, name: S, dates: [{first: 2026-12-01, last: 2026-11-01}]}\n",
        "{first",
        "It would end on 2026-11-01, before it begins.",
    ),
    ("nurture.yaml", "version: 1\npersonas: [{id: a, name: A, words: [B]}, {id: b, name: B}]\n", "", "`b` means"),
)  # fmt: skip
SCREENS = (
    ("- {id: rivals, name: R, domains: [a.jp]}", "`rivals` gives no reason."),
    ("- {id: competitor, name: R}", "`competitor` does not say whom it means."),
    ("- {id: competitor, name: R, domains: [sales@a.jp]}", "`sales@a.jp` is no domain."),
    ("- {id: competitor, name: R, corporate_numbers: [123]}", "`123` is no corporate number."),
    ("- {id: x, name: R, reason: rival, domains: [a.jp]}", "`reason` cannot be `rival`."),
    ("- {id: school, name: R, domains: [a.jp]}\n  - {id: school, name: R, domains: [b.jp]}", "used twice"),
)


def _folder(tmp_path: Path, name: str = "content-led") -> Path:
    folder = tmp_path / "rules"
    shutil.copytree(SHIPPED / name, folder)
    return folder


@pytest.mark.parametrize(("file", "text", "marked", "sentence"), WRONG)
def test_what_is_wrong_is_told_with_its_place(file: str, text: str, marked: str, sentence: str) -> None:
    (problem,) = _problems(Nurture, file, text)
    assert sentence in problem.sentence
    assert problem.file == file
    if marked:
        line, column = place(text, marked)
        assert (problem.line, problem.column) in {(line, column), (line, column - 1), (line, column + 1)}


@pytest.mark.parametrize(("entry", "sentence"), SCREENS)
def test_a_screen_has_a_reason_and_a_sign(entry: str, sentence: str) -> None:
    grade = 'grade: {profiles: [{id: p, name: P, criteria: [{id: c, name: C, when: "TRUE", match: 1}]}]}'
    problems = _problems(Tiers, "tiers.yaml", f"version: 1\n{grade}\nscreened:\n  {entry}\n")
    assert [sentence in problem.sentence for problem in problems] == [True]


def _problems(model: type[Strict], file: str, text: str) -> list[Problem]:
    problems: list[Problem] = []
    compilers: Compilers = {"fit": partial(compile_condition, relation="fit", columns=RELATIONS["fit"], bind=bind)}
    assert validated(model, parse(file, text), compilers, problems) is None
    return problems


def test_what_is_shipped_knows_every_reason_and_catches_everybody_with_its_last_track() -> None:
    rules = shipped("content-led")
    assert sorted(one.why for one in rules.tiers.screened) == sorted(REASONS)
    last = rules.nurture.tracks[-1]
    assert not last.model_fields_set - {"id", "name", "list"}
    for file in ("nurture.yaml", "tiers.yaml"):
        assert (SHIPPED / "classic" / file).read_text("utf-8") == (SHIPPED / "content-led" / file).read_text("utf-8")


def test_without_the_file_everybody_is_nurtured_the_same_way(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "classic")
    (folder / "nurture.yaml").unlink()
    rules = load_rules(folder, bind).nurture
    assert (rules.stages, rules.tracks, rules.personas) == (("registered", "cold"), (), ())


COMPARED = ("comparison-table", "demo-video", "webinar-customers")
CHANGES = (
    ("nurture.yaml", "    products: [点検アプリ]\n", "    products: [検品アプリ]\n", "unknown_word", "検品アプリ"),
    ("nurture.yaml", "    list: 育成：基礎知識\n", "", "track_without_list", "id: first_steps"),
    ("nurture.yaml", "    stages: [cold]\n", "    stages: [hot]\n", "unreachable", "id: second_approach"),
    (
        "nurture.yaml",
        "  - id: predictive_maintenance\n",
        "  - {id: every, name: E, list: L, stages: [cold]}\n  - id: predictive_maintenance\n    stages: [cold]\n",
        "unreachable",
        "id: predictive_maintenance",
    ),
    (
        "content.yaml", "    kind: demo_view\n    theme: product\n",
        "    kind: demo_view\n    from_stage: decision\n    theme: product\n", "out_of_reach", "decision\n    theme",
    ),
    ("content.yaml", "    stage: null\n", "    stage: null\n    from_stage: comparison\n", "no_effect", "comparison\n"),
    ("content.yaml", "  - id: price-list\n", "  - id: price-list\n    persona: boss\n", "unknown_word", "boss"),
    *(("content.yaml", f"  - id: {one}\n", f"  - id: {one}\n    persona: executive\n", "", "") for one in COMPARED),
    *(
        ("nurture.yaml", f"  - id: {one}\n", f"  - id: {one}\n", "persona_without_content", f"id: {one}\n")
        for one in ("information_systems", "plant_manager", "maintenance", "purchasing")
    ),
)  # fmt: skip


def test_each_change_is_advised_upon_at_its_place(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    for file, old, new, _, _ in CHANGES:
        text = (folder / file).read_text("utf-8")
        assert old in text, old
        (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    expected = {
        (kind, file, place((folder / file).read_text("utf-8"), marked)[0])
        for file, _, _, kind, marked in CHANGES
        if kind
    }
    assert {(one.kind, one.file, one.line) for one in advice(folder)} == expected
