"""Cells as text, and what the database keeps of them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.catalogue.model import FieldDef
from connector.sandbox.clock import stamp
from connector.sandbox.ids import id18, is_well_formed

Parse = Callable[[str], Any]

_WHOLE = re.compile(r"-?\d{1,18}(\.0+)?")
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_TRUE = frozenset({"true", "1", "yes", "y", "t"})
_FALSE = frozenset({"false", "0", "no", "n", "f"})


class CellError(Exception):
    """A cell that does not fit its field; the message says what it should be, never what it is."""


class DanglingError(CellError):
    """A reference that cannot be one: the cell stays empty, the row is kept."""


def parser(entry: FieldDef, zone: ZoneInfo, *, engagement: bool) -> Parse:
    """How the cells of a field are read; they are never empty text. Raises CellError.

    `zone` is that of times without an offset.
    """
    match entry.type:
        case "boolean":
            return _boolean
        case "int" | "long":
            return _whole
        case "double" | "currency" | "percent":
            return _number
        case "datetime":
            return lambda text: _stamp(text, zone)
        case "date":
            return _day
        case "reference":
            return _other_id if engagement else _reference
        case _:
            return str


def own_id(text: str) -> str | None:
    """A Salesforce record id in its long form, or None when `text` is none."""
    if not is_well_formed(text):
        return None
    return id18(text) if len(text) == 15 else text


def own_number(text: str) -> int | None:
    """An Account Engagement id, or None when `text` is none."""
    return int(text.split(".", maxsplit=1)[0]) if _WHOLE.fullmatch(text) and float(text) > 0 else None


def is_moment(text: str) -> bool:
    """Whether text is a date with a time."""
    return len(text) > 10 and _moment(text) is not None


def is_day(text: str) -> bool:
    """Whether text is a date alone."""
    return len(text) <= 10 and _moment(text) is not None


def _boolean(text: str) -> int:
    lowered = text.strip().lower()
    if lowered not in _TRUE | _FALSE:
        raise CellError("not true or false")
    return int(lowered in _TRUE)


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text.strip()):
        raise CellError("not a whole number")
    return int(text.split(".", maxsplit=1)[0])


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise CellError("not a number") from None
    if not math.isfinite(value):
        raise CellError("not a number")
    return value


def _stamp(text: str, zone: ZoneInfo) -> str:
    found = _moment(text)
    if found is None:
        raise CellError("not a date and time")
    aware = found if found.tzinfo else found.replace(tzinfo=zone)
    try:
        return stamp(aware.astimezone(UTC))
    except OverflowError:
        raise CellError("not a date and time") from None


def _day(text: str) -> str:
    found = _moment(text)
    if found is None:
        raise CellError("not a date")
    return found.date().isoformat()


def _moment(text: str) -> datetime | None:
    tidy = text.strip().removesuffix(" UTC") + ("+00:00" if text.rstrip().endswith(" UTC") else "")
    start = _DAY.match(tidy)
    if start is None:
        return None
    year, month, day = start.groups()
    try:
        return datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}{tidy[start.end() :]}")
    except ValueError:
        return None


def _reference(text: str) -> str:
    found = own_id(text.strip())
    if found is None:
        raise DanglingError("not a record id; left empty")
    return found


def _other_id(text: str) -> str:
    """Salesforce's id as Account Engagement keeps it: whatever it was told, in the long form if it is one."""
    return own_id(text.strip()) or text
