"""A small business unit in a folder, and calls to it through the sandbox's own app, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connector.sandbox.account_engagement import guard
from connector.sandbox.account_engagement.custom_fields import record_custom_fields
from connector.sandbox.account_engagement.routes import ROUTES
from connector.sandbox.catalogue.account_engagement import catalogue
from connector.sandbox.catalogue.model import Catalogue
from connector.sandbox.clock import WorldClock
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.database import Database
from connector.sandbox.routing import find_route
from connector.sandbox.sessions import open_session
from connector.sandbox.wire import Request, Response

ORIGIN = "https://pi.example.test"


@dataclass
class Unit:
    """One business unit with a logged-in user."""

    sandbox: Sandbox
    token: str

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            self.sandbox.database.insert(table, tuple(row), [tuple(row.values())])

    def row(self, table: str, number: int) -> dict[str, Any]:
        found = self.sandbox.database.reader().execute(f'SELECT * FROM "{table}" WHERE "id" = ?', (number,))
        return dict(found.fetchone())

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Response:
        """One call under /api/v5/objects, with the right headers unless others are given."""
        return self.send(method, f"/api/v5/objects/{path}", tuple(query.items()), body, headers)

    def send(
        self,
        method: str,
        path: str,
        query: tuple[tuple[str, str], ...] = (),
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(
            method,
            path,
            query,
            {**self.headers, "content-type": "application/json", **(headers or {})},
            content,
            *ORIGIN.split("://"),
            datetime(2026, 10, 1, tzinfo=UTC),
        )
        found = find_route(ROUTES, request)
        assert isinstance(found, tuple)
        route, groups = found
        refused = guard.check(request, self.sandbox) if route.guard == "account_engagement" else None
        return refused or route.handler(request, self.sandbox, groups)

    def follow(self, url: str) -> Response:
        """GET of an absolute URL, as a client does that takes nextPageUrl as it is."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == ORIGIN
        return self.send("GET", parts.path, tuple(parse_qsl(parts.query)))

    @property
    def headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self.token}",
            "pardot-business-unit-id": self.sandbox.config.business_unit_id,
        }


def new_unit(folder: Path, **switches: Any) -> Unit:
    """An empty business unit; its clock stands at 2026-10-01 00:00 UTC, its user's zone is Tokyo's."""
    config = replace(SandboxConfig(folder), **switches)
    objects = catalogue(config)
    database = Database(folder / "unit.sqlite")
    database.create(objects)
    clock = WorldClock(config.start, frozen=True)
    sandbox = Sandbox(config, clock, database, Catalogue(()), objects)
    record_custom_fields(sandbox)
    return Unit(sandbox, open_session(sandbox).token)


def value(response: Response) -> Any:
    """The JSON of an answer, whose content type must be exactly Account Engagement's."""
    assert response.content_type == "application/json"
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def refusal(response: Response) -> tuple[int, int, str]:
    """Status, code and message of a refusal, which has those two keys and no others."""
    body = value(response)
    assert set(body) == {"code", "message"}
    return response.status, body["code"], body["message"]
