"""The guard: stops a plan that overwrites more than a set share of the records, or does too much of a kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from connector.domain.plan import FieldChange, Finding, PlainValue, Plan, ProspectChange, RecordChange
from connector.rules.fields import Fields, Guard, Kind

STATUS, PROSPECTS = "Status", "prospects"
EXAMPLES = 3
LONGEST = 40
_STAGES = ("registered", "cold", "hot", "opportunity", "won")
"""The stages in the order of a life, where the mapping gives no order: what leads from a later to an earlier one."""

Written = tuple[str, str]
"""Object and field."""


@dataclass
class _Share:
    """How many records would change, and the first of them in words."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, record: RecordChange | ProspectChange, change: FieldChange) -> None:
        self.count += 1
        if self.count <= EXAMPLES:
            self.examples.append(f"{record.record_id}: {_short(change.before)} → {_short(change.after)}")


def guard_findings(
    guard: Guard, plan: Plan, filled: Mapping[Written, int], orders: Mapping[Written, Sequence[str]]
) -> tuple[Finding, ...]:
    """Every limit that the plan would pass, the largest share first.

    `filled` counts, by object and field, the live records that have a value now; `orders` has the words of the fields
    in which a stage stands, from first to last. Filling a blank counts towards no share; below `at_least` records a
    share says nothing.
    """
    found = [*_shares(guard, plan, filled, orders), *_owners(guard, plan), *_kinds(guard, plan)]
    return tuple(sorted(found, key=lambda finding: (-(finding.count / (finding.of or 1)), finding.what)))


def orders_of(fields: Fields) -> dict[Written, Sequence[str]]:
    """The fields in which a stage stands, with the org's words from first to last."""
    return {
        (name, field): entry.order or [(entry.values or {}).get(stage, stage) for stage in _STAGES]
        for name, written in fields.objects("salesforce").items()
        for field, entry in written.write.items()
        if entry.value in {"stage", "status"}
    }


def moves_back(change: FieldChange, order: Sequence[str]) -> bool:
    """Whether a change leads to a word that stands earlier in the order."""
    before, after = change.before, change.after
    return before in order and after in order and order.index(str(after)) < order.index(str(before))


def _shares(
    guard: Guard, plan: Plan, filled: Mapping[Written, int], orders: Mapping[Written, Sequence[str]]
) -> Iterator[Finding]:
    overwritten: dict[Written, _Share] = {}
    back: dict[Written, _Share] = {}
    for key, record, change in _overwritten(plan):
        overwritten.setdefault(key, _Share()).add(record, change)
        if guard.backward is not None and key in orders and moves_back(change, orders[key]):
            back.setdefault(key, _Share()).add(record, change)
    for shares, words in ((overwritten, ""), (back, " backward")):
        for (object_name, name), share in shares.items():
            of, what = filled.get((object_name, name), 0), f"{object_name}.{name}"
            limit = guard.backward if words else guard.fields.get(what, guard.status if name == STATUS else None)
            limit = guard.overwrite if limit is None else limit
            if of >= guard.at_least and share.count > limit * of:
                yield Finding(f"{what}{words}", share.count, of, limit, tuple(share.examples))


def _overwritten(plan: Plan) -> Iterator[tuple[Written, RecordChange | ProspectChange, FieldChange]]:
    changed: Iterable[RecordChange | ProspectChange] = chain(plan.records, plan.prospects)
    for record in changed:
        name = record.object if isinstance(record, RecordChange) else PROSPECTS
        for change in record.changes:
            if change.before is not None and change.before != change.after:
                yield (name, change.field), record, change


def _owners(guard: Guard, plan: Plan) -> Iterator[Finding]:
    for owner, count in Counter(task.values.get("OwnerId") for task in plan.tasks).items():
        if count > guard.tasks_per_owner:
            whose = "Tasks without an owner" if owner is None else f"Tasks for owner {owner}"
            keys = [task.key for task in plan.tasks if task.values.get("OwnerId") == owner][:EXAMPLES]
            yield Finding(whose, count, 0, guard.tasks_per_owner, _bare(keys))


def _kinds(guard: Guard, plan: Plan) -> Iterator[Finding]:
    done: Mapping[Kind, Sequence[str]] = {
        "records": [one.record_id for one in plan.records],
        "tasks": _bare(task.key for task in plan.tasks),
        "opportunities": _bare(one.key for one in plan.opportunities),
        "closings": [one.record_id for one in plan.closings],
        "deletions": [one.record_id for one in plan.deletions],
        "prospects": [one.record_id for one in plan.prospects],
        "memberships": [f"{one.prospect_id} {_way(wanted=one.wanted)} {one.list_id}" for one in plan.memberships],
    }
    for kind, limit in guard.kinds.items():
        if len(done[kind]) > limit:
            yield Finding(kind, len(done[kind]), 0, limit, tuple(done[kind][:EXAMPLES]))


def _way(*, wanted: bool) -> str:
    return "onto" if wanted else "off"


def _bare(keys: Iterable[str]) -> tuple[str, ...]:
    """The keys of tasks without the org: record, cadence, day, step and channel."""
    return tuple(key.partition(":")[2] or key for key in keys)


def _short(value: PlainValue) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
