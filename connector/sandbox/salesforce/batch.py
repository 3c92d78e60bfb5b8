"""Composite batch: up to 25 calls in one that know nothing of each other; each counts against the day's allowance."""

from __future__ import annotations

from typing import Any

from connector.sandbox.context import Sandbox
from connector.sandbox.routing import route
from connector.sandbox.salesforce.payload import answer, answered, json_object
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.subrequest import body_of, call
from connector.sandbox.usage import count_call
from connector.sandbox.wire import Request, Response

_MOST_CALLS = 25
_HALTED = {
    "statusCode": 412,
    "result": [
        {
            "errorCode": "BATCH_PROCESSING_HALTED",
            "message": "Batch processing halted per request because of a previous request failure",
        }
    ],
}


def batch(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """POST `{"haltOnError", "batchRequests"}`: 200 with one result a call."""
    body = json_object(request)
    calls = body.get("batchRequests")
    if not isinstance(calls, list) or not calls or not all(isinstance(entry, dict) for entry in calls):
        raise RefusedError("REQUIRED_FIELD_MISSING", "Required parameter is missing: batchRequests")
    if len(calls) > _MOST_CALLS:
        message = f"Cannot have more than {_MOST_CALLS} subrequests: there are {len(calls)}"
        raise RefusedError("LIMIT_EXCEEDED", message, None)
    results: list[dict[str, Any]] = []
    has_errors = False
    for entry in calls:
        if has_errors and body.get("haltOnError") is True:
            results.append(_HALTED)
            continue
        result = _taken(request, sandbox, entry)
        has_errors = has_errors or result["statusCode"] >= 400
        results.append(result)
    return answer(request, 200, {"hasErrors": has_errors, "results": results})


def _taken(request: Request, sandbox: Sandbox, entry: dict[str, Any]) -> dict[str, Any]:
    count_call(sandbox, "salesforce")
    url = str(entry.get("url") or "")
    full = url if url.startswith("/") else f"/services/data/{url}"
    response = call(request, sandbox, str(entry.get("method") or "").upper(), full, {}, entry.get("richInput"))
    return {"statusCode": response.status, "result": body_of(response)}


ROUTES = (route("POST", "/services/data/v{version}/composite/batch", answered(batch), "salesforce"),)
