"""What `connector approve` shows and refuses, without an org (TU-2)."""

from __future__ import annotations

import io
from typing import cast

import pytest
from rich.console import Console

from connector.cli.approve import Asked, _meant, _show, document
from connector.cli.main import run
from connector.domain.plan import Waiting
from connector.planning.approvals import TOSS_UPS
from connector.reporting.waiting import HandOver
from connector.river import River
from connector.store.approvals import Said
from tests.planning_world import MONDAY

pytestmark = pytest.mark.requirement("TU-2")

HANDING = HandOver("P1", "00Q1", "Mika", "Example KK", "tier1", "A", 82, ("Need",), ("Timing",), 1)
ASKED = Asked(
    (Waiting(TOSS_UPS, "P1", "P1", ""), Waiting("closings", "Task:00T1", "P2", "the deal was won", "abc")),
    (HANDING,),
    {(TOSS_UPS, "P1"): MONDAY},
    (Said(TOSS_UPS, "P9", "P9", "rejected", "sato", MONDAY, "still in a trial"),),
)


def test_it_shows_hand_overs_first_with_what_is_met_and_missing_and_since_when() -> None:
    told = document(ASKED, ASKED.waiting)
    assert told["counts"] == {TOSS_UPS: 1, "closings": 1}
    first, second = told["waiting"]
    assert (first["since"], first["hand_over"]["met"], first["hand_over"]["missing"]) == (
        MONDAY.isoformat(), ["Need"], ["Timing"],
    )  # fmt: skip
    assert (second["hand_over"], second["what"]) == (None, "the deal was won")
    assert told["said"][0]["reason"] == "still in a trial"
    shown = Console(file=io.StringIO(), width=160)
    _show(shown, ASKED, ASKED.waiting[1:], ASKED.waiting[:1], "approved")
    text = shown.file.getvalue()  # type: ignore[attr-defined] # the file is the StringIO above
    assert "Approved: Hand-overs to field sales 1. The next plan carries it out." in text
    assert "Tasks to close (1)" in text
    assert "Mika" not in text, "about whom the word was given waits no more"


def test_a_subject_as_it_is_listed_means_that_alone() -> None:
    river = cast(River, None)  # no person is looked for
    assert _meant(river, ASKED.waiting, ("Task:00T1",), None, everything=False) == [ASKED.waiting[1]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("P1", "--all"), "Name people, or give --all; not both."),
        (("--reject", "--reason", "no"), "Say whom --reject is about: name people, or give --all."),
        (("P1", "--reject"), "Say why with --reason: whoever wonders later why nothing happened wants to know."),
    ],
)
def test_a_word_that_says_too_little_is_refused(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(("approve", *arguments)) == 64
    assert capsys.readouterr().err.strip() == sentence
