"""Advice about lifecycle.yaml: promotion by sums alone, thresholds out of reach, hearing, dead ends (AD-6, SC-6)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from connector.rules.lifecycle import Claim, Requirement, letters_from
from connector.rules.lint_scoring import most_earned
from connector.rules.logic import can_be_true, implies, words
from connector.rules.model import LETTERS, Tiers
from connector.rules.source import KeyPath
from connector.rules.written import Finding, Written

FILE = "lifecycle.yaml"
PASSIVE = "activity.\"type\" IN ('page_view', 'email_open')"
"""What adds up without anybody wanting anything (SC-6)."""


def about_lifecycle(rules: Written) -> Iterator[Finding]:
    yield from _sum_only(rules)
    yield from _out_of_reach(rules)
    yield from _repeated(rules)
    yield from _hearing(rules)
    yield from _undeclared(rules)
    yield from _sources(rules)


def _sum_only(rules: Written) -> Iterator[Finding]:
    """Hot, or MQL, that opens and page views alone can make."""
    life = rules.rules.lifecycle
    advice = "Require an activity that means something beside the score (docs/content-led.md)."
    if not any(_asks_for_more(one) for one in life.hot.requires):
        sentence = f"{life.hot.at_least} points of opens and page views make a person hot."
        yield rules.finding("sum_only", FILE, ("hot",), sentence, advice)
    for place, rule in enumerate(life.mql.rules if life.mql else ()):
        if any(claim.score is not None for claim in rule.claims) and not _asks_for_more(rule):
            sentence = f"Points of opens and page views alone can make an MQL by `{rule.id}`."
            yield rules.finding("sum_only", FILE, ("mql", "rules", place), sentence, advice)


def _asks_for_more(requirement: Requirement) -> bool:
    if any(_is_more(claim) for claim in requirement.all):
        return True
    return bool(requirement.any) and all(_is_more(claim) for claim in requirement.any)


def _is_more(claim: Claim) -> bool:
    """Whether a claim asks for more than opens and page views, or than who somebody is."""
    if claim.activity is not None:
        return not can_be_true(claim.activity.sql, PASSIVE)
    return claim.hearing is not None or claim.deal is not None


def _out_of_reach(rules: Written) -> Iterator[Finding]:
    life = rules.rules.lifecycle
    highest, earned = _highest_score(rules), most_earned(rules.rules.scoring)
    advice = "Lower the threshold, or give more points (scoring.yaml)."
    if highest is not None and life.hot.at_least > highest:
        sentence = f"Nobody ever has {life.hot.at_least} points: {highest} are the most that the rules give."
        yield rules.finding("out_of_reach", FILE, ("hot", "at_least"), sentence, advice)
    letters = _letters(rules.rules.tiers)
    for path, requirement in _requirements(rules):
        for key, claims in (("all", requirement.all), ("any", requirement.any)):
            for place, claim in enumerate(claims):
                most = earned if claim.within_days or claim.line else highest
                if claim.score is not None and most is not None and claim.score > most:
                    sentence = f"Nobody ever has {claim.score} points here: {most} are the most that the rules give."
                    yield rules.finding("out_of_reach", FILE, (*path, key, place), sentence, advice)
                if claim.grade is not None and not letters & set(letters_from(claim.grade)):
                    best = max(letters, key=LETTERS.index)
                    sentence = f"Nobody ever has the grade {claim.grade}: {best} is the best that the profiles give."
                    suggestion = "Ask for a worse letter, or raise `match` (tiers.yaml)."
                    yield rules.finding("out_of_reach", FILE, (*path, key, place), sentence, suggestion)
        if _excludes_itself(requirement.all):
            sentence = f"`{requirement.id}` asks for a score and for less than it."
            yield rules.finding("never_true", FILE, path, sentence, "Take one of both out.")


def _highest_score(rules: Written) -> int | None:
    """The highest deciding score that anybody can have; None: there is no highest (lint_scoring.most_earned)."""
    scoring, decides = rules.rules.scoring, rules.rules.lifecycle.hot.decides
    earned = most_earned(scoring)
    if earned is None:
        return None
    given = scoring.source if decides.score == "ledger" else ()
    extra = scoring.attributes if decides.with_attributes else ()
    points = [rule.points for rule in given if can_be_true(rule.when.sql)]
    points += [rule.points for rule in extra if can_be_true(rule.when.sql)]
    return earned + sum(max(0, one) for one in points)


def _letters(tiers: Tiers) -> set[str]:
    """The best letter of each profile, and the floors: each better letter is nobody's."""
    grade = tiers.grade
    start = LETTERS.index(grade.start)
    found: set[str] = {bound.floor for bound in grade.bounds.values() if bound.floor}
    for profile in grade.profiles:
        steps = start + sum(max(one.match, one.missed, one.unknown) for one in profile.criteria)
        found.add(LETTERS[max(0, min(steps, len(LETTERS) - 1))])
    return found


def _excludes_itself(claims: Sequence[Claim]) -> bool:
    lowest = [(one.score, one.within_days, one.line) for one in claims if one.score is not None]
    highest = [(one.score_at_most, one.within_days, one.line) for one in claims if one.score_at_most is not None]
    return any(low > high and of == same for low, *of in lowest for high, *same in highest)


def _requirements(rules: Written) -> Iterator[tuple[KeyPath, Requirement]]:
    life = rules.rules.lifecycle
    yield from ((("hot", "requires", place), one) for place, one in enumerate(life.hot.requires))
    yield from ((("mql", "rules", place), one) for place, one in enumerate(life.mql.rules if life.mql else ()))
    yield from ([(("second_approach",), life.second_approach)] if life.second_approach else ())
    criteria = life.toss_up.criteria if life.toss_up else ()
    yield from ((("toss_up", "criteria", place), one) for place, one in enumerate(criteria))


