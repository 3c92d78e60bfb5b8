"""screening: who is no lead at all, and why (EN-4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.tier import NOT_FEEDING
from connector.rules.load import RuleSet
from connector.rules.screening import Screen

_FILE = "screening"
_NONE = "(NULL::VARCHAR, NULL::INTEGER)"


def screen(rules: RuleSet, run: Run) -> None:
    """Makes the temporary table `screened(person_id, reason, rule)`: those who are no leads, and nobody else.

    `reason` is one of rules.screening.REASONS, `rule` the id of the first entry that fits. Time alone never changes
    it. Reads people, companies and grade_fit, so `grade` goes before. A company that was matched doubtfully screens
    nobody.
    """
    screens = rules.tiers.screened
    if not screens:
        run(compose(_FILE, "nobody"), {})
        return
    statement = compose(
        _FILE,
        "screened",
        domains=_rows((domain, place) for place, one in enumerate(screens, 1) for domain in one.domains),
        numbers=_rows((number, place) for place, one in enumerate(screens, 1) for number in one.corporate_numbers),
        by_condition=_by_condition(screens),
        not_feeding=NOT_FEEDING,
        reasons=", ".join(quoted(one.why) for one in screens),
        rules=", ".join(quoted(one.id) for one in screens),
    )
    run(statement, {})


def _by_condition(screens: Sequence[Screen]) -> str:
    """SQL for the place of the first entry whose condition holds."""
    cases = [f"WHEN {one.when.sql} THEN {place}" for place, one in enumerate(screens, 1) if one.when]
    return f"CASE {' '.join(cases)} END" if cases else "NULL::INTEGER"


def _rows(pairs: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"({quoted(text)}, {place})" for text, place in pairs) or _NONE
