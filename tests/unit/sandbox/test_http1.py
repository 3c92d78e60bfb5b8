"""HTTP/1.1 as bytes: what is read, what is refused, what is written."""

from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime
from io import BytesIO

import pytest

from connector.sandbox.http1 import (
    BadRequestError,
    encode_response,
    pack,
    read_body,
    read_head,
    split_target,
)
from connector.sandbox.wire import Response

pytestmark = pytest.mark.requirement("SY-1", "SY-2")

NOW = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


def body_of(raw: bytes) -> bytes:
    stream = BytesIO(raw)
    head = read_head(stream)
    assert head is not None
    return read_body(stream, head)


def test_head_joins_repeated_headers_and_ignores_their_case() -> None:
    head = read_head(BytesIO(b"\r\nGET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: a\r\nACCEPT: b\r\n\r\n"))
    assert head is not None
    assert (head.method, head.target, head.headers) == ("GET", "/a?b=c", {"host": "x", "accept": "a, b"})
    assert head.keeps_alive


def test_end_of_the_stream_is_no_request() -> None:
    assert read_head(BytesIO(b"")) is None


@pytest.mark.parametrize(
    ("line", "keeps"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_who_keeps_the_connection(line: bytes, *, keeps: bool) -> None:
    head = read_head(BytesIO(line))
    assert head is not None
    assert head.keeps_alive is keeps


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / SMTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: cut off", 400),
        (b"GET /" + b"a" * 16_384 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 65_536 + b"\r\n\r\n", 431),
    ],
)
def test_unreadable_heads_are_refused(raw: bytes, status: int) -> None:
    with pytest.raises(BadRequestError) as refused:
        read_head(BytesIO(raw))
    assert refused.value.status == status


@pytest.mark.parametrize(
    "raw",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: t\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n" + gzip.compress(b"hello", mtime=0),
        b"POST / HTTP/1.1\r\nContent-Encoding: deflate\r\nContent-Length: 13\r\n\r\n" + zlib.compress(b"hello"),
    ],
)
def test_bodies_arrive_whole(raw: bytes) -> None:
    assert body_of(raw) == b"hello"


def test_chunked_body_leaves_the_next_request_in_place() -> None:
    stream = BytesIO(
        b"POST /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"
    )
    first = read_head(stream)
    assert first is not None
    assert read_body(stream, first) == b"a"
    second = read_head(stream)
    assert second is not None
    assert second.target == "/2"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415),
        (b"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", 400),
        (
            b"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
            + gzip.compress(b"hello", mtime=0)[:20],
            400,
        ),
    ],
)
def test_unreadable_bodies_are_refused(raw: bytes, status: int) -> None:
    with pytest.raises(BadRequestError) as refused:
        body_of(raw)
    assert refused.value.status == status


def test_target_is_decoded_but_for_an_encoded_slash() -> None:
    path, query = split_target("/sobjects/Lead/Ext_Id__c/a%2fb%40c%20d?q=SELECT+Id&q=%2B&empty=")
    assert path == "/sobjects/Lead/Ext_Id__c/a%2Fb@c d"
    assert query == (("q", "SELECT Id"), ("q", "+"), ("empty", ""))
    assert split_target("//services//data")[0] == "/services/data"
    assert split_target("http://host:1/services?url=http://x/")[0] == "/services"
    assert split_target("/services?url=http://x/") == ("/services", (("url", "http://x/"),))


def test_answer_is_one_piece_with_the_worlds_date() -> None:
    response = Response(200, b"hello", {"X-A": "1"})
    piece = encode_response(response, b"hello", length=5, date=NOW, keep_alive=True, packed=False)
    head, _, body = piece.partition(b"\r\n\r\n")
    assert body == b"hello"
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"Date: Thu, 01 Oct 2026 09:00:00 GMT",
        b"X-A: 1",
        b"Content-Type: application/json;charset=UTF-8",
        b"Content-Length: 5",
        b"Connection: keep-alive",
    ]


def test_answer_without_content_names_neither_type_nor_length() -> None:
    piece = encode_response(Response(204), b"", length=0, date=NOW, keep_alive=False, packed=False)
    assert piece.endswith(b"Connection: close\r\n\r\n")
    assert b"Content-" not in piece


def test_only_long_bodies_are_packed_for_those_who_accept() -> None:
    long = b"x" * 2000
    packed = pack(long, "deflate, gzip;q=0.5")
    assert packed is not None
    assert gzip.decompress(packed) == long
    assert pack(b"x", "gzip") is None
    assert pack(long, "") is None
    assert pack(long, "gzip;q=0") is None
