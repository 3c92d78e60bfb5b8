"""What qualifies whom, told as a story: which claims are so of one person at a moment, and what follows from them.

Written from the requirements (SC-4, SC-6, SC-7, LC-1..3, TU-1, RC-3 and the decided defaults) and docs/rules.md, and
on purpose without anything of the connector: rules are plain dicts as a YAML file would hold them, save that their
conditions are small trees such as ("and", ("=", "title", "CTO"), ("null", "value")); three-valued logic is spelled
out. Since when somebody is hot is found by walking through all moments at which anything can change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from tests.reference.score_reference import MONTH, SOURCES, THEIRS, awards, noise, penalty

LETTERS = ("F", "D-", "D", "D+", "C-", "C", "C+", "B-", "B", "B+", "A-", "A", "A+")
FROM_THE_CRM = ("opportunity", "won", "lost", "disqualified")

Row = Mapping[str, Any]
Tree = tuple[Any, ...]
Rules = Mapping[str, Any]


def truth(tree: Tree, row: Row) -> bool | None:
    """SQL's three values of a condition about a row; None is unknown."""
    word, *parts = tree
    if word in {"and", "or"}:
        left, right = (truth(part, row) for part in parts)
        deciding = bool(word == "or")
        if deciding in (left, right):
            return deciding
        return None if None in (left, right) else not deciding
    if word == "not":
        inner = truth(parts[0], row)
        return None if inner is None else not inner
    value = row.get(parts[0])
    if word == "null":
        return value is None
    return None if value is None else _compared(word, value, parts[1])


def _compared(word: str, value: Any, other: Any) -> bool:
    if word in {"=", "<>"}:
        return bool(value == other) is (word == "=")
    if word in {">=", "<"}:
        return bool(value >= other) is (word == ">=")
    return bool(value in other) if word == "in" else other in value


@dataclass(frozen=True)
class Verdict:
    """What is said of a person at a time."""

    deciding: int
    stage: str
    hot_since: datetime | None
    starts: bool
    review: bool
    hot_lacks: list[str]
    heard: list[str]
    acceptable: list[str]
    buying_stage: str | None
    mql_rules: list[str]
    is_mql: bool
    is_sql: bool
    bant_missing: list[str]
    toss_up_met: list[str]
    toss_up_missing: list[str]
    toss_up_required: int
    toss_up_ready: bool


@dataclass(frozen=True)
class Person:
    """All that is known of one person.

    `fit` is the person with the company and `grade` a letter, both as of now; hearing rows have item, value and at,
    or no at where nobody knows when. `open_until` is the last moment of a run of the cadence.
    """

    row: Row
    activities: Sequence[Row]
    hearing: Sequence[Row] = ()
    deals: Sequence[Row] = ()
    fit: Row = field(default_factory=dict)
    grade: str = "D"
    open_until: datetime | None = None


def judge(rules: Rules, person: Person, as_of: datetime, stages: Mapping[str, tuple[str, int]]) -> Verdict | None:
    """What the rules say of a person at a time; None for one who is not known yet.

    `stages` are the buying stages of content, each with its rank.
    """
    if person.row["created_at"] > as_of:
        return None
    return _Story(rules, person, as_of, stages).verdict()


