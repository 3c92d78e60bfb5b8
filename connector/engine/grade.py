"""grade: how well a person fits → a letter, from scratch each time (GR-1, GR-2, GR-4)."""

from __future__ import annotations

from collections.abc import Mapping

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.segments import segments
from connector.engine.tier import NOT_FEEDING
from connector.rules.load import RuleSet
from connector.rules.model import LETTERS, Criterion, Profile


def grade(rules: RuleSet, run: Run) -> None:
    """Makes the temporary tables `graded` and `attributed`, and `segmented` (see segments).

    `graded(person_id, grade, thirds, profile, met, missed, unknown)`, `attributed(person_id, score_attribute)`: the
    points for who somebody is (SC-8).

    From `people`, `companies` and `tiered`, so `tier` goes before. `thirds` are the thirds of a letter away from
    the start, before the tier's floor and cap; `met`, `missed`, `unknown` list the ids of criteria. A person whom
    no profile fits has the start grade, bounded by the tier, and no profile.
    """
    model = rules.tiers.grade
    run(compose("grade", "fit", not_feeding=NOT_FEEDING), {})
    answers = [_answer(profile, criterion) for profile in model.profiles for criterion in profile.criteria]
    top = len(LETTERS) - 1
    statement = compose(
        "grade",
        "graded",
        profile=_profile(model.profiles),
        answers=",\n".join(answers),
        letters=", ".join(quoted(letter) for letter in LETTERS),
        top=top,
        start=LETTERS.index(model.start),
        floor=_bound({tier: bound.floor for tier, bound in model.bounds.items()}, otherwise=0),
        cap=_bound({tier: bound.cap for tier, bound in model.bounds.items()}, otherwise=top),
    )
    run(statement, {})
    attributes = rules.scoring.attributes
    points = " + ".join(f"CASE WHEN {rule.when.sql} THEN {rule.points} ELSE 0 END" for rule in attributes) or "0"
    run(compose("grade", "attributed", points=points), {})
    segments(rules.lifecycle, run)


def _profile(profiles: tuple[Profile, ...]) -> str:
    cases = [f"WHEN {profile.when.sql if profile.when else 'TRUE'} THEN {quoted(profile.id)}" for profile in profiles]
    return f"CASE {' '.join(cases)} END"


def _answer(profile: Profile, criterion: Criterion) -> str:
    when = criterion.when.sql
    met, missed = f"WHEN {when} THEN {criterion.match}", f"WHEN NOT ({when}) THEN {criterion.missed}"
    return (
        f"{{'profile': {quoted(profile.id)}, 'criterion': {quoted(criterion.id)},"
        f" 'met': ({when})::BOOLEAN, 'thirds': CASE {met} {missed} ELSE {criterion.unknown} END}}"
    )


def _bound(letters: Mapping[str, str | None], otherwise: int) -> str:
    cases = [f"WHEN {quoted(tier)} THEN {LETTERS.index(letter)}" for tier, letter in letters.items() if letter]
    return f"CASE tier {' '.join(cases)} ELSE {otherwise} END" if cases else str(otherwise)
