"""How a plan looks on a terminal, and what it is in JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.markup import escape

from connector.cli.render import table
from connector.domain.plan import AWAITS_APPROVAL, Plan

EXAMPLES = 3


def show_plan(shown: Console, plan: Plan) -> None:
    """The plan for people: counts by kind, a few examples, what stays, what the guard says."""
    if not plan.changes:
        shown.print("Nothing to do: everything stands as it should.\n")
    else:
        _show_changes(shown, plan)
    if plan.tasks:
        _show_tasks(shown, plan)
    if plan.kept:
        shown.print(f"Kept as people set them: {len(plan.kept)} values.")
        for kept in plan.kept[:EXAMPLES]:
            theirs, ours = escape(repr(kept.theirs)), escape(repr(kept.ours))
            shown.print(f"  {kept.object} {kept.record_id} {kept.field}: {theirs} (ours would be {ours})")
    if plan.refused:
        shown.print(f"Refused by the org, so that somebody has to look (`connector failures`): {len(plan.refused):,}.")
    reasons = Counter(one.reason for one in plan.withheld if one.reason != AWAITS_APPROVAL)
    for reason, count in sorted(reasons.items()):
        shown.print(f"Tasks not made because the person {reason}: {count}.")
    if plan.awaiting_approval:
        shown.print(f"Leads of whom each {AWAITS_APPROVAL} (`connector today`): {plan.awaiting_approval}.")
    if plan.history:
        shown.print(f"Scored but not acted upon, because a backfill brought it: {plan.history} people who became hot.")
    for finding in plan.findings:
        shown.print(f"[red]Guard: {finding.sentence}[/red]")


def _show_changes(shown: Console, plan: Plan) -> None:
    kinds: Counter[tuple[str, str]] = Counter(
        (record.object, change.field) for record in plan.records for change in record.changes
    )
    rows = table("Planned", "object", "field", "changes", "for example", right=("changes",))
    for (object_name, field), count in sorted(kinds.items()):
        example = next(
            (record, change)
            for record in plan.records
            if record.object == object_name
            for change in record.changes
            if change.field == field
        )
        record, change = example
        rows.add_row(
            object_name, field, f"{count:,}", f"{record.record_id}: {_short(change.before)} → {_short(change.after)}"
        )
    shown.print(rows)
    shown.print()


def _show_tasks(shown: Console, plan: Plan) -> None:
    rows = table("Tasks", "due", "subject", "for", "why", right=())
    for task in plan.tasks[: EXAMPLES * 2]:
        values = task.values
        rows.add_row(str(values["ActivityDate"]), escape(str(values["Subject"])), str(values["WhoId"]), task.why)
    shown.print(rows)
    left = len(plan.tasks) - EXAMPLES * 2
    shown.print(f"… and {left} more\n" if left > 0 else "")


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan in numbers, for machines; the saved file has all of it."""
    kinds: Counter[str] = Counter(
        f"{record.object}.{change.field}" for record in plan.records for change in record.changes
    )
    past = plan.history
    return {
        "org": plan.org_id,
        "as_of": plan.as_of.isoformat(),
        "rules_hash": plan.rules_hash,
        "changes": plan.changes,
        "records": len(plan.records),
        "fields": dict(sorted(kinds.items())),
        "tasks": len(plan.tasks),
        "cadences_started": len(plan.starts) - past,
        "cadences_ended": len(plan.ends) - past,
        "history": past,
        "kept": [
            {"object": one.object, "id": one.record_id, "field": one.field, "ours": one.ours, "theirs": one.theirs}
            for one in plan.kept
        ],
        "refused": len(plan.refused),
        "withheld": len(plan.withheld),
        "awaiting_approval": plan.awaiting_approval,
        "guard": [one.sentence for one in plan.findings],
    }


def _short(value: object) -> str:
    text = "–" if value is None else str(value)
    return escape(text if len(text) <= 40 else text[:39] + "…")
