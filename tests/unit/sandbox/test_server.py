"""The listener by itself: files, HEAD, 100-continue, clients that vanish."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.sandbox.server import Listener, PortTakenError
from connector.sandbox.wire import Request, Response

pytestmark = pytest.mark.requirement("SY-1", "SY-2")


@contextmanager
def listening(answer: Callable[[Request], Response]) -> Iterator[Listener]:
    with Listener(0) as listener:
        listener.start(answer, lambda: datetime(2026, 10, 1, tzinfo=UTC))
        try:
            yield listener
        finally:
            listener.stop()


def exchange(listener: Listener, *pieces: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer


def test_file_is_sent_from_disk_in_pieces(tmp_path: Path) -> None:
    content = b"0123456789" * 250_000
    path = tmp_path / "page.csv"
    path.write_bytes(content)
    with listening(lambda _: Response(200, path, content_type="text/csv")) as listener:
        got = exchange(listener, b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
        head = exchange(listener, b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert got.partition(b"\r\n\r\n")[2] == content
    assert b"Content-Length: 2500000" in head
    assert head.endswith(b"\r\n\r\n")


def test_client_that_waits_for_leave_to_send_gets_it() -> None:
    with listening(lambda request: Response(200, request.body)) as listener:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        got = exchange(listener, head, b"hi")
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert got.endswith(b"\r\n\r\nhi")


def test_clients_that_vanish_do_not_disturb_others() -> None:
    with listening(lambda request: Response(200, request.body)) as listener:
        for start in (b"", b"GET", b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"):
            with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
                connection.sendall(start)
        got = exchange(listener, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200 OK")


def test_scheme_and_host_are_those_of_the_client() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    with listening(answer) as listener:
        exchange(listener, b"GET /a%20b?c=1 HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n")
        forwarded = b"X-Forwarded-Proto: https, http\r\nX-Forwarded-Host: front.example\r\n"
        exchange(listener, b"GET / HTTP/1.1\r\nHost: a\r\n" + forwarded + b"Connection: close\r\n\r\n")
    assert [request.origin for request in seen] == ["http://api.example", "https://front.example"]
    assert (seen[0].path, seen[0].query) == ("/a b", (("c", "1"),))


def test_taken_port_is_named() -> None:
    taken = r"Port \d+ on 127.0.0.1 cannot be taken"
    with listening(lambda _: Response(204)) as first, pytest.raises(PortTakenError, match=taken):
        Listener(first.port)
