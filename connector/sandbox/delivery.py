"""How an answer's bytes travel when they do not simply arrive."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TURNS_A_SECOND = 20
_LARGEST_PIECE = 1 << 20
_HARD = struct.pack("ii", 1, 0)
"""Linger on, for no time at all: closing sends a reset instead of a farewell."""


@dataclass(frozen=True)
class Delivery:
    """`lost`: the connection is reset in the answer's place. `share`: of the body's bytes, before the end.

    `wait_seconds` (real time) pass before the first byte; `date_offset_seconds` is by how much the Date header is off.
    """

    lost: bool = False
    share: float = 1.0
    wait_seconds: float = 0.0
    bytes_per_second: int | None = None
    date_offset_seconds: float = 0.0


STRAIGHT = Delivery()


def deliver(connection: socket.socket, pieces: Iterable[bytes], head: int, length: int, way: Delivery) -> bool:
    """Sends `pieces`: `head` bytes of head, then a body of `length` bytes; says whether all of them went out."""
    time.sleep(way.wait_seconds)
    if way.lost:
        reset(connection)
        return False
    allowed = head + int(length * way.share)
    for piece in _cut(pieces, allowed):
        _send(connection, piece, way.bytes_per_second)
    return allowed == head + length


def reset(connection: socket.socket) -> None:
    """Makes the connection's end a reset, as when a machine on the way has forgotten it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)


def _send(connection: socket.socket, piece: bytes, bytes_per_second: int | None) -> None:
    if bytes_per_second is None:
        connection.sendall(piece)
        return
    turn = max(1, min(bytes_per_second // _TURNS_A_SECOND, _LARGEST_PIECE))
    for start in range(0, len(piece), turn):
        sent = piece[start : start + turn]
        connection.sendall(sent)
        time.sleep(len(sent) / bytes_per_second)


def _cut(pieces: Iterable[bytes], allowed: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:allowed]
        allowed -= len(piece)
        if allowed <= 0:
            return
