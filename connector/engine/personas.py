"""personas: what a record says, else a rule over role and firmographics → the persona of a person (LC-10)."""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.columns import has_column
from connector.engine.composing import compose, quoted
from connector.rules.load import RuleSet

FIELD = "persona"
"""The attribute of people that tells it, where fields.yaml or a file brings one."""


def personify(rules: RuleSet, run: Run) -> None:
    """Makes the temporary table `personified(person_id, persona, persona_by)`, for those of whom a persona is known.

    `persona_by`: `field` or `rule`. A word of the field that no persona knows counts for nothing; then the first
    persona whose condition fits. Reads grade_fit, so `grade` goes before; time alone never changes it.
    """
    personas = rules.nurture.personas
    words = "".join(f" WHEN {quoted(word)} THEN {quoted(one.id)}" for one in personas for word in one.known_by)
    told = has_column(run, "grade_fit", FIELD) and bool(words)
    by_field = f'CASE lower(trim(fit."{FIELD}"::VARCHAR)){words} END' if told else "NULL::VARCHAR"
    cases = "".join(f" WHEN {one.when.sql} THEN {quoted(one.id)}" for one in personas if one.when)
    by_rule = f"CASE{cases} END" if cases else "NULL::VARCHAR"
    run(compose("personas", "personified", by_field=by_field, by_rule=by_rule), {})
