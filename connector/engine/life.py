"""life: everybody's transitions up to a time, each with the rules and the figures that caused it (LC-5, LC-6).

What decides a stage, an MQL, an SQL or a toss-up is a handful of things that hold of a person or not: the score at the
threshold, a claim, an open run, a word of the CRM. Each holds in spans of time. The spans of all of them, laid over
one another, are the life: where what follows from them changes, there is a transition. `decided` and `qualified` say
what holds at one moment by the same rules; tests/reference walks through one life, moment by moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.crm_past import crm_past
from connector.engine.eventful import choose, tell_others
from connector.engine.levels import again_lives, again_steps, steps
from connector.engine.life_spans import marks, spans
from connector.engine.moments import from_column, microseconds
from connector.engine.score import Told, clear, kept_lives, live
from connector.engine.slots import CRM_STAGES, Slots, all_of, item_slot, mask, named, slots_of, undated
from connector.rules.lifecycle import Lifecycle, Requirement
from connector.rules.load import RuleSet

_FILE = "life"


@dataclass(frozen=True)
class LifeLine:
    """One transition of a person. `at` is in UTC.

    `kind`: stage (from one to another; None before the first), rose or fell (the score at the threshold with all that
    hot requires, while the stage stayed), mql_gained, mql_lost, sql_gained, sql_lost, toss_up_ready, toss_up_lost.
    `rules` are the ids of what caused it. `score`: the score that decides at that moment; None for being registered and
    for a first activity, which no score causes. `undated` are those of the rules that rest on something of which nobody
    knows since when it has been so: it counts as having been so always.
    """

    at: datetime
    kind: str
    from_stage: str | None
    to_stage: str | None
    rules: tuple[str, ...]
    score: int | None
    undated: tuple[str, ...]


def transitions_of(run: Run, person_id: str) -> tuple[LifeLine, ...]:
    """The life of one person in the order of time, as `lives` made it; empty for somebody who is not in it."""
    found = run(compose(_FILE, "of_one"), {"person_id": person_id})
    return tuple(
        LifeLine(from_column(at), kind, before, after, tuple(rules), score, tuple(undated))
        for at, kind, before, after, rules, score, undated in found
    )


def lives(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes the temporary tables `life` and `mqls` up to and including `as_of`.

    `life(person_id, n, at, place, kind, from_stage, to_stage, rules, score, undated)` with the fields of LifeLine; `n`
    counts from 1, `place` does so at one instant; everybody's first row is the stage at registration.
    `mqls(person_id, first_at, last_at, times)`: when somebody became an MQL (LC-6). Times are TIMESTAMP in UTC.

    Reads what `decide` made, and crm_words(person_id, begins, status, reason): what the CRM's own word was from when
    on (null: nobody knows).
    """
    life, now = rules.lifecycle, microseconds(as_of)
    slots = slots_of(life)
    choose(rules, run)
    if not kept_lives("life_chosen", run):
        live(rules.scoring, as_of, run, "life_chosen", of=Told(noise_known=True))
    crm_past(now, run)
    again_lives(run)
    spans(rules, slots, as_of, run)
    steps(rules, run)
    again_steps(rules, as_of, run)
    marks(rules, slots, run)
    deltas = ", ".join(f"sum(delta) FILTER (word = {word}) AS d{word}" for word in slots.words)
    masks = ", ".join(f"coalesce(sum(d{word}) OVER life, 0)::BIGINT AS m{word}" for word in slots.words)
    run(compose(_FILE, "states", deltas=deltas, masks=masks, now=now), {})
    run(compose(_FILE, "verdicts", **_verdict_holes(life, slots)), {})
    run(compose(_FILE, "changes"), {})
    run(compose(_FILE, "life", **_name_holes(life)), {})
    tell_others(rules, as_of, run)
    run(compose(_FILE, "mqls"), {})
    clear(run)
    for table in _MADE:
        run(f"DROP TABLE IF EXISTS {table}", {})


_MADE = (
    "life_chosen", "life_later", "life_counted", "life_spans", "life_marks", "life_states", "life_verdicts",
    "life_changes", "score_steps", "score_extra", "again_people", "again_events", "again_awards", "again_knots",
    "again_fold", "again_counted", "again_steps", "again_extra",
)  # fmt: skip


def _verdict_holes(life: Lifecycle, slots: Slots) -> dict[str, object]:
    criteria = life.toss_up.criteria if life.toss_up else ()
    needs = life.sql.needs if life.sql else ()
    plain = ("recycled", "crm_undated", "decided", "main", "run", "active")
    needed = [f"list_contains(qualified.toss_up_needed, {quoted(one.id)})" for one in criteria]
    return {
        **{name: slots.holds(name) for name in plain},
        "crm": " ".join(f"WHEN {slots.holds(name)} THEN '{name}'" for name in CRM_STAGES),
        "gates": mask([slots.requirement(one) for one in life.hot.requires]),
        "all_gates": all_of(len(life.hot.requires)),
        "mql": mask([slots.requirement(one) for one in (life.mql.rules if life.mql else ())]),
        "items": mask([slots.holds(item_slot(item)) for item in needs]),
        "all_items": all_of(len(needs)),
        "criteria": mask([slots.requirement(one) for one in criteria]),
        "criteria_count": len(criteria),
        "needed": mask(needed),
    }


def _name_holes(life: Lifecycle) -> dict[str, str]:
    gates = [one.id for one in life.hot.requires]
    rules = life.mql.rules if life.mql else ()
    criteria = life.toss_up.criteria if life.toss_up else ()
    needs = life.sql.needs if life.sql else ()
    return {
        "gate_ids": named("gates", gates),
        "lacking_ids": named(f"({all_of(len(gates))} - gates)", gates),
        "undated_gates": _undated("gates", life.hot.requires),
        "mql_ids": named("mql", [one.id for one in rules]),
        "mql_ids_before": named("mql_before", [one.id for one in rules]),
        "undated_mql": _undated("mql", rules),
        "item_ids": named("items", needs),
        "missing_item_ids": named(f"({all_of(len(needs))} - items)", needs),
        "criteria_ids": named("met", [one.id for one in criteria]),
        "criteria_ids_before": named("met_before", [one.id for one in criteria]),
        "undated_criteria": _undated("met", criteria),
    }


def _undated(value: str, requirements: Sequence[Requirement]) -> str:
    """SQL for those of the requirements held that rest on a claim of unknown date."""
    return named(f"({value} & {sum(1 << place for place in undated(requirements))})", [one.id for one in requirements])
