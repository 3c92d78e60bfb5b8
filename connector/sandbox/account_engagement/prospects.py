"""Prospects: created, changed, put into the recycle bin and taken out of it.

E-mail addresses are unique among live prospects, as in a business unit that does not allow several prospects
with one address. `score` may be written; `grade` may not, by any call.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from connector.sandbox.account_engagement import profiles, records
from connector.sandbox.account_engagement.bodies import checked_email, json_body, stored_values
from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.wire import Request, Response

COLLECTION = "prospects"
_REFERENCES: Mapping[str, tuple[str, int]] = {
    "campaignId": ("campaigns", 38),
    "userId": ("users", 10),
    "prospectAccountId": ("prospect_accounts", 61),
}
_UPSERT_ARGUMENTS: Mapping[str, Callable[[Any], bool]] = {
    "matchEmail": lambda value: isinstance(value, str),
    "prospect": lambda value: isinstance(value, dict),
    "fields": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "secondaryDeletedSearch": lambda value: isinstance(value, bool),
}


def create(request: Request, sandbox: Sandbox, definition: ObjectDef) -> Response:
    """POST: 201 with the asked fields, 204 when none was asked for; 9 when the address is taken."""
    body = json_body(request)
    records.check_fields(request.parameter("fields"), sandbox, definition)
    with records.writing(request, sandbox, definition) as writing:
        number = create_record(writing, body)
    location = {"Location": f"{request.origin}/api/v5/objects/{COLLECTION}/{number}"}
    return records.outcome(201, request.parameter("fields"), sandbox, definition, number, location)


def update(request: Request, sandbox: Sandbox, definition: ObjectDef, number: int) -> Response:
    """PATCH: what is not named stays; 219 in the recycle bin, 54 when the address belongs to another."""
    body = json_body(request)
    records.check_fields(request.parameter("fields"), sandbox, definition)
    with records.writing(request, sandbox, definition) as writing:
        writing.live(number, refuse=219)
        update_record(writing, number, body)
    return records.outcome(200, request.parameter("fields"), sandbox, definition, number)


def undelete(request: Request, sandbox: Sandbox, definition: ObjectDef, number: int) -> Response:
    """Takes a prospect out of the recycle bin: 109 when there is none, 9 when its address is taken by now."""
    records.check_fields(request.parameter("fields"), sandbox, definition)
    with records.writing(request, sandbox, definition) as writing:
        row = records.find(writing.connection, definition, number)
        if not records.is_binned(definition, row):
            raise RefusalError(109)
        _refuse_taken_email(writing.connection, row["email"], 9, number)
        writing.update(number, {"isDeleted": 0})
    return records.outcome(200, request.parameter("fields"), sandbox, definition, number)


def undelete_named(request: Request, sandbox: Sandbox, definition: ObjectDef) -> Response:
    """The same for the prospect whose id is in the body."""
    body = json_body(request)
    for name in body:
        if name != "id":
            raise RefusalError(208, name)
    if "id" not in body:
        raise RefusalError(207, "id")
    if isinstance(body["id"], bool) or not isinstance(body["id"], int):
        raise RefusalError(206, "id")
    return undelete(request, sandbox, definition, body["id"])


def upsert_latest_by_email(request: Request, sandbox: Sandbox, definition: ObjectDef) -> Response:
    """Changes the prospect with that address which was active last, or creates one.

    Body: `matchEmail`, `prospect`, `fields`, `secondaryDeletedSearch` (looks into the recycle bin when no live
    prospect has the address, and takes the one found out of it). Answers 201 when it created, else 200.
    """
    body = json_body(request)
    _check_arguments(body)
    email = checked_email(body["matchEmail"])
    prospect: dict[str, Any] = body["prospect"]
    fields = ",".join(body.get("fields", ()))
    records.check_fields(fields, sandbox, definition)
    with records.writing(request, sandbox, definition) as writing:
        found = latest(writing.connection, email, deleted=bool(body.get("secondaryDeletedSearch", False)))
        number = create_record(writing, {"email": email, **prospect}) if found is None else found
        if found is not None:
            update_record(writing, number, prospect, restore=True)
    return records.outcome(201 if found is None else 200, fields, sandbox, definition, number)


def _check_arguments(body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if name not in _UPSERT_ARGUMENTS:
            raise RefusalError(208, name)
        if not _UPSERT_ARGUMENTS[name](value):
            raise RefusalError(206, name)
    for name in ("matchEmail", "prospect"):
        if name not in body:
            raise RefusalError(207, name)


def create_record(writing: records.Writing, body: Mapping[str, Any]) -> int:
    """Adds a prospect with the values of a body; answers its id."""
    connection = writing.connection
    values = stored_values(writing.definition, body, creating=True)
    if not values.get("email"):
        raise RefusalError(153, "email")
    _refuse_taken_email(connection, values["email"], 9)
    _check_references(connection, values)
    oldest = connection.execute('SELECT min("id") FROM "campaigns"').fetchone()[0]
    fixed = {"grade": "D", "recentInteraction": "Never active.", "isDeleted": 0}
    given = {name: value for name, value in values.items() if value is not None}
    row = {"score": 0, "campaignId": oldest, **given, **fixed, **_owner(connection, values)}
    if row.get("userId") is not None:
        row["firstAssignedAt"] = stamp(writing.sandbox.clock.now())
    return writing.insert(row)


def update_record(writing: records.Writing, number: int, body: Mapping[str, Any], *, restore: bool = False) -> None:
    """Changes a prospect by the values of a body; `restore` takes it out of the recycle bin."""
    values = stored_values(writing.definition, body, creating=False)
    if "email" in values:
        _refuse_taken_email(writing.connection, checked_email(values["email"]), 54, number)
    if "score" in values and values["score"] is None:
        raise RefusalError(56, "score")
    _check_references(writing.connection, values)
    restored = {"isDeleted": 0} if restore else {}
    graded = _regraded(writing, number, values["profileId"]) if "profileId" in values else {}
    writing.update(number, {**values, **_owner(writing.connection, values), **restored, **graded})


def _regraded(writing: records.Writing, number: int, profile: int | None) -> dict[str, Any]:
    """The grade by another profile's criteria, as far as it is known how they match."""
    return {"grade": profiles.grade_of(writing.connection, {"id": number, "profileId": profile})}


