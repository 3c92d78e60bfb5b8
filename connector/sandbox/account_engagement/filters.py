"""The filters of a query, as SQL: which are taken, how their values must look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.sandbox.account_engagement.refusals import RefusalError, invalid_value
from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.clock import stamp

FILTERED_FIELDS = 3
"""How many distinct fields one query may filter by."""

_NUMBER_OPERATORS = {
    "": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": ">=",
    "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}
_TIME_OPERATORS = {"": "=", "After": ">", "AfterOrEqualTo": ">=", "Before": "<", "BeforeOrEqualTo": "<="}
_EQUALITY = {"": "="}
_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


@dataclass(frozen=True)
class Filter:
    """One condition, as it came in: `value` is the text that the client sent."""

    parameter: str
    field: FieldDef
    operator: str
    value: str

    @property
    def sql(self) -> str:
        """The condition with one placeholder, on the table alias `m`."""
        return f'm."{self.field.name}" {self.operator} ?'

    @property
    def bound(self) -> str | int:
        """The value as the database compares it. Raises RefusalError when it is not of the field's type."""
        if self.field.type == "datetime":
            return _stamp(self.parameter, self.value)
        if self.field.type == "boolean":
            return _boolean(self.parameter, self.value)
        if self.field.type == "int":
            return _whole_number(self.parameter, self.value)
        return self.value


def find_filters(definition: ObjectDef, parameters: Mapping[str, str]) -> tuple[Filter, ...]:
    """The filters among a query's parameters; 209 when they are on more than three fields.

    A name that no filterable field explains is left alone: the caller knows what else may stand there.
    """
    known = _parameters(definition)
    filters = tuple(Filter(name, *known[name], value) for name, value in parameters.items() if name in known)
    if len({entry.field.name for entry in filters}) > FILTERED_FIELDS:
        raise RefusalError(209)
    return filters


def find_filter(definition: ObjectDef, parameter: str, value: str) -> Filter | None:
    """The filter of one parameter name, if the object takes it."""
    found = _parameters(definition).get(parameter)
    return Filter(parameter, *found, value) if found else None


def _parameters(definition: ObjectDef) -> dict[str, tuple[FieldDef, str]]:
    return {
        entry.name + suffix: (entry, operator)
        for entry in definition.fields
        if entry.filterable
        for suffix, operator in _operators(entry).items()
    }


def _operators(entry: FieldDef) -> dict[str, str]:
    if entry.type == "datetime":
        return _TIME_OPERATORS
    return _NUMBER_OPERATORS if entry.type == "int" else _EQUALITY


def _stamp(parameter: str, text: str) -> str:
    """The only form taken has whole seconds and a numeric offset: `Z` and fractions fail the whole query."""
    if not _TIME.fullmatch(text):
        raise invalid_value(parameter, "Invalid date time value")
    try:
        return stamp(datetime.fromisoformat(text).astimezone(UTC))
    except (ValueError, OverflowError):
        raise invalid_value(parameter, "Invalid date time value") from None


def _boolean(parameter: str, text: str) -> int:
    if text not in {"true", "false"}:
        raise invalid_value(parameter, "It must be true or false.")
    return int(text == "true")


def _whole_number(parameter: str, text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise invalid_value(parameter, "It must be an integer.")
    return int(text)
