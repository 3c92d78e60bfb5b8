"""HTTP/1.1 as bytes: requests read from a stream, answers written as one piece. No sockets, no meaning."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import parse_qsl, unquote

from connector.sandbox.wire import Response

MAX_TARGET = 16_384
MAX_HEADERS = 65_536
MAX_BODY = 256 * 1024 * 1024
_GZIP_FROM = 1024
_ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)
_ABSOLUTE = re.compile("https?://", re.IGNORECASE)
_SLASHES = re.compile("//+")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class BadRequestError(Exception):
    """A request that cannot be read; the connection is of no use afterwards."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Head:
    """Request line and headers; header names in lower case, repeats joined by a comma."""

    method: str
    target: str
    version: str
    headers: Mapping[str, str]

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to use the connection again."""
        wish = self.headers.get("connection", "").lower()
        return "close" not in wish and (self.version != "HTTP/1.0" or "keep-alive" in wish)

    @property
    def awaits_continue(self) -> bool:
        return self.headers.get("expect", "").lower() == "100-continue"


def read_head(stream: BinaryIO) -> Head | None:
    """The next request's head; None when the client has closed the connection.

    Raises BadRequestError: 400 for what is no HTTP, 414 for a target over 16 KiB, 431 for headers over
    64 KiB.
    """
    line = stream.readline(MAX_TARGET + 64)
    while line in {b"\r\n", b"\n"}:
        line = stream.readline(MAX_TARGET + 64)
    if not line:
        return None
    words = line.decode("latin-1").split()
    if not line.endswith(b"\n") or any(len(word) > MAX_TARGET for word in words):
        raise BadRequestError(414, "The request's URI is longer than 16,384 bytes.")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not _TOKEN.fullmatch(words[0]):
        raise BadRequestError(400, "The request line is not one of HTTP/1.1.")
    return Head(words[0], words[1], words[2], _read_headers(stream))


def read_body(stream: BinaryIO, head: Head) -> bytes:
    """The body that follows a head, joined from chunks and unpacked from gzip or deflate."""
    if "chunked" in head.headers.get("transfer-encoding", "").lower():
        raw = _read_chunks(stream)
    else:
        length = head.headers.get("content-length", "0")
        if not length.isdecimal():
            raise BadRequestError(400, "Content-Length is not a number.")
        raw = _read_exactly(stream, _allowed(int(length)))
    encoding = head.headers.get("content-encoding", "identity").strip().lower()
    return raw if encoding in {"", "identity"} else _unpack(raw, encoding)


def split_target(target: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A request target as the path and the query's pairs in order.

    The path is decoded but for an encoded slash, and repeated slashes count as one.
    """
    if _ABSOLUTE.match(target):
        target = "/" + target.partition("://")[2].partition("/")[2]
    raw_path, _, raw_query = target.partition("#")[0].partition("?")
    # Clients append their paths to an instance URL that ends with a slash.
    single = _SLASHES.sub("/", raw_path)
    path = "%2F".join(unquote(piece) for piece in _ENCODED_SLASH.split(single))
    return path, tuple(parse_qsl(raw_query, keep_blank_values=True))


def encode_response(
    response: Response, body: bytes, *, length: int, date: datetime, keep_alive: bool, packed: bool
) -> bytes:
    """Head and body as one piece, so that they leave in one segment."""
    reason = HTTPStatus(response.status).phrase if response.status in _STATUSES else "Unknown"
    lines = [
        f"HTTP/1.1 {response.status} {reason}",
        f"Date: {format_datetime(date, usegmt=True)}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    if response.content_type and length:
        lines.append(f"Content-Type: {response.content_type}")
    if packed:
        lines.append("Content-Encoding: gzip")
    if response.status not in {204, 304}:
        lines.append(f"Content-Length: {length}")
    lines.append("Connection: keep-alive" if keep_alive else "Connection: close")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body


def pack(body: bytes, accepted: str) -> bytes | None:
    """The body as gzip, when the client accepts it and it is worth it; else None."""
    if len(body) <= _GZIP_FROM or not accepts_gzip(accepted):
        return None
    return gzip.compress(body, compresslevel=1, mtime=0)


_STATUSES = frozenset(int(status) for status in HTTPStatus)


def accepts_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header takes gzip."""
    for entry in accepted.lower().split(","):
        coding, _, quality = entry.strip().partition(";")
        if coding.strip() in {"gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    left = MAX_HEADERS
    while True:
        line = stream.readline(left + 1)
        left -= len(line)
        if left < 0:
            raise BadRequestError(431, "The request's headers are longer than 65,536 bytes.")
        if line in {b"\r\n", b"\n"}:
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not line.endswith(b"\n") or not colon or not _TOKEN.fullmatch(name):
            raise BadRequestError(400, "A header line is not of the form `name: value`.")
        key = name.lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()


def _read_chunks(stream: BinaryIO) -> bytes:
    pieces = []
    total = 0
    while True:
        size_text = stream.readline(1024).partition(b";")[0].strip()
        try:
            size = int(size_text, 16)
        except ValueError:
            raise BadRequestError(400, "A chunk of the body does not begin with its size.") from None
        total = _allowed(total + size)
        if size == 0:
            break
        pieces.append(_read_exactly(stream, size))
        stream.readline(16)
    while stream.readline(MAX_HEADERS) not in {b"\r\n", b"\n", b""}:
        pass
    return b"".join(pieces)


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    body = stream.read(size) if size else b""
    if len(body) < size:
        raise BadRequestError(400, "The body is shorter than announced.")
    return body


def _unpack(raw: bytes, encoding: str) -> bytes:
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise BadRequestError(415, f"The body's encoding {encoding!r} is not known: gzip and deflate are.")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        body = unpacker.decompress(raw, MAX_BODY + 1)
    except zlib.error:
        raise BadRequestError(400, f"The body is not {encoding}.") from None
    _allowed(len(body))
    if not unpacker.eof:
        raise BadRequestError(400, f"The body's {encoding} ends too early.")
    return body


def _allowed(size: int) -> int:
    if not 0 <= size <= MAX_BODY:
        raise BadRequestError(413, f"The body is larger than {MAX_BODY:,} bytes.")
    return size
