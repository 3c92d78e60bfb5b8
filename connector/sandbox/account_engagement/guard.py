"""What stands before every call of Account Engagement: headers, calls at once, calls a day.

The order is the documented one: Authorization, business unit, concurrency, the day's allowance.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, replace

from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import Handler
from connector.sandbox.sessions import request_session
from connector.sandbox.usage import calls_today, count_call
from connector.sandbox.wire import Request, Response

CALLS_AT_ONCE = 5
_BUSINESS_UNIT = re.compile(r"0Uv[0-9A-Za-z]{15}")
_HEADER = "Pardot-Business-Unit-Id"


@dataclass
class _InFlight:
    """How many calls are being answered at this moment, by all clients together."""

    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self) -> bool:
        with self.lock:
            if self.count >= CALLS_AT_ONCE:
                return False
            self.count += 1
            return True

    def leave(self) -> None:
        with self.lock:
            self.count -= 1


def check(request: Request, sandbox: Sandbox) -> Response | None:
    """The refusal of a call with wrong headers as it goes out, or None."""
    fault = find_fault(request, sandbox)
    return fault.response if fault else None


def find_fault(request: Request, sandbox: Sandbox) -> RefusalError | None:
    """What is wrong with a call's headers, in the documented order, or None."""
    try:
        _check_authorization(request, sandbox)
        _check_business_unit(request, sandbox)
    except RefusalError as refused:
        return refused
    return None


def metered(handler: Handler) -> Handler:
    """The same handler behind the two allowances, with refusals turned into answers.

    More than five calls at once are refused with 66, more than the day's allowance with 122. With the request
    header X-Return-Api-Usage the answer says `used/max` in x-api-usage.
    """

    def answer(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
        in_flight: _InFlight = sandbox.open_state.setdefault("account_engagement_in_flight", _InFlight())
        if not in_flight.enter():
            return _with_usage(RefusalError(66).response, request, sandbox)
        try:
            response = _within_allowance(handler, request, sandbox, groups)
        finally:
            in_flight.leave()
        return _with_usage(response, request, sandbox)

    return answer


def _within_allowance(handler: Handler, request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    if count_call(sandbox, "account_engagement") > sandbox.config.account_engagement_daily_calls:
        return RefusalError(122).response
    try:
        return handler(request, sandbox, groups)
    except RefusalError as refused:
        return refused.response


def _with_usage(response: Response, request: Request, sandbox: Sandbox) -> Response:
    if "x-return-api-usage" not in request.headers:
        return response
    most = sandbox.config.account_engagement_daily_calls
    used = min(calls_today(sandbox, "account_engagement"), most)
    return replace(response, headers={**response.headers, "x-api-usage": f"{used}/{most}"})


def _check_authorization(request: Request, sandbox: Sandbox) -> None:
    header = request.headers.get("authorization", "").strip()
    if not header or header.lower() == "bearer":
        raise RefusalError(49)
    if header.lower().startswith("pardot "):
        raise RefusalError(199)
    if request_session(request, sandbox) is None:
        raise RefusalError(184)


def _check_business_unit(request: Request, sandbox: Sandbox) -> None:
    unit = request.headers.get(_HEADER.lower(), "").strip()
    if not unit:
        raise RefusalError(181, f"{_HEADER} header not found on request.")
    if unit == sandbox.config.business_unit_id:
        return
    raise RefusalError(201) if _BUSINESS_UNIT.fullmatch(unit) else RefusalError(182, _HEADER)
