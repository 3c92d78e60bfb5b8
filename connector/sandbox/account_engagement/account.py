"""The one account: who it is, and how many calls it has left today."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.account_engagement.refusals import answer, unknown_field
from connector.sandbox.account_engagement.shapes import converter, parse_fields
from connector.sandbox.catalogue.account_engagement import ACCOUNT
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.usage import calls_today
from connector.sandbox.wire import Request, Response


def read(request: Request, sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    """GET of the account: computed, since it is one row about the sandbox itself."""
    values = _values(sandbox)
    zone = ZoneInfo(sandbox.config.account_engagement_time_zone)
    shown: dict[str, Any] = {}
    names = parse_fields(request.parameter("fields"))
    for name in sorted(names, key=lambda name: (name != "id", name)):
        found = ACCOUNT.field(name)
        if found is None or found.name != name:
            raise unknown_field(name)
        convert = converter(found, zone)
        value = values.get(name)
        shown[name] = convert(value) if convert else value
    return answer(200, shown)


def _values(sandbox: Sandbox) -> dict[str, Any]:
    opened = _opened(sandbox)
    return {
        "id": 1,
        "company": _company(sandbox),
        "level": "Advanced",
        "maximumDailyApiCalls": sandbox.config.account_engagement_daily_calls,
        "apiCallsUsed": calls_today(sandbox, "account_engagement"),
        "createdAt": opened,
        "updatedAt": opened,
    }


def _opened(sandbox: Sandbox) -> str:
    """The stamp of the oldest row: the account was there before it."""
    found = [stamp(sandbox.config.start)]
    for definition in sandbox.account_engagement:
        for name in ("createdAt", "updatedAt"):
            if definition.field(name) is not None:
                text = f'SELECT min("{name}") FROM "{definition.name}"'
                found += [str(row[0]) for row in sandbox.database.reader().execute(text) if row[0]]
    return min(found)


def _company(sandbox: Sandbox) -> str | None:
    if sandbox.salesforce.object("Organization") is None:
        return None
    row = sandbox.database.reader().execute('SELECT "Name" FROM "Organization"').fetchone()
    return str(row[0]) if row else None
