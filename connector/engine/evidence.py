"""evidence: what the decisions about one person rest on, claim by claim, with what shows it (AD-8, LC-3, TU-1).

Reads the tables by which `qualify` decided: nothing is decided here a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.lines import figure
from connector.engine.moments import as_column, from_column
from connector.engine.score import counts
from connector.rules.hearing import HearingItem
from connector.rules.lifecycle import Claim, Lifecycle, Requirement
from connector.rules.load import RuleSet
from connector.rules.names import Name

_FILE = "evidence"
MOST = 3
"""So many activities or deals are shown for one claim, the latest first."""

Decision = Literal["hot", "mql", "toss_up"]
State = Literal["acceptable", "soft", "missing"]


@dataclass(frozen=True)
class ClaimLine:
    """One claim of a rule and whether it holds.

    `about` is the claim's key (activity, hearing, score …), `says` the condition as the admin wrote it or the figure
    asked for, `one_of` whether another claim of the rule may stand in for it. `evidence`: activities, answers, deals,
    values or figures; `counts` in it is false for what is too long ago or a soft answer. Times are UTC.
    """

    about: str
    says: str
    one_of: bool
    met: bool
    at_least: int
    within_days: int | None
    evidence: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class RequirementLine:
    """A rule of MQL, something that hot requires, or a criterion of the toss-up. `ask`: the question that fills it."""

    decision: Decision
    id: str
    name: Name
    met: bool
    claims: tuple[ClaimLine, ...]
    ask: Name | None = None


@dataclass(frozen=True)
class ItemLine:
    """An item of the hearing: what was answered, by whom, to whom, where and when (UTC), and whether it counts.

    `state`: acceptable, soft (heard, but it never counts) or missing. `needed`: an SQL needs it.
    """

    id: str
    name: Name
    ask: Name | None
    state: State
    needed: bool
    value: str | None = None
    said_by: str | None = None
    via: str | None = None
    at: datetime | None = None
    heard_by: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What was decided of a person beside the stage. Lists hold ids."""

    is_mql: bool
    mql_rules: tuple[str, ...]
    bant_complete: bool
    is_sql: bool
    toss_up_ready: bool
    toss_up_met: tuple[str, ...]
    toss_up_missing: tuple[str, ...]
    toss_up_required: int
    hot_lacks: tuple[str, ...]
    buying_stage: str | None


@dataclass(frozen=True)
class Evidence:
    """All of it about one person."""

    verdict: Verdict
    requirements: tuple[RequirementLine, ...]
    items: tuple[ItemLine, ...]


def evidence(rules: RuleSet, as_of: datetime, person_id: str, run: Run) -> Evidence | None:
    """What qualifies one person and what is missing, as of a time; None for somebody who was not evaluated.

    Reads claimed, heard, heard_items, qualified, scored, graded, grade_fit, activities and opportunities as an
    evaluation of the same time left them.
    """
    found = run(compose(_FILE, "verdict"), {"person": person_id})
    if not found:
        return None
    life = rules.lifecycle
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    acts = compose(_FILE, "acts", types=types, not_noise=counts(rules.scoring, run))
    run(acts, {"person": person_id, "as_of": as_column(as_of)})
    columns = life.claim_columns
    names = ", ".join(columns.values())
    held = run(compose(_FILE, "claimed", columns=names), {"person": person_id})[0] if columns else ()
    met = {claim: bool(holds) for claim, holds in zip(columns, held, strict=True)}
    look = _Look(run, person_id, as_of)
    lines = tuple(_requirement(decision, one, met, look) for decision, one in _requirements(life))
    plain: list[Any] = [tuple(cell) if isinstance(cell, list) else cell for cell in found[0]]
    return Evidence(Verdict(*plain), lines, _items(life, person_id, run))


@dataclass(frozen=True)
class _Look:
    """Where evidence is looked for."""

    run: Run
    person_id: str
    as_of: datetime

    def rows(self, statement: str, names: Sequence[str], **holes: object) -> tuple[Mapping[str, Any], ...]:
        asked = {"person": self.person_id} if statement not in _OF_ACTS else {}
        found = self.run(compose(_FILE, statement, **holes), asked)
        return tuple(dict(zip(names, (_aware(cell) for cell in row), strict=True)) for row in found)

    def since(self, days: int | None, column: str) -> str:
        """SQL for whether a moment lies within so many days; one that is not known does not."""
        if days is None:
            return "TRUE"
        begin = as_column(self.as_of - timedelta(days=days))
        return f"coalesce({column} > TIMESTAMP '{begin}', FALSE)"


