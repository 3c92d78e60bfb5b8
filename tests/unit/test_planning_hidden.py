"""Nothing is planned on what the org does not show: no value, and no task where consent is unknown (WB-1, SY-10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.domain.hidden import HiddenField
from connector.domain.plan import Plan
from connector.planning.hidden import why_no_tasks, writable
from tests.planning_world import MONDAY, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("WB-1", "SY-10", "SY-3")


def hidden(field: str, stream: str = "salesforce.Lead") -> HiddenField:
    return HiddenField(stream, "", field, MONDAY, MONDAY, "fields.yaml:1:1")


@pytest.fixture(scope="module")
def world() -> PlanningWorld:
    made = PlanningWorld()
    made.person("P1", demos=14, at=MONDAY - timedelta(hours=1))
    return made


def planned(world: PlanningWorld, *away: HiddenField) -> Plan:
    book = world.book
    world.book = replace(book, fields=writable(book.fields, away), no_tasks=why_no_tasks(book.fields, away))
    try:
        return world.plan()
    finally:
        world.book = book


def written(plan: Plan) -> set[str]:
    return {change.field for record in plan.records for change in record.changes}


def test_a_hidden_field_is_not_written_and_the_others_are(world: PlanningWorld) -> None:
    before = planned(world)
    after = planned(world, hidden("Connector_Score__c"), hidden("Status"))
    assert {record.record_id for record in after.records} == {lead_of("P1")}
    assert written(before) - written(after) == {"Connector_Score__c", "Status"}
    assert after.tasks == before.tasks
    assert before.tasks


def test_a_hidden_object_is_not_written(world: PlanningWorld) -> None:
    assert planned(world, hidden("")).records == ()


@pytest.mark.parametrize(
    ("stream", "field"),
    [
        ("salesforce.Lead", "DoNotCall"),
        ("salesforce.Contact", "HasOptedOutOfEmail"),
        ("salesforce.Task", "Connector_Key__c"),
        ("account_engagement.prospects", "isDoNotEmail"),
    ],
)
def test_no_task_is_made_while_consent_or_the_key_is_hidden(world: PlanningWorld, stream: str, field: str) -> None:
    before, after = planned(world), planned(world, hidden(field, stream))
    assert after.tasks == ()
    why = f"waits until {stream} shows `{field}` again"
    assert {(one.person_id, one.reason) for one in after.withheld} == {("P1", why)}
    assert len(after.withheld) == len(before.tasks)
    assert after.starts == before.starts, "the follow-up begins all the same: its tasks come when it is shown again"
    assert written(after) == written(before)


def test_what_is_hidden_elsewhere_changes_nothing(world: PlanningWorld) -> None:
    assert planned(world, hidden("Title"), hidden("Name", "salesforce.Campaign")) == planned(world)
