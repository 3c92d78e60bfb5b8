"""The mirror's side of a comparison with its remote: what it has of a span or a stretch, and what differs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.domain.reconciled import Reconciled, Span
from connector.domain.streams import MappedStream
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.forgotten import forgotten_rows, heed_listing, not_forgotten
from connector.store.mirror import ENDS, run_on_pages, table_of
from connector.store.pages import landed_records
from connector.store.texts import with_whole_texts

_TIMES = ("reconciled_at", "round_finished_at", "at_stamp", "rolled_at", "held_since")


def read_reconciled(store: Store, stream: str, unit: str) -> Reconciled | None:
    """The last comparison of a stream."""
    rows = store.rows(
        "SELECT * FROM reconciliation WHERE stream = $stream AND unit = $unit", {"stream": stream, "unit": unit}
    )
    if not rows:
        return None
    row = rows[0]
    for name in _TIMES:
        row[name] = None if row[name] is None else row[name].replace(tzinfo=UTC)
    row["examples"] = tuple(json.loads(row["examples"] or "[]"))
    row["stale"], row["waiting"] = row["stale"] or 0, row["waiting"] or 0
    return Reconciled(**row)


def save_reconciled(store: Store, found: Reconciled) -> None:
    values: dict[str, object] = {entry.name: getattr(found, entry.name) for entry in fields(found)}
    values |= {name: naive(getattr(found, name)) for name in _TIMES}
    values["examples"] = json.dumps(found.examples)
    names = ", ".join(values)
    store.run(
        f"INSERT OR REPLACE INTO reconciliation ({names}) VALUES ({', '.join(f'${name}' for name in values)})", values
    )


@dataclass(frozen=True)
class Side:
    """The live rows of one stream and business unit in the mirror."""

    store: Store
    mapped: MappedStream
    unit: str

    @property
    def live(self) -> str:
        """A query for them: id, stamp (when they last moved, as far as the remote says), created_at."""
        system = self.mapped.stream.system
        alive = " AND NOT coalesce(is_deleted, FALSE)" if "is_deleted" in system else ""
        stamp = "stamp" if "stamp" in system else "NULL::TIMESTAMP AS stamp"
        created = "created_at" if "created_at" in system else "NULL::TIMESTAMP AS created_at"
        table = table_of(self.mapped)
        return f'SELECT id, {stamp}, {created} FROM "{table}" WHERE _until IS NULL AND _unit = $unit{alive}'

    def rows(self, span: Span | None = None, *, moved: bool = False) -> int:
        """How many there are, in a span of stamps, with those that were forgotten on purpose.

        With `moved` without those in `remote_moved`.
        """
        if span is None:
            return int(self.store.value(f"SELECT count(*) FROM ({self.live})", self._params(span)))
        apart = " AND id NOT IN (SELECT id FROM remote_moved)" if moved else ""
        ours = int(self.store.value(f"SELECT count(*) FROM ({self.live}) WHERE {_WITHIN}{apart}", self._params(span)))
        name = self.mapped.stream.name
        forgotten = forgotten_rows(self.store, name, self.unit, span.upper)
        if forgotten and span.lower is not None:
            forgotten -= forgotten_rows(self.store, name, self.unit, span.lower - timedelta(seconds=1))
        return ours + forgotten

    def stamp_after(self, span: Span, share: float) -> datetime | None:
        """The stamp up to which that share of a span's rows lies; None where there are none."""
        found = self.store.value(
            f"SELECT quantile_disc(stamp, {share}) FROM ({self.live}) WHERE {_WITHIN}", self._params(span)
        )
        return None if found is None else found.replace(tzinfo=UTC)

    def differing(self, span: Span) -> list[str]:
        """Ids whose live row of a span is not the same, by its stamp, in `remote_ids` and here; in order."""
        heed_listing(self.store, self.mapped, self.unit, _WITHIN, self._params(span))
        kept, salted = not_forgotten(self.store, self.mapped, self.unit)
        rows = self.store.run(
            f"SELECT coalesce(theirs.id, ours.id) AS id FROM (SELECT id, stamp FROM remote_ids WHERE NOT is_deleted "
            f"AND {kept} AND {_WITHIN}) AS theirs FULL JOIN (SELECT * FROM ({self.live}) WHERE {_WITHIN}) AS ours "
            "ON ours.id = theirs.id AND ours.stamp = theirs.stamp WHERE ours.id IS NULL OR theirs.id IS NULL "
            "GROUP BY ALL ORDER BY ALL",
            {**salted, **self._params(span)},
        )
        return [str(row[0]) for row in rows]

    def kinds(self, ids: Sequence[str], upper: datetime) -> dict[str, list[str]]:
        """What the ids are, now that `remote_ids` has been asked for just these: missing, stale or vanished.

        Rows that have moved after `upper` are none of these: the next reading brings them.
        """
        rows = self.store.run(
            f"""
            SELECT
                CASE WHEN theirs.id IS NULL THEN 'vanished' WHEN ours.id IS NULL THEN 'missing' ELSE 'stale' END,
                asked.id
            FROM (SELECT unnest($ids::VARCHAR[]) AS id) AS asked
            LEFT JOIN remote_ids AS theirs ON theirs.id = asked.id
            LEFT JOIN ({self.live}) AS ours ON ours.id = asked.id
            WHERE CASE
                WHEN theirs.id IS NULL THEN ours.id IS NOT NULL
                WHEN theirs.stamp > $upper THEN FALSE
                WHEN ours.id IS NULL THEN NOT theirs.is_deleted
                ELSE theirs.is_deleted OR theirs.stamp > ours.stamp
            END
            ORDER BY 2
            """,
            {"ids": list(ids), "unit": self.unit, "upper": naive(upper)},
        )
        return _by_kind(rows)

    def swept(self, stretch: tuple[int, int | None], since: datetime | None, until: datetime) -> dict[str, list[str]]:
        """Ids of a stretch (over the first number, up to the second or the end) that `remote_ids` has otherwise.

        Missing and stale ones moved from `since` on and before `until`; vanished ones were made before `until`: what is
        younger may not have reached us, or the cache from which the remote answers.
        """
        kept, salted = not_forgotten(self.store, self.mapped, self.unit)
        moved = "coalesce(theirs.stamp, theirs.created_at)"
        rows = self.store.run(
            f"""
            SELECT
                CASE WHEN theirs.id IS NULL THEN 'vanished' WHEN ours.id IS NULL THEN 'missing' ELSE 'stale' END,
                coalesce(theirs.id, ours.id)
            FROM (SELECT * FROM remote_ids WHERE {kept}) AS theirs
            FULL JOIN (SELECT * FROM ({self.live}) WHERE {_stretch(stretch)}) AS ours ON ours.id = theirs.id
            WHERE CASE
                WHEN theirs.id IS NULL THEN coalesce(ours.created_at < $until::TIMESTAMP, TRUE)
                WHEN {moved} >= $until::TIMESTAMP THEN FALSE
                WHEN $since::TIMESTAMP IS NOT NULL AND {moved} < $since::TIMESTAMP THEN FALSE
                WHEN ours.id IS NULL THEN NOT theirs.is_deleted
                ELSE theirs.is_deleted OR coalesce(theirs.stamp > ours.stamp, FALSE)
            END
            ORDER BY 2
            """,
            {**salted, "unit": self.unit, "since": naive(since), "until": naive(until)},
        )
        return _by_kind(rows)

    def stretch_rows(self, stretch: tuple[int, int | None]) -> int:
        """How many rows of ours lie in a stretch of ids."""
        counted = f"SELECT count(*) FROM ({self.live}) WHERE {_stretch(stretch)}"
        return int(self.store.value(counted, {"unit": self.unit}))

    def end(self, ids: Collection[str], seen_at: datetime) -> None:
        """Ends records that the remote does not show any more; the caller holds the transaction."""
        self.store.run(
            f'UPDATE "{table_of(self.mapped)}" SET _until = {ENDS} WHERE _until IS NULL AND _unit = $unit '
            "AND id IN (SELECT unnest($ids::VARCHAR[])::" + _id_kind(self.mapped) + ")",
            {"seen": naive(seen_at), "unit": self.unit, "ids": list(ids)},
        )
        self.store.run(
            "INSERT INTO touched SELECT $stream, $unit, unnest($ids::VARCHAR[])",
            {"stream": self.mapped.stream.name, "unit": self.unit, "ids": list(ids)},
        )

    def _params(self, span: Span | None) -> dict[str, object]:
        bounds = {"lower": naive(span.lower), "upper": naive(span.upper)} if span is not None else {}
        return {"unit": self.unit, **bounds}


