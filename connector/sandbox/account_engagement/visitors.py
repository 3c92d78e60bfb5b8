"""Visitors: anonymous until somebody says who they are."""

from __future__ import annotations

from connector.sandbox.account_engagement import records
from connector.sandbox.account_engagement.bodies import json_body
from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.wire import Request, Response


def assign_to_prospect(request: Request, sandbox: Sandbox, definition: ObjectDef, number: int) -> Response:
    """Says which prospect a visitor is: 3 when there is no such prospect.

    UNVERIFIED: the argument `prospectId`, and that the visitor's own row alone is changed, not those of past visits.
    """
    body = json_body(request)
    for name in body:
        if name != "prospectId":
            raise RefusalError(208, name)
    prospect = body.get("prospectId")
    if prospect is None:
        raise RefusalError(207, "prospectId")
    if isinstance(prospect, bool) or not isinstance(prospect, int):
        raise RefusalError(206, "prospectId")
    records.check_fields(request.parameter("fields"), sandbox, definition)
    with records.writing(request, sandbox, definition) as writing:
        writing.live(number, refuse=109)
        found = writing.connection.execute('SELECT "isDeleted" FROM "prospects" WHERE "id" = ?', (prospect,)).fetchone()
        if found is None or found[0] == 1:
            raise RefusalError(3)
        writing.update(number, {"prospectId": prospect, "isIdentified": 1})
    return records.outcome(200, request.parameter("fields"), sandbox, definition, number)
