"""Backup and restore: the same rows in the same order, for nobody else to see; what is refused changes nothing."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from connector.domain.calls import Calls, Heard, Usage
from connector.errors import ConfigurationError, RefusedError, RetryError, StopError
from connector.store import backup, database
from connector.store.backup import MANIFEST, STORE, back_up, last_restored, read_manifest, restore
from connector.store.calls import keep_calls, read_calls, read_heard
from connector.store.database import Store, open_store
from connector.store.decisions import meet_org
from connector.store.forgetting import forget
from connector.store.kept_files import remember_file
from connector.store.mirror import prepare
from tests.mirror_world import DAY, HOUR, NOON, lead_id
from tests.unit.test_store_forgetting import ORG, RECORDS, STREAMS, template

pytestmark = pytest.mark.requirement("OP-8")

TABLES = ("mirror_salesforce_lead", "known_persons", "transitions", "cadence_runs", "written", "journal", "org", "run")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._CONFIG, "threads", "1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "state" / "default.duckdb"
    path.parent.mkdir()
    shutil.copy2(template(), path)
    with open_store(path) as opened:
        yield opened


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All that is in those tables, save that a restoring is a run itself."""
    runs = {"run": "WHERE command <> 'restore'"}
    return {table: store.run(f'SELECT * FROM "{table}" {runs.get(table, "")} ORDER BY rowid') for table in TABLES}


