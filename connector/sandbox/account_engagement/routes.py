"""Which path of Account Engagement's API v5 is answered by what."""

from __future__ import annotations

from collections.abc import Callable

from connector.sandbox.account_engagement import account, exports, imports, legacy, lists, prospects, records, visitors
from connector.sandbox.account_engagement.guard import metered
from connector.sandbox.account_engagement.query import query
from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import Handler, Route, route
from connector.sandbox.wire import Request, Response

_OBJECTS = "/api/v5/objects"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_OnObject = Callable[[Request, Sandbox, ObjectDef], Response]
_OnRecord = Callable[[Request, Sandbox, ObjectDef, int], Response]

_CREATE: dict[str, _OnObject] = {
    "prospects": prospects.create,
    "lists": lists.create,
    "list_memberships": lists.create,
}
_UPDATE: dict[str, _OnRecord] = {
    "prospects": prospects.update,
    "lists": lists.update,
    "list_memberships": lists.update,
}
_COLLECTION_ACTIONS: dict[tuple[str, str], _OnObject] = {
    ("prospects", "undelete"): prospects.undelete_named,
    ("prospects", "upsertlatestbyemail"): prospects.upsert_latest_by_email,
}
_RECORD_ACTIONS: dict[tuple[str, str], _OnRecord] = {
    ("prospects", "undelete"): prospects.undelete,
    ("visitors", "assigntoprospect"): visitors.assign_to_prospect,
}


def _definition(sandbox: Sandbox, collection: str) -> ObjectDef:
    found = sandbox.account_engagement.object(collection.replace("-", "_"))
    if found is None or not found.queryable or "_" in collection:
        raise RefusalError(192)
    return found


def _query(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    return query(request, sandbox, _definition(sandbox, groups["collection"]))


def _create(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    definition = _definition(sandbox, groups["collection"])
    handler = _CREATE.get(definition.name)
    if handler is None:
        raise RefusalError(60)
    return handler(request, sandbox, definition)


def _read(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    definition = _definition(sandbox, groups["collection"])
    return records.read(request, sandbox, definition, records.record_number(groups["id"]))


def _update(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    definition = _definition(sandbox, groups["collection"])
    handler = _UPDATE.get(definition.name)
    if handler is None:
        raise RefusalError(60)
    return handler(request, sandbox, definition, records.record_number(groups["id"]))


def _delete(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    definition = _definition(sandbox, groups["collection"])
    if not definition.deletable:
        raise RefusalError(60)
    number = records.record_number(groups["id"])
    with records.writing(request, sandbox, definition) as writing:
        writing.live(number, refuse=109)
        writing.update(number, {"isDeleted": 1})
    return Response(204, content_type=None)


def _act_on_collection(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    definition = _definition(sandbox, groups["collection"])
    handler = _COLLECTION_ACTIONS.get((definition.name, groups["action"].lower()))
    if handler is None:
        raise RefusalError(205)
    return handler(request, sandbox, definition)


def _act_on_record(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    definition = _definition(sandbox, groups["collection"])
    handler = _RECORD_ACTIONS.get((definition.name, groups["action"].lower()))
    if handler is None:
        raise RefusalError(205)
    return handler(request, sandbox, definition, records.record_number(groups["id"]))


def _refuse_method(_request: Request, _sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    raise RefusalError(60)


def _refuse_endpoint(_request: Request, _sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    raise RefusalError(198)


def _path(pattern: str, **handlers: Handler) -> tuple[Route, ...]:
    """The routes of one path: methods that are not named are refused in this system's words."""
    return tuple(
        route(method, pattern, metered(handlers.get(method, _refuse_method)), "account_engagement")
        for method in _METHODS
    )


ROUTES: tuple[Route, ...] = (
    *_path(f"{_OBJECTS}/account", GET=account.read),
    *_path(f"{_OBJECTS}/{{collection}}", GET=_query, POST=_create),
    *_path(f"{_OBJECTS}/{{collection}}/do/{{action}}", POST=_act_on_collection),
    *_path(f"{_OBJECTS}/{{collection}}/{{id}}", GET=_read, PATCH=_update, DELETE=_delete),
    *_path(f"{_OBJECTS}/{{collection}}/{{id}}/do/{{action}}", POST=_act_on_record),
    *_path(exports.PATH, GET=exports.query, POST=exports.create),
    *_path(f"{exports.PATH}/{{id}}", GET=exports.read),
    *_path(f"{exports.PATH}/{{id}}/results/{{file}}", GET=exports.result),
    *_path(imports.PATH, GET=imports.query, POST=imports.create),
    *_path(f"{imports.PATH}/{{id}}", GET=imports.read, PATCH=imports.change),
    *_path(f"{imports.PATH}/{{id}}/batches", POST=imports.add_batch),
    *_path(f"{imports.PATH}/{{id}}/errors", GET=imports.errors),
    *legacy.ROUTES,
    *(route(method, "/api(/.*)?", metered(_refuse_endpoint), "account_engagement") for method in _METHODS),
)
