"""Bad input: one clear sentence with its place, an exit code that is not zero, and nothing written."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from connector.cli import shared
from connector.http.retry import Retry
from tests.acceptance.connector_process import ROOT, Connector
from tests.acceptance.test_cycles import written
from tests.sandbox_process import running_sandbox

pytestmark = pytest.mark.requirement("AD-1", "OP-4")


@pytest.fixture(scope="module")
def quiet_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connector]:
    """A world that every test of this module leaves as it was."""
    with running_sandbox(tmp_path_factory.mktemp("world"), "--people", "60", "--frozen") as sandbox:
        connector = Connector(sandbox, tmp_path_factory.mktemp("home"))
        before = written(connector)
        yield connector
        assert written(connector) == before, "bad input wrote something"


def one_sentence(text: str) -> str:
    """What was said, which must not be a stack trace."""
    assert "Traceback" not in text, text
    lines = [line for line in text.splitlines() if line.strip()]
    assert 1 <= len(lines) <= 4, text
    return text


def mappings_with(folder: Path, file: str, change: Callable[[str], str]) -> str:
    copy = folder / "mappings"
    shutil.copytree(ROOT / "mappings", copy)
    (copy / file).write_text(change((copy / file).read_text("utf-8")), "utf-8")
    return str(copy)


def test_wrong_credentials(quiet_world: Connector) -> None:
    done = quiet_world.run("sync", "--first-contact", CONNECTOR_SALESFORCE_CLIENT_SECRET="wrong-but-secret")
    assert done.code == 64
    said = one_sentence(done.err)
    assert "CONNECTOR_SALESFORCE_CLIENT_SECRET" in said
    assert "invalid" in said
    assert "wrong-but-secret" not in said


def test_a_missing_setting_is_named(quiet_world: Connector) -> None:
    done = quiet_world.here("pull", CONNECTOR_SALESFORCE_CLIENT_ID="")
    assert done.code == 64
    assert "CONNECTOR_SALESFORCE_CLIENT_ID" in one_sentence(done.err)


@pytest.mark.requirement("AD-2")
def test_a_mapping_with_an_unknown_field_names_its_line(quiet_world: Connector, tmp_path: Path) -> None:
    folder = mappings_with(tmp_path, "fields.yaml", lambda text: text.replace("title: Title\n", "title: Titel\n", 1))
    line = next(
        number
        for number, words in enumerate((Path(folder) / "fields.yaml").read_text("utf-8").splitlines(), 1)
        if "Titel" in words
    )
    done = quiet_world.here("sync", "--first-contact", CONNECTOR_MAPPINGS=folder)
    assert done.code == 64
    said = one_sentence(done.err)
    assert f"fields.yaml:{line}:" in said
    assert "Titel" in said
    assert "Did you mean `Title`?" in said


def test_a_yaml_syntax_error_names_its_line(quiet_world: Connector, tmp_path: Path) -> None:
    folder = mappings_with(tmp_path, "scoring.yaml", lambda text: text + "\nbroken: [1, 2\n")
    done = quiet_world.here("sync", "--first-contact", CONNECTOR_MAPPINGS=folder)
    assert done.code == 64
    assert "scoring.yaml:" in one_sentence(done.err)


def test_a_wrong_key_is_suggested(quiet_world: Connector, tmp_path: Path) -> None:
    folder = mappings_with(tmp_path, "fields.yaml", lambda text: text.replace("policy: always", "polcy: always", 1))
    done = quiet_world.here("check", CONNECTOR_MAPPINGS=folder)
    assert done.code == 64
    assert "policy" in one_sentence(done.err)


def test_an_unreachable_server(quiet_world: Connector) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with patch.object(shared, "Retry", lambda **_patience: Retry(sleep=lambda _seconds: None)):
            done = quiet_world.here("pull", CONNECTOR_SALESFORCE_URL=f"https://127.0.0.1:{port}")
    assert done.code == 1
    said = done.err
    assert "Traceback" not in said
    assert f"127.0.0.1:{port}" in said


@pytest.mark.requirement("EN-2")
def test_a_company_file_with_a_wrong_column(quiet_world: Connector, tmp_path: Path) -> None:
    file = tmp_path / "firms.csv"
    file.write_text("corporate_number,name,domian\n,株式会社例,example.com\n", "utf-8")
    done = quiet_world.here("sync", "--first-contact", CONNECTOR_COMPANIES=str(file))
    assert done.code == 64
    said = one_sentence(done.err)
    assert "firms.csv:1:" in said
    assert "Did you mean `domain`?" in said


def test_an_org_without_our_fields_says_which(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--people", "30", "--without-custom-fields") as sandbox:
        done = Connector(sandbox, tmp_path).here("pull")
    assert done.code == 64
    assert "Connector_Score__c" in done.err
    assert "Connector_Key__c" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("arguments", [("plan", "--nonsense"), ("no-such-command",), ("apply",)])
def test_a_wrong_command_line_is_usage(quiet_world: Connector, arguments: tuple[str, ...]) -> None:
    done = quiet_world.here(*arguments)
    assert done.code == 64
    assert "Traceback" not in done.err


def test_nobody_by_that_name(quiet_world: Connector) -> None:
    assert quiet_world.here("pull").code == 0
    done = quiet_world.here("explain", "nobody@nowhere.example")
    assert done.code == 64
    assert "nobody@nowhere.example" in one_sentence(done.err)
