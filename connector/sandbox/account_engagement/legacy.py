"""API versions 3 and 4: refused, but in their own shape, which is an error inside HTTP 200."""

from __future__ import annotations

from xml.sax.saxutils import escape

from connector.sandbox.account_engagement import guard
from connector.sandbox.account_engagement.refusals import RefusalError, answer
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import Route, route
from connector.sandbox.wire import Request, Response

_PATH = "/api/{object}/version/[34](/.*)?"


def _refuse(request: Request, sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    """The header checks first, then 22: XML unless `format=json` asks for JSON."""
    refused = guard.find_fault(request, sandbox) or RefusalError(22, "The sandbox answers version 5 only.")
    if (request.parameter("format") or "").lower() == "json":
        attributes = {"stat": "fail", "version": 1, "err_code": refused.code}
        return answer(200, {"@attributes": attributes, "err": refused.text})
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rsp stat="fail" version="1.0">'
        f'<err code="{refused.code}">{escape(refused.text)}</err></rsp>'
    )
    return Response(200, text.encode(), content_type="application/xml")


ROUTES: tuple[Route, ...] = tuple(route(method, _PATH, _refuse) for method in ("GET", "POST", "PATCH", "DELETE"))
