"""Advice about caps and groups of scoring.yaml, and about the score that decides (AD-6, SC-6)."""

from __future__ import annotations

from collections.abc import Iterator

from connector.rules.capping import Group
from connector.rules.logic import can_be_true, implies
from connector.rules.scoring import BehaviourRule, Scoring, VisitRule, WeekRule
from connector.rules.source import KeyPath
from connector.rules.written import Finding, Written

FILE = "scoring.yaml"


def about_scoring(rules: Written) -> Iterator[Finding]:
    yield from _always_cut(rules)
    yield from _never_pays(rules)
    yield from _alone(rules)
    yield from _without_attributes(rules)


def most_earned(scoring: Scoring) -> int | None:
    """The most points that anybody can ever earn by behaviour; None: there is no most, as some pays for ever."""
    rules: tuple[BehaviourRule | VisitRule | WeekRule, ...] = (*scoring.behaviour, *scoring.visits, *scoring.weeks)
    groups = {rule: group for group in scoring.groups for rule in group.rules}
    most: dict[str, int] = {}
    for rule in rules:
        if rule.points <= 0 or (isinstance(rule, BehaviourRule) and not can_be_true(rule.when.sql)):
            continue
        group = groups.get(rule.id)
        holder = group if group and group.cap and group.cap.per == "ever" else rule
        if holder.cap is None or holder.cap.per != "ever":
            return None
        most[holder.id] = holder.cap.points
    return sum(most.values())


def _always_cut(rules: Written) -> Iterator[Finding]:
    """Caps that cut each award: the points of the rule are never given whole."""
    scoring = rules.rules.scoring
    shared = {rule: group.cap for group in scoring.groups if group.cap for rule in group.rules}
    rows: list[tuple[KeyPath, BehaviourRule | VisitRule | WeekRule]] = [
        *((("behaviour", place), rule) for place, rule in enumerate(scoring.behaviour)),
        *((("visits", place), rule) for place, rule in enumerate(scoring.visits)),
        *((("weeks", place), rule) for place, rule in enumerate(scoring.weeks)),
    ]
    for path, rule in rows:
        caps = [cap.points for cap in (rule.cap, shared.get(rule.id)) if cap]
        if caps and min(caps) < abs(rule.points):
            sentence = f"`{rule.id}` never gives its {rule.points} points: a cap cuts them to {min(caps)}."
            yield rules.finding("always_cut", FILE, path, sentence, "Raise the cap, or write the smaller number.")


def _never_pays(rules: Written) -> Iterator[Finding]:
    """Rules of an exclusive group behind one that takes every activity they would."""
    scoring = rules.rules.scoring
    places = {rule.id: place for place, rule in enumerate(scoring.behaviour)}
    for group in scoring.groups:
        chain = _in_order(group, scoring.behaviour)
        for number, rule in enumerate(chain):
            wider = next((one for one in chain[:number] if implies(rule.when.sql, one.when.sql)), None)
            if wider is not None:
                sentence = f"`{rule.id}` never pays: in `{group.id}`, `{wider.id}` goes before it and takes all of it."
                advice = "Put it first and say `exclusive: first`, or give it more points."
                yield rules.finding("unreachable", FILE, ("behaviour", places[rule.id]), sentence, advice)


def _in_order(group: Group, behaviour: tuple[BehaviourRule, ...]) -> list[BehaviourRule]:
    """The rules of an exclusive group, the one that goes first in front; none of others."""
    if group.exclusive is None:
        return []
    known = {rule.id: rule for rule in behaviour}
    chain = [known[one] for one in group.rules]
    return sorted(chain, key=lambda rule: -rule.points) if group.exclusive == "most_points" else chain


def _alone(rules: Written) -> Iterator[Finding]:
    """Exclusive groups of one rule."""
    for place, group in enumerate(rules.rules.scoring.groups):
        if group.exclusive and len(group.rules) == 1:
            sentence = f"`{group.id}` is exclusive and has one rule alone: there is nothing to choose from."
            yield rules.finding("no_effect", FILE, ("groups", place), sentence, "Add the rules it is to choose among.")


def _without_attributes(rules: Written) -> Iterator[Finding]:
    """A score that decides with attributes where nobody is given any points for them."""
    if rules.rules.lifecycle.hot.decides.with_attributes and not rules.rules.scoring.attributes:
        sentence = "`with_attributes` adds nothing: scoring.yaml has no `attributes`."
        path = ("hot", "decides", "with_attributes")
        yield rules.finding("no_effect", "lifecycle.yaml", path, sentence, "Write some, or take it out.")
