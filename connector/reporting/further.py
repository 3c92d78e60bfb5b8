"""Keys that a part of the engine adds to each document of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Further:
    """`rows`: a SELECT with a column person_id and at most one row a person.

    `keys` makes the keys from such a row by its columns; for somebody who has none it is given an empty one.
    """

    rows: str
    keys: Callable[[Mapping[str, Any]], dict[str, Any]]

    def joined(self, place: int) -> str:
        """SQL that joins the row as one value, `further_<place>`."""
        return f"LEFT JOIN (SELECT person_id, told AS further_{place} FROM ({self.rows}) AS told) USING (person_id)"
