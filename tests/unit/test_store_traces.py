"""What is searched for after a forgetting is that person's alone, even where others are called almost the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store import database
from connector.store.backup import back_up
from connector.store.database import Store, open_store
from connector.store.forgetting import Forgotten, forget
from connector.store.kept_files import remember_file
from connector.store.mirror import prepare
from connector.store.traces import Traces, in_file
from tests.mirror_world import NOON, lead, prospect
from tests.unit.test_store_forgetting import LEADS, PROSPECTS, STREAMS, TASKS, UNIT, bring, task

pytestmark = pytest.mark.requirement("SY-10")

MINE, OTHER = "00QSb000000000sMAA", "00QSb000000000SMAQ"
"""Two records: in Salesforce's ids of 15 characters, case counts."""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setitem(database._CONFIG, "threads", "1")
    with open_store(tmp_path / "state" / "default.duckdb") as opened:
        prepare(opened, STREAMS)
        mine = {"Email": "taro@corp.example", "Name": "森 太郎", "Phone": "03-9876-5432"}
        other = {"Email": "Mori-Taro@corp.example", "Name": "大森 太郎", "Phone": "03-9876-54321"}
        bring(opened, LEADS, {**lead(1, **mine), "Id": MINE}, {**lead(2, **other), "Id": OTHER}, folder=tmp_path)
        words = "大森 太郎 様 03-9876-54321 mori-taro@corp.example"
        bring(opened, TASKS, task(1, MINE, "架電 森 太郎"), task(2, OTHER, words), folder=tmp_path)
        bring(opened, PROSPECTS, prospect(11, salesforceLeadId=MINE), prospect(110), folder=tmp_path)
        for key in (f"salesforce.Lead:{OTHER}", f"account_engagement.prospects:{UNIT}:110"):
            opened.run("INSERT INTO known_persons VALUES ($key, 'P2', now()::TIMESTAMP)", {"key": key})
        yield opened


def forgotten(store: Store, folder: Path) -> Forgotten:
    records = [("salesforce.Lead", "", MINE), ("account_engagement.prospects", UNIT, "11")]
    return forget(store, records, ["P1"], folder / "landing" / "default", NOON, copies=True)


def test_people_who_are_called_almost_the_same_are_not_taken_for_the_forgotten(store: Store, tmp_path: Path) -> None:
    plan, log, backup = tmp_path / "plan.json", tmp_path / "state" / "notes.txt", tmp_path / "other.backup"
    plan.write_text(f'{{"id": "{OTHER}", "prospect": "{UNIT}:110"}}')
    log.write_text("大森 太郎 mori-taro@corp.example")
    remember_file(store, plan, "plan", NOON)
    found = forgotten(store, tmp_path)
    assert found.complete, found.found
    assert (found.plans, found.copies) == ((), ())
    back_up(store, backup, NOON, mirror=True)
    again = forgotten(store, tmp_path)
    assert (again.complete, again.copies) == (True, ())
    assert plan.exists()
    assert backup.exists()


@pytest.mark.parametrize(
    "words", ["森 太郎と大森 太郎", "TARO@corp.example,mori-taro@corp.example", f"see {MINE[:15]}"]
)
def test_beside_such_a_name_the_forgotten_is_still_found(store: Store, tmp_path: Path, words: str) -> None:
    bring(store, TASKS, task(3, OTHER, words), folder=tmp_path)
    file = tmp_path / "state" / "notes.txt"
    file.write_text(words)
    found = forgotten(store, tmp_path)
    assert {"mirror_salesforce_task.subject", str(file)} <= found.found.keys()


def test_where_a_file_is_cut_into_pieces_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.store.traces.CHUNK", 16)
    traces = Traces(("森 太郎",), (f"{UNIT}:11",), ("大森 太郎兵衛",))
    cases = (("森 太郎", True), (f"{UNIT}:11,", True), ("大森 太郎兵衛", False), (f"{UNIT}:110", False))
    for offset in range(100):
        for words, there in cases:
            file = tmp_path / "file"
            file.write_bytes(b"." * offset + words.encode() + b"." * (offset % 7))
            assert in_file(file, traces) is there, (offset, words)
