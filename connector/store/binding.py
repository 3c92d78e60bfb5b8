"""The second wall for conditions: the engine itself tries each on one typed row, with every door shut."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import duckdb

_SHUT = (
    "SET TimeZone = 'UTC'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def open_binding() -> Callable[[str, str], str | None]:
    """A function from (condition, FROM item with one typed row) to what the engine finds wrong, or None.

    Rules say much the same thing in many places: each is asked once.
    """
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    for statement in _SHUT:
        connection.execute(statement)

    @cache
    def bind(condition: str, item: str) -> str | None:
        try:
            # The value is asked for too: `typeof` alone is answered without looking at any literal.
            kind = connection.execute(f"SELECT typeof({condition}), ({condition}) FROM {item}").fetchone()
        except duckdb.Error as error:
            return str(error).strip().splitlines()[0]
        if kind is None or kind[0] != "BOOLEAN":
            return f"it gives {kind[0] if kind else 'nothing'}, not true or false"
        return None

    return bind
