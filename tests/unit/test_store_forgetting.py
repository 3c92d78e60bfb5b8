"""Forgetting a person: nothing is left in rows, files and copies, nothing comes back, nobody else loses anything."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connector.domain.outcome import RowResult
from connector.domain.plan import RunStart, Transition
from connector.domain.reconciled import Span
from connector.domain.streams import MappedStream
from connector.store import database
from connector.store.backup import back_up
from connector.store.database import Store, open_store
from connector.store.decisions import meet_org, record_starts, record_transitions
from connector.store.erasing import erase_vanished
from connector.store.failures import Failed, keep_failures
from connector.store.forgetting import Forgotten, forget
from connector.store.forgotten import people_forgotten
from connector.store.journal import Intent, intend, remember_written, settle, tasks_made, unsettled
from connector.store.kept_files import remember_file
from connector.store.mirror import merge, prepare, table_of
from connector.store.reconciling import Side, load_remote_ids
from connector.store.retention import Keeping, tidy
from connector.store.rewriting import needs_rewriting, rewrite
from tests.mirror_world import DAY, NOON, ae_time, land, lead, lead_id, mapped, prospect

pytestmark = pytest.mark.requirement("SY-10")

UNIT = "0Uv000000000001AAA"
LEADS = mapped("salesforce.Lead", email="Email", name="Name", phone="Phone", converted_contact_id="ConvertedContactId")
CONTACTS = mapped("salesforce.Contact", email="Email", name="Name")
DEALS = mapped("salesforce.Opportunity", name="Name", contact_id="ContactId")
TASKS = mapped("salesforce.Task", subject="Subject", who_id="WhoId")
PROSPECTS = mapped("account_engagement.prospects", email="email", lead_id="salesforceLeadId")
VISITORS = mapped("account_engagement.visitors", prospect_id=("prospectId", "integer"))
PAGES = mapped(
    "account_engagement.visitor_page_views",
    url="url",
    visitor_id=("visitorId", "integer"),
    visit_id=("visitId", "integer"),
)
STREAMS = (LEADS, CONTACTS, DEALS, TASKS, PROSPECTS, VISITORS, PAGES)
ORG = "00DSb0000000001MAA"
SECRET = "taro.secret@example.com"
NAME = "秘密 太郎"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._CONFIG, "threads", "1")


@pytest.fixture
def store(state: Path) -> Iterator[Store]:
    """A store with the world in it."""
    shutil.copy2(template(), state / "default.duckdb")
    with open_store(state / "default.duckdb") as opened:
        yield opened


@cache
def template() -> Path:
    """The world in a file, which is made once."""
    folder = Path(tempfile.mkdtemp(prefix="forgetting-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with open_store(folder / "default.duckdb") as opened:
        prepare(opened, STREAMS)
        meet_org(opened, ORG, "Org", "https://org.example")
        world(opened, folder)
    return folder / "default.duckdb"


def bring(store: Store, stream: MappedStream, *rows: dict[str, Any], folder: Path) -> None:
    place = folder / "pages"
    place.mkdir(exist_ok=True)
    unit = "" if stream.stream.remote == "salesforce" else UNIT
    with store.transaction():
        merge(store, stream, unit, land(place, stream, rows), NOON)


def contact(number: int, **fields: Any) -> dict[str, Any]:
    return {**lead(number), "Id": f"003{number:012d}AAA", **fields}


def task(number: int, who: str, subject: str) -> dict[str, Any]:
    return {**lead(number), "Id": f"00T{number:012d}AAA", "WhoId": who, "Subject": subject}


def deal(number: int, contact_id: str | None) -> dict[str, Any]:
    return {**lead(number), "Id": f"006{number:012d}AAA", "Name": "deal", "ContactId": contact_id}


def visitor(number: int, prospect_id: int | None) -> dict[str, Any]:
    return {"id": number, "createdAt": ae_time(NOON - DAY), "updatedAt": ae_time(NOON), "prospectId": prospect_id}


def page(number: int, visitor_id: int) -> dict[str, Any]:
    url = f"https://www.example.jp/p?mail={SECRET}" if visitor_id == 31 else "https://www.example.jp/"
    return {"id": number, "createdAt": ae_time(NOON), "url": url, "visitorId": visitor_id, "visitId": 900 + visitor_id}


def world(store: Store, folder: Path) -> None:
    """Person 1: lead, converted to a contact, with prospect, visitor, pages, tasks, a deal. Person 2 beside."""
    mine = {"Email": SECRET, "Name": NAME, "Phone": "03-9876-5432"}
    bring(
        store,
        LEADS,
        lead(1, **mine, ConvertedContactId="003000000000001AAA"),
        lead(2, Email="jiro@example.com", Name="別人 次郎", Phone="03-1111-2222"),
        folder=folder,
    )
    bring(
        store,
        LEADS,
        lead(1, NOON + DAY, **{**mine, "Phone": None}, ConvertedContactId="003000000000001AAA"),
        folder=folder,
    )
    bring(store, CONTACTS, contact(1, Email=SECRET, Name=NAME), folder=folder)
    bring(store, DEALS, deal(1, "003000000000001AAA"), deal(2, None), folder=folder)
    bring(store, TASKS, task(1, lead_id(1), f"架電 {NAME}"), task(2, lead_id(2), "架電"), folder=folder)
    bring(store, PROSPECTS, prospect(11, email=SECRET, salesforceLeadId=lead_id(1)), prospect(12), folder=folder)
    bring(store, VISITORS, visitor(31, 11), visitor(32, 12), visitor(33, None), folder=folder)
    bring(store, PAGES, page(1, 31), page(2, 32), page(3, 33), folder=folder)
    ledger(store)


def ledger(store: Store) -> None:
    for key, person in (
        (f"salesforce.Lead:{lead_id(1)}", "PMINE"),
        ("salesforce.Contact:003000000000001AAA", "PMINE"),
        (f"account_engagement.prospects:{UNIT}:11", "PMINE"),
        (f"salesforce.Lead:{lead_id(2)}", "POTHER"),
    ):
        store.run("INSERT INTO known_persons VALUES ($key, $person, now()::TIMESTAMP)", {"key": key, "person": person})
    people = (("PMINE", lead_id(1)), ("POTHER", lead_id(2)))
    record_starts(store, "r1", [RunStart(person, "inbound", "2026-03-02", key, NOON) for person, key in people], NOON)
    record_transitions(store, "r1", [Transition(person, NOON, None, "hot", "65", 70) for person, _ in people], NOON)
    for person, _ in people:
        store.run(
            "INSERT INTO known_life"
            " VALUES ($person, $at, 1, 'stage', 'cold', 'hot', ['score_at_threshold'], 70, [], $at, NULL)",
            {"person": person, "at": NOON.replace(tzinfo=None)},
        )
        store.run(
            "INSERT INTO intakes VALUES ($person, TRUE, 'tier1', TRUE, 'cold', $at)",
            {"person": person, "at": NOON.replace(tzinfo=None)},
        )
    intents = [
        intent
        for _, key in people
        for intent in (
            Intent("update", "Lead", key, {"Title": "old"}, {"Title": f"of {key}"}, "why"),
            Intent(
                "task",
                "Task",
                f"00D:{key}:inbound:2026-03-02:1:call",
                {},
                {"WhoId": key, "Subject": f"call {key}"},
                "why",
            ),
        )
    ]
    numbers = intend(store, "r1", intents, NOON)
    # The first stays open, as after a lost answer.
    settle(store, [(number, "done", RowResult(None, True)) for number in numbers[1:]], NOON)
    remember_written(store, [one for one in intents if one.kind == "update"], NOON)
    refused = [Failed(one, "DUPLICATES_DETECTED", f"like {NAME}") for one in intents if lead_id(1) in one.record]
    refused += [Failed(one, "DUPLICATES_DETECTED", "like") for one in intents if lead_id(2) in one.record]
    keep_failures(store, refused, lambda _code, _times: "person", "r1", NOON)


RECORDS = (
    ("salesforce.Lead", "", lead_id(1)),
    ("salesforce.Contact", "", "003000000000001AAA"),
    ("account_engagement.prospects", UNIT, "11"),
)


def forgotten(store: Store, state: Path, *, copies: bool = False) -> Forgotten:
    return forget(store, RECORDS, ["PMINE"], state / "landing" / "default", NOON, copies=copies)


def counts(store: Store) -> dict[str, int]:
    tables = [*(table_of(stream) for stream in STREAMS), "known_persons", "transitions", "known_life", "cadence_runs"]
    tables += ["written", "failure", "intakes"]
    return {table: int(store.value(f'SELECT count(*) FROM "{table}"')) for table in tables}


def test_nothing_is_left_of_the_person_and_everything_of_the_others(store: Store, state: Path, tmp_path: Path) -> None:
    found = forgotten(store, state)
    assert found.complete, found
    assert counts(store) == {
        "mirror_salesforce_lead": 1,
        "mirror_salesforce_contact": 0,
        "mirror_salesforce_opportunity": 2,
        "mirror_salesforce_task": 1,
        "mirror_account_engagement_prospects": 1,
        "mirror_account_engagement_visitors": 2,
        "mirror_account_engagement_visitor_page_views": 2,
        "known_persons": 1,
        "transitions": 1,
        "known_life": 1,
        "cadence_runs": 1,
        "written": 1,
        "failure": 2,
        "intakes": 1,
    }
    assert store.run("SELECT kind, record, values_after, outcome, error_code FROM journal ORDER BY number")[:2] == [
        ("update", "", "{}", "failed", "FORGOTTEN"),
        ("task", "", "{}", "done", None),
    ]
    assert store.value("SELECT count(*) FROM journal WHERE record <> '' AND values_after <> '{}'") == 2
    assert store.run("SELECT id, contact_id FROM mirror_salesforce_opportunity ORDER BY id")[0][1] is None
    assert people_forgotten(store) == 1
    assert not needs_rewriting(store)
    # All that is left of the person is in nobody's bytes; the store was closed and opened again on the way.
    store.run("CHECKPOINT")
    content = (state / "default.duckdb").read_bytes()
    for trace in (SECRET, NAME, "03-9876-5432", lead_id(1)[:15], "PMINE"):
        assert trace.encode() not in content


NAMES_OF_PEOPLE = {"person_id", "record_key", "record_id", "record", "key_record", "member_id", "email"}


def test_every_table_that_names_people_is_one_that_is_erased(store: Store) -> None:
    rows = store.run(
        "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE NOT internal "
        "AND database_name = current_database() AND NOT starts_with(table_name, 'mirror_') GROUP BY ALL"
    )
    naming = {table for table, columns in rows if NAMES_OF_PEOPLE & set(columns)}
    assert naming == {
        *("known_persons", "transitions", "cadence_runs", "waiting_before_backfill", "written", "journal"),
        *("list_member", "known_life", "intakes", "evaluated", "failure", "held", "lock", "approvals", "alerts"),
    }


def test_what_the_remote_still_shows_is_turned_away(store: Store, state: Path, tmp_path: Path) -> None:
    forgotten(store, state)
    before = counts(store)
    world_again = tmp_path / "again"
    world_again.mkdir()
    bring(store, LEADS, lead(1, NOON + 2 * DAY, Email=SECRET, Name=NAME), folder=world_again)
    bring(store, CONTACTS, contact(1, Email=SECRET, Name=NAME), folder=world_again)
    bring(store, TASKS, task(1, lead_id(1), "x"), task(3, lead_id(1), "new"), folder=world_again)
    bring(store, DEALS, deal(3, "003000000000001AAA"), folder=world_again)
    bring(store, PROSPECTS, prospect(11, email=SECRET), prospect(13, salesforceLeadId=lead_id(1)), folder=world_again)
    # An anonymous visitor whose pages we have turns out to be the person.
    assert not needs_rewriting(store)
    bring(store, VISITORS, visitor(33, 11), folder=world_again)
    assert needs_rewriting(store)
    bring(store, PAGES, page(4, 31), page(5, 33), folder=world_again)
    gone = {"mirror_account_engagement_visitors": 1, "mirror_account_engagement_visitor_page_views": 1}
    after = {**before, "mirror_salesforce_opportunity": 3} | {name: before[name] - 1 for name in gone}
    assert counts(store) == after
    assert store.run("SELECT contact_id FROM mirror_salesforce_opportunity WHERE contact_id IS NOT NULL") == []


def test_what_a_forgotten_lead_becomes_is_forgotten_too(store: Store, state: Path, tmp_path: Path) -> None:
    bring(store, LEADS, lead(1, Email=SECRET, Name=NAME), folder=tmp_path)
    forget(store, RECORDS[:1], ["PMINE"], state / "landing", NOON, copies=False)
    bring(store, LEADS, lead(1, NOON + DAY, ConvertedContactId="003000000000007AAA"), folder=tmp_path)
    bring(store, CONTACTS, contact(7, Email=SECRET), contact(8), folder=tmp_path)
    assert store.run("SELECT id FROM mirror_salesforce_contact") == [("003000000000008AAA",)]


def test_a_comparison_counts_the_forgotten_and_does_not_miss_them(store: Store, state: Path, tmp_path: Path) -> None:
    upper = NOON + 3 * DAY
    side = Side(store, TASKS, "")
    before = side.rows(Span(None, upper))
    forgotten(store, state)
    assert side.rows(Span(None, upper)) == before == 2
    folder = tmp_path / "ids"
    folder.mkdir()
    load_remote_ids(store, TASKS, land(folder, TASKS, [task(1, "", ""), task(2, "", ""), task(9, "", "")]))
    assert side.differing(Span(None, upper)) == ["00T000000000009AAA"]


def test_files_that_name_the_person_go_and_others_stay(store: Store, state: Path, tmp_path: Path) -> None:
    landing = state / "landing" / "default" / "salesforce_lead"
    landing.mkdir(parents=True)
    (landing / "00001.json").write_text(json.dumps({"records": [lead(1, Email=SECRET)]}), "utf-8")
    mine, other = tmp_path / "mine.json", tmp_path / "other.json"
    mine.write_text(json.dumps({"records": [{"id": lead_id(1)}]}), "utf-8")
    other.write_text(json.dumps({"records": [{"id": lead_id(2)}]}), "utf-8")
    for plan in (mine, other):
        remember_file(store, plan, "plan", NOON)
    found = forgotten(store, state)
    assert found.complete
    assert found.plans == (mine,)
    assert found.landed == 1
    assert not mine.exists()
    assert other.exists()
    assert not landing.exists()


def test_an_erasure_that_is_cut_short_before_the_new_file_stands_is_finished_by_tidying(
    store: Store, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def dies(_self: Store, _fresh: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Store, "replace_file", dies)
        with pytest.raises(KeyboardInterrupt):
            forgotten(store, state)
    store.close()
    with open_store(state / "default.duckdb") as again:
        assert again.value("SELECT count(*) FROM transitions WHERE person_id = 'PMINE'") == 0
        assert needs_rewriting(again)
        assert tidy(again, Keeping(), state / "landing", NOON, vanished=False).rewritten
        assert not needs_rewriting(again)
        again.run("CHECKPOINT")
    assert SECRET.encode() not in (state / "default.duckdb").read_bytes()
    assert [file.name for file in state.iterdir() if file.is_file()] == ["default.duckdb"]


WRITER = """
import sys
import time
from pathlib import Path
from connector.store.database import open_store
for number in range(6):
    with open_store(Path(sys.argv[1]), sleep=lambda _seconds: time.sleep(0.01)) as store:
        store.run("INSERT INTO run VALUES ($id, 'pull', now()::TIMESTAMP, NULL, NULL, NULL)", {"id": f"theirs{number}"})
