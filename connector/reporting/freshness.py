"""Whether a stream moves: fresh, late, or at a standstill, which is an error and no silence (SY-6). Pure.

A stream in which nothing changes is fresh all the same: each reading moves its watermark up to the remote's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from connector.rules.schedule import Schedule
from connector.store.watching import Watched

State = Literal["fresh", "late", "being read", "stalled", "losing"]
ALARMS = ("stalled", "losing")

GAPS_IN_A_ROW = 3
"""Comparisons running that found rows which reading had not brought: once may be a late commit, thrice is a fault."""


@dataclass(frozen=True)
class Freshness:
    """`lag`: how far the mirror is behind the remote's time; None before the first reading has ended.

    `sentence`: what is wrong and what to do, for an alarm.
    """

    state: State
    lag: timedelta | None
    sentence: str | None = None

    @property
    def alarm(self) -> str | None:
        return self.state if self.state in ALARMS else None


def freshness(watched: Watched, schedule: Schedule, now: datetime) -> Freshness:
    """How a stream stands at `now`, by the remote's clock."""
    at = watched.watermark or watched.touched_at
    lag = None if watched.watermark is None else max(now - watched.watermark, timedelta())
    if at is not None and schedule.stalled(watched.stream, at, now):
        return Freshness("stalled", lag, _stalled(watched, at))
    if watched.gaps >= GAPS_IN_A_ROW:
        return Freshness("losing", lag, _losing(watched))
    if watched.watermark is None:
        return Freshness("being read", None)
    if schedule.late(watched.stream, watched.watermark, now):
        return Freshness("late", lag)
    return Freshness("being read" if watched.in_progress else "fresh", lag)


def counted(watched: Watched) -> tuple[datetime | None, int]:
    """The comparison that has been counted, and in how many running rows were lacking; each counts once."""
    if watched.compared_at is None or watched.compared_at == watched.counted_at:
        return watched.counted_at, watched.gaps
    return watched.compared_at, watched.gaps + 1 if watched.lacking else 0


def name_of(watched: Watched) -> str:
    return f"{watched.stream} {watched.unit}".strip()


def _stalled(watched: Watched, at: datetime) -> str:
    what = "was read up to" if watched.watermark else "has never been read to its end; rows last came at"
    return (
        f"{name_of(watched)} {what} {at:%Y-%m-%d %H:%M} UTC and stands still. `connector pull` says why; a stream that "
        "may stand still for so long gets a longer `stalled_after` in schedule.yaml."
    )


def _losing(watched: Watched) -> str:
    return (
        f"{name_of(watched)}: the last {watched.gaps} comparisons each found rows that reading had not brought. They "
        "were read again and nothing is lost, but this is a fault: report it with what `connector --verbose pull` says."
    )
