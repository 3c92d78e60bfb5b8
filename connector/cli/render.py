"""How plans, pulls and statuses look on a terminal, and what they are in JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.applying.application import Applied
from connector.domain.hidden import HiddenField
from connector.domain.plan import AWAITS_APPROVAL, Plan
from connector.domain.reconciled import Reconciled
from connector.engine.enrich import EnrichReport
from connector.pulling.reading import Pulled

EXAMPLES = 3


def table(title: str, *columns: str, right: Iterable[str] = ()) -> Table:
    """A plain table; columns named in `right` hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    numbers = set(right)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", header_style="dim")
    return made


def show_pulled(shown: Console, pulled: Sequence[Pulled], calls: Mapping[str, int]) -> None:
    """What came in, stream by stream."""
    rows = table("Pulled", "stream", "rows", "new versions", right=("rows", "new versions"))
    for one in pulled:
        rows.add_row(one.stream, f"{one.rows:,}", f"{one.added:,}")
    shown.print(rows)
    made = ", ".join(f"{remote} {count:,}" for remote, count in sorted(calls.items()))
    shown.print(f"API calls: {made or 'none'}\n")
    for one in pulled:
        for field, count in one.unreadable.items():
            shown.print(f"[yellow]{one.stream}.{field}: {count:,} values are not of the type in fields.yaml.[/yellow]")


def show_hidden(shown: Console, hidden: Sequence[HiddenField]) -> None:
    """Fields and objects that have vanished from the remotes, each with the line to look at."""
    for one in hidden:
        shown.print(f"[yellow]{escape(one.sentence)}[/yellow]")
    if hidden:
        shown.print()


def hidden_document(hidden: Sequence[HiddenField]) -> list[dict[str, Any]]:
    """The same for machines; `field` is null where the whole object has vanished."""
    return [
        {
            "stream": one.stream,
            "unit": one.unit,
            "field": None if one.is_object else one.field,
            "since": one.since,
            "looked_at": one.looked_at,
            "place": one.place,
            "similar": one.similar,
        }
        for one in hidden
    ]


def show_reconciled(shown: Console, reconciled: Sequence[Reconciled]) -> None:
    """Whether the mirror is what the remotes have, and what was mended where it was not."""
    if not reconciled:
        return
    agree = sum(one.agrees for one in reconciled)
    shown.print(f"Compared with the remotes: {agree} of {len(reconciled)} streams agree.")
    for one in reconciled:
        if not one.agrees:
            shown.print(
                f"  {one.stream}: {one.missing} missing and {one.stale} stale rows were read again, {one.vanished} "
                f"vanished rows ended{_waits(one)}."
            )
    shown.print()


def _waits(one: Reconciled) -> str:
    if one.held_since is not None:
        return (
            f", and {one.waiting:,} rows are not shown any more, too many to be believed: when the user's rights are "
            f"as they should be, they end a day after {one.held_since:%Y-%m-%d %H:%M} UTC"
        )
    return f", and {one.waiting:,} more that differ wait for the next pull" if one.waiting else ""


def show_enriched(shown: Console, enriched: EnrichReport) -> None:
    """Who was found in the records, and what a person should look at."""
    matched = ", ".join(f"{state} {count:,}" for state, count in sorted(enriched.matches.items()))
    shown.print(
        f"{enriched.records:,} records are {enriched.people:,} people in {enriched.companies:,} companies "
        f"(match: {matched}), with {enriched.activities:,} activities."
    )
    if enriched.anonymous_page_views:
        shown.print(f"Page views of visitors whom nobody knows yet: {enriched.anonymous_page_views:,}.")
    if enriched.unknown_content:
        shown.print(f"Activities with content that is in no catalogue: {enriched.unknown_content:,} (content.yaml).")
        for kind, key, times in enriched.unknown_examples:
            shown.print(f"  {times:,} × {kind} {escape(key)}")
    shown.print()


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


def applied_lines(applied: Applied) -> list[str]:
    """What an apply did, in sentences with markup; the platform's own words are escaped in it."""
    lines = [f"Written: {applied.fields:,} values in {applied.records:,} records, {applied.tasks:,} tasks."]
    if applied.moved:
        changed = f"{applied.moved} records or tasks that changed since the plan was made"
        lines.append(f"Skipped: {changed}; they are planned anew.")
    for code, count in sorted(Counter(one.code or "unknown" for one in applied.failures).items()):
        example = next(one for one in applied.failures if (one.code or "unknown") == code)
        words = escape(f"{example.record}: {example.message}")
        lines.append(f"Refused by the platform: {count} × {code} (for example {words})")
    return lines


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
        "withheld": len(plan.withheld),
        "awaiting_approval": plan.awaiting_approval,
        "guard": [one.sentence for one in plan.findings],
    }


def _short(value: object) -> str:
    text = "–" if value is None else str(value)
    return escape(text if len(text) <= 40 else text[:39] + "…")
