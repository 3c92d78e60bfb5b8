"""The guard: how much of what stands there one plan may overwrite (WB-6)."""

from __future__ import annotations

from typing import Any

import pytest

from connector.domain.plan import FieldChange, Finding, ProspectChange, RecordChange, TaskCreation
from connector.planning.guard import guard_findings, orders_of
from connector.rules.fields import Fields, Guard
from tests.remote_world import plan_of

pytestmark = pytest.mark.requirement("WB-6")

GUARD = Guard(at_least=10, overwrite=0.5, status=0.1, tasks_per_owner=2)


def records(count: int, field: str = "Grade__c", before: Any = "B", after: Any = "A") -> list[RecordChange]:
    change = (FieldChange(field, before, after),)
    return [RecordChange("Lead", f"00Q{number}", "P", change, "", False, None) for number in range(count)]


def tasks(*owners: str | None) -> list[TaskCreation]:
    return [
        TaskCreation(f"k{place}", "P", {"OwnerId": owner} if owner else {}, "") for place, owner in enumerate(owners)
    ]


def found(
    changes: list[RecordChange], filled: int = 10, made: list[TaskCreation] | None = None, guard: Guard = GUARD
) -> list[Finding]:
    counts = {("Lead", "Grade__c"): filled, ("Lead", "Status"): filled}
    plan = plan_of(*changes, tasks=tuple(made or ()))
    return list(guard_findings(guard, plan, counts, {("Lead", "Status"): ["Open", "Nurturing", "Hot"]}))


@pytest.mark.parametrize(
    ("changed", "filled", "stops"), [(5, 10, False), (6, 10, True), (9, 9, False), (0, 10, False), (100, 1000, False)]
)
def test_a_share_over_the_limit_stops_and_one_at_it_does_not(changed: int, filled: int, stops: bool) -> None:
    assert bool(found(records(changed), filled)) is stops


def test_the_status_has_a_limit_of_its_own() -> None:
    assert found(records(1, "Status")) == []
    assert found(records(2, "Status")) == [Finding("Lead.Status", 2, 10, 0.1, ("00Q0: B → A", "00Q1: B → A"))]


def test_filling_blanks_and_writing_the_same_count_towards_nothing() -> None:
    assert found(records(10, before=None)) == []
    assert found(records(10, before="A", after="A")) == []
    assert [finding.count for finding in found(records(10, after=None))] == [10], "emptying is overwriting"


def test_the_sentence_names_share_limit_and_counts() -> None:
    (finding,) = found(records(7))
    assert finding.sentence == (
        "Lead.Grade__c: 7 of 10 records (70%) would change; the limit is 50%. "
        "For example 00Q0: B → A; 00Q1: B → A; 00Q2: B → A."
    )


def test_tasks_are_counted_for_each_owner() -> None:
    assert found([], made=tasks("a", "a", "b", "b")) == []
    findings = found([], made=tasks("a", "a", "a", "b", None, None, None))
    assert [finding.sentence for finding in findings] == [
        "Tasks for owner a: 3; the limit is 2. For example k0; k1; k2.",
        "Tasks without an owner: 3; the limit is 2. For example k4; k5; k6.",
    ]  # fmt: skip


def test_the_largest_comes_first() -> None:
    findings = found([*records(6), *records(9, "Status")])
    assert [finding.what for finding in findings] == ["Lead.Status", "Lead.Grade__c"]


def test_a_field_that_nobody_filled_has_no_share() -> None:
    assert guard_findings(GUARD, plan_of(*records(50)), {}, {}) == ()


def test_prospects_have_shares_too() -> None:
    changed = tuple(
        ProspectChange("0Uv1", f"{number}", "P", (FieldChange("grade__c", "B", "A"),), "") for number in range(9)
    )
    (finding,) = guard_findings(GUARD, plan_of(prospects=changed), {("prospects", "grade__c"): 10}, {})
    assert (finding.what, finding.count, finding.of) == ("prospects.grade__c", 9, 10)


def test_a_field_may_have_a_share_of_its_own() -> None:
    strict = GUARD.model_copy(update={"fields": {"Lead.Grade__c": 0.2}})
    assert [(one.what, one.limit) for one in found(records(3), guard=strict)] == [("Lead.Grade__c", 0.2)]
    assert found(records(2), guard=strict) == []


def test_a_kind_may_have_a_count_of_its_own() -> None:
    strict = GUARD.model_copy(update={"kinds": {"tasks": 2, "records": 5}})
    assert found(records(5), made=tasks("a", "b"), guard=strict) == []
    findings = found(records(6, before=None), made=tasks("a", "b", "c"), guard=strict)
    assert [one.sentence for one in findings] == [
        "records: 6; the limit is 5. For example 00Q0; 00Q1; 00Q2.",
        "tasks: 3; the limit is 2. For example k0; k1; k2.",
    ]


def test_moves_back_are_counted_apart() -> None:
    strict = GUARD.model_copy(update={"status": 1.0, "backward": 0.1})
    forward = records(8, "Status", "Open", "Hot")
    assert found(forward, guard=strict) == []
    (finding,) = found([*forward, *records(2, "Status", "Hot", "Nurturing")], guard=strict)
    assert (finding.what, finding.count, finding.of, finding.limit) == ("Lead.Status backward", 2, 10, 0.1)


def test_the_order_of_stages_is_the_mapping_s_or_the_order_of_a_life() -> None:
    write = {
        "Status": {"value": "status", "values": {"hot": "Hot", "cold": "Nurturing"}, "order": ["Nurturing", "Hot"]},
        "Stage__c": {"value": "stage"},
        "Grade__c": {"value": "grade"},
    }
    fields = Fields.model_validate({"version": 1, "salesforce": {"Lead": {"write": write}}})
    assert orders_of(fields) == {
        ("Lead", "Status"): ["Nurturing", "Hot"],
        ("Lead", "Stage__c"): ["registered", "cold", "hot", "opportunity", "won"],
    }


def test_a_share_of_a_field_that_nobody_writes_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"guard.fields.Lead.Rating: nothing is written to it"):
        Fields.model_validate(
            {
                "version": 1,
                "salesforce": {"Lead": {"write": {"Grade__c": {"value": "grade"}}}},
                "guard": {"fields": {"Lead.Rating": 0.1}},
            }
        )
