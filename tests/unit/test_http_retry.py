"""Trying again: reads after anything that passes, writes only when nothing can have happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

import pytest
from structlog.testing import capture_logs

from connector.domain.outcome import RowResult
from connector.errors import ConnectorError, RetryError, StopError
from connector.http.outcome import BusyError, TooSlowError, UnknownOutcomeError
from connector.http.retry import ATTEMPTS, ATTEMPTS_WHEN_BUSY, LONGEST_WAIT, Retry

pytestmark = pytest.mark.requirement("OP-3", "WB-3")

LOST = UnknownOutcomeError("the answer was lost")
BUSY = RetryError("too busy")


class Remote:
    """Fails with the given errors one after another, then answers; remembers what it was sent and what we slept."""

    def __init__(self, *errors: ConnectorError) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.slept: list[float] = []

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def retry(self, jitter: Callable[[], float] = lambda: 0.5) -> Retry:
        return Retry(self.slept.append, jitter)


def test_a_read_outlives_what_passes_and_waits_longer_each_time() -> None:
    remote = Remote(BUSY, LOST, RetryError("down"))
    with capture_logs() as events:
        assert remote.retry().read("salesforce.page", remote) == "done"
    assert remote.slept == [0.5, 1.0, 2.0]
    assert [event["event"] for event in events] == ["retry.scheduled"] * 3
    assert events[0]["step"] == "salesforce.page"


def test_jitter_spreads_the_waits() -> None:
    remote = Remote(BUSY, BUSY)
    chances = iter([0.0, 1.0])
    assert remote.retry(lambda: next(chances)).read("x", remote) == "done"
    assert remote.slept == [0.25, 1.5]


def test_a_read_gives_up_in_the_end_with_the_last_error() -> None:
    remote = Remote(*[RetryError(f"down {turn}") for turn in range(20)])
    with pytest.raises(RetryError, match=f"down {ATTEMPTS - 1}"):
        remote.retry().read("x", remote)
    assert remote.calls == ATTEMPTS


def test_a_question_that_is_too_large_is_asked_only_once_more() -> None:
    remote = Remote(TooSlowError("slow"), TooSlowError("slow"))
    with pytest.raises(TooSlowError):
        remote.retry().read("x", remote)
    assert remote.calls == 2


def test_complaint_1_a_place_among_the_calls_at_once_is_waited_for_long() -> None:
    remote = Remote(*[BusyError("66") for _ in range(ATTEMPTS_WHEN_BUSY - 1)])
    chances = cycle([0.0, 1.0])
    assert remote.retry(lambda: next(chances)).read("x", remote) == "done"
    assert 300 < sum(remote.slept) < 1200
    assert max(remote.slept) <= LONGEST_WAIT
    assert len(set(remote.slept[-2:])) == 2, "also the longest waits must not march in step"


def test_the_remotes_wish_is_honoured_or_not_waited_for() -> None:
    remote = Remote(RetryError("busy", again_after=30.0))
    assert remote.retry().read("x", remote) == "done"
    assert remote.slept == [30.0]
    tomorrow = Remote(RetryError("daily limit", again_after=LONGEST_WAIT + 1))
    with pytest.raises(RetryError, match="daily limit"):
        tomorrow.retry().read("x", tomorrow)
    assert tomorrow.slept == []


def test_a_write_whose_answer_was_lost_is_never_sent_again() -> None:
    remote = Remote(BUSY, LOST)
    with pytest.raises(UnknownOutcomeError):
        remote.retry().write("x", remote)
    assert remote.calls == 2


def test_what_does_not_pass_is_not_tried_again() -> None:
    remote = Remote(StopError("no"))
    with pytest.raises(StopError):
        remote.retry().read("x", remote)
    assert remote.calls == 1


def locked(row: str) -> RowResult:
    return RowResult(row, False, error_code="UNABLE_TO_LOCK_ROW", message="unable to obtain exclusive access")


def test_only_locked_rows_are_sent_again_and_keep_their_places() -> None:
    sent: list[list[str]] = []

    def send(rows: Sequence[str]) -> list[RowResult]:
        sent.append(list(rows))
        first = len(sent) == 1
        return [
            locked(row)
            if first and row in "bd"
            else RowResult(row, row != "c", error_code=None if row != "c" else "BAD")
            for row in rows
        ]

    results = Retry(lambda _seconds: None).rows("x", send, ["a", "b", "c", "d"])
    assert sent == [["a", "b", "c", "d"], ["b", "d"]]
    assert [(result.id, result.success) for result in results] == [("a", True), ("b", True), ("c", False), ("d", True)]


def test_rows_that_stay_locked_come_back_as_they_are() -> None:
    results = Retry(lambda _seconds: None, attempts=3).rows("x", lambda rows: [locked(row) for row in rows], ["a"])
    assert [result.error_code for result in results] == ["UNABLE_TO_LOCK_ROW"]


def test_a_lost_second_call_says_which_rows_are_settled() -> None:
    turns = iter([[RowResult("a", True), locked("b")], LOST])

    def send(_rows: Sequence[str]) -> list[RowResult]:
        turn = next(turns)
        if isinstance(turn, UnknownOutcomeError):
            raise turn
        return turn

    with pytest.raises(UnknownOutcomeError) as caught:
        Retry(lambda _seconds: None).rows("x", send, ["a", "b"])
    assert caught.value.unknown == (1,)
    assert caught.value.results == {0: RowResult("a", True)}


def test_a_refused_second_call_does_not_lose_the_first() -> None:
    turns = iter([[RowResult("a", True), locked("b")], StopError("no")])

    def send(_rows: Sequence[str]) -> list[RowResult]:
        turn = next(turns)
        if isinstance(turn, StopError):
            raise turn
        return turn

    results = Retry(lambda _seconds: None).rows("x", send, ["a", "b"])
    assert [result.success for result in results] == [True, False]
