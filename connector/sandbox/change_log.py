"""Who changed which field of which record when, for tests: kept from when somebody asks for it, until a reset."""

from __future__ import annotations

import json
from typing import Any

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import Handler, route
from connector.sandbox.wire import Request, Response, json_response

_TABLE = "world_change"
_AUTHORS = ("LastModifiedById", "updatedById")
_STAMPS = ("SystemModstamp", "updatedAt")


class UnknownFieldError(Exception):
    """An object or a field that this world has not."""


def keep_changes(sandbox: Sandbox, wanted: dict[str, list[str]]) -> None:
    """From now on the log has every change of these fields by object, new and vanished records of it included.

    What was kept before is forgotten. Triggers do it, so that nobody's way of writing gets by. Raises
    UnknownFieldError.
    """
    chosen = [(_definition(sandbox, name), fields) for name, fields in wanted.items()]
    unknown = [
        f"{definition.name}.{name}"
        for definition, names in chosen
        for name in names
        if not _is_stored(definition, name)
    ]
    if unknown:
        raise UnknownFieldError(f"No such stored field here: {', '.join(unknown)}.")
    with sandbox.database.write() as connection:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'world_change_%'"
        for (trigger,) in connection.execute(triggers).fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        connection.execute(f"DROP TABLE IF EXISTS {_TABLE}")
        connection.execute(
            f"CREATE TABLE {_TABLE} (number INTEGER PRIMARY KEY, at TEXT, object TEXT, id TEXT, field TEXT, "
            "before, after, by TEXT, kind TEXT)"
        )
        for definition, fields in chosen:
            for statement in _triggers(definition, fields):
                connection.execute(statement)


def changes_since(sandbox: Sandbox, number: int) -> list[dict[str, Any]]:
    """The kept changes from a number on, in the order in which they happened. None without `keep_changes`."""
    reader = sandbox.database.current()
    if reader.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone() is None:
        return []
    rows = reader.execute(f"SELECT * FROM {_TABLE} WHERE number >= ? ORDER BY number", (number,))
    return [dict(row) for row in rows]


def _triggers(definition: ObjectDef, fields: list[str]) -> list[str]:
    """One statement for every field that may change, one for each that a new record brings, one for the end."""
    name, key = definition.name, definition.key
    author = next((entry for entry in _AUTHORS if definition.field(entry) is not None), None)
    stamped = next((entry for entry in _STAMPS if definition.field(entry) is not None), None)

    def value(row: str, field: str) -> str:
        return f'{row}."{field}"'

    def noting(row: str, field: str, before: str, after: str, kind: str) -> str:
        at = f'{row}."{stamped}"' if stamped else "NULL"
        by = f'{row}."{author}"' if author else "NULL"
        return (
            f"INSERT INTO {_TABLE} (at, object, id, field, before, after, by, kind) "
            f"VALUES ({at}, '{name}', {row}.\"{key}\", '{field}', {before}, {after}, {by}, '{kind}');"
        )

    statements = [
        f'CREATE TRIGGER "world_change_{name}_{field}" AFTER UPDATE ON "{name}" '
        # Columns compare without case, and what somebody writes in other letters is a change.
        f'WHEN OLD."{field}" COLLATE BINARY IS NOT NEW."{field}" BEGIN '
        f"{noting('NEW', field, value('OLD', field), value('NEW', field), 'edit')} END"
        for field in fields
    ]
    made = " ".join(noting("NEW", field, "NULL", value("NEW", field), "new") for field in fields)
    gone = " ".join(noting("OLD", field, value("OLD", field), "NULL", "gone") for field in fields)
    if fields:
        statements.append(f'CREATE TRIGGER "world_change_{name} new" AFTER INSERT ON "{name}" BEGIN {made} END')
        statements.append(f'CREATE TRIGGER "world_change_{name} gone" AFTER DELETE ON "{name}" BEGIN {gone} END')
    return statements


def _definition(sandbox: Sandbox, name: str) -> ObjectDef:
    found = sandbox.salesforce.object(name) or sandbox.account_engagement.object(name)
    if found is None:
        raise UnknownFieldError(f"No object {name!r} here: GET /_sandbox/truth lists them.")
    return found


def _is_stored(definition: ObjectDef, name: str) -> bool:
    return any(entry.name == name and entry.stored and not entry.derived for entry in definition.every_field)


def _keep(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """PUT changes `{"objects": {"Lead": ["Status", …]}}`."""
    try:
        wish = json.loads(request.body or b"{}")
    except ValueError:
        return json_response(400, {"error": "The body is not JSON."})
    objects = wish.get("objects") if isinstance(wish, dict) else None
    if not isinstance(objects, dict) or not all(_are_names(names) for names in objects.values()):
        return json_response(400, {"error": "objects must be an object: names of fields by an object's name."})
    try:
        keep_changes(sandbox, objects)
    except UnknownFieldError as error:
        return json_response(400, {"error": str(error)})
    return json_response(200, {"objects": objects})


def _show(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET changes?since=n: the kept changes from number n on."""
    since = request.parameter("since") or "0"
    if not since.isdecimal():
        return json_response(400, {"error": f"since is {since!r}: it must be a whole number, 0 or more."})
    found = changes_since(sandbox, int(since))
    return json_response(200, {"changes": found, "next": found[-1]["number"] + 1 if found else max(1, int(since))})


def _are_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


_HANDLERS: tuple[tuple[str, Handler], ...] = (("PUT", _keep), ("GET", _show))
ROUTES = tuple(route(method, "/_sandbox/changes", handler) for method, handler in _HANDLERS)
