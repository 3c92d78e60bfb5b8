"""Every way to log in, and every recorded refusal, over the wire."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox_process import SandboxProcess, running_sandbox

pytestmark = pytest.mark.requirement("SY-1", "OP-4")

TOKEN = "/services/oauth2/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def post(sandbox: SandboxProcess, path: str, form: dict[str, Any], **options: Any) -> requests.Response:
    return requests.post(sandbox.url + path, form, timeout=30, **options)


def client(sandbox: SandboxProcess) -> dict[str, str]:
    return {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}


def assertion(sandbox: SandboxProcess, key: Any = None, **claims: Any) -> str:
    known = {
        "iss": sandbox.client_id,
        "sub": sandbox.username,
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
    }
    return jwt.encode({**known, **claims}, key or Path(sandbox.jwt_key_file).read_bytes(), algorithm="RS256")


def by_assertion(sandbox: SandboxProcess, signed: str) -> requests.Response:
    return post(sandbox, TOKEN, {"grant_type": JWT_BEARER, "assertion": signed})


def works(sandbox: SandboxProcess, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{sandbox.url}/services/data/v62.0", headers=headers, timeout=30).status_code == 200


def test_client_credentials_from_the_body_and_from_a_basic_header(sandbox: SandboxProcess) -> None:
    form = {"grant_type": "client_credentials"}
    in_body = post(sandbox, TOKEN, {**form, **client(sandbox)})
    in_header = post(sandbox, TOKEN, form, auth=(sandbox.client_id, sandbox.client_secret))
    for answer in (in_body, in_header):
        assert answer.status_code == 200
        body = answer.json()
        assert body["token_type"] == "Bearer"
        assert body["instance_url"] == sandbox.url
        assert body["id"].startswith(f"{sandbox.url}/id/00D")
        assert "expires_in" not in body
        assert works(sandbox, body["access_token"])
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Sforce-Limit-Info" not in answer.headers


def test_client_credentials_are_refused_on_the_login_hosts(sandbox: SandboxProcess) -> None:
    form = {"grant_type": "client_credentials", **client(sandbox)}
    answer = post(sandbox, TOKEN, form, headers={"Host": "login.salesforce.com"})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "request not supported on this domain",
    }


@pytest.mark.parametrize("expires", [lambda now: str(now + 180), lambda now: now], ids=["text", "this second"])
def test_jwt_bearer_takes_expiry_as_text_and_as_this_very_second(
    sandbox: SandboxProcess, expires: Callable[[int], object]
) -> None:
    expiry = expires(int(time.time()))
    answer = by_assertion(sandbox, assertion(sandbox, exp=expiry))
    assert answer.status_code == 200
    assert sorted(answer.json()) == ["access_token", "id", "instance_url", "scope", "token_type"]
    assert works(sandbox, answer.json()["access_token"])


@pytest.mark.parametrize(
    "audience", ["https://login.salesforce.com", "https://test.salesforce.com/", "my domain", "origin"]
)
def test_jwt_bearer_takes_each_documented_audience(sandbox: SandboxProcess, audience: str) -> None:
    own = {"my domain": f"https://{sandbox.my_domain}", "origin": sandbox.url}
    assert by_assertion(sandbox, assertion(sandbox, aud=own.get(audience, audience))).status_code == 200


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"aud": "https://elsewhere.example"}, "invalid_grant", "audience is invalid"),
        ({"iss": "somebody"}, "invalid_client_id", "client identifier invalid"),
        ({"sub": "nobody@vendor.example"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"exp": 1_000_000_000}, "invalid_grant", "expired authorization code"),
        ({"exp": "soon"}, "invalid_grant", "expired authorization code"),
    ],
)
def test_jwt_bearer_refuses_wrong_claims(
    sandbox: SandboxProcess, claims: dict[str, Any], error: str, description: str
) -> None:
    answer = by_assertion(sandbox, assertion(sandbox, **claims))
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_jwt_bearer_refuses_another_key_and_what_is_no_assertion(sandbox: SandboxProcess) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for signed in (assertion(sandbox, other), "not.an.assertion", ""):
        answer = by_assertion(sandbox, signed)
        assert (answer.status_code, answer.json()["error_description"]) == (400, "invalid assertion")


@pytest.mark.parametrize("with_security_token", [False, True])
def test_password_flow_also_from_the_query_string_of_a_post(
    sandbox: SandboxProcess, *, with_security_token: bool
) -> None:
    password = sandbox.password + (sandbox.security_token if with_security_token else "")
    form = {"grant_type": "password", "username": sandbox.username, "password": password, **client(sandbox)}
    in_body = post(sandbox, TOKEN, form)
    in_query = requests.post(sandbox.url + TOKEN, params=form, timeout=30)
    for answer in (in_body, in_query):
        assert answer.status_code == 200
        keys = ["access_token", "id", "instance_url", "issued_at", "signature", "token_type"]
        assert sorted(answer.json()) == keys
        assert works(sandbox, answer.json()["access_token"])


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"password": "wrong"}, "invalid_grant", "authentication failure"),
        ({"client_id": "wrong"}, "invalid_client_id", "client identifier invalid"),
        ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
        ({"grant_type": "carrier_pigeon"}, "unsupported_grant_type", "grant type not supported"),
        ({"grant_type": ""}, "invalid_request", "grant type is missing"),
    ],
)
def test_token_endpoint_refuses_in_the_recorded_words(
    sandbox: SandboxProcess, changes: dict[str, str], error: str, description: str
) -> None:
    form = {
        "grant_type": "password",
        "username": sandbox.username,
        "password": sandbox.password,
        **client(sandbox),
    }
    answer = post(sandbox, TOKEN, {**form, **changes})
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_refresh_token_without_rotation_works_again_and_again(sandbox: SandboxProcess) -> None:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": sandbox.refresh_token,
        "client_id": sandbox.client_id,
    }
    for _ in range(2):
        answer = post(sandbox, TOKEN, form)
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()
        assert works(sandbox, answer.json()["access_token"])
    refused = post(sandbox, TOKEN, {**form, "refresh_token": "stale"})
    assert refused.json() == {
        "error": "invalid_grant",
        "error_description": "expired access/refresh token",
    }


def test_rotation_ends_the_old_refresh_token_and_env_shows_the_new_one(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--people", "0", "--rotate-refresh-token") as sandbox:
        form = {"grant_type": "refresh_token", **client(sandbox), "refresh_token": sandbox.refresh_token}
        fresh = post(sandbox, TOKEN, form).json()["refresh_token"]
        assert fresh != sandbox.refresh_token
        assert post(sandbox, TOKEN, form).json()["error_description"] == "expired access/refresh token"
        assert f'"refresh_token": "{fresh}"' in (sandbox.state / "sandbox.json").read_text()
        assert post(sandbox, TOKEN, {**form, "refresh_token": fresh}).status_code == 200


def test_revoked_token_is_dead_for_everybody(sandbox: SandboxProcess) -> None:
    token = sandbox.token()
    assert works(sandbox, token)
    assert post(sandbox, "/services/oauth2/revoke", {"token": token}).status_code == 200
    headers = {"Authorization": f"Bearer {token}"}
    refused = requests.get(f"{sandbox.url}/services/data/v62.0", headers=headers, timeout=30)
    assert refused.status_code == 401
    assert refused.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert post(sandbox, "/services/oauth2/revoke", {"token": token}).status_code == 400


def test_session_ends_after_its_idle_time(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--people", "0", "--session-seconds", "1") as sandbox:
        token = sandbox.token()
        assert works(sandbox, token)
        time.sleep(1.2)
        assert not works(sandbox, token)


def test_introspect_tells_a_live_token_from_a_dead_one(sandbox: SandboxProcess) -> None:
    token = sandbox.token()
    auth = (sandbox.client_id, sandbox.client_secret)
    live = post(sandbox, "/services/oauth2/introspect", {"token": token}, auth=auth).json()
    assert live["active"] is True
    assert (live["username"], live["client_id"]) == (sandbox.username, sandbox.client_id)
    assert live["exp"] > time.time()
    dead = post(sandbox, "/services/oauth2/introspect", {"token": "x", **client(sandbox)})
    assert dead.json() == {"active": False}
    stranger = post(sandbox, "/services/oauth2/introspect", {"token": token})
    assert stranger.status_code == 400


def test_userinfo_and_identity_speak_of_the_same_user(sandbox: SandboxProcess) -> None:
    form = {"grant_type": "client_credentials", **client(sandbox)}
    granted = post(sandbox, TOKEN, form).json()
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    info = requests.get(f"{sandbox.url}/services/oauth2/userinfo", headers=headers, timeout=30).json()
    parameters = {"format": "json", "oauth_token": granted["access_token"]}
    identity = requests.get(granted["id"], params=parameters, timeout=30).json()
    assert info["sub"] == identity["id"] == granted["id"]
    assert info["user_id"] == identity["user_id"]
    assert info["preferred_username"] == identity["username"] == sandbox.username
    assert len(info) == 23


def test_identity_refuses_a_bad_token_in_plain_words(sandbox: SandboxProcess) -> None:
    answer = requests.get(f"{sandbox.url}/services/oauth2/userinfo?oauth_token=bad", timeout=30)
    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")


def soap(sandbox: SandboxProcess, version: str, body: str, **headers: str) -> requests.Response:
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:partner.soap.sforce.com">'
        f"{body}</e:Envelope>"
    )
    sent = {"Content-Type": "text/xml", "SOAPAction": '""', **headers}
    return requests.post(f"{sandbox.url}/services/Soap/u/{version}", envelope, headers=sent, timeout=30)


def soap_login(sandbox: SandboxProcess, version: str, password: str, **headers: str) -> requests.Response:
    names = f"<u:username>{sandbox.username}</u:username><u:password>{password}</u:password>"
    return soap(sandbox, version, f"<e:Body><u:login>{names}</u:login></e:Body>", **headers)


def test_soap_login_gives_a_session_and_logout_ends_it(sandbox: SandboxProcess) -> None:
    answer = soap_login(sandbox, "59.0", sandbox.password + sandbox.security_token)
    assert answer.status_code == 200
    assert f"<serverUrl>{sandbox.url}/services/Soap/u/59.0/00D" in answer.text
    token = answer.text.partition("<sessionId>")[2].partition("</sessionId>")[0]
    assert works(sandbox, token)
    header = f"<e:Header><u:SessionHeader><u:sessionId>{token}</u:sessionId></u:SessionHeader></e:Header>"
    who = soap(sandbox, "66.0", f"{header}<e:Body><u:getUserInfo/></e:Body>")
    assert f"<userName>{sandbox.username}</userName>" in who.text
    assert f"<organizationName>{sandbox.truth('Organization')[0]['Name']}</organizationName>" in who.text
    assert soap(sandbox, "59.0", f"{header}<e:Body><u:logout/></e:Body>").status_code == 200
    assert not works(sandbox, token)
    again = soap(sandbox, "59.0", f"{header}<e:Body><u:logout/></e:Body>")
    assert again.status_code == 500
    assert "<sf:exceptionCode>INVALID_SESSION_ID</sf:exceptionCode>" in again.text


def test_soap_login_on_the_login_host_points_to_my_domain(sandbox: SandboxProcess) -> None:
    answer = soap_login(sandbox, "59.0", sandbox.password, Host="login.salesforce.com")
    assert f"<serverUrl>https://{sandbox.my_domain}/services/Soap/u/59.0/" in answer.text


def test_soap_login_refuses_a_wrong_password_and_ends_with_version_65(sandbox: SandboxProcess) -> None:
    wrong = soap_login(sandbox, "59.0", "wrong")
    assert wrong.status_code == 500
    assert "<faultcode>sf:INVALID_LOGIN</faultcode>" in wrong.text
    assert "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>" in wrong.text
    assert soap_login(sandbox, "64.0", sandbox.password).status_code == 200
    late = soap_login(sandbox, "65.0", sandbox.password)
    assert (late.status_code, "UNSUPPORTED_API_VERSION" in late.text) == (500, True)


def test_urls_in_answers_come_from_the_host_that_the_client_used(sandbox: SandboxProcess) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "front.example:8443"}
    form = {"grant_type": "client_credentials", **client(sandbox)}
    granted = post(sandbox, TOKEN, form, headers=headers).json()
    assert granted["instance_url"] == "https://front.example:8443"
    assert granted["id"].startswith("https://front.example:8443/id/")
