"""The rule set `content-led`: nobody becomes hot or an MQL by adding up opens and page views (SC-6, LC-2)."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
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
Did = list[tuple[str, str, str, str]]
"""Type, theme, content and time of what somebody did."""
Found = dict[str, dict[str, Any]]
RULES = SHIPPED / "content-led"


def evaluated(folder: Path, rules: str, **did: Did) -> Found:
    """What `evaluate` says, by person, of people from a webinar who did this."""
    people = "person_id,created_at,source\n" + "".join(f"{person},2026-05-01,webinar\n" for person in did)
    rows = [
        f"{person}-{number},{person},{at},{kind},{content},{theme}"
        for person, activities in did.items()
        for number, (kind, theme, content, at) in enumerate(activities)
    ]
    (folder / "people.csv").write_text(people, "utf-8")
    header = "activity_id,person_id,occurred_at,type,content,theme\n"
    (folder / "activities.csv").write_text(header + "\n".join(rows) + "\n", "utf-8")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(["evaluate", *_files(folder), "--as-of", AS_OF, "--json", "--rules", rules]) == 0
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    return {one["person_id"]: one for one in found}


def _files(folder: Path) -> list[str]:
    return ["--people", str(folder / "people.csv"), "--activities", str(folder / "activities.csv")]


def opens(count: int) -> Did:
    return [("email_open", "", f"mail{number}", LATELY) for number in range(count)]


def views(count: int) -> Did:
    return [("page_view", "", "", LATELY)] * count


DEMO = ("demo_view", "product", "", LATELY)
KEY_ACTIONS = [
    ("inquiry", ""), ("quote_request", ""), ("content_download", "pricing"), ("content_download", "comparison"),
]  # fmt: skip
THEMES = {"know_how": 3, "thought_leadership": 5, "product": 10, "case_study": 10, "comparison": 15, "pricing": 15}
WINDOW = {"2026-05-02T09:00:00+09:00": "cold", "2026-05-02T09:00:01+09:00": "hot"}
SUMS = {"opened": opens(500), "read": views(500), "both": opens(250) + views(250)}
EVERYBODY: dict[str, Did] = {
    **SUMS,
    **{f"yes{n}": [*opens(65), (kind, theme, "", LATELY)] for n, (kind, theme) in enumerate(MEANINGFUL)},
    **{f"no{n}": [*opens(500), (kind, theme, "", LATELY)] for n, (kind, theme) in enumerate(OTHERS)},
    **{f"at{points}": [DEMO, *opens(points - 10)] for points in (64, 65)},
    **{f"key{n}": [(kind, theme, "", LATELY)] for n, (kind, theme) in enumerate(KEY_ACTIONS)},
    **{f"ago{n}": [("demo_view", "product", "", at), *opens(100)] for n, at in enumerate(WINDOW)},
    **{theme: [("content_download", theme, "file", LATELY)] * 3 for theme in THEMES},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return evaluated(tmp_path_factory.mktemp("content_led"), "content-led", **EVERYBODY)


def test_500_points_of_opens_and_page_views_never_promote(found: Found, tmp_path: Path) -> None:
    told = [found[person] for person in SUMS]
    assert {(one["score"], one["stage"], one["is_mql"]) for one in told} == {(500, "cold", False)}
    assert not any(one["next_action"] and one["next_action"]["purpose"] == "cadence_starts" for one in told)
    assert {one["stage"] for one in evaluated(tmp_path, "classic", **SUMS).values()} == {"hot"}


def test_with_the_threshold_at_50_neither_do_50(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    text = (folder / "lifecycle.yaml").read_text("utf-8")
    assert text.count("at_least: 65") == text.count("score: 65") == 1
    changed = text.replace("at_least: 65", "at_least: 50").replace("score: 65", "score: 50")
    (folder / "lifecycle.yaml").write_text(changed, "utf-8")
    sums = {"opened": opens(50), "read": views(50), "both": opens(25) + views(25)}
    found = evaluated(tmp_path, str(folder), **sums, demo=[*opens(40), DEMO])
    assert {(found[one]["score"], found[one]["stage"], found[one]["is_mql"]) for one in sums} == {(50, "cold", False)}
    assert (found["demo"]["score"], found["demo"]["stage"], found["demo"]["is_mql"]) == (50, "hot", True)


def test_one_meaningful_action_beside_the_score_promotes_and_nothing_else_does(found: Found) -> None:
    for person in (one for one in EVERYBODY if one.startswith(("yes", "no"))):
        promoted = person.startswith("yes")
        told = (found[person]["stage"] == "hot", found[person]["is_mql"])
        assert told == (promoted, promoted), (person, EVERYBODY[person][-1])


def test_64_is_cold_and_65_is_hot(found: Found) -> None:
    told = [(found[one]["score"], found[one]["stage"], found[one]["is_mql"]) for one in ("at64", "at65")]
    assert told == [(64, "cold", False), (65, "hot", True)]


def test_a_meaningful_action_is_forgotten_after_30_days(found: Found) -> None:
    for number, stage in enumerate(WINDOW.values()):
        assert (found[f"ago{number}"]["stage"], found[f"ago{number}"]["is_mql"]) == (stage, stage == "hot")


def test_a_key_action_makes_an_mql_without_the_score(found: Found) -> None:
    told = [found[f"key{number}"] for number in range(len(KEY_ACTIONS))]
    assert {(one["is_mql"], *one["mql_reason"], one["stage"]) for one in told} == {(True, "key_action", "cold")}


def test_a_file_counts_once_and_the_theme_decides_what_it_is_worth(found: Found) -> None:
    assert {theme: found[theme]["score"] for theme in THEMES} == THEMES


def test_the_output_names_the_rules(found: Found, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert found["at65"]["rules"] == "content-led"
    (tmp_path / "people.csv").write_text("person_id,created_at\np,2026-05-01\n", "utf-8")
    (tmp_path / "activities.csv").write_text("activity_id,person_id,occurred_at,type\n", "utf-8")
    assert run(["evaluate", *_files(tmp_path), "--as-of", AS_OF]) == 0
    assert "Rules: content-led" in capsys.readouterr().out


def test_content_led_is_the_packaged_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert rules_folder(Settings()) == SHIPPED / DEFAULT == RULES


@pytest.mark.parametrize("file", [path.name for path in sorted((SHIPPED / "classic").iterdir())])
def test_the_rules_in_use_here_are_those_of_classic(file: str) -> None:
    in_use = Path(__file__).parents[2] / "mappings" / file
    assert in_use.read_bytes() == (SHIPPED / "classic" / file).read_bytes()


@pytest.mark.parametrize("file", ["cadence", "content", "fields", "lists", "schedule", "tiers"])
def test_what_does_not_differ_from_classic_is_the_same(file: str) -> None:
    assert (SHIPPED / "content-led" / f"{file}.yaml").read_bytes() == (
        SHIPPED / "classic" / f"{file}.yaml"
    ).read_bytes()
