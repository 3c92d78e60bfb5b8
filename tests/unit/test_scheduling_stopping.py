"""A stop that comes while something is under way: what was sent is known, what was not is not claimed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connector.domain.outcome import RowResult
from connector.errors import StoppedError
from connector.http.budget import CallBudget
from connector.http.retry import Retry
from connector.scheduling.stopping import StopFlag

pytestmark = pytest.mark.requirement("OP-1", "WB-3")


def test_no_call_is_made_after_a_stop_and_none_is_counted() -> None:
    flag = StopFlag()
    budget = CallBudget(before=flag.check)
    budget.spend("salesforce")
    flag.ask()
    with pytest.raises(StoppedError):
        budget.spend("salesforce")
    assert budget.calls == {"salesforce": 1}
    flag.close()


def test_rows_that_were_written_stay_known_when_the_pause_before_the_others_is_cut_short() -> None:
    flag = StopFlag()
    sent: list[Sequence[str]] = []

    def send(rows: Sequence[str]) -> list[RowResult]:
        sent.append(rows)
        flag.ask()
        return [
            RowResult("a", success=True),
            RowResult("b", success=False, error_code="UNABLE_TO_LOCK_ROW", message="locked"),
        ]

    results = Retry(sleep=flag.sleep).rows("salesforce.update", send, ["a", "b"])
    assert [result.success for result in results] == [True, False]
    assert sent == [["a", "b"]]
    flag.close()


def test_a_read_that_waits_to_try_again_ends_at_once() -> None:
    flag = StopFlag()
    flag.ask()
    with pytest.raises(StoppedError):
        Retry(sleep=flag.sleep).read("salesforce.query", flag.check)
    flag.close()
