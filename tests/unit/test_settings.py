"""What people set, and what they are told when it is wrong: the variable, what is wrong, what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from connector.errors import ConfigurationError
from connector.settings import load_settings

pytestmark = pytest.mark.requirement("OP-4", "OP-7")

ORG = {
    "CONNECTOR_SALESFORCE_URL": "https://example.my.salesforce.com/",
    "CONNECTOR_SALESFORCE_CLIENT_ID": "client",
    "CONNECTOR_SALESFORCE_CLIENT_SECRET": "very-secret",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_nothing_set_is_enough_for_what_needs_no_org(tmp_path: Path) -> None:
    settings = load_settings(None, {})
    assert settings.state == tmp_path / "state"
    assert settings.account_engagement() is None
    with pytest.raises(ConfigurationError, match="CONNECTOR_SALESFORCE_URL, CONNECTOR_SALESFORCE_CLIENT_ID") as caught:
        settings.salesforce()
    assert len(caught.value.problems) == 3


def test_client_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, {**ORG, "CONNECTOR_SALESFORCE_API_VERSION": "v60"})
    access = load_settings(None, {}).salesforce()
    assert (access.url, access.flow, access.api_version) == (
        "https://example.my.salesforce.com",
        "client_credentials",
        "60.0",
    )
    assert access.client_secret == SecretStr("very-secret")
    assert access.variable("client_secret") == "CONNECTOR_SALESFORCE_CLIENT_SECRET"


@pytest.mark.parametrize(
    ("extra", "flow"),
    [
        ({"CONNECTOR_SALESFORCE_REFRESH_TOKEN": "r"}, "refresh_token"),
        ({"CONNECTOR_SALESFORCE_JWT_KEY": "k", "CONNECTOR_SALESFORCE_USERNAME": "u"}, "jwt"),
        (
            {"CONNECTOR_SALESFORCE_REFRESH_TOKEN": "r", "CONNECTOR_SALESFORCE_AUTH": "Client_Credentials"},
            "client_credentials",
        ),
    ],
)
def test_the_flow_is_the_one_that_is_configured(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, str], flow: str
) -> None:
    given(monkeypatch, {**ORG, **extra})
    assert load_settings(None, {}).salesforce().flow == flow


def test_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    given(
        monkeypatch,
        {**ORG, "CONNECTOR_SALESFORCE_CLIENT_SECRET": "", "CONNECTOR_SALESFORCE_CLIENT_SECRET_FILE": "secret"},
    )
    settings = load_settings(None, {})
    assert settings.salesforce().client_secret == SecretStr("from-a-file")
    assert "from-a-file" not in repr(settings) + str(settings) + repr(settings.salesforce())


def test_the_order_is_command_line_environment_dotenv_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "CONNECTOR_STATE=/from/dotenv\nCONNECTOR_LOG_LEVEL=error\nCONNECTOR_LOG_FORMAT=json\n# 注釈\n", encoding="utf-8"
    )
    given(monkeypatch, {"CONNECTOR_STATE": "/from/environment", "CONNECTOR_LOG_LEVEL": "DEBUG"})
    settings = load_settings(None, {"state": "/from/command"})
    assert (str(settings.state), settings.log_level, settings.log_format) == ("/from/command", "debug", "json")
    assert settings.salesforce_api_version == "62.0"


def test_a_profile_shares_the_machine_and_nothing_of_the_org(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        {
            **ORG,
            "CONNECTOR_STATE": "/var/connector",
            "CONNECTOR_LOG_FORMAT": "json",
            "CONNECTOR_EMEA_SALESFORCE_URL": "emea.my.salesforce.com",
            "CONNECTOR_EMEA_LOG_LEVEL": "warning",
        },
    )
    settings = load_settings("emea", {})
    assert (settings.log_format, settings.log_level) == ("json", "warning")
    assert str(settings.state) == "/var/connector/emea"
    assert settings.salesforce_url == "https://emea.my.salesforce.com"
    assert settings.salesforce_client_id is None
    with pytest.raises(ConfigurationError, match="Not set: CONNECTOR_EMEA_SALESFORCE_CLIENT_ID, CONNECTOR_EMEA_"):
        settings.salesforce()


def test_business_units_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, {"CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": " 0Uv5g0000008OIACA2,0Uv5g0000008OIBCA2, "})
    access = load_settings(None, {}).account_engagement()
    assert access is not None
    assert access.business_unit_ids == ("0Uv5g0000008OIACA2", "0Uv5g0000008OIBCA2")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"CONNECTOR_SALESFORCE_URL": "http://x"},
            "CONNECTOR_SALESFORCE_URL must be a host name or begin with https://",
        ),
        (
            {"CONNECTOR_SALESFORCE_API_VERSION": "latest"},
            "CONNECTOR_SALESFORCE_API_VERSION must be an API version such as 62.0",
        ),
        (
            {"CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": "123"},
            "BUSINESS_UNIT_IDS holds '123', which is no business unit",
        ),
        ({"CONNECTOR_CA_FILE": "/nowhere.pem"}, "CONNECTOR_CA_FILE names /nowhere.pem, which is no file"),
        ({"CONNECTOR_LOG_FORMAT": "xml"}, "CONNECTOR_LOG_FORMAT should be 'auto', 'text' or 'json'"),
        ({"CONNECTOR_SALESFORCE_AUTH": "magic"}, "CONNECTOR_SALESFORCE_AUTH should be 'client_credentials', 'jwt'"),
        (
            {"CONNECTOR_SALESFORCE_JWT_KEY_FILE": "/none"},
            "CONNECTOR_SALESFORCE_JWT_KEY_FILE names /none, which cannot be read",
        ),
        (
            {"CONNECTOR_SALESFORCE_REFRESH_TOKEN": "a", "CONNECTOR_SALESFORCE_REFRESH_TOKEN_FILE": "b"},
            "CONNECTOR_SALESFORCE_REFRESH_TOKEN and CONNECTOR_SALESFORCE_REFRESH_TOKEN_FILE are both set",
        ),
    ],
)
def test_one_sentence_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], sentence: str
) -> None:
    given(monkeypatch, values)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(None, {})
    assert sentence in str(caught.value)
    assert len(caught.value.problems) == 1


def test_all_wrong_variables_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, {"CONNECTOR_LOG_FORMAT": "xml", "CONNECTOR_SALESFORCE_URL": "ftp://x"})
    with pytest.raises(ConfigurationError) as caught:
        load_settings(None, {})
    assert {problem.file for problem in caught.value.problems} == {"CONNECTOR_LOG_FORMAT", "CONNECTOR_SALESFORCE_URL"}


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xff\xfe\x00", b"x" * 70_000])
def test_a_file_without_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    given(monkeypatch, {"CONNECTOR_SALESFORCE_CLIENT_SECRET_FILE": str(tmp_path / "secret")})
    with pytest.raises(ConfigurationError, match=r"^CONNECTOR_SALESFORCE_CLIENT_SECRET_FILE names .*: give the file"):
        load_settings(None, {})


def test_a_misspelled_variable_is_pointed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, {"CONNECTOR_SALESFORCE_CLIENTID": "x"})
    with pytest.raises(ConfigurationError, match="CONNECTOR_SALESFORCE_CLIENTID is set, but is no setting"):
        load_settings(None, {}).salesforce()


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, ORG)
    with pytest.raises(ValidationError):
        load_settings(None, {}).state = Path("/elsewhere")  # type: ignore[misc] # what is proved


def test_a_profile_is_a_word() -> None:
    with pytest.raises(ConfigurationError, match="must be a word"):
        load_settings("../x", {})
