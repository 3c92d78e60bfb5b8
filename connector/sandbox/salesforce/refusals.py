"""Salesforce's refusals outside of queries and changes: always a list of one error."""

from __future__ import annotations

from connector.sandbox.wire import Response, json_response


def refusal(status: int, code: str, message: str) -> Response:
    """An error body as Salesforce's REST API writes it: `[{"message", "errorCode"}]`."""
    return json_response(status, [{"message": message, "errorCode": code}])


def not_found() -> Response:
    return refusal(404, "NOT_FOUND", "The requested resource does not exist")


def method_not_allowed(method: str, allowed: set[str]) -> Response:
    names = ",".join(sorted(allowed))
    message = f"HTTP Method '{method}' not allowed. Allowed are {names}"
    refused = refusal(405, "METHOD_NOT_ALLOWED", message)
    return Response(refused.status, refused.body, {"Allow": names})
