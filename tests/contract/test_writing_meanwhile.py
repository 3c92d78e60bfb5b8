"""What people do between a plan and its apply, over the wire: nothing goes astray, and the next cycle brings the rest.

One world is lived through once. Its org has an assignment rule for leads, which would take every lead that we touch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connector import flow
from connector.applying.application import Applied
from connector.bootstrap import open_river
from connector.cli.river import Cycle, carry_out, now, run_cycle
from connector.domain.plan import Plan
from connector.errors import RefusedError
from connector.river import River, here
from connector.sandbox.config import SandboxConfig
from connector.store.failures import KeptFailure, failures
from tests.worlds.ground import QUICK, START, ground
from tests.worlds.people import Control

pytestmark = pytest.mark.requirement("WB-3", "WB-5", "SY-10", "OP-3")

OBJECTS = ("Lead", "Contact", "Account", "Task", "prospects", "visitor-activities")


@dataclass(frozen=True)
class Lived:
    """`planned` and then, before it was carried out: one lead converted, one deleted, one opted out and of no calls.

    `quiet`: the cycle after it. `owners` of the leads before and after all of it, by id.
    """

    control: Control
    river: River
    planned: Plan
    applied: Applied
    kept: list[KeptFailure]
    converted: str
    contact: str
    deleted: str
    unwilling: str
    quiet: Cycle
    owners: tuple[dict[str, str], dict[str, str]]


def _owners(control: Control) -> dict[str, str]:
    return {row["Id"]: row["OwnerId"] for row in control.truth("Lead") if not row["IsConverted"]}


def _chosen(planned: Plan) -> tuple[str, str, str]:
    """Two leads whose fields alone are written, and one who is to be called or mailed."""
    asked = {str(task.values["WhoId"]): task for task in planned.tasks if task.key.endswith((":call", ":email"))}
    unwilling = next(who for who in asked if who.startswith("00Q"))
    free = [one.record_id for one in planned.records if one.object == "Lead" and one.record_id != unwilling]
    return free[0], free[1], unwilling


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("meanwhile")
    config = SandboxConfig(state=folder, people=15, seed=3, start=START, frozen=True, lead_assignment_rule=True)
    with (
        ground(folder, config, OBJECTS) as laid,
        open_river(laid.settings, say=lambda _line: None, retry=QUICK) as river,
    ):
        control = Control(laid.running.url)
        before = _owners(control)
        with pytest.raises(RefusedError):
            run_cycle(river, first_contact=False, force=True)
        planned = flow.plan(river, here(river).org_id, now(river))
        converted, deleted, unwilling = _chosen(planned)
        control.do("PUT", "clock", {"advance_seconds": 60, "frozen": True})
        control.do("POST", "convert", {"lead": converted, "opportunity": None})
        control.do("POST", "delete", {"id": deleted})
        control.do("POST", "edit", {"id": unwilling, "fields": {"HasOptedOutOfEmail": True, "DoNotCall": True}})
        control.do("PUT", "clock", {"advance_seconds": 60, "frozen": True})
        applied = carry_out(river, planned, "apply", now(river))
        kept = failures(river.store.run)
        control.do("PUT", "clock", {"advance_seconds": 600, "frozen": True})
        quiet = run_cycle(river, first_contact=True, force=True)
        contact = next(row for row in control.truth("Lead") if row["Id"] == converted)["ConvertedContactId"]
        yield Lived(
            control, river, planned, applied, kept, converted, contact, deleted, unwilling, quiet,
            (before, _owners(control)),
        )  # fmt: skip


def row(lived: Lived, name: str, record: str) -> dict[str, Any]:
    return next(one for one in lived.control.truth(name) if one["Id"] == record)


def test_the_rest_goes_through_and_what_became_of_others_is_no_matter_for_a_person(lived: Lived) -> None:
    assert {one.record for one in lived.applied.failures} == {lived.converted, lived.deleted}
    assert {(one.record, one.code, one.remedy) for one in lived.kept} == {
        (lived.converted, "CANNOT_UPDATE_CONVERTED_LEAD", "next"),
        (lived.deleted, "ENTITY_IS_DELETED", "next"),
    }
    assert lived.applied.records + lived.applied.moved == len(lived.planned.records) - 2


def test_the_next_plan_follows_the_lead_to_its_contact_and_nothing_is_left_of_the_refusals(lived: Lived) -> None:
    targets = {one.record_id for one in lived.quiet.planned.records}
    assert lived.contact in targets
    assert not targets & {lived.converted, lived.deleted}
    assert row(lived, "Contact", lived.contact)["Connector_Score__c"] is not None
    assert (lived.quiet.applied.failures, failures(lived.river.store.run)) == ([], [])


def test_whoever_opted_out_meanwhile_gets_no_task_that_breaks_it(lived: Lived) -> None:
    theirs = [one for one in lived.control.truth("Task") if one["WhoId"] == lived.unwilling and one["Connector_Key__c"]]
    assert [one["Connector_Key__c"] for one in theirs if one["Connector_Key__c"].endswith((":call", ":email"))] == []
    assert sum(lived.applied.forbidden.values()) >= 1
    made = [one for one in lived.control.truth("Task") if one["Connector_Key__c"]]
    assert len({one["Connector_Key__c"] for one in made}) == len(made) > 0


def test_assignment_rules_of_the_org_take_no_lead_that_we_write(lived: Lived) -> None:
    before, after = lived.owners
    assert len(lived.planned.records) > 10
    assert after == {record: before[record] for record in after}


def test_a_plan_that_is_carried_out_again_takes_no_call_to_write_what_stands_there(lived: Lived) -> None:
    before = {name: lived.control.truth(name) for name in ("Lead", "Contact", "Task")}
    fields = {one.record_id for one in lived.planned.records} - {lived.converted, lived.deleted}
    again = carry_out(lived.river, lived.planned, "apply", now(lived.river))
    assert (again.records, again.tasks) == (0, 0)
    assert fields
    assert {name: lived.control.truth(name) for name in before} == before
