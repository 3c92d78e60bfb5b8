"""What the org refuses until a person does something is not sent again on every cycle: it waits, and is told.

It is sent again when somebody has changed the record, when we want another value, and once a day in any case.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connector.domain.plan import OpportunityCreation, RecordChange, Refused, TaskCreation
from connector.domain.running import Run
from connector.planning.compare import SHARED_POLICIES
from connector.rules.fields import Fields
from connector.store.cursors import naive
from connector.store.journal import as_text

AGAIN_AFTER = timedelta(days=1)
OF_A_TASK = ("WhoId", "OwnerId")
"""What of a task decides whether it is another one; its texts change from day to day."""
OF_A_DEAL = ("AccountId", "OwnerId", "StageName")


@dataclass(frozen=True)
class Sent:
    """What is sent, and what waits."""

    records: tuple[RecordChange, ...]
    tasks: tuple[TaskCreation, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class _Waiting:
    """A kept failure. `seen`: the record's stamp by then; None also where a write of ours has moved it since."""

    refused: Refused
    wanted: Mapping[str, str | None]
    seen: datetime | None


def without_refused(
    run: Run, fields: Fields, records: Iterable[RecordChange], tasks: Iterable[TaskCreation], as_of: datetime
) -> Sent:
    """The changes less what the org refused within the last day and what nobody has changed since.

    Where the org named the fields, the others of the record are written all the same.
    """
    waiting = _waiting(run, as_of)
    if not waiting:
        return Sent(tuple(records), tuple(tasks), ())
    told: list[Refused] = []
    kept = [one for record in records if (one := _less(record, waiting, fields, told)) is not None]
    made = []
    for task in tasks:
        found = waiting.get(("Task", task.key))
        if found is not None and all(found.wanted.get(name) == task.values.get(name) for name in OF_A_TASK):
            told.append(found.refused)
        else:
            made.append(task)
    return Sent(tuple(kept), tuple(made), tuple(sorted(told)))


def without_refused_deals(
    run: Run, deals: Iterable[OpportunityCreation], as_of: datetime
) -> tuple[tuple[OpportunityCreation, ...], tuple[Refused, ...]]:
    """The opportunities to make, and those that wait because the org refused them within the last day."""
    wanted = tuple(deals)
    waiting = _waiting(run, as_of) if wanted else {}
    refused = {
        one.key: found.refused
        for one in wanted
        if (found := waiting.get(("Opportunity", one.key))) is not None
        and all(found.wanted.get(name) == as_text(one.values.get(name)) for name in OF_A_DEAL)
    }
    return tuple(one for one in wanted if one.key not in refused), tuple(sorted(refused.values()))


def _less(
    record: RecordChange, waiting: Mapping[tuple[str, str], _Waiting], fields: Fields, told: list[Refused]
) -> RecordChange | None:
    """What of a record is written all the same; None when nothing is."""
    found = waiting.get((record.object, record.record_id))
    if found is None or _edited(found, record):
        return record
    mapped = {**fields.salesforce, **fields.account_engagement}.get(record.object)
    write = mapped.write if mapped else {}
    stamps = {name for name, entry in write.items() if entry.value == "scored_at"}
    named = found.refused.fields
    ours = {one.field: as_text(one.after) for one in record.changes if not named or one.field in named}
    if _less_stamps(ours, stamps) != _less_stamps(found.wanted, stamps):
        return record
    told.append(found.refused)
    # What closes a task is no value by itself: it goes whole or waits whole.
    left = tuple(change for change in record.changes if named and change.field not in named and change.field in write)
    if all(change.field in stamps for change in left):
        return None
    shared = any(change.field in write and write[change.field].policy in SHARED_POLICIES for change in left)
    return replace(record, changes=left, shared=shared)


def _edited(found: _Waiting, record: RecordChange) -> bool:
    return found.seen is not None and record.seen_modified_at is not None and record.seen_modified_at > found.seen


def _less_stamps(values: Mapping[str, str | None], stamps: set[str]) -> dict[str, str | None]:
    """The values that mean something: a stamp is another one each time."""
    return {name: value for name, value in values.items() if name not in stamps}


def _waiting(run: Run, as_of: datetime) -> dict[tuple[str, str], _Waiting]:
    rows = run(_WAITING, {"since": naive(as_of - AGAIN_AFTER)})
    return {
        (object_name, record): _Waiting(
            Refused(object_name, record, person, tuple(fields), code, since.replace(tzinfo=UTC)),
            json.loads(wanted),
            None if seen is None else seen.replace(tzinfo=UTC),
        )
        for object_name, record, person, fields, code, since, wanted, seen in rows
    }


# Our own later write moves the record's stamp: from then on only the day decides.
_WAITING = """
SELECT object, record, person_id, fields, code, since, wanted,
    CASE WHEN NOT EXISTS (
        SELECT 1 FROM written
        WHERE written.object = failure.object AND written.record_id = failure.record AND written.number > failure.number
    ) THEN seen END
FROM failure WHERE remedy = 'person' AND last_at > $since
"""
