"""The end of the connector's process at any boundary of an effect, within this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import requests

from connector.http.session import RemoteSession
from connector.store.database import Store


class Killed(BaseException):  # no error: the end of the process
    """The process dies here."""


@dataclass
class Life:
    """Counts the boundaries of effects and dies at one of them. `meanwhile` is called around each call to a remote.

    `upcoming` is the call that comes next then: its method and its address.
    """

    dies_at: int | None
    meanwhile: Callable[[], None]
    passed: int = 0
    upcoming: str = ""

    @property
    def dead(self) -> bool:
        return self.dies_at is not None and self.passed >= self.dies_at

    def boundary(self) -> None:
        self.passed += 1
        if self.dead:
            raise Killed


@contextmanager
def living(life: Life) -> Iterator[None]:
    """Within the block the connector's calls, statements and transactions are boundaries of `life`."""
    request, run, transaction = RemoteSession.request, Store.run, Store.transaction

    def mortal_request(session: RemoteSession, method: str, url: str, *args: Any, **options: Any) -> requests.Response:
        if life.dead:
            # What cleans up while the stack unwinds reaches nobody any more.
            raise requests.ConnectionError("the process is dead")
        life.boundary()
        life.upcoming = f"{method} {url}"
        life.meanwhile()
        response = request(session, method, url, *args, **options)
        try:
            life.boundary()
        except Killed:
            # The end of a process closes its sockets.
            response.close()
            raise
        return response

    def mortal_run(store: Store, sql: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        life.boundary()
        rows = run(store, sql, params)
        life.boundary()
        return rows

    @contextmanager
    def mortal_transaction(store: Store) -> Iterator[None]:
        life.boundary()
        with transaction(store):
            yield
            life.boundary()
        life.boundary()

    with (
        patch.object(RemoteSession, "request", mortal_request),
        patch.object(Store, "run", mortal_run),
        patch.object(Store, "transaction", mortal_transaction),
    ):
        yield