_OF_ACTS = frozenset({"activity"})
_ACTIVITY = ("at", "activity_id", "type", "content", "url", "counts")
_ANSWER = ("at", "item", "value", "said_by", "via", "heard_by", "counts")
_ACCOUNT = ("account_score", "people", "active_people", "hot")
_DEAL = ("opportunity_id", "status", "product", "amount", "created_at", "closed_at")


def _aware(cell: Any) -> Any:
    return from_column(cell) if isinstance(cell, datetime) else cell


def _requirements(life: Lifecycle) -> Iterator[tuple[Decision, Requirement]]:
    yield from (("hot", one) for one in life.hot.requires)
    yield from (("mql", one) for one in (life.mql.rules if life.mql else ()))
    yield from (("toss_up", one) for one in (life.toss_up.criteria if life.toss_up else ()))


def _requirement(
    decision: Decision, requirement: Requirement, met: Mapping[Claim, bool], look: _Look
) -> RequirementLine:
    lines = [
        ClaimLine(claim.about, says(claim), one_of, met[claim], claim.at_least, claim.within_days, _shown(claim, look))
        for claims, one_of in ((requirement.all, False), (requirement.any, True))
        for claim in claims
    ]
    whole = all(met[claim] for claim in requirement.all)
    either = not requirement.any or any(met[claim] for claim in requirement.any)
    ask = getattr(requirement, "ask", None)
    return RequirementLine(decision, requirement.id, requirement.name, whole and either, tuple(lines), ask)


def says(claim: Claim) -> str:
    """A claim in the words of the rules: its condition as written, else its figure, with the line that it is of."""
    said = getattr(claim, claim.about)
    return str(getattr(said, "text", said)) + (f" ({claim.line})" if claim.line else "")


def _shown(claim: Claim, look: _Look) -> tuple[Mapping[str, Any], ...]:
    """What shows that a claim holds, or comes near to it."""
    if claim.activity is not None:
        most = max(MOST, min(claim.at_least, 10))
        in_window = look.since(claim.within_days, "occurred_at")
        return look.rows("activity", _ACTIVITY, in_window=in_window, met=f"({claim.activity.sql})", most=most)
    if claim.hearing is not None:
        in_window = look.since(claim.within_days, 'hearing."at"')
        return look.rows("hearing", _ANSWER, in_window=in_window, met=f"({claim.hearing.sql})")
    if claim.deal is not None:
        return look.rows("deal", _DEAL, met=f"({claim.deal.sql})", most=MOST)
    if claim.attributes is not None:
        seen = sorted(claim.attributes.columns)
        return look.rows("attributes", seen, columns=", ".join(f'fit."{name}"' for name in seen)) if seen else ()
    if claim.account is not None:
        return look.rows("account", _ACCOUNT)
    figure = _figure(claim)
    return look.rows("figures", figure[:1], columns=figure[1]) if figure else ()


def _figure(claim: Claim) -> tuple[str, str] | None:
    """The figure that a claim looks at: what it is called, and SQL for it."""
    if claim.grade is not None:
        return "grade", "graded.grade"
    if claim.lead_time is not None:
        return "lead_time", "(SELECT any_value(segment) FROM segmented WHERE segmented.person_id = scored.person_id)"
    if claim.active_within_days is not None:
        return "last_activity_at", "scored.last_activity_at"
    if claim.score is not None or claim.score_at_most is not None:
        if claim.line is not None:
            return "score", figure(claim)
        return "score", f"scored.since_{claim.within_days}d" if claim.within_days else "scored.score_deciding"
    return None


def _items(life: Lifecycle, person_id: str, run: Run) -> tuple[ItemLine, ...]:
    """The declared items in the order of the file, then what else was heard."""
    answers = {row[0]: row[1:] for row in run(compose(_FILE, "items"), {"person": person_id})}
    needed = life.sql.needs if life.sql else ()
    declared = {item.id: item for item in life.hearing}
    return tuple(_item(one, declared.get(one), one in needed, answers.get(one)) for one in {**declared, **answers})


def _item(item_id: str, item: HearingItem | None, needed: bool, answer: tuple[Any, ...] | None) -> ItemLine:
    name = item.name if item else Name(ja=item_id, en=item_id)
    ask = item.ask if item else None
    if answer is None:
        return ItemLine(item_id, name, ask, "missing", needed)
    value, said_by, via, at, heard_by, acceptable = answer
    state: State = "acceptable" if acceptable else "soft"
    return ItemLine(item_id, name, ask, state, needed, value, said_by, via, _aware(at), heard_by)
