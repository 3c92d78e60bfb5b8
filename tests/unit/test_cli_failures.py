"""`connector failures` and what `status` says of them (WB-5)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from connector.applying.refusals import remedy
from connector.cli.main import run
from connector.domain.cursor import Cursor
from connector.store.cursors import save_cursor
from connector.store.database import open_store
from connector.store.failures import Failed, failures, keep_failures
from connector.store.journal import Intent
from tests.mirror_world import HOUR, NOON, lead_id

pytestmark = pytest.mark.requirement("WB-5", "OP-4")

RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def refused(number: int, code: str, words: str, *fields: str) -> Failed:
    return Failed(Intent("update", "Lead", lead_id(number), {}, {"Status": "Hot"}, "", number), code, words, fields)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "state" / "default.duckdb") as store:
        save_cursor(store, Cursor("salesforce.Lead", "", NOON), NOON)
        many = [refused(number, RULE, "理由を入力してください [必須]", "Status") for number in range(1, 6)]
        keep_failures(store, many, remedy, "run1", NOON)
        keep_failures(store, [refused(9, "UNABLE_TO_LOCK_ROW", "locked")], remedy, "run2", NOON + HOUR)
        keep_failures(store, many[:1], remedy, "run2", NOON + timedelta(days=1))
    return tmp_path / "state"


def test_they_are_grouped_with_counts_examples_and_advice(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["failures", "--state", str(state)]) == 0
    shown = capsys.readouterr().out
    first, second = shown.split("\n\n")[:2]
    assert first.startswith(f"5 × Lead {RULE} · Status")
    assert "waits for somebody; tried once a day; since 2026-03-02 03:00, last 2026-03-03 03:00 UTC" in first
    assert f"{lead_id(1)} (2 times): 理由を入力してください [必須]" in first
    assert "… and 2 more" in first
    assert "→ A validation rule of the org forbids it: complete the record" in first
    assert second.startswith("1 × Lead UNABLE_TO_LOCK_ROW")
    assert "sent again by itself" in second


def test_machines_are_told_all_of_them_and_status_the_count_and_the_oldest(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["failures", "--json", "--state", str(state)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["count"], found["released"]) == (1, 6, 0)
    assert [(one["code"], one["fields"], one["remedy"], one["count"]) for one in found["groups"]] == [
        (RULE, ["Status"], "person", 5), ("UNABLE_TO_LOCK_ROW", [], "now", 1),
    ]  # fmt: skip
    assert [one["times"] for one in found["groups"][0]["rows"]] == [2, 1, 1, 1, 1]
    run(["status", "--json", "--state", str(state)])
    assert json.loads(capsys.readouterr().out)["refused"] == {"count": 6, "oldest": found["oldest"]}
    run(["status", "--state", str(state)])
    shown = " ".join(capsys.readouterr().out.split())
    assert "Refused and not resolved: 6, the oldest since 2026-03-02 03:00 UTC. `connector failures` says" in shown


def test_a_word_lets_go_what_waits_for_somebody(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["failures", "--retry", "--state", str(state)]) == 0
    assert "The next plan sends 5 that waited." in capsys.readouterr().out
    with open_store(state / "default.duckdb") as store:
        assert {one.remedy for one in failures(store.run)} == {"later", "now"}


def test_without_any_it_says_so_and_without_a_store_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["failures", "--state", str(tmp_path / "none")]) == 64
    assert "`connector pull` makes it" in capsys.readouterr().err
    with open_store(tmp_path / "some" / "default.duckdb"):
        pass
    assert run(["failures", "--state", str(tmp_path / "some")]) == 0
    assert "Nothing is refused: every write has gone through." in capsys.readouterr().out
