"""Backfills and their slices, as planned and as done. How far a stream truly is, its cursor says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from connector.domain.backfill import Asked, Backfill, BackfillStream, Slice
from connector.domain.streams import MappedStream
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.mirror import table_of


def last_backfill(store: Store) -> Backfill | None:
    """The one that was begun last, be it finished or not; None when there was none."""
    rows = store.rows("SELECT * FROM backfill ORDER BY begun_at DESC, backfill_id DESC LIMIT 1")
    if not rows:
        return None
    row = rows[0]
    asked = Asked(
        _aware(row["since"]), _maybe(row["until"]), tuple(row["objects"].split(",")), row["act"], row["again"]
    )
    return Backfill(row["backfill_id"], asked, _aware(row["begun_at"]), row["finished_at"] is not None)


def begin_backfill(
    store: Store, backfill: Backfill, streams: Iterable[BackfillStream], acts_from: datetime | None
) -> None:
    """Writes down what is going to be read; one that was under way is replaced. The caller holds the transaction.

    `acts_from`: crossings up to then are history; None: all are acted upon.
    """
    store.run(
        "UPDATE backfill SET finished_at = $now, outcome = 'replaced' WHERE finished_at IS NULL",
        {"now": naive(backfill.begun_at)},
    )
    asked = backfill.asked
    store.run(
        "INSERT INTO backfill (backfill_id, since, until, objects, act, again, begun_at, acts_from) "
        "VALUES ($id, $since, $until, $objects, $act, $again, $begun, $acts_from)",
        {
            "id": backfill.backfill_id,
            "since": naive(asked.since),
            "until": naive(asked.until),
            "objects": ",".join(asked.objects),
            "act": asked.act,
            "again": asked.again,
            "begun": naive(backfill.begun_at),
            "acts_from": naive(acts_from),
        },
    )
    for each in streams:
        store.run(
            "INSERT INTO backfill_stream (backfill_id, stream, unit, lowest, floor_before, finished_at) "
            "VALUES ($id, $stream, $unit, $lowest, $before, $finished)",
            {
                "id": backfill.backfill_id,
                "stream": each.stream,
                "unit": each.unit,
                "lowest": naive(each.lowest),
                "before": naive(each.floor_before),
                "finished": naive(backfill.begun_at) if each.finished else None,
            },
        )


def acts_from(store: Store) -> datetime | None:
    """Up to when crossings are history, by the last backfill; None: all are acted upon."""
    return _maybe(store.value("SELECT acts_from FROM backfill ORDER BY begun_at DESC, backfill_id DESC LIMIT 1"))


def finish_backfill(store: Store, backfill_id: str, now: datetime) -> None:
    store.run(
        "UPDATE backfill SET finished_at = $now, outcome = 'done' WHERE backfill_id = $id",
        {"now": naive(now), "id": backfill_id},
    )


def backfill_streams(store: Store, backfill_id: str) -> list[BackfillStream]:
    """The streams of a backfill, by name."""
    rows = store.rows("SELECT * FROM backfill_stream WHERE backfill_id = $id ORDER BY ALL", {"id": backfill_id})
    return [
        BackfillStream(
            row["stream"],
            row["unit"],
            _maybe(row["lowest"]),
            _maybe(row["floor_before"]),
            row["expected"],
            row["finished_at"] is not None,
        )
        for row in rows
    ]


def expect_rows(store: Store, backfill_id: str, stream: BackfillStream, rows: int) -> None:
    """Notes how many rows the remote has counted."""
    store.run(
        "UPDATE backfill_stream SET expected = $rows WHERE backfill_id = $id AND stream = $stream AND unit = $unit",
        {"rows": rows, **_key(backfill_id, stream)},
    )


def finish_stream(store: Store, backfill_id: str, stream: BackfillStream, now: datetime) -> None:
    store.run(
        "UPDATE backfill_stream SET finished_at = $now WHERE backfill_id = $id AND stream = $stream AND unit = $unit",
        {"now": naive(now), **_key(backfill_id, stream)},
    )


def slices_of(store: Store, backfill_id: str, stream: BackfillStream) -> list[Slice]:
    """The slices planned so far, in the order in which they are read; those without rows are not read yet."""
    rows = store.rows(
        "SELECT * FROM backfill_slice WHERE backfill_id = $id AND stream = $stream AND unit = $unit ORDER BY number",
        _key(backfill_id, stream),
    )
    return [Slice(_maybe(row["lower"]), _aware(row["upper"]), row["expected"], row["rows"]) for row in rows]


def plan_slice(store: Store, backfill_id: str, stream: BackfillStream, planned: Slice, now: datetime) -> None:
    """Appends a slice; the caller holds the transaction that puts it into the cursor."""
    store.run(
        "INSERT INTO backfill_slice (backfill_id, stream, unit, number, lower, upper, expected, planned_at) "
        "SELECT $id, $stream, $unit, 1 + (SELECT count(*) FROM backfill_slice WHERE backfill_id = $id "
        "AND stream = $stream AND unit = $unit), $lower, $upper, $expected, $now",
        {
            "lower": naive(planned.lower),
            "upper": naive(planned.upper),
            "expected": planned.expected,
            "now": naive(now),
            **_key(backfill_id, stream),
        },
    )


def finish_slices(store: Store, backfill_id: str, mapped: MappedStream, stream: BackfillStream, now: datetime) -> int:
    """Notes that the slices planned so far have been read to their ends, with the rows that the mirror has of them.

    Counted in the mirror, so that it is right after a kill as well. Answers the rows of those that were not noted yet.
    """
    field = next((column.name for column in mapped.columns if column.field == mapped.stream.cursor), None)
    within = "" if field is None else f' AND "{field}" <= part.upper AND coalesce("{field}" >= part.lower, TRUE)'
    found = store.run(
        "UPDATE backfill_slice AS part SET finished_at = $now, rows = "
        f'(SELECT count(*) FROM "{table_of(mapped)}" WHERE _until IS NULL AND _unit = $unit{within}) '
        "WHERE backfill_id = $id AND stream = $stream AND unit = $unit AND finished_at IS NULL RETURNING rows",
        {"now": naive(now), **_key(backfill_id, stream)},
    )
    return sum(int(row[0]) for row in found)


def forget_slices(store: Store, backfill_id: str, stream: BackfillStream) -> None:
    """Forgets the slices of a stream whose place was forgotten: it is read anew."""
    store.run(
        "DELETE FROM backfill_slice WHERE backfill_id = $id AND stream = $stream AND unit = $unit",
        _key(backfill_id, stream),
    )


def keep_waiting(store: Store, persons: Iterable[str]) -> None:
    """Notes who was waiting for follow-up before history came in, in place of those noted before."""
    store.run("DELETE FROM waiting_before_backfill")
    store.run("INSERT INTO waiting_before_backfill SELECT unnest($persons::VARCHAR[])", {"persons": list(persons)})


def _key(backfill_id: str, stream: BackfillStream) -> dict[str, object]:
    return {"id": backfill_id, "stream": stream.stream, "unit": stream.unit}


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _maybe(value: datetime | None) -> datetime | None:
    return None if value is None else _aware(value)
