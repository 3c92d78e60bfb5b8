"""Answers in the place of the work: the refusals that have nothing to do with what was asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

from connector.sandbox.account_engagement import refusals as account_engagement
from connector.sandbox.context import Sandbox
from connector.sandbox.delivery import Delivery
from connector.sandbox.faults.model import Fault
from connector.sandbox.faults.register import FaultRegister
from connector.sandbox.request_log import system_of
from connector.sandbox.salesforce.refusals import refusal
from connector.sandbox.sessions import bearer_token, request_session, session_store
from connector.sandbox.wire import Request, Response

HTML = "text/html; charset=UTF-8"
_NOT_FOR_REST = "This session is not valid for use with the REST API"
_CONCURRENT = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
_NEXT_PAGE = re.compile(r"/services/data/v[\d.]+/query(?:All)?/(\w+)-\d+/?", re.IGNORECASE)
_RESULTS = re.compile(r"/services/data/v[\d.]+/jobs/query/(\w+)/results/?", re.IGNORECASE)
_TIMEOUTS: Mapping[int, tuple[int, str]] = MappingProxyType(
    {202: (429, "Minute rate limit met"), 214: (504, "API request timed out")}
)
"""The HTTP statuses are not documented: these go with the words."""

Act = Callable[[Fault, Request, Sandbox, FaultRegister], Response | None]


def instead_of_work(fault: Fault, request: Request, sandbox: Sandbox, register: FaultRegister) -> Response | None:
    """What a fault answers; None when it only prepared that the work itself refuses."""
    return _ACTS[fault.kind](fault, request, sandbox, register)


def can_strike(fault: Fault, request: Request, sandbox: Sandbox) -> bool:
    """Whether a kind has anything to strike in a call that its system, method and path allow.

    Limits come after the session's check in the real systems; pages end only where one is asked for.
    """
    match fault.kind:
        case "locator_expiry" | "token_expiry":
            return page_asked_for(request) is not None and request_session(request, sandbox) is not None
        case "session_expired":
            expires_for_rest = fault.parameters["expiry"] or system_of(request.path) == "salesforce"
            return expires_for_rest and request_session(request, sandbox) is not None
        case "request_limit" | "concurrency" | "daily_limit" | "not_permitted" | "timeout_code":
            return request_session(request, sandbox) is not None
        case _:
            return True


def page_asked_for(request: Request) -> str | None:
    """The locator or page token by which a call asks for a further page."""
    match = _NEXT_PAGE.fullmatch(request.path)
    if match is not None:
        return match[1]
    results = _RESULTS.fullmatch(request.path)
    if results is not None:
        locator = request.parameter("locator")
        return None if locator is None else f"{results[1]}:{locator}"
    return request.parameter("nextPageToken") if system_of(request.path) == "account_engagement" else None


def page_ended(request: Request) -> Response:
    """The refusal of a page whose locator or token has expired."""
    if system_of(request.path) == "account_engagement":
        return account_engagement.RefusalError(210).response
    return refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")


def _expire_session(fault: Fault, request: Request, sandbox: Sandbox, _register: FaultRegister) -> Response | None:
    if not fault.parameters["expiry"]:
        return refusal(401, "INVALID_SESSION_ID", _NOT_FOR_REST)
    session_store(sandbox).end(bearer_token(request) or "")
    return None


def _use_up_the_day(_fault: Fault, _request: Request, sandbox: Sandbox, _register: FaultRegister) -> Response:
    most = sandbox.config.daily_api_requests
    refused = refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    return Response(403, refused.body, {"Sforce-Limit-Info": f"api-usage={most}/{most}"})


def _too_many_at_once(_fault: Fault, request: Request, _sandbox: Sandbox, _register: FaultRegister) -> Response:
    if system_of(request.path) == "account_engagement":
        return account_engagement.RefusalError(66).response
    return refusal(403, "REQUEST_LIMIT_EXCEEDED", _CONCURRENT)


def _no_calls_left(_fault: Fault, _request: Request, _sandbox: Sandbox, _register: FaultRegister) -> Response:
    return account_engagement.RefusalError(122).response


def _forbid(_fault: Fault, _request: Request, _sandbox: Sandbox, _register: FaultRegister) -> Response:
    return account_engagement.RefusalError(46).response


def _break_down(fault: Fault, _request: Request, _sandbox: Sandbox, _register: FaultRegister) -> Response:
    status = HTTPStatus(fault.parameters["status"])
    title = f"{status.value} {status.phrase}"
    page = f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n</body>\n</html>\n"
    return Response(status, page.encode(), content_type=HTML)


def _time_out(fault: Fault, _request: Request, _sandbox: Sandbox, _register: FaultRegister) -> Response:
    code = fault.parameters["code"]
    status, text = _TIMEOUTS[code]
    return account_engagement.answer(status, {"code": code, "message": text})


def _end_page(_fault: Fault, request: Request, _sandbox: Sandbox, register: FaultRegister) -> Response:
    register.end_page(page_asked_for(request) or "")
    return page_ended(request)


def _reset(_fault: Fault, _request: Request, _sandbox: Sandbox, _register: FaultRegister) -> Response:
    return Response(0, delivery=Delivery(lost=True))


_ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "session_expired": _expire_session,
        "request_limit": _use_up_the_day,
        "concurrency": _too_many_at_once,
        "daily_limit": _no_calls_left,
        "not_permitted": _forbid,
        "server_error": _break_down,
        "timeout_code": _time_out,
        "locator_expiry": _end_page,
        "token_expiry": _end_page,
        "reset_before": _reset,
    }
)
