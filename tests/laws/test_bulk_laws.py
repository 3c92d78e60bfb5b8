"""Bulk CSV gives the values that REST's JSON gives, whatever they are, and cut pages join to the whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox.bulk import result_pages
from connector.sandbox.bulk.dialect import DELIMITERS, LINE_ENDINGS, Dialect
from connector.sandbox.bulk.statement import bulk_statement
from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.database import Database
from connector.sandbox.ids import record_id
from connector.sandbox.soql import Environment, execute

pytestmark = pytest.mark.requirement("SY-1", "SY-2")

NAMES = ("Id", "Text__c", "Number__c", "Whole__c", "Flag__c", "At__c")
TYPES = ("id", "string", "double", "int", "boolean", "datetime")
ROW = ObjectDef("Row__c", "Row", tuple(FieldDef(name, kind) for name, kind in zip(NAMES, TYPES, strict=True)))
QUERY = f"SELECT {', '.join(NAMES)} FROM Row__c ORDER BY Id"

texts = st.text(
    st.one_of(st.sampled_from(",;|^`\t\"\r\n'%#NA/"), st.characters(exclude_characters="\0", codec="utf-8")),
    max_size=12,
)
numbers = st.integers(-(10**12), 10**12).map(lambda cents: cents / 100)
moments = st.integers(0, 4 * 10**9).map(lambda second: stamp(datetime.fromtimestamp(second, UTC)))
values = st.tuples(
    st.none() | texts, st.none() | numbers, st.none() | st.integers(-(10**8), 10**8), st.sampled_from([0, 1]),
    st.none() | moments,
)  # fmt: skip
dialects = st.builds(Dialect, st.sampled_from(sorted(DELIMITERS)), st.sampled_from(sorted(LINE_ENDINGS)))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = Database(tmp_path_factory.mktemp("bulk") / "world.sqlite")
    found.create([ROW])
    yield found
    found.close()


def shown(value: Any) -> str:
    """A value of REST's JSON as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace("+0000", "Z") if isinstance(value, str) and value.endswith(".000+0000") else str(value)


def fill(database: Database, found: list[tuple[Any, ...]]) -> None:
    with database.write() as connection:
        connection.execute('DELETE FROM "Row__c"')
    database.insert("Row__c", NAMES, [(record_id("a00", number), *row) for number, row in enumerate(found, 1)])


@settings(deadline=None, max_examples=60)
@given(found=st.lists(values, max_size=9), dialect=dialects, size=st.integers(1, 5), most=st.integers(1, 10))
def test_bulk_gives_what_rest_gives(
    database: Database, found: list[tuple[Any, ...]], dialect: Dialect, size: int, most: int
) -> None:
    fill(database, found)
    connection = database.reader()
    where = Environment(Catalogue((ROW,)), connection, datetime(2026, 5, 13, tzinfo=UTC), ZoneInfo("UTC"), "", "59.0")
    expected = [[shown(record[name]) for name in NAMES] for record in execute(QUERY, where).page(0, 100)]
    statement = bulk_statement(QUERY, dialect, where)
    sized = patch.multiple(result_pages, PAGE_ROWS=2 * size, _FETCHED=size)
    with TemporaryDirectory() as folder, sized:
        done = result_pages.prepare(Path(folder), statement.header, statement.run(connection), lambda _: True)
        assert done.rows == len(found)
        read: list[list[str]] = []
        for offset in range(0, max(done.rows, 1), most):
            page = result_pages.page_file(Path(folder), done.rows, offset, most).read_bytes().decode()
            header, *rows = csv.reader(io.StringIO(page, newline=""), delimiter=dialect.delimiter, strict=True)
            assert header == list(NAMES)
            read += rows
    assert read == expected
