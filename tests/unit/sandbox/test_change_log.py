"""The log of changes: who changed which field, whatever road was taken, and nothing that was undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.faulty_org import FaultyOrg, new_faulty_org
from tests.unit.sandbox.salesforce_org import API_USER, REP

pytestmark = pytest.mark.requirement("SY-1", "OP-3")


@pytest.fixture
def org(tmp_path: Path) -> FaultyOrg:
    return new_faulty_org(tmp_path)


def keep(org: FaultyOrg, objects: dict[str, list[str]]) -> tuple[int, Any]:
    return org.ask("PUT", "/_sandbox/changes", {"objects": objects})


def kept(org: FaultyOrg, since: int = 0) -> list[tuple[Any, ...]]:
    status, shown = org.ask("GET", f"/_sandbox/changes?since={since}")
    assert status == 200, shown
    return [(one["kind"], one["field"], one["before"], one["after"], one["by"]) for one in shown["changes"]]


def test_every_change_is_kept_with_its_author(org: FaultyOrg) -> None:
    assert keep(org, {"Lead": ["Title", "Rating"]})[0] == 200
    lead = org.lead(Title="manager")
    org.ask("PATCH", f"sobjects/Lead/{lead}", {"Title": "Manager", "Rating": None})
    org.ask("POST", "/_sandbox/edit", {"id": lead, "fields": {"Title": None}, "user": REP})
    org.ask("POST", "/_sandbox/hard-delete", {"id": lead, "user": REP})
    assert kept(org) == [
        ("new", "Title", None, "manager", API_USER),
        ("new", "Rating", None, None, API_USER),
        ("edit", "Title", "manager", "Manager", API_USER),
        ("edit", "Title", "Manager", None, REP),
        ("gone", "Title", None, None, REP),
        ("gone", "Rating", None, None, REP),
    ]
    assert [change[:2] for change in kept(org, since=5)] == [("gone", "Title"), ("gone", "Rating")]


def test_what_was_undone_was_no_change(org: FaultyOrg) -> None:
    lead = org.lead(Title="manager")
    keep(org, {"Lead": ["Title"]})
    rows = [{"attributes": {"type": "Lead"}, "id": lead, "Title": "head"}, {"attributes": {"type": "Lead"}, "id": "x"}]
    org.ask("PATCH", "composite/sobjects", {"allOrNone": True, "records": rows})
    assert kept(org) == []


def test_nothing_is_kept_unless_somebody_asks(org: FaultyOrg) -> None:
    org.lead()
    assert kept(org) == []
    keep(org, {"Lead": ["Title"]})
    org.lead()
    assert len(kept(org)) == 1
    keep(org, {"Task": ["Status"]})
    org.lead()
    assert kept(org) == []


def test_what_is_not_there_is_refused_with_a_sentence(org: FaultyOrg) -> None:
    assert keep(org, {"Leed": ["Title"]}) == (400, {"error": "No object 'Leed' here: GET /_sandbox/truth lists them."})
    assert keep(org, {"Lead": ["Titel"]}) == (400, {"error": "No such stored field here: Lead.Titel."})
    assert keep(org, {"Lead": []})[0] == 400
    assert org.ask("GET", "/_sandbox/changes?since=x")[0] == 400