"""


def test_what_another_process_writes_while_the_file_is_written_anew_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "default.duckdb"
    with open_store(path):
        pass
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) as writer:
        ours = 0
        while writer.poll() is None:
            with open_store(path, sleep=lambda _seconds: time.sleep(0.01)) as store:
                rewrite(store, NOON)
                store.run(f"INSERT INTO run VALUES ('ours{ours}', 'pull', now()::TIMESTAMP, NULL, NULL, NULL)")
            ours += 1
            time.sleep(0.05)
    assert writer.returncode == 0
    with open_store(path) as store:
        assert store.value("SELECT count(*) FROM run") == ours + 6


def test_copies_that_hold_the_person_are_named_and_deleted_only_when_asked(
    store: Store, state: Path, tmp_path: Path
) -> None:
    back_up(store, tmp_path / "all.backup", NOON, mirror=True)
    store.run("CHECKPOINT")
    copy = state / "default.before-0006.duckdb"
    copy.write_bytes((state / "default.duckdb").read_bytes())
    empty = state / "default.before-0001.duckdb"
    with open_store(empty):
        pass
    found = forgotten(store, state)
    assert not found.complete
    assert found.holding == (copy, tmp_path / "all.backup")
    assert found.found == {}
    again = forgotten(store, state, copies=True)
    assert again.complete
    assert not copy.exists()
    assert not (tmp_path / "all.backup").exists()
    assert empty.exists()


def test_what_is_left_elsewhere_is_found(store: Store, state: Path, tmp_path: Path) -> None:
    bring(store, DEALS, {**deal(5, None), "Name": f"deal of {NAME}"}, folder=tmp_path)
    (state / "notes.txt").write_text(f"call {SECRET.upper()}", "utf-8")
    (state / "sandbox").mkdir()
    (state / "sandbox" / "people.csv").write_text(SECRET, "utf-8")
    found = forgotten(store, state)
    files = {str(state / name): 1 for name in ("default.duckdb", "notes.txt")}
    assert found.found == {"mirror_salesforce_opportunity.name": 1, **files}


def test_a_mailbox_that_others_have_too_is_not_searched_for(store: Store, state: Path, tmp_path: Path) -> None:
    bring(store, LEADS, lead(4, Email=SECRET, Name="共有 花子"), folder=tmp_path)
    found = forgotten(store, state)
    assert found.complete
    assert found.shared == 1


def test_what_the_remote_does_not_show_any_more_is_erased(store: Store, tmp_path: Path) -> None:
    Side(store, LEADS, "").end([lead_id(1)], NOON + 3 * DAY)
    assert erase_vanished(store, NOON + 2 * DAY) == {}
    erased = erase_vanished(store, NOON + 4 * DAY)
    assert erased["mirror_salesforce_lead"] == 2
    assert erased["written"] == 1
    assert store.run("SELECT DISTINCT id FROM mirror_salesforce_lead") == [(lead_id(2),)]
    # Shown again the lead is read again, and not followed up twice: the ledger still knows by ids what was done.
    key = f"00D:{lead_id(1)}:inbound:2026-03-02:1:call"
    assert tasks_made(store, [key]) == {key}
    assert store.value("SELECT values_after FROM journal WHERE record = $key", {"key": key}) == "{}"
    assert len(unsettled(store)) == 1
    for table in ("known_persons", "transitions", "known_life", "intakes", "cadence_runs"):
        assert store.value(f"SELECT count(*) FROM {table} WHERE person_id = 'PMINE'") > 0
    bring(store, LEADS, lead(1, NOON + 5 * DAY, Email=SECRET), folder=tmp_path)
    assert store.value("SELECT count(*) FROM mirror_salesforce_lead") == 2
