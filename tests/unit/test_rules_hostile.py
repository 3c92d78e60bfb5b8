"""Hostile and mistaken conditions, in every place of every file where a condition may stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from connector.cli.main import run
from connector.errors import ConfigurationError, Problem
from connector.rules.cadence import Cadences
from connector.rules.conditions import Condition
from connector.rules.lifecycle import Lifecycle
from connector.rules.lists import Lists, load_lists
from connector.rules.load import load_rules
from connector.rules.model import Tiers
from connector.rules.nurture import Nurture
from connector.rules.scoring import Scoring
from tests.engine_world import bind

pytestmark = pytest.mark.requirement("AD-1")

WHEN = "CONDITION"
FILES: Mapping[str, str] = {
    "scoring.yaml": """version: 1
source:
  - {id: a, name: A, when: CONDITION, points: 1}
behaviour:
  - {id: b, name: B, when: CONDITION, points: 1}
attributes:
  - {id: c, name: C, when: CONDITION, points: 1}
lines:
  - {id: d, name: D, of: CONDITION}
conversions:
  - {id: e, name: E, when: CONDITION}
accounts:
  roles:
    - {id: f, name: F, when: CONDITION}
""",
    "tiers.yaml": """version: 1
tiers:
  - {id: a, name: A, when: CONDITION}
screened:
  - {id: b, name: B, reason: student, when: CONDITION}
grade:
  profiles:
    - id: c
      name: C
      when: CONDITION
      criteria:
        - {id: d, name: D, match: 1, when: CONDITION}
""",
    "lifecycle.yaml": """version: 1
stages: {anonymous: {name: A}, registered: {name: R}, cold: {name: C}, hot: {name: H}, opportunity: {name: O},
         won: {name: W}, lost: {name: L}, disqualified: {name: D}}
lead_times:
  - id: a
    name: A
    when: CONDITION
    deal: CONDITION
    hot_at_least: 50
hot:
  requires:
    - id: b
      name: B
      any:
        - {activity: CONDITION}
        - {attributes: CONDITION}
second_approach:
  id: c
  name: C
  any:
    - {activity: CONDITION}
hearing:
  - id: budget
    name: D
    by_stage: hot
    acceptable: CONDITION
    required_for:
      deal: CONDITION
      attributes: CONDITION
mql:
  rules:
    - id: e
      name: E
      all:
        - {hearing: CONDITION}
toss_up:
  required: 1
  criteria:
    - id: f
      name: F
      any:
        - {deal: CONDITION}
        - {account: CONDITION}
  segments:
    - {id: g, name: G, required: 1, when: CONDITION}
""",
    "cadence.yaml": """version: 1
chains:
  - {id: a, name: A, teams: [inside_sales], when: CONDITION}
cadences:
  - id: hot
    name: H
    starts: fresh_crossing
    when: CONDITION
    steps:
      - {id: day1, day: 1, tasks: [{channel: call, subject: S}]}
""",
    "nurture.yaml": """version: 1
consent: CONDITION
personas:
  - {id: a, name: A, when: CONDITION}
tracks:
  - {id: b, name: B, when: CONDITION}
""",
    "lists.yaml": """version: 1
segments:
  - {id: a, name: A, when: CONDITION}