def _by_kind(rows: Iterable[tuple[object, ...]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"missing": [], "stale": [], "vanished": []}
    for kind, record in rows:
        found[str(kind)].append(str(record))
    return found


def _stretch(stretch: tuple[int, int | None]) -> str:
    low, high = stretch
    return f"id > {low}" + ("" if high is None else f" AND id <= {high}")


_WITHIN = "stamp <= $upper::TIMESTAMP AND coalesce(stamp >= $lower::TIMESTAMP, TRUE)"


def load_remote_ids(store: Store, mapped: MappedStream, pages: Sequence[Path], table: str = "remote_ids") -> str | None:
    """Reads landed pages of `id_fields` into `remote_ids(id, stamp, created_at, is_deleted)`; the greatest id.

    RetryError when a page is spoilt. Never within a transaction.
    """
    system = mapped.stream.system
    wanted = id_fields(mapped)

    def instant(name: str) -> str:
        if name not in system or system[name][0] not in wanted:
            return f"NULL::TIMESTAMP AS {name}"
        return f"TRY_CAST(record.\"{system[name][0]}\" AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS {name}"

    deleted = f'coalesce(record."{system["is_deleted"][0]}"::BOOLEAN, FALSE)' if "is_deleted" in system else "FALSE"
    rows = (
        f"CREATE OR REPLACE TEMP TABLE {table} AS "
        f'SELECT record."{system["id"][0]}"::{_id_kind(mapped)} AS id, {instant("stamp")}, {instant("created_at")}, '
        f"{deleted} AS is_deleted FROM ({landed_records(mapped, pages, wanted)})"
    )
    with_whole_texts(pages, lambda: run_on_pages(store, mapped, rows))
    last = store.value(f"SELECT max(id) FROM {table}")
    return None if last is None else str(last)


def id_fields(mapped: MappedStream) -> tuple[str, ...]:
    """The remote fields that a comparison asks for: the id, when the row moved, when it was made, whether deleted.

    When a row was made is asked for only in Account Engagement, some of whose rows say nothing else.
    """
    names = ("id", "stamp", "is_deleted") if mapped.stream.remote == "salesforce" else (
        "id", "stamp", "created_at", "is_deleted"
    )  # fmt: skip
    return tuple(mapped.stream.system[name][0] for name in names if name in mapped.stream.system)


def _id_kind(mapped: MappedStream) -> str:
    return "VARCHAR" if mapped.stream.remote == "salesforce" else "BIGINT"
