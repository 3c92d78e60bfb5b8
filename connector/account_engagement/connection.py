"""Calls to one business unit: its headers, its errors, and never more of them at one time than we allow ourselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from connector.account_engagement.outcome import REMOTE, refusal
from connector.errors import RetryError, StopError
from connector.http.outcome import PASSES, Effect, from_exception, where, wish
from connector.http.retry import Retry
from connector.http.session import RemoteSession

MOST_AT_ONCE = 5
"""Calls that a business unit answers at one time, all its clients taken together; a further one is refused (66)."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class UnitConnection:
    """One business unit behind one session. Threads may call together: who comes too early waits.

    `at_once`: calls of ours at one time, fewer than MOST_AT_ONCE so that others are not shut out.
    """

    session: RemoteSession
    url: str
    unit: str
    retry: Retry
    at_once: int = MOST_AT_ONCE - 1
    _room: threading.BoundedSemaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_room", threading.BoundedSemaphore(self.at_once))

    @property
    def where(self) -> str:
        """The remote in a sentence."""
        return where(REMOTE, self.url)

    def read(self, step: str, ask: Callable[[], Result]) -> Result:
        """What `ask` gives, tried again after what passes."""
        return self.retry.read(step, ask)

    def json(
        self, path: str, params: Mapping[str, str], *, body: Mapping[str, Any] | None = None, effect: Effect = "read"
    ) -> Mapping[str, Any]:
        """The JSON object that a path answers: to a GET, or to a POST of `body`."""
        try:
            with self.opened(path, params, body=body, effect=effect) as response:
                found = response.json()
        except requests.RequestException as error:
            raise from_exception(self.where, error, effect) from None
        if not isinstance(found, dict):
            raise RetryError(f"{self.where} sent an answer that is no object. {PASSES}")
        return found

    def write(self, method: str, path: str, params: Mapping[str, str], **content: Any) -> Mapping[str, Any]:
        """The JSON object that a change answers; empty where the answer has no content.

        `content`: of the call, as requests takes it (json, files, data). Raises RefusedRecordError, and
        UnknownOutcomeError where the answer was lost.
        """
        options = {"params": dict(params), "headers": self._headers(path), **content}
        try:
            with self._room, self.session.request(method, self._address(path), **options) as response:
                found = _content(response) if response.content else {}
                if response.status_code not in {200, 201, 204}:
                    raise refusal(self.where, response.status_code, found, "write", wish(response.headers))
        except requests.RequestException as error:
            raise from_exception(self.where, error, "write") from None
        return found if isinstance(found, dict) else {}

    @contextmanager
    def opened(
        self, path: str, params: Mapping[str, str], *, body: Mapping[str, Any] | None = None, effect: Effect = "read"
    ) -> Iterator[requests.Response]:
        """An answer of 200 or 201 with its body still on the wire. `path` from /api on, or a URL of the same host.

        Others raise the error of `outcome.refusal`; what requests raises passes through.
        """
        options: dict[str, Any] = {"params": dict(params), "headers": self._headers(path), "stream": True}
        method = "GET" if body is None else "POST"
        if body is not None:
            options["json"] = body
        with self._room, self.session.request(method, self._address(path), **options) as response:
            if response.status_code not in {200, 201}:
                raise refusal(self.where, response.status_code, _content(response), effect, wish(response.headers))
            yield response

    def _headers(self, path: str) -> dict[str, str]:
        accepted = "application/json" if path.startswith("/") else "text/csv"
        return {"Pardot-Business-Unit-Id": self.unit, "Accept": accepted}

    def _address(self, path: str) -> str:
        if path.startswith("/"):
            return f"{self.url}{path}"
        theirs, ours = urlsplit(path), urlsplit(self.url)
        if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc):
            # The token must not go to a host that an answer names.
            raise StopError(
                f"{self.where} sends us to {theirs.netloc or 'nowhere'}: check CONNECTOR_ACCOUNT_ENGAGEMENT_URL."
            )
        return path


def _content(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.exceptions.JSONDecodeError:
        return None
