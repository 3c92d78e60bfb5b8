"""Compiles and shapes aggregate queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, count
from types import MappingProxyType
from typing import Any

from connector.sandbox.soql.conditions import having
from connector.sandbox.soql.draft import ResultColumn
from connector.sandbox.soql.fragment import Sql
from connector.sandbox.soql.operands import Operand, is_aggregate, operand
from connector.sandbox.soql.ordering import order_by
from connector.sandbox.soql.records import Record, Row
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.select import filters
from connector.sandbox.soql.tree import Call, Expression, Path, Query

BATCH = 2000
"""Groups that one answer may have: aggregate queries are never paged."""

Means = Callable[[Expression], Operand]

_CONVERTS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "boolean": bool,
        "double": float,
        "currency": float,
        "percent": float,
    }
)


@dataclass(frozen=True)
class GroupPlan:
    """The statement, and what each of its columns is called and how it travels."""

    statement: Sql
    names: tuple[str, ...]
    converts: tuple[Callable[[Any], Any] | None, ...]
    columns: tuple[ResultColumn, ...]

    def record(self, row: Row) -> Record:
        record: Record = {"attributes": {"type": "AggregateResult"}}
        for name, convert, value in zip(self.names, self.converts, row, strict=True):
            record[name] = value if convert is None or value is None else convert(value)
        return record


def is_aggregated(query: Query) -> bool:
    """Whether the query answers groups rather than records."""
    return query.grouping is not None or any(is_aggregate(selected.item) for selected in query.selected)


def group_plan(scope: Scope, query: Query) -> GroupPlan:
    """Compiles a query with GROUP BY or aggregates."""
    if query.grouping is None and query.limit is not None:
        raise scope.source.malformed(
            query.at, "LIMIT is not allowed in a query that uses an aggregate function but no GROUP BY"
        )
    groups = [_group(scope, expression) for expression in query.groups]
    grouped = _grouped(scope, groups)
    named = _selected(scope, query, grouped)
    columns = tuple(
        ResultColumn(name, one.name, one.type, aggregate=isinstance(selected.item, Call))
        for (name, one), selected in zip(named, query.selected, strict=True)
    )
    names = tuple(name for name, _ in named)
    converts = tuple(_CONVERTS.get(one.type) for _, one in named)
    return GroupPlan(_statement(scope, query, groups, names), names, converts, columns)


def _grouped(scope: Scope, groups: Sequence[Operand], kept: frozenset[str] | None = None) -> Means:
    """What expressions mean in a grouped query: aggregates, and the fields in GROUP BY.

    `kept` holds the SQL of those groups that a subtotal keeps; the others are null in it. None keeps all.
    """
    known = {group.sql for group in groups}
    present = known if kept is None else kept

    def means(expression: Expression) -> Operand:
        if is_aggregate(expression):
            return operand(scope, expression, aggregates=True)
        if isinstance(expression, Call) and expression.function == "GROUPING" and expression.argument is not None:
            inner = operand(scope, expression.argument)
            found = Operand(f"{expression.written}({inner.name})", inner.sql, "int", expression.at, nillable=False)
        else:
            inner = found = operand(scope, expression)
        if inner.sql not in known:
            raise scope.source.malformed(inner.at, f"Field must be grouped or aggregated: {inner.name}")
        if found is not inner:
            return replace(found, sql=str(int(inner.sql not in present)))
        return inner if inner.sql in present else replace(inner, sql="NULL")

    return means


def _group(scope: Scope, expression: Expression) -> Operand:
    if is_aggregate(expression):
        raise scope.source.malformed(expression.at, "Grouped field should not be aggregated")
    found = operand(scope, expression)
    if not found.groupable:
        raise scope.source.error(
            "INVALID_FIELD", expression.at, f"field '{found.name}' can not be grouped in a query call"
        )
    return found


def _selected(scope: Scope, query: Query, grouped: Means) -> list[tuple[str, Operand]]:
    named: dict[str, Operand] = {}
    unnamed = 0
    for selected in query.selected:
        if not isinstance(selected.item, Path | Call):
            raise scope.source.malformed(selected.at, "only fields and aggregates can be selected in a grouped query")
        found = grouped(selected.item)
        name = selected.alias or found.name
        if selected.alias is None and isinstance(selected.item, Call):
            name = f"expr{unnamed}"
            unnamed += 1
        if name.lower() in (taken.lower() for taken in named):
            raise scope.source.malformed(selected.at, f"duplicate alias: {name}")
        named[name] = found
    return list(named.items())


def _statement(scope: Scope, query: Query, groups: Sequence[Operand], names: Sequence[str]) -> Sql:
    """One SELECT, or for subtotals several with their order kept in further columns."""
    limit = BATCH + 1 if query.limit is None else min(query.limit, BATCH + 1)
    kept = filters(scope, query)
    levels = [
        _level(scope, query, groups, names, keep, kept)
        for keep in _levels(query.grouping, [group.sql for group in groups])
    ]
    text = " UNION ALL ".join(level.text for level in levels)
    columns = ", ".join(f"c{number}" for number in range(len(names)))
    order = order_by(scope.source, query.order, _numbered(_ordered(query, _grouped(scope, groups), names)))
    if not order and len(levels) > 1:
        order = " ORDER BY " + ", ".join(f"g{number}, v{number}" for number in range(len(groups)))
    parameters = tuple(value for level in levels for value in level.parameters)
    statement = f"SELECT {columns} FROM ({text}){order} LIMIT ? OFFSET ?"
    return Sql(statement, (*parameters, limit, query.offset))


def _level(
    scope: Scope,
    query: Query,
    groups: Sequence[Operand],
    names: Sequence[str],
    keep: frozenset[str],
    kept: Sql,
) -> Sql:
    """One level of grouping: its values as c0…, the keys of ORDER BY as k0…, the groups themselves as g0, v0…"""
    means = _grouped(scope, groups, keep)
    chosen = having(scope, query.having, means) if query.having is not None else None
    values = [means(item) for item in (one.item for one in query.selected) if isinstance(item, Path | Call)]
    ordered = _ordered(query, means, names)
    columns = [f"{_wire(one)} AS c{number}" for number, one in enumerate(values)]
    columns += [f"{ordered(key.expression).sql} AS k{number}" for number, key in enumerate(query.order)]
    for number, group in enumerate(groups):
        columns += [
            f"{int(group.sql not in keep)} AS g{number}",
            f"{group.sql if group.sql in keep else 'NULL'} AS v{number}",
        ]
    by = ", ".join(group.sql for group in groups if group.sql in keep) or "NULL"
    text = (
        f'SELECT {", ".join(columns)} FROM "{scope.definition.name}" "{scope.root}"{scope.joins} WHERE {kept.text}'
        + (f" GROUP BY {by}" if groups else "")
        + (f" HAVING {chosen.text}" if chosen else "")
    )
    return Sql(text, (*kept.parameters, *(chosen.parameters if chosen else ())))


def _levels(grouping: str | None, groups: Sequence[str]) -> list[frozenset[str]]:
    """Which groups each level of subtotals keeps: ROLLUP drops them from the right, CUBE in every combination."""
    sizes = range(len(groups), -1, -1)
    if grouping == "ROLLUP":
        return [frozenset(groups[:size]) for size in sizes]
    if grouping == "CUBE":
        return [frozenset(some) for size in sizes for some in combinations(groups, size)]
    return [frozenset(groups)]


def _ordered(query: Query, means: Means, names: Sequence[str]) -> Means:
    """What expressions mean in ORDER BY, where an alias may stand for what was selected under it."""
    aliases = {
        name.lower(): one.item
        for name, one in zip(names, query.selected, strict=True)
        if one.alias is not None and isinstance(one.item, Path | Call)
    }

    def ordered(expression: Expression) -> Operand:
        named = aliases.get(expression.text.lower()) if isinstance(expression, Path) else None
        return means(named if named is not None else expression)

    return ordered


def _numbered(ordered: Means) -> Means:
    """The same operands, read from the columns k0… in the order in which they are asked for."""
    numbers = count()
    return lambda expression: replace(ordered(expression), sql=f"k{next(numbers)}")


def _wire(one: Operand) -> str:
    return f"substr({one.sql}, 1, 23) || '+0000'" if one.type == "datetime" else one.sql
