"""Signing in: one token of the Salesforce org, which Account Engagement takes as well.

Three grants: client credentials, JWT bearer, refresh token. The header is set here and nowhere else, so that it
does not matter what a library below puts there. A token that is refused as expired is renewed once a call
(`session.RemoteSession`); the refusals that a new token would not mend are left as they are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jwt
import requests
from pydantic import SecretStr

from connector.errors import ConfigurationError, ConnectorError, RetryError
from connector.http.kept_token import KeptToken
from connector.http.outcome import Answer, from_answer, from_exception, of_status, where
from connector.redaction import redact
from connector.settings import SalesforceAccess

JWT_SECONDS = 170
"""Salesforce takes assertions that end at most three minutes ahead."""

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

# 401s with INVALID_SESSION_ID that a new token meets again: renewing on them would never end.
_NOT_EXPIRED = ("not valid for use with the REST API", "not attached to Agent")
_ACCOUNT_ENGAGEMENT_BAD_TOKEN = 184


@dataclass(frozen=True)
class AccessToken:
    """A token and the origin of the org that it opens, such as https://example.my.salesforce.com."""

    value: str = field(repr=False)
    instance_url: str


class TokenSource:
    """The current token; asks for one when there is none or when it was refused. Safe between threads."""

    def __init__(
        self,
        session: requests.Session,
        access: SalesforceAccess,
        kept: KeptToken,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` is the real time in seconds since 1970: assertions live by it, not by the org's clock."""
        self._session = session
        self._access = access
        self._kept = kept
        self._clock = clock
        self._token: AccessToken | None = None
        self._lock = threading.Lock()

    def token(self) -> AccessToken:
        """The token. ConfigurationError when the login is refused, RetryError when nobody answers."""
        with self._lock:
            if self._token is None:
                self._token = self._ask()
            return self._token

    def renew(self, refused: str) -> None:
        """Forgets the token if it still is the refused one: another thread may have renewed it already."""
        with self._lock:
            if self._token is not None and self._token.value == refused:
                self._token = None

    def _ask(self) -> AccessToken:
        access = self._access
        remote = where("Salesforce", access.url)
        form = grant_form(access, self._kept.current(access.refresh_token), int(self._clock()))
        try:
            response = self._session.post(
                f"{access.url}/services/oauth2/token",
                data=dict(form),
                headers={"Accept": "application/json"},
                auth=_without_token,
            )
            body = response.json()
        except requests.exceptions.JSONDecodeError:
            raise from_answer(Answer(remote, response.status_code), of_status(response.status_code), "read") from None
        except requests.RequestException as error:
            raise from_exception(remote, error, "read") from None
        if response.status_code != 200 or not isinstance(body, dict) or "access_token" not in body:
            raise login_refused(access, response.status_code, body if isinstance(body, dict) else {})
        rotated = body.get("refresh_token")
        if access.flow == "refresh_token" and rotated and access.refresh_token is not None:
            self._kept.keep(access.refresh_token, SecretStr(rotated))
        return AccessToken(body["access_token"], str(body.get("instance_url") or access.url).rstrip("/"))


class BearerAuth(requests.auth.AuthBase):
    """Sets the Authorization header of every call to the current token."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._source.token().value}"
        return request

    def renew_after(self, response: requests.Response) -> bool:
        """True when the answer refuses the token as expired and the next call will carry a new one."""
        if not token_expired(response):
            return False
        self._source.renew(response.request.headers.get("Authorization", "").removeprefix("Bearer "))
        return True

    def token(self) -> AccessToken:
        """The current token."""
        return self._source.token()


def token_expired(response: requests.Response) -> bool:
    """Whether an answer says that the token has ended, in the words of either remote."""
    if response.status_code != 401:
        return False
    try:
        body = response.json()
    except requests.exceptions.RequestException:
        return False
    if isinstance(body, dict):
        return body.get("code") == _ACCOUNT_ENGAGEMENT_BAD_TOKEN
    first = body[0] if isinstance(body, list) and body and isinstance(body[0], dict) else {}
    message = str(first.get("message", ""))
    return first.get("errorCode") == "INVALID_SESSION_ID" and not any(text in message for text in _NOT_EXPIRED)


def grant_form(access: SalesforceAccess, refresh_token: SecretStr | None, now: int) -> Mapping[str, str]:
    """The form that asks for a token. `now`: seconds since 1970. ConfigurationError when the key is no RSA key."""
    client = {"client_id": access.client_id}
    secret = {"client_secret": access.client_secret.get_secret_value()} if access.client_secret else {}
    if access.flow == "client_credentials":
        return {"grant_type": "client_credentials", **client, **secret}
    if access.flow == "refresh_token":
        token = refresh_token.get_secret_value() if refresh_token else ""
        return {"grant_type": "refresh_token", "refresh_token": token, **client, **secret}
    return {"grant_type": JWT_GRANT, "assertion": _assertion(access, now)}


def _assertion(access: SalesforceAccess, now: int) -> str:
    claims = {
        "iss": access.client_id,
        "sub": access.username,
        "aud": audience(access.url),
        "exp": now + JWT_SECONDS,
    }
    key = access.jwt_key.get_secret_value() if access.jwt_key else ""
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError):
        raise ConfigurationError(
            f"{access.variable('jwt_key_file')} does not hold an unencrypted RSA private key in PEM form: give the "
            "key that belongs to the certificate of the app in the org."
        ) from None


def audience(url: str) -> str:
    """Whom an assertion is for: the login host of production, or that of sandboxes and scratch orgs."""
    of_sandboxes = any(part in url for part in (".sandbox.my.", ".scratch.my.", "//test.salesforce.com"))
    return "https://test.salesforce.com" if of_sandboxes else "https://login.salesforce.com"


# error, part of its description ("" = any), flow (None = any), what to do; the first that fits counts.
_ADVICE: tuple[tuple[str, str, str | None, str], ...] = (
    ("invalid_client_id", "", None, "Check {client_id}."),
    ("invalid_client", "identifier", None, "Check {client_id}."),
    ("invalid_client", "", None, "Check {client_secret} (and that it belongs to {client_id})."),
    ("invalid_grant", "not supported on this domain", None, "Set {url} to the org's My Domain host."),
    ("invalid_grant", "no client credentials user", None, "Choose a Run As user for the app in the org's setup."),
    ("invalid_grant", "hasn't approved", None, "Let an admin approve the app for {username} in the org's setup."),
    ("invalid_grant", "audience", None, "Check {url}: production and sandboxes have different login hosts."),
    ("invalid_grant", "", "refresh_token", "Check {refresh_token}: get a new one if it was revoked or has ended."),
    ("invalid_grant", "", "jwt", "Check {username} and {jwt_key_file}, and that the app knows the key's certificate."),
    ("invalid_grant", "", None, "Check {client_id} and {client_secret}, and the app's Run As user."),
    ("unsupported_grant_type", "", None, "Enable this flow for the app in the org, or choose another by {auth}."),
    ("invalid_app_access", "", None, "Let an admin allow the app for the integration user in the org's setup."),
    ("inactive_user", "", None, "Activate the integration user in the org."),
    ("inactive_org", "", None, "The org is not active: check {url}."),
)  # fmt: skip


def login_refused(access: SalesforceAccess, status: int, body: Mapping[str, object]) -> ConnectorError:
    """The error for a refused login: the remote's own words, and which variable to look at."""
    error, description = str(body.get("error") or "no error code"), str(body.get("error_description") or "")
    words = redact(f"{error}: {description}" if description else error)
    sentence = f"{where('Salesforce', access.url)} refused the login ({status}, {words})."
    if status >= 500 or status in {420, 429} or error == "rate_limit_exceeded":
        return RetryError(f"{sentence} It should pass: run the command again later.")
    fields = ("url", "auth", "client_id", "client_secret", "username", "jwt_key_file", "refresh_token")
    names = {name: access.variable(name) for name in fields}
    advice = next(
        (
            text.format(**names)
            for code, part, flow, text in _ADVICE
            if code == error and part.lower() in description.lower() and flow in {None, access.flow}
        ),
        f"Check {names['url']} and the app's settings in the org.",
    )
    return ConfigurationError(f"{sentence} {advice}")


def _without_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # Named, so that requests neither adds the session's token nor looks for one in ~/.netrc.
    return request
