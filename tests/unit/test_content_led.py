"""The rule set `content-led`: nobody becomes hot or an MQL by adding up opens and page views (SC-6, LC-2)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.bootstrap import rules_folder
from connector.cli.main import run
from connector.rules.load import DEFAULT, SHIPPED
from connector.settings import Settings

pytestmark = pytest.mark.requirement("SC-6", "SC-2a", "LC-2")

AS_OF = "2026-06-01T09:00:00+09:00"
LATELY = "2026-05-30T10:00:00+09:00"
MEANINGFUL = [
    ("demo_view", ""), ("webinar_attend", ""), ("quote_request", ""), ("inquiry", ""),
    *(("content_download", theme) for theme in ("product", "comparison", "case_study", "pricing", "company_profile")),
]  # fmt: skip
OTHERS = [
    ("page_view", "pricing"), ("email_open", ""), ("email_click", ""), ("search", "brand"), ("webinar_register", ""),
    ("video_view", "product"), ("form_submit", ""), ("event_attend", ""), ("survey_answer", ""), ("email_reply", ""),
    ("meeting", ""), ("call", ""), ("content_download", "know_how"), ("content_download", "thought_leadership"),
    ("content_download", ""),
]  # fmt: skip
Told = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """What `evaluate` says of people from a webinar by person, given (type, theme, content, time) of what they did."""

    def evaluated(rules: str, **did: list[tuple[str, str, str, str]]) -> dict[str, dict[str, Any]]:
        people = "person_id,created_at,source\n" + "".join(f"{person},2026-05-10,webinar\n" for person in did)
        rows = [
            f"{person}{number},{person},{at},{kind},{content},{theme}"
            for person, activities in did.items()
            for number, (kind, theme, content, at) in enumerate(activities)
        ]
        (tmp_path / "people.csv").write_text(people, "utf-8")
        header = "activity_id,person_id,occurred_at,type,content,theme\n"
        (tmp_path / "activities.csv").write_text(header + "\n".join(rows) + "\n", "utf-8")
        arguments = ["evaluate", "--people", str(tmp_path / "people.csv"), "--as-of", AS_OF, "--json"]
        arguments += ["--activities", str(tmp_path / "activities.csv"), "--rules", rules]
        assert run(arguments) == 0
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {one["person_id"]: one for one in found}

    return evaluated


@pytest.fixture
def at_50(tmp_path: Path) -> str:
    """The same rules with the threshold at 50."""
    folder = tmp_path / "rules"
    shutil.copytree(SHIPPED / "content-led", folder)
    life = folder / "lifecycle.yaml"
    text = life.read_text("utf-8")
    assert text.count("at_least: 65") == text.count("score: 65") == 1
    life.write_text(text.replace("at_least: 65", "at_least: 50").replace("score: 65", "score: 50"), "utf-8")
    return str(folder)


def opens(count: int) -> list[tuple[str, str, str, str]]:
    return [("email_open", "", f"mail{number}", LATELY) for number in range(count)]


def views(count: int) -> list[tuple[str, str, str, str]]:
    return [("page_view", "", "", LATELY)] * count


def test_500_points_of_opens_and_page_views_never_promote(told: Told) -> None:
    found = told("content-led", opened=opens(500), read=views(500), both=opens(250) + views(250))
    assert {(one["score"], one["stage"], one["is_mql"]) for one in found.values()} == {(500, "cold", False)}
    assert not any(one["next_action"] and one["next_action"]["purpose"] == "cadence_starts" for one in found.values())
    assert {one["stage"] for one in told("classic", opened=opens(500)).values()} == {"hot"}


def test_with_the_threshold_at_50_neither_do_50(told: Told, at_50: str) -> None:
    found = told(at_50, opened=opens(50), read=views(50), both=opens(25) + views(25))
    assert {(one["score"], one["stage"], one["is_mql"]) for one in found.values()} == {(50, "cold", False)}


def test_one_meaningful_action_beside_the_score_promotes_and_nothing_else_does(told: Told) -> None:
    did = {f"yes{n}": [*opens(65), (kind, theme, "", LATELY)] for n, (kind, theme) in enumerate(MEANINGFUL)}
    did |= {f"no{n}": [*opens(500), (kind, theme, "", LATELY)] for n, (kind, theme) in enumerate(OTHERS)}
    found = told("content-led", **did)
    for person, one in found.items():
        promoted = person.startswith("yes")
        assert (one["stage"] == "hot", one["is_mql"]) == (promoted, promoted), (person, did[person][-1])


@pytest.mark.parametrize(("points", "stage"), [(64, "cold"), (65, "hot")])
def test_65_is_inclusive(told: Told, points: int, stage: str) -> None:
    demo = ("demo_view", "product", "", LATELY)
    found = told("content-led", p=[demo, *opens(points - 10)])["p"]
    assert (found["score"], found["stage"], found["is_mql"]) == (points, stage, stage == "hot")


@pytest.mark.parametrize(("at", "stage"), [("2026-05-02T09:00:00+09:00", "cold"), ("2026-05-02T09:00:01+09:00", "hot")])
def test_a_meaningful_action_is_forgotten_after_30_days(told: Told, at: str, stage: str) -> None:
    found = told("content-led", p=[("demo_view", "product", "", at), *opens(100)])["p"]
    assert (found["stage"], found["is_mql"]) == (stage, stage == "hot")


@pytest.mark.parametrize(
    ("kind", "theme"),
    [("inquiry", ""), ("quote_request", ""), ("content_download", "pricing"), ("content_download", "comparison")],
)
def test_a_key_action_makes_an_mql_without_the_score(told: Told, kind: str, theme: str) -> None:
    found = told("content-led", p=[(kind, theme, "", LATELY)])["p"]
    assert (found["is_mql"], found["mql_reason"], found["stage"]) == (True, ["key_action"], "cold")


def test_a_file_counts_once_and_the_theme_decides_what_it_is_worth(told: Told) -> None:
    themes = {"know_how": 3, "thought_leadership": 5, "product": 10, "case_study": 10, "comparison": 15, "pricing": 15}
    did = {theme: [("content_download", theme, "file", LATELY)] * 3 for theme in themes}
    assert {theme: one["score"] for theme, one in told("content-led", **did).items()} == themes


def test_the_output_names_the_rules(told: Told, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert told("content-led", p=[])["p"]["rules"] == "content-led"
    files = ["--people", str(tmp_path / "people.csv"), "--activities", str(tmp_path / "activities.csv")]
    assert run(["evaluate", *files, "--as-of", AS_OF]) == 0
    assert "Rules: content-led" in capsys.readouterr().out


def test_content_led_is_the_packaged_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert rules_folder(Settings()) == SHIPPED / DEFAULT == SHIPPED / "content-led"
    assert run(["check", "--json"]) == 0


@pytest.mark.parametrize("file", ["cadence", "content", "fields", "lists", "schedule", "tiers"])
def test_what_does_not_differ_from_classic_is_the_same(file: str) -> None:
    assert (SHIPPED / "content-led" / f"{file}.yaml").read_bytes() == (
        SHIPPED / "classic" / f"{file}.yaml"
    ).read_bytes()
