"""stages: where everybody stands, and since when → what is over its time, and who is late (LC-4, LC-9)."""

from __future__ import annotations

from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.rules.lifecycle import Lifecycle
from connector.rules.stages import StageText

_NO_LIVES = "SELECT '' AS person_id, '' AS stage, NULL::TIMESTAMP AS since WHERE FALSE"
_NO_LIMIT = "(NULL::VARCHAR, NULL::VARCHAR, NULL::INTEGER, NULL::VARCHAR)"
_NOTHING_EXPECTED = "(NULL::VARCHAR, NULL::VARCHAR, NULL::INTEGER)"


def stage_times(life: Lifecycle, as_of: datetime, run: Run, *, lived: bool = False) -> None:
    """Makes the temporary tables `stage_times` and `lead_timed`.

    `stage_times(person_id, stage, since, limit_at, overdue, way_on, owner, next_change_at)`, one row for each row of
    `decided`: the seller's clock (LC-4). `since` is null where nobody knows it, `limit_at` where there is no limit.
    `lead_timed(person_id, segment, about, stage, since, days, expected_until, late, next_change_at)`: the customer's
    (LC-9), one row for each stage and buying stage (`about`) of which the person's segment says how long it takes.
    Times are TIMESTAMP in UTC; `next_change_at` is when time alone changes the row.

    With `lived`, stages begin where `life` (see life) says so; else as far as deals, scores and the ledger tell.
    Reads decided, scored, people, opportunities, cadence_runs, placed, segmented and the ledger's transitions.
    """
    moment = {"as_of": as_column(as_of)}
    lives = compose("stages", "lived") if lived else _NO_LIVES
    run(compose("stages", "since", lived=lives), moment)
    limits = [_limit(stage, text) for stage, text in life.stages.items() if text.owner or text.then]
    run(compose("stages", "times", rules=", ".join(limits) or _NO_LIMIT), moment)
    expected = [
        f"({quoted(one.id)}, {quoted(stage)}, {days})"
        for one in life.lead_times
        for stage, days in one.expected.items()
    ]
    run(compose("stages", "late", expected=", ".join(expected) or _NOTHING_EXPECTED), moment)


def _limit(stage: str, text: StageText) -> str:
    owner = quoted(text.owner) if text.owner else "NULL::VARCHAR"
    days = "NULL::INTEGER" if text.within_days is None else f"{text.within_days}"
    way_on = quoted(text.then) if text.then else "NULL::VARCHAR"
    return f"({quoted(stage)}, {owner}, {days}, {way_on})"
