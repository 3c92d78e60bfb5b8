"""The JWT bearer flow's assertion: who signed it, for whom, and whether it still holds."""

from __future__ import annotations

from typing import Any

import jwt
from jwt.types import Options

from connector.sandbox.context import Sandbox
from connector.sandbox.hosts import LOGIN_HOSTS
from connector.sandbox.wire import Request

_LEEWAY_SECONDS = 180
_SIGNATURE_ONLY: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False}

Refused = tuple[str, str]


def assertion_refusal(assertion: str, request: Request, sandbox: Sandbox, now: float) -> Refused | None:
    """Why the assertion does not log in, as (error, error_description); None when it does.

    `now` is real time in seconds since 1970. `exp` may be a number or text of one, and may lie a little in
    the past: clients in use send the present second.
    """
    try:
        claims = jwt.decode(
            assertion, sandbox.open_state["jwt_public_key"], algorithms=["RS256"], options=_SIGNATURE_ONLY
        )
    except jwt.InvalidTokenError:
        return "invalid_grant", "invalid assertion"
    if claims.get("iss") != sandbox.config.client_id:
        return "invalid_client_id", "client identifier invalid"
    if not _audiences(claims.get("aud")) & _known_audiences(request, sandbox):
        return "invalid_grant", "audience is invalid"
    expiry = _seconds(claims.get("exp"))
    if expiry is None or expiry + _LEEWAY_SECONDS < now:
        return "invalid_grant", "expired authorization code"
    if str(claims.get("sub", "")).lower() != sandbox.config.username.lower():
        return "invalid_grant", "user hasn't approved this consumer"
    return None


def _known_audiences(request: Request, sandbox: Sandbox) -> set[str]:
    hosts = {*LOGIN_HOSTS, sandbox.config.my_domain}
    return {request.origin, *(f"https://{host}" for host in hosts)}


def _audiences(claim: Any) -> set[str]:
    values = claim if isinstance(claim, list) else [claim]
    texts = {value.rstrip("/") for value in values if isinstance(value, str)}
    return {text.removesuffix("/services/oauth2/token") for text in texts}


def _seconds(claim: Any) -> float | None:
    if isinstance(claim, bool) or not isinstance(claim, int | float | str):
        return None
    try:
        return float(claim)
    except ValueError:
        return None
