"""Report: the figures of what was pulled, decided and written, as they stand in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector.domain.running import Run
from connector.domain.streams import BY_NAME


@dataclass(frozen=True)
class StreamState:
    """How far a stream has been read: everything up to `watermark` (UTC) is in the mirror, `rows` live records.

    `reconciled_at`: when it was last compared with the remote, with how many rows `missing` then (they were read
    again) and how many `vanished` (they have ended).
    """

    stream: str
    unit: str
    watermark: datetime | None
    in_progress: bool
    rows: int
    reconciled_at: datetime | None = None
    missing: int = 0
    vanished: int = 0


@dataclass(frozen=True)
class RunState:
    run_id: str
    command: str
    started_at: datetime
    outcome: str | None


@dataclass(frozen=True)
class Evaluated:
    """The last evaluation: when (UTC), of how many of the `known` people; when everybody was looked at last.

    `differences`: of how many people that look found something else than the narrow ones before it had kept: an error.
    """

    as_of: datetime
    people: int
    known: int
    everybody_at: datetime
    differences: int


@dataclass(frozen=True)
class LockCount:
    """How many values of people stay in a field of ours, and since when (UTC) the oldest does."""

    object: str
    field: str
    count: int
    oldest: datetime


@dataclass(frozen=True)
class Status:
    """The store at a glance."""

    org_id: str | None
    org_name: str | None
    writes_allowed_since: datetime | None
    streams: tuple[StreamState, ...]
    runs: tuple[RunState, ...]
    open_runs: int
    unsettled: int
    failures: tuple[tuple[str, str, int], ...]
    """Refused writes of the last run that wrote: object, the platform's code, how many."""

    refused: int = 0
    """Rows that were refused and that nothing has resolved yet, the oldest since `refused_since` (UTC)."""

    refused_since: datetime | None = None

    forgotten: int = 0
    """People who were forgotten because somebody asked for it."""

    reasonless_leads: int | None = None
    """Leads that were closed while nobody said why; None where nobody can know."""

    reasonless_deals: int | None = None
    """The same of deals that were lost."""

    over_time: Mapping[str, int] = field(default_factory=dict)
    """How many stand in a stage for longer than it may last, of those whose lives are kept."""

    evaluated: Evaluated | None = None
    """None before the first cycle."""

    locks: tuple[LockCount, ...] = ()
    """Values of people that stay where ours would be written, by field."""

    awaiting_word: Mapping[str, int] = field(default_factory=dict)
    """How much waits for somebody's word, by kind (`connector approve`)."""

    writes_off: str | None = None
    """Why nothing may be written at present, in a sentence."""


def status_of(run: Run) -> Status:
    """What `connector status` shows; reads the store only."""
    org = run("SELECT org_id, name, writes_allowed_since FROM org LIMIT 1", {})
    org_id, name, since = org[0] if org else (None, None, None)
    refused, refused_since = run("SELECT count(*), min(since) FROM failure", {})[0]
    runs = run("SELECT run_id, command, started_at, outcome FROM run ORDER BY started_at DESC, run_id LIMIT 5", {})
    return Status(
        org_id,
        name,
        _aware(since),
        tuple(_streams(run)),
        tuple(RunState(row[0], row[1], row[2].replace(tzinfo=UTC), row[3]) for row in runs),
        int(run("SELECT count(*) FROM cadence_runs WHERE ended_at IS NULL", {})[0][0]),
        int(run("SELECT count(*) FROM journal WHERE outcome IS NULL", {})[0][0]),
        tuple(
            (str(row[0]), str(row[1]), int(row[2]))
            for row in run(
                "SELECT object, coalesce(error_code, 'unknown'), count(*) FROM journal WHERE outcome = 'failed' "
                "AND run_id = (SELECT arg_max(run_id, number) FROM journal) GROUP BY ALL ORDER BY ALL",
                {},
            )
        ),
        forgotten=int(run("SELECT count(*) FROM forgetting WHERE reason = 'asked'", {})[0][0]),
        evaluated=_evaluated(run),
        refused=int(refused),
        awaiting_word=dict(
            run("SELECT kind, count(*) FROM approvals WHERE word IS NULL GROUP BY kind ORDER BY kind", {})
        ),
        refused_since=_aware(refused_since),
        locks=tuple(
            LockCount(str(row[0]), str(row[1]), int(row[2]), row[3].replace(tzinfo=UTC))
            for row in run("SELECT object, field, count(*), min(since) FROM lock GROUP BY ALL ORDER BY ALL", {})
        ),
    )


def _evaluated(run: Run) -> Evaluated | None:
    rows = run(
        "SELECT max(as_of), arg_max(people, (as_of, whole)), (SELECT count(*) FROM evaluated), "
        "max(as_of) FILTER (whole), coalesce(sum(differences), 0) FROM evaluation",
        {},
    )
    as_of, people, known, everybody_at, differences = rows[0]
    if everybody_at is None:
        return None
    return Evaluated(
        as_of.replace(tzinfo=UTC), int(people), int(known), everybody_at.replace(tzinfo=UTC), int(differences)
    )


def _streams(run: Run) -> list[StreamState]:
    tables = {str(row[0]) for row in run("SELECT table_name FROM duckdb_tables()", {})}
    states = []
    for name, unit, watermark, upper, compared_at, missing, vanished in run(
        "SELECT stream, unit, watermark, slice_upper, reconciled_at, coalesce(missing, 0), coalesce(vanished, 0) "
        "FROM cursor LEFT JOIN reconciliation USING (stream, unit) ORDER BY ALL",
        {},
    ):
        stream = BY_NAME[name]
        table = f"mirror_{stream.table}"
        live = "AND NOT coalesce(is_deleted, FALSE)" if "is_deleted" in stream.system else ""
        count = f'SELECT count(*) FROM "{table}" WHERE _until IS NULL AND _unit = $unit {live}'
        rows = int(run(count, {"unit": unit})[0][0]) if table in tables else 0
        states.append(
            StreamState(
                name, unit, _aware(watermark), upper is not None, rows, _aware(compared_at), int(missing), int(vanished)
            )
        )
    return states


def stages(run: Run) -> Mapping[str, int]:
    """How many persons stand in each stage, as just decided."""
    return {
        str(row[0]): int(row[1]) for row in run("SELECT stage, count(*) FROM decided GROUP BY ALL ORDER BY ALL", {})
    }


def _aware(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)
