"""`connector demo`: the first thing that anybody runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.requirement("SY-1", "SY-2", "WB-2", "AD-8", "OP-4")

KEYS = {
    "schema", "pulled", "people", "hot", "planned", "applied", "failed", "tasks_created", "second_cycle_changes",
    "api_calls", "seconds",
}  # fmt: skip


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    useless = {
        "REQUESTS_CA_BUNDLE": "/nowhere/ca.pem",
        "SSL_CERT_FILE": "/nowhere/ca.pem",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    return subprocess.run(
        [sys.executable, "-m", "connector", "demo", *arguments],
        capture_output=True,
        text=True,
        env={**environment, **useless},
        cwd=folder,
        timeout=300,
        check=False,
    )


WORLD = ("--people", "60", "--seed", "9", "--json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    done = run_demo(folder, *WORLD)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_demo_works_in_an_empty_folder_with_useless_proxies_and_certificates(
    document: dict[str, Any], folder: Path
) -> None:
    assert set(document) == KEYS
    assert document["schema"] == 1
    assert document["second_cycle_changes"] == 0
    assert document["failed"] == 0
    assert document["planned"] == document["applied"] > 0
    assert document["people"] > 48
    assert list(folder.iterdir()) == [], "nothing is left where it ran"


def test_the_same_seed_gives_the_same_demo_shown_to_people(document: dict[str, Any], tmp_path: Path) -> None:
    done = run_demo(tmp_path, *WORLD[:-1])
    assert done.returncode == 0, done.stderr
    for words in ("Pulled", "Decided", "Planned", "Second cycle: 0 changes", "Five explanations"):
        assert words in done.stdout
    tasks = document["tasks_created"]
    assert f"Written: {document['applied'] - tasks} values in " in done.stdout
    assert f"records, {tasks} tasks." in done.stdout
    assert f"{document['people']} people, {document['api_calls']} API calls in both cycles" in done.stdout
    assert re.search(rf"^hot +{document['hot']}\b", done.stdout, re.MULTILINE)
    for stream, rows in document["pulled"].items():
        assert re.search(rf"^{re.escape(stream)} .*\b{rows}\b", done.stdout, re.MULTILINE), stream
