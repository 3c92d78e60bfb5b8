"""Exports over the wire: created, asked for, their files fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.account_engagement.bodies import json_body
from connector.sandbox.account_engagement.export_files import Rows, prepare
from connector.sandbox.account_engagement.export_terms import Terms, terms_of
from connector.sandbox.account_engagement.job_queue import Job, JobQueue, queue_of
from connector.sandbox.account_engagement.records import calling_user, record_number
from connector.sandbox.account_engagement.refusals import RefusalError, answer, unknown_parameter
from connector.sandbox.account_engagement.shapes import known_fields, local_time
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.gate import gate_of
from connector.sandbox.wire import Request, Response

PATH = "/api/v5/exports"
_MOST = 1000
_CSV = "text/csv"
_FIELDS = frozenset(
    {
        "id",
        "object",
        "fields",
        "name",
        "procedure",
        "status",
        "isExpired",
        "resultRefs",
        "includeByteOrderMark",
        "maxFileSizeBytes",
        "legacyDateFormat",
        "createdAt",
        "updatedAt",
        "createdById",
        "updatedById",
    }
)


@dataclass
class Export:
    """What an export is about, and how many files it has given."""

    terms: Terms
    files: int = 0


def export_queue(sandbox: Sandbox) -> JobQueue[Export]:
    """The sandbox's exports."""
    return queue_of(sandbox, "export", _do)


def create(request: Request, sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    """POST: 201 with the asked fields, 204 when none was asked for; the id is in `Location` too."""
    terms = terms_of(json_body(request), sandbox)
    asked = request.parameter("fields")
    names = known_fields(asked, _FIELDS) if (asked or "").strip() else ()
    export = export_queue(sandbox).add(sandbox, Export(terms), calling_user(request, sandbox))
    headers = {"Location": f"{request.origin}{PATH}/{export.number}"}
    if not names:
        return Response(204, headers=headers, content_type=None)
    return answer(201, _shown(export, names, request, sandbox), headers)


def read(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET of one export: its state, and where its files are once it is Complete."""
    names = known_fields(request.parameter("fields"), _FIELDS)
    export = _export(sandbox, groups)
    export_queue(sandbox).poll(sandbox, export)
    return answer(200, _shown(export, names, request, sandbox))


def query(request: Request, sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    """GET of all exports, the oldest first, on one page. Filters are not taken."""
    names = known_fields(request.parameter("fields"), _FIELDS)
    for name, _ in request.query:
        if name not in {"fields", "limit"}:
            raise unknown_parameter(name)
    limit = request.parameter("limit") or str(_MOST)
    if not limit.isdigit() or not 1 <= int(limit) <= _MOST:
        raise RefusalError(52, f"limit must be between 1 and {_MOST}.")
    exports = export_queue(sandbox).all()[: int(limit)]
    values = [_shown(export, names, request, sandbox) for export in exports]
    return answer(200, {"nextPageToken": None, "nextPageUrl": None, "values": values})


def result(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET of one result file, as CSV from disk; 109 before it is there and after it has expired."""
    export = _export(sandbox, groups)
    number = record_number(groups["file"])
    if export.state != "Complete" or export.expired(sandbox.clock.now()) or not 1 <= number <= export.content.files:
        raise RefusalError(109)
    return Response(200, export.folder / f"{number}.csv", content_type=_CSV)


def _do(sandbox: Sandbox, export: Job[Export], go_on: Callable[[], bool]) -> None:
    with gate_of(sandbox).together():
        # The first row begins the read: from here on whatever happens to the world does not show.
        rows = Rows(sandbox.database.reader(), export.content.terms)
    export.content.files = prepare(rows, export.content.terms, export.folder, go_on)


def _export(sandbox: Sandbox, groups: Mapping[str, str]) -> Job[Export]:
    found = export_queue(sandbox).find(record_number(groups["id"]))
    if found is None:
        raise RefusalError(109)
    return found


def _shown(export: Job[Export], names: tuple[str, ...], request: Request, sandbox: Sandbox) -> dict[str, Any]:
    expired = export.expired(sandbox.clock.now())
    zone = ZoneInfo(sandbox.config.account_engagement_time_zone)
    refs = [f"{request.origin}{PATH}/{export.number}/results/{number}" for number in range(1, export.content.files + 1)]
    given = export.content.terms.given
    values: dict[str, Any] = {
        "id": export.number,
        "object": export.content.terms.definition.label,
        "fields": list(export.content.terms.columns),
        "name": given.get("name"),
        "procedure": given["procedure"],
        "status": export.state,
        "isExpired": expired,
        "resultRefs": refs if export.state == "Complete" and not expired else None,
        "includeByteOrderMark": export.content.terms.byte_order_mark,
        "maxFileSizeBytes": export.content.terms.file_bytes,
        "legacyDateFormat": export.content.terms.legacy_dates,
        "createdAt": local_time(stamp(export.created_at), zone),
        "updatedAt": local_time(stamp(export.updated_at), zone),
        "createdById": export.user,
        "updatedById": export.user,
    }
    return {name: values[name] for name in sorted(names, key=lambda name: (name != "id", name))}
