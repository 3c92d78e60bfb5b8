"""One call within another: its address, its headers, its answer as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.sandbox.context import Sandbox
from connector.sandbox.http1 import split_target
from connector.sandbox.routing import Route, find_route
from connector.sandbox.salesforce import collections, describe, limits, query, replication, rows
from connector.sandbox.salesforce.refusals import method_not_allowed, not_found
from connector.sandbox.wire import Request, Response

CALLABLE: tuple[Route, ...] = (
    *query.ROUTES,
    *describe.ROUTES,
    *replication.ROUTES,
    *rows.ROUTES,
    *collections.ROUTES,
    *limits.ROUTES,
)


def call(outer: Request, sandbox: Sandbox, method: str, url: str, headers: Mapping[str, str], body: Any) -> Response:
    """The answer to a call on behalf of the outer one, whose login it shares and whose other headers it does not.

    `url` begins with a slash; blanks in it may stand for themselves, as they do in recorded requests.
    """
    path, parameters = split_target(url)
    inner = replace(
        outer,
        method=method,
        path=path,
        query=parameters,
        headers={"authorization": outer.headers.get("authorization", ""), **headers},
        body=b"" if body is None else json.dumps(body).encode(),
    )
    found = find_route(CALLABLE, inner)
    if isinstance(found, set):
        return method_not_allowed(method, found) if found else not_found()
    matched, groups = found
    return matched.handler(inner, sandbox, groups)


def body_of(response: Response) -> Any:
    """The answer's JSON; None where there is no body."""
    return None if isinstance(response.body, Path) or not response.body else json.loads(response.body)
