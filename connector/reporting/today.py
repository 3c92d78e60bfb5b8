"""Today: per rep the ranked list of whom to call and why (CD-8), and the leads that fall between the chairs (CD-6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connector.domain.running import Run
from connector.domain.vocabulary import ACTIVITY_NAMES
from connector.engine.composing import compose, quoted
from connector.engine.decide import business_calendar
from connector.engine.moments import as_column, from_column
from connector.engine.whys import Whys
from connector.reporting.presales import Candidate, Queued, candidates, queue
from connector.rules.content import Content
from connector.rules.load import RuleSet
from connector.rules.names import Name

Language = Literal["ja", "en"]
_FILE = "today"
_CALL = (
    "person_id", "name", "company", "record", "score", "grade", "place", "owner", "owner_name", "owner_active",
    "purpose", "channel", "due", "ask", "content", "asked_at", "asked_by", "step", "cadence", "toss_up_met",
    "toss_up_required", "hot_since", "last_at", "last_type", "task", "why_id", "why_parts",
)  # fmt: skip
_GAP = ("gap", "person_id", "name", "company", "record", "stage", "score", "owner", "owner_name")


@dataclass(frozen=True)
class Call:
    """One person to turn to. `record` is the id to open, `task` our open task where there is one.

    `rank` counts from 1 in the rep's list. `reason` is one line in the language asked for. `ask` are ids of what was
    not heard yet, `questions` the same in words; `offer` is what `content` is called. `due` is a date in the zone of
    the rules: of an inquiry the day on which it came, or the first business day after it.
    """

    rank: int
    person_id: str
    record: str | None
    task: str | None
    name: str | None
    company: str | None
    purpose: str
    channel: str
    due: date
    overdue: bool
    score: int
    grade: str | None
    reason: str
    ask: tuple[str, ...]
    questions: tuple[str, ...]
    content: str | None
    offer: str | None = None


@dataclass(frozen=True)
class Rep:
    """The list of one owner: a user, a queue, or a team where nobody owns the record.

    `waiting`: how many reviews are over the limit a day.
    """

    owner: str
    name: str
    active: bool
    calls: tuple[Call, ...]
    waiting: int


@dataclass(frozen=True)
class Gap:
    """A lead about whom nobody does anything: nobody_owns, owner_left, out_of_reach or no_next_action; or one who was
    lost or closed without a reason: closed_without_reason."""

    gap: str
    person_id: str
    name: str | None
    company: str | None
    record: str | None
    stage: str
    score: int
    owner: str | None
    owner_name: str | None


@dataclass(frozen=True)
class Today:
    """All of it; `day` is the day asked about in the zone of the rules."""

    day: date
    reps: tuple[Rep, ...] = ()
    gaps: tuple[Gap, ...] = ()
    gap_counts: Mapping[str, int] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    queue: tuple[Queued, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What the list is made for.

    `history`: persons whose follow-up never starts (WB-7). `reviews`: how many a rep gets a day.
    """

    rules: RuleSet
    catalogue: Content
    language: Language
    as_of: datetime
    history: Collection[str] = ()
    reviews: int = 10

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.rules.scoring.time_zone)

    @property
    def day(self) -> date:
        return self.as_of.astimezone(self.zone).date()


def today_of(run: Run, asked: Asked) -> Today:
    """The lists of all reps, the longest first, and the gaps; reads what `next_actions` and `our_tasks` made."""
    rules = asked.rules
    run(compose(_FILE, "owners"), {})
    run(compose(_FILE, "people"), {})
    review = rules.cadence.starting("hot_since_longer")
    given = {
        "as_of": as_column(asked.as_of),
        "day": business_calendar(rules).on_or_after(asked.day),
        "history": sorted(asked.history),
        "review": review.id if review else None,
    }
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    rows = [dict(zip(_CALL, row, strict=True)) for row in run(compose(_FILE, "calls", types=types), given)]
    gaps = tuple(Gap(**dict(zip(_GAP, row, strict=True))) for row in run(compose(_FILE, "gaps"), {}))
    words = Words(asked)
    owners = dict.fromkeys(str(row["owner"]) for row in rows)
    reps = [_rep(owner, [row for row in rows if row["owner"] == owner], asked, words) for owner in owners]
    sorted_reps = tuple(sorted(reps, key=lambda rep: (-len(rep.calls), rep.owner)))
    handing = candidates(run, rules, asked.language)
    return with_gaps(Today(asked.day, sorted_reps, candidates=handing, queue=queue(run)), gaps)


