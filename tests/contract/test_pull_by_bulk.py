"""The two roads from Salesforce, pages and bulk queries, lead to the same mirror (SY-6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.domain.streams import MappedStream
from connector.http.retry import Retry
from connector.http.session import open_session
from connector.pulling.reading import Landing, Pulled
from connector.pulling.salesforce import pull_salesforce
from connector.rules.mapping import load_mapping
from connector.salesforce import connect
from connector.salesforce.bulk import BulkPage, BulkReader
from connector.salesforce.read import SalesforceReader
from connector.store.cursors import read_cursor
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare
from tests.contract.remote_access import settings_of
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.requirement("SY-6", "OP-2")

STREAMS = tuple(
    mapped
    for mapped in load_mapping(Path(__file__).parents[2] / "mappings").fields.streams
    if mapped.stream.remote == "salesforce" and mapped.stream.cursor is not None
)
ALWAYS, NEVER = 0, 10**9


@pytest.fixture
def reader(sandbox: SandboxProcess, tmp_path: Path) -> SalesforceReader:
    return connect(settings_of(sandbox, tmp_path), open_session(settings_of(sandbox, tmp_path)), Retry())[0]


def mirrored(reader: SalesforceReader, mapped: MappedStream, folder: Path, bulk_from: int) -> Store:
    store = memory_store()
    prepare(store, [mapped])
    pull_salesforce(reader, store, mapped, Landing(folder, bulk_from=bulk_from))
    return store


def rows(store: Store, mapped: MappedStream) -> list[tuple[object, ...]]:
    names = ", ".join(f'"{column.name}"' for column in mapped.columns)
    return store.run(f'SELECT {names}, _valid_from FROM "mirror_{mapped.stream.table}" ORDER BY id')


@pytest.mark.parametrize("mapped", STREAMS, ids=lambda mapped: mapped.stream.object)
def test_both_roads_lead_to_the_same_rows(reader: SalesforceReader, mapped: MappedStream, tmp_path: Path) -> None:
    by_pages = mirrored(reader, mapped, tmp_path / "pages", NEVER)
    by_bulk = mirrored(reader, mapped, tmp_path / "bulk", ALWAYS)
    assert rows(by_pages, mapped) == rows(by_bulk, mapped)
    assert rows(by_bulk, mapped), "an empty object proves nothing"


@pytest.mark.complaint(13)
def test_a_result_that_is_shorter_than_announced_is_not_merged_and_pages_take_its_place(
    reader: SalesforceReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = STREAMS[0]
    read = reader.bulk_pages

    def cut(soql: str, folder: Path, *, deleted: bool) -> list[BulkPage]:
        pages = list(read(soql, folder, deleted=deleted))
        return [BulkPage(page.path, page.rows + 1, page.last) for page in pages]

    monkeypatch.setattr(reader, "bulk_pages", cut)
    store = memory_store()
    prepare(store, [leads])
    told: list[Pulled] = []
    landing = Landing(tmp_path / "cut", bulk_from=ALWAYS, progress=told.append)
    assert pull_salesforce(reader, store, leads, landing).road == "pages"
    assert [one.road for one in told] == ["pages"], "nothing of it was merged"
    assert rows(store, leads) == rows(mirrored(reader, leads, tmp_path / "pages", NEVER), leads)


@pytest.mark.requirement("OP-3")
def test_a_job_whose_pages_never_have_all_its_rows_is_no_end_of_reading(
    reader: SalesforceReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = STREAMS[0]
    wait = BulkReader._wait_for
    monkeypatch.setattr(BulkReader, "_wait_for", lambda self, job: (wait(self, job) or 0) + 1)
    store = memory_store()
    prepare(store, [leads])
    assert pull_salesforce(reader, store, leads, Landing(tmp_path / "more", bulk_from=ALWAYS)).road == "pages"
    assert read_cursor(store, leads.stream.name, "").watermark is not None
