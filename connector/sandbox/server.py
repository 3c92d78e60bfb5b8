"""The sandbox's listeners on loopback: connections in, requests to one function, answers out."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

from connector.sandbox.delivery import STRAIGHT, deliver
from connector.sandbox.http1 import (
    BadRequestError,
    Head,
    encode_response,
    pack,
    read_body,
    read_head,
    split_target,
)
from connector.sandbox.wire import Request, Response

LOOPBACK = "127.0.0.1"
_IDLE_SECONDS = 300
_FILE_PIECE = 1 << 20
_DRAIN_SECONDS = 1
_DRAIN_PIECES = 64
_END_OF_HEAD = b"\r\n\r\n"

Answer = Callable[[Request], Response]
Clock = Callable[[], datetime]


class PortTakenError(Exception):
    """The port that was asked for cannot be had."""


class Listener(socketserver.ThreadingTCPServer):
    """One port, plain or TLS, taken at once and answering from `start` on; a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    answer: Answer
    clock: Clock

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        super().__init__((LOOPBACK, port), _Connection, bind_and_activate=False)
        try:
            self.server_bind()
        except OSError as error:
            self.server_close()
            message = f"Port {port} on {LOOPBACK} cannot be taken: {error.strerror}."
            raise PortTakenError(message) from None

    @property
    def port(self) -> int:
        """The port in use, which the system chose when 0 was asked for."""
        return int(self.server_address[1])

    @property
    def scheme(self) -> str:
        return "https" if self.context else "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{LOOPBACK}:{self.port}"

    def start(self, answer: Answer, clock: Clock) -> None:
        """Accepts connections in a thread of its own until `stop`.

        `answer` must never raise. `clock` gives the instant for the Date header: the world's, so that a
        client lives in the world's time.
        """
        self.answer = answer
        self.clock = clock
        self.server_activate()
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def stop(self) -> None:
        """Accepts no more connections."""
        self.shutdown()


class _Connection(socketserver.BaseRequestHandler):
    """One connection, its requests one after the other."""

    server: Listener
    request: socket.socket

    def handle(self) -> None:
        # A client may vanish at any moment: between requests, within one, in the middle of the handshake.
        with contextlib.suppress(OSError):
            connection = self._secured()
            connection.settimeout(_IDLE_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, connection.makefile("rb", buffering=1 << 16) as stream:
                # Typeshed's BufferedReader is a BinaryIO in all that is used here.
                while self._exchange(connection, cast(BinaryIO, stream)):
                    pass

    def _secured(self) -> socket.socket:
        if self.server.context is None:
            return self.request
        # In this thread, so that a slow handshake keeps nobody else waiting.
        self.request.settimeout(_IDLE_SECONDS)
        return self.server.context.wrap_socket(self.request, server_side=True)

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """One request and its answer; says whether the connection can be used again.

        This is the one place between a request's arrival and its answer's leaving.
        """
        try:
            head = read_head(stream)
            if head is None:
                return False
            if head.awaits_continue:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            request = _request(head, read_body(stream, head), self.server.scheme)
        except BadRequestError as error:
            self._deliver(connection, _unreadable(error), None)
            _drain(connection)
            return False
        response = self.server.answer(request)
        return self._deliver(connection, response, head) and head.keeps_alive

    def _deliver(self, connection: socket.socket, response: Response, head: Head | None) -> bool:
        """Sends an answer; says whether it went out whole. `head` is None when the request could not be read."""
        way = response.delivery or STRAIGHT
        wants_body = head is None or head.method != "HEAD"
        path = response.body if isinstance(response.body, Path) else None
        raw = b"" if isinstance(response.body, Path) else response.body
        packed = pack(raw, head.headers.get("accept-encoding", "")) if head else None
        body = packed or raw
        length = path.stat().st_size if path else len(body)
        start = encode_response(
            response,
            body if wants_body else b"",
            length=length,
            date=self.server.clock() + timedelta(seconds=way.date_offset_seconds),
            keep_alive=head is not None and head.keeps_alive,
            packed=packed is not None,
        )
        pieces = _pieces(start, path if wants_body else None)
        if response.delivery is not None:
            sent = length if wants_body else 0
            return deliver(connection, pieces, start.index(_END_OF_HEAD) + len(_END_OF_HEAD), sent, way)
        for piece in pieces:
            connection.sendall(piece)
        return True


def _pieces(start: bytes, path: Path | None) -> Iterator[bytes]:
    """What goes out: the start, and after it the file."""
    if path is None:
        yield start
        return
    with path.open("rb") as stream:
        yield start + stream.read(_FILE_PIECE)
        while piece := stream.read(_FILE_PIECE):
            yield piece


def _request(head: Head, body: bytes, scheme: str) -> Request:
    path, query = split_target(head.target)
    headers = head.headers
    return Request(
        method=head.method.upper(),
        path=path,
        query=query,
        headers=headers,
        body=body,
        scheme=_first(headers.get("x-forwarded-proto")) or scheme,
        host=_first(headers.get("x-forwarded-host")) or headers.get("host", LOOPBACK),
        received_at=datetime.now(UTC),
    )


def _drain(connection: socket.socket) -> None:
    """Takes in what the client still sends: closing over unread bytes would tear the answer away from it."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_DRAIN_SECONDS)
    for _ in range(_DRAIN_PIECES):
        if not connection.recv(1 << 16):
            return


def _first(values: str | None) -> str:
    """The first of a list that proxies have lengthened: the one nearest to the client."""
    return (values or "").partition(",")[0].strip()


def _unreadable(error: BadRequestError) -> Response:
    return Response(error.status, f"{error}\n".encode(), content_type="text/plain;charset=UTF-8")
