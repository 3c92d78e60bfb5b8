"""API versions 3 and 4: what version 5 lacks, the criteria of a prospect's profile. All else is refused.

Errors come in their own shape, inside HTTP 200. An account whose addresses are unique, as the sandbox's are, speaks
version 3; one that allows several prospects with one address speaks version 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from connector.sandbox.account_engagement import guard, profiles, records
from connector.sandbox.account_engagement.refusals import RefusalError, answer
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import Handler, Route, route
from connector.sandbox.wire import Request, Response

_CRITERION = re.compile(r"profile_criteria_(\d{1,18})")
_PATH = "/api/{object}/version/[34](/.*)?"
_PROSPECT = "/api/prospect/version/(?P<version>[34])/do/"
GONE = 109
_SPOKEN = "3"

_OnProspect = Callable[[Request, Sandbox, ObjectDef, int], Mapping[str, Any]]


def _update(request: Request, sandbox: Sandbox, definition: ObjectDef, number: int) -> Mapping[str, Any]:
    """`profile_criteria_ID=match|nomatch|unknown`, in the body or the query; 22 for what else could be changed."""
    given: dict[int, str] = {}
    for name, value in (*request.query, *parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)):
        found = _CRITERION.fullmatch(name)
        if found:
            given[int(found[1])] = value
        elif name != "format":
            raise RefusalError(22, f"The sandbox changes criteria of profiles only, not {name}.")
    with records.writing(request, sandbox, definition) as writing:
        prospect = writing.live(number, refuse=3)
        grade = profiles.set_matches(writing.connection, prospect, given)
        if grade != prospect["grade"]:
            writing.update(number, {"grade": grade})
        return _shown(writing, number)


def _read(request: Request, sandbox: Sandbox, definition: ObjectDef, number: int) -> Mapping[str, Any]:
    with records.writing(request, sandbox, definition) as writing:
        writing.live(number, refuse=3)
        return _shown(writing, number)


def _shown(writing: records.Writing, number: int) -> Mapping[str, Any]:
    row = records.find(writing.connection, writing.definition, number)
    known = {name: row[name] for name in ("id", "email", "score", "grade")}
    return {"prospect": {**known, "profile": profiles.shown(writing.connection, row)}}


def _handler(act: _OnProspect) -> Handler:
    """What does something to one prospect, in the version that the account speaks. Counted as every other call."""

    def within(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
        try:
            found = _found(act, request, sandbox, groups)
        except RefusalError as refused:
            return _refused(request, refused)
        return answer(200, {"@attributes": {"stat": "ok", "version": 1}, **found})

    return guard.metered(within)


def _found(act: _OnProspect, request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Mapping[str, Any]:
    definition = sandbox.account_engagement.object("prospects")
    _check_headers(request, sandbox)
    if groups["version"] != _SPOKEN:
        raise RefusalError(89)
    if definition is None or not groups["id"].isdigit():
        raise RefusalError(3)
    try:
        return act(request, sandbox, definition, int(groups["id"]))
    except RefusalError as refused:
        if refused.code == GONE:
            raise RefusalError(3) from None
        raise


def _check_headers(request: Request, sandbox: Sandbox) -> None:
    fault = guard.find_fault(request, sandbox)
    if fault is not None:
        raise fault


def _refuse(request: Request, sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    """The header checks first, then 22."""
    refused = guard.find_fault(request, sandbox) or RefusalError(22, "The sandbox answers version 5 only.")
    return _refused(request, refused)


def _refused(request: Request, refused: RefusalError) -> Response:
    """XML unless `format=json` asks for JSON."""
    if (request.parameter("format") or "").lower() == "json":
        attributes = {"stat": "fail", "version": 1, "err_code": refused.code}
        return answer(200, {"@attributes": attributes, "err": refused.text})
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rsp stat="fail" version="1.0">'
        f'<err code="{refused.code}">{escape(refused.text)}</err></rsp>'
    )
    return Response(200, text.encode(), content_type="application/xml")


ROUTES: tuple[Route, ...] = (
    *(route(method, f"{_PROSPECT}update/id/{{id}}", _handler(_update)) for method in ("POST", "PATCH")),
    *(route(method, f"{_PROSPECT}read/id/{{id}}", _handler(_read)) for method in ("GET", "POST")),
    *(route(method, _PATH, _refuse) for method in ("GET", "POST", "PATCH", "DELETE")),
)
