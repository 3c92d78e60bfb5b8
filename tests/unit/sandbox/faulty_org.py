"""A small org and business unit behind the sandbox's own app, in process and over a socket, for tests of faults."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.sandbox.app import App
from connector.sandbox.catalogue import account_engagement
from connector.sandbox.context import Sandbox
from connector.sandbox.http1 import split_target
from connector.sandbox.server import Listener
from connector.sandbox.sessions import open_session
from connector.sandbox.wire import Request, Response
from tests.unit.sandbox.salesforce_org import V, new_org

OBJECTS = "/api/v5/objects"


@dataclass
class FaultyOrg:
    """Calls as a logged-in client makes them; `token` may be replaced by a new one."""

    sandbox: Sandbox
    app: App
    token: str

    def send(self, method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Response:
        path, query = split_target(url if url.startswith("/") else f"{V}/{url}")
        content = b"" if body is None else json.dumps(body).encode()
        sent = {
            "authorization": f"Bearer {self.token}",
            "pardot-business-unit-id": self.sandbox.config.business_unit_id,
            "content-type": "application/json",
            **(headers or {}),
        }
        return self.app.answer(
            Request(method, path, query, sent, content, "https", "vendor.my.salesforce.com", datetime.now(UTC))
        )

    def ask(self, method: str, url: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        response = self.send(method, url, body)
        assert isinstance(response.body, bytes)
        return response.status, json.loads(response.body) if response.body else None

    def faults(self, *faults: Mapping[str, object], seed: int = 1) -> None:
        """Schedules faults."""
        status, shown = self.ask("PUT", "/_sandbox/faults", {"faults": list(faults), "seed": seed})
        assert status == 200, shown

    def fired(self) -> list[int]:
        """How often each fault has fired."""
        return [fault["fired"] for fault in self.ask("GET", "/_sandbox/faults")[1].get("faults", [])]

    def lead(self, **fields: object) -> str:
        status, saved = self.ask("POST", "sobjects/Lead", {"LastName": "Mori", "Company": "Acme", **fields})
        assert status == 201, saved
        return str(saved["id"])

    def query(self, soql: str) -> list[dict[str, Any]]:
        status, found = self.ask("GET", f"query?q={soql.replace(' ', '+')}")
        assert status == 200, found
        return list(found["records"])

    def prospect(self, number: int, **fields: object) -> None:
        stamp = "2026-09-30T00:00:00.000Z"
        row = {"id": number, "email": f"{number}@x.example", "createdAt": stamp, "updatedAt": stamp, **fields}
        self.sandbox.database.insert("prospects", tuple(row), [tuple(row.values())])

    def log_in_again(self) -> None:
        self.token = open_session(self.sandbox).token

    def advance(self, seconds: int) -> None:
        """Moves the clock alone: nothing lives in this world but what the tests do."""
        now = self.sandbox.clock.now().timestamp() + seconds
        self.sandbox.clock.set(datetime.fromtimestamp(now, UTC))

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        with Listener(0) as listener:
            listener.start(self.app.answer, self.sandbox.clock.now)
            try:
                yield listener
            finally:
                listener.stop()


def new_faulty_org(folder: Path) -> FaultyOrg:
    org = new_org(folder)
    sandbox = org.sandbox
    sandbox.account_engagement = account_engagement.catalogue(sandbox.config)
    sandbox.database.create(sandbox.account_engagement)
    return FaultyOrg(sandbox, App(sandbox), org.token)


def raw_exchange(listener: Listener, org: FaultyOrg, target: str, more: str = "") -> tuple[bytes, bool]:
    """All bytes of the answer to a GET, and whether the connection ended in a reset."""
    head = f"GET {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {org.token}\r\n{more}Connection: close\r\n\r\n"
    got = b""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
        connection.sendall(head.encode())
        try:
            while piece := connection.recv(1 << 16):
                got += piece
        except ConnectionResetError:
            return got, True
    return got, False
