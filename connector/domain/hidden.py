"""A mapped field that the remote does not show (any more)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

WHOLE_OBJECT = ""
"""Stands for the field where the object itself is not shown."""


@dataclass(frozen=True)
class HiddenField:
    """One field of one stream and business unit; its values in the mirror are of before `since`.

    `since`: when a reading first found it missing; `looked_at`: when it was last looked for (both UTC, the remote's
    clock). `place`: file, line and column of the mapping. `similar`: the most similar field that the remote shows.
    """

    stream: str
    unit: str
    field: str
    since: datetime
    looked_at: datetime
    place: str
    similar: str | None = None

    @property
    def is_object(self) -> bool:
        """Whether the whole object is not shown."""
        return self.field == WHOLE_OBJECT

    @property
    def sentence(self) -> str:
        """What is wrong and what to do."""
        since = f"since {self.since:%Y-%m-%d %H:%M} UTC"
        unit = f" in business unit {self.unit}" if self.unit else ""
        if self.is_object:
            return (
                f"{self.place}: {self.stream} is not shown to this user{unit} any more, {since}. It is not read, and "
                "its rows stay as they were: give the right back, or take the object out."
            )
        hint = f"Did you mean `{self.similar}`?" if self.similar else "Give the right back, or take the line out."
        return (
            f"{self.place}: {self.stream} shows no field `{self.field}`{unit} any more, {since}. Its values stay as "
            f"they were, and nothing is written to it. {hint}"
        )
