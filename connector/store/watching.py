"""What is known of how each stream moves: its cursor, its last comparison, and the alarm that is on about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from connector.domain.running import Run
from connector.store.cursors import naive
from connector.store.database import Store


@dataclass(frozen=True)
class Watched:
    """One stream of one business unit; times in UTC.

    `watermark`: read up to then; `touched_at`: when rows last came or a slice ended; `in_progress`: in the middle of a
    slice. `compared_at`: the last comparison, which found `lacking` rows; `gaps`: in how many running, up to the one at
    `counted_at`. `alarm`: what was said of it, `since` when.
    """

    stream: str
    unit: str
    watermark: datetime | None
    touched_at: datetime | None
    in_progress: bool
    compared_at: datetime | None = None
    lacking: int = 0
    counted_at: datetime | None = None
    gaps: int = 0
    alarm: str | None = None
    since: datetime | None = None


_WATCHED = """
SELECT stream, unit, watermark, pulled_at, slice_upper IS NOT NULL, reconciled_at,
    coalesce(missing, 0) + coalesce(stale, 0), stream_watch.compared_at, coalesce(gaps, 0), alarm, since
FROM cursor LEFT JOIN reconciliation USING (stream, unit) LEFT JOIN stream_watch USING (stream, unit)
ORDER BY stream, unit
"""


def read_watched(run: Run) -> list[Watched]:
    """Every stream that was ever read from, by name and unit."""
    return [
        Watched(
            stream,
            unit,
            _aware(watermark),
            _aware(touched),
            in_progress,
            _aware(compared),
            int(lacking),
            _aware(counted),
            int(gaps),
            alarm,
            _aware(since),
        )
        for stream, unit, watermark, touched, in_progress, compared, lacking, counted, gaps, alarm, since in run(
            _WATCHED, {}
        )
    ]


def keep_watched(store: Store, watched: Watched) -> None:
    """Notes the comparison that was counted and the alarm that is on."""
    store.run(
        "INSERT OR REPLACE INTO stream_watch VALUES ($stream, $unit, $counted, $gaps, $alarm, $since)",
        {
            "stream": watched.stream,
            "unit": watched.unit,
            "counted": naive(watched.counted_at),
            "gaps": watched.gaps,
            "alarm": watched.alarm,
            "since": naive(watched.since),
        },
    )


def _aware(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)