def _repeated(rules: Written) -> Iterator[Finding]:
    """MQL rules that decide nothing beside another, and one fact that meets two criteria of the toss-up."""
    life = rules.rules.lifecycle
    each = life.mql.rules if life.mql else ()
    for place, rule in enumerate(each):
        wider = next((one for at, one in enumerate(each) if at != place and _covers(one, rule, at < place)), None)
        if wider is not None:
            sentence = f"`{rule.id}` decides nothing: whoever meets it meets `{wider.id}`, which is enough."
            yield rules.finding("overlapping", FILE, ("mql", "rules", place), sentence, "Take it out, or ask for less.")
    criteria = life.toss_up.criteria if life.toss_up else ()
    for place, criterion in enumerate(criteria):
        twin = next((one for one in criteria[:place] if one.any and criterion.any and _share(one, criterion)), None)
        if twin is not None:
            sentence = f"The same fact meets `{twin.id}` and `{criterion.id}`, and so counts twice."
            path = ("toss_up", "criteria", place)
            yield rules.finding("overlapping", FILE, path, sentence, "Leave it to one of them.")


def _covers(wide: Requirement, narrow: Requirement, equal_counts: bool) -> bool:
    """Whether `narrow` implies `wide`; of two that imply each other only the later one is told."""
    if not all(any(_stronger(one, claim) for one in narrow.all) for claim in wide.all):
        return False
    enough = not wide.any or any(_stronger(one, claim) for one in narrow.all for claim in wide.any)
    if not enough and narrow.any:
        enough = all(any(_stronger(one, claim) for claim in wide.any) for one in narrow.any)
    return enough and (equal_counts or not _covers(narrow, wide, True))


def _share(one: Requirement, other: Requirement) -> bool:
    alone = not one.all and not other.all
    return alone and any(_stronger(a, b) and _stronger(b, a) for a in one.any for b in other.any)


def _stronger(strong: Claim, weak: Claim) -> bool:
    """Whether one claim implies another."""
    if strong.about != weak.about or strong.line != weak.line:
        return False
    if strong.score is not None and weak.score is not None:
        return strong.within_days == weak.within_days and strong.score >= weak.score
    if strong.score_at_most is not None and weak.score_at_most is not None:
        return strong.within_days == weak.within_days and strong.score_at_most <= weak.score_at_most
    if strong.grade is not None and weak.grade is not None:
        return strong.grade in letters_from(weak.grade)
    if strong.active_within_days is not None and weak.active_within_days is not None:
        return strong.active_within_days <= weak.active_within_days
    narrow, wide = (one.activity or one.attributes or one.hearing or one.deal or one.account for one in (strong, weak))
    lately = weak.within_days is None or (strong.within_days is not None and strong.within_days <= weak.within_days)
    often = strong.at_least >= weak.at_least
    return narrow is not None and wide is not None and lately and often and implies(narrow.sql, wide.sql)


def _hearing(rules: Written) -> Iterator[Finding]:
    """Items that nobody collects, or that nothing rests on."""
    life = rules.rules.lifecycle
    used = set(life.sql.needs if life.sql else ())
    used |= {*(life.recycle.heard if life.recycle else ()), *(life.not_before.heard if life.not_before else ())}
    asked = [claim.hearing for claim in life.claims if claim.hearing is not None]
    everything = any("item" not in condition.columns for condition in asked)
    used |= {word for condition in asked for thing, word in words(condition.sql) if thing == "hearing.item"}
    for place, item in enumerate(life.hearing):
        if not item.collected_by:
            sentence = f"Nobody collects `{item.id}`: `collected_by` is empty."
            suggestion = "Say where it is asked: call, form, survey."
            yield rules.finding("not_collected", FILE, ("hearing", place), sentence, suggestion)
        if item.id not in used and not everything:
            sentence = f"Nothing rests on `{item.id}`: no need of an SQL and no condition asks for it."
            suggestion = "Use it under `sql`, `mql` or `toss_up`, or stop asking for it."
            yield rules.finding("not_needed", FILE, ("hearing", place), sentence, suggestion)


def _undeclared(rules: Written) -> Iterator[Finding]:
    """Criteria of the toss-up that rest on an item which is not declared: any answer to it would count."""
    life = rules.rules.lifecycle
    known = [item.id for item in life.hearing]
    for path, requirement in _requirements(rules):
        if path[0] != "toss_up":
            continue
        for key, claims in (("all", requirement.all), ("any", requirement.any)):
            for place, claim in enumerate(claims):
                heard = words(claim.hearing.sql) if claim.hearing else ()
                for word in dict.fromkeys(word for thing, word in heard if thing == "hearing.item"):
                    if word in known:
                        continue
                    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
                    sentence = f"`{requirement.id}` rests on `{word}`, which `hearing` does not declare."
                    suggestion = f"Did you mean `{close[0]}`?" if close else "Declare it: any answer counts as it is."
                    at = (*path, key, place, "hearing")
                    yield rules.finding("undeclared_item", FILE, at, sentence, suggestion, part=f"'{word}'")


def _sources(rules: Written) -> Iterator[Finding]:
    """Marketing sources that no word of the org leads to."""
    life = rules.rules.lifecycle
    led = {source for source, org in rules.fields.sources.items() if org}
    for place, source in enumerate(life.mql.sources if life.mql else ()):
        if source not in led:
            sentence = f"No word of your org leads to the source `{source}`, so that it makes no MQL of its people."
            suggestion = f"Say under `sources` in fields.yaml which word means it; there are {', '.join(sorted(led))}."
            path = ("mql", "sources", place)
            yield rules.finding("source_without_words", FILE, path, sentence, suggestion)
