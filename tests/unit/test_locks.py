"""Locks: values of people that stay, since when, and how they end (WB-1, issue 5)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.cli.main import run
from connector.domain.cursor import Cursor
from connector.domain.plan import Kept, RecordChange
from connector.planning.compare import compare
from connector.rules.fields import Fields
from connector.store import database
from connector.store.cursors import save_cursor
from connector.store.database import Store, open_store
from connector.store.erasing import begin_forgetting, erase, load_seeds
from connector.store.journal import Intent, remember_written
from connector.store.locks import Lock, keep_locks, open_locks, release
from connector.store.mirror import freeze, prepare, table_of
from tests.mirror_world import HOUR, NOON
from tests.remote_world import plan_of

pytestmark = pytest.mark.requirement("WB-1", "WB-2")

RECORD, OTHER = "00Q000000000001AAA", "00Q000000000002AAA"
DAY = timedelta(days=1)
REP = "005000000000001AAA"


def plain(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


class World:
    """Leads with two fields of ours that people edit too: what stood there when, and what we wrote."""

    def __init__(self, store: Store, **release_after: Any) -> None:
        write = {"Grade__c": {"value": "grade", **release_after}, "Tier__c": {"value": "tier"}}
        read = {"modified_by_id": "LastModifiedById"}
        self.fields = Fields.model_validate({"version": 1, "salesforce": {"Lead": {"read": read, "write": write}}})
        self.store = store
        (self.mapped,) = self.fields.streams
        prepare(store, [self.mapped])
        save_cursor(store, Cursor("salesforce.Lead", "", NOON), NOON)

    def stood(self, at: datetime, record: str = RECORD, by: str = REP, **theirs: Any) -> None:
        """From then on the mirror shows these values."""
        table = table_of(self.mapped)
        self.store.run(f'UPDATE "{table}" SET _until = $at WHERE id = $id AND _until IS NULL', _given(at, record))
        values = {"id": record, "stamp": at, "modified_at": at, "is_deleted": False, "modified_by_id": by, **theirs}
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f"$v{place}" for place in range(len(values)))
        self.store.run(
            f"INSERT INTO \"{table}\" (_unit, {names}, _valid_from, _seen_at) VALUES ('', {marks}, $at, $at)",
            {"at": plain(at), **{f"v{place}": plain(value) for place, value in enumerate(values.values())}},
        )
        freeze(self.store, [self.mapped])

    def wrote(self, at: datetime, record: str = RECORD, **values: Any) -> None:
        remember_written(self.store, [Intent("update", "Lead", record, {}, values, "", 0, "run1")], at)

    def plan(self, at: datetime = NOON, *, whole: bool = True, **ours: Any) -> tuple[list[RecordChange], list[Kept]]:
        """What a plan finds, and what is kept of it."""
        wanted = {"grade": "C", "tier": None, **ours}
        columns = ", ".join(f"${name}::VARCHAR AS {name}" for name in wanted)
        self.store.run(
            f"CREATE OR REPLACE TEMP TABLE desired AS SELECT 'Lead' AS object, record_id, 'P1' AS person_id, "
            f"0 AS score, 'cold' AS stage, {columns}, 'why' AS why FROM (SELECT DISTINCT id AS record_id "
            f'FROM "seen_{self.mapped.stream.table}")',
            wanted,
        )
        records, kept = compare(self.store.run, self.mapped, self.fields.salesforce["Lead"], at)
        keep_locks(self.store, plan_of(*records, kept=tuple(kept)), at, whole=whole)
        return records, kept


def _given(at: datetime, record: str) -> dict[str, object]:
    return {"at": plain(at), "id": record}


@pytest.fixture
def store(module_store: Store) -> Store:
    for (table,) in module_store.run("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'mirror_%'"):
        module_store.run(f'DROP TABLE "{table}"')
    for name in ("written", "lock", "touched"):
        module_store.run(f"DELETE FROM {name}")
    return module_store


def edited(store: Store, **release_after: Any) -> World:
    """We wrote A five days ago; a rep made it B three days ago, and saved something else yesterday."""
    world = World(store, **release_after)
    world.stood(NOON - 6 * DAY, Grade__c=None)
    world.wrote(NOON - 5 * DAY, Grade__c="A")
    world.stood(NOON - 5 * DAY, by="us", Grade__c="A")
    world.stood(NOON - 3 * DAY, Grade__c="B")
    world.stood(NOON - DAY, by="another", Grade__c="B", Tier__c="tier1")
    return world


def grades(records: list[RecordChange]) -> list[object]:
    return [change.after for one in records for change in one.changes if change.field == "Grade__c"]


class TestAge:
    def test_a_lock_is_as_old_as_their_value_and_names_who_put_it_there(self, store: Store) -> None:
        world = edited(store)
        _, kept = world.plan()
        assert kept == [Kept("Lead", RECORD, "Grade__c", "C", "B", NOON - 3 * DAY, REP)]
        assert open_locks(store) == [Lock("Lead", RECORD, "Grade__c", "P1", "B", "C", NOON - 3 * DAY, REP, NOON)]

    def test_it_stays_as_old_when_the_mirror_is_read_anew_and_we_want_something_else(self, store: Store) -> None:
        world = edited(store)
        world.plan()
        store.run(f'DELETE FROM "{table_of(world.mapped)}"')
        world.stood(NOON, Grade__c="B")
        world.plan(NOON + HOUR, grade="D")
        (lock,) = open_locks(store)
        assert (lock.since, lock.seen_at, lock.ours) == (NOON - 3 * DAY, NOON, "D")

    def test_another_edit_begins_another_age(self, store: Store) -> None:
        world = edited(store)
        world.plan()
        world.stood(NOON, Grade__c="X")
        world.plan(NOON + HOUR)
        assert [(one.theirs, one.since) for one in open_locks(store)] == [("X", NOON)]

    def test_no_lock_is_older_than_our_own_write(self, store: Store) -> None:
        world = World(store)
        world.wrote(NOON - DAY, Grade__c="A")
        world.stood(NOON - 9 * DAY, Grade__c="B")
        world.plan()
        assert [one.since for one in open_locks(store)] == [NOON - DAY]


class TestEnds:
    def test_when_their_value_is_ours_again(self, store: Store) -> None:
        world = edited(store)
        world.plan()
        world.plan(NOON + HOUR, grade="B")
        assert open_locks(store) == []

    def test_when_the_record_goes(self, store: Store) -> None:
        world = edited(store)
        world.plan()
        world.stood(NOON, Grade__c="B", is_deleted=True)
        world.plan(NOON + HOUR)
        assert open_locks(store) == []

    def test_a_plan_for_a_few_people_leaves_the_locks_of_the_others(self, store: Store) -> None:
        world = edited(store)
        world.wrote(NOON - 5 * DAY, OTHER, Grade__c="A")
        world.stood(NOON - DAY, OTHER, Grade__c="B")
        world.plan()
        store.run(f"CREATE OR REPLACE TEMP VIEW \"seen_{world.mapped.stream.table}\" AS SELECT * FROM "
                  f"\"whole_{world.mapped.stream.table}\" WHERE id = '{OTHER}'")  # fmt: skip
        world.plan(NOON + HOUR, whole=False, grade="B")
        assert [one.record_id for one in open_locks(store)] == [RECORD]

    def test_after_as_many_days_as_the_mapping_says(self, store: Store) -> None:
        world = edited(store, release_after_days=4)
        assert grades(world.plan()[0]) == []
        records, kept = world.plan(NOON + DAY)
        assert (grades(records), kept) == (["C"], [])
        assert [(one.shared, one.changes[0].before) for one in records] == [(True, "B")]
        assert len(open_locks(store)) == 1, "until our value has arrived"
        assert grades(world.plan(NOON + DAY + HOUR)[0]) == ["C"], "the first write did not arrive"
        world.wrote(NOON + DAY + HOUR, Grade__c="C")
        world.stood(NOON + DAY + HOUR, Grade__c="C")
        world.plan(NOON + DAY + 2 * HOUR)
        assert open_locks(store) == []

    def test_another_edit_is_not_let_go_of_with_the_one_before(self, store: Store) -> None:
        world = edited(store, release_after_days=4)
        world.plan()
        world.stood(NOON + DAY, Grade__c="X")
        assert grades(world.plan(NOON + 2 * DAY)[0]) == []


class TestReleased:
    def test_the_next_plan_writes_ours_and_only_if_nobody_touches_the_record(self, store: Store) -> None:
        world = edited(store)
        world.plan()
        release(store, open_locks(store, [("Lead", "Grade__c")]))
        assert open_locks(store) == []
        assert store.run("SELECT stream, id FROM touched") == [("salesforce.Lead", RECORD)]
        records, kept = world.plan(NOON + HOUR)
        assert (grades(records), kept, records[0].shared) == (["C"], [], True)

    def test_another_edit_after_the_word_stays(self, store: Store) -> None:
        world = edited(store)
        world.plan()
        release(store, open_locks(store))
        world.stood(NOON, Grade__c="X")
        records, kept = world.plan(NOON + HOUR)
        assert (grades(records), [one.theirs for one in kept]) == ([], ["X"])

    def test_what_we_wrote_since_stays_the_base(self, store: Store) -> None:
        world = edited(store)
        world.plan()
        world.wrote(NOON, Grade__c="C")
        release(store, open_locks(store))
        assert store.run("SELECT value FROM written") == [("C",)]

    def test_one_record_alone(self, store: Store) -> None:
        world = edited(store)
        world.wrote(NOON - 5 * DAY, OTHER, Grade__c="A")
        world.stood(NOON - DAY, OTHER, Grade__c="B")
        world.plan()
        release(store, open_locks(store, records=[OTHER[:15]]))
        assert [one.record_id for one in open_locks(store)] == [RECORD]


def test_a_lock_on_one_field_blocks_no_other_field_of_the_record(store: Store) -> None:
    world = edited(store)
    records, kept = world.plan(tier="tier2")
    assert [(one.field, one.theirs) for one in kept] == [("Grade__c", "B")]
    assert [(change.field, change.after) for one in records for change in one.changes] == [("Tier__c", "tier2")]


@pytest.mark.requirement("SY-10")
def test_whoever_is_forgotten_leaves_no_lock(store: Store) -> None:
    edited(store).plan()
    with store.transaction():
        load_seeds(store, [("salesforce.Lead", "", RECORD)])
        erased = erase(store, begin_forgetting(store, "asked", NOON))
    assert (erased["lock"], open_locks(store)) == (1, [])


class TestCommand:
    @pytest.fixture
    def state(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setitem(database._CONFIG, "threads", "1")
        with open_store(tmp_path / "state" / "default.duckdb") as store:
            edited(store).plan()
        return tmp_path / "state"

    def test_it_lists_them_status_counts_them_and_letting_go_takes_a_word(
        self, state: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["locks", "--json", "--state", str(state)]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [(one["field"], one["theirs"], one["ours"], one["by"]) for one in found["locks"]] == [
            ("Grade__c", "B", "C", REP)
        ]
        assert run(["locks", "--state", str(state)]) == 0
        assert RECORD in capsys.readouterr().out
        assert run(["locks", "--json", "--field", "Lead.Status", "--state", str(state)]) == 0
        assert json.loads(capsys.readouterr().out)["locks"] == []
        run(["status", "--json", "--state", str(state)])
        (found,) = json.loads(capsys.readouterr().out)["locks"]
        assert (found["object"], found["field"], found["count"]) == ("Lead", "Grade__c", 1)
        assert found["oldest"].startswith("2026-02-27")
        run(["status", "--state", str(state)])
        assert "Lead.Grade__c 1 (oldest since 2026-02-27)" in " ".join(capsys.readouterr().out.split())
        asked = ["locks", "--release", "Lead.Grade__c", "--state", str(state)]
        assert run(asked) == 3
        assert "Give the word with --yes. Nothing was released." in capsys.readouterr().err
        assert run([*asked, "--yes", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["released"] is True
        assert run([*asked, "--yes"]) == 64
        assert "There is no lock of Lead.Grade__c to release." in capsys.readouterr().err
