"""The tasks that we made, as the org has them now: which steps of cadence runs are done, and how they ended (CD-2)."""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.composing import compose


def our_tasks(run: Run) -> None:
    """Makes the temporary table `our_tasks`, for `decide` and `next_actions`.

    `our_tasks(person_id, cadence, start_date, step, channel, task_id, is_done, done_at, outcome, status, is_open_run)`:
    of open runs and of ended ones, `done_at` in UTC. Reads seen_salesforce_task by the keys that planning.tasks gave,
    and cadence_runs with key_record.
    """
    run(compose("our_tasks", "our_tasks"), {})
