"""The journal of writes: intent before the call, outcome after it, and the values before and after."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.outcome import RowResult
from connector.domain.plan import PlainValue
from connector.store.cursors import naive
from connector.store.database import Store


@dataclass(frozen=True)
class Intent:
    """A write that we are about to make. `record` is the record's id, or the key of a record to be made.

    `number` and `run_id` are the journal's, once it stands there. `person_id` and `seen` (the record's LastModifiedDate
    when it was planned) are known until the answer has come; the journal does not keep them.
    """

    kind: str
    object: str
    record: str
    before: Mapping[str, PlainValue]
    after: Mapping[str, PlainValue]
    why: str
    number: int = 0
    run_id: str = ""
    person_id: str = ""
    seen: datetime | None = None


def intend(store: Store, run_id: str, intents: Sequence[Intent], now: datetime) -> list[int]:
    """Journals intents in one transaction; answers their numbers in the same order."""
    if not intents:
        return []
    first = int(store.value("SELECT coalesce(max(number), 0) + 1 FROM journal"))
    numbers = list(range(first, first + len(intents)))
    store.run(
        "INSERT INTO journal (number, run_id, kind, object, record, values_before, values_after, why, intended_at) "
        "SELECT unnest($numbers::BIGINT[]), $run_id, unnest($kinds::VARCHAR[]), unnest($objects::VARCHAR[]), "
        "unnest($records::VARCHAR[]), unnest($before::VARCHAR[]), unnest($after::VARCHAR[]), "
        "unnest($why::VARCHAR[]), $now",
        {
            "numbers": numbers,
            "run_id": run_id,
            "kinds": [intent.kind for intent in intents],
            "objects": [intent.object for intent in intents],
            "records": [intent.record for intent in intents],
            "before": [json.dumps(dict(intent.before), ensure_ascii=False) for intent in intents],
            "after": [json.dumps(dict(intent.after), ensure_ascii=False) for intent in intents],
            "why": [intent.why for intent in intents],
            "now": naive(now),
        },
    )
    return numbers


def settle(store: Store, outcomes: Iterable[tuple[int, str, RowResult]], now: datetime) -> None:
    """Writes the outcomes of journalled intents: (number, outcome, what the platform said)."""
    rows = list(outcomes)
    if not rows:
        return
    store.run(
        "UPDATE journal SET outcome = said.outcome, error_code = said.code, message = said.message, "
        "settled_at = $now FROM (SELECT unnest($numbers::BIGINT[]) AS number, unnest($outcomes::VARCHAR[]) AS outcome, "
        "unnest($codes::VARCHAR[]) AS code, unnest($messages::VARCHAR[]) AS message) AS said "
        "WHERE journal.number = said.number",
        {
            "numbers": [number for number, _, _ in rows],
            "outcomes": [outcome for _, outcome, _ in rows],
            "codes": [result.error_code for _, _, result in rows],
            "messages": [result.message for _, _, result in rows],
            "now": naive(now),
        },
    )


def unsettled(store: Store) -> list[Intent]:
    """Intents whose outcome is unknown: a run was cut off, or an answer was lost."""
    return [
        Intent(
            row["kind"],
            row["object"],
            row["record"],
            json.loads(row["values_before"]),
            json.loads(row["values_after"]),
            row["why"],
            row["number"],
            row["run_id"],
        )
        for row in store.rows("SELECT * FROM journal WHERE outcome IS NULL ORDER BY number")
    ]


def open_numbers(store: Store) -> list[int]:
    """The numbers of intents whose outcome is unknown."""
    return [int(number) for (number,) in store.run("SELECT number FROM journal WHERE outcome IS NULL ORDER BY number")]


def tasks_made(store: Store, keys: Sequence[str]) -> set[str]:
    """Those of some task keys under which we have made a task, whatever people did with it since."""
    return made_before(store, "task", keys)


def made_before(store: Store, kind: str, keys: Sequence[str]) -> set[str]:
    """Those of some keys under which we have made something of a kind, whatever people did with it since."""
    rows = store.run(
        "SELECT DISTINCT record FROM journal WHERE kind = $kind AND outcome = 'done' "
        "AND record IN (SELECT unnest($keys::VARCHAR[]))",
        {"kind": kind, "keys": list(keys)},
    )
    return {str(row[0]) for row in rows}


def tasks_closed(store: Store, ids: Sequence[str]) -> set[str]:
    """Those of some tasks that we have closed once, whatever people did with them since."""
    rows = store.run(
        "SELECT DISTINCT record FROM journal WHERE kind = 'close' AND object = 'Task' AND outcome = 'done' "
        "AND record IN (SELECT unnest($ids::VARCHAR[]))",
        {"ids": list(ids)},
    )
    return {str(row[0]) for row in rows}


def remember_written(store: Store, written: Sequence[Intent], now: datetime) -> None:
    """Keeps the last value that we wrote into each field, as the base of the next comparison."""
    cells = [
        (intent.object, intent.record, field, as_text(value), intent.run_id, intent.number)
        for intent in written
        for field, value in intent.after.items()
    ]
    if not cells:
        return
    objects, records, fields, values, runs, numbers = (list(column) for column in zip(*cells, strict=True))
    store.run(
        "INSERT OR REPLACE INTO written SELECT unnest($objects::VARCHAR[]), unnest($records::VARCHAR[]), "
        "unnest($fields::VARCHAR[]), unnest($values::VARCHAR[]), $now, unnest($runs::VARCHAR[]), "
        "unnest($numbers::BIGINT[])",
        {
            "objects": objects,
            "records": records,
            "fields": fields,
            "values": values,
            "runs": runs,
            "numbers": numbers,
            "now": naive(now),
        },
    )


def as_text(value: PlainValue) -> str | None:
    """A written value as the ledger compares it: numbers without a needless fraction."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
