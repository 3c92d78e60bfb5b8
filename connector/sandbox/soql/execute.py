"""Runs a query and answers its records in pages."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import count

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import instant
from connector.sandbox.soql.draft import ResultColumn
from connector.sandbox.soql.environment import Environment
from connector.sandbox.soql.errors import SoqlError, Source
from connector.sandbox.soql.fragment import run
from connector.sandbox.soql.groups import BATCH, group_plan, is_aggregated
from connector.sandbox.soql.operands import LOCAL
from connector.sandbox.soql.parse import parse
from connector.sandbox.soql.records import Record
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.select import RowPlan, fetch, keys_statement, new_scope, row_plan
from connector.sandbox.soql.tree import Call, Query


@dataclass(frozen=True)
class Result:
    """What a query found, as of when it ran: of rows only their keys are held, their values are read by page.

    `entity` is the object in FROM, `selected` its own selected fields in API case, `columns` the metadata of
    all columns. With `is_count` the query was COUNT(): there is `total_size` and no records.
    """

    total_size: int
    entity: str
    selected: tuple[str, ...]
    columns: tuple[ResultColumn, ...]
    is_count: bool
    _environment: Environment = field(repr=False)
    _keys: Sequence[int] = field(default=(), repr=False)
    _rows: RowPlan | None = field(default=None, repr=False)
    _groups: tuple[Record, ...] = field(default=(), repr=False)
    _local: bool = field(default=False, repr=False)

    def page(self, offset: int, size: int, connection: sqlite3.Connection | None = None) -> list[Record]:
        """The records from `offset` on, at most `size`, ready for JSON.

        `connection` is the calling thread's, where it is not the one that the query ran on.
        """
        if self._rows is None:
            return list(self._groups[offset : offset + size])
        used = connection or self._environment.connection
        if self._local:
            prepare_local_time(used, self._environment.zone)
        return fetch(used, self._rows, self._keys[offset : offset + size])


def execute(text: str, environment: Environment) -> Result:
    """Runs a query. Raises SoqlError in Salesforce's words when it is wrong or not known here."""
    source = Source(text)
    query = parse(source)
    definition = queried_object(source, query, environment)
    local = "converttimezone" in text.lower()
    if local:
        prepare_local_time(environment.connection, environment.zone)
    names = _aliases()
    scope = new_scope(source, environment, definition, query, names)
    if _is_count(query):
        return _count(scope, query)
    if is_aggregated(query):
        return _grouped(scope, query)
    rows = row_plan(new_scope(source, environment, definition, query, names), query)
    statement = keys_statement(scope, query)
    found = run(environment.connection, statement.text, statement.parameters)
    keys = array("q", (row[0] for row in found))
    return Result(
        len(keys), definition.name, rows.own_fields, rows.columns, False, environment, keys, rows, _local=local
    )


def queried_object(source: Source, query: Query, environment: Environment) -> ObjectDef:
    """The object in FROM. Raises SoqlError when there is none of that name, or none that can be queried."""
    definition = environment.catalogue.object(query.entity)
    if definition is None:
        raise source.no_such_object(query.entity_at, query.entity)
    if not definition.queryable:
        raise SoqlError("INVALID_TYPE_FOR_OPERATION", f"entity type {definition.name} does not support query")
    return definition


def _aliases() -> Iterator[str]:
    return (f"t{number}" for number in count())


def _is_count(query: Query) -> bool:
    item = query.selected[0].item
    return len(query.selected) == 1 and isinstance(item, Call) and item.function == "COUNT" and item.argument is None


def _count(scope: Scope, query: Query) -> Result:
    if query.grouping or query.order or query.selected[0].alias:
        raise scope.source.malformed(query.selected[0].at, "COUNT() takes no alias, GROUP BY or ORDER BY")
    statement = keys_statement(scope, query)
    found = run(scope.environment.connection, f"SELECT COUNT(*) FROM ({statement.text})", statement.parameters)
    return Result(found.fetchone()[0], scope.definition.name, (), (), True, scope.environment)


def _grouped(scope: Scope, query: Query) -> Result:
    plan = group_plan(scope, query)
    rows = run(scope.environment.connection, plan.statement.text, plan.statement.parameters).fetchall()
    if len(rows) > BATCH:
        raise SoqlError(
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
        )
    return Result(
        len(rows),
        scope.definition.name,
        (),
        plan.columns,
        is_count=False,
        _environment=scope.environment,
        _groups=tuple(map(plan.record, rows)),
    )


def prepare_local_time(connection: sqlite3.Connection, zone: tzinfo) -> None:
    """Gives the connection the function that convertTimezone() compiles to."""

    def local(stamp: str | None) -> str | None:
        return None if stamp is None else instant(stamp).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")

    connection.create_function(LOCAL, 1, local, deterministic=True)
