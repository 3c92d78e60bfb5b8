"""The loop: a tick when it is due, backoff after failures, one log line when something begins or ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from connector.errors import BudgetSpentError, ConnectorError, RetryError, StoppedError
from connector.rules.schedule import Schedule, duration
from connector.scheduling.backoff import wait_after
from connector.scheduling.health import Health
from connector.scheduling.report import Report

LONGEST_NAP = 60.0
"""Seconds. The clock is looked at again after so long: a machine that slept, or whose clock was set, is noticed."""

LONGEST_LOOK_AWAY = 3600.0
"""Seconds after which a spent budget is looked at again: it costs no call."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Surroundings:
    """What the loop is given. Times are aware.

    `schedule` reads the schedule, `cycle` runs one cycle without the named streams; both raise ConnectorError.
    `wait` waits seconds and says whether to stop; `chance` gives 0..1.
    """

    schedule: Callable[[], Schedule]
    cycle: Callable[[frozenset[str]], Report]
    now: Callable[[], datetime]
    wait: Callable[[float], bool]
    chance: Callable[[], float]
    health: Health


@dataclass
class Daemon:
    """The state that outlives a tick: failures in a row, what was said, when slower streams were read."""

    given: Surroundings
    plan: Schedule
    failures: int = 0
    said: set[str] = field(default_factory=set)
    refusal: str | None = None
    waiting: bool = False
    read_at: dict[str, datetime] = field(default_factory=dict)

    def run(self, cycles: int | None = None) -> int:
        """Ticks until asked to stop, or so many times. The exit code: the last tick's with `cycles`, else 0."""
        done, code = 0, 0
        due = self.given.now()
        while not self._wait_until(due):
            began = self.given.now()
            try:
                code, due = self.tick(began)
            except StoppedError:
                break
            done += 1
            if done == cycles:
                return code
        log.info("daemon.stopped", cycles=done)
        return 0

    def tick(self, began: datetime) -> tuple[int, datetime]:
        """One cycle: its exit code, and when the next one is due. StoppedError when asked to stop in the middle."""
        try:
            self.plan = self.given.schedule()
            self.given.health.begun(self.plan)
            skipped = self.plan.not_due(self.read_at, began)
            report = self.given.cycle(skipped)
        except StoppedError:
            raise
        except BudgetSpentError as error:
            return error.exit_code, self._spent(error)
        except ConnectorError as error:
            return error.exit_code, self.given.now() + self._failed(error)
        self._succeeded(report)
        self.given.health.ended(report, began, self.given.now())
        self.read_at |= dict.fromkeys(self.plan.slower.keys() - skipped, began)
        late = duration(self.plan.jitter) * self.given.chance()
        return report.exit_code, self.plan.next_cycle(began) + late

    def _failed(self, error: ConnectorError) -> timedelta:
        """Notes a failure, said once a kind until the next success; how long to wait."""
        self.failures += 1
        wish = error.again_after if isinstance(error, RetryError) else None
        pause = wait_after(self.failures, wish, self.given.chance())
        kind = type(error).__name__
        sentence = _sentence(error)
        if kind not in self.said:
            self.said.add(kind)
            log.warning("daemon.failing", kind=kind, why=sentence, seconds=round(pause.total_seconds()))
        else:
            log.debug("daemon.still_failing", kind=kind, why=sentence, failures=self.failures)
        self.given.health.failed(sentence)
        return pause

    def _spent(self, error: BudgetSpentError) -> datetime:
        """No cycle is possible without calls: no failure, and said once. When to look again: a budget may be raised."""
        sentence = _sentence(error)
        self._waits(sentence)
        self.given.health.failed(sentence)
        now = self.given.now()
        return max(self.plan.next_cycle(now), now + timedelta(seconds=min(error.again_after, LONGEST_LOOK_AWAY)))

    def _waits(self, why: str | None) -> None:
        """Says once when reading begins to wait for calls, and once when it goes on."""
        if why is not None and not self.waiting:
            log.warning("daemon.waiting", why=why)
        if why is None and self.waiting:
            log.warning("daemon.goes_on")
        self.waiting = why is not None

    def _succeeded(self, report: Report) -> None:
        if self.failures:
            log.warning("daemon.recovered", failures=self.failures)
            self.failures = 0
            self.said.clear()
        self._waits(report.waiting)
        if report.refusal is None and self.refusal is not None:
            log.warning("daemon.permitted")
        if report.refusal is not None and self.refusal is None:
            log.warning("daemon.refused", why=report.refusal)
        self.refusal = report.refusal
        log.info(
            "daemon.cycle",
            outcome=report.outcome,
            planned=report.planned,
            applied=report.applied,
            failed=report.failed,
            seconds=round(sum(report.seconds.values()), 1),
        )

    def _wait_until(self, due: datetime) -> bool:
        """Waits until a time; whether to stop instead."""
        while True:
            left = (due - self.given.now()).total_seconds()
            if self.given.wait(min(max(left, 0.0), LONGEST_NAP)):
                return True
            if left <= 0:
                return False


def _sentence(error: ConnectorError) -> str:
    """The sentence, with the first places where files are wrong."""
    problems = [str(problem) for problem in getattr(error, "problems", ())]
    return " ".join([str(error), *(one for one in problems[:3] if one not in str(error))])
