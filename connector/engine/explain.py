"""explain: why a score, a grade, a tier is what it is, from the same tables that decided it (AD-8).

The lines of a ledger add up to the score, always: they are read from the very knots and folds of the score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.earning import kept_rules
from connector.engine.moments import from_column, microseconds
from connector.engine.score import clear, live
from connector.engine.silence import silence_of
from connector.rules.load import RuleSet
from connector.rules.model import Criterion, Profile
from connector.rules.names import Name
from connector.rules.scoring import Scoring

Outcome = Literal["met", "missed", "unknown"]


@dataclass(frozen=True)
class LedgerLine:
    """One change of a score: when (UTC), by which rule, how much, what the score was then, and what was done.

    `what` is the activity's type with its content or address, the source's word, or empty for silence.
    """

    at: datetime
    rule_id: str
    name: Name
    points: int
    running_total: int
    what: str
    activity_id: str | None
    uncut: int | None = None
    """What the rule would have given; null where no cap cut anything."""


@dataclass(frozen=True)
class CriterionLine:
    """One criterion of a grade, how it came out, the thirds of a letter that it gave, and the values it saw."""

    id: str
    name: Name
    outcome: Outcome
    thirds: int
    evidence: Mapping[str, object]


@dataclass(frozen=True)
class Fit:
    """A grade and its reasons. `thirds` is their sum, before `floor` and `cap` of the tier."""

    grade: str
    start: str
    thirds: int
    profile: Name | None
    criteria: tuple[CriterionLine, ...]
    tier: str | None
    tier_name: Name | None
    tier_rule: str | None
    floor: str | None
    cap: str | None


def ledger(rules: RuleSet, as_of: datetime, person_id: str, run: Run) -> tuple[LedgerLine, ...]:
    """Every change of one person's score up to and including `as_of`, in the order of time; empty for nobody."""
    run(compose("explain", "wanted"), {"person_id": person_id})
    ledgers(rules, as_of, run, "explain_wanted")
    names = rule_names(rules.scoring)
    return tuple(
        LedgerLine(
            at=from_column(at),
            rule_id=rule,
            name=names[rule],
            points=points,
            running_total=total,
            what=" ".join(word for word in (kind, content or url) if word),
            activity_id=activity_id,
            uncut=uncut,
        )
        for at, rule, points, total, activity_id, kind, content, url, uncut in run(
            compose("explain", "one_ledger"), {"person_id": person_id}
        )
    )


def ledgers(rules: RuleSet, as_of: datetime, run: Run, among: str | None = None) -> None:
    """Makes the temporary table `ledger` for the people of the relation `among` (column person_id), or for all.

    `ledger(person_id, line, moment, rule, points, running_total, activity_id, type, content, url, uncut)`; lines count
    from 1. `uncut` is what a line would have given without caps, where that is more; what a cap took whole has a line
    of 0 points. A floor has the last line, at `as_of`. The table `scored` stays as it is.
    """
    scoring = rules.scoring
    live(scoring, as_of, run, among, details=True)
    silent = quoted(scoring.inactivity.id if scoring.inactivity else "")
    floor = quoted(scoring.floor.id if scoring.floor else "")
    lines = "\nUNION ALL\n".join(_lines(scoring, microseconds(as_of)))
    run(compose("explain", "ledger", lines=lines, silent=silent, floor=floor), {})
    clear(run)


def reasons(rules: RuleSet, as_of: datetime, run: Run, among: str | None = None) -> None:
    """Makes the temporary table `reasons(person_id, rule, points, times)`, which adds up to the score, and `ledger`."""
    ledgers(rules, as_of, run, among)
    run(compose("explain", "reasons"), {})


