"""Rows that a remote refused and that nothing has resolved since: kept by record, shown until they go through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.domain.running import Run
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.journal import Intent, as_text

UNSEEN = timedelta(days=3)
"""What is wanted is tried daily: a failure that was not met for so long is of something that nobody wants any more."""


@dataclass(frozen=True)
class Failed:
    """A row that was refused just now. `fields` are those that the platform named and that we sent.

    `message` is the platform's words without addresses and phone numbers.
    """

    intent: Intent
    code: str
    message: str | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeptFailure:
    """A row that is refused since `since`, for the `times`-th time at `last_at` (UTC) by `run_id`.

    `remedy`: now, later, next or person, see `applying.refusals`.
    """

    object: str
    record: str
    kind: str
    person_id: str
    fields: tuple[str, ...]
    code: str
    message: str | None
    remedy: str
    since: datetime
    times: int
    last_at: datetime
    run_id: str


def keep_failures(
    store: Store, failed: Sequence[Failed], remedy: Callable[[str, int], str], run_id: str, now: datetime
) -> None:
    """Keeps refused rows with since when and how often. `remedy` gives what a code asks for at the n-th time."""
    if not failed:
        return
    known = _known(store, [one.intent for one in failed])
    rows = {(one.intent.object, one.intent.record): _row(one, known, remedy, now) for one in failed}
    columns = zip(*rows.values(), strict=True)
    params = {name: list(column) for (name, _kind), column in zip(_COLUMNS, columns, strict=True)}
    store.run(
        f"INSERT OR REPLACE INTO failure SELECT {_UNNESTED}, $now, $run_id",
        {**params, "now": naive(now), "run_id": run_id},
    )


_COLUMNS = (
    ("object", "VARCHAR"), ("record", "VARCHAR"), ("kind", "VARCHAR"), ("person", "VARCHAR"), ("fields", "VARCHAR[]"),
    ("code", "VARCHAR"), ("message", "VARCHAR"), ("remedy", "VARCHAR"), ("wanted", "VARCHAR"), ("seen", "TIMESTAMP"),
    ("number", "BIGINT"), ("since", "TIMESTAMP"), ("times", "INTEGER"),
)  # fmt: skip
_UNNESTED = ", ".join(f"unnest(${name}::{kind}[])" for name, kind in _COLUMNS)


def _row(
    one: Failed,
    known: Mapping[tuple[str, str], tuple[datetime, int]],
    remedy: Callable[[str, int], str],
    now: datetime,
) -> tuple[object, ...]:
    """In the order of `_COLUMNS`."""
    intent = one.intent
    since, times = known.get((intent.object, intent.record), (naive(now), 0))
    # A task waits whole, and by whom it is for and whose it is.
    named = () if intent.kind == "task" else one.fields
    wanted = {name: as_text(value) for name, value in intent.after.items() if not named or name in named}
    return (
        intent.object, intent.record, intent.kind, intent.person_id, list(one.fields), one.code, one.message,
        remedy(one.code, times + 1), json.dumps(wanted, ensure_ascii=False),
        None if intent.seen is None else naive(intent.seen), intent.number, since, times + 1,
    )  # fmt: skip


def resolve(store: Store, done: Iterable[Intent]) -> None:
    """Drops the failures of what has gone through now. Those of a field that was left out stay."""
    if not _any(store):
        return
    rows = [(one.object, one.record, list(one.after)) for one in done]
    if not rows:
        return
    store.run(
        "DELETE FROM failure USING (SELECT unnest($objects::VARCHAR[]) AS object, unnest($records::VARCHAR[]) AS "
        "record, unnest($fields::VARCHAR[][]) AS fields) AS done WHERE failure.object = done.object AND "
        "failure.record = done.record AND (len(failure.fields) = 0 OR list_has_any(failure.fields, done.fields))",
        {
            "objects": [row[0] for row in rows],
            "records": [row[1] for row in rows],
            "fields": [row[2] for row in rows],
        },
    )


def drop_unwanted(store: Store, kinds: Iterable[str], wanted: Callable[[], set[str]], made_at: datetime) -> None:
    """Drops the failures of what a plan that was made at `made_at` does not want any more.

    `kinds`: those of which the plan knows all that is wanted, by the records in `wanted`.
    """
    if not _any(store):
        return
    before, unseen = naive(made_at), naive(made_at - UNSEEN)
    store.run(
        "DELETE FROM failure WHERE last_at < $unseen OR (last_at < $before AND list_contains($kinds::VARCHAR[], kind) "
        "AND record NOT IN (SELECT unnest($wanted::VARCHAR[])))",
        {"before": before, "unseen": unseen, "kinds": sorted(kinds), "wanted": sorted(wanted())},
    )


def failures(run: Run) -> list[KeptFailure]:
    """All that is kept, oldest first."""
    rows = run(
        "SELECT object, record, kind, person_id, fields, code, message, remedy, since, times, last_at, run_id "
        "FROM failure ORDER BY since, object, record",
        {},
    )
    names = [one.name for one in fields(KeptFailure)]
    return [KeptFailure(**{name: _plain(value) for name, value in zip(names, row, strict=True)}) for row in rows]


def release(store: Store) -> int:
    """Lets the next plan send all that waits for a person. Answers how many rows."""
    return len(store.run("UPDATE failure SET remedy = 'later' WHERE remedy = 'person' RETURNING 1"))


def _known(store: Store, intents: Sequence[Intent]) -> dict[tuple[str, str], tuple[datetime, int]]:
    rows = store.run(
        "SELECT object, record, since, times FROM failure WHERE record IN (SELECT unnest($records::VARCHAR[]))",
        {"records": [intent.record for intent in intents]},
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def _any(store: Store) -> bool:
    return bool(store.run("SELECT 1 FROM failure LIMIT 1"))


def _plain(value: Any) -> Any:
    """A value of the engine as the dataclass has it: times in UTC, lists that do not change."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return tuple(value) if isinstance(value, list) else value
