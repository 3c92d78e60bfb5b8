"""The watch over the streams: an alarm is said once when it begins and once when it ends, by whichever run sees it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import structlog

from connector.domain.alerts import Alert, AlertKind
from connector.reporting.freshness import counted, freshness
from connector.rules.schedule import Schedule
from connector.store.alerts import note_alerts
from connector.store.database import Store
from connector.store.watching import Watched, keep_watched, read_watched

STALLED: tuple[AlertKind, ...] = ("stalled",)

log = structlog.get_logger()


def watch(store: Store, schedule: Schedule, mapped: Collection[str], now: datetime) -> None:
    """Looks at each mapped stream at the end of a run, be it a failed one. `now`: by the remotes' clock."""
    stalled = []
    for watched in read_watched(store.run):
        if watched.stream in mapped:
            seen = _looked_at(watched, schedule, now)
            if seen.alarm:
                name = f"{watched.stream}:{watched.unit}" if watched.unit else watched.stream
                stalled.append(Alert("stalled", name, None, f"{name} {seen.alarm}"))
            if seen != watched:
                keep_watched(store, seen)
    note_alerts(store, STALLED, stalled, now)


def _looked_at(watched: Watched, schedule: Schedule, now: datetime) -> Watched:
    at, gaps = counted(watched)
    seen = replace(watched, counted_at=at, gaps=gaps)
    found = freshness(seen, schedule, now)
    if found.alarm == watched.alarm:
        return seen
    said = {"stream": watched.stream, "unit": watched.unit or None}
    if found.alarm:
        log.warning("stream.alarm", **said, state=found.alarm, why=found.sentence)
        return replace(seen, alarm=found.alarm, since=now)
    log.warning("stream.recovered", **said, state=watched.alarm, since=watched.since and watched.since.isoformat())
    return replace(seen, alarm=None, since=None)