def _refuse_taken_email(connection: sqlite3.Connection, email: str | None, code: int, own: int | None = None) -> None:
    taken = connection.execute(
        'SELECT 1 FROM "prospects" WHERE "email" = ? AND "isDeleted" IS NOT 1 AND "id" IS NOT ?', (email, own)
    ).fetchone()
    if taken is not None:
        raise RefusalError(code)


def _check_references(connection: sqlite3.Connection, values: Mapping[str, Any]) -> None:
    if values.get("userId") is not None and values.get("salesforceOwnerId") is not None:
        raise RefusalError(125)
    for name, (table, code) in _REFERENCES.items():
        if values.get(name) is not None and not records.exists(connection, table, values[name]):
            raise RefusalError(code)
    if values.get("profileId") is not None and values["profileId"] not in profiles.PROFILES:
        raise RefusalError(39)


def _owner(connection: sqlite3.Connection, values: Mapping[str, Any]) -> dict[str, Any]:
    """Both names of an owner, from the one that was written."""
    if values.get("userId") is not None:
        row = connection.execute('SELECT "salesforceId" FROM "users" WHERE "id" = ?', (values["userId"],)).fetchone()
        return {"salesforceOwnerId": row[0]}
    if values.get("salesforceOwnerId") is not None:
        row = connection.execute(
            'SELECT "id" FROM "users" WHERE "salesforceId" = ?', (values["salesforceOwnerId"],)
        ).fetchone()
        if row is None:
            raise RefusalError(10)
        return {"userId": row[0]}
    return {}


def latest(connection: sqlite3.Connection, email: str, *, deleted: bool) -> int | None:
    """The prospect with an address that was active last; with `deleted` one of the bin where no live one has it."""
    row = connection.execute(
        'SELECT "id" FROM "prospects" WHERE "email" = ? AND ("isDeleted" IS NOT 1 OR ?) '
        'ORDER BY "isDeleted" IS 1, "lastActivityAt" DESC, "updatedAt" DESC, "id" DESC LIMIT 1',
        (email, deleted),
    ).fetchone()
    return None if row is None else int(row[0])
