"""How many calls a run may still make, and what the org says it has used today."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connector.errors import StopError

_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)")

UNMETERED = "unmetered"
"""What the orgs do not count: logins and the list of API versions."""


@dataclass(frozen=True)
class Usage:
    """An org's API calls in its rolling day."""

    used: int
    allowed: int


def usage_in(header: str) -> Usage | None:
    """The org-wide part of Sforce-Limit-Info: "api-usage=18/5000; per-app-api-usage=17/250(appName=x)"."""
    found = _USAGE.search(header)
    return Usage(int(found[1]), int(found[2])) if found else None


class CallBudget:
    """Counts every exchange with a remote, and refuses the one beyond `limit` before it is made.

    `limit`: calls that count against the org's day and that this run may make in all; None: no limit of ours.
    `before`: called before every exchange; what it raises ends the call before anything was sent.
    """

    def __init__(self, limit: int | None = None, before: Callable[[], None] = lambda: None) -> None:
        self.limit = limit
        self._before = before
        self._calls: Counter[str] = Counter()
        self._usage: Usage | None = None
        self._lock = threading.Lock()

    @property
    def calls(self) -> Mapping[str, int]:
        """Calls made so far, by remote; those that no org counts are left out."""
        with self._lock:
            return {remote: calls for remote, calls in self._calls.items() if remote != UNMETERED}

    @property
    def usage(self) -> Usage | None:
        """The highest usage that the org has told of: consecutive answers may count a little backwards."""
        return self._usage

    def spend(self, remote: str) -> None:
        """Takes one call. StopError when none is left."""
        self._before()
        with self._lock:
            metered = self._calls.total() - self._calls[UNMETERED]
            if self.limit is not None and remote != UNMETERED and metered >= self.limit:
                raise StopError(
                    f"The budget of {self.limit} API calls is used up: what is done is kept, the rest waits for the "
                    "next run. Raise the budget, or run again when the org's day allows more.",
                    "CALL_BUDGET",
                )
            self._calls[remote] += 1

    def heard(self, limit_info: str) -> None:
        """Takes note of a Sforce-Limit-Info header."""
        seen = usage_in(limit_info)
        with self._lock:
            known = self._usage
            if seen and (known is None or seen.used > known.used or seen.used < known.used // 2):
                # Far below what we know is a new day, not noise.
                self._usage = seen
