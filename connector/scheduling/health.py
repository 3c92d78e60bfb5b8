"""Whether the daemon is well: the state behind /healthz, /readyz and /metrics."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from connector.redaction import redact
from connector.rules.schedule import Schedule
from connector.scheduling.report import DayUse, Outcome, Report, StreamReach

_STEP_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class Health:
    """What the daemon tells of itself; the loop writes it and the listening thread reads it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._schedule: Schedule | None = None
        self._well_at: datetime | None = None
        self._trouble: str | None = None
        self._streams: tuple[StreamReach, ...] = ()
        self._registry = CollectorRegistry()
        self._cycles = Counter("connector_cycles", "Cycles by outcome.", ("outcome",), registry=self._registry)
        self._steps = Histogram(
            "connector_step_seconds",
            "Seconds that a step of a cycle took.",
            ("step",),
            registry=self._registry,
            buckets=_STEP_BUCKETS,
        )
        self._rows = Counter("connector_rows_pulled", "Rows read, by stream.", ("stream",), registry=self._registry)
        self._changes = Counter(
            "connector_changes", "Changes planned, applied and refused.", ("state",), registry=self._registry
        )
        self._calls = Counter("connector_api_calls", "API calls made, by remote.", ("remote",), registry=self._registry)
        self._ages = Gauge(
            "connector_watermark_age_seconds",
            "Seconds since up to when a stream has been read.",
            ("stream", "unit"),
            registry=self._registry,
        )
        self._stalled = Gauge(
            "connector_stream_stalled",
            "1 where a stream stands still for longer than it may, else 0.",
            ("stream", "unit"),
            registry=self._registry,
        )
        self._day = Gauge(
            "connector_api_day_calls",
            "API calls of an account's day: used by whomever, allowed, ours.",
            ("account", "what"),
            registry=self._registry,
        )
        self._runs = Gauge("connector_open_cadence_runs", "Follow-ups that are under way.", registry=self._registry)
        self._last = Gauge(
            "connector_last_success_timestamp_seconds",
            "When a cycle last succeeded (Unix time).",
            registry=self._registry,
        )

    def begun(self, schedule: Schedule) -> None:
        """The schedule that lateness is measured by."""
        with self._lock:
            self._schedule = schedule

    def ended(self, report: Report, began: datetime, ended: datetime) -> None:
        """A cycle came to its end. Refused, it counts as trouble until the word is given."""
        with self._lock:
            self._trouble = redact(report.refusal) if report.refusal else None
            self._streams = report.streams
            if report.refusal is None:
                self._well_at = began
                self._last.set(ended.timestamp())
        self._cycles.labels(report.outcome).inc()
        for step, seconds in report.seconds.items():
            self._steps.labels(step).observe(seconds)
        for stream, rows in report.rows.items():
            self._rows.labels(stream).inc(rows)
        for state, count in (("planned", report.planned), ("applied", report.applied), ("failed", report.failed)):
            self._changes.labels(state).inc(count)
        self._runs.set(report.open_runs)

    def failed(self, sentence: str) -> None:
        """A cycle did not come to its end; `sentence` is for people."""
        outcome: Outcome = "failed"
        self._cycles.labels(outcome).inc()
        with self._lock:
            self._trouble = redact(sentence)

    def called(self, calls: Mapping[str, int]) -> None:
        """API calls of a cycle, by remote."""
        for remote, count in calls.items():
            self._calls.labels(remote).inc(count)

    def day(self, days: Iterable[DayUse]) -> None:
        """What each account's day stands at."""
        for one in days:
            for what, count in (("used", one.used), ("allowed", one.allowed), ("ours", one.ours)):
                self._day.labels(one.account, what).set(count)

    def not_ready(self, now: datetime) -> list[str]:
        """Why the daemon cannot be relied on at `now`, in sentences; empty when it can."""
        with self._lock:
            reasons = [self._trouble] if self._trouble else []
            if self._well_at is None:
                return [*reasons, "No cycle has succeeded yet."]
            schedule = self._schedule
            if schedule is None:
                return reasons
            if schedule.late(None, self._well_at, now):
                reasons.append(f"The last cycle that succeeded began at {self._well_at.isoformat(timespec='seconds')}.")
            for reach in self._streams:
                if reach.up_to is None or schedule.late(reach.stream, reach.up_to, now):
                    up_to = "never" if reach.up_to is None else f"up to {reach.up_to.isoformat(timespec='seconds')}"
                    still = " and stands still" if _stands_still(reach, schedule, now) else ""
                    reasons.append(f"{' '.join(filter(None, (reach.stream, reach.unit)))} was read {up_to}{still}.")
            return reasons

    def metrics(self, now: datetime) -> bytes:
        """The figures in Prometheus' text format."""
        with self._lock:
            streams, schedule = self._streams, self._schedule
        for reach in streams:
            if reach.up_to is not None:
                self._ages.labels(reach.stream, reach.unit).set((now - reach.up_to).total_seconds())
            self._stalled.labels(reach.stream, reach.unit).set(_stands_still(reach, schedule, now))
        return generate_latest(self._registry)


def _stands_still(reach: StreamReach, schedule: Schedule | None, now: datetime) -> bool:
    return schedule is not None and reach.up_to is not None and schedule.stalled(reach.stream, reach.up_to, now)
