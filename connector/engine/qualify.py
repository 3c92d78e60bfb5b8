"""qualify: claims about people → what hot requires beside the score, MQL, SQL, and the criteria of the toss-up.

Every decision rests on claims that are so or not so of a person at a time (rules.lifecycle.Claim): all of them are
answered for everybody in one pass over what people did, one over what was heard, and one over their deals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from connector.domain.running import Run
from connector.engine.account_score import account_is
from connector.engine.branching import any_of
from connector.engine.changes import claim_changes
from connector.engine.composing import compose, quoted
from connector.engine.lines import figure, in_segment
from connector.engine.moments import as_column
from connector.engine.since import open_since
from connector.rules.hearing import HearingItem
from connector.rules.lifecycle import (
    BuyingStages,
    Claim,
    Lifecycle,
    Requirement,
    TossUp,
    TossUpSegment,
    letters_from,
)
from connector.rules.load import RuleSet

_FILE = "qualify"


def qualify(rules: RuleSet, as_of: datetime, counts: str, run: Run) -> None:
    """Makes the temporary table `qualified`, one row for each row of `scored`.

    `qualified(person_id, open, open_since, hot_lacks, heard, acceptable, buying_stage, is_mql, mql_rules,
    bant_complete, is_sql, bant_missing, toss_up_met, toss_up_missing, toss_up_required, toss_up_ready, approach)`.
    `open`: what hot requires beside the score is there, since `open_since` (null: nothing is required); `hot_lacks` are
    the ids of what is not. `approach`: whether somebody recycled may be turned to again, null for others and where the
    rules ask for nothing (RC-2). Of somebody recycled only what was done since counts. Lists hold ids. Reads
    activities, hearing(person_id, item, value, said_by, via, at), opportunities, content_stages(content, stage, rank),
    recycling, scored, grade_fit and graded, so `score` and `grade` go before. `counts` is SQL for whether an activity
    is not a machine's.
    """
    life = rules.lifecycle
    moment = {"as_of": as_column(as_of)}
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    claims = life.claim_columns
    acceptable = acceptable_answer(life.hearing)
    acts = acts_of(life, types, counts)
    run(compose(_FILE, "counted", acts=acts, not_noise=counts, **counted_holes(rules, claims)), moment)
    run(compose(_FILE, "heard_ever"), moment)
    run(compose(_FILE, "heard"), {})
    run(compose(_FILE, "items", acceptable=acceptable), {})
    run(compose(_FILE, "claims", **_claim_holes(claims, as_of)), {})
    run(compose(_FILE, "placed", types=types, not_noise=counts, lately=_lately(life.buying_stages, as_of)), moment)
    open_since(life, claims, acceptable, as_of, run)
    run(compose(_FILE, "qualified", **_qualified_holes(life, claims)), {})
    claim_changes(claims, life.buying_stages, as_of, run)


def acts_of(life: Lifecycle, types: str, counts: str) -> str:
    """SQL for the activities that claims ask about: with the silence before each where one looks at that."""
    asking = [one for one in life.requirements() if any(claim.after_silence_days for claim in one.claims)]
    if not asking:
        return "activities"
    whose = "closings" if asking == [life.second_approach] else "people"
    return compose(_FILE, "with_silence", types=types, not_noise=counts, whose=f"SELECT person_id FROM {whose}")


def counted_holes(rules: RuleSet, claims: Mapping[Claim, str]) -> dict[str, str]:
    """What is asked of each activity; whatever answers nothing, or is of a type that does not count, is not kept."""
    life = rules.lifecycle
    tests = {name: f"coalesce({asked(claim)}, FALSE)" for claim, name in claims.items() if claim.activity}
    required = {claim for one in life.hot.requires for claim in one.claims}
    tests |= {claims[claim]: "TRUE" for claim in required if claim.active_within_days}
    everything = ["TRUE"] if any(claim.active_within_days for claim in required) else []
    columns = ", ".join(f"{test} AS {name}" for name, test in tests.items())
    wanted = [*(asked(claim) for claim in claims if claim.activity), *everything]
    return {"columns": columns or "TRUE AS nothing", "any": any_of("type", wanted, rules.scoring.activity_types)}


def asked(claim: Claim) -> str:
    """SQL for whether an activity is one that a claim asks for."""
    condition = f"({claim.activity.sql})" if claim.activity else "FALSE"
    days = claim.after_silence_days
    return f"{condition} AND activity.silence >= to_days({days})" if days else condition


def _claim_holes(claims: Mapping[Claim, str], as_of: datetime) -> dict[str, str]:
    holes = {"did": "", "answers": "", "deals": "", "claims": ""}
    for claim, name in claims.items():
        if claim.activity is not None:
            met = f"{name} AND occurred_at > {_before(as_of, claim.within_days)}"
            holes["did"] += f", count(*) FILTER (WHERE {met}) >= {claim.at_least} AS {name}"
            holes["did"] += f", count(*) FILTER (WHERE {name}) >= {claim.at_least} AS ever_{name}"
            holes["claims"] += "".join(f", coalesce(did.{one}, FALSE) AS {one}" for one in (name, f"ever_{name}"))
        elif claim.hearing is not None:
            lately = f' AND hearing."at" > {_before(as_of, claim.within_days)}' if claim.within_days else ""
            known = "list_contains(heard_items.acceptable, hearing.item)"
            holes["answers"] += f", bool_or({known} AND ({claim.hearing.sql}){lately}) AS {name}"
            holes["claims"] += f", coalesce(answers.{name}, FALSE) AS {name}"
        elif claim.deal is not None:
            holes["deals"] += f", bool_or({claim.deal.sql}) AS {name}"
            holes["claims"] += f", coalesce(deals.{name}, FALSE) AS {name}"
        else:
            holes["claims"] += f", coalesce({_of_person(claim, as_of)}, FALSE) AS {name}"
    return holes


def _of_person(claim: Claim, as_of: datetime) -> str:
    """SQL for a claim that the person's own row answers."""
    if claim.attributes is not None:
        return f"({claim.attributes.sql})"
    if claim.grade is not None:
        letters = ", ".join(quoted(letter) for letter in letters_from(claim.grade))
        return f"graded.grade IN ({letters})"
    if claim.active_within_days is not None:
        since = f"greatest({_before(as_of, claim.active_within_days)}, scored.recycled_at)"
        return f"scored.last_activity_at > {since}"
    if claim.account is not None:
        return account_is(claim.account.sql)
    if claim.lead_time is not None:
        return f"scored.person_id IN (SELECT person_id FROM segmented WHERE segment = {quoted(claim.lead_time)})"
    if claim.line is not None:
        score = figure(claim)
        return f"{score} >= {claim.score}" if claim.score is not None else f"{score} <= {claim.score_at_most}"
    score = f"scored.since_{claim.within_days}d" if claim.within_days else "scored.score_deciding"
    if claim.score is not None:
        return f"{score} >= {claim.score}"
    return f"{score} <= {claim.score_at_most}"