class _Story:
    """One person's life up to a moment."""

    def __init__(self, rules: Rules, person: Person, as_of: datetime, stages: Mapping[str, tuple[str, int]]) -> None:
        self.rules, self.person, self.as_of, self.stages = rules, person, as_of, stages
        past = [row for row in person.activities if row["occurred_at"] <= as_of]
        machine = noise(past)
        self.did = [row for row in past if row["type"] in THEIRS and row["activity_id"] not in machine]
        self.earned = awards(self.did)
        self.created: datetime = person.row["created_at"]
        self.recycled = self._recycled()

    def _recycled(self) -> datetime | None:
        rest, lost = self.rules["recycle"], self.person.row.get("lost_at")
        if rest is None or lost is None or self.person.row.get("crm_status") != "lost":
            return None
        again: datetime = lost + timedelta(days=rest)
        return again if again <= self.as_of else None

    @cached_property
    def running(self) -> tuple[int, datetime | None]:
        """The deciding score at the end, and its last rise to the threshold."""
        begins = self.recycled
        acted = {row["occurred_at"] for row in self.did if begins is None or row["occurred_at"] > begins}
        points = [(at, gained) for at, _, gained in self.earned if begins is None or at > begins]
        born = begins or self.created
        points.append((born, SOURCES.get(self.person.row.get("source") or "", 0) if begins is None else 0))
        score, crossed, clock = 0, None, None
        for now in sorted({*acted, born, self.as_of}):
            while clock is not None and clock + MONTH <= now:
                clock += MONTH
                score += penalty(score)
            before = score
            score += sum(gained for at, gained in points if at == now)
            if before < self.rules["threshold"] <= score:
                crossed = now
            if now in acted or (now == born and clock is None):
                clock = now
        return score, crossed if score >= self.rules["threshold"] else None

    def latest(self, now: datetime) -> list[Row]:
        """The answer to each item that counts at a moment: the latest; of equals, the one whose words come first."""
        best: dict[str, Row] = {}
        said = [one for one in self.person.hearing if one["value"] is not None and one["value"].strip()]
        for one in said:
            if one["at"] is not None and one["at"] > now:
                continue
            held = best.get(one["item"])
            if held is None or _order(one) < _order(held):
                best[one["item"]] = one
        return list(best.values())

    def counts(self, answer: Row) -> bool:
        """Whether an answer is acceptable: an item that nobody declared is so when it was heard at all."""
        item = next((item for item in self.rules["hearing"] if item["id"] == answer["item"]), None)
        if item is None:
            return True
        soft = {word.strip().lower() for word in item["soft"]}
        if answer["value"].strip().lower() in soft:
            return False
        return item["acceptable"] is None or truth(item["acceptable"], answer) is True

    def holds(self, claim: Rules, now: datetime) -> bool:
        """Whether a claim is so at a moment; what has no past is as it is today.

        Of what was done only that counts which was done since the person was recycled (RC-3); answers stay.
        """
        days = claim.get("within_days")
        begin = now - timedelta(days=days) if days else None

        def inside(at: datetime | None) -> bool:
            return at is not None and at <= now and (begin is None or at > begin)

        did = [row for row in self.did if self.recycled is None or row["occurred_at"] > self.recycled]
        earned = [gain for gain in self.earned if self.recycled is None or gain[0] > self.recycled]
        if "activity" in claim:
            times = sum(inside(row["occurred_at"]) and truth(claim["activity"], row) is True for row in did)
            return bool(times >= claim.get("at_least", 1))
        if "hearing" in claim:
            return any(
                self.counts(one) and truth(claim["hearing"], one) is True and (begin is None or inside(one["at"]))
                for one in self.latest(now)
            )
        if "deal" in claim:
            return any(truth(claim["deal"], deal) is True for deal in self.person.deals)
        if "attributes" in claim:
            return truth(claim["attributes"], self.person.fit) is True
        if "grade" in claim:
            return LETTERS.index(self.person.grade) >= LETTERS.index(claim["grade"])
        if "active_within_days" in claim:
            begin = now - timedelta(days=claim["active_within_days"])
            return any(inside(row["occurred_at"]) for row in did)
        figure = sum(gained for at, _, gained in earned if inside(at)) if days else self.running[0]
        return bool(figure >= claim["score"]) if "score" in claim else bool(figure <= claim["score_at_most"])

    def meets(self, requirement: Rules, now: datetime) -> bool:
        every = all(self.holds(claim, now) for claim in requirement["all"])
        return every and (not requirement["any"] or any(self.holds(claim, now) for claim in requirement["any"]))

    def since(self, requirement: Rules) -> datetime | None:
        """Since when a requirement that is met has been met without a break; None for always.

        It can begin and end only where something is done, said or leaves a window.
        """
        claims = [*requirement["all"], *requirement["any"]]
        windows = {claim.get("within_days") or claim.get("active_within_days") for claim in claims} - {None}
        moments = {row["occurred_at"] for row in self.did}
        moments |= {one["at"] for one in self.person.hearing if one["at"] is not None}
        moments |= {at + timedelta(days=days) for at in moments for days in windows}
        began = self.as_of
        for now in sorted((at for at in moments if at <= self.as_of), reverse=True):
            if not self.meets(requirement, now):
                return began
            began = now
        return None if self.meets(requirement, began - timedelta(microseconds=1)) else began

    def verdict(self) -> Verdict:
        now, rules, answers = self.as_of, self.rules, self.latest(self.as_of)
        score, crossed = self.running
        lacks = [one["id"] for one in rules["hot"] if not self.meets(one, now)]
        over = score >= rules["threshold"] and not lacks
        began = [crossed, *(self.since(one) for one in rules["hot"])] if over else []
        hot_since = max((at for at in began if at is not None), default=None)
        acceptable = sorted(one["item"] for one in answers if self.counts(one))
        mql = [rule["id"] for rule in rules["mql"]["rules"] if self.meets(rule, now)] if rules["mql"] else []
        if not rules["mql"] or self.person.row.get("source") not in rules["mql"]["sources"]:
            mql = []
        bant: Sequence[str] = rules["sql"] or ()
        missing = [item for item in bant if item not in acceptable]
        met, unmet, required, ready = self._toss_up()
        stage = self._stage(over)
        free = over and stage == "hot" and self.crm is None and not self._covered(hot_since) and self._reachable
        fresh = hot_since is not None and hot_since >= now - timedelta(days=rules["fresh_days"])
        return Verdict(
            deciding=score,
            stage=stage,
            hot_since=hot_since if self.crm is None else None,
            starts=free and fresh,
            review=free and not fresh,
            hot_lacks=lacks,
            heard=sorted(one["item"] for one in answers),
            acceptable=acceptable,
            buying_stage=self._buying_stage(),
            mql_rules=mql,
            is_mql=bool(mql),
            is_sql=bool(mql and bant and not missing),
            bant_missing=missing,
            toss_up_met=met,
            toss_up_missing=unmet,
            toss_up_required=required,
            toss_up_ready=ready,
        )

    @property
    def crm(self) -> str | None:
        status = self.person.row.get("crm_status")
        return status if status in FROM_THE_CRM and self.recycled is None else None

    @property
    def _reachable(self) -> bool:
        return not (self.person.row.get("do_not_call") and self.person.row.get("opted_out"))

    def _covered(self, hot_since: datetime | None) -> bool:
        until = self.person.open_until
        return until is not None and (until > self.as_of or (hot_since is not None and until > hot_since))

    def _stage(self, over: bool) -> str:
        if self.crm:
            return self.crm
        if over or (self.person.open_until is not None and self.person.open_until > self.as_of):
            return "hot"
        active = any(row["occurred_at"] >= self.created for row in self.did)
        return "cold" if active or self.recycled else "registered"

    def _buying_stage(self) -> str | None:
        days = self.rules["buying_days"]
        seen = [
            self.stages[row["content"]]
            for row in self.did
            if row.get("content") in self.stages
            and (days is None or row["occurred_at"] > self.as_of - timedelta(days=days))
        ]
        return max(seen, key=lambda stage: stage[1])[0] if seen else None

    def _toss_up(self) -> tuple[list[str], list[str], int, bool]:
        toss_up = self.rules["toss_up"]
        if not toss_up:
            return [], [], 0, False
        met = [one["id"] for one in toss_up["criteria"] if self.meets(one, self.as_of)]
        unmet = [one["id"] for one in toss_up["criteria"] if one["id"] not in met]
        part = next((part for part in toss_up["segments"] if truth(part["when"], self.person.fit) is True), toss_up)
        ready = len(met) >= part["required"] and set(part["needed"]) <= set(met)
        return met, unmet, part["required"], ready


def _order(answer: Row) -> tuple[float, str, bool, str]:
    """Smaller is later; an answer without a time is older than any other."""
    at, said_by = answer["at"], answer.get("said_by")
    return -at.timestamp() if at is not None else float("inf"), answer["value"], said_by is None, said_by or ""
