"""What an export asks for: object, fields, procedure, and how its files look. All checked before it is queued.

On record are the procedures, their limits and the names of the inputs; the nesting of the arguments in version 5 is
not, so that they are taken inside `procedure` and beside it. Refusals of inputs are the sandbox's choice of code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.account_engagement.refusals import RefusalError, invalid_value, unknown_field
from connector.sandbox.account_engagement.shapes import Shape, shape
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox

MOST_FIELDS = 150
LONGEST_RANGE = timedelta(days=366)
"""A year; in a leap year that is a day more."""
SMALLEST_FILE, LARGEST_FILE, USUAL_FILE = 10_000_000, 200_000_000, 100_000_000
"""Bytes of one result file. UNVERIFIED: the usual size."""

_CREATED, _UPDATED = "filter_by_created_at", "filter_by_updated_at"
_PROSPECT_UPDATED = "filter_by_prospect_updated_at"
_PROCEDURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "visitor_activities": (_CREATED, _UPDATED),
        "list_memberships": (_CREATED, _UPDATED),
        "prospects": (_UPDATED,),
        "prospect_accounts": (_PROSPECT_UPDATED,),
        "visitors": (_UPDATED,),
    }
)
_STAMPS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        _CREATED: ("created", "createdAt"),
        _UPDATED: ("updated", "updatedAt"),
        _PROSPECT_UPDATED: ("prospect_updated", "updatedAt"),
    }
)
_NOT_EXPORTED = frozenset({("prospects", "grade"), ("prospects", "notes")})
_INPUTS = frozenset(
    {
        "object",
        "fields",
        "procedure",
        "arguments",
        "name",
        "includeByteOrderMark",
        "maxFileSizeBytes",
        "legacyDateFormat",
    }
)


@dataclass(frozen=True)
class Terms:
    """One export as it was asked for. `conditions` are SQL on the alias `m`; `columns` head the files."""

    definition: ObjectDef
    columns: tuple[str, ...]
    shape: Shape
    conditions: tuple[str, ...]
    bound: tuple[Any, ...]
    given: Mapping[str, Any]
    """The inputs as they came in."""
    zone: ZoneInfo
    file_bytes: int = USUAL_FILE
    byte_order_mark: bool = False
    legacy_dates: bool = False


def terms_of(body: Mapping[str, Any], sandbox: Sandbox) -> Terms:
    """The terms in a request's body; RefusalError when the real system would not take them."""
    for name in body:
        if name not in _INPUTS:
            raise RefusalError(154, name)
    definition = _definition(body, sandbox)
    procedure, arguments = _procedure(body, definition)
    zone = ZoneInfo(sandbox.config.account_engagement_time_zone)
    conditions, bound = _conditions(definition, procedure, arguments, zone, sandbox.clock.now())
    names = _fields(body, definition)
    size = body.get("maxFileSizeBytes", USUAL_FILE)
    if isinstance(size, bool) or not isinstance(size, int):
        raise RefusalError(56, "maxFileSizeBytes")
    if not SMALLEST_FILE <= size <= LARGEST_FILE:
        raise RefusalError(231 if size < SMALLEST_FILE else 232)
    return Terms(
        definition,
        names,
        shape(definition, names, sandbox.account_engagement, zone),
        conditions,
        bound,
        MappingProxyType(dict(body)),
        zone,
        size,
        _flag(body, "includeByteOrderMark"),
        _flag(body, "legacyDateFormat"),
    )


def _definition(body: Mapping[str, Any], sandbox: Sandbox) -> ObjectDef:
    name = body.get("object")
    if not isinstance(name, str) or not name:
        raise RefusalError(153, "object")
    for collection in _PROCEDURES:
        found = sandbox.account_engagement.object(collection)
        if found is not None and found.label.lower() == name.lower():
            return found
    raise invalid_value("object", "There is no export procedure for it.")


