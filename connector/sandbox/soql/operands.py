"""Turns a field, a function of a field, or an aggregate into SQL and its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connector.sandbox.soql.fiscal import fiscal_month
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.tree import Call, Expression, Path

LOCAL = "soql_local"
"""The SQL function that turns a stamp into the running user's local time; the runner registers it."""

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})

_DATE_PARTS: Mapping[str, str] = MappingProxyType(
    {
        "CALENDAR_YEAR": "CAST(strftime('%Y', {0}) AS INTEGER)",
        "CALENDAR_QUARTER": "(CAST(strftime('%m', {0}) AS INTEGER) + 2) / 3",
        "CALENDAR_MONTH": "CAST(strftime('%m', {0}) AS INTEGER)",
        "DAY_IN_MONTH": "CAST(strftime('%d', {0}) AS INTEGER)",
        "DAY_IN_WEEK": "CAST(strftime('%w', {0}) AS INTEGER) + 1",
        "DAY_IN_YEAR": "CAST(strftime('%j', {0}) AS INTEGER)",
        "WEEK_IN_MONTH": "(CAST(strftime('%d', {0}) AS INTEGER) + 6) / 7",
        "WEEK_IN_YEAR": "(CAST(strftime('%j', {0}) AS INTEGER) + 6) / 7",
        "FISCAL_MONTH": "(CAST(strftime('%m', {0}) AS INTEGER) - {1} + 12) % 12 + 1",
        "FISCAL_QUARTER": "(CAST(strftime('%m', {0}) AS INTEGER) - {1} + 12) % 12 / 3 + 1",
        "FISCAL_YEAR": "CAST(strftime('%Y', {0}) AS INTEGER) + ({1} > 1 AND strftime('%m', {0}) >= '{1:02}')",
    }
)
_TIME_PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "HOUR_IN_DAY": ("int", "CAST(strftime('%H', {0}) AS INTEGER)"),
        "DAY_ONLY": ("date", "substr({0}, 1, 10)"),
    }
)

_UNSORTABLE = frozenset({"multipicklist", "address", "location", "encryptedstring", "base64"})
_UNGROUPABLE = _UNSORTABLE | {"double", "currency", "percent", "datetime"}
_UNORDERED = frozenset({"boolean", "multipicklist", "address", "location"})


@dataclass(frozen=True)
class Operand:
    """SQL with what comparisons need to know of it. `name` is what error messages and answers call it."""

    name: str
    sql: str
    type: str
    at: int
    nillable: bool = True
    filterable: bool = True

    @property
    def sortable(self) -> bool:
        return self.filterable and self.type not in _UNSORTABLE

    @property
    def groupable(self) -> bool:
        return self.filterable and self.type not in _UNGROUPABLE


def operand(scope: Scope, expression: Expression, *, aggregates: bool = False) -> Operand:
    """The operand for an expression. `aggregates` says whether COUNT, SUM and the like may stand there."""
    if isinstance(expression, Path):
        column = scope.column(expression)
        field = column.field
        return Operand(column.name, column.sql, field.type, expression.at, column.nillable, field.filterable)
    if expression.function in AGGREGATES:
        if not aggregates:
            raise scope.source.malformed(expression.at, f"unexpected token: '{expression.written}'")
        return _aggregate(scope, expression)
    return _date_function(scope, expression)


def is_aggregate(expression: object) -> bool:
    """Whether it is a call of an aggregate function."""
    return isinstance(expression, Call) and expression.function in AGGREGATES


def _aggregate(scope: Scope, call: Call) -> Operand:
    if call.argument is None or is_aggregate(call.argument):
        raise scope.source.malformed(call.at, f"unexpected token: '{call.written}'")
    inner = operand(scope, call.argument)
    kind = inner.type
    numeric_only = call.function in {"SUM", "AVG"}
    allowed = kind in NUMBERS if numeric_only else inner.filterable
    if call.function in {"MIN", "MAX"}:
        allowed = allowed and kind not in _UNORDERED
    if not allowed:
        raise scope.source.malformed(call.at, f"field {inner.name} does not support aggregate operator {call.function}")
    name = f"{call.written}({inner.name})"
    if call.function in {"COUNT", "COUNT_DISTINCT"}:
        distinct = "DISTINCT " if call.function == "COUNT_DISTINCT" else ""
        return Operand(name, f"COUNT({distinct}{inner.sql})", "int", call.at, nillable=False)
    return Operand(name, f"{call.function}({inner.sql})", "double" if call.function == "AVG" else kind, call.at)


def _date_function(scope: Scope, call: Call) -> Operand:
    part = _DATE_PARTS.get(call.function)
    kind, timed = _TIME_PARTS.get(call.function, ("int", None))
    if call.argument is None or (part is None and timed is None):
        raise scope.source.malformed(call.at, f"unexpected token: '{call.written}'")
    inner = _moment(scope, call.argument)
    if inner.type != "datetime" and (timed is not None or inner.type != "date"):
        raise scope.source.error(
            "INVALID_FIELD", call.at, f"function {call.function} can not be applied to field '{inner.name}'"
        )
    month = fiscal_month(scope.environment) if call.function.startswith("FISCAL") else 1
    sql = (part or timed or "").format(inner.sql, month)
    return Operand(f"{call.written}({inner.name})", f"({sql})", kind, call.at, inner.nillable)


def _moment(scope: Scope, argument: Expression) -> Operand:
    """A date or dateTime field; convertTimezone() around it moves it from UTC to the user's zone."""
    if isinstance(argument, Path):
        return operand(scope, argument)
    if argument.function != "CONVERTTIMEZONE" or not isinstance(argument.argument, Path):
        raise scope.source.malformed(argument.at, f"unexpected token: '{argument.written}'")
    inner = operand(scope, argument.argument)
    if inner.type != "datetime":
        raise scope.source.malformed(argument.at, "convertTimezone is only applicable to dateTime fields")
    return Operand(inner.name, f"{LOCAL}({inner.sql})", inner.type, argument.at, inner.nillable)