def criteria(rules: RuleSet, person_id: str, run: Run) -> Fit | None:
    """Why one person's grade and tier are what they are; None for somebody who has none.

    Reads `graded`, `grade_fit` and `tiered`, so `tier` and `grade` go before.
    """
    found = run(compose("explain", "fit"), {"person_id": person_id})
    if not found:
        return None
    letter, thirds, profile_id, met, missed, _, tier_id, tier_rule = found[0]
    model = rules.tiers.grade
    profile = next((one for one in model.profiles if one.id == profile_id), None)
    bound = model.bounds.get(tier_id)
    tier = next((one for one in rules.tiers.tiers if one.id == tier_id), None)
    outcomes: dict[str, Outcome] = {**dict.fromkeys(met, "met"), **dict.fromkeys(missed, "missed")}
    return Fit(
        grade=letter,
        start=model.start,
        thirds=thirds,
        profile=profile.name if profile else None,
        criteria=_criterion_lines(profile, outcomes, person_id, run) if profile else (),
        tier=tier_id,
        tier_name=tier.name if tier else None,
        tier_rule=tier_rule if tier_id else None,
        floor=bound.floor if bound else None,
        cap=bound.cap if bound else None,
    )


def rule_names(scoring: Scoring) -> dict[str, Name]:
    """The names of all rules that can stand in a ledger, by id."""
    names = {rule.id: rule.name for rule in scoring.source}
    names |= {rule.id: rule.name for rule in scoring.behaviour}
    names |= {rule.id: rule.name for rule in scoring.visits}
    names |= {rule.id: rule.name for rule in scoring.weeks}
    if scoring.inactivity:
        names[scoring.inactivity.id] = scoring.inactivity.name
    if scoring.floor:
        names[scoring.floor.id] = scoring.floor.name
    return names


def _lines(scoring: Scoring, now: int) -> list[str]:
    kept = kept_rules(scoring)
    lines = [compose("explain", "paid_lines"), compose("explain", "award_lines", matches=_matches(scoring))]
    lines += [
        compose("explain", "source_lines", points=rule.points, rule=quoted(rule.id), when=rule.when.sql)
        for rule in scoring.source
    ]
    lines += [
        compose("explain", "event_lines", points=rule.points, rule=quoted(rule.id), number=number)
        for number, rule in enumerate(scoring.behaviour)
        if rule not in kept
    ]
    if scoring.inactivity:
        silence = silence_of(scoring)
        holes = {"past": silence.months("knot.clock", "knot.last"), "ends": silence.ends("clock", "past + n")}
        band = f"({silence.takes('score')})"
        lines.append(compose("explain", "silent_lines", band=band, rule=quoted(scoring.inactivity.id), **holes))
    if scoring.floor:
        floor = scoring.floor
        lines.append(compose("explain", "floor_line", now=now, floor=floor.at_least, rule=quoted(floor.id)))
    return lines


def _matches(scoring: Scoring) -> str:
    """SQL for whether an event is one that earned an award: of its rule and content, or of its visit."""
    cases = " ".join(
        f"WHEN {quoted(rule.id)} THEN event.met_{number} AND event.content IS NOT DISTINCT FROM award.about"
        for number, rule in enumerate(scoring.behaviour)
        if rule.once_per == "content"
    )
    visit = "event.visit_id = coalesce(award.about, event.visit_id)"
    return f"CASE award.rule {cases} ELSE {visit} END" if cases else visit


def _criterion_lines(
    profile: Profile, outcomes: Mapping[str, Outcome], person_id: str, run: Run
) -> tuple[CriterionLine, ...]:
    columns = sorted({column for criterion in profile.criteria for column in criterion.when.columns})
    names = ", ".join(f'fit."{column}"' for column in columns) or "NULL"
    (values,) = run(compose("explain", "evidence", columns=names), {"person_id": person_id})
    seen = dict(zip(columns, values, strict=False))
    return tuple(_criterion_line(one, outcomes.get(one.id, "unknown"), seen) for one in profile.criteria)


def _criterion_line(criterion: Criterion, outcome: Outcome, seen: Mapping[str, object]) -> CriterionLine:
    thirds = {"met": criterion.match, "missed": criterion.missed, "unknown": criterion.unknown}[outcome]
    evidence = {column: seen[column] for column in sorted(criterion.when.columns)}
    return CriterionLine(criterion.id, criterion.name, outcome, thirds, evidence)
