"""Writing fields of records that exist: those of ours alone at once, those that people edit too only if nobody did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from connector.applying.application import Application, Applied
from connector.applying.bulk_records import calls_by_road
from connector.applying.effect import Call, Effect, batches
from connector.applying.settling import found_updates, quoted, same
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan, RecordChange
from connector.store.journal import Intent

SHARED_ROWS_A_CALL = 25
BEFORE_ANY_RECORD = datetime(1970, 1, 1, tzinfo=UTC)


def _calls(application: Application, plan: Plan) -> Iterator[Call]:
    yield from calls_for(application, plan.records)


def calls_for(application: Application, records: Sequence[RecordChange], kind: str = "update") -> Iterator[Call]:
    """The calls for changes of any objects. `kind` is their word in the journal."""
    for object_name in sorted({record.object for record in records}):
        mine = [record for record in records if record.object == object_name and not record.shared]
        shared = [record for record in records if record.object == object_name and record.shared]
        # Shared first: our own write to the record would move its LastModifiedDate and look like somebody's edit.
        again = [record for record in shared if record.same_second]
        for batch in batches([record for record in shared if not record.same_second], SHARED_ROWS_A_CALL):
            yield [intent_of(record, kind) for record in batch], send_unmodified
        for batch in batches(again, SHARED_ROWS_A_CALL):
            yield [intent_of(record, kind) for record in batch], send_looked_at
        yield from calls_by_road(application, object_name, [intent_of(record, kind) for record in mine], send_update)


def intent_of(record: RecordChange, kind: str = "update") -> Intent:
    """A change as the journal keeps it."""
    return Intent(
        kind,
        record.object,
        record.record_id,
        {change.field: change.before for change in record.changes},
        {change.field: change.after for change in record.changes},
        record.why,
        person_id=record.person_id,
        seen=record.seen_modified_at,
    )


def count_fields(applied: Applied, intent: Intent) -> None:
    """A record that was written, with all its fields."""
    applied.records += 1
    applied.fields += len(intent.after)


def found_values(application: Application, intents: Sequence[Intent]) -> set[int]:
    """The numbers of those whose values stand there, also in records that were deleted since."""
    return found_updates(partial(application.reader.query, deleted=True), intents)


def send_update(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    """Sets the values after of records of one object."""
    rows = [{"Id": intent.record, **intent.after} for intent in intents]
    return application.writer.update(intents[0].object, rows)


def send_unmodified(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    """The same, but not where somebody has changed the record since we saw it."""
    # Without a time at which we saw the record, every record counts as moved: nothing is overwritten blindly.
    rows = [(intent.record, intent.after, intent.seen or BEFORE_ANY_RECORD) for intent in intents]
    return application.writer.update_unmodified(intents[0].object, rows)


def send_looked_at(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    """The same for records that we read within the second of their last change: they are looked at once more.

    An edit later in that second has left their date as we know it; what it has set shows it.
    """
    there = _standing(application, intents)
    edited = {intent.number for intent in intents if not _stands(intent, there.get(intent.record))}
    application.applied.same_second += len(intents)
    # What was edited is sent as well, with a date that the org refuses: so the answers keep their places.
    return send_unmodified(
        application, [replace(intent, seen=None) if intent.number in edited else intent for intent in intents]
    )


def _standing(application: Application, intents: Sequence[Intent]) -> dict[str, dict[str, Any]]:
    """What stands in the fields to be written, by record and the field's name in small letters."""
    fields = sorted({field for intent in intents for field in intent.after})
    ids = ", ".join(f"'{quoted(intent.record)}'" for intent in intents)
    rows = application.reader.query(f"SELECT Id, {', '.join(fields)} FROM {intents[0].object} WHERE Id IN ({ids})")
    return {row["Id"]: {name.lower(): value for name, value in row.items()} for row in rows}


def _stands(intent: Intent, there: Mapping[str, Any] | None) -> bool:
    return there is not None and all(same(value, there.get(name.lower())) for name, value in intent.before.items())


UPDATES = Effect("update", _calls, found_values, count_fields, sets_fields=True)
