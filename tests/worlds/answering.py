"""A moment at which a process may die: the sandbox has answered a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from connector.sandbox.request_log import RequestLog


@contextmanager
def answering(seen: Callable[[], None]) -> Iterator[None]:
    """Within it `seen` is called after each request that the sandbox has answered."""
    add = RequestLog.add

    def seeing(log: RequestLog, entry: dict[str, Any]) -> None:
        add(log, entry)
        seen()

    with patch.object(RequestLog, "add", seeing):
        yield
