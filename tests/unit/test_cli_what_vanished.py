"""What has vanished is told with its line, and what a comparison found in a sentence (SY-6, AD-2)."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from connector.cli.render import hidden_document, show_hidden, show_reconciled
from connector.cli.shared import console
from connector.domain.hidden import HiddenField
from connector.domain.reconciled import Reconciled

pytestmark = pytest.mark.requirement("SY-6", "AD-2")

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FIELD = HiddenField("salesforce.Lead", "", "Budget__c", AT, AT, "fields.yaml:47:15", "Budget_2__c")
OBJECT = HiddenField("account_engagement.visits", "0Uv1", "", AT, AT, "fields.yaml:90:3")


@pytest.fixture
def shown() -> Console:
    made = console()
    made.file, made.width = io.StringIO(), 1000
    return made


def said(shown: Console) -> list[str]:
    assert isinstance(shown.file, io.StringIO)
    return [line for line in shown.file.getvalue().splitlines() if line]


def test_each_field_has_its_line_its_time_and_what_to_do(shown: Console) -> None:
    show_hidden(shown, [FIELD, OBJECT])
    field, whole = said(shown)
    assert field.startswith("fields.yaml:47:15: salesforce.Lead shows no field `Budget__c` any more")
    assert "since 2026-03-02 09:30 UTC. Its values stay as they were, and nothing is written to it." in field
    assert field.endswith("Did you mean `Budget_2__c`?")
    assert whole.startswith(
        "fields.yaml:90:3: account_engagement.visits is not shown to this user in business unit 0Uv1"
    )
    assert whole.endswith("its rows stay as they were: give the right back, or take the object out.")


def test_nothing_is_said_where_nothing_has_vanished(shown: Console) -> None:
    show_hidden(shown, [])
    show_reconciled(shown, [])
    assert said(shown) == []


def test_for_machines_an_object_has_no_field() -> None:
    assert [one["field"] for one in hidden_document([FIELD, OBJECT])] == ["Budget__c", None]
    assert hidden_document([FIELD])[0]["place"] == "fields.yaml:47:15"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Reconciled("salesforce.Lead", "", AT, 9, 8, missing=1, stale=2), "ended."),
        (
            Reconciled("salesforce.Lead", "", AT, 9, 8, missing=1, stale=2, waiting=1_234),
            "ended, and 1,234 more that differ wait for the next pull.",
        ),
        (
            Reconciled("salesforce.Lead", "", AT, 0, 900, missing=1, stale=2, waiting=900, held_since=AT),
            "they end a day after 2026-03-02 09:30 UTC.",
        ),
    ],
)
def test_what_a_comparison_found_is_a_sentence(shown: Console, found: Reconciled, words: str) -> None:
    agrees = Reconciled("salesforce.Task", "", AT, 3, 3)
    show_reconciled(shown, [found, agrees])
    head, line = said(shown)
    assert head == "Compared with the remotes: 1 of 2 streams agree."
    assert line.startswith("  salesforce.Lead: 1 missing and 2 stale rows were read again, 0 vanished rows ended")
    assert line.endswith(words)
    assert ("too many to be believed" in line) == (found.held_since is not None)
