"""The dictionary of statuses: what each word of the CRM means, who acts, and what leads in and out (LC-7)."""

from __future__ import annotations

from typing import Literal

from connector.rules.kinds import Strict
from connector.rules.names import Name
from connector.rules.stages import Owner, Stage

Object = Literal["lead", "opportunity"]
SAID_BY_A_LEAD: tuple[Stage, ...] = ("opportunity", "won", "lost", "disqualified")
"""The stages that a lead's own status can decide; the others are decided by what people do."""


class Status(Strict):
    """One word of a picklist, and what the team has agreed about it.

    A lead's word that means one of SAID_BY_A_LEAD decides the stage. Of an opportunity's word only the org's own
    marks (closed, won) decide; a word that contradicts them is reported. Without `means` a word says nothing of it.
    """

    word: str
    object: Object = "lead"
    means: Stage | None = None
    owner: Owner
    entry: Name
    exit: Name
    example: Name
