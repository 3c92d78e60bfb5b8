"""The engine keeps to the memory that it is given (SY-6, OP-2)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from connector.errors import StopError
from connector.store.database import open_store, spill_of

pytestmark = pytest.mark.requirement("SY-6", "OP-2")

MEGABYTE = 1024 * 1024


def test_what_does_not_fit_into_memory_goes_into_a_folder_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "default.duckdb"
    with open_store(path, memory_mb=48) as store:
        store.run("CREATE TEMP TABLE much AS SELECT range AS n, hash(range)::VARCHAR AS text FROM range(2_000_000)")
        spilled = list(spill_of(path).rglob("*"))
        assert spilled
        assert {stat.S_IMODE(file.stat().st_mode) for file in spilled if file.is_file()} == {0o600}
        assert stat.S_IMODE(spill_of(path).stat().st_mode) == 0o700
        assert store.value("SELECT count(DISTINCT n) FROM much") == 2_000_000


def test_a_statement_that_no_folder_helps_is_one_sentence_and_the_store_goes_on(tmp_path: Path) -> None:
    with open_store(tmp_path / "default.duckdb", memory_mb=128) as store:
        store.run("CREATE TABLE kept AS SELECT 1 AS n")
        with pytest.raises(StopError, match=r"raise CONNECTOR_MEMORY_MB .* what was finished is kept\.$") as caught:
            store.run("SELECT length(string_agg(repeat('x', 1000), '')) FROM range(500_000)")
        assert "\n" not in str(caught.value)
        assert store.value("SELECT n FROM kept") == 1
