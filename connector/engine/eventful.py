"""eventful: who could ever have reached a threshold; the lives of all others are told in two lines (LC-5).

A bound, never a decision: who is left out could not have been hot, an MQL or ready for the toss-up at any moment,
whatever came in which order.
"""

from __future__ import annotations

from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.engine.score import counts
from connector.engine.slots import is_dated, mask, of_ledger
from connector.rules.lifecycle import Claim, Requirement
from connector.rules.load import RuleSet

_FILE = "life"


def choose(rules: RuleSet, run: Run) -> None:
    """Makes the temporary table `life_chosen(person_id)`: those whose life can be more than registered and cold.

    Reads what `decide` made.
    """
    life = rules.lifecycle
    gates = [_possible(one, rules) for one in life.hot.requires]
    holes = {
        "hot": " AND ".join([f"{_reach(rules)} >= scored.hot_at_least", *(f"({gate})" for gate in gates)]),
        "mql": mask([_possible(one, rules) for one in (life.mql.rules if life.mql else ())]),
        "met": mask([_possible(one, rules) for one in (life.toss_up.criteria if life.toss_up else ())]),
        "attributed": "LEFT JOIN attributed USING (person_id)" if life.hot.decides.with_attributes else "",
    }
    run(compose(_FILE, "chosen", **holes), {})


def tell_others(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Adds the lives of all others to `life`."""
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    holes = {"types": types, "not_noise": counts(rules.scoring, run)}
    run(compose(_FILE, "later", **holes), {"as_of": as_column(as_of)})
    run(compose(_FILE, "trivial"), {})


def _reach(rules: RuleSet) -> str:
    """SQL for what the score that decides never was above."""
    decides, floor = rules.lifecycle.hot.decides, rules.scoring.floor
    most = "scored.score_reach" if decides.within_days is None else "scored.score_gains"
    if floor is not None:
        most = f"greatest({most}, {floor.at_least})"
    return f"({most} + greatest(coalesce(attributed.score_attribute, 0), 0))" if decides.with_attributes else most


def _possible(requirement: Requirement, rules: RuleSet) -> str:
    """SQL for whether a requirement can ever have been met."""
    parts = [_possible_claim(claim, rules) for claim in requirement.all]
    either = " OR ".join(_possible_claim(claim, rules) for claim in requirement.any)
    return " AND ".join([*parts, *([f"({either})"] if either else [])])


def _possible_claim(claim: Claim, rules: RuleSet) -> str:
    name = rules.lifecycle.claim_columns[claim]
    if claim.activity is not None:
        return f"claim.ever_{name}"
    if claim.hearing is not None:
        return "heard.person_id IS NOT NULL"
    if claim.deal is not None:
        return "dealt.person_id IS NOT NULL"
    if of_ledger(claim) and claim.score is not None:
        return f"{_reach(rules)} >= {claim.score}"
    if claim.in_window and claim.score is not None:
        return f"scored.score_gains >= {claim.score}"
    return "TRUE" if is_dated(claim) else f"claim.{name}"
