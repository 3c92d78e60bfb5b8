"""The token endpoint and its companions: revoke and introspect."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from types import MappingProxyType
from typing import Any

from connector.sandbox.context import Sandbox
from connector.sandbox.hosts import instance_url, is_login_host
from connector.sandbox.routing import route
from connector.sandbox.salesforce.credentials import accepts_password, client_credentials, parameters
from connector.sandbox.salesforce.identity import identity_url
from connector.sandbox.salesforce.jwt_bearer import assertion_refusal
from connector.sandbox.sessions import Session, find_session, open_session, session_store
from connector.sandbox.settings_file import replace_setting
from connector.sandbox.wire import Request, Response, json_response

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPE = "pardot_api api"
_NO_STORE = MappingProxyType(
    {
        "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
        "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
        "X-ReadOnlyMode": "false",
    }
)

Form = dict[str, str]


def issue_token(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """POST /services/oauth2/token: a form in, an access token or an OAuth error object out."""
    form = parameters(request)
    match form.get("grant_type"):
        case "client_credentials":
            return _by_client_credentials(request, sandbox, form)
        case "password":
            return _by_password(request, sandbox, form)
        case "refresh_token":
            return _by_refresh_token(request, sandbox, form)
        case grant if grant == JWT_BEARER:
            return _by_assertion(request, sandbox, form)
        case None | "":
            return oauth_error("invalid_request", "grant type is missing")
        case _:
            return oauth_error("unsupported_grant_type", "grant type not supported")


def insist_on_post(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    return oauth_error("invalid_request", "must use HTTP POST")


def oauth_error(error: str, description: str) -> Response:
    """An error of the login service: an object, unlike the REST API's list."""
    return json_response(400, {"error": error, "error_description": description}, headers=_NO_STORE)


def _by_client_credentials(request: Request, sandbox: Sandbox, form: Form) -> Response:
    if is_login_host(request):
        return oauth_error("invalid_grant", "request not supported on this domain")
    refused = _client_refusal(request, sandbox, form)
    if refused:
        return refused
    session = open_session(sandbox, sandbox.config.client_id)
    granted = _granted(request, sandbox, session)
    instance = granted["instance_url"]
    return _success({**granted, "scope": _SCOPE, "api_instance_url": instance})


def _by_password(request: Request, sandbox: Sandbox, form: Form) -> Response:
    refused = _client_refusal(request, sandbox, form)
    if refused:
        return refused
    if not accepts_password(sandbox.config, form.get("username", ""), form.get("password", "")):
        return oauth_error("invalid_grant", "authentication failure")
    return _success(_granted(request, sandbox, open_session(sandbox, sandbox.config.client_id)))


def _by_refresh_token(request: Request, sandbox: Sandbox, form: Form) -> Response:
    # Public clients refresh without a secret; a secret that is sent must be right.
    refused = _client_refusal(request, sandbox, form, secret_needed=False)
    if refused:
        return refused
    held = form.get("refresh_token", "")
    if not held or held != current_refresh_token(sandbox):
        return oauth_error("invalid_grant", "expired access/refresh token")
    session = open_session(sandbox, sandbox.config.client_id)
    granted = {**_granted(request, sandbox, session), "scope": f"refresh_token {_SCOPE}"}
    if sandbox.config.rotate_refresh_token:
        granted["refresh_token"] = _rotate(sandbox)
    return _success(granted)


def _rotate(sandbox: Sandbox) -> str:
    """A new refresh token in place of the old one, which is dead from now on; those who look later find it."""
    token = f"5Aep861{secrets.token_urlsafe(60)}"
    sandbox.open_state["refresh_token"] = token
    replace_setting(sandbox.config.state, "refresh_token", token)
    return token


def _by_assertion(request: Request, sandbox: Sandbox, form: Form) -> Response:
    refused = assertion_refusal(form.get("assertion", ""), request, sandbox, time.time())
    if refused:
        return oauth_error(*refused)
    granted = _granted(request, sandbox, open_session(sandbox, sandbox.config.client_id))
    keys = ("access_token", "instance_url", "id", "token_type")
    return _success({**{key: granted[key] for key in keys}, "scope": _SCOPE})


def current_refresh_token(sandbox: Sandbox) -> str | None:
    """The refresh token that still works: the configured one until it was rotated or revoked."""
    token: str | None = sandbox.open_state.get("refresh_token", sandbox.config.refresh_token)
    return token


def _client_refusal(request: Request, sandbox: Sandbox, form: Form, *, secret_needed: bool = True) -> Response | None:
    client_id, secret = client_credentials(request, form)
    if client_id != sandbox.config.client_id:
        return oauth_error("invalid_client_id", "client identifier invalid")
    if secret != sandbox.config.client_secret and (secret_needed or secret):
        return oauth_error("invalid_client", "invalid client credentials")
    return None


def _granted(request: Request, sandbox: Sandbox, session: Session) -> dict[str, str]:
    """The six keys of a recorded success; there is no `expires_in` among them."""
    identity = identity_url(request, sandbox, session)
    issued_at = str(int(session.opened_at * 1000))
    signed = hmac.new(sandbox.config.client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256)
    return {
        "access_token": session.token,
        "instance_url": instance_url(request, sandbox),
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
        "signature": base64.b64encode(signed.digest()).decode(),
    }


def _success(body: dict[str, str]) -> Response:
    return json_response(200, body, headers=_NO_STORE)


def revoke(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """GET or POST /services/oauth2/revoke: ends an access token, or the refresh token, for everybody."""
    token = parameters(request).get("token", "")
    if token and token == current_refresh_token(sandbox):
        sandbox.open_state["refresh_token"] = None
        return Response(200, headers=_NO_STORE)
    if session_store(sandbox).end(token):
        return Response(200, headers=_NO_STORE)
    return oauth_error("invalid_token", "This token has expired, was revoked, or never existed.")


def introspect(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """POST /services/oauth2/introspect: what a token is, for a client that proves itself."""
    form = parameters(request)
    refused = _client_refusal(request, sandbox, form)
    if refused:
        return refused
    token = form.get("token", "")
    if token and token == current_refresh_token(sandbox):
        return json_response(200, _introspected(sandbox, "refresh_token"), headers=_NO_STORE)
    session = find_session(sandbox, token)
    if session is None:
        return json_response(200, {"active": False}, headers=_NO_STORE)
    body = {
        **_introspected(sandbox, "access_token"),
        "sub": identity_url(request, sandbox, session),
        "iat": int(session.opened_at),
        "nbf": int(session.opened_at),
        "exp": int(session_store(sandbox).expires_at(token)),
    }
    return json_response(200, body, headers=_NO_STORE)


def _introspected(sandbox: Sandbox, token_type: str) -> dict[str, Any]:
    return {
        "active": True,
        "scope": _SCOPE,
        "client_id": sandbox.config.client_id,
        "username": sandbox.config.username,
        "token_type": token_type,
    }


ROUTES = (
    route("POST", "/services/oauth2/token", issue_token),
    route("GET", "/services/oauth2/token", insist_on_post),
    route("POST", "/services/oauth2/revoke", revoke),
    route("GET", "/services/oauth2/revoke", revoke),
    route("POST", "/services/oauth2/introspect", introspect),
)
