"""What users of other connectors complained about, each by its number, held against a whole small world (SY-3, SY-6).

One world is lived through once: a first cycle, then people at work, then another one. Every test looks at another
side of it. The other complaints have their tests beside what they are about: `scripts/complaints` lists them all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from connector import flow
from connector.bootstrap import open_river
from connector.cli.river import Cycle, run_cycle
from connector.domain.cursor import Cursor
from connector.pulling.slices import next_slice, soql
from connector.river import River
from connector.sandbox.config import SandboxConfig
from connector.sandbox.salesforce import query as sandbox_query
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

pytestmark = pytest.mark.requirement("SY-1", "SY-2", "SY-3", "SY-4", "SY-6", "SY-10")

OBJECTS = (
    "Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole", "Task", "User", "LeadStatus", "prospects",
    "visitors", "visitor-activities",
)  # fmt: skip
ROWS_A_PAGE = 7
"""Of the emulated Salesforce, so that a few dozen rows are many pages."""


@dataclass(frozen=True)
class Lived:
    """What became of the world. `calls`: the paths of all calls, `quiet`: of a pull after it; the rest are leads."""

    ground: Ground
    river: River
    cycles: tuple[Cycle, ...]
    calls: list[str]
    quiet: list[str]
    people_before: dict[str, int]
    again: dict[str, Any]
    converted: dict[str, Any]
    deleted: dict[str, Any]
    winner: dict[str, Any]
    loser: dict[str, Any]
    made_anew: str

    @property
    def control(self) -> Control:
        return Control(self.ground.running.url)

    def value(self, sql: str, **params: object) -> Any:
        return self.river.store.value(sql, params)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("lived")
    config = SandboxConfig(state=folder, people=16, seed=5, start=START, frozen=True)
    with pytest.MonkeyPatch.context() as patch, ground(folder, config, OBJECTS) as laid:
        patch.setattr(sandbox_query, "page_size", lambda *_: ROWS_A_PAGE)
        with open_river(laid.settings, retry=QUICK) as river:
            yield _live(laid, river)


def _live(laid: Ground, river: River) -> Lived:
    control = Control(laid.running.url)
    cycles = []

    def cycle() -> None:
        cycles.append(run_cycle(river, first_contact=True, force=True))

    before = {name: len(control.truth(name)) for name in ("Lead", "Contact", "Account", "prospects")}
    cycle()
    linked = {row["salesforceLeadId"] for row in control.truth("prospects") if not row["isDeleted"]}
    living = [row for row in control.truth("Lead") if not row["IsDeleted"] and not row["IsConverted"] and row["Email"]]
    winner, loser, converted, deleted, again = [row for row in living if row["Id"] in linked][:5]
    control.do("POST", "merge", {"winner": winner["Id"], "losers": [loser["Id"]]})
    control.do("POST", "convert", {"lead": converted["Id"], "opportunity": "新しい商談"})
    control.do("POST", "delete", {"id": deleted["Id"]})
    control.do("POST", "delete", {"id": again["Id"]})
    made_anew = _create_lead(laid, {"LastName": "再登録", "Company": again["Company"], "Email": again["Email"]})
    control.do("PUT", "clock", {"advance_seconds": 600, "frozen": True})
    cycle()
    calls = _requests(control)
    flow.pull(river)
    quiet = _requests(control)[len(calls) :]
    return Lived(
        laid, river, tuple(cycles), calls, quiet, before, again, converted, deleted, winner, loser, made_anew
    )  # fmt: skip


def _requests(control: Control) -> list[str]:
    found = control.do("GET", "requests")["requests"]
    return [str(one["path"]) for one in found if not one["path"].startswith("/_sandbox")]


def _create_lead(laid: Ground, values: dict[str, str]) -> str:
    found, url = laid.running.settings, laid.running.url
    with requests.Session() as session:
        session.trust_env = False
        form = {"grant_type": "client_credentials", "client_id": found["client_id"]}
        token = session.post(f"{url}/services/oauth2/token", data={**form, "client_secret": found["client_secret"]})
        answer = session.post(f"{url}/services/data/v62.0/sobjects/Lead", json=values,
                              headers={"Authorization": f"Bearer {token.json()['access_token']}"})  # fmt: skip
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _person(lived: Lived, record: str) -> Any:
    return lived.value("SELECT person_id FROM person_records WHERE record_id = $id AND kind <> 'prospect'", id=record)


def _targets(cycles: Sequence[Cycle]) -> set[str]:
    """The records that were written to, and those that tasks were put on."""
    records = {record.record_id for cycle in cycles for record in cycle.planned.records}
    return records | {str(task.values["WhoId"]) for cycle in cycles for task in cycle.planned.tasks}


def test_complaint_2_nothing_is_described_again_and_a_quiet_pull_asks_each_stream_once(lived: Lived) -> None:
    assert [path for path in (*lived.calls, *lived.quiet) if "describe" in path] == []
    asked = [path for path in lived.quiet if re.search(r"/query(All)?/$|/api/v5/objects/[\w-]+$", path)]
    assert len(asked) == len(lived.ground.streams)


def test_complaint_5_small_sets_never_wait_for_a_bulk_job(lived: Lived) -> None:
    assert [path for path in lived.calls if "/jobs/" in path] == []


def test_complaint_15_every_page_is_read_and_changes_are_found_by_the_stamp_that_nobody_can_set(lived: Lived) -> None:
    assert len(lived.control.truth("Lead")) > 2 * ROWS_A_PAGE
    assert differences(lived.control.truth, lived.river.store, lived.ground.streams) == []
    leads = next(mapped for mapped in lived.ground.streams if mapped.stream.object == "Lead")
    words = soql(leads, next_slice(Cursor("salesforce.Lead"), START))
    assert "LastModifiedDate" not in words.partition(" WHERE ")[2]
    assert words.endswith("ORDER BY SystemModstamp, Id")


def test_complaint_18_visitors_whom_nobody_has_identified_are_read_too(lived: Lived) -> None:
    anonymous = {row["id"] for row in lived.control.truth("visitors") if row["prospectId"] is None}
    assert anonymous
    seen = lived.river.store.run("SELECT id FROM seen_account_engagement_visitors WHERE prospect_id IS NULL")
    assert {record for (record,) in seen} == anonymous


def test_complaint_23_and_27_what_is_deleted_or_merged_in_the_org_leaves_every_decision_by_itself(lived: Lived) -> None:
    gone = {lived.deleted["Id"], lived.loser["Id"], lived.again["Id"]}
    assert lived.value("SELECT count(*) FROM seen_salesforce_lead WHERE is_deleted AND id IN (SELECT unnest($ids))",
                       ids=sorted(gone)) == len(gone)  # fmt: skip
    assert _targets(lived.cycles[1:]) & gone == set()
    open_leads = lived.river.store.run("SELECT unnest(lead_ids) FROM people")
    assert {record for (record,) in open_leads} & gone == set()


def test_complaint_25_and_31_a_merge_is_no_deletion_the_survivor_has_the_history_of_both(lived: Lived) -> None:
    survivor = _person(lived, lived.winner["Id"])
    assert _person(lived, lived.loser["Id"]) == survivor
    assert lived.value("SELECT lead_ids FROM people WHERE person_id = $id", id=survivor) == [lived.winner["Id"]]
    prospects = {
        str(row["id"])
        for row in lived.control.truth("prospects")
        if row["salesforceLeadId"] in {lived.winner["Id"], lived.loser["Id"]} and not row["isDeleted"]
    }
    told = lived.river.store.run("SELECT DISTINCT record_key FROM activities WHERE person_id = $id", {"id": survivor})
    assert len(prospects) == 2
    assert prospects <= {key.split(":")[-1] for (key,) in told}
    assert lived.value("SELECT score FROM scored WHERE person_id = $id", id=survivor) is not None


def test_complaint_26_a_converted_lead_is_never_written_to_its_contact_is(lived: Lived) -> None:
    lead = next(row for row in lived.control.truth("Lead") if row["Id"] == lived.converted["Id"])
    contact = lead["ConvertedContactId"]
    assert lead["IsConverted"]
    assert lead["Id"] in _targets(lived.cycles[:1])
    assert lead["Id"] not in _targets(lived.cycles[1:])
    assert contact in _targets(lived.cycles[1:2])
    assert sum(len(cycle.applied.failures) for cycle in lived.cycles) == 0
    deal = lived.value("SELECT status FROM opportunities WHERE person_id = $id", id=_person(lived, contact))
    assert (deal, _person(lived, lead["Id"])) == ("open", _person(lived, contact))


def test_complaint_28_the_contact_of_a_converted_lead_has_the_tier_of_its_company(lived: Lived) -> None:
    lead = next(row for row in lived.control.truth("Lead") if row["Id"] == lived.converted["Id"])
    tiers = lived.river.store.run(
        "SELECT desired.object, desired.tier, tiered.tier FROM desired "
        "LEFT JOIN company_accounts ON account_id = $account "
        "LEFT JOIN tiered ON tiered.company_id = company_accounts.company_id WHERE record_id IN ($account, $contact)",
        {"account": lead["ConvertedAccountId"], "contact": lead["ConvertedContactId"]},
    )
    assert sorted(kind for kind, *_ in tiers) == ["Account", "Contact"]
    assert all(desired == company for _, desired, company in tiers)


def test_complaint_29_deleted_and_made_anew_is_one_living_person_without_an_orphan(lived: Lived) -> None:
    people = lived.river.store.run("SELECT person_id, lead_ids FROM people WHERE lower(email) = lower($mail)", {
        "mail": lived.again["Email"],
    })  # fmt: skip
    assert [leads for _, leads in people] == [[lived.made_anew]]
    tasks = [row for row in lived.control.truth("Task") if row["Connector_Key__c"] and not row["IsDeleted"]]
    living = {
        str(row["Id"]) for name in ("Lead", "Contact") for row in lived.control.truth(name) if not row["IsDeleted"]
    }
    assert {str(row["WhoId"]) for row in tasks if row["Status"] != "Completed"} <= living


def test_complaint_30_no_cycle_makes_leads_contacts_accounts_or_prospects(lived: Lived) -> None:
    after = {name: len(lived.control.truth(name)) for name in lived.people_before}
    by_hand = {"Lead": 1, "Contact": 1, "Account": 1, "prospects": 0}
    grown = {name: after[name] - before for name, before in lived.people_before.items()}
    assert grown == by_hand, "one lead was made anew and one was converted, by people"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in New York."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_complaint_53_54_and_57_times_are_the_same_whatever_the_zone_of_account_user_and_machine(
    tmp_path: Path,
) -> None:
    config = SandboxConfig(
        state=tmp_path, people=6, seed=5, start=START, frozen=True,
        org_time_zone="Asia/Kolkata", account_engagement_time_zone="Pacific/Kiritimati",
    )  # fmt: skip
    with ground(tmp_path, config, ("Lead", "Opportunity", "prospects", "visitor-activities")) as laid:
        control = Control(laid.running.url)
        with open_river(laid.settings, retry=QUICK) as river:
            flow.pull(river)
            assert differences(control.truth, river.store, laid.streams) == []
            control.do("PUT", "clock", {"advance_seconds": 3_600, "frozen": True})
            flow.pull(river)
            assert differences(control.truth, river.store, laid.streams) == []
