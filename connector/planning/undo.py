"""Undo: what a run wrote is put back where nobody has touched it since (WB-4). Itself a plan; it writes nothing.

What stands there now is read from the org, record by record: the mirror may be older than somebody's edit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from connector.domain.plan import UNDONE, FieldChange, PlainValue, Plan, RecordChange, RunEnd
from connector.domain.running import Run
from connector.domain.statements import statements
from connector.planning.assemble import Basis, values_there
from connector.planning.guard import guard_findings, orders_of
from connector.planning.read_back import ROWS_A_QUESTION, Query, Row, instant, read_back
from connector.planning.undo_cells import DEAL_STAYS, FORGOTTEN, NOT_ENDED, PUT_AWAY, Cell, Left, cell, sorted_out
from connector.planning.undo_engagement import MEMBERSHIPS, PROSPECTS, Unit, take_back_engagement
from connector.planning.undo_tasks import Closing, Made, Tasks, take_back
from connector.rules.fields import Fields

ENGAGEMENT = (PROSPECTS, MEMBERSHIPS)
_SQL = statements("connector.planning.sql", "undo.sql")


@dataclass(frozen=True)
class Undoing:
    """The plan that takes a run back, and what it leaves alone."""

    plan: Plan
    left: tuple[Left, ...]

    @property
    def to_do(self) -> bool:
        """Whether there is anything to carry out; the end of a follow-up shows in the ledger alone."""
        return bool(self.plan.changes or self.plan.ends)


def guarded(run: Run, undoing: Undoing, fields: Fields) -> Undoing:
    """The same with what the guard says of it. Reads the views of the whole mirror."""
    findings = guard_findings(fields.guard, undoing.plan, values_there(run, fields), orders_of(fields))
    return replace(undoing, plan=replace(undoing.plan, findings=findings))


@dataclass(frozen=True)
class Asked:
    """Who is asked what stands there now: the org, and its business units by name."""

    query: Query
    units: Mapping[str, Unit] = field(default_factory=dict)


def undo_run(run: Run, asked: Asked, run_id: str, basis: Basis, closing: Closing) -> Undoing:
    """What takes a run back, and what has to stay.

    A field is put back where our value still stands and no later run of ours wrote it, a task is taken back where
    nobody worked on it. A follow-up that the run began ends, unless somebody worked on a task of it. Reads the journal,
    undo, cadence_runs, known_persons, and the records concerned from the org.
    """
    written = [cell(row) for row in run(_SQL["cells"], {"run": run_id})]
    cells = [one for one in written if one.object not in ENGAGEMENT]
    engaged = take_back_engagement(run, asked.units, run_id, [one for one in written if one.object in ENGAGEMENT])
    sent = {str(key): json.loads(told) for key, told in run(_SQL["tasks"], {"run": run_id}) if told != "{}"}
    persons = _persons(run, cells, sent.values())
    records, stays = _records(asked, run_id, basis, cells, persons)
    begun = run(_SQL["begun"], {"run": run_id})
    made = [Made(key, values, persons.get(str(values.get("WhoId")), "")) for key, values in sent.items()]
    again = {str(one) for row in run(_SQL["taken_back"], {"run": run_id}) for one in row if one}
    tasks = take_back(asked.query, run_id, made, again, closing)
    left = [*_not_told(run, run_id), *stays, *engaged.left, *(Left(reason, "Task", key) for key, reason in tasks.left)]
    plan = Plan(
        org_id=basis.org_id,
        rules_hash=basis.rules_hash,
        as_of=basis.as_of,
        made_at=basis.as_of,
        watermarks={},
        records=tuple(records),
        tasks=(),
        starts=(),
        ends=tuple(_ends(begun, tasks)),
        transitions=(),
        kept=(),
        withheld=(),
        findings=(),
        closings=tasks.closings,
        deletions=tasks.deletions,
        prospects=engaged.prospects,
        memberships=engaged.memberships,
        undoes=run_id,
    )
    return Undoing(plan, tuple(sorted(left)))


def _not_told(run: Run, run_id: str) -> list[Left]:
    """What the run wrote and the journal cannot tell any more, or not yet."""
    still = [Left(NOT_ENDED, object_name, record) for object_name, record in run(_SQL["open"], {"run": run_id})]
    still += [Left(DEAL_STAYS, "Opportunity", str(key)) for (key,) in run(_SQL["opportunities"], {"run": run_id})]
    return still + [
        Left(FORGOTTEN if forgotten else PUT_AWAY, object_name, record)
        for object_name, record, forgotten in run(_SQL["put_away"], {"run": run_id})
    ]


def _records(
    asked: Asked, run_id: str, basis: Basis, cells: Sequence[Cell], persons: Mapping[str, str]
) -> tuple[list[RecordChange], list[Left]]:
    records: list[RecordChange] = []
    left: list[Left] = []
    for object_name, of_object in groupby(cells, key=lambda cell: cell.object):
        by_record = ((record, list(mine)) for record, mine in groupby(of_object, key=lambda cell: cell.record))
        # Some at a time: all that the org answers would not fit beside the plan.
        while some := dict(islice(by_record, ROWS_A_QUESTION)):
            there = _there(asked.query, object_name, run_id, some.values())
            for record, mine in some.items():
                row = there.get(record)
                changes, stays = sorted_out(mine, run_id, row)
                left += stays
                if changes and row is not None:
                    target = (object_name, record, persons.get(record, ""))
                    records.append(_record(target, changes, run_id, instant(row), basis.as_of))
    return records, left


def _there(query: Query, object_name: str, run_id: str, found: Iterable[Sequence[Cell]]) -> dict[str, Row]:
    """The records as they stand now, of those in which something can be put back."""
    wanted = [cell for mine in found for cell in mine if cell.written_by == run_id]
    fields = sorted({cell.field for cell in wanted})
    records = list(dict.fromkeys(cell.record for cell in wanted))
    return {str(row["id"]): row for row in read_back(query, object_name, "Id", records, fields)}


def _record(
    target: tuple[str, str, str],
    changes: tuple[FieldChange, ...],
    run_id: str,
    seen: datetime | None,
    as_of: datetime,
) -> RecordChange:
    # Always on condition: even where a field is ours alone somebody may have set it after the undo was asked for. What
    # was saved in the second of our looking is looked at once more.
    within = seen is not None and seen.replace(microsecond=0) >= as_of.replace(microsecond=0)
    return RecordChange(*target, changes, f"undo of {run_id}", True, seen, within)


def _ends(begun: Iterable[tuple[Any, ...]], tasks: Tasks) -> Iterator[RunEnd]:
    """The follow-ups that end: a person who works on one is not to be interrupted."""
    for person_id, cadence, start, key_record in begun:
        mine = f":{key_record}:{cadence}:{start}:"
        if not any(mine in key for key in tasks.worked_on):
            yield RunEnd(str(person_id), str(cadence), str(start), UNDONE)


def _persons(run: Run, cells: Iterable[Cell], tasks: Iterable[Mapping[str, PlainValue]]) -> dict[str, str]:
    """Whose the records are, and the tasks by the record that they are put on."""
    records = {cell.record for cell in cells} | {str(one["WhoId"]) for one in tasks if one.get("WhoId")}
    keys = [f"salesforce.{name}:{record}" for record in sorted(records) for name in ("Lead", "Contact")]
    rows = run(_SQL["persons"], {"keys": keys}) if keys else []
    return {str(key).partition(":")[2]: str(person) for key, person in rows}
