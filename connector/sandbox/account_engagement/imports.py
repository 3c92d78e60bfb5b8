"""Imports over the wire: created open or ready, given batches, started, asked for, their errors fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.account_engagement.bodies import json_body
from connector.sandbox.account_engagement.import_rows import (
    MATCHES,
    Column,
    Failed,
    ImportTerms,
    failures_as_csv,
    rows_of,
    write_row,
)
from connector.sandbox.account_engagement.job_queue import Job, JobQueue, queue_of
from connector.sandbox.account_engagement.multipart import sent_with
from connector.sandbox.account_engagement.records import calling_user, record_number
from connector.sandbox.account_engagement.refusals import (
    RefusalError,
    answer,
    invalid_value,
    unknown_parameter,
)
from connector.sandbox.account_engagement.shapes import known_fields, local_time
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.gate import gate_of
from connector.sandbox.usage import calls_today, count_call
from connector.sandbox.wire import Request, Response

PATH = "/api/v5/imports"
MOST_BATCHES = 10
LARGEST_BATCH = 10_000_000
BATCHES_A_DAY = 1_000
OPEN_HOURS = 24
_MOST = 1000
_SINCE = "updatedAtAfterOrEqualTo"
_INPUTS = frozenset({"operation", "object", "status", "createOnNoMatch", "restoreDeleted", "fields", "name"})
_SHOWN = frozenset(
    {
        "id", "operation", "object", "status", "isExpired", "batchesRef", "createdCount", "updatedCount", "errorCount",
        "errorRef", "createOnNoMatch", "restoreDeleted", "fields", "createdAt", "updatedAt", "createdById",
        "updatedById",
    }
)  # fmt: skip


@dataclass
class Import:
    """What an import is about, and what became of its rows."""

    given: Mapping[str, Any]
    terms: ImportTerms
    header: tuple[str, ...] = ()
    batches: list[list[dict[str, str]]] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    failed: list[Failed] = field(default_factory=list)


def import_queue(sandbox: Sandbox) -> JobQueue[Import]:
    """The sandbox's imports."""
    return queue_of(sandbox, "import", _do)


