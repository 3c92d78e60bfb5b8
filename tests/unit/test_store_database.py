"""The store's file: one process, its owner's alone, forward only, and nothing half done (OP-3, OP-8, SY-3)."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.cursor import Cursor
from connector.errors import RetryError, StopError
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import MIGRATIONS, Store, memory_store, open_store
from connector.store.mirror import merge, prepare
from tests.mirror_world import LEADS, NOON, current, land, lead, lead_id

pytestmark = pytest.mark.requirement("OP-8")

HOLDER = """
import sys
from pathlib import Path
from connector.store.database import open_store
with open_store(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def migrations(folder: Path, **later: str) -> Path:
    """A folder with the shipped migrations and some more: `m0099_more="CREATE TABLE …"`."""
    folder.mkdir(exist_ok=True)
    for entry in MIGRATIONS.iterdir():
        if entry.name.endswith(".sql"):
            (folder / entry.name).write_text(entry.read_text("utf-8"), encoding="utf-8")
    for name, sql in later.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(sql, encoding="utf-8")
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tables(store: Store) -> set[str]:
    return {row[0] for row in store.run("SELECT table_name FROM duckdb_tables()")}


class TestTransactions:
    @pytest.mark.requirement("SY-3", "OP-3")
    def test_the_cursor_moves_with_the_data_or_not_at_all(self, tmp_path: Path) -> None:
        store = memory_store()
        prepare(store, [LEADS])
        pages = land(tmp_path, LEADS, [lead(1)])

        def take(*, breaks: bool) -> None:
            with store.transaction():
                merge(store, LEADS, "", pages, NOON)
                save_cursor(store, Cursor("salesforce.Lead", "", NOON, None, NOON, NOON, lead_id(1)), NOON)
                if breaks:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            take(breaks=True)
        assert current(store, LEADS, "title") == []
        assert read_cursor(store, "salesforce.Lead", "") == Cursor("salesforce.Lead")
        take(breaks=False)
        assert current(store, LEADS, "title") == [(lead_id(1), "部長")]
        assert read_cursor(store, "salesforce.Lead", "").at_id == lead_id(1)

    def test_a_transaction_within_one_is_part_of_it(self) -> None:
        store = memory_store()

        def take() -> None:
            with store.transaction():
                with store.transaction():
                    save_cursor(store, Cursor("a", "", NOON), NOON)
                raise ValueError("outer")

        with pytest.raises(ValueError, match="outer"):
            take()
        assert read_cursor(store, "a", "") == Cursor("a")
        with store.transaction():
            save_cursor(store, Cursor("a", "", NOON), NOON)
        assert read_cursor(store, "a", "").watermark == NOON

    def test_a_cursor_comes_back_as_it_was_saved(self) -> None:
        store = memory_store()
        full = Cursor("s", "0Uv1", NOON, NOON - timedelta(hours=1), NOON, NOON - timedelta(minutes=1), "7")
        save_cursor(store, full, NOON)
        save_cursor(store, Cursor("s", "0Uv2", NOON), NOON)
        assert read_cursor(store, "s", "0Uv1") == full
        assert read_cursor(store, "s", "0Uv2") == Cursor("s", "0Uv2", NOON)


class TestFiles:
    def test_every_file_is_its_owner_s_alone(self, tmp_path: Path) -> None:
        before = os.umask(0o022)
        try:
            path = tmp_path / "it's new" / "org.duckdb"
            with open_store(path) as store:
                store.run("CREATE TABLE people (name VARCHAR)")
                store.run("INSERT INTO people VALUES ('佐藤')")
                found = {file.name: mode(file) for file in path.parent.iterdir()}
            assert len(found) == 2, "the store and its log"
            assert set(found.values()) == {0o600}
            assert mode(path.parent) == 0o700
            assert os.umask(0o022) == 0o022
        finally:
            os.umask(before)

    def test_a_file_with_open_rights_is_closed_to_others(self, tmp_path: Path) -> None:
        path = tmp_path / "org.duckdb"
        with open_store(path):
            pass
        path.chmod(0o644)
        with open_store(path):
            pass
        assert mode(path) == 0o600

    @pytest.mark.requirement("OP-3")
    @pytest.mark.parametrize("content", [b"garbage " * 900, b"\0" * 8000])
    def test_a_damaged_file_is_told_in_a_sentence(self, tmp_path: Path, content: bytes) -> None:
        # The word in the folder's name once made it look like a lock.
        path = tmp_path / "blocks" / "org.duckdb"
        path.parent.mkdir()
        path.write_bytes(content)
        with pytest.raises(StopError) as caught, open_store(path, wait_seconds=0):
            pass
        assert str(caught.value).startswith(f"The store {path} cannot be opened (")
        assert "Put a backup in its place" in str(caught.value)
        assert path.read_bytes() == content

    @pytest.mark.requirement("OP-1", "OP-3")
    def test_the_process_that_has_it_open_is_named_and_waited_for(self, tmp_path: Path) -> None:
        path = tmp_path / "org.duckdb"
        said: list[str] = []
        slept: list[float] = []
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdin is not None
        assert holder.stdout is not None
        with holder:
            assert holder.stdout.readline() == "open\n"

            def sleep(seconds: float) -> None:
                slept.append(seconds)

            with (
                pytest.raises(RetryError) as caught,
                open_store(path, wait_seconds=1, sleep=sleep, announce=said.append),
            ):
                pass
            assert f"The store {path} is in use by process {holder.pid};" in str(caught.value)
            assert said == [f"Waiting for process {holder.pid}, which has the store {path} open …"]
            assert sum(slept) == pytest.approx(1.0)

            def end(_seconds: float) -> None:
                holder.stdin.close()  # type: ignore[union-attr] # asserted above
                holder.wait(10)

            with open_store(path, sleep=end) as store:
                assert "journal" in tables(store)


NEWEST = max(int(entry.name[:4]) for entry in MIGRATIONS.iterdir() if entry.name.endswith(".sql"))
"""The schema that this version makes."""


class TestMigrations:
    def test_a_fresh_store_has_all_tables_and_needs_no_copy(self, tmp_path: Path) -> None:
        path = tmp_path / "org.duckdb"
        with open_store(path) as store:
            assert {"org", "cursor", "run", "written", "journal", "transitions", "cadence_runs"} <= tables(store)
            assert store.value("SELECT max(number) FROM migration") == NEWEST
        assert [file.name for file in tmp_path.iterdir()] == ["org.duckdb"]

    def test_a_later_one_keeps_a_copy_of_what_was(self, tmp_path: Path) -> None:
        path = tmp_path / "org.duckdb"
        with open_store(path) as store:
            save_cursor(store, Cursor("salesforce.Lead", "", NOON), NOON)
        later = migrations(tmp_path / "later", m0099_more="-- why;\nCREATE TABLE more (x INTEGER); DROP TABLE run;")
        with open_store(path, migrations=later) as store:
            assert "more" in tables(store)
            assert "run" not in tables(store)
            assert read_cursor(store, "salesforce.Lead", "").watermark == NOON
        copy = tmp_path / "org.before-0099.duckdb"
        assert mode(copy) == 0o600
        with open_store(copy) as store:
            assert "more" not in tables(store)
            assert "run" in tables(store)
            assert read_cursor(store, "salesforce.Lead", "").watermark == NOON
        with open_store(path, migrations=later) as store:
            assert store.run("SELECT number, name FROM migration ORDER BY number")[-1] == (99, "0099_more.sql")

    def test_one_that_fails_leaves_the_store_as_it_was(self, tmp_path: Path) -> None:
        path = tmp_path / "org.duckdb"
        with open_store(path):
            pass
        broken = migrations(tmp_path / "later", m0099_more="CREATE TABLE more (x INTEGER); DROP TABLE nosuch")
        with pytest.raises(Exception, match="nosuch"), open_store(path, migrations=broken):
            pass
        with open_store(path) as store:
            assert "more" not in tables(store)
            assert store.value("SELECT max(number) FROM migration") == NEWEST

    def test_a_newer_store_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "org.duckdb"
        later = migrations(tmp_path / "later", m0099_more="CREATE TABLE more (x INTEGER)")
        with open_store(path, migrations=later):
            pass
        shutil.copy2(path, tmp_path / "kept.duckdb")
        with pytest.raises(StopError) as caught, open_store(path):
            pass
        assert f"was made by a newer version of the connector (schema 99, this one knows {NEWEST})" in str(caught.value)
        with open_store(path, migrations=later) as store:
            assert "more" in tables(store)


def test_lists_of_texts_become_a_temporary_table() -> None:
    store = memory_store()
    store.load("given", ("id", "name"), [("1", "佐藤"), ("2", None)])
    assert store.rows("SELECT * FROM given ORDER BY id") == [{"id": "1", "name": "佐藤"}, {"id": "2", "name": None}]
    store.load("given", ("id",), [])
    assert store.rows("SELECT * FROM given") == []
