"""A bundle for support tells states and counts and nobody's data; an unexpected error tells a number and no values."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from connector.cli.main import run
from connector.store.database import open_store
from connector.store.mirror import prepare
from tests.unit.test_store_forgetting import NAME, SECRET, STREAMS, world

pytestmark = pytest.mark.requirement("OP-8", "OP-4")

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "STATE": str(tmp_path / "state"),
        "MAPPINGS": str(ROOT / "mappings"),
        "SALESFORCE_URL": "https://example.my.salesforce.com",
        "SALESFORCE_CLIENT_ID": "3MVGid",
        "SALESFORCE_CLIENT_SECRET": "hush-hush-1234",
        "SALESFORCE_USERNAME": "hanako@example.com",
    }.items():
        monkeypatch.setenv(f"CONNECTOR_{name}", value)


def bundle(file: Path) -> dict[str, str]:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_tells_states_and_counts_and_nobodys_data(tmp_path: Path) -> None:
    with open_store(tmp_path / "state" / "default.duckdb") as store:
        prepare(store, STREAMS)
        world(store, tmp_path)
    assert run(["support", str(tmp_path / "bundle.zip")]) == 0
    parts = bundle(tmp_path / "bundle.zip")
    whole = "\n".join(parts.values())
    for hidden in (SECRET, NAME, "jiro@example.com", "hush-hush", "hanako", "00Q0000", "003000"):
        assert hidden not in whole
    store_part = json.loads(parts["store.json"])
    assert {"kind": "task", "object": "Task", "outcome": "done", "entries": 2}.items() <= store_part["journal"][
        0
    ].items()
    assert {row["table_name"]: row["estimated_size"] for row in store_part["tables"]}["mirror_salesforce_lead"] == 3
    variables = json.loads(parts["settings.json"])["variables"]
    assert "CONNECTOR_SALESFORCE_CLIENT_SECRET is set" in variables
    assert "CONNECTOR_SALESFORCE_JWT_KEY is not set" in variables
    assert "CONNECTOR_SALESFORCE_API_VERSION = 62.0" in variables
    assert len(json.loads(parts["rules.json"])["hash"]) == 64


def test_it_is_written_where_much_is_broken(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "default.duckdb").write_bytes(b"noise " * 4000)
    assert run(["support", str(tmp_path / "bundle.zip"), "--mappings", str(tmp_path / "nowhere")]) == 0
    parts = bundle(tmp_path / "bundle.zip")
    assert "cannot be opened" in json.loads(parts["store.json"])["sentence"]
    assert "There is no folder" in json.loads(parts["rules.json"])["sentence"]
    assert json.loads(parts["machine.json"])["connector"]


BROKEN = """
import connector.cli.check as check
from connector.cli.main import main
def broken(*_):
    raise ValueError("Conversion Error: could not read 'taro@example.com' 佐藤")
check.load_rulebook = broken
main(["check"])
"""


def test_an_unexpected_error_is_a_sentence_with_a_number_and_quotes_nobody(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], capture_output=True, text=True, cwd=ROOT, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stdout == ""
    logged, sentence = done.stderr.splitlines()
    event = json.loads(logged)
    assert event["event"] == "connector.broke"
    assert event["kind"] == "builtins.ValueError"
    assert f"(number {event['number']})" in sentence
    assert any(place.endswith(" broken") for place in event["at"])
    assert "taro" not in done.stderr
    assert "佐藤" not in done.stderr
    assert "Traceback" not in done.stderr
