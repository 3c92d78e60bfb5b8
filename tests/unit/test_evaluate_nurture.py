"""What becomes of those who come in: screened out or not, target or not, nurtured how, offered what.

Everybody of this file is evaluated at once, with `content-led` and a competitor filled in.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from connector.cli.main import run
from connector.rules.load import SHIPPED

pytestmark = pytest.mark.requirement("EN-4", "EN-8", "LC-10", "NU-1", "NU-2", "CD-3")

AS_OF = "2026-11-02T10:00:00+09:00"  # a Monday in the third quarter of a fiscal year that begins in April
PEOPLE = (
    "person_id", "created_at", "email", "source", "company", "company_id", "owner_id", "title", "department",
    "opted_out", "persona",
)  # fmt: skip
Told = dict[str, dict[str, Any]]


def _person(person_id: str, **fields: str) -> dict[str, str]:
    known = {"email": f"{person_id}@customer.co.jp", "source": "webinar", "owner_id": "u", "company_id": "big"}
    return {"person_id": person_id, "created_at": "2026-05-01", **known, **fields}


EVERYBODY = (
    _person("rival", email="spy@lab.rival.co.jp"),
    _person("rival_by_company", email="someone@gmail.com", company_id="rival"),
    _person("lookalike", email="buyer@myrival.co.jp"),
    _person("professor", email="x@eng.u-tokyo.ac.jp"),
    _person("student", title="学生"),
    _person("asking"),
    _person("head", title="工場長"),
    _person("told", title="工場長", persona="情シス"),
    _person("unheard_of", title="工場長", persona="魔法使い"),
    _person("opted_out", opted_out="true"),
    _person("small", company_id="small"),
    _person("nowhere", company_id=""),
    _person("doubtful", company_id="doubtful"),
    _person("inspecting", title="部長", department="製造部"),
    _person("comparing"),
    _person("hot"),
    _person("lost"),
    _person("again"),
)  # fmt: skip
COMPANIES = """company_id,name,domain,industry,employees,match_status
big,大手機械,customer.co.jp,機械,2000,
small,小企業,small.co.jp,機械,10,
rival,ライバル,rival.co.jp,機械,500,
doubtful,うたがわしい,,機械,2000,candidate
"""
DEALS = """opportunity_id,person_id,created_at,closed_at,status
d1,lost,2026-06-01,2026-10-20,lost
d2,again,2026-06-01,2026-07-01,lost
"""


def _hot(person_id: str) -> list[tuple[str, ...]]:
    return [(person_id, "2026-10-31", "demo_view", f"demo{n}", "", "") for n in range(8)]


ACTIVITIES = [
    *_hot("rival"), ("rival", "2026-11-01", "inquiry", "", "", ""),
    *_hot("rival_by_company"), *_hot("lookalike"), *_hot("hot"),
    ("lookalike", "2026-11-01", "inquiry", "", "", ""),
    ("student", "2026-11-01", "inquiry", "", "", ""),
    ("asking", "2026-11-01", "inquiry", "", "", ""),
    ("inspecting", "2026-10-01", "page_view", "", "", "https://mirumori.example/products/inspection"),
    ("comparing", "2026-10-01", "content_download", "comparison-table", "", ""),
    ("opted_out", "2026-10-01", "page_view", "", "", "https://mirumori.example/products/inspection"),
]  # fmt: skip


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nurture") / "rules"
    shutil.copytree(SHIPPED / "content-led", folder)
    tiers = (folder / "tiers.yaml").read_text("utf-8")
    before, after = tiers.split("en: Competitors}\n    domains: []")
    (folder / "tiers.yaml").write_text(f"{before}en: Competitors}}\n    domains: [rival.co.jp]{after}", "utf-8")
    content = (folder / "content.yaml").read_text("utf-8")
    late = content.replace("  - id: price-list\n", "  - id: price-list\n    from_stage: comparison\n")
    (folder / "content.yaml").write_text(late, "utf-8")
    return folder


def _written(folder: Path) -> list[str]:
    """The files, and the arguments that name them."""
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, PEOPLE)
        table.writeheader()
        table.writerows(EVERYBODY)
    with (folder / "activities.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("activity_id", "person_id", "occurred_at", "type", "content", "theme", "url"))
        rows.writerows((f"a{number}", *act) for number, act in enumerate(ACTIVITIES))
    (folder / "companies.csv").write_text(COMPANIES, "utf-8")
    (folder / "opportunities.csv").write_text(DEALS, "utf-8")
    return [
        part
        for name in ("people", "activities", "companies", "opportunities")
        for part in (f"--{name}", str(folder / f"{name}.csv"))
    ]


@pytest.fixture(scope="module")
def told(rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    files = _written(tmp_path_factory.mktemp("files"))
    with redirect_stdout(io.StringIO()) as out:
        assert run(["evaluate", "--rules", str(rules), "--as-of", AS_OF, "--json", *files]) == 0
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    return {one["person_id"]: one for one in found}


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("rival", "competitor"), ("rival_by_company", "competitor"), ("professor", "school"), ("student", "student"),
        ("lookalike", None), ("asking", None),
    ],
)  # fmt: skip
def test_who_is_no_lead_is_told_with_the_reason(told: Told, who: str, reason: str | None) -> None:
    assert told[who]["screened"] == (reason and {"reason": reason, "rule": reason})


@pytest.mark.parametrize("who", ["rival", "rival_by_company"])
def test_a_competitor_is_scored_and_nothing_else(told: Told, who: str) -> None:
    found = told[who]
    assert found["score"] >= 65
    assert (found["stage"], found["is_mql"], found["mql_reason"]) == ("cold", False, [])
    assert (found["next_action"], found["offer"], found["track"], found["may_see"]) == (None, None, None, [])
    assert found["intake"] == {
        "target": False, "target_why": "screened", "nurture": False, "nurture_why": "screened", "when": None,
        "when_why": None,
    }  # fmt: skip


def test_the_same_of_somebody_else_is_hot_and_an_inquiry_is_answered_at_once(told: Told) -> None:
    assert (told["lookalike"]["stage"], told["lookalike"]["is_mql"]) == ("hot", True)
    assert told["lookalike"]["next_action"]["purpose"] == told["asking"]["next_action"]["purpose"] == "inquiry"
    assert told["student"]["next_action"] is None
    assert (told["asking"]["intake"]["when"], told["asking"]["intake"]["when_why"]) == ("2026-11-02", "inquiry")


@pytest.mark.parametrize(
    ("who", "target", "why"),
    [
        ("asking", True, "tier1"), ("small", False, "no_tier"), ("nowhere", False, "unknown_company"),
        ("doubtful", False, "candidate"),
    ],
)  # fmt: skip
def test_target_or_not_says_why(told: Told, who: str, target: bool, why: str) -> None:
    assert (told[who]["intake"]["target"], told[who]["intake"]["target_why"]) == (target, why)


@pytest.mark.parametrize(
    ("who", "nurture", "why"),
    [
        ("small", True, "registered"), ("inspecting", True, "cold"), ("comparing", True, "cold"),
        ("opted_out", False, "no_consent"), ("hot", False, "in_follow_up"), ("lost", False, "waits"),
        ("again", True, "recycled"), ("asking", True, "mql"),
    ],
)  # fmt: skip
def test_nurture_or_not_says_why(told: Told, who: str, nurture: bool, why: str) -> None:
    assert (told[who]["intake"]["nurture"], told[who]["intake"]["nurture_why"]) == (nurture, why)


@pytest.mark.parametrize(
    ("who", "persona", "by"),
    [
        ("head", "plant_manager", "rule"), ("told", "information_systems", "field"),
        ("unheard_of", "plant_manager", "rule"), ("inspecting", "plant_manager", "rule"), ("small", None, None),
    ],
)  # fmt: skip
def test_a_persona_comes_from_the_field_else_from_a_rule(
    told: Told, who: str, persona: str | None, by: str | None
) -> None:
    assert (told[who]["persona"], told[who]["persona_by"]) == (persona, by)


@pytest.mark.parametrize(
    ("who", "track", "why"),
    [
        ("small", "first_steps", []),
        ("head", "first_steps", []),  # plans no budget yet: nothing that was seen says so
        ("inspecting", "next_budget", ["buying_stages", "personas", "seasons"]),
        ("comparing", "deciding", ["buying_stages"]),
        ("again", "second_approach", ["stages", "when"]),
        ("hot", None, None),
        ("opted_out", None, None),
    ],
)
def test_the_first_track_that_fits_and_the_next_action_names_it(
    told: Told, who: str, track: str | None, why: list[str] | None
) -> None:
    found = told[who]["track"]
    assert (found and found["id"], found and found["why"]) == (track, why)
    if track and told[who]["next_action"]["purpose"] == "nurture":
        assert told[who]["next_action"]["track"] == track


def test_what_is_offered_is_about_the_product_of_interest_and_late_content_waits(told: Told) -> None:
    inspecting = told["inspecting"]
    assert inspecting["product_of_interest"] == "点検アプリ"
    assert inspecting["offer"] == {"content": "webinar-inspection", "why": ["stage", "product"]}
    assert (inspecting["may_see"], told["comparing"]["may_see"]) == ([], ["price-list"])
    assert told["opted_out"]["offer"] is None
    assert (told["small"]["offer"] or {})["why"] == ["stage"]
