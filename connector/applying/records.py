"""Writing fields of records that exist: those of ours alone at once, those that people edit too only if nobody did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from connector.applying.application import Application, Applied
from connector.applying.effect import ROWS_A_CALL, Call, Effect, Send, batches
from connector.applying.settling import found_updates
from connector.domain.outcome import RowResult
from connector.domain.plan import PlainValue, Plan, RecordChange
from connector.store.journal import Intent

SHARED_ROWS_A_CALL = 25
BEFORE_ANY_RECORD = datetime(1970, 1, 1, tzinfo=UTC)


def _calls(_application: Application, plan: Plan) -> Iterator[Call]:
    yield from calls_for(plan.records)


def calls_for(records: Sequence[RecordChange], kind: str = "update") -> Iterator[Call]:
    """The calls for changes of any objects. `kind` is their word in the journal."""
    for object_name in sorted({record.object for record in records}):
        mine = [record for record in records if record.object == object_name and not record.shared]
        shared = [record for record in records if record.object == object_name and record.shared]
        # Shared first: our own write to the record would move its LastModifiedDate and look like somebody's edit.
        for chosen, size, send in ((shared, SHARED_ROWS_A_CALL, _send_unmodified), (mine, ROWS_A_CALL, _send_update)):
            for batch in batches(chosen, size):
                yield [intent_of(record, kind) for record in batch], _sending(send, batch)


def intent_of(record: RecordChange, kind: str = "update") -> Intent:
    """A change as the journal keeps it."""
    return Intent(
        kind,
        record.object,
        record.record_id,
        {change.field: change.before for change in record.changes},
        _values(record),
        record.why,
    )


def count_fields(applied: Applied, intent: Intent) -> None:
    """A record that was written, with all its fields."""
    applied.records += 1
    applied.fields += len(intent.after)


def _found(application: Application, intents: Sequence[Intent]) -> set[int]:
    return found_updates(application.reader.query, intents)


def _sending(
    send: Callable[[Application, Sequence[RecordChange]], list[RowResult]], records: Sequence[RecordChange]
) -> Send:
    return lambda application, _intents: send(application, records)


def _send_update(application: Application, records: Sequence[RecordChange]) -> list[RowResult]:
    rows = [{"Id": record.record_id, **_values(record)} for record in records]
    return application.writer.update(records[0].object, rows)


def _send_unmodified(application: Application, records: Sequence[RecordChange]) -> list[RowResult]:
    # Without a time at which we saw the record, every record counts as moved: nothing is overwritten blindly.
    rows = [(record.record_id, _values(record), record.seen_modified_at or BEFORE_ANY_RECORD) for record in records]
    return application.writer.update_unmodified(records[0].object, rows)


def _values(record: RecordChange) -> dict[str, PlainValue]:
    return {change.field: change.after for change in record.changes}


UPDATES = Effect("update", _calls, _found, count_fields, sets_fields=True)
