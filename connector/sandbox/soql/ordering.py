"""Compiles ORDER BY."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connector.sandbox.soql.errors import Source
from connector.sandbox.soql.operands import Operand
from connector.sandbox.soql.tree import Expression, Ordering


def order_by(source: Source, order: Sequence[Ordering], operand: Callable[[Expression], Operand]) -> str:
    """The ORDER BY clause with a blank before it, or nothing. Nulls come first in both directions."""
    keys = [_key(source, entry, operand(entry.expression)) for entry in order]
    return f" ORDER BY {', '.join(keys)}" if keys else ""


def _key(source: Source, entry: Ordering, key: Operand) -> str:
    if not key.sortable:
        raise source.error(
            "INVALID_FIELD", entry.expression.at, f"field '{key.name}' can not be sorted in a query call"
        )
    direction = " DESC" if entry.descending else ""
    # SQLite's own places for nulls let an index serve the order; columns without nulls need no place at all.
    if not key.nillable or bool(entry.nulls_last) == entry.descending:
        return key.sql + direction
    return f"{key.sql}{direction} NULLS {'LAST' if entry.nulls_last else 'FIRST'}"
