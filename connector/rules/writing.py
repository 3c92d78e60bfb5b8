"""What fields.yaml says of writing: how our tasks are closed again (WB-7), and what waits for a word."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connector.rules.kinds import Strict


class OurTasks(Strict):
    """`tasks` in fields.yaml.

    `closed_status`: the org's word for a task that is over, which our tasks get when what they were for is over; null
    leaves them open. `note_field`: a field of the task, ours alone, that then says why.
    """

    closed_status: Annotated[str, Field(min_length=1, max_length=255)] | None = "Completed"
    note_field: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]*__c$")] | None = None


Mode = Literal["automatic", "approval"]


class Modes(Strict):
    """`modes` in fields.yaml: what is written by itself, and what waits for `connector approve`.

    `updates`: fields of records save `status`, the words in which people read stages. `prospects`: fields of Account
    Engagement. Hand-overs to field sales have their own `mode` in lifecycle.yaml.
    """

    updates: Mode = "automatic"
    status: Mode = "automatic"
    tasks: Mode = "automatic"
    opportunities: Mode = "automatic"
    closings: Mode = "automatic"
    prospects: Mode = "automatic"
    memberships: Mode = "automatic"

    @property
    def waiting(self) -> frozenset[str]:
        """The kinds that wait."""
        return frozenset(name for name, mode in self if mode == "approval")
