"""What many unit tests are given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.store.database import Store, memory_store


@pytest.fixture(scope="module")
def module_store() -> Iterator[Store]:
    """An empty store in memory that the tests of a module share: each empties what it needs empty."""
    store = memory_store()
    store.run("SET threads = 1")
    yield store
    store.close()
