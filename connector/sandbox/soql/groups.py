"""Compiles and shapes aggregate queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    if query.grouping in {"ROLLUP", "CUBE"}:
        raise scope.source.malformed(query.groups[0].at, f"GROUP BY {query.grouping} is not known here")
    if query.grouping is None and query.limit is not None:
        raise scope.source.malformed(
            query.at, "LIMIT is not allowed in a query that uses an aggregate function but no GROUP BY"
        )
    groups = [_group(scope, expression) for expression in query.groups]
    known = {group.sql for group in groups}

    def grouped(expression: Expression) -> Operand:
        if is_aggregate(expression):
            return operand(scope, expression, aggregates=True)
        found = operand(scope, expression)
        if found.sql not in known:
            raise scope.source.malformed(found.at, f"Field must be grouped or aggregated: {found.name}")
        return found

    named = _selected(scope, query, grouped)
    statement = _statement(scope, query, groups, named, grouped)
    return GroupPlan(
        statement,
        tuple(name for name, _ in named),
        tuple(_CONVERTS.get(one.type) for _, one in named),
        tuple(
            ResultColumn(name, one.name, one.type, aggregate=isinstance(selected.item, Call))
            for (name, one), selected in zip(named, query.selected, strict=True)
        ),
    )


def _group(scope: Scope, expression: Expression) -> Operand:
    if is_aggregate(expression):
        raise scope.source.malformed(expression.at, "Grouped field should not be aggregated")
    found = operand(scope, expression)
    if not found.groupable:
        raise scope.source.error(
            "INVALID_FIELD", expression.at, f"field '{found.name}' can not be grouped in a query call"
        )
    return found


def _selected(scope: Scope, query: Query, grouped: Callable[[Expression], Operand]) -> list[tuple[str, Operand]]:
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


def _statement(
    scope: Scope,
    query: Query,
    groups: list[Operand],
    named: list[tuple[str, Operand]],
    grouped: Callable[[Expression], Operand],
) -> Sql:
    kept = filters(scope, query)
    chosen = having(scope, query.having, grouped) if query.having is not None else None
    aliases = {name.lower(): one for name, one in named}

    def ordered(expression: Expression) -> Operand:
        if isinstance(expression, Path) and len(expression.names) == 1:
            alias = aliases.get(expression.text.lower())
            if alias is not None:
                return alias
        return grouped(expression)

    order = order_by(scope.source, query.order, ordered)
    selected = ", ".join(_wire(one) for _, one in named)
    text = (
        f'SELECT {selected} FROM "{scope.definition.name}" "{scope.root}"{scope.joins} WHERE {kept.text}'
        + (f" GROUP BY {', '.join(group.sql for group in groups)}" if groups else "")
        + (f" HAVING {chosen.text}" if chosen else "")
        + f"{order} LIMIT ? OFFSET ?"
    )
    limit = BATCH + 1 if query.limit is None else min(query.limit, BATCH + 1)
    return Sql(text, (*kept.parameters, *(chosen.parameters if chosen else ()), limit, query.offset))


def _wire(one: Operand) -> str:
    return f"substr({one.sql}, 1, 23) || '+0000'" if one.type == "datetime" else one.sql
