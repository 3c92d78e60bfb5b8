"""The keyset form of paging: `(a = x AND b > y) OR a > x`, which an index on (a, b) serves as one range.

SQLite would read an OR as two searches and sort their union; as the row comparison `(a, b) > (x, y)` it walks
the index from the last row of the page before.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.sandbox.soql.fragment import Sql
from connector.sandbox.soql.operands import Operand
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.tree import Comparison, Expression, Junction, Value
from connector.sandbox.soql.values import Range, meaning

_KINDS = frozenset({"id", "reference", "date", "datetime"})
_BEYOND = frozenset({"<", ">"})


def row_comparison(scope: Scope, operand: Callable[[Expression], Operand], junction: Junction) -> Sql | None:
    """The row comparison that an OR means, or None when it has not this very form."""
    if len(junction.terms) != 2:
        return None
    for tied, beyond in (junction.terms, junction.terms[::-1]):
        if not isinstance(tied, Junction) or not isinstance(beyond, Comparison) or tied.operator != "AND":
            continue
        for same, further in (tied.terms, tied.terms[::-1]) if len(tied.terms) == 2 else ():
            if isinstance(same, Comparison) and isinstance(further, Comparison):
                found = _match(scope, operand, (same, further, beyond))
                if found is not None:
                    return found
    return None


def _match(
    scope: Scope,
    operand: Callable[[Expression], Operand],
    form: tuple[Comparison, Comparison, Comparison],
) -> Sql | None:
    same, further, beyond = form
    if same.operator != "=" or beyond.operator not in _BEYOND or further.operator != beyond.operator:
        return None
    first, again, second = operand(same.left), operand(beyond.left), operand(further.left)
    if first.sql != again.sql or not {first.type, second.type} <= _KINDS:
        return None
    if not all(isinstance(term.right, Value) and term.right.kind != "null" for term in form):
        return None
    values = [
        meaning(scope, side, term.right)
        for side, term in ((first, same), (first, beyond), (second, further))
        if isinstance(term.right, Value)
    ]
    bound, repeated, next_bound = values
    if bound != repeated or isinstance(bound, Range) or isinstance(next_bound, Range):
        return None
    if bound is None or next_bound is None:
        return None
    return Sql(f"({first.sql}, {second.sql}) {beyond.operator} (?, ?)", (bound, next_bound))
