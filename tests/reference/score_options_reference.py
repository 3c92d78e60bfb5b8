"""A score with every option, told as a story: a clock runs through one person's life, event by event.

Written from docs/rules.md (SC-1..4, SC-6, SC-8) and on purpose without anything of the connector. Rules are plain dicts
as a YAML file would hold them, save that a rule of behaviour asks for a `type`, and for a `theme` if it has one. What
caps let through, which rule of a group pays, when a month ends and when a window rises is found by walking.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.score_reference import THEIRS, noise

Row = Mapping[str, Any]
Rules = Mapping[str, Any]
Line = tuple[datetime, str, int, int]
"""When, by which rule, what was given, and what would have been given without caps."""
Gain = tuple[Rules, str, int]
"""A rule that would pay, what its award is about, and how much."""


@dataclass(frozen=True)
class Told:
    """What the story ends with at the time asked about."""

    score: int
    source: int
    behaviour: int
    inactivity: int
    floor: int
    deciding: int
    crossed: datetime | None
    windows: tuple[int, ...]
    activities: int
    lines: tuple[Line, ...]


@dataclass
class _Walk:
    """One way through a life: the score so far, the clock of silence, and the last rise of what decides."""

    rules: Rules
    extra: int
    score: int = 0
    clock: datetime | None = None
    months: int = 0
    begun: datetime | None = None
    over: bool = False
    crossed: datetime | None = None
    taken: list[Line] = field(default_factory=list)

    def silence(self, until: datetime) -> None:
        """Takes what is due up to a moment, the moment itself included."""
        rule = self.rules["inactivity"]
        while rule and self.clock is not None and (due := month_end(self.rules, self.clock, self.months + 1)) <= until:
            self.months += 1
            points = next((points for at_least, points in rule["bands"] if self.score >= at_least), 0)
            self.score += points
            self.taken.append((due, "inactivity", points, points))
            self.look(due, self.score)

    def look(self, now: datetime, points: int) -> None:
        """Notes a rise of the score that decides."""
        over = self.decides(now, points) >= self.rules["hot"]["at_least"]
        if over and not self.over:
            self.crossed = now
        self.over = over

    def decides(self, now: datetime, points: int) -> int:
        floor = self.rules["floor"]
        shown = points if floor is None else max(points, floor)
        return shown + (self.extra if self.begun is not None and self.begun <= now else 0)


def live(rules: Rules, person: Row, rows: Sequence[Row], as_of: datetime) -> Told | None:
    """The life of one person up to and including `as_of`; None for one who is not known yet."""
    created = person["created_at"]
    if created > as_of:
        return None
    past = [row for row in rows if row["occurred_at"] <= as_of]
    machine = noise(past)
    did = [row for row in past if row["type"] in THEIRS and row["activity_id"] not in machine]
    paid = _paid(rules, did)
    source = rules["source"].get(person.get("source"), 0)
    came = (created, "source", source, source)
    whole = _walk(rules, person, did, [*paid, came], created, as_of)
    again = _recycled(rules, person, as_of)
    own, decisive = paid, whole
    if again is not None:
        later = [row for row in did if row["occurred_at"] > again]
        own = [line for line in paid if line[0] > again]
        decisive = _walk(rules, person, later, own, again, as_of)
    deciding, crossed = _decided(rules, decisive, own, as_of)
    shown = whole.score if rules["floor"] is None else max(whole.score, rules["floor"])
    lift = shown - whole.score
    lines = [*paid, *whole.taken, came, (as_of, "floor", lift, lift)]
    return Told(
        score=shown,
        source=source,
        behaviour=sum(line[2] for line in paid),
        inactivity=sum(line[2] for line in whole.taken),
        floor=lift,
        deciding=deciding,
        crossed=crossed,
        windows=tuple(sum(line[2] for line in paid if line[0] > as_of - timedelta(days=n)) for n in (1, 7, 30)),
        activities=len(did),
        lines=tuple(sorted(line for line in lines if line[2] or line[3])),
    )


def _recycled(rules: Rules, person: Row, as_of: datetime) -> datetime | None:
    if rules["recycle"] is None or person.get("crm_status") != "lost" or person.get("lost_at") is None:
        return None
    at: datetime = person["lost_at"] + timedelta(days=rules["recycle"])
    return at if at <= as_of else None


def _walk(
    rules: Rules, person: Row, did: Sequence[Row], points: Sequence[Line], born: datetime, as_of: datetime
) -> _Walk:
    """A life from its beginning: penalties first, then what happens at one instant together."""
    extra = sum(points for title, points in rules["attributes"] if person.get("title") == title)
    walk = _Walk(rules, extra if rules["hot"]["with_attributes"] else 0)
    acts = {row["occurred_at"] for row in did}
    for now in sorted({*acts, born, as_of}):
        walk.silence(now)
        walk.score += sum(line[2] for line in points if line[0] == now)
        if now in acts or (now == born and walk.clock is None):
            walk.clock, walk.months = now, 0
        if now in acts and walk.begun is None:
            walk.begun = now
        walk.look(now, walk.score)
    return walk


def _decided(rules: Rules, walk: _Walk, own: Sequence[Line], as_of: datetime) -> tuple[int, datetime | None]:
    """The score that decides, and its last rise to the threshold if it is there."""
    days = rules["hot"]["within_days"]
    if days is None:
        return walk.decides(as_of, walk.score), walk.crossed if walk.over else None
    length = timedelta(days=days)
    story = _Walk(rules, walk.extra, begun=walk.begun)
    moments = {line[0] for line in own} | {line[0] + length for line in own} | {walk.begun or as_of, as_of}
    points = 0
    for now in sorted(at for at in moments if at <= as_of):
        points = sum(line[2] for line in own if now - length < line[0] <= now)
        story.look(now, points)
    return story.decides(as_of, points), story.crossed if story.over else None


def month_end(rules: Rules, clock: datetime, count: int) -> datetime:
    """When the month of that count since the clock ends."""
    rule = rules["inactivity"]
    if rule["month"] == "days":
        return clock + count * timedelta(days=rule["every_days"])
    zone = ZoneInfo(rules["zone"])
    local = clock.astimezone(zone).replace(tzinfo=None)
    year, month = divmod(local.year * 12 + local.month - 1 + count, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    there = local.replace(year=year, month=month + 1, day=day)
    return max(there.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _paid(rules: Rules, did: Sequence[Row]) -> list[Line]:
    """What the activities that count are paid, cut by the caps as one goes along."""
    paid: list[Line] = []
    given: dict[tuple[object, ...], int] = defaultdict(int)
    story = _Behaviour(rules)
    ordered = sorted(did, key=lambda row: (row["occurred_at"], row["activity_id"]))
    for now, rows in groupby(ordered, key=lambda row: row["occurred_at"]):
        gains = sorted(story.gains(now, list(rows)), key=lambda gain: (gain[0]["id"], gain[1]))
        held = [
            (rule, about, points, _let(rules, given, rule, rule["id"], now, points)) for rule, about, points in gains
        ]
        for rule, _about, points, own in sorted(held, key=lambda one: (_place(rules, one[0]), one[1])):
            group = _group(rules, rule)
            left = own if group is None else _let(rules, given, group, (group["id"], own > 0), now, own)
            paid.append((now, rule["id"], left, points))
    return paid


def _let(
    rules: Rules, given: dict[tuple[object, ...], int], holder: Rules, key: object, now: datetime, points: int
) -> int:
    """What a cap lets through of so many points."""
    if holder["cap"] is None:
        return points
    most, per = holder["cap"]
    period = (key, _period(rules["zone"], now, per))
    left: int = min(abs(points), most - given[period])
    given[period] += left
    return left if points > 0 else -left


def _period(zone: str, now: datetime, per: str) -> date | None:
    day = now.astimezone(ZoneInfo(zone)).date()
    if per == "ever":
        return None
    if per == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if per == "month" else day


def _group(rules: Rules, rule: Rules) -> Rules | None:
    return next((group for group in rules["groups"] if rule["id"] in group["rules"]), None)


def _place(rules: Rules, rule: Rules) -> int:
    group = _group(rules, rule)
    return group["rules"].index(rule["id"]) if group else 0


class _Behaviour:
    """What was seen so far: contents, pages of visits, visits of weeks."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.contents: set[tuple[str, object]] = set()
        self.pages: dict[str, int] = defaultdict(int)
        self.begun: list[datetime] = []
        self.weeks: dict[str, set[object]] = defaultdict(set)
        self.paid_at: dict[str, datetime] = {}

    def gains(self, now: datetime, rows: Sequence[Row]) -> Iterator[Gain]:
        """What would be paid for the activities of one instant, without caps."""
        before = dict(self.pages)
        for row in rows:
            yield from self._singly(row)
            if row["type"] == "page_view" and row.get("visit_id") is not None:
                self.pages[row["visit_id"]] += 1
        for visit, pages in self.pages.items():
            for rule in self.rules["visits"]:
                if before.get(visit, 0) < rule["pages"] <= pages:
                    yield rule, visit, rule["points"]
        fresh = len(self.pages) - len(before)
        self.begun += [now] * fresh
        if fresh:
            yield from self._weekly(now)

    def _singly(self, row: Row) -> Iterator[Gain]:
        fitting = [
            rule
            for rule in self.rules["behaviour"]
            if rule["type"] == row["type"] and rule["theme"] in (None, row.get("theme"))
        ]
        for rule in fitting:
            if not self._goes_first(rule, fitting):
                continue
            if not rule["once"]:
                yield rule, row["activity_id"], rule["points"]
            elif (rule["id"], row.get("content")) not in self.contents:
                self.contents.add((rule["id"], row.get("content")))
                yield rule, row.get("content") or "", rule["points"]

    def _goes_first(self, rule: Rules, fitting: Sequence[Rules]) -> bool:
        group = _group(self.rules, rule)
        if group is None or group["exclusive"] is None:
            return True
        rivals = sorted(
            (one for one in fitting if one["id"] in group["rules"]), key=lambda one: _place(self.rules, one)
        )
        if group["exclusive"] == "first":
            return bool(rivals[0] is rule)
        most = max(one["points"] for one in rivals)
        return next(one for one in rivals if one["points"] == most) is rule

    def _weekly(self, now: datetime) -> Iterator[Gain]:
        for rule in self.rules["weeks"]:
            days = rule["rolling"]
            if days is None:
                week = _period(self.rules["zone"], now, "week")
                count = sum(_period(self.rules["zone"], at, "week") == week for at in self.begun)
                if count >= rule["visits"] and week not in self.weeks[rule["id"]]:
                    self.weeks[rule["id"]].add(week)
                    yield rule, "", rule["points"]
                continue
            length = timedelta(days=days)
            last = self.paid_at.get(rule["id"])
            if sum(at > now - length for at in self.begun) >= rule["visits"] and (last is None or now >= last + length):
                self.paid_at[rule["id"]] = now
                yield rule, "", rule["points"]
