"""sObject Collections: up to 200 records in one call, each with a result of its own, in the order of the request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import id18, is_well_formed
from connector.sandbox.routing import route
from connector.sandbox.salesforce import changes
from connector.sandbox.salesforce.changes import Saved
from connector.sandbox.salesforce.payload import (
    answer,
    answered,
    auto_assigns,
    definition_of,
    json_object,
    user_of,
)
from connector.sandbox.salesforce.reading import environment, known_fields, read_records
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.writer import Writer, each, writing
from connector.sandbox.wire import Request, Response

MOST_RECORDS = 200
_MOST_CHUNKS = 10
_MOST_READ = 2000
_BASE = "/services/data/v{version}/composite/sobjects"
_ATTRIBUTES_FIRST = "Nested object for polymorphic foreign key must have an attributes field before any other fields."

Step = Callable[[Writer], Saved]


def create(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """POST `{"allOrNone", "records"}`: new records of any objects."""
    records, all_or_none = _records(request)
    return _done(request, sandbox, [partial(_insert, record=record) for record in records], all_or_none)


def update(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """PATCH `{"allOrNone", "records"}`: changes to records, each with its `id`."""
    records, all_or_none = _records(request)
    return _done(request, sandbox, [partial(_update, record=record) for record in records], all_or_none)


def upsert(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """PATCH to an object and an identifying field: updates the records that match, inserts the others."""
    definition = definition_of(sandbox, groups["object"])
    key = definition.field(groups["field"])
    if key is None or not (key.external_id or key.id_lookup):
        message = f"Provided external ID field does not exist or is not accessible: {groups['field']}"
        raise RefusedError("NOT_FOUND", message, None)
    records, all_or_none = _records(request)
    wanted = Counter(_comparable(_value(record, key.name)) for record in records)
    steps = [
        partial(
            _upsert,
            definition=definition,
            key=key,
            record=record,
            repeated=wanted[_comparable(_value(record, key.name))] > 1,
        )
        for record in records
    ]
    return _done(request, sandbox, steps, all_or_none, upserting=True)


def delete(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """DELETE `?ids=a,b&allOrNone=`: records of any objects into the recycle bin."""
    ids = [text.strip() for text in (request.parameter("ids") or "").split(",") if text.strip()]
    _check_count(len(ids))
    all_or_none = (request.parameter("allOrNone") or "").lower() == "true"
    return _done(request, sandbox, [partial(_delete, record=record) for record in ids], all_or_none)


def read(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET `?ids=&fields=` or POST `{"ids", "fields"}`: records of one object, null for those that are not there."""
    definition = definition_of(sandbox, groups["object"])
    ids, names = _wanted(request)
    if not ids or not names:
        missing = "ids" if not ids else "fields"
        raise RefusedError("REQUIRED_FIELD_MISSING", f"Required parameter is missing: {missing}")
    if len(ids) > _MOST_READ:
        raise RefusedError("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {_MOST_READ} records")
    fields = known_fields(definition, names)
    exact = [_well_formed(record) for record in ids]
    where = environment(sandbox, user_of(request, sandbox), groups["version"])
    found = read_records(where, definition, fields, list(dict.fromkeys(exact)))
    return answer(request, 200, [found.get(record) for record in exact])


def _insert(writer: Writer, record: Any) -> Saved:
    definition, fields = _typed(writer, record)
    return changes.insert(writer, definition, fields)


def _update(writer: Writer, record: Any) -> Saved:
    definition, fields = _typed(writer, record)
    identifier = _value(fields, "Id")
    if identifier is None:
        raise RefusedError("MISSING_ARGUMENT", "Id not specified in an update call")
    return changes.update(writer, definition, identifier, fields)


def _upsert(writer: Writer, definition: ObjectDef, key: FieldDef, record: Any, *, repeated: bool) -> Saved:
    typed, fields = _typed(writer, record)
    if typed is not definition:
        message = f"The type of a record is {typed.name}: this call upserts records of {definition.name}"
        raise RefusedError("INVALID_TYPE", message)
    wanted = _value(fields, key.name)
    if repeated and wanted is not None:
        raise RefusedError("DUPLICATE_VALUE", f"Duplicate external id specified: {wanted}")
    rest = {name: value for name, value in fields.items() if name.lower() != key.name.lower()}
    try:
        return changes.upsert(writer, definition, key, wanted, rest)
    except changes.MoreThanOneError as several:
        message = f"{key.label}: more than one record found for external id field: [{', '.join(several.ids)}]"
        raise RefusedError("DUPLICATE_EXTERNAL_ID", message) from None


