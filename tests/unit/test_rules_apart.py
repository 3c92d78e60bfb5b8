"""What is wrong with lines, conversions and accounts is told with its place; what is right reaches the evaluation."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli.evaluate import evaluate
from connector.errors import ConfigurationError
from connector.rules.content import load_content
from connector.rules.lint_apart import about_apart
from connector.rules.lists import load_lists
from connector.rules.load import SHIPPED, load_rules
from connector.rules.mapping import load_mapping
from connector.rules.written import Finding, written
from tests.engine_world import bind, rules_with, shipped

pytestmark = pytest.mark.requirement("SC-4", "SC-9", "SC-11", "AD-6")

SCORING = (SHIPPED / "classic" / "scoring.yaml").read_text(encoding="utf-8")
LIFECYCLE = (SHIPPED / "classic" / "lifecycle.yaml").read_text(encoding="utf-8")
FIRST = "    - {id: rule_%s, name: First, all: [{%s}]}\n"


def wrong(folder: Path, scoring: str = "", claims: Sequence[str] = ()) -> list[str]:
    before, rules = LIFECYCLE.split("  rules:\n", 1)
    each = "".join(FIRST % (number, claim) for number, claim in enumerate(claims))
    with pytest.raises(ConfigurationError) as told:
        rules_with(folder, scoring=SCORING + scoring, lifecycle=f"{before}  rules:\n{each}{rules}")
    return [str(one) for one in told.value.problems]


def test_what_cannot_be_is_told_at_its_place(tmp_path: Path) -> None:
    odd = """lines:
  - {id: a, name: A, of: "product = 'a'", rules: [page_view, page_view]}
  - {id: b, name: A, of: "prodct = 'a'"}
