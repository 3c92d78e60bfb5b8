"""How a plan looks on a terminal, and what it is in JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from rich.console import Console
from rich.markup import escape

from connector.cli.render import table
from connector.domain.plan import AWAITS_APPROVAL, FieldChange, Kept, Plan, ProspectChange, RecordChange, TaskCreation

EXAMPLES = 3
PROSPECTS = "prospects"
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Change = tuple[RecordChange | ProspectChange, FieldChange]


@dataclass
class Group(Generic[T]):
    """How many there are of a kind, and the first few: a plan may hold a million."""

    count: int = 0
    first: list[T] = field(default_factory=list)

    def add(self, one: T) -> None:
        self.count += 1
        if self.count <= EXAMPLES:
            self.first.append(one)


def show_plan(shown: Console, plan: Plan) -> None:
    """The plan for people, by kind: counts, examples from what to what and why, what stays, what the guard says."""
    if not plan.changes:
        shown.print("Nothing to do: everything stands as it should.\n")
    _show_changes(shown, plan)
    _show_moves(shown, plan)
    _show_tasks(shown, plan.tasks)
    if plan.opportunities:
        named = "; ".join(escape(str(one.values.get("Name"))) for one in plan.opportunities[:EXAMPLES])
        shown.print(f"Opportunities to make: {len(plan.opportunities):,} ({named}).\n")
    _show_ended_tasks(shown, plan)
    _show_memberships(shown, plan)
    _show_kept(shown, plan.kept)
    if plan.held:
        shown.print(f"Held since they were taken back: {plan.held:,} values (`connector undo`).")
    _show_left(shown, plan)
    for finding in plan.findings:
        shown.print(f"[red]Guard: {escape(finding.sentence)}[/red]")


def _show_changes(shown: Console, plan: Plan) -> None:
    if not (plan.records or plan.prospects):
        return
    rows = table("Planned", "object", "field", "changes", "for example", right=("changes",))
    for (object_name, name), found in _grouped(_changes(plan), lambda one: (_object(one[0]), one[1].field)).items():
        record, change = found.first[0]
        rows.add_row(
            object_name,
            name,
            f"{found.count:,}",
            f"{record.record_id}: {_short(change.before)} → {_short(change.after)}",
        )
    shown.print(rows)
    told: dict[str, RecordChange | ProspectChange] = {}
    for record in _records(plan):
        if record.why:
            told.setdefault(_object(record), record)
    if told:
        shown.print("Why, for example:")
    for object_name, record in told.items():
        shown.print(f"  {object_name} {record.record_id}: {escape(record.why)}", soft_wrap=True)
    if any(record.same_second for record in plan.records):
        count = sum(record.same_second for record in plan.records)
        shown.print(
            f"Read within the second of their last change, and looked at once more before they are written: {count:,}."
        )
    shown.print()


def _show_moves(shown: Console, plan: Plan) -> None:
    moves = _moves(plan)
    if moves:
        shown.print(f"Moves: {', '.join(f'{move} {count:,}' for move, count in moves.items())}.\n")


def _show_tasks(shown: Console, tasks: Sequence[TaskCreation]) -> None:
    if not tasks:
        return
    rows = table("Tasks", "cadence and step", "tasks", "due", "subject", "for", "why", right=("tasks",))
    for step, found in _grouped(tasks, _step).items():
        for place, task in enumerate(found.first):
            values = task.values
            rows.add_row(
                *(("", "") if place else (escape(step), f"{found.count:,}")),
                str(values["ActivityDate"]),
                escape(str(values["Subject"])),
                str(values["WhoId"]),
                escape(task.why),
            )
    shown.print(rows)
    shown.print()


def _show_ended_tasks(shown: Console, plan: Plan) -> None:
    """Tasks of ours that are closed or taken away, by why."""
    closed = ((one.why, one.record_id) for one in plan.closings)
    deleted = ((one.why, one.record_id) for one in plan.deletions)
    for title, tasks in (("Tasks of ours to close", closed), ("Tasks of ours to delete", deleted)):
        groups = _grouped(tasks, lambda one: one[0])
        if not groups:
            continue
        rows = table(title, "why", "tasks", "for example", right=("tasks",))
        for why, found in groups.items():
            rows.add_row(escape(why), f"{found.count:,}", ", ".join(record_id for _, record_id in found.first))
        shown.print(rows)
        shown.print()


def _show_memberships(shown: Console, plan: Plan) -> None:
    if not plan.memberships:
        return
    rows = table("List memberships", "list", "unit", "what", "prospects", "for example", right=("prospects",))
    for (name, unit, wanted), found in _grouped(
        plan.memberships, lambda one: (one.list_name, one.unit, one.wanted)
    ).items():
        examples = "; ".join(f"{one.prospect_id} ({escape(one.why)})" for one in found.first)
        rows.add_row(escape(name), unit, "onto it" if wanted else "off it", f"{found.count:,}", examples)
    shown.print(rows)
    shown.print()


def _show_kept(shown: Console, kept: Sequence[Kept]) -> None:
    if not kept:
        return
    shown.print(f"Kept as people set them: {len(kept):,} values (`connector locks`).")
    for (object_name, name), found in _grouped(kept, lambda one: (one.object, one.field)).items():
        since = _oldest(kept, object_name, name)
        oldest = "" if since is None else f", the oldest since {since:%Y-%m-%d}"
        shown.print(f"  {object_name}.{name}: {found.count:,}{oldest}")
        for one in found.first:
            theirs, ours = escape(repr(one.theirs)), escape(repr(one.ours))
            shown.print(f"    {one.record_id}: {theirs} (ours would be {ours})")


def _show_left(shown: Console, plan: Plan) -> None:
    """What is not done, by reason."""
    if plan.refused:
        shown.print(f"Refused by the org, so that somebody has to look (`connector failures`): {len(plan.refused):,}.")
    for reason, count in _withheld(plan).items():
        shown.print(f"People or tasks left as they are: {count:,} · {escape(reason)}.")
    if plan.awaiting_approval:
        shown.print(f"Hand-overs that wait for somebody's word (`connector approve`): {plan.awaiting_approval:,}.")
    for kind, found in _grouped(plan.waiting, lambda one: one.kind).items():
        shown.print(f"Waiting for somebody's word (`connector approve`): {kind} {found.count:,}.")
    if plan.history:
        shown.print(
            f"Scored but not acted upon, because a backfill brought it: {plan.history:,} people who became hot."
        )


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan in numbers, for machines; the saved file has all of it."""
    kinds = Counter(f"{_object(record)}.{change.field}" for record, change in _changes(plan))
    past = plan.history
    return {
        "org": plan.org_id,
        "as_of": plan.as_of.isoformat(),
        "rules_hash": plan.rules_hash,
        "changes": plan.changes,
        "records": len(plan.records),
        "fields": dict(sorted(kinds.items())),
        "same_second": sum(record.same_second for record in plan.records),
        "moves": dict(_moves(plan)),
        "tasks": len(plan.tasks),
        "steps": {step: found.count for step, found in _grouped(plan.tasks, _step).items()},
        "opportunities": len(plan.opportunities),
        "closings": len(plan.closings),
        "deletions": len(plan.deletions),
        "prospects": len(plan.prospects),
        "memberships": len(plan.memberships),
        "cadences_started": len(plan.starts) - past,
        "cadences_ended": len(plan.ends) - past,
        "history": past,
        "kept": [_kept_document(one) for one in plan.kept],
        "locks": [
            {
                "object": object_name,
                "field": name,
                "count": found.count,
                "oldest": _oldest(plan.kept, object_name, name),
            }
            for (object_name, name), found in _grouped(plan.kept, lambda one: (one.object, one.field)).items()
        ],
        "refused": len(plan.refused),
        "held": plan.held,
        "withheld": len(plan.withheld),
        "withheld_because": dict(_withheld(plan)),
        "awaiting_approval": plan.awaiting_approval,
        "waiting": {kind: found.count for kind, found in _grouped(plan.waiting, lambda one: one.kind).items()},
        "guard": [one.sentence for one in plan.findings],
    }


