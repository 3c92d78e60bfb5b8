"""Pieces of SQL with the parameters that belong in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from connector.sandbox.soql.errors import SoqlError
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.values import Parameter

_FLAT = 100
_LIMITS = (
    "parser stack overflow",
    "Expression tree is too large",
    "too many SQL variables",
    "query string is too large",
    "too many columns in result set",
)
"""How SQLite says that a statement is too much for it."""


@dataclass(frozen=True)
class Sql:
    text: str
    parameters: tuple[Parameter, ...] = ()


def joined(operator: str, pieces: Sequence[Sql]) -> Sql:
    """The pieces with AND or OR between, halved where they are many: SQLite limits how deep an expression is."""
    if len(pieces) == 1:
        return pieces[0]
    if len(pieces) > _FLAT:
        middle = len(pieces) // 2
        pieces = [joined(operator, pieces[:middle]), joined(operator, pieces[middle:])]
    text = f" {operator} ".join(piece.text for piece in pieces)
    return Sql(f"({text})", tuple(value for piece in pieces for value in piece.parameters))


def run(connection: sqlite3.Connection, sql: str, parameters: Sequence[object]) -> sqlite3.Cursor:
    """Runs a compiled statement; its rows are plain tuples.

    Raises SoqlError when the statement is larger or deeper than SQLite takes.
    """
    cursor = connection.cursor()
    cursor.row_factory = None
    try:
        return cursor.execute(sql, parameters)
    except (sqlite3.OperationalError, sqlite3.DataError) as error:
        if not any(limit in str(error) for limit in _LIMITS):
            raise
        raise SoqlError(
            "QUERY_TOO_COMPLICATED",
            "Query is either selecting too many fields or the filter conditions are too complicated.",
        ) from error


def alive(scope: Scope, include_deleted: bool) -> list[Sql]:
    """The conditions that keep deleted and archived rows out of a query that did not ask for them.

    The plus keeps SQLite from choosing an index on a flag that nearly all rows share.
    """
    if include_deleted:
        return []
    flags = [scope.definition.field(name) for name in ("IsDeleted", "IsArchived")]
    return [Sql(f'IFNULL(+"{scope.root}"."{flag.name}", 0) = 0') for flag in flags if flag is not None]
