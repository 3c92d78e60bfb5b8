"""What goes over the wire, before any system gives it meaning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connector.sandbox.delivery import Delivery

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True)
class Request:
    """One request, with its body already de-chunked and un-gzipped.

    `path` is percent-decoded except for an encoded slash; `query` keeps order and repeats; header names are
    lower-case. `scheme` and `host` are those that the client used: X-Forwarded-Proto and -Host win.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    scheme: str
    host: str
    received_at: datetime

    @property
    def origin(self) -> str:
        """Scheme and host, for absolute URLs in answers."""
        return f"{self.scheme}://{self.host}"

    def parameter(self, name: str, default: str | None = None) -> str | None:
        """The first query parameter of that name."""
        return next((value for key, value in self.query if key == name), default)


@dataclass(frozen=True)
class Response:
    """One answer. A `Path` as body is sent from disk without being read into memory."""

    status: int
    body: bytes | Path = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = JSON
    delivery: Delivery | None = None
    """How its bytes travel, when something is wrong with the way; None stands for a straight one."""


def json_response(
    status: int,
    value: Any,
    *,
    pretty: bool = False,
    headers: Mapping[str, str] | None = None,
    content_type: str = JSON,
) -> Response:
    """`value` as JSON: compact, or with Salesforce's ` : ` when X-PrettyPrint asks for it."""
    text = (
        json.dumps(value, ensure_ascii=False, indent=2, separators=(",", " : "))
        if pretty
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )
    return Response(status, text.encode(), headers or {}, content_type)
