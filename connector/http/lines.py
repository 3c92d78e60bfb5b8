"""The connections that are open, so that a stop need not wait for a remote that does not answer."""

from __future__ import annotations

import os
import socket
import threading
import weakref

from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Lines:
    """Every connection of the pools that it was shown, as long as somebody uses them."""

    def __init__(self) -> None:
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._lock = threading.Lock()

    def hang_up(self) -> None:
        """Ends every call on the wire: whoever waits for an answer learns that the connection broke."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _shut(connection)

    def watch(self, manager: PoolManager) -> None:
        """From now on, the connections of a pool manager are known."""
        lines = self

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                lines._add(self)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                lines._add(self)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def _add(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.add(connection)


def _shut(connection: HTTPConnection) -> None:
    """Shuts the socket below: another thread may be reading from the encrypted one, whose state is its own."""
    try:
        if connection.sock is None:
            return
        with socket.socket(fileno=os.dup(connection.sock.fileno())) as below:
            below.shutdown(socket.SHUT_RDWR)
    except (OSError, ValueError):
        # It was closed in the same moment.
        return
