"""The guard: stops a plan that overwrites more than a set share of the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from connector.domain.plan import Finding, RecordChange, TaskCreation
from connector.rules.fields import Guard

STATUS = "Status"


def guard_findings(
    guard: Guard,
    records: Iterable[RecordChange],
    tasks: Iterable[TaskCreation],
    filled: Mapping[tuple[str, str], int],
) -> tuple[Finding, ...]:
    """Every limit that the plan would pass, the largest share first.

    `filled` counts, by object and field, the live records that have a value now. Filling a blank counts towards no
    share; below `at_least` records a share says nothing.
    """
    overwritten: Counter[tuple[str, str]] = Counter()
    for record in records:
        overwritten.update(
            (record.object, change.field)
            for change in record.changes
            if change.before is not None and change.before != change.after
        )
    findings = []
    for (object_name, field), count in overwritten.items():
        of = filled.get((object_name, field), 0)
        limit = guard.status if field == STATUS else guard.overwrite
        if of >= guard.at_least and count > limit * of:
            findings.append(Finding(f"{object_name}.{field}", count, of, limit))
    for owner, count in Counter(task.values.get("OwnerId") for task in tasks).items():
        if count > guard.tasks_per_owner:
            whose = "Tasks without an owner" if owner is None else f"Tasks for owner {owner}"
            findings.append(Finding(whose, count, 0, guard.tasks_per_owner))
    return tuple(sorted(findings, key=lambda finding: (-(finding.count / (finding.of or 1)), finding.what)))
