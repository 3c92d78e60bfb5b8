"""The world's clock: it runs from a chosen instant, can be moved, and can be frozen."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class WorldClock:
    """Tells the time of the emulated world. Tokens and certificates use real time instead."""

    def __init__(self, start: datetime, *, frozen: bool = False) -> None:
        self._lock = threading.Lock()
        self._base = start.astimezone(UTC)
        self._since = time.monotonic()
        self._frozen = frozen

    @property
    def frozen(self) -> bool:
        return self._frozen

    def now(self) -> datetime:
        """The world's time in UTC, whole seconds as Salesforce stamps them."""
        with self._lock:
            return self._now().replace(microsecond=0)

    def set(self, instant: datetime | None = None, *, frozen: bool | None = None) -> datetime:
        """Moves the clock to `instant` and freezes or releases it; what is None stays. Answers the time."""
        with self._lock:
            self._base = self._now() if instant is None else instant.astimezone(UTC)
            self._since = time.monotonic()
            self._frozen = self._frozen if frozen is None else frozen
            return self._now().replace(microsecond=0)

    def _now(self) -> datetime:
        if self._frozen:
            return self._base
        return self._base + timedelta(seconds=time.monotonic() - self._since)


def stamp(instant: datetime) -> str:
    """An instant as the database holds it: UTC text with milliseconds and Z, which sorts as time does."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def instant(stamp_text: str) -> datetime:
    """The instant of a database stamp."""
    return datetime.strptime(stamp_text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
