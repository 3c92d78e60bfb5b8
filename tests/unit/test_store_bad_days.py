"""Damaged files and full disks: one sentence, nothing half-done, and the next run goes on (OP-3, OP-8)."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connector.domain.cursor import Cursor
from connector.errors import ConnectorError, StopError
from connector.http.landing import land as land_body
from connector.store.backup import back_up
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store, open_store
from connector.store.forgetting import forget
from connector.store.mirror import merge, prepare
from connector.store.retention import Keeping, tidy
from connector.store.rewriting import needs_rewriting
from tests.mirror_world import DAY, LEADS, NOON, land, lead

pytestmark = pytest.mark.requirement("OP-3", "OP-8")

MANY = 12_000


@contextmanager
def disk_with_room_for(size: int) -> Iterator[None]:
    """No file of this process may grow over `size` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = Random(1)
    rows = [lead(number, title=rng.randbytes(30).hex()) for number in range(MANY)]
    return land(tmp_path_factory.mktemp("pages"), LEADS, rows)[0]


def take(store: Store, page: Path) -> None:
    with store.transaction():
        merge(store, LEADS, "", [page], NOON)
        save_cursor(store, Cursor("salesforce.Lead", "", NOON), NOON)


def rows(store: Store) -> int:
    return int(store.value("SELECT count(*) FROM mirror_salesforce_lead"))


def said(call: Callable[[], Any]) -> str:
    with pytest.raises(ConnectorError) as caught:
        call()
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.requirement("SY-3")
def test_a_disk_that_fills_up_in_a_merge_leaves_what_was_and_the_next_run_goes_on(tmp_path: Path, page: Path) -> None:
    path = tmp_path / "state" / "default.duckdb"
    with open_store(path) as store:
        prepare(store, [LEADS])
        take(store, land(tmp_path, LEADS, [lead(MANY + 1)])[0])

    def fill() -> None:
        with open_store(path) as store, disk_with_room_for(path.stat().st_size + 150_000):
            take(store, page)

    sentence = said(fill)
    assert str(path) in sentence
    assert "Make room and run again" in sentence
    with open_store(path) as store:
        assert rows(store) == 1
        assert read_cursor(store, "salesforce.Lead", "").watermark == NOON
        take(store, page)
        assert rows(store) == MANY + 1


def test_a_disk_that_fills_up_while_a_page_lands(tmp_path: Path) -> None:
    class Answer:
        def iter_content(self, size: int) -> Iterator[bytes]:
            yield b"x" * size
            yield b"x" * size

    place = tmp_path / "landing" / "00001.json"
    with disk_with_room_for(300_000):
        sentence = said(lambda: land_body(Answer(), place))  # type: ignore[arg-type] # all that is asked of an answer
    assert sentence.startswith(f"{place} cannot be written (")
    assert not place.exists()


@pytest.mark.requirement("SY-10")
def test_a_disk_that_fills_up_while_the_file_is_written_anew(tmp_path: Path, page: Path) -> None:
    path = tmp_path / "state" / "default.duckdb"
    gone = [("salesforce.Lead", "", lead(7)["Id"])]
    with open_store(path) as store:
        prepare(store, [LEADS])
        take(store, page)

    def fill() -> None:
        with open_store(path) as store, disk_with_room_for(400_000):
            forget(store, gone, [], tmp_path / "state" / "landing", NOON, copies=False)

    said(fill)
    assert [file.name for file in path.parent.iterdir() if "rewriting" in file.name] == []
    with open_store(path) as store:
        assert rows(store) in (MANY, MANY - 1)
        forget(store, gone, [], tmp_path / "state" / "landing", NOON, copies=False)
        assert rows(store) == MANY - 1
        assert not needs_rewriting(store)


def test_a_disk_that_fills_up_in_a_backup(tmp_path: Path, page: Path) -> None:
    file = tmp_path / "org.backup"
    file.write_bytes(b"the one of yesterday")
    with open_store(tmp_path / "state" / "default.duckdb") as store:
        prepare(store, [LEADS])
        take(store, page)

    def fill() -> None:
        with open_store(tmp_path / "state" / "default.duckdb") as store, disk_with_room_for(400_000):
            back_up(store, file, NOON, mirror=True)

    said(fill)
    assert file.read_bytes() == b"the one of yesterday"
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["org.backup"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, page: Path) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "default.duckdb"
    with open_store(path) as store:
        prepare(store, [LEADS])
        take(store, page)
    return path.read_bytes()


