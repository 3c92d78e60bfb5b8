"""Request bodies: JSON that must be there, properties that may be written, values of the right type."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.wire import Request

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")


def json_body(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body: 151, 152 and 150 for what is none."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise RefusalError(151, content_type)
    if not request.body.strip():
        raise RefusalError(152)
    try:
        value = json.loads(request.body)
    except ValueError:
        raise RefusalError(150) from None
    if not isinstance(value, dict):
        raise RefusalError(150)
    return value


def stored_values(definition: ObjectDef, body: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    """A body's properties as the database holds them.

    154 for a property that is unknown or may not be written (a prospect's `grade` among them), else the code of
    the type that does not fit.
    """
    values: dict[str, Any] = {}
    for name, value in body.items():
        found = definition.field(name)
        if found is None or found.name != name or not (found.createable if creating else found.updateable):
            raise RefusalError(154, name)
        values[name] = None if value is None else _stored(found, value)
    return values


def checked_email(value: Any) -> str:
    """An address that a prospect may have: 4 when it is none."""
    if not isinstance(value, str) or len(value) > 255 or not _EMAIL.fullmatch(value):
        raise RefusalError(4)
    return value


def _stored(entry: FieldDef, value: Any) -> Any:
    if entry.name == "email":
        return checked_email(value)
    if entry.type == "int":
        return _whole_number(entry, value)
    if entry.type == "double":
        return _number(entry, value)
    if entry.type == "boolean":
        return _boolean(entry, value)
    if entry.type == "datetime":
        return _stamp(entry, value)
    if entry.type == "multipicklist":
        return _list(entry, value)
    return _text(entry, value)


def _whole_number(entry: FieldDef, value: Any) -> int:
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not _WHOLE_NUMBER.fullmatch(text):
        raise RefusalError(56, entry.name)
    return int(text)


def _number(entry: FieldDef, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RefusalError(56, entry.name)
    try:
        return float(value)
    except ValueError:
        raise RefusalError(56, entry.name) from None


def _boolean(entry: FieldDef, value: Any) -> int:
    if not isinstance(value, bool):
        raise RefusalError(50, entry.name)
    return int(value)


def _stamp(entry: FieldDef, value: Any) -> str:
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise RefusalError(57, entry.name) from None
    if instant.tzinfo is None:
        raise RefusalError(57, entry.name)
    return stamp(instant.astimezone(UTC))


def _list(entry: FieldDef, value: Any) -> str:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RefusalError(51, entry.name)
    return json.dumps(value, ensure_ascii=False)


def _text(entry: FieldDef, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RefusalError(51, entry.name)
    text = str(value)
    if entry.length and len(text) > entry.length:
        raise RefusalError(51, f"{entry.name}. It is longer than {entry.length} characters.")
    return text
