"""Which API versions there are, and what each offers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from connector.sandbox.context import ORG_ID, Sandbox
from connector.sandbox.hosts import instance_url
from connector.sandbox.routing import route
from connector.sandbox.salesforce.refusals import not_found, refusal
from connector.sandbox.sessions import request_session
from connector.sandbox.wire import Request, Response, json_response

OLDEST, NEWEST = 31, 67
_OLDEST_RETIRED = 21
_SEASONS = ("Summer", "Winter", "Spring")
_IN_PATH = re.compile(r"/services/data/v([^/]*)", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,3})\.0")
_RESOURCES = ("composite", "limits", "query", "queryAll", "sobjects")


def version_refusal(path: str) -> Response | None:
    """The refusal of a REST path whose version does not exist (404) or was retired (410); None for others."""
    match = _IN_PATH.match(path)
    if match is None:
        return None
    number = _NUMBER.fullmatch(match[1])
    if number is None or not _OLDEST_RETIRED <= int(number[1]) <= NEWEST:
        return not_found()
    if int(number[1]) < OLDEST:
        return refusal(410, "UNSUPPORTED_API_VERSION", "The requested API version is no longer supported.")
    return None


def label(version: int) -> str:
    """The release that brought a version: three a year, counted from Summer '14 for 31."""
    season, year = _SEASONS[(version - OLDEST) % 3], 14 + (version - OLDEST + 2) // 3
    return f"{season} '{year}"


def list_versions(request: Request, sandbox: Sandbox, groups: Mapping[str, str]) -> Response:  # noqa: ARG001 - handler
    """GET /services/data, for anybody."""
    versions = [
        {"label": label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]
    return json_response(200, versions, pretty="x-prettyprint" in request.headers)


def list_resources(request: Request, sandbox: Sandbox, groups: Mapping[str, str]) -> Response:
    """GET /services/data/vXX.0: the resources that this sandbox serves."""
    session = request_session(request, sandbox)
    user_id = session.user_id if session else ""
    start = f"/services/data/v{groups['version']}"
    resources = {name: f"{start}/{name}" for name in _RESOURCES}
    resources["identity"] = f"{instance_url(request, sandbox)}/id/{ORG_ID}/{user_id}"
    return json_response(200, resources, pretty="x-prettyprint" in request.headers)


ROUTES = (
    route("GET", "/services/data", list_versions),
    route("GET", r"/services/data/v{version}", list_resources, "salesforce"),
)
