"""Lists and who is on them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from connector.sandbox.account_engagement import records
from connector.sandbox.account_engagement.bodies import json_body, stored_values
from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.wire import Request, Response

_REQUIRED: Mapping[str, tuple[str, ...]] = {"lists": ("name",), "list_memberships": ("prospectId", "listId")}
_FIXED_ONCE_MADE = frozenset({"prospectId", "listId"})


def create(request: Request, sandbox: Sandbox, definition: ObjectDef) -> Response:
    """POST of a list or a membership: 58 when the prospect is on the list already."""
    values = stored_values(definition, json_body(request), creating=True)
    records.check_fields(request.parameter("fields"), sandbox, definition)
    for name in _REQUIRED[definition.name]:
        if values.get(name) in {None, ""}:
            raise RefusalError(153, name)
    given = {name: value for name, value in values.items() if value is not None}
    with records.writing(request, sandbox, definition) as writing:
        _check_references(writing.connection, definition, given)
        number = writing.insert(given)
    path = definition.name.replace("_", "-")
    location = {"Location": f"{request.origin}/api/v5/objects/{path}/{number}"}
    return records.outcome(201, request.parameter("fields"), sandbox, definition, number, location)


def update(request: Request, sandbox: Sandbox, definition: ObjectDef, number: int) -> Response:
    """PATCH of a list or a membership; of the latter only `optedOut` may change."""
    values = stored_values(definition, json_body(request), creating=False)
    records.check_fields(request.parameter("fields"), sandbox, definition)
    fixed = _FIXED_ONCE_MADE & values.keys() if definition.name == "list_memberships" else set()
    for name in sorted(fixed):
        raise RefusalError(154, name)
    if "name" in values and not values["name"]:
        raise RefusalError(153, "name")
    with records.writing(request, sandbox, definition) as writing:
        writing.live(number, refuse=219)
        _check_references(writing.connection, definition, values)
        writing.update(number, values)
    return records.outcome(200, request.parameter("fields"), sandbox, definition, number)


def _check_references(connection: sqlite3.Connection, definition: ObjectDef, values: Mapping[str, Any]) -> None:
    for name, table, code in (("campaignId", "campaigns", 38), ("folderId", "folders", 97)):
        if values.get(name) is not None and not records.exists(connection, table, values[name]):
            raise RefusalError(code)
    if definition.name != "list_memberships" or "listId" not in values:
        return
    if not _is_live(connection, "prospects", values["prospectId"]):
        raise RefusalError(3)
    if not _is_live(connection, "lists", values["listId"]):
        raise RefusalError(55)
    twice = connection.execute(
        'SELECT 1 FROM "list_memberships" WHERE "listId" = ? AND "prospectId" = ? AND "isDeleted" IS NOT 1',
        (values["listId"], values["prospectId"]),
    ).fetchone()
    if twice is not None:
        raise RefusalError(58)


def _is_live(connection: sqlite3.Connection, table: str, number: Any) -> bool:
    row = connection.execute(f'SELECT "isDeleted" FROM "{table}" WHERE "id" = ?', (number,)).fetchone()
    return row is not None and row[0] != 1
