"""All features together, told of one person at a moment: the plain references of the parts, one asking the other.

Written from the requirements and docs/rules.md. When somebody was recycled comes from recycle_reference, scores from
score_options_reference, what follows from qualify_reference; lines, named events, lead times, screening, silence before
an activity and what holds a follow-up back are told here. What nobody dates (attributes, the grade, the lead time, a
line's score) is as it is now, also in the past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.life_reference import Past, crm_at, deals_at
from tests.reference.qualify_reference import Person, Verdict, _Story, truth
from tests.reference.recycle_reference import Fate, fate
from tests.reference.recycle_reference import Person as Lost
from tests.reference.score_options_reference import Told, live

Row = Mapping[str, Any]
Rules = Mapping[str, Any]
UNREACHABLE = 1 << 40


@dataclass(frozen=True)
class Known:
    """A person with all that nobody dates; the grade is what the engine gave, `agreed` is "not before" on the record.

    `until` is the time asked about; answers have `day` and `next_term` as recycle_reference wants them.
    """

    past: Past
    until: datetime
    close_reason: str | None = None
    agreed: date | None = None

    @property
    def row(self) -> Row:
        return self.past.person.row


@dataclass(frozen=True)
class Whole:
    """What is said of a person at a time."""

    told: Told
    verdict: Verdict
    recycled_at: datetime | None
    approach: bool | None
    lines: Mapping[str, Told]


def tell(rules: Rules, known: Known, now: datetime, present: Whole | None = None) -> Whole | None:
    """What the rules say of a person at a moment up to `known.until`; None for one who is not known yet.

    `present`: what they say at `known.until`, for a moment before it.
    """
    if known.row["created_at"] > now:
        return None
    past, one = known.past, segment(rules, known)
    status, lost_at = crm_at(past, now)
    ending = _fate(rules, known, one, status, now)
    due = ending.due_at if ending else None
    recycled = due if due is not None and due <= now else None
    threshold = (one or {}).get("hot_at_least") or rules["scoring"]["hot"]["at_least"]
    screened = rules["screened"] is not None and truth(rules["screened"], known.row) is True
    in_run = past.run is not None and past.run[0] <= now and not screened
    person = replace(
        past.person,
        row={**known.row, "crm_status": status, "lost_at": lost_at},
        deals=deals_at(past, now),
        fit=known.row,
        open_until=past.run[1] if past.run and in_run else None,
    )
    asked = {**rules["qualify"], "threshold": UNREACHABLE if screened else threshold}
    if screened:
        asked["mql"] = None
    story = _WholeStory(rules, asked, person, now, past, (recycled, threshold, one), known.until)
    if present is not None:
        story.line_lives = present.lines
    verdict = story.verdict()
    if screened:
        verdict = replace(verdict, toss_up_ready=False)
    approach = None
    if recycled is not None and rules["second_approach"] is not None:
        approach = story.meets(rules["second_approach"], now)
    return Whole(story.told, _held(rules, known, verdict, approach, now), recycled, approach, story.line_lives)


def segment(rules: Rules, known: Known) -> Row | None:
    """The first lead time that fits a person now."""
    deals = [deal for deal in deals_at(known.past, known.until) if deal["status"] == "open"]
    for one in rules["lead_times"]:
        fits = "when" not in one or truth(one["when"], known.row) is True
        if fits and ("deal" not in one or any(truth(one["deal"], deal) is True for deal in deals)):
            return dict(one)
    return None


def _fate(rules: Rules, known: Known, one: Row | None, status: str | None, now: datetime) -> Fate | None:
    """What follows the closing that counts at a moment, by the answers that are known now."""
    if rules["recycling"] is None:
        return None
    past = known.past
    lead = {"closed_at": past.word_since if past.word == "disqualified" else None, "close_reason": known.close_reason}
    heard = [one for one in past.person.hearing if (one["value"] or "").strip()]
    lost = Lost(status, lead, deals_at(past, now), heard)
    rested = _scaled(rules["recycling"], (one or {}).get("recycle_percent") or 100)
    return fate(rested, lost, known.until, rules["scoring"]["zone"], None)


def _scaled(value: Any, percent: int) -> Any:
    """Waiting times in days, longer or shorter by the lead time; dates stay."""
    if isinstance(value, list | tuple):
        return [_scaled(one, percent) for one in value]
    if not isinstance(value, dict):
        return value
    days = {"after_days", "days", "otherwise_days"}
    return {key: each * percent / 100 if key in days else _scaled(each, percent) for key, each in value.items()}


def _held(rules: Rules, known: Known, verdict: Verdict, approach: bool | None, now: datetime) -> Verdict:
    """No follow-up begins before an agreed day or before new interest; the day counts as that of turning hot."""
    until = _agreed(rules, known, now)
    free = verdict.starts or verdict.review
    if (until is not None and until > now) or approach is False:
        free = False
    turned = max(at for at in (verdict.hot_since, until) if at is not None) if free else None
    fresh = turned is not None and turned >= now - timedelta(days=rules["qualify"]["fresh_days"])
    return replace(verdict, starts=free and fresh, review=free and not fresh)


def _agreed(rules: Rules, known: Known, now: datetime) -> datetime | None:
    days = [known.agreed] if known.agreed else []
    for item in rules["not_before"] or ():
        said = [one for one in known.past.person.hearing if one["item"] == item and (one["value"] or "").strip()]
        said = [one for one in said if one["at"] is None or one["at"] <= now]
        latest = max(said, key=lambda one: one["at"] or datetime.min.replace(tzinfo=UTC), default=None)
        if latest and latest["day"]:
            days.append(latest["day"])
    zone = ZoneInfo(rules["scoring"]["zone"])
    return datetime.combine(max(days), time(), zone).astimezone(UTC) if days else None


class _WholeStory(_Story):
    """One person's life up to a moment, told with every option."""

    def __init__(
        self,
        whole: Rules,
        asked: Rules,
        person: Person,
        now: datetime,
        past: Past,
        facts: tuple[datetime | None, int, Row | None],
        until: datetime,
    ) -> None:
        super().__init__({**asked, "recycle": None}, person, now, past.stages)
        self.whole, self.until = whole, until
        self.recycled, threshold, self.own = facts
        hot = {**whole["scoring"]["hot"], "at_least": threshold}
        told = live({**whole["scoring"], "recycle": 0, "hot": hot}, self._as_lost(), person.activities, now)
        assert told is not None
        self.told = told
        self.earned = [
            (at, rule, points) for at, rule, points, _ in told.lines if rule not in {"source", "inactivity", "floor"}
        ]

    def _as_lost(self) -> Row:
        """The person as the reference of the score wants it: lost at the very moment of being recycled."""
        return {
            **self.person.row,
            "crm_status": "lost" if self.recycled is not None else None,
            "lost_at": self.recycled,
        }

    @cached_property
    def running(self) -> tuple[int, datetime | None]:
        return self.told.deciding, self.told.crossed

    @cached_property
    def line_lives(self) -> Mapping[str, Told]:
        """The life of each line of which the person did anything, since being recycled if so."""
        return {
            line["id"]: told for line in self.whole["lines"] if (told := self._line(line, self.recycled)) is not None
        }

    def _line(self, line: Rules, since: datetime | None) -> Told | None:
        did = [row for row in self.did if row["product"] == line["product"]]
        did = [row for row in did if since is None or row["occurred_at"] > since]
        if not did:
            return None
        rules = {**self.whole["scoring"], "source": {}, "recycle": None}
        if line["rules"] is not None:
            for part in ("behaviour", "visits", "weeks"):
                rules[part] = [rule for rule in rules[part] if rule["id"] in line["rules"]]
            groups = [{**one, "rules": [r for r in one["rules"] if r in line["rules"]]} for one in rules["groups"]]
            rules["groups"] = [one for one in groups if one["rules"]]
        born = min(row["occurred_at"] for row in did)
        return live(rules, {"created_at": born, "title": None}, did, self.as_of)

    def own_line(self) -> str | None:
        """The line in which the person stands highest, if above 0; of equals the first of the file."""
        scores = {name: told.score for name, told in self.line_lives.items()}
        best = max(scores.values(), default=0)
        names = [line["id"] for line in self.whole["lines"]]
        return next((name for name in names if best > 0 and scores.get(name) == best), None)

    def holds(self, claim: Rules, now: datetime) -> bool:
        if "lead_time" in claim:
            return self.own is not None and bool(self.own["id"] == claim["lead_time"])
        if "line" in claim:
            figure = self._figure(claim)
            return bool(figure >= claim["score"]) if "score" in claim else bool(figure <= claim["score_at_most"])
        if "conversion" in claim:
            tree = next(one["tree"] for one in self.whole["conversions"] if one["id"] == claim["conversion"])
            return super().holds({**claim, "activity": tree}, now)
        if "after_silence_days" in claim:
            return self._awoken(claim, now)
        return super().holds(claim, now)

    def _figure(self, claim: Rules) -> int:
        told = self.line_lives.get(claim["line"])
        days = claim.get("within_days")
        if told is None or days is None:
            return told.score if told else 0
        begin = self.until - timedelta(days=days)
        return sum(line[2] for line in told.lines if line[0] > begin and line[1] not in {"inactivity", "floor"})

    def _awoken(self, claim: Rules, now: datetime) -> bool:
        """So many activities of the kind, each after so long a silence."""
        days = claim.get("within_days")
        begin = now - timedelta(days=days) if days else datetime.min.replace(tzinfo=UTC)
        times = 0
        for row in self.did:
            at = row["occurred_at"]
            earlier = max((one["occurred_at"] for one in self.did if one["occurred_at"] < at), default=self.created)
            quiet = at - earlier >= timedelta(days=claim["after_silence_days"])
            counts = begin < at <= now and (self.recycled is None or at > self.recycled)
            times += quiet and counts and truth(claim["activity"], row) is True
        return bool(times >= claim.get("at_least", 1))

    def _toss_up(self) -> tuple[list[str], list[str], int, bool]:
        toss_up = self.rules["toss_up"]
        if not toss_up:
            return [], [], 0, False
        met = [one["id"] for one in toss_up["criteria"] if self.meets(one, self.as_of)]
        unmet = [one["id"] for one in toss_up["criteria"] if one["id"] not in met]
        part = next((part for part in toss_up["segments"] if self._fits(part)), toss_up)
        return met, unmet, part["required"], len(met) >= part["required"] and set(part["needed"]) <= set(met)

    def _fits(self, part: Rules) -> bool:
        fits = part.get("when") is None or truth(part["when"], self.person.fit) is True
        return fits and (part.get("line") is None or self.own_line() == part["line"])
