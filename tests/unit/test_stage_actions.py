"""What follows when a stage is over its time, interest rises, or lead time is short: as `evaluate` tells it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.cli.main import run
from connector.rules.load import SHIPPED

pytestmark = pytest.mark.requirement("LC-4", "LC-8", "LC-9", "LC-12", "LC-13")

AS_OF = "2026-06-01T09:00:00+09:00"
PEOPLE = "person_id,created_at,source,owner_id,employees,crm_status\n"
ACTIVITIES = "activity_id,person_id,occurred_at,type,content\n"
DEALS = "opportunity_id,person_id,created_at,closed_at,status,product\n"


def told(
    folder: Path, capsys: pytest.CaptureFixture[str], rules: str | None = None, **texts: str
) -> dict[str, dict[str, Any]]:
    arguments = ["evaluate", "--rules", rules or "classic", "--as-of", AS_OF, "--json"]
    for name, text in {"people": PEOPLE, "activities": ACTIVITIES, **texts}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        arguments += [f"--{name}", str(folder / f"{name}.csv")]
    code = run(arguments)
    out, err = capsys.readouterr()
    assert code == 0, err
    return {line["person_id"]: line for line in map(json.loads, out.splitlines())}


def ruled(folder: Path, **more: Any) -> str:
    """`classic` with further keys in lifecycle.yaml."""
    shutil.copytree(SHIPPED / "classic", folder / "rules")
    path = folder / "rules" / "lifecycle.yaml"
    known = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump({**known, **more}, allow_unicode=True), encoding="utf-8")
    return str(folder / "rules")


def demos(person: str, count: int, day: str) -> str:
    return "".join(f"{person}-{day}-{n},{person},{day}T10:00:00+09:00,demo_view,\n" for n in range(count))


def test_nobody_is_forgotten_in_a_stage_whoever_owns_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = PEOPLE + (
        "unowned,2026-01-01,event,,,\nowned,2026-01-01,event,005A,,\nnew,2026-05-20,event,,,\n"
        "deal,2025-01-01,event,005A,,\nfresh,2025-01-01,event,005A,,\nwon,2023-01-01,event,005A,,\n"
    )
    deals = DEALS + ("o1,deal,2026-01-01,,open,\no2,fresh,2026-05-01,,open,\no3,won,2025-01-01,2025-05-01,won,\n")
    found = told(tmp_path, capsys, people=people, opportunities=deals)
    actions = {person: line["next_action"] or {} for person, line in found.items()}
    assert (actions["unowned"]["purpose"], actions["unowned"]["owner"]) == ("nurture", "marketing")
    assert (actions["owned"]["purpose"], actions["owned"]["owner"]) == ("nurture", "005A")
    assert actions["new"] == {}
    assert actions["deal"]["why"] == "open deal, longer than its time"
    assert actions["fresh"]["why"] == "open deal"
    assert (actions["won"]["purpose"], actions["won"]["channel"]) == ("stage_limit", "review")
    keys = ("stage_since", "stage_limit", "stage_overdue", "stage_owner", "stage_then")
    assert [found["deal"][key] for key in keys] == [
        "2025-12-31T15:00:00+00:00", "2026-04-30T15:00:00+00:00", True, "field_sales", "remind",
    ]  # fmt: skip
    assert (found["new"]["stage_overdue"], found["new"]["stage_limit"]) == (False, "2026-06-18T15:00:00+00:00")


@pytest.mark.requirement("LC-8")
def test_complaint_a_decision_is_never_one_sum_but_shows_its_three_axes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = PEOPLE + "p,2026-05-01,event,,5000,\n"
    found = told(tmp_path, capsys, people=people, activities=ACTIVITIES + demos("p", 13, "2026-05-30"))["p"]
    axes = found["axes"]
    assert list(axes) == ["attribute", "behaviour", "time"]
    assert axes["attribute"]["grade"] == found["grade"]
    criteria = [*axes["attribute"]["met"], *axes["attribute"]["missed"], *axes["attribute"]["unknown"]]
    assert len(criteria) == len(set(criteria)) > 0
    assert (axes["behaviour"]["score"], axes["behaviour"]["threshold"], axes["behaviour"]["lacks"]) == (65, 65, [])
    assert axes["time"]["hot_since"] == axes["time"]["last_activity_at"] == "2026-05-30T01:00:00+00:00"
    assert (axes["time"]["overdue"], axes["time"]["late"]) == (False, False)


def test_a_rise_during_a_deal_and_after_the_win_calls_for_field_sales(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rises = [
        {"id": f"up_{stage}", "name": "Up", "stage": stage, "points": 20, "owner": "field_sales"}
        for stage in ("opportunity", "won", "cold")
    ]
    people = PEOPLE + "".join(f"{one},2025-01-01,event,,,\n" for one in ("deal", "quiet", "won", "cold"))
    deals = DEALS + ("o1,deal,2026-05-01,,open,\no2,quiet,2026-05-01,,open,\no3,won,2026-01-01,2026-05-01,won,\n")
    activities = ACTIVITIES + demos("deal", 4, "2026-05-20") + demos("quiet", 4, "2026-04-20")
    activities += demos("won", 4, "2026-05-20") + demos("cold", 4, "2026-05-20")
    rules = ruled(tmp_path, rises=rises)
    found = told(tmp_path, capsys, rules, people=people, opportunities=deals, activities=activities)
    for person, stage in (("deal", "opportunity"), ("won", "won")):
        action = found[person]["next_action"]
        assert (found[person]["stage"], action["purpose"], action["channel"]) == (stage, "rise", "call")
        assert (action["owner"], action["why"]) == ("field_sales", f"20 points since {stage}")
    assert found["quiet"]["next_action"]["purpose"] == "deal"
    assert found["won"]["stage"] == "won"


def test_where_lead_time_is_short_somebody_calls_instead_of_nurturing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [
        {
            "id": "quick", "name": "Quick", "when": "employees < 50", "skip_nurture": True, "hot_at_least": 40,
            "expected": {"cold": 10, "decision": 5},
        }
    ]  # fmt: skip
    people = PEOPLE + "small,2026-05-01,event,005A,20,\nlarge,2026-05-01,event,005A,900,\nhot,2026-05-01,event,,20,\n"
    activities = ACTIVITIES + demos("small", 2, "2026-05-10") + demos("large", 2, "2026-05-10")
    activities += demos("hot", 8, "2026-05-30")
    found = told(tmp_path, capsys, ruled(tmp_path, lead_times=times), people=people, activities=activities)
    assert {person: line["next_action"]["purpose"] for person, line in found.items()} == {
        "small": "contact", "large": "nurture", "hot": "cadence_starts",
    }  # fmt: skip
    assert found["small"]["next_action"]["channel"] == "call"
    assert {person: line["stage"] for person, line in found.items()} == {"small": "cold", "large": "cold", "hot": "hot"}
    assert {person: line["lead_time"] for person, line in found.items()} == {
        "small": "quick", "large": None, "hot": "quick",
    }  # fmt: skip
    assert found["small"]["late"] == [
        {"about": "stage", "stage": "cold", "since": "2026-05-10T01:00:00+00:00", "days": 10}
    ]
    assert (found["large"]["late"], found["hot"]["late"]) == ([], [])
    assert found["hot"]["axes"]["behaviour"]["threshold"] == 40
