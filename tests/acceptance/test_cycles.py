"""Whole cycles over real HTTPS: what is written, what is not written again, what people keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.connector_process import Connector
from tests.sandbox_process import running_sandbox

pytestmark = pytest.mark.requirement("WB-1", "WB-2", "WB-3", "CD-1", "LC-1", "SC-1", "GR-1")

OURS = ("Connector_Score__c", "Connector_Grade__c", "Connector_Tier__c", "Connector_Stage__c", "Connector_Reason__c")


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connector]:
    """A world after its first contact."""
    with running_sandbox(tmp_path_factory.mktemp("world"), "--people", "300", "--seed", "3", "--frozen") as sandbox:
        connector = Connector(sandbox, tmp_path_factory.mktemp("home"))
        assert connector.here("sync", "--first-contact").code == 0
        yield connector


def test_first_contact_only_plans_until_the_word_is_given_and_a_saved_plan_is_applied_once(
    start: Callable[..., Connector], tmp_path: Path
) -> None:
    connector = start("--people", "60", "--seed", "3", "--frozen")
    before = written(connector)
    refused = connector.here("sync")
    assert refused.code == 3
    assert "first contact" in refused.err
    file = tmp_path / "plan.json"
    made = connector.here("plan", "--save", str(file), "--json")
    assert made.code == 2
    assert file.stat().st_mode & 0o777 == 0o600
    edited = tmp_path / "edited.json"
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    document["records"][0]["set"] = {"Connector_Score__c": [None, 999]}
    edited.write_text(json.dumps(document), "utf-8")
    refused = connector.here("apply", str(edited), "--first-contact")
    assert (refused.code, "changed after it was made" in refused.err) == (3, True)
    assert connector.here("apply", str(file)).code == 3
    assert written(connector) == before, "nothing may be written before the word"
    applied = connector.here("apply", str(file), "--first-contact", "--json")
    assert applied.code == 0
    assert applied.document["applied"] == made.document["changes"]
    assert written(connector) != before
    assert connector.here("plan").code == 0, "what we wrote since the pull is not planned again"
    assert connector.here("sync", "--json").document["planned"] == 0


@pytest.mark.requirement("WB-7")
def test_what_a_rep_edits_stays_and_what_a_rep_deletes_is_not_made_again(synced: Connector) -> None:
    connector = synced
    tasks = [row for row in connector.sandbox.truth("Task") if row["Connector_Key__c"]]
    assert tasks, "somebody is hot in this world"
    hot = next(row for row in connector.sandbox.truth("Lead") if row["Status"] == "Hot - To Call")
    edit(connector, str(hot["Id"]), {"Status": "Working - Contacted"})
    answer = connector.sandbox.control("POST", "delete", {"id": tasks[0]["Id"]})
    assert answer.status_code == 200, answer.text
    second = connector.here("sync", "--json")
    assert second.code == 0
    lead = next(row for row in connector.sandbox.truth("Lead") if row["Id"] == hot["Id"])
    assert lead["Status"] == "Working - Contacted"
    again = [row for row in connector.sandbox.truth("Task") if row["Connector_Key__c"] and not row["IsDeleted"]]
    assert {row["Connector_Key__c"] for row in again} == {row["Connector_Key__c"] for row in tasks[1:]}
    keys = [row["Connector_Key__c"] for row in again]
    assert len(keys) == len(set(keys)), "no task is doubled"


@pytest.mark.requirement("SY-10")
def test_people_who_opted_out_get_no_task_that_breaks_it(synced: Connector) -> None:
    people = {str(row["Id"]): row for name in ("Lead", "Contact") for row in synced.sandbox.truth(name)}
    tasks = [row for row in synced.sandbox.truth("Task") if row["Connector_Key__c"]]
    assert len(tasks) > 10
    for task in tasks:
        person = people[str(task["WhoId"])]
        assert not (task["Type"] == "Email" and person["HasOptedOutOfEmail"]), task
        assert not (task["Type"] == "Call" and person["DoNotCall"]), task


@pytest.mark.requirement("SY-7")
def test_sales_cloud_alone_is_enough(start: Callable[..., Connector]) -> None:
    connector = start("--people", "60", "--seed", "3", "--frozen")
    alone = {"CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": ""}
    first = connector.here("sync", "--first-contact", "--json", **alone)
    assert first.code == 0, first.err
    assert first.document["people"] > 0
    assert not any(name.startswith("account_engagement") for name in first.document["pulled"])
    assert connector.here("sync", "--json", **alone).document["planned"] == 0


def edit(connector: Connector, record: str, fields: dict[str, object]) -> None:
    answer = connector.sandbox.control("POST", "edit", {"id": record, "fields": fields})
    assert answer.status_code == 200, answer.text


def written(connector: Connector) -> list[tuple[object, ...]]:
    """Our fields of every person, the statuses, and all tasks: what a write of ours could change."""
    found: list[tuple[object, ...]] = [
        (row["Id"], row.get("Status"), *(row[field] for field in OURS))
        for name in ("Lead", "Contact")
        for row in connector.sandbox.truth(name)
    ]
    found += [(row["Id"], row["Connector_Key__c"], row["Status"]) for row in connector.sandbox.truth("Task")]
    return found
