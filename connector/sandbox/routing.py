"""Which handler answers which path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from connector.sandbox.context import Sandbox
from connector.sandbox.wire import Request, Response

Handler = Callable[[Request, Sandbox, dict[str, str]], Response]
Guard = Literal["open", "salesforce", "account_engagement"]


@dataclass(frozen=True)
class Route:
    """A method, a path, and who answers. The handler gets the pattern's named groups.

    `guard` says what stands before the handler: nothing, Salesforce's session check with its API count and
    limit header, or Account Engagement's header checks in their documented order. Patterns match the whole
    path without a trailing slash, ignoring case.
    """

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    guard: Guard = "open"


def route(method: str, pattern: str, handler: Handler, guard: Guard = "open") -> Route:
    """A route from a path pattern in which `{name}` stands for one path segment."""
    expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return Route(method, re.compile(expression, re.IGNORECASE), handler, guard)


def find_route(routes: tuple[Route, ...], request: Request) -> tuple[Route, dict[str, str]] | set[str]:
    """The route for a request and its path groups, or the methods that the path would allow (maybe none)."""
    path = request.path.rstrip("/") or "/"
    allowed = set()
    for candidate in routes:
        match = candidate.pattern.fullmatch(path)
        if match is None:
            continue
        if candidate.method == request.method:
            return candidate, match.groupdict()
        allowed.add(candidate.method)
    return allowed
