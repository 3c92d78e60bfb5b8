"""answers: everything that was decided about a person in one row, and when time alone can change it next.

What was touched, and whose time has come, is all that the next evaluation has to look at (store.touched).
"""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.composing import compose

TIMED = ("scored", "claim_changes")
"""The tables by person whose column `next_change_at` says when time alone can change a row of theirs."""


def answers(run: Run) -> None:
    """Makes the temporary table `answers(person_id, company_id, open, next_change_at, answer)` after `decide`.

    `answer` is one text for all that was decided: two equal texts are two equal decisions. `next_change_at`: UTC, null
    for never. `open`: a follow-up begins, or waits for somebody's time.
    """
    further = [f"LEFT JOIN {table} USING (person_id)" for table in TIMED if table != "scored"]
    moments = ", ".join(f"{table}.next_change_at" for table in TIMED)
    run(compose("answers", "answers", next_change_at=f"least({moments})", further="\n".join(further)), {})
