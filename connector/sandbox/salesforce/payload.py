"""What the handlers of the REST API share: reading a request's JSON, answering in JSON, refusing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import wraps
from typing import Any

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import Handler
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.sessions import request_session
from connector.sandbox.soql import SoqlError
from connector.sandbox.wire import Request, Response, json_response

RESOURCE_MISSING = "The requested resource does not exist"


def answer(request: Request, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON, pretty when the request asks for that."""
    return json_response(status, value, pretty="x-prettyprint" in request.headers, headers=headers)


def answered(handler: Handler) -> Handler:
    """The handler with what it refuses answered as Salesforce's error array."""

    @wraps(handler)
    def guarded(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
        try:
            return handler(request, sandbox, groups)
        except RefusedError as refusal:
            return answer(request, refusal.status, [refusal.as_error()])
        except SoqlError as error:
            return answer(request, 400, [{"message": error.message, "errorCode": error.code}])

    return guarded


def document(request: Request) -> Any:
    """The body's JSON. Raises RefusedError when it is none."""
    try:
        found = json.loads(request.body)
        if rb"\ud" in request.body.lower():
            json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except ValueError as error:
        place = f" at [line:{error.lineno}, column:{error.colno}]" if isinstance(error, json.JSONDecodeError) else ""
        raise RefusedError("JSON_PARSER_ERROR", f"Unexpected character or end-of-input{place}", None) from None
    return found


def json_object(request: Request) -> dict[str, Any]:
    """The body's JSON object; an empty body is an empty one."""
    found = document(request) if request.body.strip() else {}
    if not isinstance(found, dict):
        raise RefusedError("JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object", None)
    return found


def definition_of(sandbox: Sandbox, name: str) -> ObjectDef:
    """The object of that name in a path. Raises RefusedError (404) when there is none."""
    found = sandbox.salesforce.object(name)
    if found is None:
        raise RefusedError("NOT_FOUND", RESOURCE_MISSING, None)
    return found


def user_of(request: Request, sandbox: Sandbox) -> str:
    """The id of the user whose session the request carries."""
    session = request_session(request, sandbox)
    if session is None:
        raise RefusedError("INVALID_SESSION_ID", "Session expired or invalid", None, status=401)
    return session.user_id


def auto_assigns(request: Request) -> bool:
    """What Sforce-Auto-Assign says; without it assignment rules run."""
    return request.headers.get("sforce-auto-assign", "true").strip().lower() != "false"


def resource(groups: Mapping[str, str], *parts: str) -> str:
    """The path of a resource under the API version that was called."""
    return "/".join((f"/services/data/v{groups['version']}", *parts))