def _procedure(body: Mapping[str, Any], definition: ObjectDef) -> tuple[str, Mapping[str, Any]]:
    procedure = body.get("procedure")
    if not isinstance(procedure, dict) or not isinstance(procedure.get("name"), str):
        raise RefusalError(153, "procedure")
    for name in procedure:
        if name not in {"name", "arguments"}:
            raise RefusalError(154, f"procedure.{name}")
    if procedure["name"] not in _PROCEDURES[definition.name]:
        raise invalid_value("procedure", f"{definition.label} has no procedure {procedure['name']}.")
    arguments = procedure.get("arguments", body.get("arguments"))
    if not isinstance(arguments, dict):
        raise RefusalError(153, "arguments")
    return procedure["name"], arguments


def _conditions(
    definition: ObjectDef, procedure: str, arguments: Mapping[str, Any], zone: ZoneInfo, now: datetime
) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The rows of a procedure. Both bounds are exclusive; without an end it is the export's own time."""
    prefix, column = _STAMPS[procedure]
    taken = {f"{prefix}_after", f"{prefix}_before"} | _more_arguments(definition)
    for name in arguments:
        if name not in taken:
            raise invalid_value("arguments", f"{name} is no argument of {procedure}.")
    if f"{prefix}_after" not in arguments:
        raise RefusalError(153, f"{prefix}_after")
    bounds = {
        name: _instant(arguments[name], name, zone)
        for name in (f"{prefix}_after", f"{prefix}_before")
        if name in arguments
    }
    after, before = bounds[f"{prefix}_after"], bounds.get(f"{prefix}_before", now)
    if not after < before or before - after > LONGEST_RANGE:
        raise RefusalError(52, f"{prefix}_after and {prefix}_before must be in order and at most a year apart.")
    conditions, bound = [f'm."{column}" > ?', f'm."{column}" < ?'], [stamp(after), stamp(before)]
    more, values = _more_conditions(definition, arguments)
    return (*conditions, *more), (*bound, *values)


def _more_arguments(definition: ObjectDef) -> set[str]:
    if definition.name == "visitor_activities":
        return {"type", "prospect_only", "prospectOnly"}
    return {"deleted"} if definition.field("isDeleted") is not None else set()


def _more_conditions(definition: ObjectDef, arguments: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    bound: list[Any] = []
    if definition.field("isDeleted") is not None:
        deleted = str(arguments.get("deleted", "false")).lower()
        if definition.name == "prospects" and deleted != "all":
            raise invalid_value("deleted", "It must be all.")
        if deleted not in {"true", "false", "all"}:
            raise invalid_value("deleted", "It must be true, false, or all.")
        if deleted != "all":
            conditions.append(f'm."isDeleted" IS {"1" if deleted == "true" else "NOT 1"}')
    if str(arguments.get("prospect_only", arguments.get("prospectOnly", "false"))).lower() == "true":
        conditions.append('m."prospectId" IS NOT NULL')
    if "type" in arguments:
        kinds = arguments["type"] if isinstance(arguments["type"], list) else [arguments["type"]]
        conditions.append(f'm."type" IN ({", ".join("?" for _ in kinds)})')
        bound += kinds
    return conditions, bound


def _fields(body: Mapping[str, Any], definition: ObjectDef) -> tuple[str, ...]:
    names = body.get("fields")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise RefusalError(153, "fields")
    if len(names) > MOST_FIELDS:
        raise invalid_value("fields", f"There are more than {MOST_FIELDS}.")
    for name in names:
        if (definition.name, name) in _NOT_EXPORTED:
            raise unknown_field(name)
    return tuple(dict.fromkeys(names))


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise RefusalError(50, name)
    return value


def _instant(value: Any, name: str, zone: ZoneInfo) -> datetime:
    """ISO 8601 with a numeric offset; without one, or as `2026-01-31 10:00:00`, in the user's own zone."""
    try:
        if not isinstance(value, str) or value.endswith("Z"):
            raise ValueError
        found = datetime.fromisoformat(value)
    except ValueError:
        raise invalid_value(name, "Invalid date time value") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
