"""What is told when the day's calls are used up, and that nothing is decided from streams that were never read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from connector.cli.waiting import enough_read, finished_early, show_waits, waits_document
from connector.domain.calls import SALESFORCE, Wait
from connector.errors import BudgetSpentError
from connector.river import River

pytestmark = pytest.mark.requirement("WB-8", "OP-2")

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=3)
SENTENCE = "The calls are used up. It goes on later."
WAITS = [Wait(SALESFORCE, f"salesforce.{name}", "pull", LATER, SENTENCE) for name in ("Lead", "Task", "Event", "User")]


def river(*waits: Wait) -> River:
    budget = SimpleNamespace(waits=list(waits), now=NOON)
    return cast(River, SimpleNamespace(remotes=SimpleNamespace(budget=budget)))


def test_each_reason_is_told_once_with_the_streams_that_it_holds_up() -> None:
    shown = Console(width=200)
    with shown.capture() as captured:
        show_waits(shown, WAITS)
    text = captured.get()
    assert text.count(SENTENCE) == 1
    assert "salesforce.Lead, salesforce.Task, salesforce.Event and 1 more" in text
    assert waits_document(WAITS)[0] == {
        "stream": "salesforce.Lead",
        "account": SALESFORCE,
        "for": "pull",
        "resumes_at": LATER,
    }


def test_no_call_at_all_is_a_finish_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    error = BudgetSpentError(SENTENCE, 60.0, LATER)
    assert finished_early(error, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["resumes_at"] == str(LATER)
    assert finished_early(error, as_json=False) == 0
    assert SENTENCE in capsys.readouterr().out


def test_late_streams_are_enough_to_decide_from_and_unread_ones_are_not() -> None:
    enough_read(river(*WAITS), [])
    enough_read(river(), ["salesforce.Task"])
    with pytest.raises(BudgetSpentError, match=r"Nothing is decided before salesforce\.Task has been read") as caught:
        enough_read(river(*WAITS), ["salesforce.Task"])
    assert (caught.value.resumes_at, caught.value.again_after) == (LATER, 3 * 3600.0)
