"""Signing in by three flows, renewing once, keeping a rotated token, and saying why a login was refused."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import pytest
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from connector.errors import ConfigurationError, ConnectorError, RetryError, StopError
from connector.http.auth import JWT_GRANT, AccessToken, audience, grant_form, login_refused
from connector.http.kept_token import KeptToken
from connector.http.session import open_session
from tests.unit.remote_settings import BASE, TOKEN_URL, URL, settings_for, token_body

pytestmark = pytest.mark.requirement("OP-4", "OP-3")

EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
LIMITS = f"{BASE}/limits/"


@pytest.fixture
def remote() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def forms(remote: responses.RequestsMock) -> list[dict[str, str]]:
    """The token requests' forms, in order."""
    bodies = [str(call.request.body) for call in remote.calls if call.request.url == TOKEN_URL]
    return [{name: values[0] for name, values in parse_qs(body).items()} for body in bodies]


def test_client_credentials_are_sent_in_the_body_and_the_token_in_the_header(
    remote: responses.RequestsMock, tmp_path: Path
) -> None:
    remote.post(TOKEN_URL, json=token_body())
    remote.get(LIMITS, json={})
    session = open_session(settings_for(tmp_path))
    session.get(LIMITS, headers={"Authorization": "Bearer of a library below"})
    session.get(LIMITS)
    assert forms(remote) == [
        {"grant_type": "client_credentials", "client_id": "client", "client_secret": "a-client-secret"}
    ]
    assert [call.request.headers.get("Authorization") for call in remote.calls] == [
        None,
        "Bearer token-1",
        "Bearer token-1",
    ]


def test_an_assertion_is_signed_and_short_lived(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    settings = settings_for(
        tmp_path, salesforce_auth="jwt", salesforce_username="u@example.com", salesforce_jwt_key=pem.decode()
    )
    form = grant_form(settings.salesforce(), None, 1_000_000)
    claims = jwt.decode(
        form["assertion"],
        key.public_key(),
        algorithms=["RS256"],
        audience="https://login.salesforce.com",
        options={"verify_exp": False},
    )
    assert form["grant_type"] == JWT_GRANT
    assert (claims["iss"], claims["sub"]) == ("client", "u@example.com")
    assert 0 < claims["exp"] - 1_000_000 <= 180


@pytest.mark.parametrize("key", ["not a key", "-----BEGIN PRIVATE " + "KEY-----\nMII\n-----END PRIVATE " + "KEY-----"])
def test_a_key_that_is_none_names_its_variable(tmp_path: Path, key: str) -> None:
    settings = settings_for(tmp_path, salesforce_auth="jwt", salesforce_username="u", salesforce_jwt_key=key)
    with pytest.raises(ConfigurationError, match=r"^CONNECTOR_SALESFORCE_JWT_KEY_FILE does not hold") as caught:
        grant_form(settings.salesforce(), None, 0)
    assert "MII" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://vendor.my.salesforce.com", "https://login.salesforce.com"),
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://vendor--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://x.scratch.my.salesforce.com", "https://test.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
    ],
)
def test_whom_an_assertion_is_for(url: str, expected: str) -> None:
    assert audience(url) == expected


def test_an_expired_token_is_renewed_once_and_the_call_goes_through(
    remote: responses.RequestsMock, tmp_path: Path
) -> None:
    remote.post(TOKEN_URL, json=token_body("token-1"))
    remote.post(TOKEN_URL, json=token_body("token-2"))
    remote.get(LIMITS, json=EXPIRED, status=401)
    remote.get(LIMITS, json={"ok": True})
    answer = open_session(settings_for(tmp_path)).get(LIMITS)
    assert answer.json() == {"ok": True}
    assert remote.calls[-1].request.headers["Authorization"] == "Bearer token-2"


def test_a_token_that_is_refused_for_good_is_renewed_only_once(remote: responses.RequestsMock, tmp_path: Path) -> None:
    remote.post(TOKEN_URL, json=token_body())
    remote.get(LIMITS, json=EXPIRED, status=401)
    answer = open_session(settings_for(tmp_path)).get(LIMITS)
    assert answer.status_code == 401
    assert len(forms(remote)) == 2
    assert len(remote.calls) == 4


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, [{"errorCode": "INVALID_SESSION_ID", "message": "This session is not valid for use with the REST API"}]),
        (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Connected app is not attached to Agent"}]),
        (401, {"code": 49, "message": "Access Denied"}),
        (401, "no JSON"),
        (401, []),
        (403, EXPIRED),
    ],
)
def test_what_a_new_token_would_not_mend_is_left_alone(
    remote: responses.RequestsMock, tmp_path: Path, status: int, body: object
) -> None:
    remote.post(TOKEN_URL, json=token_body())
    remote.get(LIMITS, body=body if isinstance(body, str) else json.dumps(body), status=status)
    assert open_session(settings_for(tmp_path)).get(LIMITS).status_code == status
    assert len(forms(remote)) == 1


