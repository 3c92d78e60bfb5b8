"""Planning for very many: who should have another score than stands in the org, and the plan as a file."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cycle import forget_peak, peak_megabytes
from score_world import AS_OF, make_world

from connector import flow
from connector.domain.cursor import Cursor
from connector.engine.decide import decide
from connector.engine.inputs import complete
from connector.planning.desired import desire
from connector.planning.file import load_plan, save_plan
from connector.river import River
from connector.rules.content import load_content
from connector.rules.load import SHIPPED, load_rules
from connector.rules.mapping import load_mapping
from connector.store.binding import open_binding
from connector.store.cursors import save_cursor
from connector.store.database import Store, open_store
from connector.store.lists import freeze_lists
from connector.store.mirror import freeze, prepare

ORG = "00D000000000001EAA"
RULES = "classic"
ACTIVITIES = 2
"""For each person."""
MEMORY_MB = 2_300


@dataclass(frozen=True)
class Planned:
    """What planning took; `file_seconds`: writing the plan to a file and reading it again."""

    people: int
    records: int
    changes: int
    tasks: int
    seconds: float
    own_cpu: float
    peak_mb: float
    file_seconds: float
    file_mb: float
    file_peak_mb: float


def measure_plan(people: int, share: float) -> Planned:
    """Makes people and the records in which they stand, and plans."""
    with tempfile.TemporaryDirectory(prefix="connector-benchmark-") as name:
        folder = Path(name)
        with open_store(folder / "benchmark.duckdb", memory_mb=MEMORY_MB) as store:
            river = _river(store, folder)
            _make(river, people, share)
            forget_peak()
            plan, seconds, cpu = _spent(lambda: flow.plan(river, ORG, AS_OF))
            peak = peak_megabytes("self")
            file = folder / "plan.json"
            _, saving, _ = _spent(lambda: save_plan(plan, file))
            size = file.stat().st_size / 1e6
            options: dict[str, Any] = {"org_id": ORG, "rules_hash": river.rules_hash, "now": AS_OF}
            again, loading, _ = _spent(lambda: load_plan(file, **options, oldest=AS_OF - AS_OF))
            if again.records != plan.records:
                raise SystemExit("The plan that was read is not the one that was written.")
            return Planned(
                people,
                len(plan.records),
                plan.changes,
                len(plan.tasks),
                round(seconds, 1),
                round(cpu, 1),
                round(peak),
                round(saving + loading, 1),
                round(size),
                round(peak_megabytes("self")),
            )


def _river(store: Store, folder: Path) -> River:
    shipped = SHIPPED / RULES
    return River(
        store=store,
        rules=load_rules(shipped, open_binding()),
        mapping=load_mapping(shipped),
        content=load_content(shipped / "content.yaml"),
        register=None,
        rules_hash="benchmark",
        landing=folder,
        say=lambda _sentence: None,
        remotes=None,
    )


def _make(river: River, people: int, share: float) -> None:
    """Everybody evaluated, and a Lead for each that stands as it should, but for a share that has another score."""
    store, fields = river.store, river.mapping.fields
    make_world(store, people, people * ACTIVITIES)
    complete(river.rules, river.content, AS_OF, store.run, store.load)
    for statement in _MORE:
        store.run(statement)
    prepare(store, fields.streams)
    freeze(store, fields.streams)
    freeze_lists(store)
    flow.score(river, AS_OF)
    decide(river.rules, AS_OF, flow.today(river, AS_OF), store.run)
    # In the place of what files tell: the ledger.
    store.run("DROP TABLE IF EXISTS temp.cadence_runs")
    store.run(_FOLLOWED_UP, {"as_of": AS_OF.replace(tzinfo=None)})
    desire(store.run, river.rules.tiers.tiers, fields.language, river.rules.scoring.time_zone)
    lead = next(one for one in fields.streams if one.stream.object == "Lead")
    written = fields.objects("salesforce")["Lead"].write
    columns = {
        lead.column_of(name): f"desired.{entry.value}"
        for name, entry in written.items()
        if entry.value in {"score", "grade", "tier", "stage", "reason"} and entry.values is None
    }
    columns[next(column for column, value in columns.items() if value == "desired.score")] = (
        "desired.score + CASE WHEN hash(record_id) % 1000 < $share THEN 1 ELSE 0 END"
    )
    store.run(
        f"INSERT INTO \"mirror_{lead.stream.table}\" BY NAME SELECT record_id AS id, FALSE AS is_deleted, '' AS _unit, "
        "$seen::TIMESTAMP AS _seen_at, $seen::TIMESTAMP AS _valid_from, $seen::TIMESTAMP AS modified_at, "
        + ", ".join(f'{value} AS "{column}"' for column, value in columns.items())
        + " FROM desired WHERE object = 'Lead'",
        {"seen": AS_OF.replace(tzinfo=None), "share": round(share * 1000)},
    )
    save_cursor(store, Cursor("salesforce.Lead", "", AS_OF), AS_OF)
    store.run("CHECKPOINT")


_MORE = (
    "ALTER TABLE people ADD COLUMN IF NOT EXISTS lead_ids VARCHAR[]",
    "ALTER TABLE people ADD COLUMN IF NOT EXISTS contact_ids VARCHAR[]",
    "UPDATE people SET lead_ids = ['00Q' || lpad(person_id[2:], 12, '0') || 'AAA'], contact_ids = []",
    (
        "CREATE OR REPLACE TEMP TABLE list_follow_ups (person_id VARCHAR, name VARCHAR, kind VARCHAR, segment VARCHAR, "
        "segment_ja VARCHAR, segment_en VARCHAR, follow_up_until DATE, attended BOOLEAN, answers VARCHAR, "
        "review_score DOUBLE, happened_at TIMESTAMP, moments TIMESTAMP[])"
    ),
    "CREATE OR REPLACE TEMP TABLE company_accounts (company_id VARCHAR, account_id VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE owner_names (name VARCHAR, owner_id VARCHAR, is_active BOOLEAN)",
)

# Whoever is hot has been followed up by now: else all of them would begin on one day.
_FOLLOWED_UP = """
INSERT INTO cadence_runs BY NAME
SELECT person_id, 'hot' AS cadence, $as_of::DATE AS start_date, person_id AS key_record, $as_of AS recorded_at,
  $as_of AS ended_at, 'decided' AS end_reason, 'benchmark' AS run_id
FROM decided WHERE stage = 'hot'
"""


def _spent(work: Callable[[], Any]) -> tuple[Any, float, float]:
    started, before = time.monotonic(), os.times()
    result = work()
    now = os.times()
    return result, time.monotonic() - started, now.user + now.system - before.user - before.system