def with_gaps(found: Today, gaps: Sequence[Gap]) -> Today:
    """The same lists with these gaps, counted."""
    kinds = dict.fromkeys(one.gap for one in gaps)
    counts = {kind: sum(one.gap == kind for one in gaps) for kind in kinds}
    return replace(found, gaps=tuple(gaps), gap_counts=counts)


def only(found: Today, wanted: str) -> Today | None:
    """What concerns one owner, named by id (15 or 18 characters) or by name without regard to case; None for nobody."""
    word = wanted.strip()

    def is_meant(owner: str | None, name: str | None) -> bool:
        by_id = owner is not None and (owner == word or (len(word) == 15 and owner[:15] == word))
        return by_id or (name or "").casefold() == word.casefold()

    reps = tuple(rep for rep in found.reps if is_meant(rep.owner, rep.name))
    gaps = [gap for gap in found.gaps if is_meant(gap.owner, gap.owner_name)]
    handing = tuple(one for one in found.candidates if is_meant(one.owner, one.owner_name))
    queued = tuple(one for one in found.queue if is_meant(one.owner, one.owner_name))
    if not (reps or gaps or handing or queued):
        return None
    return with_gaps(Today(found.day, reps, candidates=handing, queue=queued), gaps)


def is_owner(run: Run, wanted: str) -> bool:
    """Whether a user, a queue or a team goes by this id or name, with work today or without."""
    statement = """
        SELECT 1 FROM today_owners
        WHERE owner_id = $word OR (length($word) = 15 AND left(owner_id, 15) = $word) OR lower(name) = lower($word)
    """
    return wanted.strip() in TEAMS or bool(run(statement, {"word": wanted.strip()}))


TEAMS: Mapping[str, Name] = {
    "inside_sales": Name(ja="インサイドセールス", en="Inside sales"),
    "field_sales": Name(ja="フィールドセールス", en="Field sales"),
    "marketing": Name(ja="マーケティング", en="Marketing"),
}
"""Whose turn it is where nobody owns the record."""


def _rep(owner: str, rows: Sequence[Mapping[str, Any]], asked: Asked, words: Words) -> Rep:
    """The list of an owner: of reviews that have not begun no more than a day's share."""
    kept, waiting, reviews = [], 0, 0
    for row in rows:
        reviews += row["purpose"] == "review"
        if row["purpose"] == "review" and reviews > asked.reviews:
            waiting += 1
        else:
            kept.append(row)
    calls = tuple(_call(rank, row, asked, words) for rank, row in enumerate(kept, 1))
    first = rows[0]
    name = words.text(TEAMS[owner]) if owner in TEAMS else str(first["owner_name"] or owner)
    return Rep(owner, name, bool(first["owner_active"]), calls, waiting)


def _call(rank: int, row: Mapping[str, Any], asked: Asked, words: Words) -> Call:
    due = row["due"]
    if row["purpose"] == "inquiry":
        came = from_column(row["asked_at"]).astimezone(asked.zone).date()
        due = business_calendar(asked.rules).on_or_after(came)
    names = ("person_id", "record", "task", "name", "company", "purpose", "channel")
    return Call(
        rank,
        **{name: row[name] for name in names},
        due=due,
        overdue=due < asked.day,
        score=row["score"],
        grade=row["grade"],
        reason=words.reason(row),
        ask=tuple(row["ask"] or ()),
        questions=tuple(words.question(one) for one in row["ask"] or ()),
        content=row["content"],
        offer=words.content(row["content"]),
    )


