"""intake: the three decisions about everybody who came in, with their reasons: target, nurture, when (EN-8)."""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.columns import has_column
from connector.engine.composing import compose


def door(run: Run) -> None:
    """Makes the temporary table `at_the_door(person_id, target, target_why, nurture, nurture_why)`.

    `target`: the company has a tier. `target_why` is the tier or `target_list`, else screened, candidate or closed (how
    the company was matched), unknown_company, no_tier. `nurture` and `nurture_why`: see tracks.

    Reads people, companies, tiered, screened and nurtured; it changes when one of them does.
    """
    matched = "person.match_status" if has_column(run, "people", "match_status") else "NULL::VARCHAR"
    run(compose("intake", "door", matched=matched), {})


def intake(run: Run) -> None:
    """Makes the temporary table `intake`: `at_the_door`, `when_on` and `when_why`.

    `when_on` is the day (zone of the rules) on which somebody turns to the person next, null where nobody does or
    nobody knows the day; `when_why` the purpose of that action. Reads what `door` reads, and next_actions.
    """
    door(run)
    run(compose("intake", "intake"), {})
