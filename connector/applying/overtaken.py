"""What later plans overtook in a plan that waited in a file: a newer value of ours stays, a follow-up begins once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connector.applying.overtaken_units import without_overtaken_units
from connector.domain.plan import OpportunityCreation, Plan, RecordChange, TaskCreation
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.journal import as_text

Record = tuple[str, str]
"""Object and record id."""

Written = Mapping[tuple[str, str, str], str | None]
"""Object, record id and field → the value that we wrote there last."""

NOTHING = object()
"""What stands for no write at all: None is a value that empties."""

CadenceRun = tuple[str, str, str]
"""Person, cadence, start day."""


def without_overtaken(store: Store, plan: Plan, settled: Sequence[int] = ()) -> tuple[Plan, int]:
    """The plan less what was decided otherwise since it was made, and how many records and tasks that leaves out.

    They are skipped, not refused: the next plan sees them as they stand. `settled`: numbers of the journal's entries
    whose outcome was learnt only just now; what they have written counts as written since.
    """
    since = _written_since(store, plan, settled)
    under_way = _under_way(store)
    newer, over = _written_otherwise(since, plan) | under_way, _runs_overtaken(store, plan)
    records = tuple(record for record in plan.records if (record.object, record.record_id) not in newer)
    starts = tuple(start for start in plan.starts if (start.person_id, start.cadence, start.start_date) not in over)
    tasks = tuple(task for task in plan.tasks if not any(_belongs(task, run) for run in over))
    deals = tuple(one for one in plan.opportunities if not any(_belongs(one, run) for run in over))
    left_out = len(plan.records) - len(records) + len(plan.tasks) - len(tasks) + len(plan.opportunities) - len(deals)
    records = tuple(left for record in records if (left := _unwritten(since, record)) is not None)
    plan, also = without_overtaken_units(since, under_way, plan)
    return replace(plan, records=records, starts=starts, tasks=tasks, opportunities=deals), left_out + also


def _written_since(store: Store, plan: Plan, settled: Sequence[int]) -> Written:
    rows = store.run(
        "SELECT object, record_id, field, value FROM written WHERE written_at > $made_at "
        "OR number IN (SELECT unnest($settled::BIGINT[]))",
        {"made_at": naive(plan.made_at), "settled": list(settled)},
    )
    return {(object_name, record_id, field): value for object_name, record_id, field, value in rows}


def _unwritten(since: Written, record: RecordChange) -> RecordChange | None:
    """What of a record has not been written since; None when all of it has: this plan was carried out before."""
    if not since:
        return record
    place = record.object, record.record_id
    left = tuple(one for one in record.changes if since.get((*place, one.field), NOTHING) != as_text(one.after))
    return replace(record, changes=left) if left else None


def _written_otherwise(since: Written, plan: Plan) -> set[Record]:
    """The records of the plan into which we have written another value since."""
    if not since:
        return set()
    return {
        (record.object, record.record_id)
        for record in plan.records
        for change in record.changes
        if since.get((record.object, record.record_id, change.field), ours := as_text(change.after)) != ours
    }


def _under_way(store: Store) -> set[Record]:
    """The records of bulk jobs that have not ended: nobody knows yet what stands in them."""
    return set(store.run("SELECT DISTINCT object, record FROM journal WHERE outcome IS NULL"))


def _runs_overtaken(store: Store, plan: Plan) -> set[CadenceRun]:
    """Cadence runs that have ended since, and those of the plan whose person another run has begun for since."""
    since = {"made_at": naive(plan.made_at)}
    ended = store.run(
        "SELECT person_id, cadence, start_date::VARCHAR FROM cadence_runs WHERE ended_at > $made_at", since
    )
    begun = set(
        store.run(
            "SELECT person_id, cadence, start_date::VARCHAR FROM cadence_runs WHERE recorded_at > $made_at", since
        )
    )
    busy = {person for person, _, _ in begun}
    ours = {(start.person_id, start.cadence, start.start_date) for start in plan.starts if start.person_id in busy}
    return {*ended, *(ours - begun)}


def _belongs(made: TaskCreation | OpportunityCreation, run: CadenceRun) -> bool:
    person, cadence, start = run
    return made.person_id == person and f":{cadence}:{start}:" in made.key
