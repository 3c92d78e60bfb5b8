"""The guard: how much of what stands there one plan may overwrite (WB-6)."""

from __future__ import annotations

from typing import Any

import pytest

from connector.domain.plan import FieldChange, Finding, RecordChange, TaskCreation
from connector.planning.guard import guard_findings
from connector.rules.fields import Guard

pytestmark = pytest.mark.requirement("WB-6")

GUARD = Guard(at_least=10, overwrite=0.5, status=0.1, tasks_per_owner=2)


def records(count: int, field: str = "Grade__c", before: Any = "B", after: Any = "A") -> list[RecordChange]:
    change = (FieldChange(field, before, after),)
    return [RecordChange("Lead", f"00Q{number}", "P", change, "", False, None) for number in range(count)]


def tasks(*owners: str | None) -> list[TaskCreation]:
    return [
        TaskCreation(f"k{place}", "P", {"OwnerId": owner} if owner else {}, "") for place, owner in enumerate(owners)
    ]


def found(changes: list[RecordChange], filled: int = 10, made: list[TaskCreation] | None = None) -> list[Finding]:
    counts = {("Lead", "Grade__c"): filled, ("Lead", "Status"): filled}
    return list(guard_findings(GUARD, changes, made or [], counts))


@pytest.mark.parametrize(
    ("changed", "filled", "stops"), [(5, 10, False), (6, 10, True), (9, 9, False), (0, 10, False), (100, 1000, False)]
)
def test_a_share_over_the_limit_stops_and_one_at_it_does_not(changed: int, filled: int, stops: bool) -> None:
    assert bool(found(records(changed), filled)) is stops


def test_the_status_has_a_limit_of_its_own() -> None:
    assert found(records(1, "Status")) == []
    assert found(records(2, "Status")) == [Finding("Lead.Status", 2, 10, 0.1)]


def test_filling_blanks_and_writing_the_same_count_towards_nothing() -> None:
    assert found(records(10, before=None)) == []
    assert found(records(10, before="A", after="A")) == []
    assert [finding.count for finding in found(records(10, after=None))] == [10], "emptying is overwriting"


def test_the_sentence_names_share_limit_and_counts() -> None:
    (finding,) = found(records(7))
    assert finding.sentence == "Lead.Grade__c: 7 of 10 records (70%) would change; the limit is 50%."


def test_tasks_are_counted_for_each_owner() -> None:
    assert found([], made=tasks("a", "a", "b", "b")) == []
    findings = found([], made=tasks("a", "a", "a", "b", None, None, None))
    assert [finding.sentence for finding in findings] == [
        "Tasks for owner a: 3; the limit is 2.", "Tasks without an owner: 3; the limit is 2.",
    ]  # fmt: skip


def test_the_largest_comes_first() -> None:
    findings = found([*records(6), *records(9, "Status")])
    assert [finding.what for finding in findings] == ["Lead.Status", "Lead.Grade__c"]


def test_a_field_that_nobody_filled_has_no_share() -> None:
    assert guard_findings(GUARD, records(50), [], {}) == ()
