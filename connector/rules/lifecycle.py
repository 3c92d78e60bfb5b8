"""lifecycle.yaml: stages, and what has to be so for hot, MQL, SQL and toss-up (LC-1..3, TU-1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.deciding import DecidingScore
from connector.rules.hearing import HearingItem
from connector.rules.kinds import (
    AccountCondition,
    ActivityCondition,
    DealCondition,
    FitCondition,
    HearingCondition,
    Id,
    Positive,
    Strict,
    problem,
)
from connector.rules.model import LETTERS, Letter
from connector.rules.names import Name, unique
from connector.rules.recycle import NotBefore, Recycle
from connector.rules.stages import STAGES, Days, LeadTime, Rise, Stage, StageText
from connector.rules.toss_up import HandOver

MARKETING_SOURCES = ("web_inquiry", "thought_leader", "webinar", "event", "list")
BANT = ("budget", "authority", "need", "timeframe")


class Claim(Strict):
    """One thing that is so of a person at a time, or not. Exactly one of these keys says which:

    score                the deciding score, or behaviour points within `within_days`, are at least this
    score_at_most        the same, at most this
    activity             the person did such a thing, `at_least` times, within `within_days`, each after so many
                         days in which nothing was done (`after_silence_days`)
    attributes           who the person and the company are
    hearing              such an answer was heard, within `within_days`
    deal                 the person has such a deal
    grade                the grade is this letter or better
    active_within_days   the person did anything at all so lately
    account              the person's account is so (scoring.yaml, `accounts`)
    conversion           the person did such a named event, `at_least` times, within `within_days` (scoring.yaml)
    lead_time            the person's lead time is this one (`lead_times`)

    With `line`, a score is that of the line (scoring.yaml): whoever did nothing of the line has 0.
    """

    score: Annotated[int, Field(ge=-1_000_000, le=1_000_000, strict=True)] | None = None
    score_at_most: Annotated[int, Field(ge=-1_000_000, le=1_000_000, strict=True)] | None = None
    activity: ActivityCondition | None = None
    attributes: FitCondition | None = None
    hearing: HearingCondition | None = None
    deal: DealCondition | None = None
    grade: Letter | None = None
    active_within_days: Days | None = None
    account: AccountCondition | None = None
    conversion: Id | None = None
    lead_time: Id | None = None
    line: Id | None = None
    at_least: Positive = 1
    within_days: Days | None = None
    after_silence_days: Days | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [name for name in CLAIMS if getattr(self, name) is not None]
        if len(said) != 1:
            raise problem(
                "A claim says one thing." if said else "A claim has to say something.",
                f"Give one of {', '.join(CLAIMS)}.",
            )
        if self.line is not None and said[0] not in {"score", "score_at_most"}:
            raise problem("`line` belongs to `score` or `score_at_most`.", "Say which score of the line it takes.")
        if self.at_least != 1 and self.activity is None and self.conversion is None:
            raise problem("`at_least` belongs to `activity` and `conversion`.", "For a score, give the number itself.")
        if self.after_silence_days is not None and self.activity is None:
            raise problem("`after_silence_days` belongs to `activity`.", "Take it out.")
        if self.within_days is not None and said[0] not in _DATED:
            raise problem(f"`within_days` has no meaning with `{said[0]}`.", f"It goes with {', '.join(_DATED)}.")
        return self

    @property
    def about(self) -> str:
        """Which of the keys it is."""
        return next(name for name in CLAIMS if getattr(self, name) is not None)

    @property
    def in_window(self) -> bool:
        """Whether it is about the behaviour points of the last days, of all lines together."""
        return self.line is None and self.within_days is not None and self.about in {"score", "score_at_most"}


CLAIMS = (
    "score", "score_at_most", "activity", "attributes", "hearing", "deal", "grade", "active_within_days", "account",
    "conversion", "lead_time",
)  # fmt: skip
_DATED = ("score", "score_at_most", "activity", "hearing", "conversion")


class Requirement(Strict):
    """Claims under one id: each of `all` has to hold, and one of `any` where there are some."""

    id: Id
    name: Name
    all: tuple[Claim, ...] = ()
    any: tuple[Claim, ...] = ()

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.all and not self.any:
            raise problem(f"`{self.id}` claims nothing, so that it would always hold.", "Give `all` or `any`.")
        return self

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (*self.all, *self.any)


class Hot(Strict):
    """When a person is hot (LC-1): by the score that decides, and by whatever else is required (SC-6)."""

    at_least: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 65
    requires: tuple[Requirement, ...] = ()
    decides: DecidingScore = DecidingScore()


class Mql(Strict):
    """Marketing qualified (LC-2): people from these sources for whom any one of the rules holds."""

    sources: Annotated[tuple[Id, ...], Field(min_length=1)] = MARKETING_SOURCES
    rules: Annotated[tuple[Requirement, ...], Field(min_length=1)]


class Sql(Strict):
    """Sales qualified (LC-3): an MQL of whom all these items were heard and are acceptable."""

    needs: Annotated[tuple[Id, ...], Field(min_length=1)] = BANT


class TossUpCriterion(Requirement):
    """One criterion of the toss-up, and the question that would fill it."""

    ask: Name | None = None


class TossUpSegment(Strict):
    """Another count, or other necessary criteria, for people whom `when` chooses, or whose line it is.

    Somebody's line is the one with the highest score of all (scoring.yaml, `lines`), if it is above 0.
    """

    id: Id
    name: Name
    when: FitCondition | None = None
    line: Id | None = None
    required: Positive
    needed: tuple[Id, ...] = ()
    hand_over: HandOver | None = None
    script: Mapping[Id, tuple[Name, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _chooses_somebody(self) -> Self:
        if self.when is None and self.line is None:
            raise problem(f"The segment `{self.id}` chooses nobody.", "Give `when` or `line`.")
        return self


class TossUp(Strict):
    """When a lead is handed to field sales (TU-1): `required` of the criteria, `needed` among them."""

    required: Positive = 4
    needed: tuple[Id, ...] = ()
    mode: Literal["automatic", "approval"] = "approval"
    hand_over: HandOver = HandOver()
    criteria: Annotated[tuple[TossUpCriterion, ...], Field(min_length=1)]
    segments: tuple[TossUpSegment, ...] = ()
    script: Mapping[Id, tuple[Name, ...]] = Field(default_factory=dict)
    """What to say to hear a criterion that is missing, by its id (TU-4); a segment, such as a product, has its own."""

    @model_validator(mode="after")
    def _scripts_are_about_criteria(self) -> Self:
        ids = [criterion.id for criterion in self.criteria]
        scripts = (self.script, *(part.script for part in self.segments))
        stranger = next((one for script in scripts for one in script if one not in ids), None)
        if stranger is not None:
            raise problem(f"The script is about `{stranger}`, which is no criterion.", f"Criteria: {', '.join(ids)}.")
        return self

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        ids = [criterion.id for criterion in self.criteria]
        unique(ids)
        parts = [(self.required, self.needed), *((part.required, part.needed) for part in self.segments)]
        for required, needed in parts:
            if required > len(ids):
                raise problem(f"{required} of {len(ids)} criteria can never be met.", "Lower `required`.")
            stranger = next((one for one in needed if one not in ids), None)
            if stranger is not None:
                raise problem(f"There is no criterion `{stranger}`.", f"Criteria here: {', '.join(ids)}.")
        return self


class BuyingStages(Strict):
    """Which content seen places a person at a buying stage (SC-7): the furthest one within so many days."""

    within_days: Days | None = None


class Lifecycle(Strict):
    """lifecycle.yaml: stages with fixed ids and free names, the threshold, and what qualifies."""

    version: Literal[1]
    stages: Mapping[Stage, StageText]
    lead_times: tuple[LeadTime, ...] = ()
    rises: tuple[Rise, ...] = ()
    hot: Hot = Hot()
    recycle: Recycle | None = None
    not_before: NotBefore | None = None
    second_approach: Requirement | None = None
    buying_stages: BuyingStages = BuyingStages()
    hearing: tuple[HearingItem, ...] = ()
    mql: Mql | None = None
    sql: Sql | None = None
    toss_up: TossUp | None = None

    @model_validator(mode="after")
    def _every_stage_is_named(self) -> Self:
        missing = [stage for stage in STAGES if stage not in self.stages]
        if missing:
            raise problem(f"Stages without a name: {', '.join(missing)}.", "Add them under `stages`.")
        stray = next((name for name, text in self.stages.items() if text.then == "recycle" and name != "lost"), None)
        if stray is not None:
            raise problem(f"`recycle` is the way on of `lost`, not of `{stray}`.", "Take review, remind or nurture.")
        return self

    @model_validator(mode="after")
    def _what_is_named_is_there(self) -> Self:
        items = [item.id for item in self.hearing]
        unique(items)
        unique([requirement.id for requirement in self.hot.requires])
        unique([rule.id for rule in self.mql.rules] if self.mql else [])
        unique([one.id for one in self.lead_times])
        times = [one.id for one in self.lead_times]
        for claim in self.claims:
            if claim.lead_time is not None and claim.lead_time not in times:
                raise problem(f"There is no lead time `{claim.lead_time}`.", f"Here: {', '.join(times) or 'none'}.")
        unique([one.id for one in self.rises])
        for need in self.sql.needs if self.sql else ():
            if need not in items:
                raise problem(f"There is no hearing item `{need}`.", f"Items here: {', '.join(items) or 'none'}.")
        return self

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim that some decision rests on, each once, in the order of the file."""
        return tuple(dict.fromkeys(claim for requirement in self.requirements() for claim in requirement.claims))

    @property
    def claim_columns(self) -> Mapping[Claim, str]:
        """The column in which the engine keeps whether a claim holds, by claim."""
        return {claim: f"c{number}" for number, claim in enumerate(self.claims)}

    def requirements(self) -> Iterator[Requirement]:
        """Everything that claims are made for, in the order of the file."""
        yield from self.hot.requires
        yield from (self.second_approach,) if self.second_approach else ()
        yield from self.mql.rules if self.mql else ()
        yield from self.toss_up.criteria if self.toss_up else ()


def letters_from(letter: Letter) -> tuple[str, ...]:
    """The letter and all better ones."""
    return LETTERS[LETTERS.index(letter) :]


def extra_windows(life: Lifecycle) -> tuple[int, ...]:
    """The windows of days in which some claim, or the score that decides, looks at what was earned."""
    days = {claim.within_days for claim in life.claims if claim.in_window} | {life.hot.decides.within_days}
    return tuple(sorted(one for one in days if one is not None))
