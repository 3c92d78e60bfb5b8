"""What one tick of the daemon did, as values. No personal data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connector.errors import RefusedError

Outcome = Literal["done", "failed_rows", "refused", "failed"]

FAILED_ROWS = 4
"""Exit code when the platform refused rows."""


@dataclass(frozen=True)
class StreamReach:
    """How far a stream of a business unit is read: `up_to` by this machine's clock, None before the first time."""

    stream: str
    unit: str
    up_to: datetime | None


@dataclass(frozen=True)
class DayUse:
    """API calls of one account's day: `used` by whomever of `allowed`, and `ours`."""

    account: str
    used: int
    allowed: int
    ours: int


@dataclass(frozen=True)
class Report:
    """A cycle that came to its end. `refusal`: why nothing was written, where the guard or first contact stopped it.

    `waiting`: why reading ended early, where the day's API calls are used up.
    """

    refusal: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    planned: int = 0
    applied: int = 0
    failed: int = 0
    streams: tuple[StreamReach, ...] = ()
    open_runs: int = 0
    waiting: str | None = None

    @property
    def outcome(self) -> Outcome:
        if self.refusal is not None:
            return "refused"
        return "failed_rows" if self.failed else "done"

    @property
    def exit_code(self) -> int:
        """As `connector sync` would have ended."""
        return {"done": 0, "failed_rows": FAILED_ROWS, "refused": RefusedError.exit_code, "failed": 1}[self.outcome]
