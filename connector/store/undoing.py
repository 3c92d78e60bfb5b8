"""The ledger of undoing: which runs wrote and can be taken back, and what of ours is held since (WB-4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.domain.plan import UNDONE
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.journal import Intent, as_text
from connector.store.touched import touch_all


@dataclass(frozen=True)
class WritingRun:
    """A run of the connector that wrote. `started_at` is aware (UTC).

    `fields`: field values, `tasks`: tasks made, `failed`: rows that were refused. `undoes`: the run that it took back.
    `undone`: how many entries of other runs took it back; `held`: values of it that are not written again.
    """

    run_id: str
    command: str
    started_at: datetime
    fields: int
    tasks: int
    failed: int
    undoes: str | None
    undone: int
    held: int


def writing_runs(store: Store, most: int, run_id: str | None = None) -> list[WritingRun]:
    """The last runs that wrote something, the newest first, at `most` so many; `run_id`: that one alone."""
    rows = store.rows(_RUNS, {"run_id": run_id, "most": most})
    return [WritingRun(**{**row, "started_at": row["started_at"].replace(tzinfo=UTC)}) for row in rows]


def knows_run(store: Store, run_id: str) -> bool:
    """Whether there was such a run at all, be it one that wrote nothing."""
    return bool(store.run("SELECT 1 FROM run WHERE run_id = $run_id", {"run_id": run_id}))


def note_undo(store: Store, run_id: str, undoes: str | None, now: datetime) -> None:
    """Notes that a run takes another one back; before its first write. None: it takes back nothing."""
    if undoes is not None:
        store.run(
            "INSERT INTO undo VALUES ($run_id, $undoes, $now) ON CONFLICT DO NOTHING",
            {"run_id": run_id, "undoes": undoes, "now": naive(now)},
        )


def hold(store: Store, written: Sequence[Intent], now: datetime) -> None:
    """Holds the values that were just taken back, and lets go of those that were written over by an ordinary run.

    `written`: intents that are done. The caller holds the transaction in which their outcomes are journalled.
    """
    if not written:
        return
    runs = sorted({intent.run_id for intent in written})
    undoing: Mapping[str, str] = dict(
        store.run("SELECT run_id, undoes FROM undo WHERE run_id IN (SELECT unnest($runs::VARCHAR[]))", {"runs": runs})
    )
    if not undoing and not store.run("SELECT 1 FROM held LIMIT 1"):
        return
    cells = [
        (intent.object, intent.record, field, as_text(intent.before.get(field)), undoing.get(intent.run_id))
        for intent in written
        for field in intent.after
    ]
    if not cells:
        return
    objects, records, fields, values, runs_undone = (list(column) for column in zip(*cells, strict=True))
    params = {"objects": objects, "records": records, "fields": fields, "values": values, "runs": runs_undone}
    store.run(f"DELETE FROM held USING ({_CELLS}) AS cell WHERE {_SAME}", params)
    store.run(
        f"INSERT INTO held SELECT object, record_id, field, value, $now, run_id FROM ({_CELLS}) "
        "WHERE run_id IS NOT NULL",
        {**params, "now": naive(now)},
    )


def release(store: Store, run_id: str) -> int:
    """Lets the values of a run that was taken back be written again, and its hand-overs begin anew. How many values.

    The next evaluation looks at everybody: of those whom nothing has touched something may be to be written now.
    """
    with store.transaction():
        released = len(store.run("DELETE FROM held WHERE run_id = $run_id RETURNING 1", {"run_id": run_id}))
        store.run(
            "UPDATE cadence_runs SET end_reason = 'released' WHERE run_id = $run_id AND end_reason = $undone",
            {"run_id": run_id, "undone": UNDONE},
        )
        touch_all(store)
    return released


_CELLS = (
    "SELECT unnest($objects::VARCHAR[]) AS object, unnest($records::VARCHAR[]) AS record_id, "
    "unnest($fields::VARCHAR[]) AS field, unnest($values::VARCHAR[]) AS value, unnest($runs::VARCHAR[]) AS run_id"
)
_SAME = "held.object = cell.object AND held.record_id = cell.record_id AND held.field = cell.field"

# What retention has emptied is still told by the counts that the run left.
_RUNS = """
WITH recent AS (
    SELECT run_id FROM journal WHERE outcome = 'done' AND ($run_id IS NULL OR run_id = $run_id)
    GROUP BY run_id ORDER BY max(number) DESC LIMIT $most
),
entries AS (
    SELECT run_id,
        sum(len(json_keys(values_after))) FILTER (outcome = 'done' AND kind NOT IN ('task', 'opportunity')) AS fields,
        count(*) FILTER (outcome = 'done' AND kind = 'task') AS tasks,
        count(*) FILTER (outcome = 'failed') AS failed
    FROM journal SEMI JOIN recent USING (run_id) GROUP BY run_id
),
taken AS (
    SELECT undo.undoes AS run_id, count(*) FILTER (journal.outcome = 'done') AS undone
    FROM undo JOIN journal ON journal.run_id = undo.run_id GROUP BY undo.undoes
),
holding AS (SELECT run_id, count(*) AS held FROM held GROUP BY run_id)
SELECT run.run_id, run.command, run.started_at,
    greatest(coalesce(entries.fields, 0), coalesce((run.counts::JSON ->> 'fields')::BIGINT, 0))::BIGINT AS fields,
    entries.tasks, entries.failed, undo.undoes, coalesce(taken.undone, 0)::BIGINT AS undone,
    coalesce(holding.held, 0)::BIGINT AS held
FROM run JOIN entries USING (run_id)
LEFT JOIN undo ON undo.run_id = run.run_id
LEFT JOIN taken ON taken.run_id = run.run_id
LEFT JOIN holding ON holding.run_id = run.run_id
ORDER BY run.started_at DESC, run.run_id DESC
"""
