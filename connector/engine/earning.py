"""earning: rules of behaviour, visits and weeks → SQL for what activities earn, alone and together (SC-2a, SC-6).

What an activity earns by itself, and no limit holds, is added up while activities are read. Rules that pay once a
content, once a visit or week, or under a cap make awards: rows of their own, each at the moment of an activity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from connector.domain.running import Run
from connector.engine.branching import summed
from connector.engine.composing import compose, quoted
from connector.rules.capping import Cap, Group
from connector.rules.scoring import BehaviourRule, Scoring, VisitRule, WeekRule

_FILE = "earning"
_BITS = 62
"""Rules a column of bits."""


@dataclass(frozen=True)
class _Hold:
    """What holds the points of a rule: its own cap, the cap of its group, and its place in the group."""

    number: int
    cap: Cap | None
    group: Group | None

    def place(self, rule: str) -> int:
        return self.group.rules.index(rule) if self.group else 0


def event_columns(scoring: Scoring, details: bool) -> dict[str, str]:
    """SQL for what is kept of each `activity`: holes of the statement that makes score_events.

    `points`: what it earns by itself; `kept`: a bit for each rule that makes awards of it; `content`: where such a
    rule pays once a content. With `details`, what a person would want to read, and `met_<n>` for the n-th rule.
    """
    kept = kept_rules(scoring)
    once = [rule for rule in kept if rule.once_per == "content"]
    freely = {rule.id: rule.points for rule in scoring.behaviour if rule not in kept}
    parts = _parts(kept)
    columns = [
        f"({_sum(scoring, {rule.id: 1 << bit for bit, rule in enumerate(part)})})::BIGINT AS kept_{number}"
        for number, part in enumerate(parts)
    ]
    masks = [sum(1 << bit for bit, rule in enumerate(part) if rule in once) for part in parts]
    named = {rule.id: number for number, rule in enumerate(scoring.behaviour)}
    told = ""
    if details:
        told = ", activity.activity_id, activity.type, activity.content AS key, activity.theme, activity.url"
        told += "".join(f", {_fits(scoring, rule)} AS met_{named[rule.id]}" for rule in scoring.behaviour)
    return {
        "points": _sum(scoring, freely),
        "kept": ", ".join(columns),
        "any_once": _any([f"kept_{number} & {mask} <> 0" for number, mask in enumerate(masks) if mask]),
        "details": told,
    }


def make_awards(scoring: Scoring, details: bool, run: Run) -> None:
    """Makes the temporary table `score_awards(pid, t, points, rule, about, activity_id, uncut)` from events and visits.

    `uncut` is what the rule would have given without caps. Only with `details` is there more than pid, t and points, is
    it known which of the activities of one instant was paid (the sum does not depend on it), and is there a row for
    what a cap took whole.
    """
    holds = _holds(scoring)
    alone = _firsts(scoring, run)
    found = list(_branches(scoring, details))
    free = [branch for rule, branch in found if rule not in holds and rule not in alone]
    free += _alone(scoring, {rule for rule in alone if rule not in holds})
    held = [_held(scoring, rule, branch, holds[rule]) for rule, branch in found if rule in holds]
    rows = [compose(_FILE, "free", branches="\nUNION ALL\n".join(free))] if free else []
    if held:
        run(compose(_FILE, "held", branches="\nUNION ALL\n".join(held)), {})
        run(compose(_FILE, "own_caps"), {})
        rows.append(compose(_FILE, "paid", kept="TRUE" if details else "points <> 0"))
    columns = "*" if details else "pid, t, points"
    if not rows:
        run(compose(_FILE, "no_awards", columns=columns), {})
        return
    run(compose(_FILE, "awards", columns=columns, rows="\nUNION ALL\n".join(rows)), {})
    for part in ("score_firsts", *(("score_held", "score_held_own") if held else ())):
        run(f"DROP TABLE {part}", {})


def _firsts(scoring: Scoring, run: Run) -> set[str]:
    """Makes the temporary table `score_firsts`; the ids of the rules each of which has one row a content there."""
    parts = _parts(kept_rules(scoring))
    masks = [sum(1 << bit for bit, rule in enumerate(part) if rule.once_per == "content") for part in parts]
    columns = ", ".join(f"kept_{number} & {mask} AS kept_{number}" for number, mask in enumerate(masks))
    any_once = _any([f"kept_{number} & {mask} <> 0" for number, mask in enumerate(masks) if mask])
    run(compose(_FILE, "firsts", kept=columns, any_once=any_once), {})
    if len(parts) > 1:
        return set()
    ((together,),) = run(compose(_FILE, "shared_firsts"), {})
    return {
        rule.id for bit, rule in enumerate(parts[0]) if rule.once_per == "content" and not (together or 0) & 1 << bit
    }


def _alone(scoring: Scoring, rules: Collection[str]) -> list[str]:
    """The statement that finds the awards of all these rules at once, where there are any."""
    kept = kept_rules(scoring)
    rows = [
        f"({1 << bit}, {rule.points}, {quoted(rule.id)})" for bit, rule in enumerate(kept[:_BITS]) if rule.id in rules
    ]
    return [compose(_FILE, "award_once_alone", rules=", ".join(rows))] if rows else []


def kept_rules(scoring: Scoring) -> list[BehaviourRule]:
    """The rules of behaviour that make awards: those that pay once a content, and those that a cap holds."""
    holds = _holds(scoring)
    return [rule for rule in scoring.behaviour if rule.once_per == "content" or rule.id in holds]


def _holds(scoring: Scoring) -> dict[str, _Hold]:
    """By rule id: what limits it."""
    groups = {rule: group for group in scoring.groups if group.cap for rule in group.rules}
    rules: tuple[BehaviourRule | VisitRule | WeekRule, ...] = (*scoring.behaviour, *scoring.visits, *scoring.weeks)
    return {
        rule.id: _Hold(number, rule.cap, groups.get(rule.id))
        for number, rule in enumerate(rules)
        if rule.cap or rule.id in groups
    }


def _branches(scoring: Scoring, details: bool) -> Iterator[tuple[str, str]]:
    """By rule: the statement that finds its awards."""
    activity = "activity_id" if details else "NULL"
    for number, part in enumerate(_parts(kept_rules(scoring))):
        for bit, rule in enumerate(part):
            name = "award_once" if rule.once_per == "content" else "award_each"
            met = f"kept_{number} & {1 << bit} <> 0"
            yield rule.id, compose(_FILE, name, points=rule.points, rule=quoted(rule.id), met=met, activity=activity)
    for visit in scoring.visits:
        yield (
            visit.id,
            compose(_FILE, "award_visit", pages=visit.pages, points=visit.points, rule=quoted(visit.id)),
        )
    for week in scoring.weeks:
        yield week.id, _week(week, scoring.time_zone)


def _week(week: WeekRule, zone: str) -> str:
    holes = {"visits": week.visits, "points": week.points, "rule": quoted(week.id)}
    if week.rolling_days is None:
        return compose(_FILE, "award_week", zone=quoted(zone), **holes)
    return compose(_FILE, "award_rolling", days=week.rolling_days, **holes)


def _held(scoring: Scoring, rule: str, branch: str, hold: _Hold) -> str:
    group = hold.group
    shared = group.cap if group else None
    return compose(
        _FILE,
        "hold",
        branch=branch,
        number=hold.number,
        cap=hold.cap.points if hold.cap else "NULL",
        period=_period(hold.cap, scoring.time_zone),
        grp=scoring.groups.index(group) if group else "NULL",
        place=hold.place(rule),
        shared=shared.points if shared else "NULL",
        shared_period=_period(shared, scoring.time_zone),
    )


def _period(cap: Cap | None, zone: str) -> str:
    """SQL for the first day of the calendar period that an award `t` falls into."""
    if cap is None or cap.per == "ever":
        return "NULL::DATE"
    return f"date_trunc('{cap.per}', timezone({quoted(zone)}, timezone('UTC', make_timestamp(t))))::DATE"


def _sum(scoring: Scoring, values: Mapping[str, int]) -> str:
    """SQL for the sum of the values of the rules that an activity counts for."""
    chains = _chains(scoring)
    wanted = [rule for rule in scoring.behaviour if rule.id not in chains and values.get(rule.id)]
    terms = [summed("type", [(rule.when.sql, values[rule.id]) for rule in wanted])]
    for chain in {id(chain): chain for chain in chains.values()}.values():
        if any(values.get(rule.id) for rule in chain):
            cases = " ".join(f"WHEN {rule.when.sql} THEN {values.get(rule.id, 0)}" for rule in chain)
            terms.append(f"CASE {cases} ELSE 0 END")
    return " + ".join(terms)


def _fits(scoring: Scoring, rule: BehaviourRule) -> str:
    """SQL for whether an activity counts for a rule."""
    chain = _chains(scoring).get(rule.id, [])
    before = chain[: chain.index(rule)] if chain else []
    cases = " ".join(f"WHEN {one.when.sql} THEN FALSE" for one in before)
    return f"CASE {cases} WHEN {rule.when.sql} THEN TRUE ELSE FALSE END"


def _chains(scoring: Scoring) -> dict[str, list[BehaviourRule]]:
    """By rule of an exclusive group: the rules of the group, the one that goes first in front."""
    rules = {rule.id: rule for rule in scoring.behaviour}
    found: dict[str, list[BehaviourRule]] = {}
    for group in scoring.groups:
        if group.exclusive:
            chain = [rules[one] for one in group.rules if one in rules]
            if group.exclusive == "most_points":
                chain.sort(key=lambda rule: -rule.points)
            found |= {rule.id: chain for rule in chain}
    return found


def _parts(rules: list[BehaviourRule]) -> list[list[BehaviourRule]]:
    return [rules[begin : begin + _BITS] for begin in range(0, max(len(rules), 1), _BITS)]


def _any(conditions: list[str]) -> str:
    return " OR ".join(f"({one})" for one in conditions) or "FALSE"
