"""Whom a task belongs to when the owner of its person may own none (an inactive user): nobody whom we name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.domain.running import Run
from connector.engine.cadence import CadenceStep
from connector.planning.tasks import FollowUp


def owned_by_the_active(run: Run, chosen: Iterable[tuple[FollowUp, CadenceStep]]) -> list[tuple[FollowUp, CadenceStep]]:
    """The steps, without the owner where the mirror shows that user as inactive: the org refuses tasks of these.

    The org gives such a task to the user who makes it, so that it stands in a list that somebody looks at. Queues may
    own tasks; whom the mirror does not know is left to the org. Reads owner_names.
    """
    away = {str(owner) for (owner,) in run("SELECT owner_id FROM owner_names WHERE NOT is_active", {})}
    return [
        (replace(follow_up, owner_id=None) if follow_up.owner_id in away else follow_up, step)
        for follow_up, step in chosen
    ]
