"""The ledger of decisions: runs of the connector, transitions, cadence runs, and whether writes are allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from connector.domain.plan import UNDONE, RunEnd, RunStart, Transition
from connector.store.cursors import naive
from connector.store.database import Store


def meet_org(store: Store, org_id: str, name: str, url: str) -> None:
    """Notes the org that this store belongs to; what is known of it stays."""
    store.run(
        "INSERT INTO org (org_id, name, url) VALUES ($org_id, $name, $url) "
        "ON CONFLICT (org_id) DO UPDATE SET name = excluded.name, url = excluded.url",
        {"org_id": org_id, "name": name, "url": url},
    )


def writes_allowed(store: Store, org_id: str) -> bool:
    """Whether somebody has given the word that this org may be written to."""
    return bool(
        store.run("SELECT 1 FROM org WHERE org_id = $org_id AND writes_allowed_since IS NOT NULL", {"org_id": org_id})
    )


def allow_writes(store: Store, org_id: str, now: datetime) -> None:
    store.run(
        "UPDATE org SET writes_allowed_since = $now WHERE org_id = $org_id AND writes_allowed_since IS NULL",
        {"now": naive(now), "org_id": org_id},
    )


def begin_run(store: Store, run_id: str, command: str, now: datetime) -> None:
    store.run(
        "INSERT INTO run (run_id, command, started_at) VALUES ($run_id, $command, $now)",
        {"run_id": run_id, "command": command, "now": naive(now)},
    )


def finish_run(store: Store, run_id: str, outcome: str, counts: Mapping[str, int], now: datetime) -> None:
    store.run(
        "UPDATE run SET finished_at = $now, outcome = $outcome, counts = $counts WHERE run_id = $run_id",
        {"now": naive(now), "outcome": outcome, "counts": json.dumps(dict(counts)), "run_id": run_id},
    )


def record_starts(store: Store, run_id: str, starts: Sequence[RunStart], now: datetime) -> None:
    """Records cadence runs that begin; one that is recorded already stays as it was."""
    if not starts:
        return
    store.run(
        "INSERT INTO cadence_runs (person_id, cadence, start_date, key_record, crossed_at, recorded_at, run_id) "
        "SELECT unnest($persons::VARCHAR[]), unnest($cadences::VARCHAR[]), unnest($days::DATE[]), "
        "unnest($records::VARCHAR[]), unnest($crossed::TIMESTAMP[]), $now, $run_id ON CONFLICT DO NOTHING",
        {
            "persons": [start.person_id for start in starts],
            "cadences": [start.cadence for start in starts],
            "days": [date.fromisoformat(start.start_date) for start in starts],
            "records": [start.key_record for start in starts],
            "crossed": [naive(start.crossed_at) for start in starts],
            "now": naive(now),
            "run_id": run_id,
        },
    )


def record_ends(store: Store, ends: Sequence[RunEnd], now: datetime) -> None:
    """Records that cadence runs end; one that has ended already stays as it was.

    Save one that was taken back: it holds its person until what it began for is over, which ends it once more.
    """
    if not ends:
        return
    store.run(
        "UPDATE cadence_runs SET ended_at = $now, end_reason = ends.reason FROM (SELECT "
        "unnest($persons::VARCHAR[]) AS person_id, unnest($cadences::VARCHAR[]) AS cadence, "
        "unnest($days::DATE[]) AS start_date, unnest($reasons::VARCHAR[]) AS reason) AS ends "
        "WHERE cadence_runs.person_id = ends.person_id AND cadence_runs.cadence = ends.cadence "
        "AND cadence_runs.start_date = ends.start_date AND (cadence_runs.ended_at IS NULL "
        f"OR (cadence_runs.end_reason = '{UNDONE}' AND ends.reason <> '{UNDONE}'))",
        {
            "persons": [end.person_id for end in ends],
            "cadences": [end.cadence for end in ends],
            "days": [date.fromisoformat(end.start_date) for end in ends],
            "reasons": [end.reason for end in ends],
            "now": naive(now),
        },
    )


def record_transitions(store: Store, run_id: str, transitions: Sequence[Transition], now: datetime) -> None:
    """Appends transitions to the lives of persons, each only where the person still stands where it begins.

    So a plan that is carried out twice, or after another one, tells nothing twice.
    """
    if not transitions:
        return
    store.run(
        "INSERT INTO transitions SELECT told.*, $run_id, $now FROM (SELECT unnest($persons::VARCHAR[]) AS person_id, "
        "unnest($at::TIMESTAMP[]), unnest($origins::VARCHAR[]) AS from_stage, unnest($targets::VARCHAR[]), "
        "unnest($reasons::VARCHAR[]), unnest($scores::INTEGER[])) AS told LEFT JOIN (SELECT person_id, to_stage "
        "FROM transitions QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY recorded_at DESC, rowid DESC) = 1"
        ") AS latest USING (person_id) WHERE latest.to_stage IS NOT DISTINCT FROM told.from_stage",
        {
            "persons": [entry.person_id for entry in transitions],
            "at": [naive(entry.happened_at) for entry in transitions],
            "origins": [entry.from_stage for entry in transitions],
            "targets": [entry.to_stage for entry in transitions],
            "reasons": [entry.reason for entry in transitions],
            "scores": [entry.score for entry in transitions],
            "run_id": run_id,
            "now": naive(now),
        },
    )


def keep_persons(store: Store, now: datetime) -> None:
    """Keeps which records are one person, so that persons keep their ids when records join them later."""
    store.run(
        "INSERT INTO known_persons SELECT record_key, person_id, $now FROM person_records "
        "ON CONFLICT (record_key) DO UPDATE SET person_id = excluded.person_id "
        "WHERE known_persons.person_id <> excluded.person_id",
        {"now": naive(now)},
    )
