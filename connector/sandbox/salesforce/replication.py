"""Which records of an object changed or were deleted in a span of time: getUpdated and getDeleted over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import instant, stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import route
from connector.sandbox.salesforce.payload import answer, answered, definition_of
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.wire import Request, Response

_UPDATED_BACK = timedelta(days=30)
_DELETED_BACK = timedelta(days=15)
_MOST_IDS = 600_000


def updated(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET `?start=&end=`: ids of live records whose SystemModstamp lies in the span, at most 30 days back."""
    definition, start, end = _span(request, sandbox, groups, _UPDATED_BACK)
    live = ' AND "IsDeleted" = 0' if definition.field("IsDeleted") else ""
    ids = [row[0] for row in _rows(sandbox, definition, f'"Id" FROM "{definition.name}"', live, start, end)]
    return answer(request, 200, {"ids": ids, "latestDateCovered": _wire(end)})


def deleted(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET `?start=&end=`: records in the recycle bin that went there in the span, at most 15 days back."""
    definition, start, end = _span(request, sandbox, groups, _DELETED_BACK)
    if definition.field("IsDeleted") is None:
        raise RefusedError("INVALID_TYPE_FOR_OPERATION", f"object type {definition.name} is not deletable", None)
    columns = f'"Id", "SystemModstamp" FROM "{definition.name}"'
    found = [
        {"id": row[0], "deletedDate": _wire(instant(row[1]))}
        for row in _rows(sandbox, definition, columns, ' AND "IsDeleted" = 1', start, end)
    ]
    earliest = sandbox.clock.now() - _DELETED_BACK
    body = {"deletedRecords": found, "earliestDateAvailable": _wire(earliest), "latestDateCovered": _wire(end)}
    return answer(request, 200, body)


def _span(
    request: Request, sandbox: Sandbox, groups: dict[str, str], furthest: timedelta
) -> tuple[ObjectDef, datetime, datetime]:
    """The object and the span, both ends cut to the minute. Raises RefusedError for one that is not covered."""
    definition = definition_of(sandbox, groups["object"])
    if not definition.replicateable:
        raise RefusedError("INVALID_TYPE_FOR_OPERATION", f"object type {definition.name} is not replicateable", None)
    start, end = (_moment(request, name) for name in ("start", "end"))
    now = sandbox.clock.now()
    if start >= end:
        raise RefusedError("INVALID_REPLICATION_DATE", "startDate must be before endDate", None)
    if start < now - furthest - timedelta(minutes=1):
        message = f"startDate cannot be more than {furthest.days} days ago"
        raise RefusedError("INVALID_REPLICATION_DATE", message, None)
    return definition, start, min(end, now)


def _moment(request: Request, name: str) -> datetime:
    text = request.parameter(name)
    try:
        # A plus sign that a client did not encode arrives as a blank.
        moment = datetime.fromisoformat((text or "").replace(" ", "+"))
    except ValueError:
        raise RefusedError("INVALID_REPLICATION_DATE", f"{name} is not a date and time: {text}", None) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(second=0, microsecond=0)


def _rows(
    sandbox: Sandbox, definition: ObjectDef, columns: str, state: str, start: datetime, end: datetime
) -> list[tuple[str, ...]]:
    found = sandbox.database.current().execute(
        f'SELECT {columns} WHERE "SystemModstamp" >= ? AND "SystemModstamp" <= ?{state} '
        f'ORDER BY "SystemModstamp", "Id" LIMIT {_MOST_IDS + 1}',
        (stamp(start), stamp(end)),
    )
    rows = [tuple(row) for row in found]
    if len(rows) > _MOST_IDS:
        raise RefusedError(
            "EXCEEDED_ID_LIMIT", f"more than {_MOST_IDS} records of {definition.name}: ask for less", None
        )
    return rows


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


_BASE = "/services/data/v{version}/sobjects/{object}"
ROUTES = (
    route("GET", _BASE + "/updated", answered(updated), "salesforce"),
    route("GET", _BASE + "/deleted", answered(deleted), "salesforce"),
)
