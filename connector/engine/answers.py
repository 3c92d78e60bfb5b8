"""answers: all that was decided about a person in one row, and when time alone can change it next.

What was touched, and whose time has come, is all that the next evaluation has to look at (store.touched).
"""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.composing import compose

_FILE = "answers"


def answers(run: Run) -> None:
    """Makes the temporary table `answers(person_id, company_id, open, next_change_at, score, stage, digest)`.

    After `decide`. `digest` is one number for all that was decided: equal ones are equal decisions. `next_change_at`:
    UTC, null for never; the earliest of what every temporary table says that has such a column and is about persons.
    `open`: a follow-up begins, or waits for somebody's time.
    """
    tables = [str(name) for (name,) in run(compose(_FILE, "timed"), {})]
    moments = "\nUNION ALL\n".join(compose(_FILE, "moments", table=table) for table in tables)
    run(compose(_FILE, "answers", moments=moments), {})