def _qualified_holes(life: Lifecycle, claims: Mapping[Claim, str]) -> dict[str, object]:
    mql = life.mql
    toss_up = life.toss_up
    gates = [f"({_holds(one, claims)})" for one in life.hot.requires]
    lacking = [f"CASE WHEN NOT ({_holds(one, claims)}) THEN {quoted(one.id)} END" for one in life.hot.requires]
    met = {one.id: _holds(one, claims) for one in (toss_up.criteria if toss_up else ())}
    return {
        "open": " AND ".join(gates) or "TRUE",
        "approach": _holds(life.second_approach, claims) if life.second_approach else "NULL::BOOLEAN",
        "lacking": ", ".join(lacking) or "NULL::VARCHAR",
        "sources": ", ".join(quoted(word) for word in mql.sources) if mql else "NULL",
        "mql": _named([(rule.id, _holds(rule, claims)) for rule in (mql.rules if mql else ())]),
        "criteria": _named(list(met.items())),
        "required": _by_segment(life, lambda part: str(part.required)) if toss_up else "0",
        "needed": _by_segment(life, lambda part: _list(part.needed)) if toss_up else _list(()),
        "bant": _list(life.sql.needs if life.sql else ()),
        "all_criteria": _list(tuple(met)),
    }


def _holds(requirement: Requirement, claims: Mapping[Claim, str]) -> str:
    parts = [f"claim.{claims[one]}" for one in requirement.all]
    either = " OR ".join(f"claim.{claims[one]}" for one in requirement.any)
    return " AND ".join([*parts, *([f"({either})"] if either else [])])


def _by_segment(life: Lifecycle, value: Callable[[TossUp | TossUpSegment], str]) -> str:
    toss_up = life.toss_up
    if toss_up is None:
        return "NULL"
    cases = " ".join(f"WHEN {in_segment(part)} THEN {value(part)}" for part in toss_up.segments)
    return f"CASE {cases} ELSE {value(toss_up)} END" if cases else value(toss_up)


def acceptable_answer(items: Sequence[HearingItem]) -> str:
    """SQL for whether an answer counts: an item that nobody declared counts when it was heard at all."""
    cases = []
    for item in items:
        soft = ", ".join(quoted(word.strip().lower()) for word in item.soft)
        tests = [f"lower(trim(hearing.value)) NOT IN ({soft})"] if soft else []
        tests += [f"({item.acceptable.sql})"] if item.acceptable else []
        cases.append(f"WHEN hearing.item = {quoted(item.id)} THEN {' AND '.join(tests) or 'TRUE'}")
    return f"CASE {' '.join(cases)} ELSE TRUE END" if cases else "TRUE"


def _lately(stages: BuyingStages, as_of: datetime) -> str:
    return f"activity.occurred_at > {_before(as_of, stages.within_days)}" if stages.within_days else "TRUE"


def _before(as_of: datetime, days: int | None) -> str:
    """SQL for the moment so many days before; a window is open at that end."""
    if days is None:
        return "TIMESTAMP '-infinity'"
    return f"TIMESTAMP '{as_column(as_of)}' - to_days({days})"


def _named(tests: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"CASE WHEN {test} THEN {quoted(name)} END" for name, test in tests) or "NULL::VARCHAR"


def _list(ids: Sequence[str]) -> str:
    return f"[{', '.join(quoted(one) for one in ids)}]::VARCHAR[]"
