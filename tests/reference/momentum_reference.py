"""Momentum, awake again and unusual, told plainly: lists of moments, walked through one by one.

Written from the requirements (SC-5, SC-11 and the decided defaults) on purpose without anything of the engine. The
points come from score_reference, line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, pstdev
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.score_reference import THEIRS, live, noise

TOKYO = ZoneInfo("Asia/Tokyo")
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
SENDS = {"form_submit", "inquiry", "quote_request", "webinar_register", "survey_answer"}

Row = Mapping[str, Any]
History = tuple[Row, Sequence[Row]]


def weeks(as_of: datetime) -> tuple[datetime, datetime, datetime]:
    """The beginnings of the week before the last complete one, of that one, and of the running one, in Tokyo."""
    there = as_of.astimezone(TOKYO).replace(hour=0, minute=0, second=0, microsecond=0)
    while there.weekday() != 0:
        there -= DAY  # Tokyo knows no summer time.
    return there - 2 * WEEK, there - WEEK, there


Conversions = Mapping[str, Callable[[Row], bool]]


def moved(
    histories: Sequence[History], as_of: datetime, conversions: Conversions = MappingProxyType({})
) -> dict[str, Any] | None:
    """The figures of people taken together, as the engine calls them; None where there is nothing to tell.

    `conversions` are the named events, by id; without any, a conversion is what somebody sends.
    """
    known = [(person, rows) for person, rows in histories if person["created_at"] <= as_of]
    theirs = [(person, _theirs(rows, as_of)) for person, rows in known]
    times = sorted(row["occurred_at"] for _, rows in theirs for row in rows)
    before, begins, ends = weeks(as_of)
    earned = [line for person, rows in known for line in _earned(person, rows, as_of)]
    now = _figures(earned, theirs, (begins, ends), conversions)
    then = _figures(earned, theirs, (before, begins), conversions)
    named_now, named_then = now.pop("named"), then.pop("named")
    back = [(later, earlier) for earlier, later in pairwise(times) if later - earlier >= 90 * DAY]
    counts = [sum(as_of - (ago + 1) * WEEK < moment <= as_of - ago * WEEK for moment in times) for ago in range(13)]
    habit = counts[1:]
    unusual = counts[0] >= 5 and counts[0] > fmean(habit) + 3 * pstdev(habit) + 1e-9
    if not (now["activities"] or then["activities"] or now["points"] or then["points"] or back or unusual):
        return None
    return {
        **now,
        **{f"{name}_before": value for name, value in then.items()},
        "change": now["points"] - then["points"],
        "by_conversion": [
            {"id": name, "now": named_now[name], "before": named_then[name]}
            for name in conversions
            if named_now[name] or named_then[name]
        ],
        "awake_at": back[-1][0] if back else None,
        "silent_since": back[-1][1] if back else None,
        "awake": bool(back) and back[-1][0] >= begins,
        "activities_7d": counts[0] if unusual else 0,
        "usual_7d": fmean(habit) if unusual else None,
        "unusual": unusual,
    }


def _theirs(rows: Sequence[Row], as_of: datetime) -> list[Row]:
    """What a person did up to a time, without a machine's doing."""
    past = [row for row in rows if row["occurred_at"] <= as_of]
    machine = noise(past)
    return [row for row in past if row["type"] in THEIRS and row["activity_id"] not in machine]


def _earned(person: Row, rows: Sequence[Row], as_of: datetime) -> list[tuple[datetime, int]]:
    """The points for what a person did, and when each was earned."""
    life = live(person, rows, as_of)
    assert life is not None
    return [(at, points) for at, rule, points in life.lines if rule not in {"source", "inactivity"}]


def _figures(
    earned: Sequence[tuple[datetime, int]],
    theirs: Sequence[tuple[Row, list[Row]]],
    span: tuple[datetime, datetime],
    conversions: Conversions,
) -> dict[str, Any]:
    begins, ends = span

    def lies(moment: datetime) -> bool:
        return begins <= moment < ends

    acts = [row for _, rows in theirs for row in rows if lies(row["occurred_at"])]
    visits = 0
    for _, rows in theirs:
        begun: dict[str, datetime] = {}
        for row in rows:
            if row["type"] == "page_view" and row.get("visit_id") is not None:
                visit = row["visit_id"]
                begun[visit] = min(begun.get(visit, row["occurred_at"]), row["occurred_at"])
        visits += sum(map(lies, begun.values()))
    return {
        "points": sum(points for at, points in earned if lies(at)),
        "people": sum(any(lies(row["occurred_at"]) for row in rows) for _, rows in theirs),
        "activities": len(acts),
        "visits": visits,
        "downloads": sum(row["type"] == "content_download" for row in acts),
        "conversions": sum(
            any(is_it(row) for is_it in conversions.values()) if conversions else row["type"] in SENDS for row in acts
        ),
        "named": {name: sum(map(is_it, acts)) for name, is_it in conversions.items()},
    }
