"""The mirror's side of a comparison with its remote: which ids it has, which are missing, which have vanished."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from connector.domain.reconciled import Reconciled
from connector.domain.streams import MappedStream
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.forgotten import forgotten_rows, not_forgotten
from connector.store.mirror import ENDS, landed_records, run_on_pages, table_of


def read_reconciled(store: Store, stream: str, unit: str) -> Reconciled | None:
    """The last comparison of a stream."""
    rows = store.rows(
        "SELECT * FROM reconciliation WHERE stream = $stream AND unit = $unit", {"stream": stream, "unit": unit}
    )
    if not rows:
        return None
    row = rows[0]
    row["reconciled_at"] = row["reconciled_at"].replace(tzinfo=UTC)
    finished = row["round_finished_at"]
    row["round_finished_at"] = None if finished is None else finished.replace(tzinfo=UTC)
    return Reconciled(**row)


def save_reconciled(store: Store, found: Reconciled) -> None:
    store.run(
        "INSERT OR REPLACE INTO reconciliation VALUES ($stream, $unit, $at, $remote, $mirror, $missing, $vanished, "
        "$calls, $at_id, $finished)",
        {
            "stream": found.stream,
            "unit": found.unit,
            "at": naive(found.reconciled_at),
            "remote": found.remote_rows,
            "mirror": found.mirror_rows,
            "missing": found.missing,
            "vanished": found.vanished,
            "calls": found.calls,
            "at_id": found.at_id,
            "finished": naive(found.round_finished_at),
        },
    )


def live_rows(store: Store, mapped: MappedStream, unit: str, upper: datetime) -> int:
    """How many live records the mirror has, as it stands at `upper`, with those that were forgotten on purpose."""
    live = "AND NOT coalesce(is_deleted, FALSE)" if "is_deleted" in mapped.stream.system else ""
    return int(
        store.value(
            f'SELECT count(*) FROM "{table_of(mapped)}" WHERE _until IS NULL AND _unit = $unit '
            f"AND stamp <= $upper {live}",
            {"unit": unit, "upper": naive(upper)},
        )
    ) + forgotten_rows(store, mapped.stream.name, unit, upper)


def load_remote_ids(store: Store, mapped: MappedStream, pages: Sequence[Path]) -> str | None:
    """Reads landed pages of `id_fields` into `remote_ids(id, stamp, is_deleted)`; answers the greatest id.

    RetryError when a page is spoilt.
    """
    fields = id_fields(mapped)
    deleted = mapped.stream.system["is_deleted"][0] if "is_deleted" in mapped.stream.system else None
    kind = "VARCHAR" if mapped.stream.remote == "salesforce" else "BIGINT"
    run_on_pages(
        store,
        mapped,
        f'CREATE OR REPLACE TEMP TABLE remote_ids AS SELECT record."{fields[0]}"::{kind} AS id, '
        f"TRY_CAST(record.\"{fields[1]}\" AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS stamp, "
        + (f'coalesce(record."{deleted}"::BOOLEAN, FALSE)' if deleted else "FALSE")
        + f" AS is_deleted FROM ({landed_records(mapped, pages, fields)})",
    )
    last = store.value("SELECT max(id) FROM remote_ids")
    return None if last is None else str(last)


def id_fields(mapped: MappedStream) -> tuple[str, ...]:
    """The remote fields that a comparison of ids asks for: the id, when the row moved or was made, whether deleted."""
    system = mapped.stream.system
    moment = system["stamp" if mapped.stream.remote == "salesforce" else "created_at"][0]
    deleted = (system["is_deleted"][0],) if "is_deleted" in system else ()
    return (system["id"][0], moment, *deleted)


def missing_ids(store: Store, mapped: MappedStream, unit: str, upper: datetime) -> list[str]:
    """Ids of `remote_ids` that the mirror should have had by `upper` and has not, in order."""
    live = "AND NOT coalesce(is_deleted, FALSE)" if "is_deleted" in mapped.stream.system else ""
    ours, salted = not_forgotten(store, mapped, unit)
    rows = store.run(
        f"SELECT id FROM remote_ids WHERE NOT is_deleted AND stamp <= $upper AND {ours} AND id NOT IN ("
        f'SELECT id FROM "{table_of(mapped)}" WHERE _until IS NULL AND _unit = $unit {live}) ORDER BY id',
        {"unit": unit, "upper": naive(upper), **salted},
    )
    return [str(row[0]) for row in rows]


def end_vanished(
    store: Store, mapped: MappedStream, unit: str, seen_at: datetime, within: tuple[int, int | None] | None = None
) -> int:
    """Ends the records that the remote does not show any more; the caller holds the transaction. Answers how many.

    They are compared with `remote_ids`, tombstones included; `within` limits the comparison to ids over the first
    number and up to the second (None: to the end). Rows made within the last ten minutes stay: a remote may answer
    from a cache that does not have them yet. Soft-deleted records are tombstones of their own and stay too.
    """
    live = "AND NOT coalesce(is_deleted, FALSE)" if "is_deleted" in mapped.stream.system else ""
    span = "AND created_at < $seen::TIMESTAMP - INTERVAL 10 MINUTE" if "created_at" in (mapped.stream.system) else ""
    if within is not None:
        span += f" AND id > {within[0]}" + ("" if within[1] is None else f" AND id <= {within[1]}")
    gone = store.run(
        f'UPDATE "{table_of(mapped)}" SET _until = {ENDS} WHERE _until IS NULL AND _unit = $unit {live} {span} '
        "AND id NOT IN (SELECT id FROM remote_ids) RETURNING id",
        {"unit": unit, "seen": naive(seen_at)},
    )
    return len(gone)
