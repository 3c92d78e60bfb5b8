"""What a bulk job that takes rows has come to, and what it cost to wait for it."""

from __future__ import annotations

from dataclasses import dataclass

ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True)
class JobState:
    """Where a job is, by the platform's word for it. `processed` counts failed rows too; `seconds` of its own work."""

    state: str
    processed: int = 0
    failed: int = 0
    error: str | None = None
    seconds: float = 0.0

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class Waited:
    """A job after it was waited for: how often it was asked for, and for how many seconds."""

    job: JobState
    polls: int
    seconds: float
