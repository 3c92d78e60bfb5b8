"""What the org refuses waits in the plan and is no change, until the record, our value or the day is another (WB-5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connector.applying.records import intent_of
from connector.applying.refusals import remedy
from connector.applying.tasks import TASK_KEY
from connector.domain.plan import Plan, RecordChange, Refused, TaskCreation
from connector.planning.refused import without_refused
from connector.rules.fields import Fields
from connector.store.database import Store, memory_store
from connector.store.failures import Failed, keep_failures, release
from connector.store.journal import Intent, remember_written
from tests.mirror_world import HOUR, NOON, lead_id
from tests.planning_world import MONDAY, PlanningWorld, lead_of
from tests.remote_world import change, emptied, task

pytestmark = pytest.mark.requirement("WB-5", "WB-2")

RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
FIELDS = Fields.model_validate(
    {
        "version": 1,
        "salesforce": {
            "Lead": {
                "write": {
                    "Score__c": {"value": "score", "policy": "always"},
                    "Status": {"value": "status", "policy": "if_unchanged", "values": {"hot": "Hot"}},
                    "Scored_At__c": {"value": "scored_at"},
                }
            }
        },
    }
)


@pytest.fixture(scope="module")
def module_store() -> Iterator[Store]:
    store = memory_store()
    yield store
    store.close()


@pytest.fixture
def store(module_store: Store) -> Store:
    return emptied(module_store)


def refuse(store: Store, record: RecordChange, *fields: str, code: str = RULE, at: datetime = NOON) -> None:
    keep_failures(store, [Failed(replace(intent_of(record), number=7), code, "words", fields)], remedy, "run1", at)


def sent(store: Store, *records: RecordChange, tasks: tuple[TaskCreation, ...] = (), hours: float = 1) -> list[str]:
    """The fields of the records that are sent, and the keys of tasks; what waits is all the rest."""
    found = without_refused(store.run, FIELDS, records, tasks, NOON + hours * HOUR)
    return [f"{one.record_id[-4]}.{cell.field}" for one in found.records for cell in one.changes] + [
        one.key for one in found.tasks
    ]


HOT = change(1, status="Hot")


def test_a_refused_row_waits_and_is_told(store: Store) -> None:
    refuse(store, HOT)
    found = without_refused(store.run, FIELDS, (HOT, change(2)), (), NOON + HOUR)
    assert [one.record_id for one in found.records] == [lead_id(2)]
    assert found.refused == (Refused("Lead", lead_id(1), "P1", (), RULE, NOON),)


def test_where_the_org_named_the_field_the_others_are_written_all_the_same_and_at_once(store: Store) -> None:
    refuse(store, HOT, "Status")
    found = without_refused(store.run, FIELDS, (HOT,), (), NOON + HOUR)
    (record,) = found.records
    assert ([cell.field for cell in record.changes], record.shared) == (["Score__c"], False)
    assert [one.fields for one in found.refused] == [("Status",)]


@pytest.mark.parametrize(
    ("why", "hours", "again"),
    [("nothing", 1, False), ("nothing", 23, False), ("nothing", 24, True), ("the record", 1, True),
     ("our value", 1, True), ("the other field", 1, True), ("a word", 1, True)],
)  # fmt: skip
def test_it_is_sent_again_when_something_is_another(store: Store, why: str, hours: float, again: bool) -> None:
    refuse(store, HOT)
    record = {
        "the record": replace(HOT, seen_modified_at=NOON + HOUR),
        "our value": change(1, status="Cold"),
        "the other field": change(1),
    }.get(why, HOT)
    if why == "a word":
        release(store)
    assert bool(sent(store, record, hours=hours)) == again


def test_another_score_does_not_bring_a_refused_status_again(store: Store) -> None:
    refuse(store, HOT, "Status")
    assert sent(store, change(1, status="Hot", score=80)) == [f"{lead_id(1)[-4]}.Score__c"]


def test_our_own_write_to_the_record_is_no_news_of_it(store: Store) -> None:
    refuse(store, HOT, "Status")
    remember_written(store, [Intent("update", "Lead", lead_id(1), {}, {"Score__c": 72}, "", 8, "run2")], NOON + HOUR)
    moved = replace(HOT, seen_modified_at=NOON + HOUR)
    assert sent(store, moved, hours=2) == [f"{lead_id(1)[-4]}.Score__c"]


def test_a_stamp_alone_is_neither_another_value_nor_worth_a_write(store: Store) -> None:
    cells = {one.field: one for one in HOT.changes}
    stamped = replace(HOT, changes=(cells["Status"], replace(cells["Score__c"], field="Scored_At__c", after="2026")))
    refuse(store, stamped, "Status")
    assert sent(store, stamped) == []
    refuse(store, stamped)
    assert sent(store, replace(stamped, changes=(cells["Status"], replace(stamped.changes[1], after="2027")))) == []


@pytest.mark.parametrize("code", ["UNABLE_TO_LOCK_ROW", "NOT_SENT", "CANNOT_UPDATE_CONVERTED_LEAD"])
def test_what_passes_or_is_resolved_by_the_next_plan_does_not_wait(store: Store, code: str) -> None:
    refuse(store, HOT, code=code)
    assert len(sent(store, HOT)) == 2


@pytest.mark.parametrize("named", [(), ("Status",), ("OwnerId",)])
@pytest.mark.parametrize(("values", "again"), [({}, False), ({"Subject": "x"}, False), ({"OwnerId": "005B"}, True)])
def test_a_refused_task_waits_while_it_is_for_the_same_people(
    store: Store, values: dict[str, str], again: bool, named: tuple[str, ...]
) -> None:
    made = task(1)
    intent = Intent("task", "Task", made.key, {}, {TASK_KEY: made.key, **made.values}, "", 7, person_id="P1")
    keep_failures(store, [Failed(intent, RULE, None, named)], remedy, "run1", NOON)
    assert bool(sent(store, tasks=(replace(made, values={**made.values, **values}),))) == again


def test_a_plan_of_which_all_waits_has_no_change(request: pytest.FixtureRequest) -> None:
    world = PlanningWorld()
    request.addfinalizer(world.store.close)
    world.person("P1", demos=14)
    plan = world.plan()
    assert plan.changes
    intents = [replace(intent_of(one), number=1) for one in plan.records]
    intents += [
        Intent("task", "Task", one.key, {}, dict(one.values), "", 1, person_id=one.person_id) for one in plan.tasks
    ]
    keep_failures(world.store, [Failed(intent, RULE, None) for intent in intents], remedy, "run1", MONDAY)
    again: Plan = world.plan(MONDAY + timedelta(minutes=5))
    assert (again.changes, len(again.refused)) == (0, len(intents))
    assert {one.person_id for one in again.refused} == {"P1"}
    assert lead_of("P1") in {one.record_id for one in again.refused}
