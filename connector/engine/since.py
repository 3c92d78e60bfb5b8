"""since: since when what hot requires beside the score has been there without a break (LC-1, SC-6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose
from connector.engine.moments import DAY_US, microseconds
from connector.rules.lifecycle import Claim, Lifecycle

_FILE = "since"
FOR_EVER = 4_000_000 * DAY_US
"""Microseconds that no moment and no window reaches: what is not limited in time."""


def open_since(life: Lifecycle, claims: Mapping[Claim, str], acceptable: str, as_of: datetime, run: Run) -> None:
    """Makes the temporary table `open_since(person_id, since)`, `since` in microseconds since 1970.

    A person is in it for whom something holds now that began at a known moment. Claims about activities, answers and
    points in a window begin and end at known moments; of the others (`dated`) nobody knows since when they hold, so
    that they count as having held always. Reads counted_activities, heard_ever, earned_points, scored and claimed;
    `claims` are the columns of the claims in them, and `acceptable` is SQL for whether an answer counts.
    """
    groups = [group for one in life.hot.requires for group in (*((claim,) for claim in one.all), one.any)]
    told = [group for group in groups if any(dated(claim) for claim in group)]
    needed = dict.fromkeys(claim for group in told for claim in group)
    spans = [_spans(claim, claims[claim], acceptable) for claim in needed]
    rows = [f"({number}, '{claims[claim]}')" for number, group in enumerate(told) for claim in group]
    holes = {"spans": "\nUNION ALL\n".join(spans), "groups": ", ".join(rows), "for_ever": FOR_EVER}
    statement = compose(_FILE, "open_since", **holes) if told else compose(_FILE, "always")
    run(statement, {"now": microseconds(as_of)} if told else {})


def dated(claim: Claim) -> bool:
    """Whether it is known since when a claim holds."""
    return claim.in_window or claim.about in {"activity", "active_within_days", "hearing"}


def _spans(claim: Claim, column: str, acceptable: str) -> str:
    """SQL for the spans of time in which a claim held of whom."""
    days = claim.active_within_days or claim.within_days
    window = days * DAY_US if days else 2 * FOR_EVER
    if claim.hearing is not None:
        condition = f"({acceptable}) AND ({claim.hearing.sql})"
        return compose(_FILE, "answered", claim=column, met=condition, window=window, for_ever=FOR_EVER)
    if claim.in_window:
        met = f"points >= {claim.score}" if claim.score is not None else f"points <= {claim.score_at_most}"
        return compose(_FILE, "earned", claim=column, met=met, window=window, for_ever=FOR_EVER)
    if dated(claim):
        return compose(_FILE, "did", claim=column, met=column, count=claim.at_least, window=window)
    return compose(_FILE, "undated", claim=column, for_ever=FOR_EVER)
