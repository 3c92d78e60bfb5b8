"""What people typed is shown as they typed it: brackets and colons in it are no markup of ours."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from connector.applying.application import Applied, Failure
from connector.cli.explained import show
from connector.cli.planned import show_plan
from connector.cli.render import applied_lines, show_enriched
from connector.cli.shared import console
from connector.cli.wording import wording_of
from connector.domain.plan import FieldChange, Kept, RecordChange, TaskCreation
from connector.engine.enrich import EnrichReport
from connector.engine.explain import CriterionLine, Fit, LedgerLine
from connector.reporting.explanation import Explanation, Listed, Person, Write
from connector.rules.names import Name
from tests.engine_world import shipped
from tests.remote_world import plan_of

pytestmark = pytest.mark.requirement("AD-8", "WB-2")

AT = datetime(2026, 3, 2, tzinfo=UTC)
HARD = "[bold]髙橋[/開発] [pdf]資料 :smile: C:\\"


def wide() -> Console:
    shown = console()
    shown.file = io.StringIO()
    shown.width = 1000
    return shown


def said(shown: Console) -> str:
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


def test_an_explanation_shows_names_contents_and_values_as_they_are() -> None:
    name = Name(ja=HARD, en=HARD)
    person = Person(
        "P1", HARD, HARD, HARD, HARD, None, None, ("salesforce.Lead:00Q1",), "cold", "score_below_threshold", None,
        1, 0, 1, 0,
    )  # fmt: skip
    fit = Fit(
        "D", "D", 0, name, (CriterionLine("c", name, "met", 1, {"title": HARD}),), "tier1", name, "tier1", None, None
    )  # fmt: skip
    write = Write(AT, "Lead", "00Q1", {"Status": HARD}, {"Status": HARD}, "done")
    ledger = (LedgerLine(AT, "page_view", name, 1, 1, HARD, None),)
    shown = wide()
    listed = Listed(HARD, "webinar", None, HARD, None, None, True, {HARD: HARD}, None)
    show(shown, Explanation(AT, person, ledger, fit, (), (), (write,), (listed,)), wording_of(shipped(), None, "ja"))
    assert said(shown).count(HARD) == 4 + 1 + 2 + 2 + 2 + 4, "who, tier, criterion, ledger, write, list"


def test_a_plan_shows_values_and_subjects_as_they_are() -> None:
    record = RecordChange("Lead", "00Q1", "P1", (FieldChange("Status", HARD, HARD),), "", True, AT)
    values = {"ActivityDate": "2026-03-02", "Subject": HARD, "WhoId": "00Q1"}
    shown = wide()
    show_plan(
        shown,
        plan_of(record, tasks=(TaskCreation("k", "P1", values, "hot"),), kept=(Kept("Lead", "0", "S", HARD, HARD),)),
    )
    assert said(shown).count(HARD) == 3 + 2, "before, after and subject; what stays, in quotes"


def test_content_that_no_catalogue_knows_is_named_as_it_is() -> None:
    shown = wide()
    show_enriched(shown, EnrichReport(1, 1, 1, 1, 0, 0, 3, (("file", HARD, 3),), {}))
    assert HARD in said(shown)


def test_what_the_platform_said_is_shown_as_it_is() -> None:
    shown = wide()
    for line in applied_lines(Applied(failures=[Failure("Lead", "00Q1", "X", HARD)])):
        shown.print(line)
    assert HARD in said(shown)
