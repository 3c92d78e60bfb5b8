"""schedule.yaml: when the daemon runs a cycle, and which streams it reads more slowly (OP-1)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import AfterValidator, Field, model_validator

from connector.domain.alerts import ALERT_KINDS, AlertKind
from connector.domain.streams import BY_NAME
from connector.errors import ConfigurationError, Problem, in_order
from connector.rules.kinds import Strict, Zone, problem
from connector.rules.load import DEFAULT, SHIPPED, validated
from connector.rules.source import read

SCHEDULE_FILE = "schedule.yaml"
SHORTEST = timedelta(seconds=1)
LEAST_PATIENCE = timedelta(hours=2)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,6})([smhd])")


def duration(text: str) -> timedelta:
    """A length of time as schedule.yaml writes it: `30s`, `5m`, `2h`, `1d`. ValueError for anything else."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no length of time")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _is_duration(text: str) -> str:
    if _DURATION.fullmatch(text) is None:
        raise problem(f"`{text}` is no length of time.", "Write a number and s, m, h or d, such as 5m.")
    return text


def _is_cron(text: str) -> str:
    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise problem(
            f"`{text}` is no cron expression.",
            'Write five fields: minute, hour, day, month, day of the week, such as "*/5 8-19 * * mon-fri".',
        )
    return text


def _is_stream(name: str) -> str:
    if name not in BY_NAME:
        close = difflib.get_close_matches(name, BY_NAME, n=1)
        advice = f"Did you mean `{close[0]}`?" if close else "docs/fields.md has their names."
        raise problem(f"There is no stream `{name}`.", advice)
    return name


Duration = Annotated[str, AfterValidator(_is_duration)]
Cron = Annotated[str, AfterValidator(_is_cron)]
StreamName = Annotated[str, AfterValidator(_is_stream)]


class Trigger(Strict):
    """When something is due: `every` so long after it last began, or by the clock of the zone (`cron`)."""

    every: Duration | None = None
    cron: Cron | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Trigger:
        if (self.every is None) == (self.cron is None):
            raise problem("Exactly one of `every` and `cron` is needed here.", "Write every: 5m, or a cron expression.")
        if self.every is not None and duration(self.every) < SHORTEST:
            raise problem("`every` has to be at least 1s.")
        return self


class StreamPlan(Strict):
    """What is special about one stream: read more seldom, allowed to stand still for longer, given fewer calls.

    `stalled_after`: how long after its time it counts as stalled. `calls`: the share (0..1) of the calls that we may
    make in a day to its org or business unit.
    """

    every: Duration | None = None
    cron: Cron | None = None
    stalled_after: Duration | None = None
    calls: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _something(self) -> StreamPlan:
        if self.every is not None and self.cron is not None:
            raise problem(
                "At most one of `every` and `cron` is possible here.", "Write every: 1h, or a cron expression."
            )
        if not self.model_fields_set:
            raise problem(
                "Nothing is said of this stream.", "Write every, cron, stalled_after or calls, or leave it out."
            )
        return self

    @property
    def trigger(self) -> Trigger | None:
        """When it is read; None: in every cycle."""
        if self.every is None and self.cron is None:
            return None
        return Trigger(every=self.every, cron=self.cron)


class Alerts(Strict):
    """What is told at once by webhook or mail (OP-6); `overdue_after`: how long after its day a task counts as late."""

    tell: tuple[AlertKind, ...] = ALERT_KINDS
    overdue_after: Duration = "1d"


class Schedule(Strict):
    """schedule.yaml. `late_after`: how long after its time a cycle or a stream counts as late, in /readyz.

    `stalled_after`: how long after its time a stream has come to a standstill, which is an error. `reconcile_calls`:
    the share of the day's calls that comparing with the remotes may have.
    """

    version: Literal[1]
    time_zone: Zone
    cycle: Trigger
    jitter: Duration = "10s"
    late_after: Duration = "30m"
    stalled_after: Duration | None = None
    reconcile_calls: Annotated[float, Field(gt=0, le=1)] = 0.25
    streams: Mapping[StreamName, StreamPlan] = Field(default_factory=dict)
    alerts: Alerts = Alerts()

    def next_cycle(self, began: datetime) -> datetime:
        """When the cycle after the one that began at `began` is due (UTC)."""
        return self._next(self.cycle, began)

    @property
    def shares(self) -> Mapping[str, float]:
        """Stream → the share of the day's calls that it may have, for those that have one."""
        return {name: plan.calls for name, plan in self.streams.items() if plan.calls is not None}

    @property
    def slower(self) -> Mapping[str, Trigger]:
        """The streams that are not read in every cycle, with their own times."""
        return {name: plan.trigger for name, plan in self.streams.items() if plan.trigger is not None}

    def not_due(self, read_at: Mapping[str, datetime], now: datetime) -> frozenset[str]:
        """The slower streams that need no reading at `now`; `read_at`: stream → begin of its last whole reading."""
        known = [(name, trigger) for name, trigger in self.slower.items() if name in read_at]
        return frozenset(name for name, trigger in known if self._next(trigger, read_at[name]) > now)

    def late(self, stream: str | None, at: datetime, now: datetime) -> bool:
        """Whether what last happened `at` (the cycle, or a stream by name) should long have happened again."""
        return now > self.due_after(stream, at) + duration(self.late_after)

    def stalled(self, stream: str, at: datetime, now: datetime) -> bool:
        """Whether a stream that was read up to `at` has stood still for longer than it may."""
        return now > self.due_after(stream, at) + self.patience(stream, at)

    def due_after(self, stream: str | None, at: datetime) -> datetime:
        """When what last happened `at` was to happen again (UTC)."""
        slower = self.slower.get(stream) if stream else None
        following = self.next_cycle(at)
        return max(self._next(slower, at), following) if slower else following

    def patience(self, stream: str, at: datetime) -> timedelta:
        """How long after its time a stream may stand still: as is said of it, of all, or thrice its interval (2 h)."""
        plan = self.streams.get(stream)
        said = (plan.stalled_after if plan else None) or self.stalled_after
        if said is not None:
            return duration(said)
        due = self.due_after(stream, at)
        return max(LEAST_PATIENCE, 3 * (self.due_after(stream, due) - due))

    def _next(self, trigger: Trigger, began: datetime) -> datetime:
        if trigger.every is not None:
            return began + duration(trigger.every)
        # The library moves an hour that a zone skips to the first minute after it, and runs a doubled hour twice.
        local = began.astimezone(ZoneInfo(self.time_zone))
        following: datetime = croniter(trigger.cron, local).get_next(datetime)
        return following.astimezone(UTC)


def load_schedule(folder: Path) -> Schedule:
    """Reads schedule.yaml of a rules folder; where there is none, the packaged one.

    Raises ConfigurationError with every problem and its place.
    """
    own = folder / SCHEDULE_FILE
    problems: list[Problem] = []
    schedule = validated(Schedule, read(own if own.exists() else SHIPPED / DEFAULT / SCHEDULE_FILE), {}, problems)
    if schedule is None:
        count = f"{len(problems)} things are wrong" if len(problems) > 1 else "One thing is wrong"
        raise ConfigurationError(f"{count} with the schedule in {folder}.", in_order(problems))
    return schedule
