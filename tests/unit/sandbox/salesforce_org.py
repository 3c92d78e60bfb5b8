"""A small org in process for tests of the emulated REST API: two users, a queue, statuses, stages, and a session."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.sandbox.catalogue.model import Catalogue
from connector.sandbox.catalogue.salesforce import catalogue
from connector.sandbox.clock import WorldClock
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.database import Database
from connector.sandbox.http1 import split_target
from connector.sandbox.ids import record_id
from connector.sandbox.routing import find_route
from connector.sandbox.salesforce import batch, by_hand, composite, subrequest, tree
from connector.sandbox.sessions import open_session
from connector.sandbox.wire import Request

START = datetime(2026, 10, 1, tzinfo=UTC)
API_USER, REP, GONE = (record_id("005", number) for number in (1, 2, 3))
QUEUE = record_id("00G", 1)
STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
STAGES = (("Prospecting", 10, "Pipeline"), ("Negotiation/Review", 90, "Commit"), ("Closed Won", 100, "Closed"))
V = "/services/data/v61.0"
ROUTES = (*subrequest.CALLABLE, *composite.ROUTES, *batch.ROUTES, *tree.ROUTES, *by_hand.ROUTES)


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, repr=False)
class Org:
    """The sandbox, and calls to it as a logged-in client makes them."""

    sandbox: Sandbox
    token: str

    def __repr__(self) -> str:
        return f"Org({self.sandbox.config.state})"

    def call(self, method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        path, query = split_target(url if url.startswith("/") else f"{V}/{url}")
        request = Request(
            method=method,
            path=path,
            query=query,
            headers={"authorization": f"Bearer {self.token}", **(headers or {})},
            body=b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode(),
            scheme="https",
            host="vendor.my.salesforce.com",
            received_at=datetime.now(UTC),
        )
        found = find_route(ROUTES, request)
        assert not isinstance(found, set), f"no route for {method} {path}: {found}"
        matched, groups = found
        response = matched.handler(request, self.sandbox, groups)
        assert isinstance(response.body, bytes)
        return Reply(response.status, json.loads(response.body) if response.body else None, response.headers)

    def create(self, object_name: str, **fields: object) -> str:
        """A new record; answers its id."""
        reply = self.call("POST", f"sobjects/{object_name}", fields)
        assert reply.status == 201, reply.body
        return str(reply.body["id"])

    def lead(self, **fields: object) -> str:
        return self.create("Lead", **{"LastName": "Mori", "Company": "Acme", **fields})

    def row(self, object_name: str, record: str) -> dict[str, Any]:
        """The record as the database has it."""
        found = self.sandbox.database.reader().execute(f'SELECT * FROM "{object_name}" WHERE "Id" = ?', (record,))
        return dict(found.fetchone())

    def rows(self, object_name: str) -> list[dict[str, Any]]:
        found = self.sandbox.database.reader().execute(f'SELECT * FROM "{object_name}" ORDER BY "Id"')
        return [dict(row) for row in found]

    def later(self, **by: int) -> str:
        """Moves the clock on; answers the stamp of the new time."""
        return self.sandbox.clock.set(self.sandbox.clock.now() + timedelta(**by)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def new_org(folder: Path, **switches: Any) -> Org:
    """An org in a fresh database whose clock stands still at START."""
    config = SandboxConfig(state=folder, start=START, frozen=True, **switches)
    database = Database(folder / "world.sqlite")
    sandbox = Sandbox(config, WorldClock(START, frozen=True), database, catalogue(config), Catalogue(()))
    database.create(sandbox.salesforce)
    for name, rows in _rows(config):
        _insert(database, name, rows)
    return Org(sandbox, open_session(sandbox).token)


def _rows(config: SandboxConfig) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield "Organization", [{"Id": record_id("00D", 1), "Name": "Vendor"}]
    yield (
        "User",
        [
            {"Id": API_USER, "LastName": "Api", "Username": config.username, "IsActive": 1},
            {"Id": REP, "LastName": "Sato", "Username": "sato@vendor.example", "IsActive": 1},
            {"Id": GONE, "LastName": "Kato", "Username": "kato@vendor.example", "IsActive": 0},
        ],
    )
    yield "Group", [{"Id": QUEUE, "Name": "Inbound", "Type": "Queue"}]
    yield (
        "LeadStatus",
        [
            {"Id": record_id("01J", number), "ApiName": name, "IsConverted": int(number == 3), "SortOrder": number}
            for number, name in enumerate(STATUSES, 1)
        ],
    )
    yield (
        "OpportunityStage",
        [
            {
                "Id": record_id("01J", 20 + number),
                "ApiName": name,
                "IsActive": 1,
                "SortOrder": number,
                "DefaultProbability": probability,
                "ForecastCategoryName": category,
            }
            for number, (name, probability, category) in enumerate(STAGES, 1)
        ],
    )


def _insert(database: Database, object_name: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    database.insert(object_name, names, [[row[name] for name in names] for row in rows])
