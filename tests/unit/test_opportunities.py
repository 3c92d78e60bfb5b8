"""A hand-over and its opportunity: linked where one is open, made where the mapping says so, and only then (TU-4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connector.applying.apply import apply_plan, settle_open_intents
from connector.domain.plan import Plan
from connector.errors import RetryError
from connector.planning.file import from_document, to_document
from connector.planning.guard import guard_findings
from connector.planning.undo import _not_told
from connector.planning.undo_cells import DEAL_STAYS
from connector.reporting.metadata_files import missing_fields, rights
from connector.rules.fields import Fields, Guard
from connector.rules.opportunities import OpportunityRule
from connector.rules.writing import Modes
from connector.salesforce.org_shown import OrgShown
from connector.store.mirror import freeze, prepare
from tests.planning_world import DAY, MONDAY, ORG, PlanningWorld
from tests.remote_world import Remote, run_of
from tests.unit.test_planning_toss_up import FIELD, heard, rules_of

pytestmark = pytest.mark.requirement("TU-4", "WB-1", "WB-3")

UNDELETED = {"_seen_at": MONDAY - DAY, "_valid_from": MONDAY - DAY, "_unit": ""}
SEEN = {**UNDELETED, "is_deleted": False}
RULE = {"name": "{company}：引き継ぎ", "stage": "Prospecting", "close_in_days": 90, "amount": 500000}
KEY = f"{ORG}:{{}}:toss_up:2026-06-01:hand_over:opportunity"
TABLES = (
    *("hearing", "opportunities", "approvals", "mirror_salesforce_user", "mirror_salesforce_opportunity", "failure"),
    "mirror_salesforce_opportunity_contact_role",
)


def contact_of(person: str) -> str:
    return f"003{person:0>12}AAA"


def mapped(fields: Fields, **changes: Any) -> Fields:
    """The mapping, with opportunities made at hand-overs."""
    deals = fields.salesforce["Opportunity"].model_copy(update={"create": OpportunityRule(**{**RULE, **changes})})
    # Validated anew: what was derived from the old one is not taken along.
    return Fields.model_validate({**fields.model_dump(), "salesforce": {**fields.salesforce, "Opportunity": deals}})


@pytest.fixture(scope="module")
def module_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    fields = mapped(world.book.fields)
    prepare(world.store, fields.streams)
    freeze(world.store, fields.streams)
    world.book = replace(world.book, rules=rules_of(Path(tmp_path_factory.mktemp("rules"))), fields=fields)
    yield world
    world.store.close()


@pytest.fixture
def world(module_world: PlanningWorld) -> Iterator[PlanningWorld]:
    module_world.empty()
    for table in TABLES:
        module_world.store.run(f"DELETE FROM {table}")
    module_world.insert("mirror_salesforce_user", {"id": FIELD, "name": "Fumi Field", "is_active": True, **UNDELETED})
    book = module_world.book
    yield module_world
    module_world.book = book


def off(world: PlanningWorld) -> None:
    deals = world.book.fields.salesforce["Opportunity"].model_copy(update={"create": None})
    salesforce = {**world.book.fields.salesforce, "Opportunity": deals}
    world.book = replace(world.book, fields=world.book.fields.model_copy(update={"salesforce": salesforce}))


def ready(world: PlanningWorld, person: str, account: str | None, **more: Any) -> None:
    """A contact of an account who meets the criteria."""
    contact = contact_of(person)
    world.person(person, 1, company="青葉", **{"contact_ids": [contact], "lead_ids": [], **more})
    world.insert("mirror_salesforce_contact", {"id": contact, "account_id": account, **SEEN})
    heard(world, person, 5)


def deal(world: PlanningWorld, number: int, account: str, *roles: str, **more: Any) -> str:
    deal_id = f"006{number:012d}AAA"
    values = {"account_id": account, "name": f"deal {number}", "stage_name": "Prospecting", "is_closed": False, **more}
    world.insert("mirror_salesforce_opportunity", {"id": deal_id, **values, **SEEN})
    for person in roles:
        role = {"id": f"00K{number}{person}", "opportunity_id": deal_id, "contact_id": contact_of(person)}
        world.insert("mirror_salesforce_opportunity_contact_role", {**role, **SEEN})
    return deal_id


def what(plan: Plan) -> dict[str, Any]:
    return {one.person_id: one.values.get("WhatId") for one in plan.tasks if ":toss_up:" in one.key}


def test_a_hand_over_is_about_the_deal_of_which_there_is_no_doubt(world: PlanningWorld) -> None:
    for person, account in (("1", "001A"), ("2", "001B"), ("3", "001C"), ("4", "001D"), ("5", "001E")):
        ready(world, person, account)
    world.person("6", 1, company_id="C6")
    heard(world, "6", 5)
    world.insert("company_accounts", {"company_id": "C6", "account_id": "001A"})
    only = deal(world, 1, "001A")
    deal(world, 2, "001B")
    mine = deal(world, 3, "001B", "2")
    deal(world, 4, "001C")
    deal(world, 5, "001C")
    deal(world, 6, "001D", is_closed=True)
    plan = world.plan()
    assert what(plan) == {"1": only, "2": mine, "3": None, "4": None, "5": None, "6": None}
    texts = {one.person_id: str(one.values["Description"]) for one in plan.tasks}
    assert "進行中の商談：deal 1（Prospecting）" in texts["6"], "a lead cannot be linked: the brief names the deal"
    assert "進行中の商談：deal 4" in texts["3"]
    assert "進行中の商談" not in texts["4"]
    assert [one.person_id for one in plan.opportunities] == ["4", "5"], "none beside an open one"
    off(world)
    assert world.plan().opportunities == ()


def test_an_opportunity_is_made_once_an_account_for_contacts_alone(world: PlanningWorld) -> None:
    ready(world, "1", "001A")
    ready(world, "2", "001A")
    ready(world, "3", None)
    world.person("4", 1)
    heard(world, "4", 5)
    plan = world.plan()
    (one,) = plan.opportunities
    assert (one.key, one.key_field, one.person_id) == (KEY.format(contact_of("1")), "Connector_Key__c", "1")
    assert dict(one.values) == {
        "Name": "青葉：引き継ぎ", "StageName": "Prospecting", "CloseDate": "2026-08-30", "AccountId": "001A",
        "ContactId": contact_of("1"), "OwnerId": FIELD, "Amount": 500000.0,
    }  # fmt: skip
    assert from_document(to_document(plan)) == plan
    assert {"1", "2", "3", "4"} <= plan.persons
    assert plan.changes == replace(plan, opportunities=()).changes + 1
    guard = Guard(kinds={"opportunities": 0})
    assert [found.what for found in guard_findings(guard, plan, {}, {})] == ["opportunities"]
    old = MONDAY + timedelta(days=8)
    world.insert("cadence_runs", {
        "person_id": "1", "cadence": "toss_up", "start_date": MONDAY.date(), "key_record": contact_of("1"),
        "run_id": "run0", "recorded_at": MONDAY,
    })  # fmt: skip
    assert [each.person_id for each in world.plan(old).opportunities] == ["2"], "none for hand-overs of long before"


def test_it_is_written_once_whatever_people_do_with_it_and_an_undo_leaves_it(world: PlanningWorld) -> None:
    ready(world, "1", "001A")
    plan = world.plan()
    key = plan.opportunities[0].key
    remote = Remote(now=MONDAY)
    made = replace(plan, records=(), tasks=())
    applied = apply_plan(run_of(remote, world.store, now=MONDAY), made)
    assert (applied.opportunities, applied.changes, applied.failures) == (1, 1, [])
    assert remote.deals[key]["Connector_Key__c"] == key
    again = apply_plan(run_of(remote, world.store, "run2", MONDAY), made)
    assert (again.changes, remote.calls) == (0, [("upsert", 1)])
    assert world.plan().opportunities == (), "also before the mirror has it"
    assert [(left.reason, left.record) for left in _not_told(world.store.run, "run1")] == [(DEAL_STAYS, key)]
    deal(world, 1, "001A", is_closed=True, key=key)
    assert world.plan().opportunities == (), "it was closed: the hand-over has had its opportunity"


def test_a_lost_answer_is_settled_by_reading_back_and_a_refusal_waits(world: PlanningWorld) -> None:
    ready(world, "1", "001A")
    plan = replace(world.plan(), records=(), tasks=())
    remote = Remote(now=MONDAY)

    def lost() -> None:
        remote.before = lambda: None
        remote.after = lambda: None
        raise RetryError("lost")

    remote.after = lost
    with pytest.raises(RetryError):
        apply_plan(run_of(remote, world.store, now=MONDAY), plan)
    settle_open_intents(run_of(remote, world.store, "run2", MONDAY))
    assert world.store.run("SELECT kind, outcome FROM journal") == [("opportunity", "done")]
    world.store.run("DELETE FROM journal")
    refusing = Remote(now=MONDAY, refuses=lambda _object, _row: ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no"))
    applied = apply_plan(run_of(refusing, world.store, "run3", MONDAY), plan)
    assert len(applied.failures) == 1
    next_plan = world.plan(MONDAY + timedelta(hours=1))
    assert next_plan.opportunities == ()
    assert [(one.object, one.code) for one in next_plan.refused] == [
        ("Opportunity", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    ]


def test_what_we_made_is_not_the_answer_of_field_sales(world: PlanningWorld) -> None:
    ready(world, "1", "001A")
    plan = world.plan()
    world.insert("cadence_runs", {
        "person_id": "1", "cadence": "toss_up", "start_date": MONDAY.date(), "key_record": contact_of("1"),
        "run_id": "run0", "recorded_at": MONDAY,
    })  # fmt: skip
    ours = deal(world, 1, "001A", key=plan.opportunities[0].key)
    told = {"opportunity_id": ours, "person_id": "1", "created_at": MONDAY, "status": "open"}
    world.insert("opportunities", told)
    answers = "SELECT answer, opportunity_id, deal_status FROM toss_up_outcomes"
    world.plan(MONDAY + DAY)
    assert world.store.run(answers) == [(None, ours, "open")]
    world.store.run("UPDATE opportunities SET status = 'won', closed_at = created_at")
    world.plan(MONDAY + DAY)
    assert world.store.run(answers) == [("accepted", ours, "won")]


def test_it_may_wait_for_a_word_and_has_an_owner_who_may_own_it(world: PlanningWorld) -> None:
    ready(world, "1", "001A", owner_id="005A")
    fields = world.book.fields
    world.book = replace(world.book, fields=fields.model_copy(update={"modes": Modes(opportunities="approval")}))
    plan = world.plan()
    assert plan.opportunities == ()
    assert [(one.kind, one.what) for one in plan.waiting] == [("opportunities", "青葉：引き継ぎ")]
    world.book = replace(world.book, fields=fields)
    world.store.run("UPDATE mirror_salesforce_user SET id = '00GQUEUE'")
    (one,) = world.plan().opportunities
    assert one.values["OwnerId"] == "005A", "no queue owns an opportunity"


def test_it_takes_a_key_and_the_right_to_make_opportunities(world: PlanningWorld) -> None:
    fields, shown = world.book.fields, OrgShown({})
    assert ("Opportunity", "Connector_Key__c") in [(one.object, one.name) for one in missing_fields(fields, shown)]
    (given,) = (one for one in rights(fields, shown) if one.object == "Opportunity")
    assert (given.create, given.edit, given.fields["Connector_Key__c"]) == (True, True, True)
    column = next(one for one in fields.streams if one.stream.object == "Opportunity").columns[-1]
    assert (column.name, column.field) == ("key", "Connector_Key__c")
    off(world)
    (given,) = (one for one in rights(world.book.fields, shown) if one.object == "Opportunity")
    assert (given.create, given.edit) == (False, False)
    with pytest.raises(ValidationError, match="fills in"):
        OpportunityRule(**{**RULE, "name": "{owner}"})
    with pytest.raises(ValidationError, match="only opportunities are made"):
        Fields.model_validate({"version": 1, "salesforce": {"Lead": {"create": RULE}}})
