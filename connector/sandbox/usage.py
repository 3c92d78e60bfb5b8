"""How many calls each emulated system has answered today."""

from __future__ import annotations

import threading

from connector.sandbox.context import Sandbox

_LOCK = threading.Lock()


def count_call(sandbox: Sandbox, system: str, count: int = 1) -> int:
    """Counts a call of `salesforce` or `account_engagement`, or so many of what else has a daily allowance.

    Answers today's count, this one included.

    A day is one of the world's in UTC. The real allowance rolls over 24 hours, which a client cannot tell.
    """
    today = sandbox.clock.now().date()
    with _LOCK:
        if sandbox.open_state.get("usage_day") != today:
            sandbox.open_state["usage_day"] = today
            sandbox.usage.clear()
        sandbox.usage[system] = sandbox.usage.get(system, 0) + count
        return sandbox.usage[system]


def calls_today(sandbox: Sandbox, system: str) -> int:
    """How many calls of a system were counted today."""
    with _LOCK:
        if sandbox.open_state.get("usage_day") != sandbox.clock.now().date():
            return 0
        return sandbox.usage.get(system, 0)
