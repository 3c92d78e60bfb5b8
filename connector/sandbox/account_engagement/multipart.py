"""Bodies of several parts: the JSON part `input` and the files beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from connector.sandbox.account_engagement.bodies import json_body
from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.wire import Request

INPUT, FILE = "input", "file"


@dataclass(frozen=True)
class Sent:
    """What a call carries: properties, and a file or none."""

    input: Mapping[str, Any]
    file: bytes | None


def sent_with(request: Request) -> Sent:
    """The parts of a body, which may be JSON alone. 151, 150 and 163 for what is neither."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        return Sent(json_body(request), None)
    parts = _parts(content_type, request.body)
    files = [content for name, content in parts if name == FILE]
    if len(files) > 1:
        raise RefusalError(163)
    texts = [content for name, content in parts if name == INPUT]
    return Sent(_object(texts[0]) if texts else {}, files[0] if files else None)


def _parts(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=HTTP)
    if not message.is_multipart():
        raise RefusalError(151, content_type)
    found = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found.append((name, content))
    return found


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise RefusalError(150) from None
    if not isinstance(value, dict):
        raise RefusalError(150)
    return value
