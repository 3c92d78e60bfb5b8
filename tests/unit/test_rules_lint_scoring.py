"""Advice about caps and groups: what cuts every award, what never pays, what changes nothing (AD-6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.rules.content import load_content
from connector.rules.lint_scoring import about_scoring, most_earned
from connector.rules.lists import Lists
from connector.rules.load import FILES, SHIPPED
from connector.rules.mapping import load_mapping
from connector.rules.source import read
from connector.rules.written import Written
from tests.engine_world import rules_with

pytestmark = pytest.mark.requirement("AD-6", "SC-6")

SCORING = """version: 1
behaviour:
  - {id: download, name: D, when: "type = 'content_download'", points: 9, cap: {points: 9, per: day}}
  - {id: prices, name: P, when: "type = 'content_download' AND theme = 'pricing'", points: 3}
  - {id: demo, name: M, when: "type = 'demo_view'", points: 5, cap: {points: 4, per: week}}
visits:
  - {id: long, name: L, pages: 8, points: 7}
groups:
  - {id: files, name: F, rules: [download, prices], exclusive: most_points}
  - {id: lonely, name: L, rules: [demo], exclusive: first}
  - {id: visits, name: V, rules: [long], cap: {points: 6, per: month}}
"""


def test_caps_and_groups_that_do_not_do_what_they_say(tmp_path: Path) -> None:
    life = (SHIPPED / "classic" / "lifecycle.yaml").read_text("utf-8")
    life = life.replace("at_least: 65\n", "at_least: 65\n  decides: {with_attributes: true}\n", 1)
    rules = rules_with(tmp_path, scoring=SCORING, lifecycle=life)
    content, fields = load_content(SHIPPED / "classic" / "content.yaml"), load_mapping(SHIPPED / "classic").fields
    sources = {file: read(tmp_path / file) for file in FILES}
    found = list(about_scoring(Written(rules, content, fields, Lists(version=1), sources)))
    lines = life.splitlines()
    assert [(one.kind, one.file, one.line, one.sentence) for one in found] == [
        ("always_cut", "scoring.yaml", 5, "`demo` never gives its 5 points: a cap cuts them to 4."),
        ("always_cut", "scoring.yaml", 7, "`long` never gives its 7 points: a cap cuts them to 6."),
        (
            "unreachable",
            "scoring.yaml",
            4,
            "`prices` never pays: in `files`, `download` goes before it and takes all of it.",
        ),
        (
            "no_effect",
            "scoring.yaml",
            10,
            "`lonely` is exclusive and has one rule alone: there is nothing to choose from.",
        ),
        (
            "no_effect",
            "lifecycle.yaml",
            lines.index("  decides: {with_attributes: true}") + 1,
            "`with_attributes` adds nothing: scoring.yaml has no `attributes`.",
        ),
    ]


def test_what_caps_for_ever_leave_is_the_most_that_anybody_has(tmp_path: Path) -> None:
    """9 of the one rule, 6 of the group whatever its rules give; without the first cap there is no most."""
    text = """version: 1
behaviour:
  - {id: download, name: D, when: "type = 'content_download'", points: 3, cap: {points: 9, per: ever}}
  - {id: demo, name: M, when: "type = 'demo_view'", points: 5}
  - {id: search, name: S, when: "type = 'search'", points: 5, cap: {points: 5, per: day}}
  - {id: careers, name: C, when: "theme = 'careers'", points: -5}
groups: [{id: both, name: B, rules: [demo, search], cap: {points: 6, per: ever}}]
"""
    assert most_earned(rules_with(tmp_path, scoring=text).scoring) == 9 + 6
    assert most_earned(rules_with(tmp_path, scoring=text.replace("9, per: ever", "9, per: day")).scoring) is None
