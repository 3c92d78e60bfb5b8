"""Pieces of SQL with the parameters that belong in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.values import Parameter

_FLAT = 100


@dataclass(frozen=True)
class Sql:
    text: str
    parameters: tuple[Parameter, ...] = ()


def joined(operator: str, pieces: Sequence[Sql]) -> Sql:
    """The pieces with AND or OR between, halved where they are many: SQLite limits how deep an expression is."""
    if len(pieces) > _FLAT:
        middle = len(pieces) // 2
        pieces = [joined(operator, pieces[:middle]), joined(operator, pieces[middle:])]
    text = f" {operator} ".join(piece.text for piece in pieces)
    return Sql(f"({text})", tuple(value for piece in pieces for value in piece.parameters))


def alive(scope: Scope, include_deleted: bool) -> list[Sql]:
    """The conditions that keep deleted and archived rows out of a query that did not ask for them.

    The plus keeps SQLite from choosing an index on a flag that nearly all rows share.
    """
    if include_deleted:
        return []
    flags = [scope.definition.field(name) for name in ("IsDeleted", "IsArchived")]
    return [Sql(f'IFNULL(+"{scope.root}"."{flag.name}", 0) = 0') for flag in flags if flag is not None]
