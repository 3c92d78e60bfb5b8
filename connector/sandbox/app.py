"""From a request to its answer: which handler, what stands before it, what is refused in whose words."""

from __future__ import annotations

import sys
import time
import traceback
import uuid
from collections.abc import Sequence
from dataclasses import replace

from connector.sandbox.account_engagement import guard as account_engagement_guard
from connector.sandbox.account_engagement.refusals import CONTENT_TYPE as ACCOUNT_ENGAGEMENT_JSON
from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.context import Sandbox
from connector.sandbox.faults import strikes
from connector.sandbox.gate import gate_of
from connector.sandbox.request_log import log_entry, request_log, system_of
from connector.sandbox.routes import ROUTES
from connector.sandbox.routing import Route, find_route
from connector.sandbox.salesforce import guard as salesforce_guard
from connector.sandbox.salesforce.refusals import method_not_allowed, not_found, refusal
from connector.sandbox.salesforce.versions import version_refusal
from connector.sandbox.wire import Request, Response, json_response

_ALONE = frozenset(
    {
        ("POST", "/_sandbox/reset"),
        ("PUT", "/_sandbox/clock"),
        ("PUT", "/_sandbox/faults"),
        ("DELETE", "/_sandbox/faults"),
    }
)


class App:
    """One sandbox behind one function that threads may call together."""

    def __init__(self, sandbox: Sandbox, routes: Sequence[Route] = ROUTES) -> None:
        self._sandbox = sandbox
        self._routes = tuple(routes)
        self._gate = gate_of(sandbox)

    def answer(self, request: Request) -> Response:
        """The answer to a request, whatever happens; the request log has it afterwards."""
        begun = time.perf_counter()
        alone = (request.method, request.path.rstrip("/").lower()) in _ALONE
        with self._gate.alone() if alone else self._gate.together():
            response = self._safely(request)
        if system_of(request.path) != "sandbox":
            entry = log_entry(request, response, time.perf_counter() - begun, self._sandbox)
            request_log(self._sandbox).add(entry)
        return response

    def _safely(self, request: Request) -> Response:
        try:
            return strikes.answer(request, self._sandbox, self._work)
        except Exception:  # noqa: BLE001 - the last line of defence: a client must get an answer, never a trace
            error_id = uuid.uuid4().hex[:12]
            sys.stderr.write(f"ErrorId {error_id}\n{traceback.format_exc()}")
            return _unexpected(request, error_id)

    def _work(self, request: Request, sandbox: Sandbox) -> Response:
        return dispatch(request, sandbox, self._routes)


def dispatch(request: Request, sandbox: Sandbox, routes: tuple[Route, ...]) -> Response:
    """Finds the route, lets its guard speak first, and calls the handler."""
    refused = version_refusal(request.path)
    if refused is not None:
        return refused
    sought = replace(request, method="GET") if request.method == "HEAD" else request
    found = find_route(routes, sought)
    if isinstance(found, set):
        return _unrouted(request, found)
    matched, groups = found
    if matched.guard == "account_engagement":
        return account_engagement_guard.check(sought, sandbox) or matched.handler(sought, sandbox, groups)
    if matched.guard == "salesforce":
        response = salesforce_guard.check(sought, sandbox) or matched.handler(sought, sandbox, groups)
        return salesforce_guard.with_limit_info(response, sandbox)
    return matched.handler(sought, sandbox, groups)


def _unrouted(request: Request, allowed: set[str]) -> Response:
    if allowed and request.method == "OPTIONS":
        return Response(204, headers={"Allow": ", ".join(sorted({*allowed, "OPTIONS"}))})
    match system_of(request.path):
        case "account_engagement":
            return RefusalError(60 if allowed else 198).response
        case "sandbox":
            return _control_refusal(request, allowed)
        case _:
            return method_not_allowed(request.method, allowed) if allowed else not_found()


def _control_refusal(request: Request, allowed: set[str]) -> Response:
    if allowed:
        names = ", ".join(sorted(allowed))
        return json_response(405, {"error": f"{request.path} takes {names}, not {request.method}."})
    return json_response(404, {"error": f"There is no {request.path} here: see docs/sandbox.md."})


def _unexpected(request: Request, error_id: str) -> Response:
    message = f"An unexpected error occurred. Please include this ErrorId if you contact support: {error_id}"
    if system_of(request.path) == "account_engagement":
        body = {"code": 1, "message": message}
        return json_response(500, body, content_type=ACCOUNT_ENGAGEMENT_JSON)
    return refusal(500, "UNKNOWN_EXCEPTION", message)
