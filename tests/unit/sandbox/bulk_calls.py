"""Calls of the emulated Bulk API 2.0 for tests: jobs made, waited for, and their CSV read."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.sandbox.bulk.jobs import stop_jobs
from connector.sandbox.bulk.routes import ROUTES
from connector.sandbox.http1 import split_target
from connector.sandbox.routing import find_route
from connector.sandbox.wire import Request, Response
from tests.unit.sandbox.salesforce_org import Org, V, new_org

ENDED = {"JobComplete", "Failed", "Aborted"}
_PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Bulk:
    """The org, and bulk calls to it."""

    org: Org

    def send(
        self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None, version: str = V
    ) -> Response:
        path, query = split_target(url if url.startswith("/") else f"{version}/jobs/{url}")
        sent = {"authorization": f"Bearer {self.org.token}", **(headers or {})}
        request = Request(method, path, query, sent, body, "https", "vendor.my.salesforce.com", datetime.now(UTC))
        found = find_route(ROUTES, request)
        assert not isinstance(found, set), f"no route for {method} {path}: {found}"
        matched, groups = found
        return matched.handler(request, self.org.sandbox, groups)

    def ask(self, method: str, url: str, body: object = None) -> tuple[int, Any]:
        response = self.send(method, url, b"" if body is None else json.dumps(body).encode())
        raw = content(response)
        return response.status, json.loads(raw) if raw else None

    def wait(self, collection: str, job_id: str) -> dict[str, Any]:
        """The job once it has ended."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            _, info = self.ask("GET", f"{collection}/{job_id}")
            if info["state"] in ENDED:
                return dict(info)
            time.sleep(0.005)
        raise AssertionError(f"job {job_id} did not end: {info}")

    def query(self, soql: str, **more: object) -> dict[str, Any]:
        """A query job that has ended."""
        status, info = self.ask("POST", "query", {"operation": "query", "query": soql, **more})
        assert status == 200, info
        return self.wait("query", info["id"])

    def page(self, job_id: str, parameters: str = "", **more: Any) -> tuple[list[list[str]], Response]:
        """A page of results, header first."""
        response = self.send("GET", f"query/{job_id}/results{parameters}", **more)
        assert response.status == 200, response
        return rows(content(response)), response


def rows(raw: bytes, delimiter: str = ",") -> list[list[str]]:
    """The rows of some CSV, header first."""
    return list(csv.reader(io.StringIO(raw.decode(), newline=""), delimiter=delimiter))


def content(response: Response) -> bytes:
    return response.body.read_bytes() if isinstance(response.body, Path) else response.body


@contextmanager
def bulk_org(folder: Path, **switches: Any) -> Iterator[Bulk]:
    """An org whose threads have ended when the block has."""
    org = new_org(folder, **switches)
    try:
        yield Bulk(org)
    finally:
        stop_jobs(org.sandbox, wait=True)