def create(request: Request, sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    """POST: an open import, or with a file and the status Ready one that is queued at once."""
    sent = sent_with(request)
    for name in sent.input:
        if name not in _INPUTS:
            raise RefusalError(154, name)
    for name, wanted in (("operation", "upsert"), ("object", "prospect")):
        if str(sent.input.get(name, "")).lower() != wanted:
            raise RefusalError(153, name) if name not in sent.input else invalid_value(name, f"It must be {wanted}.")
    status = str(sent.input.get("status", "Open"))
    if status not in {"Open", "Ready"}:
        raise RefusalError(161)
    content = Import(sent.input, _terms(sent.input))
    if sent.file is not None:
        _take_batch(sandbox, content, sent.file)
    elif status == "Ready":
        raise RefusalError(158)
    asked = request.parameter("fields") or ""
    names = known_fields(asked, _SHOWN) if asked.strip() else ()
    user = calling_user(request, sandbox)
    job = import_queue(sandbox).add(sandbox, content, user, "Open" if status == "Open" else "Waiting")
    headers = {"Location": f"{request.origin}{PATH}/{job.number}"}
    if not names:
        return Response(204, headers=headers, content_type=None)
    return answer(201, _view(job, names, request, sandbox), headers)


def add_batch(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST of a file to an open import; all files must have the same header."""
    job = _import(sandbox, groups)
    if job.state != "Open" or _open_too_long(job, sandbox):
        raise RefusalError(155)
    file = sent_with(request).file
    if file is None:
        raise RefusalError(158)
    _take_batch(sandbox, job.content, file)
    return Response(204, content_type=None)


def change(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """PATCH `{"status": "Ready"}` of an open import, or Canceled of one that has not begun."""
    job = _import(sandbox, groups)
    body = json_body(request)
    for name in body:
        if name != "status":
            raise RefusalError(154, name)
    asked = request.parameter("fields") or ""
    names = known_fields(asked, _SHOWN) if asked.strip() else ()
    queue = import_queue(sandbox)
    if body.get("status") == "Ready":
        if job.state == "Open" and not job.content.batches:
            raise RefusalError(156)
        moved = not _open_too_long(job, sandbox) and queue.move(sandbox, job, "Waiting", before=frozenset({"Open"}))
        if not moved:
            raise RefusalError(155)
    elif body.get("status") != "Canceled" or not queue.move(
        sandbox, job, "Canceled", before=frozenset({"Open", "Waiting"})
    ):
        raise RefusalError(161)
    return answer(200, _view(job, names, request, sandbox)) if names else Response(204, content_type=None)


def read(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET of one import."""
    names = known_fields(request.parameter("fields"), _SHOWN)
    job = _import(sandbox, groups)
    import_queue(sandbox).poll(sandbox, job)
    return answer(200, _view(job, names, request, sandbox))


def query(request: Request, sandbox: Sandbox, _groups: dict[str, str]) -> Response:
    """GET of all imports, the oldest first, on one page. The one filter is that by the time of change."""
    names = known_fields(request.parameter("fields"), _SHOWN)
    for name, _ in request.query:
        if name not in {"fields", _SINCE}:
            raise unknown_parameter(name)
    since = _since(request.parameter(_SINCE))
    jobs = [job for job in import_queue(sandbox).all() if since is None or job.updated_at >= since]
    values = [_view(job, names, request, sandbox) for job in jobs[:_MOST]]
    return answer(200, {"nextPageToken": None, "nextPageUrl": None, "values": values})


def errors(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET of the rows that were not taken, as CSV; 109 where there are none."""
    job = _import(sandbox, groups)
    if job.state != "Complete" or not job.content.failed or job.expired(sandbox.clock.now()):
        raise RefusalError(109)
    return Response(200, failures_as_csv(job.content.header, job.content.failed), content_type="text/csv")


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_value(_SINCE, "Invalid date time value.") from None
    if instant.tzinfo is None or text.endswith("Z"):
        raise invalid_value(_SINCE, "Invalid date time value.")
    return instant


def _do(sandbox: Sandbox, job: Job[Import], go_on: Callable[[], bool]) -> None:
    definition = _definition(sandbox)
    for row in (row for batch in job.content.batches for row in batch):
        if not go_on():
            return
        try:
            with gate_of(sandbox).together():
                created = write_row(sandbox, job.user, definition, job.content.terms, row)
        except RefusalError as refused:
            job.content.failed.append(Failed(row, refused.text))
        else:
            job.content.created += created
            job.content.updated += not created


def _take_batch(sandbox: Sandbox, content: Import, file: bytes) -> None:
    if len(content.batches) >= MOST_BATCHES:
        raise RefusalError(160)
    if len(file) > LARGEST_BATCH:
        raise RefusalError(159, f"It is larger than {LARGEST_BATCH} bytes.")
    header, rows = rows_of(file, _definition(sandbox))
    fields = content.terms.columns
    if fields and {name for name in header if name not in MATCHES} != set(fields):
        raise RefusalError(226)
    if content.header and header != content.header:
        raise RefusalError(227)
    if calls_today(sandbox, "import_batches") >= BATCHES_A_DAY:
        raise RefusalError(164)
    count_call(sandbox, "import_batches")
    content.header = header
    content.batches.append(rows)


def _terms(given: Mapping[str, Any]) -> ImportTerms:
    columns: dict[str, Column] = {}
    fields = given.get("fields", {})
    if not isinstance(fields, dict):
        raise invalid_value("fields", "It must be an object of columns.")
    for name, how in fields.items():
        if not isinstance(how, dict) or not set(how) <= {"overwrite", "nullOverwrite"}:
            raise invalid_value("fields", f"{name} takes overwrite and nullOverwrite.")
        columns[name] = Column(how.get("overwrite", True) is True, how.get("nullOverwrite", True) is True)
    for name in ("createOnNoMatch", "restoreDeleted"):
        if not isinstance(given.get(name, False), bool):
            raise RefusalError(50, name)
    return ImportTerms(given.get("createOnNoMatch", False), given.get("restoreDeleted", False), columns)


def _definition(sandbox: Sandbox) -> ObjectDef:
    found = sandbox.account_engagement.object("prospects")
    if found is None:
        raise RefusalError(192)
    return found


def _open_too_long(job: Job[Import], sandbox: Sandbox) -> bool:
    return (sandbox.clock.now() - job.created_at).total_seconds() > OPEN_HOURS * 3600


def _import(sandbox: Sandbox, groups: Mapping[str, str]) -> Job[Import]:
    found = import_queue(sandbox).find(record_number(groups["id"]))
    if found is None:
        raise RefusalError(109)
    return found


def _view(job: Job[Import], names: tuple[str, ...], request: Request, sandbox: Sandbox) -> dict[str, Any]:
    zone = ZoneInfo(sandbox.config.account_engagement_time_zone)
    content, address = job.content, f"{request.origin}{PATH}/{job.number}"
    ended = job.state == "Complete"
    values: dict[str, Any] = {
        "id": job.number,
        "operation": content.given["operation"],
        "object": content.given["object"],
        "status": job.state,
        "isExpired": job.expired(sandbox.clock.now()),
        "batchesRef": f"{address}/batches",
        "createdCount": content.created if ended else None,
        "updatedCount": content.updated if ended else None,
        "errorCount": len(content.failed) if ended else None,
        "errorRef": f"{address}/errors" if ended and content.failed else None,
        "createOnNoMatch": content.terms.create_on_no_match,
        "restoreDeleted": content.terms.restore_deleted,
        "fields": content.given.get("fields"),
        "createdAt": local_time(stamp(job.created_at), zone),
        "updatedAt": local_time(stamp(job.updated_at), zone),
        "createdById": job.user,
        "updatedById": job.user,
    }
    return {name: values[name] for name in sorted(names, key=lambda name: (name != "id", name))}