def _delete(writer: Writer, record: str) -> Saved:
    definition = writer.sandbox.salesforce.by_prefix(_well_formed(record)[:3])
    if definition is None:
        raise RefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    return changes.delete(writer, definition, record)


def _done(
    request: Request, sandbox: Sandbox, steps: Sequence[Step], all_or_none: bool, *, upserting: bool = False
) -> Response:
    """Takes the steps in one transaction and answers with one result a step."""
    with writing(sandbox, user_of(request, sandbox), auto_assign=auto_assigns(request)) as writer:
        outcomes = each(writer, [partial(step, writer) for step in steps], all_or_none=all_or_none)
    return answer(request, 200, [_result(outcome, all_or_none, upserting) for outcome in outcomes])


def _result(outcome: Saved | RefusedError, all_or_none: bool, upserting: bool) -> dict[str, Any]:
    if isinstance(outcome, Saved):
        saved = {"id": outcome.id, "success": True, "errors": []}
        return {**saved, "created": outcome.created} if upserting else saved
    failed = {"success": False, "errors": [outcome.as_row_error()]}
    # As recorded: in an upsert of all or none, rows that failed say that they were created.
    return {**failed, "created": True} if upserting and all_or_none else failed


def _records(request: Request) -> tuple[list[Any], bool]:
    body = json_object(request)
    records = body.get("records")
    if not isinstance(records, list):
        records = []
    _check_count(len(records))
    chunks = sum(1 for _ in groupby(records, key=_type_name))
    if chunks > _MOST_CHUNKS:
        message = f"Cannot have more than {_MOST_CHUNKS} chunks in a single operation: order the records by type"
        raise RefusedError("LIMIT_EXCEEDED", message)
    return records, body.get("allOrNone") is True


def _check_count(count: int) -> None:
    if count == 0:
        raise RefusedError("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    if count > MOST_RECORDS:
        message = f"record limit reached. cannot submit more than {MOST_RECORDS} records in this call"
        raise RefusedError("EXCEEDED_ID_LIMIT", message)


def _typed(writer: Writer, record: Any) -> tuple[ObjectDef, Mapping[str, Any]]:
    """A record's object, which its `attributes` must name, and the record.

    The recorded refusal asks for `attributes` to come first; recorded requests with them last succeed all the same.
    """
    name = _type_name(record)
    if name is None:
        raise RefusedError("JSON_PARSER_ERROR", _ATTRIBUTES_FIRST)
    definition = writer.sandbox.salesforce.object(name)
    if definition is None:
        raise RefusedError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return definition, record


def _type_name(record: Any) -> str | None:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    return name if isinstance(name, str) else None


def _value(record: Any, name: str) -> Any:
    if not isinstance(record, dict):
        return None
    return next((value for key, value in record.items() if key.lower() == name.lower()), None)


def _comparable(value: Any) -> str:
    return str(value).lower()


def _well_formed(record: Any) -> str:
    if not isinstance(record, str) or not is_well_formed(record):
        raise RefusedError("MALFORMED_ID", f"malformed id {record}")
    return id18(record[:15])


def _wanted(request: Request) -> tuple[list[Any], list[str]]:
    if request.method == "GET":
        ids, fields = (request.parameter(name) or "" for name in ("ids", "fields"))
        return [entry for entry in ids.split(",") if entry], [entry for entry in fields.split(",") if entry]
    body = json_object(request)
    ids_given, fields_given = body.get("ids"), body.get("fields")
    return (
        ids_given if isinstance(ids_given, list) else [],
        [str(name) for name in fields_given] if isinstance(fields_given, list) else [],
    )


ROUTES = (
    route("POST", _BASE, answered(create), "salesforce"),
    route("PATCH", _BASE, answered(update), "salesforce"),
    route("DELETE", _BASE, answered(delete), "salesforce"),
    route("GET", _BASE + "/{object}", answered(read), "salesforce"),
    route("POST", _BASE + "/{object}", answered(read), "salesforce"),
    route("PATCH", _BASE + "/{object}/{field}", answered(upsert), "salesforce"),
)
