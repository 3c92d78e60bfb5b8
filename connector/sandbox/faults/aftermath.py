"""What befalls an answer once the work is done: lost, cut, garbled, late, or with a clock of its own."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from connector.sandbox.delivery import STRAIGHT
from connector.sandbox.faults.model import Fault
from connector.sandbox.wire import Response

_OPEN_QUOTE = b'\n"'
_RUBBISH = b"\x01<"
"""A control character is no JSON within a string nor without."""


def can_befall(fault: Fault, response: Response) -> bool:
    """Whether an answer has what the fault would spoil."""
    kind = (response.content_type or "").lower()
    match fault.kind:
        case "truncated":
            return bool(response.body)
        case "malformed_json":
            return "json" in kind and response.status < 300 and bool(response.body)
        case "malformed_csv":
            return "csv" in kind and response.status < 300 and bool(response.body)
        case _:
            return True


def befallen(fault: Fault, response: Response) -> Response:
    """The answer as the fault leaves it."""
    return _SPOILS[fault.kind](fault.parameters, response)


def _lose(_parameters: Mapping[str, Any], response: Response) -> Response:
    return _delivered(response, lost=True)


def _cut(parameters: Mapping[str, Any], response: Response) -> Response:
    return _delivered(response, share=parameters["share"])


def _hold_back(parameters: Mapping[str, Any], response: Response) -> Response:
    way = response.delivery or STRAIGHT
    rate = parameters["bytes_per_second"] or way.bytes_per_second
    return _delivered(response, wait_seconds=way.wait_seconds + parameters["seconds"], bytes_per_second=rate)


def _skew(parameters: Mapping[str, Any], response: Response) -> Response:
    way = response.delivery or STRAIGHT
    return _delivered(response, date_offset_seconds=way.date_offset_seconds + parameters["seconds"])


def _break_json(parameters: Mapping[str, Any], response: Response) -> Response:
    """Whole by its length, but the JSON stops in the middle; or it has its end, and there is rubbish in the middle."""
    body = _body(response)
    kept = _first(body, parameters["share"])
    return replace(response, body=kept + _RUBBISH + body[len(kept) :] if parameters["garbled"] else kept)


def _break_csv(parameters: Mapping[str, Any], response: Response) -> Response:
    """Whole by its length, also as the gzip that it may be, but the last quoted value is never closed."""
    packed = response.headers.get("Content-Encoding") == "gzip"
    text = gzip.decompress(_body(response)) if packed else _body(response)
    broken = _first(text, parameters["share"]) + _OPEN_QUOTE
    return replace(response, body=gzip.compress(broken, 1) if packed else broken)


def _delivered(response: Response, **changes: Any) -> Response:
    return replace(response, delivery=replace(response.delivery or STRAIGHT, **changes))


def _body(response: Response) -> bytes:
    return response.body.read_bytes() if isinstance(response.body, Path) else response.body


def _first(body: bytes, share: float) -> bytes:
    """A share of the body, never all of it."""
    return body[: min(int(len(body) * share), len(body.rstrip()) - 1)]


_SPOILS: Mapping[str, Callable[[Mapping[str, Any], Response], Response]] = MappingProxyType(
    {
        "reset_after": _lose,
        "truncated": _cut,
        "malformed_json": _break_json,
        "malformed_csv": _break_csv,
        "slow": _hold_back,
        "clock_skew": _skew,
    }
)
