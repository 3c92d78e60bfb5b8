"""What an administrator does to an object in the setup: makes a custom field, changes one, or takes one away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef, PicklistValue
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import route
from connector.sandbox.wire import Request, Response, json_response

CHANGED_AT = "metadata_changed_at"
"""Where the sandbox keeps when its metadata was changed last."""
_TYPES = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "boolean", "int", "double", "currency", "percent"}
    | {"date", "datetime", "email", "phone", "url"}
)
_SETTINGS: Mapping[str, type] = MappingProxyType(
    {
        "label": str, "type": str, "length": int, "precision": int, "scale": int, "nillable": bool, "createable": bool,
        "updateable": bool, "filterable": bool, "calculated": bool, "restricted": bool, "external_id": bool,
        "unique": bool,
    }
)  # fmt: skip


class SetupError(Exception):
    """A change of an object that cannot be made; the message says why."""


def set_field(sandbox: Sandbox, object_name: str, name: str, wish: Mapping[str, Any]) -> FieldDef:
    """Makes a field or changes one; what `wish` does not name stays, or is as for a new text of 80 characters.

    A formula (`calculated`) can be written by nobody. Raises SetupError.
    """
    definition = _definition(sandbox, object_name)
    known = definition.field(name)
    if known is None and not name.endswith("__c"):
        raise SetupError(f"{definition.name} has no field {name}; the name of a new one ends in __c.")
    changes = {key: _checked(key, value) for key, value in wish.items() if key != "values"}
    if "values" in wish:
        changes["values"] = tuple(PicklistValue(str(value)) for value in wish["values"])
    if changes.get("calculated"):
        changes |= {"createable": False, "updateable": False}
    made = replace(known or FieldDef(name=name, label=name, length=80, custom=True), **changes)
    if known is None and name.lower() not in _columns(sandbox, definition):
        with sandbox.database.write() as connection:
            connection.execute(f'ALTER TABLE "{definition.name}" ADD COLUMN {made.column}')
    others = (field for field in definition.fields if field is not known)
    _put(sandbox, replace(definition, fields=(*others, made)))
    return made


def drop_field(sandbox: Sandbox, object_name: str, name: str) -> None:
    """Takes a custom field away. Raises SetupError."""
    definition = _definition(sandbox, object_name)
    known = definition.field(name)
    if known is None or not known.custom:
        raise SetupError(f"{definition.name} has no custom field {name}.")
    _put(sandbox, replace(definition, fields=tuple(field for field in definition.fields if field is not known)))


def _checked(key: str, value: Any) -> Any:
    kind = _SETTINGS.get(key)
    if kind is None:
        raise SetupError(f"Unknown: {key}. Known are values, {', '.join(sorted(_SETTINGS))}.")
    if type(value) is not kind:
        raise SetupError(f"{key} is {value!r}: it must be of the type {kind.__name__}.")
    if key == "type" and value not in _TYPES:
        raise SetupError(f"type is {value!r}: possible are {', '.join(sorted(_TYPES))}.")
    return value


def _definition(sandbox: Sandbox, name: str) -> ObjectDef:
    found = sandbox.salesforce.object(name)
    if found is None:
        raise SetupError(f"No object {name!r} here: GET /_sandbox/truth lists them.")
    return found


def _columns(sandbox: Sandbox, definition: ObjectDef) -> set[str]:
    found = sandbox.database.current().execute("SELECT name FROM pragma_table_info(?)", (definition.name,))
    return {str(row[0]).lower() for row in found}


def _put(sandbox: Sandbox, definition: ObjectDef) -> None:
    objects = (definition if one.name == definition.name else one for one in sandbox.salesforce)
    sandbox.salesforce = Catalogue(tuple(objects))
    sandbox.open_state[CHANGED_AT] = sandbox.clock.now()


def _handle(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """PUT fields `{"object", "name", …}` makes or changes a field; with `"gone": true` takes it away."""
    try:
        wish = json.loads(request.body or b"{}")
    except ValueError:
        return json_response(400, {"error": "The body is not JSON."})
    if not isinstance(wish, dict) or not all(isinstance(wish.get(key), str) for key in ("object", "name")):
        return json_response(400, {"error": "object and name must be given, as text."})
    rest = {key: value for key, value in wish.items() if key not in {"object", "name", "gone"}}
    try:
        if wish.get("gone"):
            drop_field(sandbox, wish["object"], wish["name"])
        else:
            set_field(sandbox, wish["object"], wish["name"], rest)
    except SetupError as error:
        return json_response(400, {"error": str(error)})
    return json_response(200, {"object": wish["object"], "name": wish["name"]})


ROUTES = (route("PUT", "/_sandbox/fields", _handle),)
