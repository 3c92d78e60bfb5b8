"""Keeps requests out while the world is rebuilt or moved: nobody sees half of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connector.sandbox.context import Sandbox


class Gate:
    """Many may be inside together, or one alone; who wants to be alone goes before newcomers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._alone_wanted = 0
        self._alone = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Inside with others, once nobody is alone or waits to be."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not self._alone_wanted)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside alone, once everybody has left."""
        with self._changed:
            self._alone_wanted += 1
            self._changed.wait_for(lambda: not self._alone and not self._inside)
            self._alone_wanted -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()


def gate_of(sandbox: Sandbox) -> Gate:
    """The one gate of a sandbox, for its requests and for what works in the background."""
    gate: Gate = sandbox.open_state.setdefault("gate", Gate())
    return gate
