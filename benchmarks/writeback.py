#!/usr/bin/env python3
"""What writing back costs: calls against the least possible, seconds, memory; and planning a fifth of a million people.

    .venv/bin/python benchmarks/writeback.py [--changed 1000 20000 200000] [--people 1000000] [--json]

Applying: so many Leads get another score, grade, tier and reason, which are fields of ours alone; one in twenty also
another status, which people edit too; one in fifty a task. The plan is carried out by the code of `connector apply`
on a sandbox in a process of its own, and then the org is asked whether all of it stands there. Twice: in a store that
knows no bulk job of before, and, with other scores, in one that knows how long the first one took.

The least that these rows could cost, by the rule that fields which people edit go by composite with a condition:

    shared rows     one call each 25 rows
    other rows      one call each 200 rows, or one bulk job: create, upload, start, look once (whichever is less)
    tasks           one call each 200, and one question for consent before it

Planning: people of a store made by the engine itself, of whom so many should have another score than stands in the org
(`writeback_plan.py`). Each size is a process of its own, so that memory is that size's alone. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cycle import access, cpu_seconds, forget_peak, machine, peak_megabytes
from pull import world
from writeback_plan import Planned, measure_plan
from writeback_tables import show

from connector import flow
from connector.cli.river import start_run
from connector.cli.shared import Options, river_of
from connector.domain.plan import FieldChange, Plan, RecordChange, TaskCreation
from connector.river import River, here

CHANGED = (1_000, 20_000, 200_000)
PEOPLE, SHARE = 1_000_000, 0.2
SHARED, WITH_TASK = 20, 50
"""One person in so many gets another status; one in so many a task."""

MORE = 1.3
"""So many Leads are made for each that is written: converted ones take no writes."""

JOB_CALLS = 4
"""Create, upload, start, look once."""


@dataclass(frozen=True)
class Least:
    """The fewest calls for a plan, by what they carry."""

    shared: int
    other: int
    tasks: int

    @property
    def calls(self) -> int:
        return self.shared + self.other + self.tasks


@dataclass(frozen=True)
class Applied:
    """One turn of one size. `rows`: entries of the journal; `right`: records that stand in the org as planned."""

    turn: int
    changed: int
    shared: int
    tasks: int
    calls: int
    least: int
    arithmetic: str
    roads: tuple[Mapping[str, Any], ...]
    seconds: float
    own_cpu: float
    sandbox_cpu: float
    peak_mb: float
    rows: int
    right: int
    failed: int

    @property
    def ratio(self) -> float:
        return self.calls / self.least


def main() -> None:
    asked = _arguments()
    if asked.one_apply is not None:
        print(json.dumps([asdict(one) for one in measure_apply(asked.one_apply)]))
        return
    if asked.one_plan is not None:
        print(json.dumps([asdict(measure_plan(asked.one_plan, SHARE))]))
        return
    applied = [Applied(**one) for changed in asked.changed for one in _in_a_process("--one-apply", changed)]
    planned = [Planned(**one) for people in asked.people for one in _in_a_process("--one-plan", people)]
    document = {
        "schema": 1,
        "machine": machine(),
        "applied": [{**asdict(one), "ratio": round(one.ratio, 3)} for one in applied],
        "planned": [asdict(one) for one in planned],
    }
    if asked.json:
        print(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        show(document)


def measure_apply(changed: int) -> list[Applied]:
    """A plan for so many Leads, carried out in a store that knows no bulk job of before, and another one after it."""
    with tempfile.TemporaryDirectory(prefix="connector-benchmark-") as name:
        state = Path(name)
        with world(state, round(changed * MORE), 0) as (process, _seconds):
            settings = Options(str(state)).settings(log_level="warning", **access(state))
            with river_of(settings, quiet=True) as river:
                rows = here(river).reader.query("SELECT Id FROM Lead WHERE IsConverted = FALSE ORDER BY Id")
                ids = [str(row["Id"]) for row in rows[:changed]]
                return [_measured(river, process.pid, ids, turn) for turn in range(2)]


def _measured(river: River, sandbox: int, ids: Sequence[str], turn: int) -> Applied:
    # The sandbox's clock stands still; what was written after a plan was made would not be written by it again.
    now = here(river).reader.server_time() + timedelta(minutes=turn)
    plan = plan_for(ids, here(river).org_id, now, turn)
    run_id, least = start_run(river, "apply"), least_of(plan)
    before = int(river.store.value("SELECT count(*) FROM journal"))
    forget_peak()
    calls, times = sum(here(river).calls().values()), os.times()
    theirs, started = cpu_seconds(sandbox), time.monotonic()
    done = flow.apply(river, plan, run_id, now + timedelta(seconds=1))
    seconds, after = time.monotonic() - started, os.times()
    return Applied(
        turn + 1,
        len(ids),
        sum(record.shared for record in plan.records),
        len(plan.tasks),
        sum(here(river).calls().values()) - calls,
        least.calls,
        f"{least.shared} + {least.other} + {least.tasks}",
        tuple(asdict(road) for road in done.roads),
        round(seconds, 2),
        round(after.user + after.system - times.user - times.system, 2),
        round(cpu_seconds(sandbox) - theirs, 2),
        round(peak_megabytes("self")),
        int(river.store.value("SELECT count(*) FROM journal")) - before,
        _standing(river, turn),
        len(done.failures),
    )


def plan_for(ids: Sequence[str], org_id: str, now: datetime, turn: int) -> Plan:
    """What each of some Leads gets in a turn."""
    return Plan(
        org_id=org_id,
        rules_hash="benchmark",
        as_of=now,
        made_at=now,
        watermarks={},
        records=tuple(_record(number, row_id, now, turn) for number, row_id in enumerate(ids)),
        tasks=tuple(_task(row_id, org_id, turn) for row_id in ids[::WITH_TASK]),
        starts=(),
        ends=(),
        transitions=(),
        kept=(),
        withheld=(),
        findings=(),
    )


def _record(number: int, row_id: str, now: datetime, turn: int) -> RecordChange:
    shared = number % SHARED == 0
    reason = (
        f"属性：グレードB、製造業の大手｜行動：スコア{number + turn}（経路+10 行動+62 休眠-0）｜時期：最終行動 9/30"
    )
    changes = [
        FieldChange("Connector_Score__c", None, 72.0 + turn),
        FieldChange("Connector_Grade__c", None, "B"),
        FieldChange("Connector_Stage__c", None, _STAGES[turn]),
        FieldChange("Connector_Reason__c", None, reason),
    ]
    if shared:
        changes.append(FieldChange("Status", None, _STATUSES[turn]))
    return RecordChange("Lead", row_id, f"P{number}", tuple(changes), "benchmark", shared, now)


_STAGES = ("cold", "hot")
_STATUSES = ("Open - Not Contacted", "Working - Contacted")


def _task(row_id: str, org_id: str, turn: int) -> TaskCreation:
    values = {"Subject": "1日目：電話", "Status": "Not Started", "WhoId": row_id, "ActivityDate": "2026-10-02"}
    return TaskCreation(f"{org_id}:{row_id}:hot:2026-10-01:day{turn + 1}:call", row_id, values, "hot day1")


def least_of(plan: Plan) -> Least:
    """See the module's words."""
    shared = sum(record.shared for record in plan.records)
    other = len(plan.records) - shared
    return Least(_calls(shared, 25), min(_calls(other, 200), JOB_CALLS), 2 * _calls(len(plan.tasks), 200))


def _calls(rows: int, a_call: int) -> int:
    return -(-rows // a_call)


def _standing(river: River, turn: int) -> int:
    """How many Leads of the org have the score that the plan gave all of them."""
    found = here(river).reader.query(f"SELECT count(Id) n FROM Lead WHERE Connector_Score__c = {72 + turn}")
    return int(str(found[0]["n"]))


def _in_a_process(option: str, size: int) -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, __file__, option, str(size)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{size:,} could not be measured (exit code {done.returncode}); see above.")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    print(f"{option.removeprefix('--one-')} {size:,}: {found[0]['seconds']:.1f} s", file=sys.stderr)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Calls, seconds and memory of planning and writing back.")
    parser.add_argument("--changed", nargs="*", type=int, default=list(CHANGED), metavar="N", help="people to write")
    parser.add_argument("--people", nargs="*", type=int, default=[PEOPLE], metavar="N", help="people to plan for")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--one-apply", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--one-plan", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
