"""Trying again: the only place of the connector that waits.

A read is tried again after anything that passes. A write only when it is sure that nothing happened; a write whose
answer was lost goes up as UnknownOutcomeError, for the caller to read back.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import structlog
import tenacity

from connector.domain.outcome import RowResult
from connector.errors import ConnectorError, RetryError
from connector.http.outcome import BusyError, TooSlowError, UnknownOutcomeError

ATTEMPTS = 6
ATTEMPTS_WHEN_SLOW = 2
ATTEMPTS_WHEN_BUSY = 20
"""Some ten minutes: others' calls take a while, and to be refused for their sake is nothing out of the ordinary."""
LONGEST_WAIT = 60.0
"""Seconds. A remote that wants more than this is not waited for in this run."""

RETRIED_ROWS = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "SERVER_UNAVAILABLE",
        "REQUEST_LIMIT_EXCEEDED",
        "CONCURRENT_REQUESTS_LIMIT_EXCEEDED",
    }
)
"""Row errors of Salesforce that pass by themselves and leave the row as it was."""

log = structlog.get_logger()

Result = TypeVar("Result")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Retry:
    """How calls are tried again. `sleep` takes seconds; `jitter` gives 0..1, so that clients do not march in step."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = field(default=random.random)
    attempts: int = ATTEMPTS
    first_wait: float = 0.5

    def read(self, step: str, ask: Callable[[], Result]) -> Result:
        """What `ask` gives. It may be called several times; raises its last error."""
        return self._trying(step, passes)(ask)

    def write(self, step: str, send: Callable[[], Result]) -> Result:
        """What `send` gives. It is called again only when it is sure that nothing happened."""
        return self._trying(step, surely_nothing_happened)(send)

    def rows(
        self, step: str, send: Callable[[Sequence[Row]], Sequence[RowResult]], rows: Sequence[Row]
    ) -> list[RowResult]:
        """The results for `rows`, in order; rows that were refused for a passing reason are sent again."""
        results = list(self.write(step, partial(send, rows)))
        for attempt in range(1, self.attempts):
            again = [place for place, result in enumerate(results) if result.error_code in RETRIED_ROWS]
            if not again:
                break
            wait = self._wait(attempt)
            log.warning("retry.scheduled", step=step, rows=len(again), attempt=attempt, seconds=round(wait, 2))
            try:
                self.sleep(wait)
                second = self.write(step, partial(send, [rows[place] for place in again]))
            except UnknownOutcomeError as error:
                known = {place: result for place, result in enumerate(results) if place not in again}
                raise UnknownOutcomeError(str(error), error.again_after, known, tuple(again)) from error
            except ConnectorError as error:
                # The results at hand say truly what stands; losing them to a later failure would not.
                log.warning("retry.given_up", step=step, rows=len(again), why=str(error))
                break
            for place, result in zip(again, second, strict=True):
                results[place] = result
        return results

    def _trying(self, step: str, again: Callable[[BaseException], bool]) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(again),
            stop=lambda state: state.attempt_number >= self._attempts_for(state),
            wait=lambda state: self._wait(state.attempt_number, _wish(state)),
            sleep=self.sleep,
            before_sleep=lambda state: _announce(step, state),
            reraise=True,
        )

    def _attempts_for(self, state: tenacity.RetryCallState) -> int:
        error = _error_of(state)
        if isinstance(error, BusyError) and self.attempts > 1:
            return max(self.attempts, ATTEMPTS_WHEN_BUSY)
        return min(self.attempts, ATTEMPTS_WHEN_SLOW) if isinstance(error, TooSlowError) else self.attempts

    def _wait(self, attempt: int, wish: float | None = None) -> float:
        grown = min(self.first_wait * 2.0 ** (attempt - 1), LONGEST_WAIT / 1.5) * (0.5 + self.jitter())
        return min(LONGEST_WAIT, max(grown, wish or 0.0))


def passes(error: BaseException) -> bool:
    """Whether a read that met this error is worth another try in this run."""
    return isinstance(error, RetryError) and (error.again_after or 0.0) <= LONGEST_WAIT


def surely_nothing_happened(error: BaseException) -> bool:
    """Whether a write that met this error can be sent again without doing anything twice."""
    return passes(error) and not isinstance(error, UnknownOutcomeError)


def _error_of(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wish(state: tenacity.RetryCallState) -> float | None:
    error = _error_of(state)
    return error.again_after if isinstance(error, RetryError) else None


def _announce(step: str, state: tenacity.RetryCallState) -> None:
    error = _error_of(state)
    seconds = round(state.next_action.sleep, 2) if state.next_action else 0.0
    log.warning("retry.scheduled", step=step, attempt=state.attempt_number, seconds=seconds, why=str(error))
