"""Being asked to stop: noticed while waiting, between pages, between batches and between steps."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Protocol

from connector.errors import StoppedError

PATIENCE = 2.0
"""Seconds that a call on the wire is given to end by itself after a stop was asked for."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping(Protocol):
    """What a cycle asks of whatever may stop it; the first two raise StoppedError when somebody has asked to stop."""

    def check(self) -> None: ...

    def sleep(self, seconds: float) -> None: ...

    def hanging_up(self, hang_up: Callable[[], None]) -> AbstractContextManager[None]: ...


class StopFlag:
    """Raised once, never lowered. A pipe and no threading.Event: a signal may come while the event's lock is held."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._asked = False

    @property
    def asked(self) -> bool:
        return self._asked

    def ask(self) -> None:
        """Asks to stop; safe in a signal handler."""
        self._asked = True
        os.write(self._write, b".")

    def wait(self, seconds: float) -> bool:
        """Waits so long, or until somebody asks to stop. Whether that is so."""
        if not self._asked:
            select.select([self._read], [], [], max(seconds, 0.0))
        return self._asked

    def sleep(self, seconds: float) -> None:
        """Waits so long. StoppedError as soon as somebody asks to stop."""
        self.wait(seconds)
        self.check()

    def check(self) -> None:
        """StoppedError when somebody has asked to stop."""
        if self._asked:
            raise StoppedError("Stopped. What was merged is kept; the next run goes on from there.")

    @contextmanager
    def hanging_up(self, hang_up: Callable[[], None]) -> Iterator[None]:
        """Within the block, calls on the wire are ended when a stop has not been noticed after a few seconds.

        A remote may take two minutes to answer, and nothing else ends that wait. What was sent counts as unknown then,
        as whenever an answer is lost.
        """
        ended, end = os.pipe()

        def watch() -> None:
            asked, _, _ = select.select([self._read, ended], [], [])
            if ended not in asked and not select.select([ended], [], [], PATIENCE)[0]:
                hang_up()

        thread = threading.Thread(target=watch, name="hanging-up", daemon=True)
        thread.start()
        try:
            yield
        finally:
            os.write(end, b".")
            thread.join()
            os.close(ended)
            os.close(end)

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


@contextmanager
def stop_on_signals() -> Iterator[StopFlag]:
    """A flag that the first SIGTERM or SIGINT raises. The second one ends the process at once."""
    flag = StopFlag()

    def asked(number: int, _frame: FrameType | None) -> None:
        if flag.asked:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        flag.ask()

    before = {number: signal.signal(number, asked) for number in _SIGNALS}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        flag.close()
