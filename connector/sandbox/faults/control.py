"""The control plane's calls that schedule faults."""

from __future__ import annotations

import json
from typing import Any

from connector.sandbox.context import Sandbox
from connector.sandbox.faults.document import DocumentError, read_plan
from connector.sandbox.faults.model import Plan
from connector.sandbox.faults.register import FaultRegister, fault_register
from connector.sandbox.faults.scheduling import schedule
from connector.sandbox.routing import route
from connector.sandbox.wire import Request, Response, json_response


def show(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET faults: the document in force, each fault with `matched` and `fired`; empty without faults."""
    return json_response(200, _shown(fault_register(sandbox)))


def put(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """PUT faults `{"faults": [{"kind", …}], "seed": n}`: these and no others from now on, counted from the start."""
    try:
        register = schedule(sandbox, read_plan(_document(request)))
    except DocumentError as error:
        return json_response(400, {"error": str(error)})
    return json_response(200, _shown(register))


def clear(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """DELETE faults: nothing fails any more."""
    return json_response(200, _shown(schedule(sandbox, Plan())))


def _document(request: Request) -> Any:
    try:
        return json.loads(request.body) if request.body.strip() else {}
    except ValueError:
        raise DocumentError("The body is not JSON.") from None


def _shown(register: FaultRegister | None) -> dict[str, Any]:
    return {} if register is None else register.shown()


ROUTES = (
    route("GET", "/_sandbox/faults", show),
    route("PUT", "/_sandbox/faults", put),
    route("DELETE", "/_sandbox/faults", clear),
)