class Words:
    """Reasons in one line, in Japanese or English. Names of rules, steps, criteria and content are the admin's own."""

    def __init__(self, asked: Asked) -> None:
        rules = asked.rules
        self._language, self._zone = asked.language, asked.zone
        self._whys = Whys(rules, asked.catalogue, asked.language)
        self._content = {item.id: item.name for item in asked.catalogue.content}
        self._questions = {item.id: item.ask or item.name for item in rules.lifecycle.hearing}
        toss_up = rules.lifecycle.toss_up
        self._criteria = {one.id: one.name for one in (toss_up.criteria if toss_up else ())}
        self._steps = {
            (cadence.id, step.id, task.channel): task.subject
            for cadence in rules.cadence.cadences
            for step in cadence.steps
            for task in step.tasks
        }

    def text(self, name: Name) -> str:
        return name.ja if self._language == "ja" else name.en

    def question(self, item: str) -> str:
        """How an item of the hearing is asked for, else what it is called."""
        return self.text(self._questions[item]) if item in self._questions else item

    def content(self, item: str | None) -> str | None:
        """What a content is called."""
        if item not in self._content:
            return item
        named = self._content[item]
        return named.ja if self._language == "ja" else named.en

    def reason(self, row: Mapping[str, Any]) -> str:
        """Why this person, why now: what it is about, the figures, and what was done last."""
        japanese = self._language == "ja"
        figures = f"スコア{row['score']}" if japanese else f"score {row['score']}"
        if row["grade"]:
            figures += f"・グレード{row['grade']}" if japanese else f", grade {row['grade']}"
        parts = [self._about(row), figures]
        if row["last_at"] is not None and row["purpose"] != "inquiry":
            parts.append(f"{'最終' if japanese else 'last'} {self._day(row['last_at'])} {self._did(row['last_type'])}")
        return ("｜" if japanese else " · ").join(parts)

    def _about(self, row: Mapping[str, Any]) -> str:
        japanese = self._language == "ja"
        if row["purpose"] == "inquiry":
            when = f"{from_column(row['asked_at']).astimezone(self._zone):%m-%d %H:%M}"
            return f"{when} {self._did(row['asked_by'])}" + ("：未対応" if japanese else ", not answered yet")
        if row["purpose"] == "toss_up":
            met = [self.text(self._criteria[one]) if one in self._criteria else one for one in row["toss_up_met"]]
            listed = ("、" if japanese else ", ").join(met)
            head = f"トスアップ（{len(met)}項目、必要{row['toss_up_required']}）：" if japanese else "toss-up, "
            return head + listed if japanese else f"{head}{len(met)} criteria of {row['toss_up_required']}: {listed}"
        if row["purpose"] == "cadence":
            subject = self._steps.get((row["cadence"], row["step"], row["channel"]))
            return self.text(subject) if subject else str(row["step"])
        if row["purpose"] in {"second_approach", "ask_reason", "rise"}:
            return self._whys.text(row["why_id"], row["why_parts"], row["channel"])
        since = "" if row["hot_since"] is None else self._day(row["hot_since"])
        if row["purpose"] == "review":
            return f"{since}からホット：要確認" if japanese else f"hot since {since}, to be looked at"
        return f"{since} ホット化" if japanese else f"turned hot on {since}"

    def _did(self, word: str) -> str:
        """What was asked for or done: a content by its name, an activity by its word."""
        if word in self._content:
            named = self._content[word]
            return named.ja if self._language == "ja" else named.en
        return ACTIVITY_NAMES.get(word, (word, word))[0 if self._language == "ja" else 1]

    def _day(self, moment: datetime) -> str:
        return f"{from_column(moment).astimezone(self._zone):%m-%d}"
