"""What a login request brings with it, and whether it fits this sandbox."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qsl

from connector.sandbox.config import SandboxConfig
from connector.sandbox.wire import Request


def parameters(request: Request) -> dict[str, str]:
    """A form's fields from the body or, as some clients send them, from the query string of a POST.

    The body wins over the query, and the first of repeated fields over the later.
    """
    pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    found: dict[str, str] = {}
    for name, value in (*pairs, *request.query):
        found.setdefault(name, value)
    return found


def client_credentials(request: Request, form: dict[str, str]) -> tuple[str | None, str | None]:
    """Client id and secret: from the Authorization header (Basic) if there is one, else from the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id"), form.get("client_secret")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    name, _, secret = text.partition(":")
    return name, secret


def accepts_password(config: SandboxConfig, username: str, password: str) -> bool:
    """Whether the pair logs in; the security token may follow the password, as from a trusted network."""
    known = {config.password, config.password + config.security_token}
    return username.lower() == config.username.lower() and password in known
