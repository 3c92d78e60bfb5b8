"""Query jobs: created, asked for, their results given page by page, aborted, deleted."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from connector.sandbox.bulk import requests
from connector.sandbox.bulk.allowance import count_query_job, count_result_bytes
from connector.sandbox.bulk.job_info import asked, created, jobs_path
from connector.sandbox.bulk.jobs import Job, Terms, job_store
from connector.sandbox.bulk.result_pages import PAGE_ROWS, packed, page_file, prepare
from connector.sandbox.bulk.statement import BulkStatement, bulk_statement
from connector.sandbox.context import Sandbox
from connector.sandbox.gate import gate_of
from connector.sandbox.http1 import accepts_gzip
from connector.sandbox.salesforce.payload import answer, json_object, user_of
from connector.sandbox.salesforce.reading import environment
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.wire import Request, Response

_PAGES_LISTED = 5
_SINCE = 47.0
_PAGES_SINCE = 58.0
_CSV = "text/csv"


def create(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST `{"operation": "query"|"queryAll", "query", …}`: a job that is queued at once."""
    requests.available(groups, _SINCE)
    body = json_object(request)
    operation = requests.chosen(body, "operation", None, ("query", "queryAll"))
    text = body.get("query")
    if not isinstance(text, str) or not text.strip():
        raise RefusedError("MISSING_ARGUMENT", "query is required for a query job", None)
    dialect = requests.dialect_of(body)
    user_id = user_of(request, sandbox)
    where = environment(sandbox, user_id, groups["version"], include_deleted=operation == "queryAll")
    statement = bulk_statement(text, dialect, where)
    count_query_job(sandbox)
    terms = Terms("V2Query", operation, statement.entity, user_id, groups["version"], dialect, query=text)
    job = job_store(sandbox).create(sandbox, terms, "UploadComplete")
    info = created(job, job.status())
    requests.start(sandbox, job, lambda own: _prepare(sandbox, own, statement))
    return answer(request, 200, info)


def list_all(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET: all query jobs."""
    return requests.list_jobs(request, sandbox, groups, "V2Query", "query")


def read(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET a job: its state and counts."""
    job = requests.job_of(sandbox, groups, "V2Query")
    return answer(request, 200, asked(job, job.poll()))


def results(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET results `?maxRecords=&locator=`: one page of CSV from disk, with the locator of the next or `null`."""
    job = _completed(sandbox, groups)
    rows = job.status().processed
    offset = _offset(request.parameter("locator"), rows)
    count = requests.whole_number(request, "maxRecords", PAGE_ROWS)
    last = min(offset + count, rows)
    headers = {
        "Sforce-Locator": _locator(last) if last < rows else "null",
        "Sforce-NumberOfRecords": str(last - offset),
    }
    page = page_file(job.folder, rows, offset, count)
    response = Response(200, page, headers, _CSV)
    return _as_gzip(response, page) if accepts_gzip(request.headers.get("accept-encoding", "")) else response


def result_pages(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET resultPages `?locator=`: where the next five pages are, to be fetched at the same time."""
    requests.available(groups, _PAGES_SINCE)
    job = _completed(sandbox, groups)
    rows = job.status().processed
    offset = _offset(request.parameter("locator"), rows)
    end = min(offset + _PAGES_LISTED * PAGE_ROWS, max(rows, 1))
    listed = [{"resultUrl": _url(job, "results", start)} for start in range(offset, end, PAGE_ROWS)]
    done = end >= rows
    following = None if done else _url(job, "resultPages", end)
    return answer(request, 200, {"resultPages": listed, "nextRecordsUrl": following, "done": done})


def change(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """PATCH `{"state": "Aborted"}`."""
    job = requests.job_of(sandbox, groups, "V2Query")
    requests.chosen(json_object(request), "state", None, ("Aborted",))
    return requests.abort(request, job)


def delete(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """DELETE a job that has ended."""
    return requests.delete(sandbox, requests.job_of(sandbox, groups, "V2Query"))


def _prepare(sandbox: Sandbox, job: Job, statement: BulkStatement) -> None:
    """The work of a job: its rows as of one instant, written to disk."""
    connection = sandbox.database.reader()
    with gate_of(sandbox).together():
        if job.stopped:
            return
        rows = statement.run(connection)
        # The first row begins the read: from here on whatever happens to the world does not show.
        first = rows.fetchmany(1)
    try:
        found = chain(first, rows)
        done = prepare(job.folder, statement.header, found, lambda count: _goes_on(job, count))
    finally:
        rows.close()
    count_result_bytes(sandbox, done.bytes)
    job.progressed(done.rows, 0)


def _goes_on(job: Job, count: int) -> bool:
    job.progressed(count, 0)
    return not job.stopped


def _completed(sandbox: Sandbox, groups: Mapping[str, str]) -> Job:
    job = requests.job_of(sandbox, groups, "V2Query")
    requests.same_version(job, groups)
    state = job.status().state
    if state != "JobComplete":
        raise RefusedError("INVALIDJOBSTATE", f"The job has no results: its state is {state}", None)
    return job


def _as_gzip(response: Response, page: Path) -> Response:
    return replace(response, body=packed(page), headers={**response.headers, "Content-Encoding": "gzip"})


def _url(job: Job, name: str, offset: int) -> str:
    return f"/{jobs_path(job, name)}?locator={_locator(offset)}"


def _locator(offset: int) -> str:
    """An opaque name of a place in the results, good for as long as the job is."""
    return base64.urlsafe_b64encode(f"row{offset:06}".encode()).decode().rstrip("=")


def _offset(locator: str | None, rows: int) -> int:
    if not locator or locator == "null":
        return 0
    try:
        text = base64.b64decode(locator + "=" * (-len(locator) % 4), altchars=b"-_", validate=True)
        offset = int(text.removeprefix(b"row")) if text.startswith(b"row") else -1
    except ValueError:
        offset = -1
    if not 0 <= offset < max(rows, 1):
        raise RefusedError("INVALID_QUERY_LOCATOR", "invalid query locator", None)
    return offset
