"""What is scored and counted apart, told plainly: lines, conversions and accounts, one person and one row at a time.

Written from the requirements (SC-4, SC-9, SC-11 and the decided defaults) and docs/rules.md, on purpose without
anything of the engine. Points, noise and penalties are those of score_reference; conditions are plain functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.reference.score_reference import MONTH, THEIRS, awards, noise, penalty

DAY = timedelta(days=1)

Row = Mapping[str, Any]
Test = Callable[[Row], bool]


@dataclass(frozen=True)
class LineRule:
    """A line: what is of it, the rules that give points for it (None: all), and from which score on it is hot."""

    of: Test
    rules: Collection[str] | None = None
    hot: int | None = None


@dataclass(frozen=True)
class AccountRule:
    """How people make an account; `roles`: (id, whether a person plays it, percent), the first that fits counts."""

    active_days: int = 30
    cap: int = 65
    most_people: int | None = None
    roles: Sequence[tuple[str, Test, int]] = ()
    hot_score: int = 100
    hot_people: int = 2
    hot_roles: Sequence[str] = ()


def theirs(rows: Sequence[Row], as_of: datetime) -> list[Row]:
    """What a person did up to a time, without a machine's doing, in the order of time."""
    past = [row for row in rows if row["occurred_at"] <= as_of]
    machine = noise(past)
    kept = [row for row in past if row["type"] in THEIRS and row["activity_id"] not in machine]
    return sorted(kept, key=lambda row: row["occurred_at"])


def line(
    rule: LineRule, rows: Sequence[Row], as_of: datetime, recycled: datetime | None = None
) -> dict[str, Any] | None:
    """One person's figures of a line as the engine calls them; None for one who did nothing of it."""
    did = [row for row in theirs(rows, as_of) if rule.of(row) and (recycled is None or row["occurred_at"] > recycled)]
    if not did:
        return None
    earned = [(at, points) for at, name, points in awards(did) if rule.rules is None or name in rule.rules]
    moments = sorted({row["occurred_at"] for row in did})
    score, clock, crossed = 0, moments[0], None
    for now in sorted({*moments, as_of}):
        while clock + MONTH <= now:
            clock += MONTH
            score += penalty(score)
        before = score
        score += sum(points for at, points in earned if at == now)
        if rule.hot is not None and before < rule.hot <= score:
            crossed = now
        if now in moments:
            clock = now
    behaviour = sum(points for _, points in earned)
    hot = None if rule.hot is None else score >= rule.hot
    return {
        "score": score,
        "score_behaviour": behaviour,
        "score_inactivity": score - behaviour,
        "activities": len(did),
        "first_at": moments[0],
        "last_at": moments[-1],
        **{f"window_{days}d": _within(earned, as_of, days) for days in (7, 30)},
        "hot": hot,
        "crossed_at": crossed if hot else None,
    }


def conversion(is_it: Test, rows: Sequence[Row], as_of: datetime) -> dict[str, Any] | None:
    """How often a named event happened, and when; None where it never did."""
    times = [row["occurred_at"] for row in theirs(rows, as_of) if is_it(row)]
    if not times:
        return None
    return {
        "times": len(times),
        **{f"last_{days}d": sum(as_of - days * DAY < at for at in times) for days in (1, 7, 30)},
        "first_at": times[0],
        "last_at": times[-1],
    }


def account(rule: AccountRule, people: Sequence[tuple[Row, int, datetime | None]], as_of: datetime) -> dict[str, Any]:
    """An account at a time. `people`: each one's row, deciding score, and last activity."""
    played: Counter[str] = Counter()
    brought: list[tuple[bool, int]] = []
    for row, score, last in people:
        if row.get("crm_status") == "disqualified":
            continue
        role, percent = next(((name, percent) for name, plays, percent in rule.roles if plays(row)), (None, 100))
        active = last is not None and last > as_of - rule.active_days * DAY
        brought.append((active, min(max(score, 0) * percent // 100, rule.cap)))
        if active and role:
            played[role] += 1
    active_people = sum(active for active, _ in brought)
    if rule.most_people is None:
        score = sum(points for _, points in brought)
    else:
        score = sum(sorted((points for active, points in brought if active), reverse=True)[: rule.most_people])
    lacks = ["score"] * (score < rule.hot_score) + ["people"] * (active_people < rule.hot_people)
    lacks += [f"role:{name}" for name in rule.hot_roles if not played[name]]
    return {
        "people": len(people),
        "active_people": active_people,
        "roles": [{"id": name, "people": count} for name, count in sorted(played.items())],
        "score": score,
        "hot": not lacks,
        "hot_lacks": lacks,
    }


def _within(earned: Sequence[tuple[datetime, int]], as_of: datetime, days: int) -> int:
    return sum(points for at, points in earned if at > as_of - days * DAY)
