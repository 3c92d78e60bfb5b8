"""segments: who people are and what they buy → whose lead time is which, and what differs for them (LC-9, LC-12)."""

from __future__ import annotations

from collections.abc import Sequence

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.rules.lifecycle import Lifecycle
from connector.rules.stages import LeadTime

_NOBODY = (
    "CREATE OR REPLACE TEMP TABLE segmented AS SELECT '' AS person_id, '' AS segment, 0::BIGINT AS hot_at_least, "
    "0::BIGINT AS recycle_percent, FALSE AS skip_nurture, '' AS cadence WHERE FALSE"
)


def segments(life: Lifecycle, run: Run) -> None:
    """Makes the temporary table `segmented(person_id, segment, hot_at_least, recycle_percent, skip_nurture, cadence)`.

    One row for each person whom one of `lead_times` fits, the first that does. Null: as for everybody. Reads
    grade_fit and opportunities, so `grade` goes before; it changes with them, never by time alone.
    """
    if not life.lead_times:
        run(_NOBODY, {})
        return
    rules = ", ".join(_row(one) for one in life.lead_times)
    deals = "".join(f", bool_or({one.deal.sql}) AS {one.id}" for one in life.lead_times if one.deal)
    run(compose("stages", "segmented", deals=deals, segment=_chosen(life.lead_times), rules=rules), {})


def _chosen(lead_times: Sequence[LeadTime]) -> str:
    cases = []
    for one in lead_times:
        tests = [f"({one.when.sql})"] if one.when else []
        tests += [f'deals."{one.id}"'] if one.deal else []
        cases.append(f"WHEN {' AND '.join(tests) or 'TRUE'} THEN {quoted(one.id)}")
    return f"CASE {' '.join(cases)} END"


def _row(one: LeadTime) -> str:
    cadence = quoted(one.cadence) if one.cadence else "NULL::VARCHAR"
    skips = "TRUE" if one.skip_nurture else "FALSE"
    return f"({quoted(one.id)}, {_number(one.hot_at_least)}, {_number(one.recycle_percent)}, {skips}, {cadence})"


def _number(value: int | None) -> str:
    return "NULL::BIGINT" if value is None else f"{value}::BIGINT"
