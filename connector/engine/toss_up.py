"""toss_up: who is to be handed over to field sales, who waits or lacks one criterion, and what came of it (TU-1..3)."""

from __future__ import annotations

from typing import Literal

from connector.domain.plan import UNDONE
from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.lines import in_segment
from connector.rules.load import RuleSet
from connector.rules.toss_up import HandOver

_FILE = "toss_up"
TOSS_UP = "toss_up"
"""The cadence under whose id hand-overs stand in the ledger and in the keys of their tasks."""
State = Literal["handed_over", "turned_down", "due", "awaits_approval", "declined", "almost"]


def toss_ups(rules: RuleSet, run: Run) -> None:
    """Makes the temporary tables `toss_ups` and `toss_up_outcomes`; time alone never changes either.

    `toss_ups(person_id, state, segment, met, missing, required, start_date)`: those about whom there is something to
    say. `state` is handed_over (on `start_date`, and nothing has ended it), turned_down (the same, and field sales said
    no: the lead is inside sales' again), due (`mode: automatic`, or approved), awaits_approval, declined (somebody said
    no, or the hand-over was taken back) or almost: one criterion is missing, or one that is needed. Lists hold ids of
    criteria.
    `toss_up_outcomes(person_id, start_date, task_id, answer, said, answered_at, opportunity_id, deal_status, amount,
    loss_reason)`: every hand-over, with what field sales answered and the first deal since then.

    Reads decided, qualified, scored, grade_fit, screened, not_before, cadence_runs, our_tasks, our_deals,
    opportunities, and approvals where there is a ledger of them.
    """
    toss_up = rules.lifecycle.toss_up
    run(compose(_FILE, "ground"), {})
    run(compose(_FILE, "ground_of_deals"), {})
    cadence, zone = quoted(TOSS_UP), quoted(rules.scoring.time_zone)
    words = toss_up.hand_over.words if toss_up else ()
    told = ", ".join(f"({quoted(word)}, {quoted(answer)})" for word, answer in dict(words).items())
    run(compose(_FILE, "outcomes", cadence=cadence, zone=zone, words=told or "(NULL::VARCHAR, NULL::VARCHAR)"), {})
    if toss_up is None:
        run(compose(_FILE, "nobody"), {})
    else:
        cases = " ".join(f"WHEN {in_segment(part)} THEN {quoted(part.id)}" for part in toss_up.segments)
        segment = f"CASE {cases} END" if cases else "NULL::VARCHAR"
        waits = "TRUE" if toss_up.mode == "approval" else "FALSE"
        given = compose(_FILE, "given" if _has_ledger(run) else "nobody_asked")
        holes = {"cadence": cadence, "segment": segment, "waits": waits, "given": given, "undone": quoted(UNDONE)}
        run(compose(_FILE, "toss_ups", **holes), {})


def _has_ledger(run: Run) -> bool:
    return bool(run(compose(_FILE, "ledger"), {}))


def hand_over_of(rules: RuleSet, segment: str | None) -> HandOver:
    """How people of a segment are handed over; of those in none, as everybody is."""
    toss_up = rules.lifecycle.toss_up
    if toss_up is None:
        return HandOver()
    own = next((part.hand_over for part in toss_up.segments if part.id == segment), None)
    return own or toss_up.hand_over
