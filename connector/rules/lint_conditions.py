"""Advice about conditions: never true, words that nothing ever is, rules that repeat or hide one another (AD-6)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from connector.rules.conditions import Condition
from connector.rules.lists import LISTS_FILE
from connector.rules.logic import can_be_true, implies, words
from connector.rules.relations import SENT_TYPES
from connector.rules.source import KeyPath
from connector.rules.written import Finding, Written

LISTED_SOURCES = ("webinar", "event", "list")
"""The sources of people whom imported lists bring (docs/lists.md)."""
_SAME = "Points of both are given. Take one out, or make the conditions differ."


def about_conditions(rules: Written) -> Iterator[Finding]:
    yield from _never_true(rules)
    yield from _unknown_words(rules)
    yield from _ours(rules)
    yield from _repeated(rules)
    yield from _hidden(rules)


def _never_true(rules: Written) -> Iterator[Finding]:
    for file, path, condition in rules.conditions():
        if not can_be_true(condition.sql):
            yield rules.finding(
                "never_true",
                file,
                path,
                "This condition can never be true: its parts exclude one another.",
                "Between values of one thing write OR, or IN ('a', 'b').",
            )


def _unknown_words(rules: Written) -> Iterator[Finding]:
    known = _known_words(rules)
    for file, path, condition in rules.conditions():
        for thing, word in words(condition.sql):
            if thing not in known or word in known[thing] or (thing == "hearing.item" and path[0] == "toss_up"):
                continue
            name = thing.partition(".")[2]
            close = difflib.get_close_matches(word, known[thing], n=1, cutoff=0.6)
            there = ", ".join(sorted(known[thing])) or "none"
            yield rules.finding(
                "unknown_word",
                file,
                path,
                f"Nothing has the {name} '{word}'.",
                f"Did you mean '{close[0]}'?" if close else f"There are: {there}.",
                part=f"'{word}'",
            )


def _known_words(rules: Written) -> Mapping[str, set[str]]:
    """ "relation.column" → the words that it can be, where the files tell all of them."""
    sources = {source for source, org in rules.fields.sources.items() if org} | {"other", *LISTED_SOURCES}
    statuses = {"opportunity", "won", "lost", "disqualified"}
    return {
        "activity.theme": {item.theme for item in rules.content.content if item.theme},
        "activity.product": {item.product for item in rules.content.content if item.product},
        "person.source": sources,
        "fit.source": sources,
        "person.crm_status": statuses,
        "fit.crm_status": statuses,
        "fit.tier": {tier.id for tier in rules.rules.tiers.tiers},
        "deal.status": {"open", "won", "lost"},
        "hearing.item": {item.id for item in rules.rules.lifecycle.hearing},
    }


def _ours(rules: Written) -> Iterator[Finding]:
    """Conditions that only what we did can meet: it never counts as theirs."""
    ours = ", ".join(f"'{word}'" for word in SENT_TYPES)
    by_us = f'activity."type" IN ({ours})'
    for file, path, condition in rules.conditions():
        if "type" in condition.columns and can_be_true(condition.sql) and implies(condition.sql, by_us):
            yield rules.finding(
                "never_counts",
                file,
                path,
                "Only what we did ourselves is meant here, and that never counts as an activity of theirs.",
                f"Name a type from `activity_types`, not {ours}.",
            )


def _repeated(rules: Written) -> Iterator[Finding]:
    """Rules of one kind with the same condition."""
    scoring = rules.rules.scoring
    kinds: Mapping[str, Sequence[tuple[str, Condition]]] = {
        "source": [(rule.id, rule.when) for rule in scoring.source],
        "behaviour": [(rule.id, rule.when) for rule in scoring.behaviour],
        "attributes": [(rule.id, rule.when) for rule in scoring.attributes],
    }
    for kind, each in kinds.items():
        for place, (id_, condition) in enumerate(each):
            twin = next((other for other, one in each[:place] if _same(one, condition)), None)
            if twin is not None:
                sentence = f"`{id_}` holds exactly when `{twin}` does."
                yield rules.finding("overlapping", "scoring.yaml", (kind, place, "when"), sentence, _SAME)
    for at, profile in enumerate(rules.rules.tiers.grade.profiles):
        for place, criterion in enumerate(profile.criteria):
            twins = [one.id for one in profile.criteria[:place] if _same(one.when, criterion.when)]
            if twins:
                sentence = f"`{criterion.id}` holds exactly when `{twins[0]}` does."
                path: KeyPath = ("grade", "profiles", at, "criteria", place, "when")
                yield rules.finding("overlapping", "tiers.yaml", path, sentence, "Both move the grade. Take one out.")


def _same(one: Condition, other: Condition) -> bool:
    return implies(one.sql, other.sql) and implies(other.sql, one.sql)


def _hidden(rules: Written) -> Iterator[Finding]:
    """Entries of lists of which the first that fits counts, behind one that is wider."""
    tiers, life, lists = rules.rules.tiers, rules.rules.lifecycle, rules.lists
    chains: list[tuple[str, KeyPath, list[tuple[str, Condition | None, frozenset[str]]]]] = [
        ("tiers.yaml", ("tiers",), [(one.id, one.when, frozenset()) for one in tiers.tiers]),
        ("tiers.yaml", ("grade", "profiles"), [(one.id, one.when, frozenset()) for one in tiers.grade.profiles]),
    ]
    if life.toss_up and not any(one.line for one in life.toss_up.segments):
        segments: list[tuple[str, Condition | None, frozenset[str]]] = [
            (one.id, one.when, frozenset()) for one in life.toss_up.segments
        ]
        chains.append(("lifecycle.yaml", ("toss_up", "segments"), segments))
    if LISTS_FILE in rules.sources:
        listed = [(one.id, one.when, frozenset(one.kinds)) for one in lists.segments]
        chains.append((LISTS_FILE, ("segments",), [*listed]))
    for file, path, entries in chains:
        for place, entry in enumerate(entries):
            wider = next((other[0] for other in entries[:place] if _covers(other, entry)), None)
            if wider is not None:
                sentence = f"`{entry[0]}` is never reached: `{wider}` above it fits whomever it fits."
                yield rules.finding("unreachable", file, (*path, place), sentence, f"Move it above `{wider}`.")


def _covers(
    above: tuple[str, Condition | None, frozenset[str]], below: tuple[str, Condition | None, frozenset[str]]
) -> bool:
    if not below[2] <= above[2]:
        return False
    return above[1] is None or (below[1] is not None and implies(below[1].sql, above[1].sql))
