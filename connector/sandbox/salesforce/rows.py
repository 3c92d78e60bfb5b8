"""Single records: create, read, update, delete, and upsert by a field that identifies them."""

from __future__ import annotations

import sqlite3
from typing import Any

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import id18, is_well_formed
from connector.sandbox.routing import route
from connector.sandbox.salesforce import changes
from connector.sandbox.salesforce.payload import (
    RESOURCE_MISSING,
    answer,
    answered,
    auto_assigns,
    definition_of,
    json_object,
    resource,
    user_of,
)
from connector.sandbox.salesforce.preconditions import check_unmodified, is_unchanged, validators
from connector.sandbox.salesforce.reading import environment, known_fields, read_records
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.writer import Writer, writing
from connector.sandbox.wire import Request, Response

_FIRST_WITH_BODY_ON_UPDATE = 46.0
_BASE = "/services/data/v{version}/sobjects/{object}"


def create(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST: 201 with the new id, and where it is."""
    definition = definition_of(sandbox, groups["object"])
    record = json_object(request)
    _without_id(record)
    with _writer(request, sandbox) as writer, writer.attempt():
        saved = changes.insert(writer, definition, record)
    return _created(request, groups, definition, saved)


def read(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET by id: all fields, or those of `?fields=`."""
    definition = definition_of(sandbox, groups["object"])
    return _shown(request, sandbox, groups, definition, _path_id(definition, groups["id"]))


def update(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """PATCH by id: 204, or 412 when If-Unmodified-Since says that somebody was faster."""
    definition = definition_of(sandbox, groups["object"])
    record = json_object(request)
    _without_id(record)
    with _writer(request, sandbox) as writer, writer.attempt():
        row = _existing(writer, definition, _path_id(definition, groups["id"]))
        check_unmodified(request.headers, definition.name, row["Id"], _modified(row))
        changes.update(writer, definition, row["Id"], record)
    return Response(204, content_type=None)


def delete(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """DELETE by id: 204."""
    definition = definition_of(sandbox, groups["object"])
    if not is_well_formed(groups["id"]):
        raise RefusedError("MALFORMED_ID", f"malformed id {groups['id']}")
    with _writer(request, sandbox) as writer, writer.attempt():
        row = _existing(writer, definition, id18(groups["id"][:15]))
        changes.delete(writer, definition, row["Id"])
    return Response(204, content_type=None)


def post_to_record(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST to `…/Id` inserts; POST with `?_HttpMethod=` stands for a method that a client cannot send."""
    if groups["id"].lower() == "id":
        return create(request, sandbox, groups)
    match (request.parameter("_HttpMethod") or "").upper():
        case "PATCH":
            return update(request, sandbox, groups)
        case "DELETE":
            return delete(request, sandbox, groups)
        case _:
            message = "HTTP Method 'POST' not allowed. Allowed are DELETE,GET,HEAD,PATCH"
            raise RefusedError("METHOD_NOT_ALLOWED", message, None)


def read_by_key(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET by an identifying field: 200, or 300 with the addresses of several."""
    definition, found = _found_by_key(request, sandbox, groups)
    if len(found) > 1:
        return _several(request, groups, definition, found)
    return _shown(request, sandbox, groups, definition, _only(found))


def upsert(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """PATCH by an identifying field: 201 created, 200 updated (204 before v46), 300 with several matches."""
    definition = definition_of(sandbox, groups["object"])
    key, wanted = _key(definition, groups)
    record = json_object(request)
    _without_id(record)
    try:
        with _writer(request, sandbox) as writer, writer.attempt():
            saved = _upserted(request, writer, definition, key, wanted, record)
    except changes.MoreThanOneError as several:
        return _several(request, groups, definition, several.ids)
    if saved.created:
        return _created(request, groups, definition, saved, created=True)
    if float(groups["version"]) < _FIRST_WITH_BODY_ON_UPDATE:
        return Response(204, content_type=None)
    return answer(request, 200, {"id": saved.id, "success": True, "errors": [], "created": False})


def delete_by_key(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """DELETE by an identifying field: 204, or 300 with the addresses of several."""
    definition, found = _found_by_key(request, sandbox, groups)
    if len(found) > 1:
        return _several(request, groups, definition, found)
    with _writer(request, sandbox) as writer, writer.attempt():
        changes.delete(writer, definition, _only(found))
    return Response(204, content_type=None)


def _upserted(
    request: Request, writer: Writer, definition: ObjectDef, key: FieldDef, wanted: str, record: dict[str, Any]
) -> changes.Saved:
    found = changes.matching(writer, definition, key, wanted)
    if not found and request.parameter("updateOnly") == "true":
        raise RefusedError("NOT_FOUND", RESOURCE_MISSING, None)
    if len(found) == 1:
        row = changes.existing(writer, definition, found[0])
        check_unmodified(request.headers, definition.name, row["Id"], _modified(row))
    return changes.upsert(writer, definition, key, wanted, record)


def _found_by_key(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> tuple[ObjectDef, list[str]]:
    definition = definition_of(sandbox, groups["object"])
    key, wanted = _key(definition, groups)
    with _writer(request, sandbox) as writer:
        return definition, changes.matching(writer, definition, key, wanted)


def _key(definition: ObjectDef, groups: dict[str, str]) -> tuple[FieldDef, str]:
    field = definition.field(groups["field"])
    if field is None or not (field.external_id or field.id_lookup):
        message = f"Provided external ID field does not exist or is not accessible: {groups['field']}"
        raise RefusedError("NOT_FOUND", message, None)
    return field, groups["value"].replace("%2F", "/").replace("%2f", "/")


def _only(found: list[str]) -> str:
    if not found:
        raise RefusedError("NOT_FOUND", RESOURCE_MISSING, None)
    return found[0]


def _shown(request: Request, sandbox: Sandbox, groups: dict[str, str], definition: ObjectDef, record: str) -> Response:
    wanted = request.parameter("fields")
    fields = known_fields(definition, wanted.split(",")) if wanted else [field.name for field in definition.fields]
    where = environment(sandbox, user_of(request, sandbox), groups["version"], include_deleted=True)
    row = where.connection.execute(f'SELECT * FROM "{definition.name}" WHERE "Id" = ?', (record,)).fetchone()
    if row is None:
        raise RefusedError("NOT_FOUND", RESOURCE_MISSING, None)
    if definition.field("IsDeleted") and row["IsDeleted"]:
        raise RefusedError("ENTITY_IS_DELETED", "entity is deleted")
    stamp = _modified(row)
    headers = validators(definition.name, record, stamp)
    if is_unchanged(request.headers, definition.name, record, stamp):
        return Response(304, headers=headers, content_type=None)
    return answer(request, 200, read_records(where, definition, fields, [record])[record], headers)


def _existing(writer: Writer, definition: ObjectDef, record: str) -> sqlite3.Row:
    """The record that a path names: unknown ones are 404 here, not a bad reference."""
    if writer.state(definition, record) is None:
        raise RefusedError("NOT_FOUND", RESOURCE_MISSING, None)
    return changes.existing(writer, definition, record)


def _path_id(definition: ObjectDef, text: str) -> str:
    if not is_well_formed(text):
        message = f"Provided external ID field does not exist or is not accessible: {text}"
        raise RefusedError("NOT_FOUND", message, None)
    if definition.prefix and not text.startswith(definition.prefix):
        raise RefusedError("NOT_FOUND", RESOURCE_MISSING, None)
    return id18(text[:15])


def _modified(row: sqlite3.Row) -> str:
    """The stamp by which conditions are judged: of the last change by a user, where the object keeps it."""
    stamp: str = row["LastModifiedDate"] if "LastModifiedDate" in row.keys() else row["SystemModstamp"]  # noqa: SIM118 - a Row's `in` looks at values
    return stamp


def _without_id(record: dict[str, Any]) -> None:
    if any(name.lower() == "id" for name in record):
        raise changes.id_not_allowed()


def _writer(request: Request, sandbox: Sandbox) -> Any:
    return writing(sandbox, user_of(request, sandbox), auto_assign=auto_assigns(request))


def _created(
    request: Request, groups: dict[str, str], definition: ObjectDef, saved: changes.Saved, **more: bool
) -> Response:
    headers = {"Location": resource(groups, "sobjects", definition.name, saved.id)}
    return answer(request, 201, {"id": saved.id, "success": True, "errors": [], **more}, headers)


def _several(request: Request, groups: dict[str, str], definition: ObjectDef, ids: list[str]) -> Response:
    return answer(request, 300, [resource(groups, "sobjects", definition.name, record) for record in ids])


ROUTES = (
    route("POST", _BASE, answered(create), "salesforce"),
    route("GET", _BASE + "/{id}", answered(read), "salesforce"),
    route("PATCH", _BASE + "/{id}", answered(update), "salesforce"),
    route("DELETE", _BASE + "/{id}", answered(delete), "salesforce"),
    route("POST", _BASE + "/{id}", answered(post_to_record), "salesforce"),
    route("GET", _BASE + "/{field}/{value}", answered(read_by_key), "salesforce"),
    route("PATCH", _BASE + "/{field}/{value}", answered(upsert), "salesforce"),
    route("DELETE", _BASE + "/{field}/{value}", answered(delete_by_key), "salesforce"),
)
