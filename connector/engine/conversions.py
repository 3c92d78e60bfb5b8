"""conversions: what people did → named events, counted for each person (SC-11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connector.domain.running import Run
from connector.engine.branching import any_of
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.engine.score import WINDOWS, counts
from connector.rules.lines import Conversion
from connector.rules.load import RuleSet


def conversions(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes the temporary table `converted`, one row a person of `scored` and conversion that happened.

    `converted(person_id, conversion, is_key, times, last_1d, last_7d, last_30d, first_at, last_at, next_change_at)`:
    times are TIMESTAMP in UTC; `last_7d` is how often within (T − 7 days, T]. What the score counts as nothing is no
    conversion. `next_change_at`: when the oldest of a window leaves it; null once none is left. An activity dated
    later changes it, too: `scored` tells when. Reads activities and scored, so `score` goes before.
    """
    scoring = rules.scoring
    if not scoring.conversions:
        run(compose("conversions", "none"), {})
        return
    inside = {days: f"moment > $as_of::TIMESTAMP - to_days({days})" for days in WINDOWS}
    statement = compose(
        "conversions",
        "converted",
        named=named(scoring.conversions),
        key=", ".join(quoted(one.id) for one in scoring.conversions if one.key) or "NULL",
        any=any_of("type", (one.when.sql for one in scoring.conversions), scoring.activity_types),
        not_noise=counts(scoring, run),
        sums=", ".join(f"count(*) FILTER ({test}) AS last_{days}d" for days, test in inside.items()),
        leaves=", ".join(f"min(moment) FILTER ({test}) + to_days({days})" for days, test in inside.items()),
    )
    run(statement, {"as_of": as_column(as_of)})


def named(each: Iterable[Conversion]) -> str:
    """SQL for the list of the ids of all conversions that an `activity` is."""
    cases = ", ".join(f"CASE WHEN {one.when.sql} THEN {quoted(one.id)} END" for one in each)
    return f"list_filter([{cases}], lambda one: one IS NOT NULL)" if cases else "[]::VARCHAR[]"
