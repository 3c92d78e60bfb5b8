"""The plan as people read it: by kind, with counts, examples from what to what, and why (WB-2)."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.cli.planned import plan_document, show_plan
from connector.cli.shared import console
from connector.domain.plan import (
    FieldChange,
    Kept,
    MembershipChange,
    Plan,
    ProspectChange,
    RecordChange,
    TaskCreation,
    TaskDeletion,
    Transition,
    Waiting,
    Withheld,
)
from tests.mirror_world import NOON, lead_id
from tests.remote_world import plan_of

pytestmark = pytest.mark.requirement("WB-2", "AD-8")

REASON = "属性：グレードB+｜行動：スコア72（経路+7 行動+65 休眠+0）｜時期：2026-03-02からホット、最終行動 2026-03-02"
OLD, NEW = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def told(plan: Plan) -> str:
    shown = console()
    shown.file = io.StringIO()
    shown.width = 300
    show_plan(shown, plan)
    return " ".join(shown.file.getvalue().split())


def lead(number: int, *, again: bool = False) -> RecordChange:
    changes = (FieldChange("Status", "Open", "Hot"), FieldChange("Reason__c", None, REASON))
    return RecordChange("Lead", lead_id(number), f"P{number}", changes, REASON, True, NOON, again)


def task(number: int, step: str) -> TaskCreation:
    values: dict[str, Any] = {"ActivityDate": "2026-03-02", "Subject": f"1日目：電話{number}", "WhoId": lead_id(number)}
    return TaskCreation(f"00D1:{lead_id(number)}:hot:2026-03-02:{step}:call", f"P{number}", values, "hot")


PLAN = plan_of(
    lead(1, again=True), lead(2),
    tasks=(task(1, "day1"), task(2, "day1"), task(1, "day5")),
    transitions=(
        *(Transition(f"P{number}", NOON, "cold", "hot", "score", 72) for number in (1, 2)),
        Transition("P3", NOON, "hot", "cold", "score", 9),
    ),
    kept=(
        Kept("Lead", lead_id(3), "Status", "Hot", "Working", NEW, "005A"),
        Kept("Lead", lead_id(4), "Status", "Hot", None, OLD, "005A"),
    ),
    withheld=(Withheld("P5", "day1", "does not want calls"), Withheld("P6", "day1", "does not want calls")),
    closings=(RecordChange("Task", "00T1", "P1", (FieldChange("Status", "Open", "Completed"),), "won", True, NOON),),
    deletions=(TaskDeletion("00T2", "k", "P1", "undone", NOON),),
    prospects=(ProspectChange("0Uv1", "17", "P1", (FieldChange("grade__c", "B", "A"),), "grade A"),),
    memberships=(MembershipChange("0Uv1", "9", "春の案内", "17", "P1", True, "spring"),),
    waiting=(Waiting("tasks", "k", "P1", "call", ""),),
)  # fmt: skip


def test_people_see_each_kind_with_counts_and_examples() -> None:
    shown = told(PLAN)
    for words in (
        f"Lead Status 2 {lead_id(1)}: Open → Hot",
        f"{lead_id(1)}: {REASON}",
        "prospects grade__c 1 17: B → A",
        "Moves: cold → hot 2, hot → cold 1.",
        "hot day1 call 2 2026-03-02 1日目：電話1",
        "hot day5 call 1 2026-03-02 1日目：電話1",
        "won 1 00T1",
        "undone 1 00T2",
        "春の案内 0Uv1 onto it 1 17 (spring)",
        "Lead.Status: 2, the oldest since 2026-02-01",
        f"{lead_id(3)}: 'Working' (ours would be 'Hot')",
        "2 · does not want calls",
        "Waiting for somebody's word (`connector approve`): tasks 1.",
        "looked at once more before they are written: 1.",
    ):
        assert words in shown, words


def test_machines_are_told_the_same() -> None:
    found = plan_document(PLAN)
    assert found["fields"] == {"Lead.Reason__c": 2, "Lead.Status": 2, "prospects.grade__c": 1}
    assert found["moves"] == {"cold → hot": 2, "hot → cold": 1}
    assert found["steps"] == {"hot day1 call": 2, "hot day5 call": 1}
    assert found["locks"] == [{"object": "Lead", "field": "Status", "count": 2, "oldest": OLD}]
    assert [(one["since"], one["by"]) for one in found["kept"]] == [(NEW, "005A"), (OLD, "005A")]
    assert found["withheld_because"] == {"does not want calls": 2}
    assert (found["waiting"], found["same_second"]) == ({"tasks": 1}, 1)
    assert [found[kind] for kind in ("closings", "deletions", "prospects", "memberships")] == [1, 1, 1, 1]


def test_locks_are_told_when_there_is_nothing_to_do() -> None:
    shown = told(plan_of(kept=(Kept("Lead", lead_id(3), "Status", "Hot", "Working", NEW, None),)))
    assert "Nothing to do" in shown
    assert "Lead.Status: 1, the oldest since 2026-03-01" in shown
