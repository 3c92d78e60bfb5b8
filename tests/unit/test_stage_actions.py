"""What follows when a stage is over its time, interest rises, or lead time is short: as `evaluate` tells it."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
import yaml

from connector.cli.main import run
from connector.rules.load import SHIPPED

pytestmark = pytest.mark.requirement("LC-4", "LC-8", "LC-9", "LC-12", "LC-13")

AS_OF = "2026-06-01T09:00:00+09:00"
PEOPLE = """person_id,created_at,source,owner_id,employees
unowned,2026-01-01,event,,
owned,2026-01-01,event,005A,
new,2026-05-20,event,,
deal,2025-01-01,event,005A,
fresh,2025-01-01,event,005A,
won,2023-01-01,event,005A,
sum,2026-05-01,event,,5000
risen,2025-01-01,event,,
quiet,2025-01-01,event,,
bought,2025-01-01,event,,
small,2026-05-01,event,005A,20
large,2026-05-01,event,005A,900
keen,2026-05-01,event,,20
"""
DEALS = """opportunity_id,person_id,created_at,closed_at,status
o1,deal,2026-01-01,,open
o2,fresh,2026-05-01,,open
o3,won,2025-01-01,2025-05-01,won
o4,risen,2026-05-01,,open
o5,quiet,2026-05-01,,open
o6,bought,2026-01-01,2026-05-01,won
"""


def demos(person: str, count: int, day: str) -> str:
    return "".join(f"{person}-{n},{person},{day}T10:00:00+09:00,demo_view,\n" for n in range(count))


ACTIVITIES = "activity_id,person_id,occurred_at,type,content\n" + "".join(
    demos(*act)
    for act in (
        ("sum", 13, "2026-05-30"), ("risen", 4, "2026-05-20"), ("quiet", 4, "2026-04-20"), ("bought", 4, "2026-05-20"),
        ("small", 2, "2026-05-10"), ("large", 2, "2026-05-10"), ("keen", 8, "2026-05-30"),
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, Any]]:
    """The documents of one evaluation by `classic` with lead times and rises of its own."""
    folder = tmp_path_factory.mktemp("stages")
    shutil.copytree(SHIPPED / "classic", folder / "rules")
    path = folder / "rules" / "lifecycle.yaml"
    rises = [
        {"id": f"up_{stage}", "name": "Up", "stage": stage, "points": 20, "owner": "field_sales"}
        for stage in ("opportunity", "won")
    ]
    quick = {
        "id": "quick", "name": "Quick", "when": "employees < 50", "skip_nurture": True, "hot_at_least": 40,
        "expected": {"cold": 10, "decision": 5},
    }  # fmt: skip
    known = {**yaml.safe_load(path.read_text("utf-8")), "lead_times": [quick], "rises": rises}
    path.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    arguments = ["evaluate", "--rules", str(folder / "rules"), "--as-of", AS_OF, "--json"]
    for name, text in {"people": PEOPLE, "activities": ACTIVITIES, "opportunities": DEALS}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        arguments += [f"--{name}", str(folder / f"{name}.csv")]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        assert run(arguments) == 0, err.getvalue()
    return {line["person_id"]: line for line in map(json.loads, out.getvalue().splitlines())}


Told = Mapping[str, dict[str, Any]]


def test_nobody_is_forgotten_in_a_stage_whoever_owns_them(told: Told) -> None:
    actions = {person: line["next_action"] or {} for person, line in told.items()}
    assert (actions["unowned"]["purpose"], actions["unowned"]["owner"]) == ("nurture", "marketing")
    assert (actions["owned"]["purpose"], actions["owned"]["owner"]) == ("nurture", "005A")
    assert actions["new"] == {}
    assert actions["deal"]["why"] == "open deal, longer than its time"
    assert actions["fresh"]["why"] == "open deal"
    assert (actions["won"]["purpose"], actions["won"]["channel"]) == ("stage_limit", "review")
    keys = ("stage_since", "stage_limit", "stage_overdue", "stage_owner", "stage_then")
    assert [told["deal"][key] for key in keys] == [
        "2025-12-31T15:00:00+00:00", "2026-04-30T15:00:00+00:00", True, "field_sales", "remind",
    ]  # fmt: skip
    assert (told["new"]["stage_overdue"], told["new"]["stage_limit"]) == (False, "2026-06-18T15:00:00+00:00")


@pytest.mark.requirement("LC-8")
def test_a_decision_is_never_one_sum_but_shows_its_three_axes(told: Told) -> None:
    found = told["sum"]
    axes = found["axes"]
    assert list(axes) == ["attribute", "behaviour", "time"]
    assert axes["attribute"]["grade"] == found["grade"]
    criteria = [*axes["attribute"]["met"], *axes["attribute"]["missed"], *axes["attribute"]["unknown"]]
    assert len(criteria) == len(set(criteria)) > 0
    assert (axes["behaviour"]["score"], axes["behaviour"]["threshold"], axes["behaviour"]["lacks"]) == (65, 65, [])
    assert axes["time"]["hot_since"] == axes["time"]["last_activity_at"] == "2026-05-30T01:00:00+00:00"
    assert (axes["time"]["overdue"], axes["time"]["late"]) == (False, False)


def test_a_rise_during_a_deal_and_after_the_win_calls_for_field_sales(told: Told) -> None:
    for person, stage in (("risen", "opportunity"), ("bought", "won")):
        action = told[person]["next_action"]
        assert (told[person]["stage"], action["purpose"], action["channel"]) == (stage, "rise", "call")
        assert (action["owner"], action["why"]) == ("field_sales", f"20 points since {stage}")
    assert told["quiet"]["next_action"]["purpose"] == "deal"


def test_where_lead_time_is_short_somebody_calls_instead_of_nurturing(told: Told) -> None:
    purposes = {person: told[person]["next_action"]["purpose"] for person in ("small", "large", "keen")}
    assert purposes == {"small": "contact", "large": "nurture", "keen": "cadence_starts"}
    assert told["small"]["next_action"]["channel"] == "call"
    assert [told[person]["stage"] for person in purposes] == ["cold", "cold", "hot"]
    assert [told[person]["lead_time"] for person in purposes] == ["quick", None, "quick"]
    cold = {"about": "stage", "stage": "cold", "since": "2026-05-10T01:00:00+00:00", "days": 10}
    assert [told[person]["late"] for person in purposes] == [[cold], [], []]
    assert told["keen"]["axes"]["behaviour"]["threshold"] == 40


def test_there_is_no_dead_end_for_anybody_owned_or_not(told: Told) -> None:
    for person, line in told.items():
        assert line["next_action"] or line["stage_limit"], person
