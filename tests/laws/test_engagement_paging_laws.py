"""Whatever the order, the page size and the ties: a chain of pages gives every row once, in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.sandbox.account_engagement.query import query
from connector.sandbox.catalogue.account_engagement import catalogue
from connector.sandbox.catalogue.model import Catalogue
from connector.sandbox.clock import WorldClock
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.database import Database
from connector.sandbox.wire import Request

pytestmark = pytest.mark.requirement("SY-2")

_COLUMNS = ("id", "score", "updatedAt", "lastActivityAt", "isDeleted")
_STAMPS = tuple(f"2026-09-01T00:00:0{second}.000Z" for second in range(3))
_ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 2)),
        st.sampled_from(_STAMPS),
        st.one_of(st.none(), st.sampled_from(_STAMPS)),
        st.sampled_from([0, 0, 0, 1]),
    ),
    max_size=12,
)
_KEY = st.tuples(st.sampled_from(["id", "updatedAt", "lastActivityAt", "score"]), st.booleans())
_ORDER = st.lists(_KEY, max_size=3, unique_by=lambda key: key[0])


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder: Path = tmp_path_factory.mktemp("unit")
    config = SandboxConfig(folder)
    objects = catalogue(config)
    database = Database(folder / "unit.sqlite")
    database.create([entry for entry in objects if entry.name == "prospects"])
    yield Sandbox(config, WorldClock(config.start, frozen=True), database, Catalogue(()), objects)
    database.close()


def pages(sandbox: Sandbox, **parameters: str) -> Iterator[list[int]]:
    """The ids of each page of a chain, the next one asked for by its token."""
    definition = sandbox.account_engagement.object("prospects")
    assert definition is not None
    request = Request("GET", "/api/v5/objects/prospects", (), {}, b"", "https", "pi.example.test", datetime.now(UTC))
    while True:
        response = query(replace(request, query=tuple(parameters.items())), sandbox, definition)
        assert isinstance(response.body, bytes)
        body: dict[str, Any] = json.loads(response.body)
        yield [entry["id"] for entry in body["values"]]
        if body["nextPageToken"] is None:
            return
        parameters = {"fields": "id", "nextPageToken": body["nextPageToken"]}


def in_order(rows: list[dict[str, Any]], order: list[tuple[str, bool]]) -> list[int]:
    """The ids as plain sorting orders them: nulls first when ascending, ids last and in the last direction."""
    named = {name for name, _ in order}
    keys = order if "id" in named else [*order, ("id", order[-1][1] if order else False)]
    for name, descending in reversed(keys):
        rows = sorted(rows, key=lambda row: _rank(row[name]), reverse=descending)
    return [row["id"] for row in rows]


def _rank(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=_ROWS, order=_ORDER, limit=st.integers(1, 5), deleted=st.sampled_from([None, "true", "all"]))
def test_a_chain_of_pages_is_the_sorted_whole(
    sandbox: Sandbox,
    values: list[tuple[Any, ...]],
    order: list[tuple[str, bool]],
    limit: int,
    deleted: str | None,
) -> None:
    rows = [dict(zip(_COLUMNS, (number, *row), strict=True)) for number, row in enumerate(values, start=1)]
    with sandbox.database.write() as connection:
        connection.execute('DELETE FROM "prospects"')
    sandbox.database.insert("prospects", _COLUMNS, [tuple(row.values()) for row in rows])
    shown = {None: {0}, "true": {1}, "all": {0, 1}}[deleted]
    text = ",".join(f"{name} DESC" if descending else name for name, descending in order)
    asked = {"fields": "id", "limit": str(limit), "orderBy": text}
    found = list(pages(sandbox, **asked, **({} if deleted is None else {"deleted": deleted})))
    assert all(len(page) == limit for page in found[:-1])
    expected = in_order([row for row in rows if row["isDeleted"] in shown], order)
    assert [number for page in found for number in page] == expected
