#!/usr/bin/env python3
"""How fast everybody is scored and decided, against a plain scan of the same columns: seconds, memory, growth.

    .venv/bin/python benchmarks/score.py [--people 1000000] [--activities 20000000] [--rules content-led] [--json]

Everything is made and measured in one run, each size in a process of its own:

1. the least: one scan of the activities with a group by person, over the columns that rules read;
2. the state of everybody at one moment: score, grade, claims, stage, MQL, SQL, toss-up;
3. the same with the whole life of each person, transition by transition;
4. a tick: 5,000 new activities, evaluated by the same statements for those whom they touch or whose time has come;
5. a loop over people and activities in plain Python by the same rules, on a sample, whose scores have to be the same.

The ratios compare figures of one run on one machine, so that they mean something elsewhere too. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cycle import cpu_seconds, forget_peak, machine, peak_megabytes
from plain_score import plain_scores
from score_tables import show
from score_world import AS_OF, make_world

from connector.engine.answers import answers
from connector.engine.decide import decide
from connector.engine.inputs import complete
from connector.engine.standing import standing
from connector.flow import score, today
from connector.river import River
from connector.rules.content import load_content
from connector.rules.load import SHIPPED, load_rules
from connector.rules.mapping import load_mapping
from connector.store.binding import open_binding
from connector.store.database import Store, open_store
from connector.store.touched import Whom, keep_answers

PEOPLE, ACTIVITIES, TICK = 1_000_000, 20_000_000, 5_000
GROWTH = (20, 4)
"""The smaller sizes, as parts of the largest."""
PEER = (100_000, 1_000_000)
"""People and activities of the published figure that a peer gives."""
MEMORY_MB = 2_300
"""What the engine may hold: the process needs some 500 more, which makes less than 3 GiB."""
SAMPLE = 2_000
BASIS = "benchmark"
EVERYBODY = Whom(whole=True, comparable=False)

_LEAST = (
    "SELECT count(*), bit_xor(h) FROM (SELECT person_id, min(occurred_at), max(occurred_at), "
    "bit_xor(hash(type, content, theme, visit_id)) AS h FROM activities GROUP BY person_id)"
)


@dataclass(frozen=True)
class Spent:
    """What a stretch of work took; `peak_mb`: the most memory of this process meanwhile."""

    seconds: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Size:
    """The figures of one size. `whole`: state, life and keeping both, as a cycle does it; `tick` does the same for
    `tick_people`. `python`: extrapolated."""

    people: int
    activities: int
    hot: int
    mqls: int
    least: Spent
    state: Spent
    life: Spent | None = None
    transitions: int = 0
    whole: Spent | None = None
    tick: Spent | None = None
    tick_people: int = 0
    python: float | None = None


def measure(people: int, activities: int, rules: str, folder: Path, *, all_of_it: bool) -> Size:
    """Makes the people and measures. `all_of_it`: the life, the tick and the plain loop too."""
    with open_store(folder / "benchmark.duckdb", memory_mb=MEMORY_MB) as store:
        river = _river(store, rules, folder)
        make_world(store, people, activities)
        complete(river.rules, river.content, AS_OF, store.run, store.load)
        for table in (
            "company_accounts (account_id VARCHAR, company_id VARCHAR)",
            "touched_persons (person_id VARCHAR)",
        ):
            store.run(f"CREATE OR REPLACE TEMP TABLE {table}")
        rows = int(store.value("SELECT count(*) FROM activities"))
        least = min((spent(lambda: store.run(_LEAST)) for _ in range(3)), key=lambda one: one.seconds)
        state = spent(lambda: _state(river, AS_OF))
        hot = int(store.value("SELECT count(*) FROM decided WHERE stage = 'hot'"))
        mqls = int(store.value("SELECT count(*) FROM qualified WHERE is_mql"))
        size = Size(people, rows, hot, mqls, least, state)
        if not all_of_it:
            return size
        python = plain_scores(store, river.rules.scoring, AS_OF, SAMPLE) * people / SAMPLE
        life = spent(lambda: _life(river, AS_OF))
        store.run(_FOLLOWED_UP, {"as_of": AS_OF.replace(tzinfo=None)})
        whole = spent(lambda: _whole(river, AS_OF, EVERYBODY))
        transitions = int(store.value("SELECT count(*) FROM life"))
        _set_aside(river)
        tick = spent(lambda: _tick(river))
        looked_at = int(store.value("SELECT count(*) FROM answers"))
        return replace(
            size,
            python=round(python, 1),
            life=life,
            transitions=transitions,
            whole=whole,
            tick=tick,
            tick_people=looked_at,
        )


def _river(store: Store, rules: str, folder: Path) -> River:
    """The river over files alone: no org on the other side."""
    shipped = SHIPPED / rules
    return River(
        store=store,
        rules=load_rules(shipped, open_binding()),
        mapping=load_mapping(shipped),
        content=load_content(shipped / "content.yaml"),
        register=None,
        rules_hash=BASIS,
        landing=folder,
        say=lambda _sentence: None,
        remotes=None,
    )


def _state(river: River, as_of: datetime) -> None:
    """Score, grade, claims, stage, MQL, SQL, toss-up: what `connector evaluate` does first."""
    score(river, as_of)
    decide(river.rules, as_of, today(river, as_of), river.store.run, times=False)


def _life(river: River, as_of: datetime) -> None:
    """State and whole life."""
    _state(river, as_of)
    standing(river.rules, as_of, river.store.run)


def _whole(river: River, as_of: datetime, whom: Whom) -> None:
    """State and life, kept so that the next evaluation can leave alone those whom nothing touches."""
    _life(river, as_of)
    answers(river.store.run)
    keep_answers(river.store, BASIS, as_of, (), whom)


def _set_aside(river: River) -> None:
    """Everybody's rows, from which a tick takes those that it looks at."""
    for table in ("people", "activities"):
        river.store.run(f"ALTER TABLE {table} RENAME TO all_{table}")


