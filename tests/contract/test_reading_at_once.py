"""Result pages fetched side by side, and pages fetched ahead of their merging: the same rows, whatever befalls (SY-6).

A sandbox in process, whose result pages are small, so that a few hundred rows are many pages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import requests

from connector.domain.streams import MappedStream
from connector.errors import ConnectorError
from connector.http.retry import Retry
from connector.http.session import open_session
from connector.pulling import reading
from connector.pulling.reading import Landing, Pulled
from connector.pulling.salesforce import pull_salesforce
from connector.rules.mapping import load_mapping
from connector.salesforce import bulk, connect
from connector.salesforce.read import SalesforceReader
from connector.sandbox.bulk import query as sandbox_query
from connector.sandbox.bulk import result_pages
from connector.sandbox.config import SandboxConfig
from connector.sandbox.serve import RunningSandbox, serving
from connector.settings import Settings
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare
from tests.worlds.death import Killed, Life, living

pytestmark = pytest.mark.requirement("SY-6", "OP-2")

QUICK = Retry(sleep=lambda _seconds: None, jitter=lambda: 0.5)
NEVER = 10**9
ROWS_A_RESULT_PAGE = 20
TASKS = next(
    mapped
    for mapped in load_mapping(Path(__file__).parents[2] / "mappings").fields.streams
    if mapped.stream.name == "salesforce.Task"
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    with (
        patch.object(result_pages, "PAGE_ROWS", ROWS_A_RESULT_PAGE),
        patch.object(result_pages, "_FETCHED", ROWS_A_RESULT_PAGE),
        patch.object(sandbox_query, "PAGE_ROWS", ROWS_A_RESULT_PAGE),
        patch.object(bulk, "ROWS_WORTH_LISTING", ROWS_A_RESULT_PAGE),
        serving(SandboxConfig(state=folder, people=150, frozen=True)) as running,
    ):
        yield running


@pytest.fixture
def reader(sandbox: RunningSandbox, tmp_path: Path) -> SalesforceReader:
    found = sandbox.settings
    settings = Settings(
        salesforce_url=found["tls_url"],
        salesforce_client_id=found["client_id"],
        salesforce_client_secret=found["client_secret"],
        ca_file=found["ca_file"],
        state=tmp_path,
    )
    return connect(settings, open_session(settings), QUICK)[0]


@contextmanager
def failing(sandbox: RunningSandbox, *faults: dict[str, Any]) -> Iterator[None]:
    """The faults for as long as the block lasts."""
    url = f"{sandbox.url}/_sandbox/faults"
    assert requests.put(url, json={"faults": list(faults), "seed": 1}, timeout=5).status_code == 200
    try:
        yield
    finally:
        requests.delete(url, timeout=5)


@dataclass
class Crowd:
    """How many are inside at a time, at most."""

    inside: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            yield
        finally:
            with self._lock:
                self.inside -= 1


def pulled(reader: SalesforceReader, store: Store, folder: Path, bulk_from: int = 0, ahead: int = 4) -> Pulled:
    return pull_salesforce(reader, store, TASKS, Landing(folder, bulk_from=bulk_from, ahead=ahead))


def rows(store: Store, mapped: MappedStream = TASKS) -> list[tuple[object, ...]]:
    names = ", ".join(f'"{column.name}"' for column in mapped.columns)
    return store.run(f'SELECT {names}, _valid_from, _until FROM "mirror_{mapped.stream.table}" ORDER BY id')


def fresh() -> Store:
    store = memory_store()
    prepare(store, [TASKS])
    return store


@pytest.fixture
def expected(reader: SalesforceReader, tmp_path: Path) -> list[tuple[object, ...]]:
    store = fresh()
    pulled(reader, store, tmp_path / "plain", bulk_from=NEVER, ahead=0)
    found = rows(store)
    assert len(found) > 6 * ROWS_A_RESULT_PAGE
    return found


def test_result_pages_are_fetched_four_at_a_time_and_all_of_them_come(
    reader: SalesforceReader, expected: list[tuple[object, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd, land = Crowd(), bulk.land

    def slow_land(response: requests.Response, path: Path) -> None:
        with crowd.counted():
            time.sleep(0.02)
            land(response, path)

    monkeypatch.setattr(bulk, "land", slow_land)
    store = fresh()
    assert pulled(reader, store, tmp_path / "bulk").road == "bulk"
    assert rows(store) == expected
    assert crowd.most == bulk.PAGES_AT_ONCE


@pytest.mark.complaint(13)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "session_expired", "nth": 3, "path": "*/results*"},
        {"kind": "server_error", "status": 503, "probability": 0.3, "path": "*/results*"},
        {"kind": "truncated", "share": 0.5, "nth": 4, "path": "*/results*"},
        {"kind": "reset_after", "nth": 5, "path": "*/results*"},
        {"kind": "malformed_csv", "nth": 2, "path": "*/results*"},
        {"kind": "locator_expiry", "nth": 3, "path": "*/results*"},
        {"kind": "stuck_job", "job": "query"},
    ],
    ids=lambda fault: fault["kind"],
)
def test_whatever_befalls_a_bulk_query_all_rows_come(
    sandbox: RunningSandbox,
    reader: SalesforceReader,
    expected: list[tuple[object, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
) -> None:
    monkeypatch.setattr(bulk, "DEADLINE", 3.0)
    store = fresh()
    with failing(sandbox, fault):
        try:
            pulled(reader, store, tmp_path / "bulk")
        except ConnectorError:
            pulled(reader, store, tmp_path / "bulk")
    assert rows(store) == expected


@pytest.mark.parametrize("bulk_from", [0, NEVER], ids=["bulk", "pages"])
def test_an_end_at_any_boundary_leaves_nothing_wrong(
    reader: SalesforceReader,
    expected: list[tuple[object, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bulk_from: int,
) -> None:
    monkeypatch.setattr(reading, "PAGES_A_MERGE", 2)
    store = fresh()
    for boundary in (6, 11, 17, 30):
        try:
            with living(Life(boundary, lambda: None)):
                pulled(reader, store, tmp_path / "bulk", bulk_from)
        except Killed:
            assert {row[:-2] for row in rows(store)} <= {row[:-2] for row in expected}
    pulled(reader, store, tmp_path / "bulk", bulk_from)
    assert rows(store) == expected


def test_no_thread_is_left_when_a_pull_ends_early(reader: SalesforceReader, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with pytest.raises(Killed), living(Life(14, lambda: None)):
        pulled(reader, fresh(), tmp_path / "bulk")
    mine = {thread.name for thread in set(threading.enumerate()) - before}
    assert not [name for name in mine if name.startswith(("bulk", "pages"))]


def test_a_remote_that_times_out_at_random_is_read_to_the_end(
    sandbox: RunningSandbox, reader: SalesforceReader, expected: list[tuple[object, ...]], tmp_path: Path
) -> None:
    store = fresh()
    with failing(sandbox, {"kind": "server_error", "status": 504, "probability": 0.5, "path": "*/query*"}):
        pulled(reader, store, tmp_path / "halves", bulk_from=NEVER)
    assert rows(store) == expected