def _kept_document(one: Kept) -> dict[str, Any]:
    return {
        "object": one.object,
        "id": one.record_id,
        "field": one.field,
        "ours": one.ours,
        "theirs": one.theirs,
        "since": one.since,
        "by": one.by,
    }


def _records(plan: Plan) -> Iterator[RecordChange | ProspectChange]:
    yield from plan.records
    yield from plan.prospects


def _changes(plan: Plan) -> Iterator[Change]:
    return ((record, change) for record in _records(plan) for change in record.changes)


def _object(record: RecordChange | ProspectChange) -> str:
    return record.object if isinstance(record, RecordChange) else PROSPECTS


def _moves(plan: Plan) -> Mapping[str, int]:
    """From which stage to which, and how many; those first of whom nothing was recorded are moves to a stage alone."""
    moves = Counter(
        f"{move.from_stage} → {move.to_stage}" if move.from_stage else f"→ {move.to_stage}" for move in plan.transitions
    )
    return dict(sorted(moves.items()))


def _withheld(plan: Plan) -> Mapping[str, int]:
    return dict(sorted(Counter(one.reason for one in plan.withheld if one.reason != AWAITS_APPROVAL).items()))


def _step(task: TaskCreation) -> str:
    """Cadence, step and channel, out of the key of a task: org, record, cadence, start, step, channel."""
    parts = task.key.split(":")
    return " ".join((parts[2], *parts[4:])) if len(parts) > 4 else "other"


def _oldest(kept: Iterable[Kept], object_name: str, name: str) -> datetime | None:
    mine = (one.since for one in kept if (one.object, one.field) == (object_name, name))
    return min((since for since in mine if since is not None), default=None)


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, Group[T]]:
    groups: dict[K, Group[T]] = {}
    for item in items:
        groups.setdefault(key(item), Group()).add(item)
    return dict(sorted(groups.items(), key=lambda group: str(group[0])))


def _short(value: object) -> str:
    text = "–" if value is None else str(value)
    return escape(text if len(text) <= 40 else text[:39] + "…")