def damaged(whole: bytes, how: str) -> bytes:
    if how == "empty":
        return b""
    if how == "cut in the middle":
        return whole[: len(whole) // 2]
    if how == "cut early":
        return whole[:5000]
    if how == "zeros":
        return bytes(len(whole))
    if how == "noise":
        return Random(2).randbytes(len(whole))
    spoilt = bytearray(whole)
    for place in range(16_384, len(whole), 8_192):
        spoilt[place : place + 64] = Random(place).randbytes(64)
    return bytes(spoilt)


@pytest.mark.parametrize("how", ["empty", "cut early", "cut in the middle", "zeros", "noise", "a few bytes"])
def test_a_damaged_store_is_told_in_a_sentence_without_the_people_in_it(tmp_path: Path, whole: bytes, how: str) -> None:
    path = tmp_path / "default.duckdb"
    content = damaged(whole, how)
    path.write_bytes(content)

    def use() -> None:
        with open_store(path, wait_seconds=0) as store:
            store.run('SELECT * FROM "mirror_salesforce_lead" ORDER BY title')

    sentence = said(use)
    assert sentence.startswith(f"The store {path} cannot be opened (")
    assert "Put a backup in its place" in sentence
    assert path.read_bytes() == content


def test_a_state_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")

    def use() -> None:
        with open_store(tmp_path / "file" / "state" / "default.duckdb"):
            pass

    assert said(use) == (
        f"The folder {tmp_path / 'file' / 'state'} cannot be made (Not a directory): mend the rights, or set another "
        "--state."
    )


@pytest.mark.requirement("OP-8")
class TestRetention:
    def test_old_values_go_and_what_keeps_a_task_from_being_made_again_stays(self, tmp_path: Path) -> None:
        with open_store(tmp_path / "default.duckdb") as store:
            for number, kind, outcome, age in (
                (1, "task", "done", 400),
                (2, "update", "done", 10),
                (3, "update", None, 400),
            ):
                store.run(
                    "INSERT INTO journal (number, run_id, kind, object, record, values_after, why, intended_at, "
                    "outcome) VALUES "
                    "($number, 'r', $kind, 'Task', 'key', '{\"Subject\": \"x\"}', 'why', $at, $outcome)",
                    {"number": number, "kind": kind, "outcome": outcome, "at": (NOON - age * DAY).replace(tzinfo=None)},
                )
            done = tidy(store, Keeping(), tmp_path / "landing", NOON, vanished=False)
            assert done.journal == 1
            assert store.run("SELECT number, record, values_after, why FROM journal ORDER BY number") == [
                (1, "key", "{}", None),
                (2, "key", '{"Subject": "x"}', "why"),
                (3, "key", '{"Subject": "x"}', "why"),
            ]
            assert tidy(store, Keeping(journal=1), tmp_path / "landing", NOON, vanished=False).journal == 0, (
                "once a day"
            )
            assert tidy(store, Keeping(journal=1), tmp_path / "landing", NOON + DAY, vanished=False).journal == 1

    def test_old_files_go(self, tmp_path: Path) -> None:
        folder = tmp_path / "state" / "landing" / "default"
        folder.mkdir(parents=True)
        (folder / "00001.json").write_text("{}", "utf-8")
        with open_store(tmp_path / "state" / "default.duckdb") as store:
            (tmp_path / "state" / "default.before-0002.duckdb").write_bytes(b"x")
            later = 10_000 * DAY
            assert tidy(store, Keeping(landed=None, copies=None), folder, NOON + later, vanished=False).files == 0
            assert tidy(store, Keeping(), folder, NOON + later + DAY, vanished=False).files == 2

    @pytest.mark.requirement("SY-10")
    def test_many_that_vanish_at_once_wait_a_week(self, tmp_path: Path, page: Path) -> None:
        with open_store(tmp_path / "default.duckdb") as store:
            prepare(store, [LEADS])
            take(store, page)
            ended = {"at": NOON.replace(tzinfo=None)}
            store.run("UPDATE mirror_salesforce_lead SET _until = $at WHERE id < '00Q000000000200'", ended)
            assert not tidy(store, Keeping(), tmp_path / "landing", NOON, vanished=True).erased
            done = tidy(store, Keeping(), tmp_path / "landing", NOON + 7 * DAY, vanished=False)
            assert done.erased == {"mirror_salesforce_lead": 200}
            assert done.rewritten
            assert rows(store) == MANY - 200


def test_an_error_that_the_engine_has_with_our_statements_is_not_called_a_full_disk(tmp_path: Path) -> None:
    with open_store(tmp_path / "default.duckdb") as store, pytest.raises(Exception, match="nosuch") as caught:
        store.run("SELECT * FROM nosuch")
    assert not isinstance(caught.value, StopError)
