"""The tables that the decisions before nurturing leave, for tests that begin there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.engine_world import World


class Ground(World):
    """A world with further tables, filled by rows."""

    def __init__(self) -> None:
        super().__init__()
        self.load("score_noise", ("activity_id",), [])

    def load(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table whose columns are VARCHAR unless a type stands behind the name."""
        kinds = [column.split(" ")[1] if " " in column else "VARCHAR" for column in columns]
        typed = [column if " " in column else f"{column} VARCHAR" for column in columns]
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({', '.join(typed)})")
        if rows:
            fields = ", ".join(f"unnest(?::{kind}[])" for kind in kinds)
            values = [list(one) for one in zip(*rows, strict=True)]
            self.connection.execute(f"INSERT INTO {name} SELECT {fields}", values)