""",
}
MODELS = (Scoring, Tiers, Lifecycle, Cadences, Nurture, Lists)
HOSTILE: Mapping[str, tuple[str, str]] = {
    "subquery": ("1 = (SELECT 1)", "cannot ask other tables"),
    "exists": ("EXISTS (FROM people)", "cannot ask other tables"),
    "file": ("read_csv('/etc/passwd') = 'x'", "function"),
    "file_in": ("'x' IN '/etc/passwd'", "list in parentheses"),
    "text_file": ("read_text('/etc/passwd') = 'x'", "function"),
    "environment": ("getenv('HOME') = 'x'", "no function `getenv`"),
    "statement": ("TRUE; ATTACH 'FILE'", "one expression"),
    "attach": ("ATTACH 'FILE'", "no place"),
    "copy": ("COPY (SELECT 1) TO 'FILE'", ""),
    "command": ("EXECUTE IMMEDIATE 'x'", "no place"),
    "setting": ("SET enable_external_access = true", "no place"),
    "macro": ("CREATE MACRO f(x) AS x", "no place"),
    "lambda": ("lambda x: x", "cannot be read"),
    "brackets": ("[1, 2] = [1]", "Brackets"),
    "cast": ("'1'::INT = 1", "casts"),
    "clock": ("now() > '2026-01-01'", "no function `now`"),
    "chance": ("random() > 0", "function"),
    "parameter": ("$as_of IS NULL", "no place"),
    "only_comment": ("-- TRUE", "only a comment"),
    "open_comment": ("TRUE /* ", "opened and not closed"),
    "open_quote": ("'x' = 'y", "opened and not closed"),
    "typo": ("employes_ = 5", "There is no `employes_`"),
    "other_table": ("people.email = 'x'", "Names stand alone"),
    "wrong_type": ("5", "neither true nor false"),
    "full_width_digit": ("1 = １", "full-width digit"),
    "curly_quotes": ("'x' = ’x’", "looks like the plain one"),
    "division": ("1 / 0 = 1", "Division"),
    "case": ("CASE WHEN TRUE THEN TRUE END", "CASE"),
    "nested": ("(" * 1_000 + "TRUE" + ")" * 1_000, "too many parentheses"),
    "negated": ("NOT " * 800 + "TRUE", "too many parts"),
    "long": ("'x' = '" + "x" * 100_000 + "'", "20,000 are the most"),
    "long_word": ("x" * 5_000, "There is no `xxx"),
    "nul": ("'a\0b' = 'x'", "cannot be seen"),
    "surrogate": ("'\ud800' = 'x'", "cannot be seen"),
    "zero_width": ("TRUE\u200b", "cannot be seen"),
    "empty": ("", "empty"),
}


@dataclass(frozen=True)
class Told:
    """What was said of a folder of rules, and the places at which conditions stand there."""

    problems: tuple[Problem, ...]
    places: set[tuple[str, int, int]]


def _write(folder: Path, condition: str) -> set[tuple[str, int, int]]:
    """Writes all files with one condition in every place; gives the places."""
    quoted = json.dumps(condition)
    for file, text in FILES.items():
        (folder / file).write_text(text.replace(WHEN, quoted), "utf-8")
    lines = [(file, number, line) for file, text in FILES.items() for number, line in enumerate(text.split("\n"), 1)]
    return {(file, number, line.index(WHEN) + 1) for file, number, line in lines if WHEN in line}


def _told(folder: Path, condition: str) -> Told:
    places = _write(folder, condition)
    problems: list[Problem] = []
    for load in (load_rules, load_lists):
        with pytest.raises(ConfigurationError) as caught:
            load(folder, bind)
        problems += caught.value.problems
    return Told(tuple(problems), places)


def _declared(kind: object, owner: str = "", seen: set[object] | None = None) -> Iterator[str]:
    """Model.key of every condition that a model may hold, however deep."""
    seen = set() if seen is None else seen
    if kind is Condition:
        yield owner
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in seen:
            seen.add(kind)
            for name, declared in kind.model_fields.items():
                yield from _declared(declared.annotation, f"{kind.__name__}.{name}", seen)
    else:
        for part in get_args(kind):
            yield from _declared(part, owner, seen)


def _held(value: object, owner: str = "") -> Iterator[str]:
    if isinstance(value, Condition):
        yield owner
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _held(getattr(value, name), f"{type(value).__name__}.{name}")
    elif isinstance(value, tuple):
        for part in value:
            yield from _held(part, owner)


def test_conditions_stand_in_every_place_that_there_is(tmp_path: Path) -> None:
    _write(tmp_path, "TRUE")
    rules, lists = load_rules(tmp_path, bind), load_lists(tmp_path, bind)
    held = (rules.scoring, rules.tiers, rules.lifecycle, rules.cadence, rules.nurture, lists)
    assert {place for one in held for place in _held(one)} == {place for one in MODELS for place in _declared(one)}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_condition_is_one_sentence_at_each_of_its_places(tmp_path: Path, name: str) -> None:
    text, sentence = HOSTILE[name]
    told = _told(tmp_path, text.replace("FILE", str(tmp_path / "made")))
    assert len(told.problems) == len(told.places)
    assert {(one.file, one.line) for one in told.problems} == {(file, line) for file, line, _ in told.places}
    starts = {(file, line): column for file, line, column in told.places}
    for one in told.problems:
        assert one.column >= starts[one.file, one.line]
        assert sentence in one.sentence
        assert "\n" not in str(one)
        assert len(str(one)) < 400
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["attach", "copy", "nested", "nul"])
def test_nothing_is_evaluated_by_rules_with_a_hostile_condition(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    places = _write(tmp_path, HOSTILE[name][0].replace("FILE", str(tmp_path / "made")))
    (tmp_path / "people.csv").write_text("person_id,created_at\np,2026-01-01\n", "utf-8")
    (tmp_path / "acts.csv").write_text("activity_id,person_id,occurred_at,type\na,p,2026-01-02,demo_view\n", "utf-8")
    files = ["--people", str(tmp_path / "people.csv"), "--activities", str(tmp_path / "acts.csv")]
    assert run(["evaluate", *files, "--rules", str(tmp_path), "--as-of", "2026-02-01", "--json"]) == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    for file, line, _ in places:
        assert file == "lists.yaml" or f"{file}:{line}:" in err
    assert not (tmp_path / "made").exists()
