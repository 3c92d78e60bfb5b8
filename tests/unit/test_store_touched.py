"""Whom an evaluation looks at: whom something touched, whoever may be the same person, whose time has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from connector.domain.streams import MappedStream
from connector.engine.enrich_identity import folded_email
from connector.store.cursors import naive
from connector.store.database import Store, open_store
from connector.store.erasing import begin_forgetting, erase
from connector.store.journal import Intent, intend
from connector.store.lists import freeze_lists
from connector.store.mirror import close_missing, freeze, merge, note_read, prepare
from connector.store.touched import Whom, find_touched, keep_answers, narrow_views
from tests.mirror_world import DAY, HOUR, MINUTE, NOON, Row, land, lead, lead_id, mapped, prospect, sf_time

pytestmark = pytest.mark.requirement("SC-10", "SY-3", "SY-4")

LEADS = mapped("salesforce.Lead", email="Email", master_id="MasterRecordId")
TASKS = mapped("salesforce.Task", who_id="WhoId", key="Key")
FORMS = mapped("account_engagement.forms", name="name")
PROSPECTS = mapped("account_engagement.prospects", email="email", lead_id="salesforceLeadId")
ACCOUNTS = mapped("salesforce.Account", name="Name", tier="Tier")
STREAMS = (LEADS, TASKS, PROSPECTS, FORMS, ACCOUNTS)
EVERYBODY = Whom(whole=True, comparable=False)
LATER = NOON + HOUR
BASIS = "rules 1"

Land = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "one.duckdb") as opened:
        prepare(opened, STREAMS)
        yield opened


@pytest.fixture
def bring(store: Store, tmp_path: Path) -> Land:
    """Lands and merges rows of a stream."""

    def landed(stream: MappedStream, *rows: Row, seen_at: datetime = NOON) -> None:
        folder = tmp_path / f"{stream.stream.table}{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        unit = "" if stream.stream.remote == "salesforce" else "unit1"
        with store.transaction():
            merge(store, stream, unit, land(folder, stream, rows), seen_at)

    return landed


def _lead(number: int, email: str | None, stamp: datetime = NOON, master: str | None = None) -> Row:
    return {**lead(number, stamp), "Email": email, "MasterRecordId": master}


def _prospect(number: int, email: str, lead_id: str | None = None) -> Row:
    return {**prospect(number, email=email), "salesforceLeadId": lead_id}


def _task(number: int, who: str, stamp: datetime = NOON) -> Row:
    moment = sf_time(stamp)
    stamps = {"CreatedDate": moment, "LastModifiedDate": moment, "SystemModstamp": moment}
    return {"Id": f"00T{number:012d}AAA", "IsDeleted": False, **stamps, "WhoId": who, "Key": None}


def evaluated(store: Store, *persons: str, pending: Sequence[str] = (), due: datetime | None = None) -> None:
    """As if everybody had been evaluated: each named person is the lead of the same number."""
    rows = [(person, f"salesforce.Lead:{lead_id(int(person[1:]))}") for person in persons]
    store.run("DELETE FROM known_persons")
    for person, key in rows:
        known = {"key": key, "person": person, "now": naive(NOON)}
        store.run("INSERT INTO known_persons VALUES ($key, $person, $now)", known)
    store.run(
        "CREATE OR REPLACE TEMP TABLE answers AS SELECT unnest($persons::VARCHAR[]) AS person_id, NULL::VARCHAR AS "
        "company_id, FALSE AS open, $due::TIMESTAMP AS next_change_at, 1 AS score, 'cold' AS stage, "
        "7::UBIGINT AS digest",
        {"persons": list(persons), "due": None if due is None else naive(due)},
    )
    store.run("CREATE OR REPLACE TEMP TABLE company_accounts (account_id VARCHAR, company_id VARCHAR)")
    store.run("CREATE OR REPLACE TEMP TABLE touched_persons (person_id VARCHAR)")
    keep_answers(store, BASIS, NOON, pending, EVERYBODY)


def found(store: Store, at: datetime = LATER, basis: str = BASIS) -> Whom:
    freeze(store, STREAMS)
    freeze_lists(store)
    return find_touched(store, STREAMS, basis, at, folded_email)


def touched(store: Store) -> list[str]:
    """The persons found, and that it is not everybody."""
    return [person for (person,) in store.run("SELECT person_id FROM touched_persons ORDER BY 1")]


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.store.touched.MOST", 1.0)


def test_whom_nothing_touched_nobody_looks_at(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "b@example.com"))
    evaluated(store, "P1", "P2")

    assert found(store) == Whom(whole=False, comparable=True, touched=0)
    assert touched(store) == []


def test_a_changed_record_touches_its_person_and_whoever_shares_the_address(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "Ａ@Example.com"), _lead(3, "c@example.com"))
    evaluated(store, "P1", "P2", "P3")
    bring(LEADS, {**_lead(1, "a@example.com", LATER), "IsDeleted": True}, seen_at=LATER)

    assert not found(store).whole
    assert touched(store) == ["P1", "P2"]


def test_an_address_that_moves_touches_the_old_and_the_new_person(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "a@example.com"), _lead(3, "c@example.com"), _lead(4, "d@e.com"))
    evaluated(store, "P1", "P3", "P4")
    store.run("UPDATE known_persons SET person_id = 'P1' WHERE record_key LIKE '%2AAA'")
    store.run(
        "INSERT INTO known_persons VALUES ($key, 'P1', $now)",
        {"key": f"salesforce.Lead:{lead_id(2)}", "now": naive(NOON)},
    )
    bring(LEADS, _lead(2, "c@example.com", LATER), seen_at=LATER)

    assert not found(store).whole
    assert touched(store) == ["P1", "P3"]
    narrow_views(store, STREAMS)
    shown = [row[0] for row in store.run("SELECT id FROM seen_salesforce_lead ORDER BY id")]
    assert shown == [lead_id(1), lead_id(2), lead_id(3)]
    assert store.value("SELECT count(*) FROM whole_salesforce_lead") == 4


def test_a_task_that_changes_hands_touches_both(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "b@example.com"), _lead(3, "c@example.com"))
    bring(TASKS, _task(1, lead_id(1)))
    evaluated(store, "P1", "P2", "P3")
    bring(TASKS, _task(1, lead_id(2), LATER), seen_at=LATER)

    assert not found(store).whole
    assert touched(store) == ["P1", "P2"]


def test_a_new_prospect_of_a_lead_touches_the_leads_person(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "b@example.com"))
    bring(PROSPECTS, _prospect(1, "x@example.com"))
    evaluated(store, "P1", "P2")
    bring(PROSPECTS, _prospect(2, "other@example.com", lead_id(2)[:15]), seen_at=LATER)

    assert not found(store).whole
    assert touched(store) == ["P2"]


def test_the_person_of_a_record_that_vanished_is_looked_at(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "b@example.com"))
    evaluated(store, "P1", "P2")
    store.run("INSERT INTO touched VALUES ('salesforce.Lead', '', $id)", {"id": lead_id(2)})
    store.run('DELETE FROM "mirror_salesforce_lead" WHERE id = $id', {"id": lead_id(2)})

    assert not found(store).whole
    assert touched(store) == ["P2"]


@pytest.mark.parametrize(
    ("asked", "whose"), [(LATER - MINUTE, []), (LATER, ["P1", "P2"]), (LATER + MINUTE, ["P1", "P2"])]
)
def test_whose_time_has_come_is_looked_at_from_that_moment_on(
    store: Store, bring: Land, asked: datetime, whose: list[str]
) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "b@example.com"))
    evaluated(store, "P1", "P2", due=LATER)

    assert not found(store, asked).whole
    assert touched(store) == whose


def test_of_whom_something_is_still_to_be_written_is_looked_at(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "b@example.com"))
    evaluated(store, "P1", "P2", pending=["P2"])

    found(store)
    assert touched(store) == ["P2"]


def test_whose_prospect_may_still_be_written_by_an_import_is_looked_at(store: Store, bring: Land) -> None:
    bring(LEADS, *(_lead(number, f"{number}@example.com") for number in (1, 2, 3)))
    evaluated(store, "P1", "P2", "P3")
    for number in (1, 2, 3):
        known = {"key": f"account_engagement.prospects:0Uv1:{number}", "person": f"P{number}", "now": naive(NOON)}
        store.run("INSERT INTO known_persons VALUES ($key, $person, $now)", known)
    intend(store, "run1", [Intent("prospect", "prospects", "0Uv1:2", {}, {"score": 1}, "")], NOON)
    intend(store, "run1", [Intent("membership", "list-memberships", "0Uv1:3:7", {}, {"member": True}, "")], NOON)
    keep_answers(store, BASIS, NOON, (), EVERYBODY)
    found(store)
    assert touched(store) == ["P2", "P3"], "no plan has them while nobody knows what stands there"


@pytest.mark.parametrize(
    ("at", "basis"),
    [(LATER, "other rules"), (NOON - HOUR, BASIS), (NOON + DAY, BASIS)],
    ids=["by other rules", "before the last evaluation", "once a day"],
)
def test_everybody_is_looked_at(store: Store, bring: Land, at: datetime, basis: str) -> None:
    bring(LEADS, _lead(1, "a@example.com"))
    evaluated(store, "P1")

    assert found(store, at, basis).whole


def test_what_can_be_anybodys_makes_it_everybody(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"))
    bring(FORMS, {**prospect(1), "name": "Contact"})
    evaluated(store, "P1")
    bring(FORMS, {**prospect(1), "name": "Quote"}, seen_at=LATER)

    assert found(store) == EVERYBODY


def test_an_account_by_another_name_may_be_anybodys_company_and_one_of_another_tier_is_not(
    store: Store, bring: Land
) -> None:
    account = {**_task(1, ""), "Id": "001000000000001AAA", "Name": "Example", "Tier": None}
    bring(LEADS, _lead(1, "a@example.com"))
    bring(ACCOUNTS, account, {**account, "Id": "001000000000002AAA"})
    evaluated(store, "P1")
    moved = {"SystemModstamp": sf_time(LATER), "LastModifiedDate": sf_time(LATER)}
    bring(ACCOUNTS, {**account, **moved, "Tier": "Tier 1"}, seen_at=LATER)
    assert not found(store).whole

    bring(ACCOUNTS, {**account, **moved, "Tier": "Tier 1", "Name": "Other"}, seen_at=LATER + MINUTE)
    assert found(store).whole


def test_what_was_not_in_a_whole_reading_may_be_anybodys(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"))
    bring(FORMS, {**prospect(1), "name": "Contact"}, {**prospect(2), "name": "Quote"})
    evaluated(store, "P1")
    bring(FORMS, {**prospect(1), "name": "Contact"}, seen_at=LATER)
    note_read(store, first=True)
    close_missing(store, FORMS, "unit1", LATER)

    assert found(store).whole


@pytest.mark.requirement("SY-10")
def test_after_forgetting_nothing_of_what_was_evaluated_is_left(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "b@example.com"))
    evaluated(store, "P1", "P2")
    bring(LEADS, _lead(1, "c@example.com", LATER), seen_at=LATER)
    store.load("erasing", ("stream", "unit", "id"), [("salesforce.Lead", "", lead_id(1))])

    erase(store, begin_forgetting(store, "asked", LATER), ["P1"])

    assert [store.value(f"SELECT count(*) FROM {table}") for table in ("evaluated", "touched", "evaluation")] == [0] * 3
    assert found(store).whole


def test_a_look_at_everybody_tells_what_narrow_ones_have_missed(store: Store, bring: Land) -> None:
    bring(LEADS, _lead(1, "a@example.com"), _lead(2, "b@example.com"))
    evaluated(store, "P1", "P2")
    store.run("UPDATE evaluated SET digest = 8 WHERE person_id = 'P2'")
    whom = found(store, NOON + DAY)

    kept = keep_answers(store, BASIS, NOON + DAY, (), whom)

    assert (kept.looked_at, kept.people, kept.differences) == (2, 2, 1)
    assert kept.examples == "P2: score 1 is 1, cold is cold"
    assert store.value("SELECT differences FROM evaluation") == 1
    assert store.value("SELECT count(*) FROM touched") == 0