def test_what_comes_back_is_what_was(store: Store, tmp_path: Path) -> None:
    before = content(store)
    file, elsewhere = tmp_path / "org.backup", tmp_path / "elsewhere" / "default.duckdb"
    made = back_up(store, file, NOON, mirror=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (made.org, made.mirror, made.rows["mirror_salesforce_lead"]) == (ORG, True, 3)
    assert read_manifest(file) == made
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []
    restored = restore(file, elsewhere, NOON, replace=False)
    assert (restored.aside, restored.forgotten) == (None, None)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600
    with open_store(elsewhere) as found:
        assert content(found) == before
        prepare(found, STREAMS)  # The mapping is known by the comments of the tables: nothing is read anew.
        assert content(found) == before
    assert [one.name for one in elsewhere.parent.iterdir()] == ["default.duckdb"]


def test_without_the_mirror_only_the_ledger_comes_back(store: Store, tmp_path: Path) -> None:
    before = content(store)
    store.run("INSERT INTO cursor (stream, unit, journal_number) VALUES ('salesforce.Lead', '', 0)")
    back_up(store, tmp_path / "ledger.backup", NOON, mirror=False)
    elsewhere = tmp_path / "elsewhere" / "default.duckdb"
    restore(tmp_path / "ledger.backup", elsewhere, NOON, replace=False)
    with open_store(elsewhere) as found:
        assert found.value("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'mirror_%'") == 0
        assert found.value("SELECT count(*) FROM cursor") == 0
        prepare(found, STREAMS)
        assert content(found) == {**before, "mirror_salesforce_lead": []}


def test_a_store_that_is_there_is_replaced_only_when_asked_and_stays_beside(tmp_path: Path) -> None:
    path = tmp_path / "state" / "default.duckdb"
    file = tmp_path / "org.backup"
    with open_store(path) as store:
        meet_org(store, ORG, "Org", "u")
        back_up(store, file, NOON, mirror=True)
        store.run("INSERT INTO run VALUES ('later', 'pull', now()::TIMESTAMP, NULL, NULL, NULL)")
    with pytest.raises(RefusedError, match="--replace"):
        restore(file, path, NOON, replace=False)
    found = restore(file, path, NOON, replace=True)
    assert found.aside == path.with_name("default.replaced-20260302T030000.duckdb")
    assert found.forgotten == 0
    with open_store(path) as store:
        assert store.run("SELECT command FROM run") == [("restore",)]
        assert last_restored(store) is not None
    with open_store(found.aside) as store:
        assert store.value("SELECT count(*) FROM run") == 1
        assert last_restored(store) is None


def test_another_orgs_backup_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state" / "default.duckdb"
    with open_store(tmp_path / "other.duckdb") as store:
        meet_org(store, "00DOTHER", "Other", "u")
        back_up(store, tmp_path / "other.backup", NOON, mirror=True)
    with open_store(path) as store:
        meet_org(store, ORG, "Org", "u")
    before = path.read_bytes()
    with pytest.raises(RefusedError, match="belongs to org 00DSb"):
        restore(tmp_path / "other.backup", path, NOON, replace=True)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["default.duckdb"]


def spoil(file: Path, how: str) -> None:
    data = bytearray(file.read_bytes())
    if how == "flipped":
        data[len(data) // 2] ^= 0xFF
    elif how == "cut":
        del data[len(data) * 2 // 3 :]
    elif how == "empty":
        data.clear()
    elif how == "text":
        data = bytearray(b"no backup at all " * 100)
    file.write_bytes(data)


@pytest.mark.parametrize("how", ["flipped", "cut", "empty", "text"])
def test_a_damaged_backup_is_refused_in_a_sentence(tmp_path: Path, how: str) -> None:
    path, file = tmp_path / "state" / "default.duckdb", tmp_path / "org.backup"
    with open_store(path) as store:
        meet_org(store, ORG, "Org", "u")
        back_up(store, file, NOON, mirror=True)
    spoil(file, how)
    before = path.read_bytes()
    with pytest.raises((StopError, ConfigurationError)) as caught:
        restore(file, path, NOON, replace=True)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["default.duckdb"]


def test_a_newer_backup_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "org.backup"
    with open_store(tmp_path / "default.duckdb") as store:
        made = back_up(store, file, NOON, mirror=True)
    newer = tmp_path / "newer.backup"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(newer, "w") as new:
        new.writestr(MANIFEST, json.dumps({**asdict(made), "schema": 99}))
        new.writestr(STORE, old.read(STORE))
    with pytest.raises(StopError, match="newer version of the connector"):
        restore(newer, tmp_path / "elsewhere.duckdb", NOON, replace=False)


def test_there_is_no_such_backup_and_no_such_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no backup"):
        restore(tmp_path / "none.backup", tmp_path / "a.duckdb", NOON, replace=False)
    with open_store(tmp_path / "default.duckdb") as store:
        with pytest.raises((ConfigurationError, StopError)) as caught:
            back_up(store, tmp_path / "nowhere" / "org.backup", NOON, mirror=True)
        assert "nowhere" in str(caught.value)
        assert store.value("SELECT count(*) FROM kept_file") == 0


@pytest.mark.requirement("SY-10")
@pytest.mark.parametrize("mirror", [True, False])
def test_whom_the_old_store_forgot_does_not_come_back(store: Store, tmp_path: Path, *, mirror: bool) -> None:
    path, file = tmp_path / "state" / "default.duckdb", tmp_path / "org.backup"
    back_up(store, file, NOON, mirror=mirror)
    forget(store, RECORDS, ["PMINE"], tmp_path / "state" / "landing", NOON + DAY, copies=False)
    store.close()
    found = restore(file, path, NOON + DAY, replace=True)
    assert found.forgotten == 1
    with open_store(path) as restored:
        assert restored.value("SELECT count(*) FROM transitions WHERE person_id = 'PMINE'") == 0
        assert restored.value("SELECT count(*) FROM transitions") == 1
        assert (
            restored.value("SELECT count(*) FROM journal WHERE record LIKE '%' || $id || '%'", {"id": lead_id(1)}) == 0
        )
        restored.run("CHECKPOINT")
    assert lead_id(1)[:15].encode() not in path.read_bytes()


@pytest.mark.requirement("SY-10")
def test_files_that_hold_people_are_known_after_a_restore_too(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "state" / "default.duckdb"
    first, second, plan = (tmp_path / name for name in ("first.backup", "second.backup", "plan.json"))
    back_up(store, first, NOON, mirror=True)
    back_up(store, second, NOON, mirror=True)
    plan.write_text(lead_id(1))
    remember_file(store, plan, "plan", NOON)
    store.close()
    restore(first, path, NOON + DAY, replace=True)
    with open_store(path) as restored:
        found = forget(restored, RECORDS, ["PMINE"], path.parent / "landing", NOON + DAY, copies=True)
    assert {first, second} <= set(found.copies)
    assert found.plans == (plan,)
    assert not [one for one in (first, second, plan) if one.exists()]


@pytest.mark.requirement("SY-10")
def test_what_a_killed_backup_or_restore_has_left_lying_is_found(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process cleans nothing up: its half-made files hold everybody, and are no backups yet."""
    state, file = tmp_path / "state", tmp_path / "org.backup"

    def dies(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(backup, "_describe", dies)
        killed.setattr(backup, "remove_store", lambda _path: False)
        with pytest.raises(KeyboardInterrupt):
            back_up(store, file, NOON, mirror=True)
    copy, restoring = tmp_path / ".org.backup.copy", state / "default.restoring.duckdb"
    assert copy.exists()
    assert not file.exists()
    shutil.copy2(copy, restoring)
    found = forget(store, RECORDS, ["PMINE"], state / "landing", NOON + DAY, copies=False)
    assert set(found.holding) == {copy, restoring}
    found = forget(store, RECORDS, ["PMINE"], state / "landing", NOON + DAY, copies=True)
    assert found.complete
    assert not copy.exists()
    assert not restoring.exists()


@pytest.mark.requirement("WB-8")
@pytest.mark.parametrize("mirror", [True, False])
def test_calls_that_were_made_after_the_backup_count_for_the_day_after_a_restore(
    tmp_path: Path, *, mirror: bool
) -> None:
    path, file = tmp_path / "state" / "default.duckdb", tmp_path / "org.backup"
    before, later = Heard("salesforce", Usage(7, 100), NOON, NOON), Heard("salesforce", Usage(40, 100), NOON, NOON)
    later = replace(later, at=NOON + HOUR, here=NOON + HOUR)
    made = [Calls(NOON, "salesforce", "salesforce.Lead", "pull", 7), Calls(NOON + HOUR, "salesforce", "", "write", 3)]
    with open_store(path) as store:
        keep_calls(store, made[:1], [before], NOON)
        back_up(store, file, NOON, mirror=mirror)
        keep_calls(store, made, [later], NOON + HOUR)
    restore(file, path, NOON + DAY, replace=True)
    with open_store(path) as restored:
        assert read_calls(restored.run) == [replace(made[0], count=14), made[1]]
        assert read_heard(restored.run) == [later]


HOLDER = """
import sys
import duckdb
held = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.requirement("OP-1")
def test_a_store_that_a_process_has_open_is_not_moved_away_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = tmp_path / "state" / "default.duckdb", tmp_path / "org.backup"
    with open_store(path) as store:
        meet_org(store, ORG, "Org", "u")
        back_up(store, file, NOON, mirror=True)
    # As if it were opened in the moment after the store was asked for its org.
    monkeypatch.setattr(backup, "_same_org", lambda _path, _manifest: None)
    monkeypatch.setattr(backup, "carry_over", lambda _store, _path, _now: 0)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(RetryError, match=f"in use by process {holder.pid}"):
            restore(file, path, NOON, replace=True)
        holder.stdin.close()
    assert [one.name for one in path.parent.iterdir()] == ["default.duckdb"]
