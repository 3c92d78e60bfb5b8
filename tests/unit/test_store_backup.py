"""Backup and restore: the same rows in the same order, for nobody else to see; what is refused changes nothing."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from connector.errors import ConfigurationError, RefusedError, StopError
from connector.store.backup import MANIFEST, STORE, back_up, read_manifest, restore
from connector.store.database import Store, open_store
from connector.store.decisions import meet_org
from connector.store.forgetting import forget
from connector.store.mirror import prepare
from tests.mirror_world import DAY, NOON, lead_id
from tests.unit.test_store_forgetting import RECORDS, STREAMS, world

pytestmark = pytest.mark.requirement("OP-8")

ORG = "00DSb0000000001MAA"
TABLES = ("mirror_salesforce_lead", "known_persons", "transitions", "cadence_runs", "written", "journal", "org", "run")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "state" / "default.duckdb") as opened:
        prepare(opened, STREAMS)
        meet_org(opened, ORG, "Org", "https://org.example")
        world(opened, tmp_path)
        yield opened


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    return {table: store.run(f'SELECT * FROM "{table}" ORDER BY rowid') for table in TABLES}


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
        assert store.value("SELECT count(*) FROM run") == 0
    with open_store(found.aside) as store:
        assert store.value("SELECT count(*) FROM run") == 1


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