conversions: [{id: visits, name: V, when: "type = 'page_view'"}]
accounts: {hot: {roles: [boss]}}
"""
    told = wrong(tmp_path, scoring=odd)
    line = SCORING.count("\n") + 2
    for number, sentence in (
        (line, "The line `a` names a rule twice"),
        (line + 1, "There is no `prodct`"),
        (line + 2, "`visits` is a metric of its own"),
        (line + 3, "There is no role `boss`"),
    ):
        assert any(one.startswith(f"scoring.yaml:{number}:") and sentence in one for one in told), sentence
    (one,) = wrong(tmp_path, scoring="lines: [{id: a, name: A, of: \"type = 'call'\", rules: [page_veiw]}]\n")
    assert "The line `a` names `page_veiw`: no rule of behaviour, visits or weeks." in one


def test_what_a_claim_names_has_to_be_there(tmp_path: Path) -> None:
    line = LIFECYCLE.split("  rules:\n", 1)[0].count("\n") + 2
    unknown = wrong(tmp_path, claims=("conversion: demo", "score: 3, line: cloud"))
    assert unknown == [
        f"lifecycle.yaml:{line}:52: scoring.yaml has no conversion `demo`. There: none.",
        f"lifecycle.yaml:{line + 1}:56: scoring.yaml has no line `cloud`. There: none.",
    ]
    segment = "  segments: [{id: a, name: A, line: cloud, required: 1}]\n  criteria:\n"
    for lifecycle, sentence in (
        (segment, "scoring.yaml has no line `cloud`. There: none."),
        (segment.replace("line: cloud, ", ""), "The segment `a` chooses nobody. Give `when` or `line`."),
    ):
        with pytest.raises(ConfigurationError) as refused:
            rules_with(tmp_path, lifecycle=LIFECYCLE.replace("  criteria:\n", lifecycle, 1))
        assert sentence in str(refused.value.problems[0])
    odd = {
        "line: cloud": "A claim has to say something.",
        "grade: B, line: cloud": "`line` belongs to `score` or `score_at_most`.",
        'account: "score > 3 AND cold"': "There is no `cold` in a condition about an account.",
        "conversion: demo, score: 3": "A claim says one thing.",
        "score: 3, at_least: 2": "`at_least` belongs to `activity` and `conversion`.",
    }
    told = wrong(tmp_path, claims=tuple(odd))
    for number, sentence in enumerate(odd.values()):
        assert any(one.startswith(f"lifecycle.yaml:{line + number}:") and sentence in one for one in told), sentence


def test_a_claim_about_a_conversion_is_one_about_its_activities(tmp_path: Path) -> None:
    before, rules = LIFECYCLE.split("  rules:\n", 1)
    book = rules_with(
        tmp_path,
        scoring=SCORING + "conversions: [{id: demo, name: Demo, when: \"type = 'demo_view'\"}]\n",
        lifecycle=f"{before}  rules:\n{FIRST % (1, 'conversion: demo, at_least: 2, within_days: 7')}{rules}",
    )
    assert book.lifecycle.mql is not None
    (claim,) = book.lifecycle.mql.rules[0].all
    assert claim.activity == book.scoring.conversions[0].when
    assert (claim.about, claim.at_least, claim.within_days) == ("activity", 2, 7)


def test_classic_scores_nothing_apart() -> None:
    scoring = shipped().scoring
    assert (scoring.lines, scoring.conversions, scoring.accounts.roles) == ((), (), ())


def test_an_evaluation_of_files_tells_lines_conversions_and_the_account(tmp_path: Path) -> None:
    """The product of the catalogue decides, where the file says none; the price list is of no product."""
    (tmp_path / "people.csv").write_text(
        "person_id,created_at,company_id,title\na,2026-09-01T00:00:00Z,c,製造部長\nb,2026-09-01T00:00:00Z,,\n", "utf-8"
    )
    (tmp_path / "activities.csv").write_text(
        "activity_id,person_id,occurred_at,type,content,url,product\n"
        "1,a,2026-09-30T00:00:00Z,demo_view,demo-video,,\n"
        "2,a,2026-09-30T01:00:00Z,page_view,,https://x.example/products/inspection,\n"
        "3,a,2026-09-30T02:00:00Z,content_download,price-list,,\n"
        "4,a,2026-09-30T03:00:00Z,demo_view,,,予知保全オプション\n",
        "utf-8",
    )
    files = [f"--{name}={tmp_path / name}.csv" for name in ("people", "activities")]
    said = CliRunner().invoke(evaluate, [*files, "--as-of", "2026-10-01T00:00:00Z", "--json"], standalone_mode=False)
    assert said.exception is None, said.output
    a, b = (json.loads(line) for line in said.output.splitlines())
    assert [(one["id"], one["score"], one["7d"], one["hot"]) for one in a["lines"]] == [
        ("inspection", 2, 2, False), ("maintenance_cloud", 10, 10, False), ("predictive", 10, 10, False)
    ]  # fmt: skip
    assert [(one["id"], one["key"], one["times"]) for one in a["conversions"]] == [
        ("price_list", True, 1), ("demo", False, 2)
    ]  # fmt: skip
    assert a["conversions"][0]["last_at"] == "2026-09-30T02:00:00+00:00"
    account = a["account"]
    assert (account["company_id"], account["active_people"], account["roles"]) == (
        "c",
        1,
        [{"id": "decides", "people": 1}],
    )
    assert (account["hot"], account["hot_lacks"]) == (False, ["score", "people"])
    assert (b["lines"], b["conversions"], b["account"]) == ([], [], None)


ODD = """
lines:
  - {id: silent, name: Silent, of: "type = 'call'"}
  - {id: named, name: Named, of: "type = 'demo_view'", rules: [page_view]}
  - {id: fine, name: Fine, of: "type = 'demo_view'"}
  - {id: pages, name: Pages, of: "theme = 'brand'", rules: [long_visit]}
conversions:
  - {id: demo, name: Demo, when: "type = 'demo_view'"}
  - {id: again, name: Again, when: "type IN ('demo_view')"}
accounts:
  most_people: 1
  cap_per_person: 65
  roles:
    - {id: all, name: All, when: "contains(title, '長')"}
    - {id: some, name: Some, when: "contains(title, '長') AND department = 'IT'"}
  hot: {at_least: 60, people_at_least: 1}
"""


def test_what_is_hardly_meant_is_told(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "classic", tmp_path, dirs_exist_ok=True)
    (tmp_path / "scoring.yaml").write_text(SCORING + ODD, "utf-8")
    told = {(one.kind, one.sentence.split("`")[1] if "`" in one.sentence else "") for one in advice_about(tmp_path)}
    assert told == {
        ("out_of_reach", "silent"), ("out_of_reach", "named"), ("overlapping", "again"), ("account_of_one", ""),
        ("unreachable", "some"),
    }  # fmt: skip
    hot = "hot: {at_least: 60, people_at_least: 1}"
    (tmp_path / "scoring.yaml").write_text(SCORING + ODD.replace(hot, "hot: {at_least: 70}"), "utf-8")
    (found,) = (one for one in advice_about(tmp_path) if one.sentence.startswith("No account"))
    assert found.sentence == "No account ever has 70 points: 1 people bring 65 each at most."


def advice_about(folder: Path) -> list[Finding]:
    rules = load_rules(folder, bind)
    parts = written(
        folder, rules, load_content(folder / "content.yaml"), load_mapping(folder).fields, load_lists(folder, bind)
    )
    return list(about_apart(parts))
