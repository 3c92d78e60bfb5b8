"""`connector forget` by hand: what it advises can be done, and a second time is no dead end (SY-10)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.cli.main import run
from connector.errors import StopError
from connector.store import database
from connector.store.backup import back_up
from connector.store.database import open_store
from tests.mirror_world import NOON, lead_id
from tests.unit.test_store_forgetting import SECRET, template

pytestmark = pytest.mark.requirement("SY-10")

Forget = Callable[..., tuple[int, dict[str, Any] | str]]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(database._CONFIG, "threads", "1")
    folder = tmp_path / "state"
    folder.mkdir()
    shutil.copy2(template(), folder / "default.duckdb")
    return folder


@pytest.fixture
def forget(state: Path, capsys: pytest.CaptureFixture[str]) -> Forget:
    def forgotten(*words: str) -> tuple[int, dict[str, Any] | str]:
        capsys.readouterr()
        code = run(["forget", *words, "--yes", "--json", "--state", str(state)])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return forgotten


def test_backups_that_were_named_are_deleted_by_asking_once_more(forget: Forget, state: Path, tmp_path: Path) -> None:
    backup, other = tmp_path / "all.backup", tmp_path / "state" / "default.before-0001.duckdb"
    with open_store(state / "default.duckdb") as store:
        back_up(store, backup, NOON, mirror=True)
    with open_store(other):
        pass
    code, first = forget(SECRET)
    assert (code, first["copies_holding"]) == (1, [str(backup)])
    code, second = forget(lead_id(1)[:15])
    assert (code, second["copies_holding"], second["records"]) == (1, [str(backup)], 0)
    code, third = forget(SECRET, "--backups")
    assert (code, third["complete"], third["copies_deleted"]) == (0, True, [str(backup)])
    assert not backup.exists()
    assert other.exists()
    assert forget(SECRET, "--backups")[0] == 64


@pytest.mark.requirement("OP-8")
def test_what_people_typed_is_shown_as_it_is_brackets_and_all(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--state", str(state)]
    assert run(["writes", "off", "--reason", "[/audit] until [Monday]", *place]) == 0
    assert "([/audit] until [Monday])" in capsys.readouterr().out
    file = tmp_path / "[nightly].backup"
    assert run(["backup", str(file), *place]) == 0
    assert str(file) in capsys.readouterr().out
    assert run(["forget", SECRET, "--yes", *place]) == 1
    assert f"Still holds the person: {file}" in capsys.readouterr().out


def test_where_there_is_no_room_for_the_new_file_nothing_is_erased(
    forget: Forget, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(1, 1, 0))
        code, sentence = forget(SECRET)
    assert code == StopError.exit_code
    assert "Nothing was erased" in sentence
    with open_store(state / "default.duckdb") as store:
        assert store.value("SELECT count(*) FROM mirror_salesforce_lead WHERE email = $mine", {"mine": SECRET})
