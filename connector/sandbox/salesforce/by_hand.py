"""Control-plane calls that do to Salesforce's records what people do in its screens, for tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import id18, is_well_formed
from connector.sandbox.routing import Handler, route
from connector.sandbox.salesforce import changes, lifecycle
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.writer import Writer, writing
from connector.sandbox.wire import Request, Response, json_response

Deed = Callable[[Writer, dict[str, Any]], dict[str, Any]]


def convert(writer: Writer, wish: dict[str, Any]) -> dict[str, Any]:
    """`{"lead", "account", "contact", "opportunity"}`: all but the lead may be left out; the last is a name."""
    done = lifecycle.convert_lead(
        writer,
        _text(wish, "lead"),
        account_id=wish.get("account"),
        contact_id=wish.get("contact"),
        opportunity_name=wish.get("opportunity"),
    )
    links = {"salesforceContactId": done.contact_id, "salesforceAccountId": done.account_id}
    _sync_prospects(
        writer, "salesforceLeadId", id18(_text(wish, "lead")[:15]), {**links, "salesforceId": done.contact_id}
    )
    return asdict(done)


def merge(writer: Writer, wish: dict[str, Any]) -> dict[str, Any]:
    """`{"winner", "losers": [one or two]}`: ids of leads, contacts or accounts."""
    winner = _text(wish, "winner")
    losers = wish.get("losers")
    if not isinstance(losers, list):
        raise RefusedError("INVALID_INPUT", "losers must be a list of ids")
    definition = _definition(writer, winner)
    lifecycle.merge(writer, definition, winner, losers)
    for loser in losers:
        column, kept = f"salesforce{definition.name}Id", id18(winner[:15])
        person = {} if definition.name == "Account" else {"salesforceId": kept}
        _sync_prospects(writer, column, id18(loser[:15]), {column: kept, **person})
    return {"winner": winner}


def edit(writer: Writer, wish: dict[str, Any]) -> dict[str, Any]:
    """`{"id", "fields": {…}}`: changes a record as the user does in whose name the call is made."""
    record = _text(wish, "id")
    fields = wish.get("fields")
    if not isinstance(fields, dict):
        raise RefusedError("INVALID_INPUT", "fields must be an object of field names and values")
    return {"id": changes.update(writer, _definition(writer, record), record, fields).id}


def delete(writer: Writer, wish: dict[str, Any]) -> dict[str, Any]:
    """`{"id"}`: into the recycle bin."""
    record = _text(wish, "id")
    return {"id": changes.delete(writer, _definition(writer, record), record).id}


def undelete(writer: Writer, wish: dict[str, Any]) -> dict[str, Any]:
    """`{"id"}`: out of the recycle bin."""
    record = _text(wish, "id")
    return {"id": changes.undelete(writer, _definition(writer, record), record).id}


def hard_delete(writer: Writer, wish: dict[str, Any]) -> dict[str, Any]:
    """`{"id"}`: gone for good."""
    record = _text(wish, "id")
    definition = _definition(writer, record)
    if writer.state(definition, id18(record[:15])) is None:
        raise RefusedError("NOT_FOUND", f"there is no {definition.name} {record}")
    lifecycle.hard_delete(writer, definition, id18(record[:15]))
    return {"id": record}


def _sync_prospects(writer: Writer, column: str, record: str, links: dict[str, str]) -> None:
    """Lets Account Engagement's prospects of a record follow it at once; the real sync takes some minutes."""
    prospects = writer.sandbox.account_engagement.object("prospects")
    if prospects is None or prospects.field(column) is None:
        return
    values = {**links, "salesforceLastSync": writer.now, "updatedAt": writer.now}
    changes_to = ", ".join(f'"{name}" = ?' for name in values)
    writer.connection.execute(f'UPDATE "prospects" SET {changes_to} WHERE "{column}" = ?', (*values.values(), record))


def _handler(deed: Deed) -> Handler:
    """A deed as a handler: in the name of the user that `user` gives by id, else of some active user."""

    def handle(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
        try:
            wish = json.loads(request.body or b"{}")
        except ValueError:
            return json_response(400, {"error": "The body is not JSON."})
        if not isinstance(wish, dict):
            return json_response(400, {"error": "The body must be a JSON object."})
        try:
            with writing(sandbox, _user(sandbox, wish), auto_assign=False) as writer, writer.attempt():
                done = deed(writer, wish)
        except RefusedError as refusal:
            return json_response(400, {"error": f"{refusal.code}: {refusal.message}"})
        return json_response(200, done)

    return handle


def _user(sandbox: Sandbox, wish: dict[str, Any]) -> str:
    """Whose deed it is: by preference somebody else than the user whom the API's clients log in as."""
    chosen = wish.get("user")
    if isinstance(chosen, str):
        return chosen
    row = (
        sandbox.database.current()
        .execute(
            'SELECT "Id" FROM "User" WHERE "IsActive" = 1 ORDER BY "Username" = ?, "Id" LIMIT 1',
            (sandbox.config.username,),
        )
        .fetchone()
    )
    if row is None:
        raise RefusedError("INVALID_INPUT", "this world has no active user")
    return str(row[0])


def _text(wish: dict[str, Any], name: str) -> str:
    value = wish.get(name)
    if not isinstance(value, str):
        raise RefusedError("INVALID_INPUT", f"{name} must be given, as text")
    return value


def _definition(writer: Writer, record: str) -> ObjectDef:
    """The object that an id is of."""
    found = writer.sandbox.salesforce.by_prefix(record[:3]) if is_well_formed(record) else None
    if found is None:
        raise RefusedError("MALFORMED_ID", f"{record} is not the id of a record here")
    return found


ROUTES = (
    route("POST", "/_sandbox/convert", _handler(convert)),
    route("POST", "/_sandbox/merge", _handler(merge)),
    route("POST", "/_sandbox/edit", _handler(edit)),
    route("POST", "/_sandbox/delete", _handler(delete)),
    route("POST", "/_sandbox/undelete", _handler(undelete)),
    route("POST", "/_sandbox/hard-delete", _handler(hard_delete)),
)
