"""`Id IN (SELECT …)`: rows that another query points to, or does not."""

from __future__ import annotations

from collections.abc import Callable

from connector.sandbox.soql.errors import SoqlError
from connector.sandbox.soql.fragment import Sql, alive, joined
from connector.sandbox.soql.operands import Operand
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.tree import Condition, Path, Query
from connector.sandbox.soql.values import IDS


def semi_join(
    scope: Scope, left: Operand, operator: str, query: Query, where: Callable[[Scope, Condition], Sql]
) -> Sql:
    """The condition that `left` is (IN) or is not (NOT IN) among the ids that `query` selects."""
    inner, selected = _inner(scope, query)
    column = inner.column(selected)
    if left.type not in IDS or column.field.type not in IDS:
        raise scope.source.error(
            "INVALID_FIELD",
            selected.at,
            "The left operand and the selected field of a semi join must both be an Id or a reference field: "
            f"{left.name}, {column.name}",
        )
    conditions = alive(inner, scope.environment.include_deleted or query.all_rows)
    conditions.append(Sql(f"{column.sql} IS NOT NULL"))
    if query.where is not None:
        conditions.append(where(inner, query.where))
    kept = joined("AND", conditions)
    # The joins are asked for last: the conditions may have added some.
    rows = f'SELECT {column.sql} FROM "{inner.definition.name}" "{inner.root}"{inner.joins} WHERE {kept.text}'
    inside = f"{left.sql} IN ({rows})"
    return Sql(inside if operator == "IN" else f"NOT IFNULL({inside}, 0)", kept.parameters)


def _inner(scope: Scope, query: Query) -> tuple[Scope, Path]:
    definition = scope.environment.catalogue.object(query.entity)
    if definition is None:
        raise scope.source.no_such_object(query.entity_at, query.entity)
    if definition is scope.definition:
        raise scope.source.malformed(
            query.entity_at, "The inner and outer selects should not be on the same object type"
        )
    refusal = _refusal(scope, query)
    if refusal is not None:
        raise refusal
    selected = query.selected[0].item
    if len(query.selected) != 1 or not isinstance(selected, Path) or query.selected[0].alias is not None:
        raise scope.source.malformed(query.selected[-1].at, "semi join sub-selects can only query id fields")
    own = (definition.name, query.alias) if query.alias else (definition.name,)
    return Scope(scope.source, scope.environment, definition, scope.names, own), selected


def _refusal(scope: Scope, query: Query) -> SoqlError | None:
    if query.grouping or query.order or query.limit is not None or query.offset or query.scope:
        return scope.source.malformed(
            query.at, "GROUP BY, ORDER BY, LIMIT, OFFSET and USING SCOPE are not allowed in a semi join sub-select"
        )
    return None
