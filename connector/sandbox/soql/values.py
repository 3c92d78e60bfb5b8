"""Literals as the database holds them, refused when they are of another type than the field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from connector.sandbox.clock import stamp
from connector.sandbox.ids import id18, is_well_formed
from connector.sandbox.soql import dates
from connector.sandbox.soql.fiscal import fiscal_month
from connector.sandbox.soql.lexer import unescaped
from connector.sandbox.soql.operands import NUMBERS, Operand
from connector.sandbox.soql.scope import Scope
from connector.sandbox.soql.tree import Value

Parameter = str | int | float

IDS = frozenset({"id", "reference"})
_UNTEXTUAL = NUMBERS | IDS | {"boolean", "date", "datetime", "time"}
_EARLIEST, _LATEST = date(1700, 1, 1), date(4000, 12, 31)


@dataclass(frozen=True)
class Range:
    """A relative date: `start` belongs to it, `end` no longer does; both in the field's own form."""

    start: str
    end: str


def is_text(kind: str) -> bool:
    """Whether a field of that type is compared with strings as they are."""
    return kind not in _UNTEXTUAL


def meaning(scope: Scope, operand: Operand, value: Value) -> Parameter | Range | None:
    """The literal as a parameter for the operand's column, or as a range of them; None is null.

    Booleans become 0 and 1, ids their 18 characters, dateTimes UTC stamps. An empty string is null, as
    Salesforce stores it.
    """
    if value.kind == "null":
        return None
    if operand.type in NUMBERS:
        return _number(scope, operand, value)
    if operand.type == "boolean":
        _check(scope, operand, value.kind == "boolean")
        return int(value.text == "true")
    if operand.type in {"date", "datetime"}:
        return _moment(scope, operand, value)
    _check(scope, operand, value.kind == "string")
    text = unescaped(scope.source, value.text, value.at)
    if operand.type in IDS:
        return _identifier(scope, operand, text)
    return text or None


def _number(scope: Scope, operand: Operand, value: Value) -> int | float:
    _check(scope, operand, value.kind == "number")
    return int(value.text) if value.text.lstrip("+-").isdigit() and len(value.text) < 18 else float(value.text)


def _identifier(scope: Scope, operand: Operand, text: str) -> str | None:
    if not text:
        return None
    if not is_well_formed(text):
        raise scope.source.error("INVALID_QUERY_FILTER_OPERATOR", operand.at, f"invalid ID field: {text}")
    return id18(text) if len(text) == 15 else text


def _moment(scope: Scope, operand: Operand, value: Value) -> str | Range:
    _check(scope, operand, value.kind in {operand.type, "period"})
    if value.kind == "period":
        return _period(scope, operand, value)
    try:
        if operand.type == "date":
            day = date.fromisoformat(value.text)
            text = day.isoformat()
        else:
            moment = datetime.fromisoformat(value.text)
            day = moment.date()
            text = _precise_stamp(moment)
    except (ValueError, OverflowError) as error:
        raise scope.source.malformed(value.at, f"Invalid {_spoken(operand.type)}: {value.text}") from error
    if not _EARLIEST <= day <= _LATEST:
        raise scope.source.malformed(value.at, f"Invalid {_spoken(operand.type)}: {value.text}")
    return text


def _period(scope: Scope, operand: Operand, value: Value) -> Range:
    environment = scope.environment
    today = environment.now.astimezone(environment.zone).date()
    month = fiscal_month(environment) if dates.is_fiscal(value.text) else 1
    try:
        first, end = dates.days(value.text, value.count, today, month)
        if operand.type == "date":
            return Range(first.isoformat(), end.isoformat())
        return Range(_midnight(first, scope), _midnight(end, scope))
    except OverflowError as error:
        raise scope.source.malformed(value.at, f"Invalid date: {value.text}:{value.count}") from error


def _midnight(day: date, scope: Scope) -> str:
    return stamp(datetime.combine(day, time(), scope.environment.zone))


def _precise_stamp(moment: datetime) -> str:
    exact = moment.astimezone(UTC)
    return f"{exact:%Y-%m-%dT%H:%M:%S}.{exact.microsecond // 1000:03}Z"


def _spoken(kind: str) -> str:
    return "dateTime" if kind == "datetime" else kind


def _check(scope: Scope, operand: Operand, fits: bool) -> None:
    if fits:
        return
    kind = "string" if is_text(operand.type) or operand.type in IDS else _spoken(operand.type)
    quotes = "should be enclosed in quotes" if kind == "string" else "should not be enclosed in quotes"
    raise scope.source.error(
        "INVALID_FIELD",
        operand.at,
        f"value of filter criterion for field '{operand.name}' must be of type {kind} and {quotes}",
    )
