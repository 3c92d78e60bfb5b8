"""Lets clients with hard-coded https hosts reach the sandbox's plain port, as a TLS front would.

The front keeps the Host header and says in X-Forwarded-Proto that the client spoke https.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
from requests.adapters import HTTPAdapter


class MappedAdapter(HTTPAdapter):
    """Sends every request to one place, whatever host it was meant for."""

    def __init__(self, url: str) -> None:
        self._url = url
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        asked = urlsplit(str(request.url))
        request.headers["Host"] = asked.netloc
        request.headers["X-Forwarded-Proto"] = asked.scheme
        request.url = self._url + asked.path + (f"?{asked.query}" if asked.query else "")
        return super().send(request, *args, **kwargs)


def mapped_session(url: str) -> requests.Session:
    """A requests session whose https requests all go to `url`."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", MappedAdapter(url))
    return session


class MappedTransport(httpx.AsyncHTTPTransport):
    """The same for httpx."""

    def __init__(self, url: str) -> None:
        self._place = httpx.URL(url)
        super().__init__(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Forwarded-Proto"] = request.url.scheme
        place = self._place
        request.url = request.url.copy_with(scheme=place.scheme, host=place.host, port=place.port)
        return await super().handle_async_request(request)
