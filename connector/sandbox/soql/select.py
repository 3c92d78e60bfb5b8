"""Compiles a query for records: one statement for the keys of all rows, one for any page of them by key."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.soql.conditions import where
from connector.sandbox.soql.draft import ResultColumn, SelectList
from connector.sandbox.soql.environment import Environment
from connector.sandbox.soql.errors import Source
from connector.sandbox.soql.fragment import Sql, alive, joined, run
from connector.sandbox.soql.operands import is_aggregate, operand
from connector.sandbox.soql.ordering import order_by
from connector.sandbox.soql.records import Record, Row, children
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.tree import Call, FieldSet, Path, Query, Selected, Typeof

_FIELD_SET_ROWS = 200
_FIELD_SETS_SINCE = 51.0
_DEEPEST_SINCE = 58.0
_DEEPEST_CHILDREN = 5


@dataclass(frozen=True)
class RowPlan:
    """How records are read by rowid: the statement takes the rowids as one JSON array."""

    sql: str
    read: Callable[[Row], Record | None]
    children: tuple[ChildPlan, ...]
    columns: tuple[ResultColumn, ...]
    own_fields: tuple[str, ...]


@dataclass(frozen=True)
class ChildPlan:
    """A child subquery: `keys` takes the parents' keys as one JSON array and gives (parent's key, rowid)."""

    name: str
    keys: Sql
    limit: int | None
    offset: int
    rows: RowPlan


def filters(scope: Scope, query: Query) -> Sql:
    """All conditions on the rows of a query: WHERE, USING SCOPE, and what is deleted."""
    pieces = alive(scope, scope.environment.include_deleted or query.all_rows)
    pieces += _mine(scope, query)
    if query.where is not None:
        pieces.append(where(scope, query.where))
    return joined("AND", pieces) if pieces else Sql("1")


def keys_statement(scope: Scope, query: Query) -> Sql:
    """Gives the rowids of all rows that a query finds, in its order."""
    kept = filters(scope, query)
    order = order_by(scope.source, query.order, lambda expression: operand(scope, expression))
    text = (
        f'SELECT "{scope.root}".rowid FROM "{scope.definition.name}" "{scope.root}"{scope.joins} '
        f"WHERE {kept.text}{order} LIMIT ? OFFSET ?"
    )
    return Sql(text, (*kept.parameters, -1 if query.limit is None else query.limit, query.offset))


def row_plan(scope: Scope, query: Query, depth: int = 0) -> RowPlan:
    """Compiles the SELECT list. `depth` counts the queries around this one."""
    listed = SelectList(scope)
    below = []
    for selected in query.selected:
        if isinstance(selected.item, Query):
            child = _child_plan(scope, selected.item, depth + 1)
            listed.add_children(child.name, child.rows.columns, selected.at)
            below.append(child)
        else:
            _add(listed, query, selected)
    sql = (
        f'SELECT {", ".join(listed.sql)} FROM "{scope.definition.name}" "{scope.root}"{scope.joins} '
        f'WHERE "{scope.root}".rowid IN (SELECT value FROM json_each(?))'
    )
    read = listed.root.finished(listed.base).reader()
    return RowPlan(sql, read, tuple(below), listed.root.described(), tuple(listed.own_fields))


def new_scope(
    source: Source, environment: Environment, definition: ObjectDef, query: Query, names: Iterator[str]
) -> Scope:
    """The scope of a query over an object."""
    own = (definition.name, query.entity, *((query.alias,) if query.alias else ()))
    return Scope(source, environment, definition, names, own)


def fetch(connection: sqlite3.Connection, plan: RowPlan, keys: Sequence[int]) -> list[Record]:
    """The records of these rowids, in their order; rows that are gone meanwhile are left out."""
    found = {row[0]: row for row in run(connection, plan.sql, (json.dumps(list(keys)),))}
    rows = [found[key] for key in keys if key in found]
    records = [record for record in map(plan.read, rows) if record is not None]
    for child in plan.children:
        below = _fetch_children(connection, child, [row[1] for row in rows])
        for row, record in zip(rows, records, strict=True):
            record[child.name] = children(below.get(row[1], []))
    return records


def _fetch_children(connection: sqlite3.Connection, plan: ChildPlan, parents: Sequence[str]) -> dict[str, list[Record]]:
    by_parent: dict[str, list[int]] = defaultdict(list)
    for parent, key in run(connection, plan.keys.text, (json.dumps(parents), *plan.keys.parameters)):
        by_parent[parent].append(key)
    end = None if plan.limit is None else plan.offset + plan.limit
    kept = {parent: keys[plan.offset : end] for parent, keys in by_parent.items()}
    wanted = [key for keys in kept.values() for key in keys]
    records = iter(fetch(connection, plan.rows, wanted))
    return {parent: [next(records) for _ in keys] for parent, keys in kept.items()}


def _mine(scope: Scope, query: Query) -> list[Sql]:
    if query.scope in {None, "EVERYTHING"}:
        return []
    owner = scope.definition.field("OwnerId")
    if query.scope != "MINE" or owner is None:
        raise scope.source.malformed(query.entity_at, f"invalid scope: {query.scope}")
    return [Sql(f'"{scope.root}"."{owner.name}" = ?', (scope.environment.user_id,))]


def _add(listed: SelectList, query: Query, selected: Selected) -> None:
    item = selected.item
    source = listed.scope.source
    if isinstance(item, Path):
        if selected.alias is not None:
            raise source.malformed(selected.at, "only aggregate expressions use field aliasing")
        listed.add_path(item)
    elif isinstance(item, FieldSet):
        _add_field_set(listed, query, item)
    elif isinstance(item, Typeof):
        listed.add_typeof(item)
    elif isinstance(item, Call):
        if item.function != "TOLABEL" or not isinstance(item.argument, Path):
            raise source.malformed(item.at, f"unexpected token: '{item.written}'")
        listed.add_label(item.argument, selected.alias)


def _add_field_set(listed: SelectList, query: Query, item: FieldSet) -> None:
    source = listed.scope.source
    if float(listed.scope.environment.version) < _FIELD_SETS_SINCE:
        raise source.error(
            "UNSUPPORTED_API_VERSION",
            item.at,
            "The SOQL FIELDS function is not supported in this version of the API",
        )
    if item.group != "STANDARD" and (query.limit is None or query.limit > _FIELD_SET_ROWS):
        raise source.malformed(item.at, f"The SOQL FIELDS function must have a LIMIT of at most {_FIELD_SET_ROWS}")
    for definition in listed.scope.environment.visible_fields(listed.scope.definition):
        if item.group == "ALL" or definition.custom == (item.group == "CUSTOM"):
            listed.add_field(definition, item.at)


def _child_plan(scope: Scope, query: Query, depth: int) -> ChildPlan:
    source, environment = scope.source, scope.environment
    deepest = _DEEPEST_CHILDREN if float(environment.version) >= _DEEPEST_SINCE else 1
    if depth > deepest:
        raise source.malformed(query.at, f"subqueries nested more than {deepest} deep")
    if query.grouping or any(is_aggregate(selected.item) for selected in query.selected):
        raise source.malformed(query.at, "Aggregate functions are not supported in a child subquery")
    name = query.entity.rsplit(".", 1)[-1]
    found = next((entry for entry in scope.definition.children if entry[0].lower() == name.lower()), None)
    definition = environment.catalogue.object(found[1]) if found else None
    if found is None or definition is None:
        raise source.no_such_children(query.entity_at, name)
    rows = row_plan(new_scope(source, environment, definition, query, scope.names), query, depth)
    keys = _child_keys(new_scope(source, environment, definition, query, scope.names), query, found[2])
    return ChildPlan(found[0], keys, query.limit, query.offset, rows)


def _child_keys(scope: Scope, query: Query, reference: str) -> Sql:
    kept = filters(scope, query)
    order = order_by(scope.source, query.order, lambda expression: operand(scope, expression))
    # CROSS JOIN fixes the order of the loops: each parent looks its children up by the index.
    text = (
        f'SELECT "{scope.root}"."{reference}", "{scope.root}".rowid FROM json_each(?) AS parents '
        f'CROSS JOIN "{scope.definition.name}" "{scope.root}" ON "{scope.root}"."{reference}" = parents.value'
        f"{scope.joins} WHERE {kept.text}{order}"
    )
    return replace(kept, text=text)
