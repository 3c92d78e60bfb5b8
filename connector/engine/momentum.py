"""momentum: what people and accounts earn and do now, against the time before and against their own habit (SC-5).

The figures rest on the very activities and awards of the score: what the score counts as nothing, as a machine's or
as not yet happened is nothing here. Penalties for silence are no movement, so that none are worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import DAY_US, microseconds
from connector.engine.score import Told, clear, counts, live
from connector.rules.load import RuleSet
from connector.rules.scoring import Scoring

By = Literal["person", "account"]
Window = Literal["week", "day", "month"]

SILENCE_DAYS = 90
"""Whoever does something after so long a silence is awake again."""
HABIT_WEEKS = 12
"""The weeks before the last seven days that tell what is usual."""
UNUSUAL_FROM = 5
"""Fewer activities within seven days are never called unusual."""
KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "downloads": ("content_download",),
        "conversions": ("form_submit", "inquiry", "quote_request", "webinar_register", "survey_answer"),
    }
)
"""What is counted beside points and visits (SC-11). Where the rules name conversions, those are it; else a conversion
is what somebody sends us of their own accord."""
METRICS = ("activities", "visits", *KINDS)

_FILE = "momentum"
_TABLES = {"person": ("person_momentum", "person_id"), "account": ("account_momentum", "company_id")}
_WEEK_US = 7 * DAY_US
_SHIFT = 719_162 * DAY_US
"""Year 1 in microseconds before 1970: whole division rounds towards zero, so that times are kept positive."""


@dataclass(frozen=True)
class Periods:
    """A complete period and the one before it: [before, begins) and [begins, ends), aware moments."""

    before: datetime
    begins: datetime
    ends: datetime


def last_complete(window: Window, as_of: datetime, zone: str) -> Periods:
    """The last complete day, week (Monday to Sunday) or month by `as_of`, and the one before, in the zone of the rules.

    A period is complete from the first instant of the next one.
    """
    local = ZoneInfo(zone)
    ends = _begin(window, as_of.astimezone(local).date())
    begins = _begin(window, ends - timedelta(days=1))
    before = _begin(window, begins - timedelta(days=1))
    return Periods(*(datetime.combine(day, time(0), local) for day in (before, begins, ends)))


def momentum(rules: RuleSet, periods: Periods, as_of: datetime, by: By, run: Run) -> None:
    """Makes the temporary table `person_momentum(person_id, …)` or `account_momentum(company_id, …)`.

    One row for each who did anything in either period, or ever came back, or does more than usual: points (of
    behaviour), points_before, change, people, people_before, and for each of METRICS its count and `…_before`;
    by_conversion, a list of {id, now, before} of the named conversions that happened; awake_at, silent_since (UTC,
    the last return after SILENCE_DAYS), awake (that return was since the period began); activities_7d, usual_7d (the
    mean of the weeks before) and unusual. An account is all people of a company
    together: it is awake again when all of them were silent. Reads people and activities.
    """
    scoring = rules.scoring
    table, key = _TABLES[by]
    live(scoring, as_of, run, of=Told(folded=False))
    spans: dict[str, object] = {
        "before": microseconds(periods.before),
        "begins": microseconds(periods.begins),
        "ends": microseconds(periods.ends),
    }
    run(compose(_FILE, f"members_{by}"), {})
    run(compose(_FILE, "points"), spans)
    run(compose(_FILE, "visits"), spans)
    types = ", ".join(quoted(word) for word in scoring.activity_types)
    run(compose(_FILE, "kinds", types=types, not_noise=counts(scoring, run), **_kinds(scoring)), spans)
    run(compose(_FILE, "awake", silence=SILENCE_DAYS * DAY_US, shift=_SHIFT), {})
    unusual = compose(_FILE, "unusual", week=_WEEK_US, weeks=HABIT_WEEKS, least=UNUSUAL_FROM)
    run(unusual, {"now": microseconds(as_of)})
    counted = ", ".join(f"coalesce(kinds.{name}, 0) AS {name}" for kind in KINDS for name in (kind, f"{kind}_before"))
    run(compose(_FILE, "momentum", table=table, key=key, counted=counted), {"begins": spans["begins"]})
    for part in ("members", "points", "visits", "kinds", "awake", "unusual"):
        run(f"DROP TABLE momentum_{part}", {})
    clear(run)


def _begin(window: Window, day: date) -> date:
    """The first day of the period that a day lies in."""
    if window == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if window == "month" else day


def _kinds(scoring: Scoring) -> dict[str, str]:
    """What is asked of each activity of the two periods, and how it is summed up."""
    asked = {kind: f"activity.type IN ({', '.join(quoted(word) for word in types)})" for kind, types in KINDS.items()}
    if scoring.conversions:
        asked["conversions"] = " OR ".join(f"({one.when.sql})" for one in scoring.conversions)
    each = {f"conversion_{number}": one.when.sql for number, one in enumerate(scoring.conversions)}
    named = [
        f"{{'id': {quoted(one.id)}, 'now': count(*) FILTER ({column} AND later),"
        f" 'before': count(*) FILTER ({column} AND NOT later)}}"
        for one, column in zip(scoring.conversions, each, strict=True)
    ]
    sums = [
        f"count(*) FILTER (is_{kind}{which}) AS {kind}{suffix}"
        for kind in asked
        for which, suffix in ((" AND later", ""), (" AND NOT later", "_before"))
    ]
    tests = {**{f"is_{kind}": test for kind, test in asked.items()}, **each}
    return {
        "tests": ", ".join(f"coalesce({test}, FALSE) AS {column}" for column, test in tests.items()),
        "kinds": ", ".join(sums),
        "named": f"[{', '.join(named)}]" if named else "[]::STRUCT(id VARCHAR, now BIGINT, before BIGINT)[]",
    }
