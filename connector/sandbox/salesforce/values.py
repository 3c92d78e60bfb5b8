"""What a client may write into a field, and what the database then holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from connector.sandbox.catalogue.model import FieldDef
from connector.sandbox.clock import stamp
from connector.sandbox.ids import id18, is_well_formed
from connector.sandbox.salesforce.refused import RefusedError

Stored = str | int | float | None

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})")
_NEVER_EMPTY = frozenset({"boolean", "currency", "date", "datetime", "double", "int", "percent"})
"""Types for which no text stands for nothing."""
_EARLIEST, _LATEST = "1700-01-01", "4000-12-31"


def stored(field: FieldDef, value: Any) -> Stored:
    """The database's form of a JSON value for a field: stamps in UTC, ids of 18 characters, booleans 0 and 1.

    An empty text is null, as Salesforce stores it; an empty date, number or boolean is none. Decimals beyond the
    field's scale are rounded away. Raises RefusedError for a value of the wrong JSON type or form, or one that is
    too long or too large.
    """
    if value == "" and field.type in _NEVER_EMPTY:
        raise _undeserializable(field.type, value)
    if value is None and field.type == "boolean":
        message = f"{_label(field)}: value not of required type: "
        raise RefusedError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (field.name,))
    if value is None or value == "":
        return None
    return _READERS.get(field.type, _text)(field, value)


def _text(field: FieldDef, value: Any) -> str:
    if not isinstance(value, str):
        raise _undeserializable("string", value)
    if field.length and len(value) > field.length:
        raise RefusedError(
            "STRING_TOO_LONG",
            f"{_label(field)}: data value too large: {value} (max length={field.length})",
            (field.name,),
        )
    return value


def _email(field: FieldDef, value: Any) -> str:
    text = _text(field, value).strip()
    if not _EMAIL.fullmatch(text):
        raise RefusedError("INVALID_EMAIL_ADDRESS", f"{_label(field)}: invalid email address: {text}", (field.name,))
    return text


def _picklist(field: FieldDef, value: Any) -> str:
    text = _text(field, value)
    if field.restricted and not any(entry.value == text for entry in field.values):
        raise RefusedError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{_label(field)}: bad value for restricted picklist field: {text}",
            (field.name,),
        )
    return text


def _boolean(_field: FieldDef, value: Any) -> int:
    if not isinstance(value, bool):
        raise _undeserializable("boolean", value)
    return int(value)


def _integer(field: FieldDef, value: Any) -> int:
    number = _decimal("int", value)
    if number != number.to_integral_value():
        raise _undeserializable("int", value)
    _check_digits(field, number, field.precision or 10)
    return int(number)


def _number(field: FieldDef, value: Any) -> float:
    digits = field.precision - field.scale
    number = _decimal(field.type, value)
    _check_digits(field, number, digits)
    rounded = number.quantize(Decimal(1).scaleb(-field.scale), rounding=ROUND_HALF_UP)
    _check_digits(field, rounded, digits)
    return float(rounded)


def _decimal(kind: str, value: Any) -> Decimal:
    # Numbers in quotation marks are read as numbers: loaders that come from CSV send them so.
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _undeserializable(kind, value)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _undeserializable(kind, value) from None
    if not number.is_finite():
        raise _undeserializable(kind, value)
    return number


def _check_digits(field: FieldDef, number: Decimal, digits: int) -> None:
    if abs(number) >= Decimal(10) ** digits:
        raise RefusedError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{_label(field)}: value outside of valid range on numeric field: {number}",
            (field.name,),
        )


def _date(_field: FieldDef, value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _undeserializable("date", value)
    try:
        day = date.fromisoformat(value).isoformat()
    except ValueError:
        raise _undeserializable("date", value) from None
    if not _EARLIEST <= day <= _LATEST:
        raise _undeserializable("date", value)
    return day


def _datetime(_field: FieldDef, value: Any) -> str:
    match = _DATETIME.fullmatch(value) if isinstance(value, str) else None
    if match is None or not _EARLIEST <= match[1][:10] <= _LATEST:
        raise _undeserializable("datetime", value)
    try:
        moment = datetime.fromisoformat(match[1] + match[2])
    except ValueError:
        raise _undeserializable("datetime", value) from None
    return stamp(moment.astimezone(UTC))


def _identifier(field: FieldDef, value: Any) -> str:
    if not isinstance(value, str):
        raise _undeserializable("reference", value)
    if not is_well_formed(value):
        raise malformed_id(field, value)
    return id18(value[:15])


def malformed_id(field: FieldDef, value: str) -> RefusedError:
    """The refusal of an id that is none, or that is of an object to which the field cannot point."""
    return RefusedError("MALFORMED_ID", f"{_label(field)}: id value of incorrect type: {value}", (field.name,))


def _undeserializable(kind: str, value: Any) -> RefusedError:
    token, shown = _json_token(value)
    return RefusedError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {token} value {shown} or request may be missing a required field",
        None,
    )


def _json_token(value: Any) -> tuple[str, str]:
    """The name that the JSON parser has for a value, and the value as it echoes it."""
    match value:
        case bool():
            return ("VALUE_TRUE", "true") if value else ("VALUE_FALSE", "false")
        case int():
            return "VALUE_NUMBER_INT", str(value)
        case float():
            return "VALUE_NUMBER_FLOAT", str(value)
        case str():
            return "VALUE_STRING", value
        case list():
            return "START_ARRAY", "["
        case _:
            return "START_OBJECT", "{"


def _label(field: FieldDef) -> str:
    return field.label or field.name


_READERS: Mapping[str, Callable[[FieldDef, Any], Stored]] = MappingProxyType(
    {
        "boolean": _boolean,
        "int": _integer,
        "double": _number,
        "currency": _number,
        "percent": _number,
        "date": _date,
        "datetime": _datetime,
        "email": _email,
        "picklist": _picklist,
        "reference": _identifier,
        "id": _identifier,
    }
)
