"""How our own tasks are closed again (WB-7), as fields.yaml says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connector.rules.kinds import Strict


class OurTasks(Strict):
    """`tasks` in fields.yaml.

    `closed_status`: the org's word for a task that is over, which our tasks get when what they were for is over; null
    leaves them open. `note_field`: a field of the task, ours alone, that then says why.
    """

    closed_status: Annotated[str, Field(min_length=1, max_length=255)] | None = "Completed"
    note_field: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]*__c$")] | None = None
