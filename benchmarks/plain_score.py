"""The same scores by a loop in plain Python: people one by one, what they did one by one, rule by rule.

It knows what the shipped rules use (points, once a content, visits, weeks, bands of silence, noise), and refuses
others, so that it never counts less work than the engine does. Its scores are held against the engine's.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlglot
from sqlglot import exp

from connector.rules.scoring import Scoring
from connector.store.database import Store

Row = Mapping[str, Any]
Test = Callable[[Row], bool | None]
_ACT = ("activity_id", "occurred_at", "type", "content", "theme", "url", "visit_id", "product")
_PERSON = ("person_id", "created_at", "source", "title", "department", "email")
_DAY = timedelta(days=1)


def plain_scores(store: Store, scoring: Scoring, as_of: datetime, sample: int) -> float:
    """Seconds for so many people, reading their rows apart. SystemExit where a score differs from the engine's."""
    caps = [rule.cap for rule in scoring.behaviour] + [rule.cap for rule in scoring.visits]
    if scoring.groups or scoring.floor or any([*caps, *(rule.cap for rule in scoring.weeks)]):
        raise SystemExit("plain_score.py knows no caps, groups and floors: teach it, or measure other rules.")
    people = _rows(store, _PERSON, "SELECT {} FROM people JOIN sampled USING (person_id)", sample)
    did = defaultdict(list)
    for row in _rows(store, ("person_id", *_ACT), "SELECT {} FROM activities JOIN sampled USING (person_id)", sample):
        did[row["person_id"]].append(row)
    wanted = dict(store.run("SELECT person_id, score FROM scored JOIN sampled USING (person_id)"))
    rules = _Rules(scoring)
    started = time.perf_counter()
    found = {one["person_id"]: rules.score(one, did[one["person_id"]], as_of) for one in people}
    seconds = time.perf_counter() - started
    wrong = [person for person, score in found.items() if wanted[person] != score]
    if wrong:
        raise SystemExit(
            f"{len(wrong)} of {sample} scores differ: {[(one, found[one], wanted[one]) for one in wrong[:3]]}"
        )
    return seconds


def _rows(store: Store, names: Sequence[str], sql: str, sample: int) -> list[dict[str, Any]]:
    store.run(
        "CREATE OR REPLACE TEMP TABLE sampled AS SELECT person_id FROM people ORDER BY hash(person_id) LIMIT $count",
        {"count": sample},
    )
    return [dict(zip(names, row, strict=True)) for row in store.run(sql.format(", ".join(names)))]


class _Rules:
    """The rules as functions, read once."""

    def __init__(self, scoring: Scoring) -> None:
        self._scoring = scoring
        self._zone = ZoneInfo(scoring.time_zone)
        self._types = frozenset(scoring.activity_types)
        self._source = [(_test(rule.when.sql), rule.points) for rule in scoring.source]
        self._behaviour = [(_test(rule.when.sql), rule.points, rule.once_per, rule.id) for rule in scoring.behaviour]

    def score(self, person: Row, did: Iterable[Row], as_of: datetime) -> int:
        """The score of one person as of a time, walking through what the person did."""
        latest = as_of.astimezone(UTC).replace(tzinfo=None)
        acts = sorted((one for one in did if one["occurred_at"] <= latest), key=lambda one: one["occurred_at"])
        noise = self._noise(acts)
        acts = [one for one in acts if one["type"] in self._types and one["activity_id"] not in noise]
        earned = self._earned(acts)
        earned.append((person["created_at"], sum(points for test, points in self._source if test(person)), False))
        return self._lived(sorted(earned, key=lambda one: one[0]), latest)

    def _noise(self, acts: Sequence[Row]) -> set[str]:
        found = self._bursts([one for one in acts if one["type"] == "email_click"])
        quick = self._scoring.noise.open_within_seconds_of_sending
        sent = [(one["content"], one["occurred_at"]) for one in acts if one["type"] == "email_sent"]
        for one in acts if quick is not None else ():
            if one["type"] == "email_open" and any(
                content == one["content"] and timedelta(0) <= one["occurred_at"] - at <= timedelta(seconds=quick or 0)
                for content, at in sent
            ):
                found.add(one["activity_id"])
        return found

    def _bursts(self, clicks: Sequence[Row]) -> set[str]:
        burst = self._scoring.noise.clicks
        if burst is None:
            return set()
        found: set[str] = set()
        for place in range(len(clicks) - burst.at_least + 1):
            some = clicks[place : place + burst.at_least]
            if some[-1]["occurred_at"] - some[0]["occurred_at"] <= timedelta(seconds=burst.within_seconds):
                found.update(one["activity_id"] for one in some)
        return found

    def _earned(self, acts: Sequence[Row]) -> list[tuple[datetime, int, bool]]:
        """(when, points, whether it is an activity) of all that earns points or restarts the clock."""
        earned, once = [], set()
        pages: dict[str, list[datetime]] = defaultdict(list)
        for act in acts:
            points = 0
            for test, worth, once_per, rule in self._behaviour:
                if not test(act):
                    continue
                if once_per:
                    if (rule, act["content"]) in once:
                        continue
                    once.add((rule, act["content"]))
                points += worth
            earned.append((act["occurred_at"], points, True))
            if act["type"] == "page_view" and act["visit_id"] is not None:
                pages[act["visit_id"]].append(act["occurred_at"])
        for visit in self._scoring.visits:
            earned += [(at[visit.pages - 1], visit.points, False) for at in pages.values() if len(at) >= visit.pages]
        for week in self._scoring.weeks:
            begun = defaultdict(list)
            for at in sorted(times[0] for times in pages.values()):
                day = at.replace(tzinfo=UTC).astimezone(self._zone).date()
                begun[day - day.weekday() * _DAY].append(at)
            earned += [(at[week.visits - 1], week.points, False) for at in begun.values() if len(at) >= week.visits]
        return earned

    def _lived(self, earned: Sequence[tuple[datetime, int, bool]], latest: datetime) -> int:
        """Points one after the other, and what silence takes between them."""
        inactivity = self._scoring.inactivity
        score, clock, place = 0, earned[0][0], 0
        month = timedelta(days=inactivity.every_days if inactivity else 30)
        due = clock + month
        while place < len(earned) or due <= latest:
            if inactivity and (place == len(earned) or due <= earned[place][0]):
                if due > latest:
                    break
                score += next((band.points for band in inactivity.bands if score >= band.at_least), 0)
                due += month
                continue
            if place == len(earned):
                break
            at, points, is_act = earned[place]
            score += points
            if is_act:
                due = at + month
            place += 1
        return score


def _test(sql: str) -> Test:
    """A condition as a function of a row."""
    return _function(sqlglot.parse_one(sql, read="duckdb"))


def _function(node: exp.Expr) -> Test:
    if isinstance(node, exp.Paren):
        return _function(node.this)
    if isinstance(node, exp.And):
        left, right = _function(node.this), _function(node.expression)
        return lambda row: left(row) and right(row)
    if isinstance(node, exp.Or):
        left, right = _function(node.this), _function(node.expression)
        return lambda row: left(row) or right(row)
    if isinstance(node, exp.EQ) and isinstance(node.this, exp.Column):
        name, value = node.this.name, node.expression.this
        return lambda row: row[name] == value
    if isinstance(node, exp.In) and isinstance(node.this, exp.Column):
        name, values = node.this.name, frozenset(one.this for one in node.expressions)
        return lambda row: row[name] in values
    raise SystemExit(f"plain_score.py cannot read {node.sql()}: teach it, or measure other rules.")
