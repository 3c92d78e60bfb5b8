"""Compiles WHERE and HAVING with Salesforce's two-valued logic.

Nulls pass `!=`, NOT and NOT IN. The plain comparisons stay bare, so that indexes serve them; only below a
NOT is an unknown result made false (which is enough: AND and OR never turn an unknown into a wrong true).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.sandbox.soql.fragment import Sql, joined
from connector.sandbox.soql.keyset import row_comparison
from connector.sandbox.soql.lexer import like_pattern, unescaped
from connector.sandbox.soql.operands import Operand, operand
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.semi_join import semi_join
from connector.sandbox.soql.tree import Comparison, Condition, Expression, Junction, Negation, Query, Value
from connector.sandbox.soql.values import IDS, Parameter, Range, is_text, meaning


@dataclass(frozen=True)
class _Place:
    """Where a condition stands: its SELECT, what its expressions mean there, and whether above an OR or NOT."""

    scope: Scope
    operand: Callable[[Expression], Operand]
    top: bool = True
    semi_joins: bool = True


def where(scope: Scope, condition: Condition) -> Sql:
    """The SQL condition for a WHERE."""
    return _condition(_Place(scope, lambda expression: operand(scope, expression)), condition)


def inner_where(scope: Scope, condition: Condition) -> Sql:
    """The SQL condition for a WHERE within a semi-join, which may hold no further semi-join."""
    place = _Place(scope, lambda expression: operand(scope, expression), semi_joins=False)
    return _condition(place, condition)


def having(scope: Scope, condition: Condition, grouped: Callable[[Expression], Operand]) -> Sql:
    """The SQL condition for a HAVING; `grouped` answers for grouped fields and aggregates."""
    return _condition(_Place(scope, grouped, semi_joins=False), condition)


def _condition(place: _Place, condition: Condition) -> Sql:
    if isinstance(condition, Comparison):
        return _comparison(place, condition)
    if isinstance(condition, Negation):
        inner = _condition(_Place(place.scope, place.operand, top=False), condition.term)
        return Sql(f"NOT IFNULL({inner.text}, 0)", inner.parameters)
    return _junction(place, condition)


def _junction(place: _Place, junction: Junction) -> Sql:
    if junction.operator == "AND":
        return joined("AND", [_condition(place, term) for term in junction.terms])
    after = row_comparison(place.scope, place.operand, junction)
    if after is not None:
        return after
    below = _Place(place.scope, place.operand, top=False)
    return joined("OR", [_condition(below, term) for term in junction.terms])


def _comparison(place: _Place, comparison: Comparison) -> Sql:
    left = place.operand(comparison.left)
    if not left.filterable or left.type in {"address", "location"}:
        raise place.scope.source.error(
            "INVALID_FIELD", comparison.at, f"field '{left.name}' can not be filtered in a query call"
        )
    right = comparison.right
    if isinstance(right, Query):
        return _semi_join(place, left, comparison.operator, right)
    if isinstance(right, tuple):
        return _listed(place.scope, left, comparison.operator, right)
    if comparison.operator == "LIKE":
        return _like(place.scope, left, right)
    return _scalar(place.scope, left, comparison.operator, right)


def _semi_join(place: _Place, left: Operand, operator: str, query: Query) -> Sql:
    if not place.semi_joins:
        raise place.scope.source.malformed(query.at, "Nesting of semi join sub-selects is not supported")
    if not place.top:
        raise place.scope.source.malformed(
            query.at,
            "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE "
            "expressions.",
        )
    return semi_join(place.scope, left, operator, query, inner_where)


def _scalar(scope: Scope, left: Operand, operator: str, value: Value) -> Sql:
    found = meaning(scope, left, value)
    if left.type == "boolean":
        return _boolean(scope, left, operator, bool(found))
    if left.type == "multipicklist" and operator not in {"=", "!="}:
        raise _bad_operator(scope, left)
    if isinstance(found, Range):
        return _ranged(left.sql, operator, found)
    if found is not None:
        return Sql(f"{left.sql} IS NOT ?" if operator == "!=" else f"{left.sql} {operator} ?", (found,))
    if operator not in {"=", "!="}:
        raise _bad_operator(scope, left)
    return _null(left, negative=operator == "!=")


def _null(left: Operand, *, negative: bool) -> Sql:
    """Null, or the empty string that means the same."""
    if not is_text(left.type):
        return Sql(f"{left.sql} IS NOT NULL" if negative else f"{left.sql} IS NULL")
    return Sql(f"IFNULL({left.sql}, '') <> ''" if negative else f"({left.sql} IS NULL OR {left.sql} = '')")


def _boolean(scope: Scope, left: Operand, operator: str, wanted: bool) -> Sql:
    """A boolean without a value is false, and so is one of a parent that is not there."""
    if operator not in {"=", "!="}:
        raise _bad_operator(scope, left)
    if wanted == (operator == "="):
        return Sql(f"{left.sql} = 1")
    return Sql(f"IFNULL({left.sql}, 0) = 0")


def _ranged(sql: str, operator: str, days: Range) -> Sql:
    match operator:
        case "=":
            return Sql(f"({sql} >= ? AND {sql} < ?)", (days.start, days.end))
        case "!=":
            return Sql(f"({sql} < ? OR {sql} >= ? OR {sql} IS NULL)", (days.start, days.end))
        case "<" | ">=":
            return Sql(f"{sql} {operator} ?", (days.start,))
        case _:
            return Sql(f"{sql} {'<' if operator == '<=' else '>='} ?", (days.end,))


def _like(scope: Scope, left: Operand, value: Value) -> Sql:
    if left.type in IDS:
        raise scope.source.error("INVALID_QUERY_FILTER_OPERATOR", left.at, "invalid operator on id field")
    if not is_text(left.type) or left.type == "multipicklist":
        raise _bad_operator(scope, left)
    if value.kind == "null":
        return _null(left, negative=False)
    if value.kind != "string":
        meaning(scope, left, value)
    return Sql(f"{left.sql} LIKE ? ESCAPE '\\'", (like_pattern(scope.source, value.text, value.at),))


def _listed(scope: Scope, left: Operand, operator: str, values: Sequence[Value]) -> Sql:
    if operator in {"INCLUDES", "EXCLUDES"}:
        return _picked(scope, left, operator, values)
    if left.type == "boolean":
        raise _bad_operator(scope, left)
    found = [meaning(scope, left, value) for value in values]
    exact = tuple(value for value in found if value is not None and not isinstance(value, Range))
    ranges = [_ranged(left.sql, "=", value) for value in found if isinstance(value, Range)]
    pieces = [_among(left.sql, exact)] if exact else []
    pieces += [_null(left, negative=False)] if None in found else []
    inside = joined("OR", [*pieces, *ranges]) if len(pieces) + len(ranges) > 1 else (pieces + ranges)[0]
    return inside if operator == "IN" else Sql(f"NOT IFNULL({inside.text}, 0)", inside.parameters)


def _among(sql: str, values: tuple[Parameter, ...]) -> Sql:
    return Sql(f"{sql} IN ({', '.join('?' * len(values))})", values)


def _picked(scope: Scope, left: Operand, operator: str, values: Sequence[Value]) -> Sql:
    """INCLUDES: one of the values, each of which may ask for several choices at once ('a;b')."""
    if left.type != "multipicklist":
        raise scope.source.error(
            "INVALID_QUERY_FILTER_OPERATOR",
            left.at,
            "includes or excludes operator only valid on multipicklist field",
        )
    for value in values:
        meaning(scope, left, value)
    wanted = [unescaped(scope.source, value.text, value.at).split(";") for value in values if value.kind == "string"]
    held = f"';' || lower({left.sql}) || ';'"
    pieces = [
        joined("AND", [Sql(f"instr({held}, ';' || lower(?) || ';') > 0", (part,)) for part in parts])
        for parts in wanted
    ]
    if len(wanted) < len(values):
        pieces.append(_null(left, negative=False))
    inside = joined("OR", pieces)
    return inside if operator == "INCLUDES" else Sql(f"NOT IFNULL({inside.text}, 0)", inside.parameters)


def _bad_operator(scope: Scope, left: Operand) -> Exception:
    kind = "dateTime" if left.type == "datetime" else left.type
    return scope.source.error("INVALID_QUERY_FILTER_OPERATOR", left.at, f"invalid operator on {kind} field")
