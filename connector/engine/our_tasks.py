"""The tasks that we made, as the org has them now: which steps of cadence runs are done, and how they ended (CD-2)."""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.composing import compose


def our_closings(run: Run) -> None:
    """Makes the temporary table `closed_by_us(task_id)`: what we closed ourselves says nothing about anybody (WB-7).

    Reads seen_salesforce_task and the journal.
    """
    run(compose("our_closings", "closed_by_us"), {})


def our_tasks(run: Run) -> None:
    """Makes the temporary tables `our_tasks` and `our_deals`, for `decide` and `next_actions`.

    `our_deals(opportunity_id)`: the opportunities that we made at hand-overs.

    `our_tasks(person_id, cadence, start_date, step, channel, task_id, is_done, is_open, done_at, outcome, status,
    is_open_run)`: of open runs and of ended ones, `done_at` in UTC. What we closed ourselves is neither done nor open.
    Reads seen_salesforce_opportunity, seen_salesforce_task by the keys that planning.tasks gave, cadence_runs with
    key_record, and the journal.
    """
    our_closings(run)
    run(compose("our_tasks", "our_deals"), {})
    run(compose("our_tasks", "our_tasks"), {})
