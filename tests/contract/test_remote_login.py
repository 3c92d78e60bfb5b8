"""The connector signs in to the sandbox by each flow, over TLS, whatever the environment says about proxies."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connector import account_engagement, salesforce
from connector.errors import ConfigurationError, RetryError
from connector.http.retry import Retry
from connector.http.session import open_session
from connector.settings import Settings
from tests.contract.remote_access import settings_of
from tests.sandbox_process import SandboxProcess, running_sandbox

pytestmark = pytest.mark.requirement("OP-4", "OP-3")

QUICK = Retry(lambda _seconds: None, attempts=2)


@pytest.fixture(scope="module")
def rotating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("rotating"), "--people", "10", "--rotate-refresh-token") as running:
        yield running


def organization_id(settings: Settings) -> str:
    reader, _writer = salesforce.connect(settings, open_session(settings), QUICK)
    return reader.organization().id


@pytest.fixture
def useless_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "/nowhere")


@pytest.mark.usefixtures("useless_environment")
def test_client_credentials(sandbox: SandboxProcess, tmp_path: Path) -> None:
    assert organization_id(settings_of(sandbox, tmp_path)).startswith("00D")


def test_jwt(sandbox: SandboxProcess, tmp_path: Path) -> None:
    settings = settings_of(
        sandbox,
        tmp_path,
        salesforce_client_secret=None,
        salesforce_username=sandbox.username,
        salesforce_jwt_key_file=sandbox.jwt_key_file,
    )
    assert settings.salesforce().flow == "jwt"
    assert organization_id(settings).startswith("00D")


def test_a_rotating_refresh_token_serves_run_after_run(rotating: SandboxProcess, tmp_path: Path) -> None:
    settings = settings_of(rotating, tmp_path, salesforce_refresh_token=rotating.refresh_token)
    assert settings.salesforce().flow == "refresh_token"
    assert organization_id(settings) == organization_id(settings) == organization_id(settings)
    stranger = settings_of(rotating, tmp_path / "another", salesforce_refresh_token=rotating.refresh_token)
    with pytest.raises(ConfigurationError, match="Check CONNECTOR_SALESFORCE_REFRESH_TOKEN"):
        organization_id(stranger)


def test_a_session_that_ended_is_renewed_within_the_call(sandbox: SandboxProcess, tmp_path: Path) -> None:
    settings = settings_of(sandbox, tmp_path)
    session = open_session(settings)
    reader, _writer = salesforce.connect(settings, session, QUICK)
    unit = account_engagement.connect(settings, session, QUICK)[0]
    for ask in (lambda: reader.count("Lead"), lambda: unit.account(("id",))):
        token = session.auth.token().value  # type: ignore[union-attr] # open_session sets it
        revoked = requests.post(f"{sandbox.url}/services/oauth2/revoke", {"token": token}, timeout=30)
        assert revoked.status_code == 200
        assert ask() is not None
        assert session.auth.token().value != token  # type: ignore[union-attr] # the same


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"client_secret": "wrong"}, "Check CONNECTOR_SALESFORCE_CLIENT_SECRET"),
        ({"client_id": "wrong"}, "Check CONNECTOR_SALESFORCE_CLIENT_ID"),
    ],
)
def test_wrong_credentials_are_one_clear_sentence(
    sandbox: SandboxProcess, tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    wrong = dataclasses.replace(sandbox, **change)  # type: ignore[arg-type] # by field name
    with pytest.raises(ConfigurationError, match="refused the login") as caught:
        organization_id(settings_of(wrong, tmp_path))
    assert sentence in str(caught.value)


def test_a_server_that_is_not_there(sandbox: SandboxProcess, tmp_path: Path) -> None:
    with pytest.raises(RetryError, match="Nobody answers there"):
        organization_id(settings_of(sandbox, tmp_path, salesforce_url="https://127.0.0.1:1"))


def test_a_certificate_that_is_not_trusted(sandbox: SandboxProcess, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="CONNECTOR_CA_FILE"):
        organization_id(settings_of(sandbox, tmp_path, ca_file=None))
