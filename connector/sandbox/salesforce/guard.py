"""What stands before every call of the REST API: the session, the day's allowance, the limit header."""

from __future__ import annotations

from dataclasses import replace

from connector.sandbox.context import Sandbox
from connector.sandbox.salesforce.refusals import refusal
from connector.sandbox.sessions import request_session
from connector.sandbox.usage import calls_today, count_call
from connector.sandbox.wire import Request, Response

_NO_SESSION = ("INVALID_SESSION_ID", "Session expired or invalid")
_NO_CALLS_LEFT = ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def check(request: Request, sandbox: Sandbox) -> Response | None:
    """Refuses a call without a live session (401) or beyond the day's allowance (403); else counts it."""
    if request_session(request, sandbox) is None:
        return refusal(401, *_NO_SESSION)
    if count_call(sandbox, "salesforce") > sandbox.config.daily_api_requests:
        return refusal(403, *_NO_CALLS_LEFT)
    return None


def with_limit_info(response: Response, sandbox: Sandbox) -> Response:
    """The same answer with `Sforce-Limit-Info`; answers without a body carry none on record."""
    if response.status in {204, 304, 401}:
        return response
    usage = f"api-usage={calls_today(sandbox, 'salesforce')}/{sandbox.config.daily_api_requests}"
    return replace(response, headers={**response.headers, "Sforce-Limit-Info": usage})