def test_account_engagements_word_for_an_expired_token(remote: responses.RequestsMock, tmp_path: Path) -> None:
    other = "https://pi.pardot.example/api/v5/objects/account"
    remote.post(TOKEN_URL, json=token_body("token-1"))
    remote.post(TOKEN_URL, json=token_body("token-2"))
    remote.get(other, json={"code": 184, "message": "access_token is invalid, unknown, or malformed"}, status=401)
    remote.get(other, json={"id": 1})
    assert open_session(settings_for(tmp_path)).get(other).json() == {"id": 1}


def test_a_rotated_refresh_token_is_kept_and_used_by_the_next_run(
    remote: responses.RequestsMock, tmp_path: Path
) -> None:
    remote.post(TOKEN_URL, json={**token_body(), "refresh_token": "rotated-1"})
    remote.post(TOKEN_URL, json={**token_body(), "refresh_token": "rotated-2"})
    remote.post(TOKEN_URL, json=token_body())
    remote.get(LIMITS, json={})
    settings = settings_for(tmp_path, salesforce_refresh_token="configured")
    for _run in range(3):
        open_session(settings).get(LIMITS)
    assert [form["refresh_token"] for form in forms(remote)] == ["configured", "rotated-1", "rotated-2"]
    file = tmp_path / "default.refresh-token.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["default.refresh-token.json"]
    newly = settings_for(tmp_path, salesforce_refresh_token="configured anew")
    open_session(newly).get(LIMITS)
    assert forms(remote)[-1]["refresh_token"] == "configured anew"


def test_a_rotated_token_that_cannot_be_kept_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(StopError, match="make the state folder writable"):
        KeptToken(tmp_path / "state" / "refresh-token.json").keep(SecretStr("old"), SecretStr("new"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"from": "other", "refresh_token": "x"}'])
def test_a_kept_token_of_another_origin_is_not_used(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    assert KeptToken(tmp_path / "token").current(SecretStr("mine")) == SecretStr("mine")


@pytest.mark.parametrize(
    ("changes", "body", "advice"),
    [
        (
            {},
            {"error": "invalid_client", "error_description": "invalid client credentials"},
            "Check CONNECTOR_SALESFORCE_CLIENT_SECRET",
        ),
        (
            {},
            {"error": "invalid_client_id", "error_description": "client identifier invalid"},
            "Check CONNECTOR_SALESFORCE_CLIENT_ID.",
        ),
        (
            {},
            {"error": "invalid_grant", "error_description": "request not supported on this domain"},
            "Set CONNECTOR_SALESFORCE_URL to the org's My Domain host",
        ),
        (
            {"salesforce_refresh_token": "r"},
            {"error": "invalid_grant", "error_description": "expired access/refresh token"},
            "Check CONNECTOR_SALESFORCE_REFRESH_TOKEN",
        ),
        ({"profile": "emea"}, {"error": "invalid_client_id"}, "Check CONNECTOR_EMEA_SALESFORCE_CLIENT_ID."),
        ({}, {"error": "something_new"}, "Check CONNECTOR_SALESFORCE_URL and the app's settings"),
        ({}, {}, "no error code"),
    ],
)
def test_a_refused_login_names_the_variable_to_look_at(
    tmp_path: Path, changes: Mapping[str, object], body: Mapping[str, object], advice: str
) -> None:
    error = login_refused(settings_for(tmp_path, **changes).salesforce(), 400, body)
    assert isinstance(error, ConfigurationError)
    assert str(error).startswith("Salesforce at example.my.salesforce.com refused the login (400, ")
    assert advice in str(error)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"json": {"error": "rate_limit_exceeded"}, "status": 400}, RetryError),
        ({"body": "<html>maintenance</html>", "status": 503}, RetryError),
        ({"body": "", "status": 200}, RetryError),
        ({"json": {"error": "inactive_org"}, "status": 400}, ConfigurationError),
        ({"json": [], "status": 200}, ConfigurationError),
    ],
)
def test_odd_answers_of_the_token_endpoint(
    remote: responses.RequestsMock, tmp_path: Path, answer: dict[str, object], expected: type[ConnectorError]
) -> None:
    remote.post(TOKEN_URL, **answer)  # type: ignore[arg-type] # parametrized
    with pytest.raises(expected):
        open_session(settings_for(tmp_path)).get(LIMITS)


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(AccessToken("secret", URL))
