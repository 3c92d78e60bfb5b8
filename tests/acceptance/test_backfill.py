"""`connector backfill` as people use it: words that mean nothing, the day's calls, a stop, history (OP-2, WB-7)."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connector.cli.main import run
from connector.http.session import RemoteSession
from connector.sandbox.config import SandboxConfig
from tests.worlds.ground import MAPPINGS, START, Ground, ground

pytestmark = pytest.mark.requirement("OP-2", "SY-3")

OBJECTS = (
    "Lead", "Contact", "Account", "Task", "prospects", "visitors", "visits", "visitor-activities", "visitor-page-views",
    "forms", "files",
)  # fmt: skip
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("world")
    config = SandboxConfig(state=folder, people=20, seed=Random(7).randint(1, 99), start=START, frozen=True)
    with ground(folder, config, OBJECTS) as here:
        yield here


@pytest.fixture
def command(
    laid: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command in this process on a store of its own; answers its exit code and what it said."""
    settings = laid.running.settings
    for name, value in {
        "SALESFORCE_URL": laid.running.tls_url,
        "SALESFORCE_CLIENT_ID": settings["client_id"],
        "SALESFORCE_CLIENT_SECRET": settings["client_secret"],
        "ACCOUNT_ENGAGEMENT_URL": laid.running.tls_url,
        "ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": settings["business_unit_id"],
        "CA_FILE": settings["ca_file"],
        "STATE": str(tmp_path / "state"),
        "MAPPINGS": str(MAPPINGS),
    }.items():
        monkeypatch.setenv(f"CONNECTOR_{name}", value)

    def said(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(arguments)
        return code, *capfd.readouterr()

    return said


def document(told: tuple[int, str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told[1])
    return found


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--since", "2026-01-01", "--objects", "Leads,Task"], "reads no object 'leads'. Did you mean Lead?"),
        (["--since", "2031-01-01"], "--since: 2031-01-01 lies in the future; it is 2026-10-01"),
        (["--since", "2026-05-01", "--until", "2026-04-30"], "--until 2026-04-30 lies before --since 2026-05-01"),
        (["--since", "last year"], "--since: 'last year' is no date. Write it as 2024-01-31."),
        (["--since", "2026-02-30"], "--since: '2026-02-30' is no date."),
    ],
)
def test_words_that_mean_nothing_get_one_sentence(command: Command, words: list[str], sentence: str) -> None:
    code, out, err = command("backfill", *words)
    assert (code, out) == (64, "")
    assert sentence in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.requirement("WB-7")
def test_history_is_scored_and_nobody_is_called_for_it(command: Command) -> None:
    since = ("--since", "2024-01-01")
    first = document(command("backfill", *since, "--json"))
    assert first["finished"], first["why"]
    assert first["rows"] > 200
    code, out, _ = command("backfill", *since)
    assert code == 0
    assert "rows by 1 API calls." in out, "there is nothing left to read"
    assert "Done. `connector pull` goes on from here." in out
    planned = document(command("plan", "--json"))
    assert planned["history"] > 0
    assert (planned["tasks"], planned["cadences_started"]) == (0, 0)
    assert planned["fields"]["Lead.Connector_Score__c"] > 0


def test_calls_that_are_used_up_end_it_early_and_in_order(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    since = ("--since", "2025-01-01", "--objects", "Lead,Task,visitor-activities,visits,forms")
    monkeypatch.setenv("CONNECTOR_API_DAY_CALLS", "4")
    code, out, err = command("backfill", *since, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert not found["finished"]
    assert found["rows"] > 0
    assert found["resumes_at"] > "2026-10-01"
    assert "API" in found["why"]
    monkeypatch.delenv("CONNECTOR_API_DAY_CALLS")
    assert document(command("backfill", *since, "--json"))["finished"]


def test_a_signal_ends_it_at_the_next_safe_place(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    request, calls = RemoteSession.request, []

    def interrupted(session: RemoteSession, method: str, url: str, *args: Any, **options: Any) -> Any:
        calls.append(url)
        if len(calls) == 9:
            os.kill(os.getpid(), signal.SIGTERM)
        return request(session, method, url, *args, **options)

    monkeypatch.setattr(RemoteSession, "request", interrupted)
    objects = ("--objects", "Lead,Task,visitor-activities,visits,forms")
    code, out, _ = command("backfill", "--since", "2025-01-01", *objects)
    assert code == 0
    assert "Ended early: Stopped." in out
    assert "The same command goes on at any time" in out
    assert document(command("backfill", "--since", "2025-01-01", *objects, "--json"))["finished"]
