"""The store's engine for a handful of rows: it looks for no better way to work, which takes longer than the work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from unittest.mock import patch

import duckdb

from connector.store import database

NEEDED = frozenset({"deliminator", "expression_rewriter", "filter_pullup", "filter_pushdown", "unnest_rewriter"})
"""What keeps joins of some tens of rows from becoming joins of some thousands. What comes out is the same."""


@contextmanager
def hasty_engine() -> Iterator[None]:
    """Within the block stores are opened with an engine that optimizes next to nothing."""
    with patch.dict(database._CONFIG, {"threads": "1", "disabled_optimizers": _not_needed()}):
        yield


@cache
def _not_needed() -> str:
    with duckdb.connect() as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()]
    return ",".join(name for name in names if name not in NEEDED)
