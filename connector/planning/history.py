"""History is scored, not acted upon: crossings that a backfill brings start no follow-up (WB-7).

A crossing is history when it happened before the last backfill began (in a mirror in use: before it was read last),
and the person was not waiting for follow-up by then. It is put into the ledger as a run that began and ended at once,
so that it can be explained later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

from connector.domain.plan import HISTORY, RunEnd, RunStart
from connector.domain.running import Run
from connector.rules.load import RuleSet


def history_persons(run: Run) -> frozenset[str]:
    """Persons whose crossing is history, of those whose follow-up would start by `decided`."""
    rows = run(
        """
        WITH last AS (SELECT acts_from FROM backfill ORDER BY begun_at DESC, backfill_id DESC LIMIT 1)
        SELECT person_id FROM decided JOIN scored USING (person_id) CROSS JOIN last
        WHERE (decided.cadence_starts OR decided.review) AND scored.crossed_at <= last.acts_from
            AND person_id NOT IN (SELECT person_id FROM waiting_before_backfill)
        """,
        {},
    )
    return frozenset(str(row[0]) for row in rows)


def waiting_persons(run: Run) -> list[str]:
    """Persons whose follow-up starts or waits, as just decided: who is history already is none of them."""
    rows = run("SELECT person_id FROM decided WHERE cadence_starts OR review ORDER BY person_id", {})
    history = history_persons(run)
    return [str(row[0]) for row in rows if str(row[0]) not in history]


def history_runs(
    run: Run, rules: RuleSet, persons: Mapping[str, Mapping[str, Any]], history: Collection[str]
) -> tuple[list[RunStart], list[RunEnd]]:
    """The runs by which the ledger says that crossings are history: begun on the day of the crossing, and ended.

    `persons` with who_id, crossed_at (UTC) and cadence. One that the ledger has already is left out.
    """
    known = set(run("SELECT person_id, cadence, start_date FROM cadence_runs", {})) if history else set()
    starts: list[RunStart] = []
    for person_id in sorted(history & persons.keys()):
        person = persons[person_id]
        cadence = str(person["cadence"])
        crossed = person["crossed_at"].replace(tzinfo=UTC)
        day: date = crossed.astimezone(ZoneInfo(rules.scoring.time_zone)).date()
        if (person_id, cadence, day) not in known:
            starts.append(RunStart(person_id, cadence, day.isoformat(), str(person["who_id"]), crossed))
    return starts, [RunEnd(one.person_id, one.cadence, one.start_date, HISTORY) for one in starts]
