"""The tasks that we made, as the org has them now: which steps of the open cadence runs are done (CD-2)."""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.composing import compose

_FILE = "our_tasks"


def our_tasks(run: Run) -> None:
    """Makes the temporary tables `our_tasks` and `finished_tasks(person_id, step)`, for `next_actions`.

    `our_tasks(person_id, cadence, start_date, step, channel, task_id, is_done)`: the tasks of open runs. Reads
    seen_salesforce_task by the keys that planning.tasks gave, and cadence_runs with key_record.
    """
    run(compose(_FILE, "our_tasks"), {})
    run(compose(_FILE, "finished"), {})