# Whoever is hot has been followed up by now: else all of them would wait for it, and be looked at in each tick.
_FOLLOWED_UP = """
INSERT INTO cadence_runs BY NAME
SELECT person_id, 'hot' AS cadence, $as_of::DATE AS start_date, $as_of AS ended_at, 'decided' AS end_reason
FROM decided WHERE stage = 'hot'
"""

_NEW = """
INSERT INTO all_activities BY NAME
SELECT 'new' || row_number() OVER () AS activity_id, person_id, $as_of::TIMESTAMP - INTERVAL 1 MINUTE AS occurred_at,
  'page_view' AS type, 'pricing' AS theme, 'new/' || person_id AS visit_id, FALSE AS machine
FROM all_people ORDER BY hash(person_id) LIMIT $count
"""
_TOUCHED = """
INSERT INTO touched_persons
SELECT person_id FROM all_activities WHERE starts_with(activity_id, 'new')
UNION
SELECT person_id FROM evaluated WHERE pending OR next_change_at <= $as_of
"""


def _tick(river: River) -> None:
    """New activities come, and those are evaluated whom they touch or whose time has come."""
    run, as_of = river.store.run, AS_OF + timedelta(minutes=5)
    moment = {"as_of": as_of.replace(tzinfo=None), "count": TICK}
    run(_NEW, moment)
    run(_TOUCHED, moment)
    for table in ("people", "activities"):
        run(f"CREATE TEMP TABLE {table} AS SELECT * FROM all_{table} SEMI JOIN touched_persons USING (person_id)")
    _whole(river, as_of, Whom(whole=False, comparable=True))


def spent(work: Callable[[], Any]) -> Spent:
    """Does the work and tells what it took."""
    forget_peak()
    started, before = time.monotonic(), cpu_seconds(os.getpid())
    work()
    seconds, cpu = time.monotonic() - started, cpu_seconds(os.getpid()) - before
    return Spent(round(seconds, 3), round(cpu, 2), round(peak_megabytes("self")))


def main() -> None:
    chosen = _arguments()
    if chosen.one_size:
        people, activities, whole = chosen.one_size
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            found = measure(people, activities, chosen.rules, Path(folder), all_of_it=bool(whole))
        print(json.dumps(asdict(found)))
        return
    sizes = [(chosen.people // part, chosen.activities // part, False) for part in GROWTH]
    sizes = [(*PEER, False), *sizes, (chosen.people, chosen.activities, True)]
    document = {
        "machine": machine(),
        "rules": chosen.rules,
        "sizes": [_in_a_process(one, chosen.rules) for one in sizes],
    }
    if chosen.json:
        print(json.dumps(document, indent=1))
    else:
        show(document)


def _in_a_process(size: tuple[int, int, bool], rules: str) -> dict[str, Any]:
    """A process of its own, so that memory is that of one size."""
    command = [sys.executable, __file__, "--rules", rules, "--one-size", *(str(int(part)) for part in size)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{size[0]:,} people could not be measured (exit code {done.returncode}); see above.")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds and memory of scoring everybody, against a plain scan.")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--activities", type=int, default=ACTIVITIES)
    parser.add_argument("--rules", default="content-led", help="a shipped rule set")
    parser.add_argument("--json", action="store_true", help="everything measured, as one JSON document")
    parser.add_argument("--one-size", type=int, nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
