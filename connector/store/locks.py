"""The ledger of locks: values of people that stay where ours would be written (WB-1).

A lock is there as long as a plan finds it. It ends when their value is ours again, when it is released, or when the
record goes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.domain.plan import Plan
from connector.domain.streams import BY_NAME
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.journal import as_text
from connector.store.touched import touch_all

Field = tuple[str, str]
"""Object and field."""


@dataclass(frozen=True)
class Lock:
    """A value of a person where ours would stand. `since` and `seen_at` (UTC): when it came, which plan saw it first.

    `by`: the id of the user who modified the record then, where the mapping reads that.
    """

    object: str
    record_id: str
    field: str
    person_id: str | None
    theirs: str | None
    ours: str | None
    since: datetime
    by: str | None
    seen_at: datetime


def keep_locks(store: Store, plan: Plan, now: datetime, *, whole: bool) -> None:
    """Keeps the locks that a plan found, and lets go of those that it looked for in vain.

    Reads `desired`, the records that the plan has looked at; all there are when `whole`. A lock that the mapping ends
    stays until our value has arrived: else it would seem to be a new one when the write fails.
    """
    known = {(one.object, one.record_id, one.field) for one in open_locks(store)}
    planned = {
        cell
        for record in plan.records
        for change in record.changes
        if (cell := (record.object, record.record_id, change.field)) in known
    }
    if not plan.kept and not known:
        return
    rows = [
        (
            one.object,
            one.record_id,
            one.field,
            as_text(one.theirs),
            as_text(one.ours),
            naive(one.since or now),
            one.by,
        )
        for one in plan.kept
    ]
    looked_at = "" if whole else "AND (object, record_id) IN (SELECT (object, record_id) FROM desired)"
    with store.transaction():
        store.load("locks_planned", ("object", "record_id", "field"), sorted(planned))
        store.load("locks_found", ("object", "record_id", "field", "theirs", "ours", "since", "by_id"), rows)
        store.run(
            "DELETE FROM lock WHERE (object, record_id, field) NOT IN (SELECT (object, record_id, field) FROM "
            "locks_found UNION ALL SELECT (object, record_id, field) FROM locks_planned) " + looked_at
        )
        store.run(
            "INSERT INTO lock SELECT found.object, found.record_id, found.field, any_value(desired.person_id), "
            "any_value(theirs), any_value(ours), any_value(since)::TIMESTAMP, any_value(by_id), $now "
            "FROM locks_found AS found LEFT JOIN desired USING (object, record_id) "
            "GROUP BY found.object, found.record_id, found.field "
            "ON CONFLICT (object, record_id, field) DO UPDATE SET person_id = excluded.person_id, "
            "theirs = excluded.theirs, ours = excluded.ours, since = excluded.since, by_id = excluded.by_id",
            {"now": naive(now)},
        )
        store.run("DROP TABLE locks_found")
        store.run("DROP TABLE locks_planned")


def open_locks(store: Store, fields: Collection[Field] = (), records: Collection[str] = ()) -> list[Lock]:
    """The open locks, the oldest first; only of some fields or records where they are named (15 or 18 characters)."""
    rows = store.run(
        "SELECT object, record_id, field, person_id, theirs, ours, since, by_id, seen_at FROM lock "
        "WHERE (len($fields::VARCHAR[]) = 0 OR list_contains($fields::VARCHAR[], object || '.' || field)) "
        "AND (len($records::VARCHAR[]) = 0 OR list_contains($records::VARCHAR[], left(record_id, 15))) "
        "ORDER BY since, object, record_id, field",
        {"fields": [".".join(one) for one in fields], "records": [one[:15] for one in records]},
    )
    return [
        Lock(name, record, field, person, theirs, ours, since.replace(tzinfo=UTC), by, seen_at.replace(tzinfo=UTC))
        for name, record, field, person, theirs, ours, since, by, seen_at in rows
    ]


def release(store: Store, locks: Sequence[Lock]) -> None:
    """Ends locks: their value becomes the base, so that the next plan writes ours over it, if it still stands there.

    What we have written since stays as it is. The people are looked at in the next evaluation.
    """
    columns = ("object", "record_id", "field", "theirs", "since")
    cells = [(one.object, one.record_id, one.field, one.theirs, naive(one.since)) for one in locks]
    with store.transaction():
        store.load("locks_released", columns, cells)
        store.run(
            "UPDATE written SET value = gone.theirs FROM locks_released AS gone WHERE gone.object = written.object "
            "AND gone.record_id = written.record_id AND gone.field = written.field "
            "AND written.written_at <= gone.since::TIMESTAMP"
        )
        store.run(
            "DELETE FROM lock WHERE (object, record_id, field) IN "
            "(SELECT (object, record_id, field) FROM locks_released)"
        )
        for object_name in sorted({one.object for one in locks}):
            _look_again(store, object_name)
        store.run("DROP TABLE locks_released")


def _look_again(store: Store, object_name: str) -> None:
    stream = f"salesforce.{object_name}"
    if stream not in BY_NAME:
        touch_all(store)
        return
    store.run(
        "INSERT INTO touched SELECT DISTINCT $stream, '', record_id FROM locks_released WHERE object = $object",
        {"stream": stream, "object": object_name},
    )
