"""What clients have asked, for tests and for people who wonder: never with a token or a secret."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any
from urllib.parse import urlencode

from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.wire import Request, Response

_KEPT = 20_000
_SECRET_PARAMETERS = frozenset(
    {
        "access_token",
        "assertion",
        "client_secret",
        "oauth_token",
        "password",
        "refresh_token",
        "token",
    }
)


class RequestLog:
    """The latest requests, numbered from 0; older ones are forgotten."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=kept)
        self._next = 0

    def add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._entries.append({"index": self._next, **entry})
            self._next += 1

    def since(self, index: int) -> dict[str, Any]:
        """The kept requests from `index` on, and the number that the next request will have."""
        with self._lock:
            kept = [entry for entry in self._entries if entry["index"] >= index]
            first = self._entries[0]["index"] if self._entries else self._next
            return {"requests": kept, "next": self._next, "first_kept": first}

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._next = 0


def request_log(sandbox: Sandbox) -> RequestLog:
    """The sandbox's log."""
    log: RequestLog = sandbox.open_state.setdefault("request_log", RequestLog())
    return log


def log_entry(request: Request, response: Response, seconds: float, sandbox: Sandbox) -> dict[str, Any]:
    """One line of the log. `received_at` is real time, `world_time` the world's, both UTC."""
    shown = [(name, "***" if name in _SECRET_PARAMETERS else value) for name, value in request.query]
    return {
        "system": system_of(request.path),
        "method": request.method,
        "path": request.path,
        "query": urlencode(shown, safe="*"),
        "status": response.status,
        "milliseconds": round(seconds * 1000, 1),
        "received_at": request.received_at.isoformat(timespec="milliseconds"),
        "world_time": stamp(sandbox.clock.now()),
        "user_agent": request.headers.get("user-agent"),
        "bytes_in": len(request.body),
    }


def system_of(path: str) -> str:
    """Which of the emulated systems a path belongs to: login, salesforce, account_engagement, sandbox, other."""
    lowered = path.lower()
    for start, system in _SYSTEMS:
        if lowered == start or lowered.startswith(start + "/"):
            return system
    return "other"


_SYSTEMS = (
    ("/services/oauth2", "login"),
    ("/services/soap", "login"),
    ("/id", "login"),
    ("/services", "salesforce"),
    ("/api", "account_engagement"),
    ("/_sandbox", "sandbox"),
)
