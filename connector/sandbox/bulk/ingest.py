"""Ingest jobs: created, given their CSV, started, asked for, their results fetched, aborted, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from connector.sandbox.bulk import requests
from connector.sandbox.bulk.job_info import asked, changed, created
from connector.sandbox.bulk.jobs import ENDED, Job, JobError, Terms, job_store
from connector.sandbox.bulk.loading import FAILED, SUCCESSFUL, UNPROCESSED, UPLOAD, load, write_results
from connector.sandbox.bulk.upload import Upload, read_upload
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.salesforce.payload import answer, json_object, user_of
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.wire import Request, Response

_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_SINCE = 41.0
_LARGEST_UPLOAD = 100_000_000
_LARGEST_PART = 100_000
_CSV = "text/csv"


def create(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST `{"object", "operation", …}`: a job that waits for its data, or that runs with data in a second part."""
    requests.available(groups, _SINCE)
    body, data = _parts(request)
    user_id = user_of(request, sandbox)
    terms = _terms(body, sandbox, user_id, groups["version"])
    job = job_store(sandbox).create(sandbox, terms, "Open")
    if data is None:
        return answer(request, 200, created(job, job.status()))
    (job.folder / UPLOAD).write_bytes(data)
    info = {**created(job, job.status()), "state": "UploadComplete"}
    requests.start(sandbox, job, lambda own: load(sandbox, own))
    return answer(request, 200, info)


def list_all(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET: all ingest jobs."""
    return requests.list_jobs(request, sandbox, groups, "V2Ingest", "ingest")


def read(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET a job: its state and counts."""
    job = requests.job_of(sandbox, groups, "V2Ingest")
    return answer(request, 200, asked(job, job.poll()))


def upload(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """PUT the CSV, once."""
    job = requests.job_of(sandbox, groups, "V2Ingest")
    if job.status().state != "Open":
        raise requests.not_open(job)
    if len(request.body) > _LARGEST_UPLOAD:
        message = f"The data of a job may have {_LARGEST_UPLOAD} bytes: these are {len(request.body)}"
        raise RefusedError("LIMIT_EXCEEDED", message, None)
    try:
        with (job.folder / UPLOAD).open("xb") as stream:
            stream.write(request.body)
    except FileExistsError:
        message = f"Found multiple contents for job: <{job.id}>: only one PUT is possible on a job"
        raise RefusedError("CLIENTINPUTERROR", message, None) from None
    return Response(201, content_type=None)


def change(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """PATCH `{"state": "UploadComplete"}`, without which nothing happens, or `Aborted`."""
    job = requests.job_of(sandbox, groups, "V2Ingest")
    if requests.chosen(json_object(request), "state", None, ("UploadComplete", "Aborted")) == "Aborted":
        return requests.abort(request, job)
    if job.status().state != "Open":
        raise requests.not_open(job)
    info = {**changed(job, job.status()), "state": "UploadComplete"}
    requests.start(sandbox, job, lambda own: load(sandbox, own))
    return answer(request, 200, info)


def delete(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """DELETE a job that has ended."""
    return requests.delete(sandbox, requests.job_of(sandbox, groups, "V2Ingest"))


def successful(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET successfulResults: `sf__Id`, `sf__Created` and the row as it came."""
    return _results(sandbox, groups, SUCCESSFUL)


def failed(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET failedResults: `sf__Id` (empty), `sf__Error` and the row as it came."""
    return _results(sandbox, groups, FAILED)


def unprocessed(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET unprocessedRecords: the rows that an aborted or failed job did not come to."""
    return _results(sandbox, groups, UNPROCESSED)


def _results(sandbox: Sandbox, groups: Mapping[str, str], name: str) -> Response:
    job = requests.job_of(sandbox, groups, "V2Ingest")
    requests.same_version(job, groups)
    if job.status().state not in ENDED:
        raise RefusedError("INVALIDJOBSTATE", f"The job has no results: its state is {job.status().state}", None)
    requests.await_rest(job)
    path = job.folder / name
    if not path.exists():
        _write_untouched(job)
    return Response(200, path, {}, _CSV)


def _write_untouched(job: Job) -> None:
    """The results of a job that was aborted before any work on it: all rows are unprocessed."""
    path = job.folder / UPLOAD
    try:
        found = read_upload(path.read_bytes() if path.exists() else b"", job.terms.dialect)
    except JobError:
        found = Upload("", (), ())
    write_results(job.folder, job.terms.dialect, found, [], [])


def _terms(body: Mapping[str, Any], sandbox: Sandbox, user_id: str, version: str) -> Terms:
    operation = requests.chosen(body, "operation", None, _OPERATIONS)
    name = body.get("object")
    definition = sandbox.salesforce.object(name) if isinstance(name, str) else None
    if definition is None:
        raise RefusedError("INVALIDJOB", f"InvalidJob : Unable to find object: {name}", None)
    dialect = requests.dialect_of(body)
    key = _external_id(body, definition) if operation == "upsert" else None
    rule = body.get("assignmentRuleId")
    return Terms(
        "V2Ingest", operation, definition.name, user_id, version, dialect,
        external_id_field=key, assignment_rule_id=rule if isinstance(rule, str) else None,
    )  # fmt: skip


def _external_id(body: Mapping[str, Any], definition: ObjectDef) -> str:
    name = body.get("externalIdFieldName")
    if not isinstance(name, str) or not name:
        raise RefusedError("INVALIDJOB", "InvalidJob : External ID was blank for upsert", None)
    field = definition.field(name)
    if field is None or not (field.external_id or field.id_lookup or field.type == "id"):
        message = (
            f"InvalidJob : Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field"
        )
        raise RefusedError("INVALIDJOB", f"{message} for {definition.name}", None)
    return field.name


def _parts(request: Request) -> tuple[dict[str, Any], bytes | None]:
    """A request's JSON, and the CSV that comes with it in a body of several parts."""
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        return json_object(request), None
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body, policy=HTTP)
    parts = {str(part.get_param("name", header="content-disposition")): part for part in whole.iter_parts()}
    job, data = parts.get("job"), parts.get("content")
    if job is None or data is None:
        raise RefusedError("INVALIDINPUT", "A multipart request has the parts job and content", None)
    content = data.get_payload(decode=True)
    text = job.get_payload(decode=True)
    if not isinstance(content, bytes) or not isinstance(text, bytes):
        raise RefusedError("INVALIDINPUT", "The parts job and content must have no parts of their own", None)
    if len(content) > _LARGEST_PART:
        raise RefusedError("LIMIT_EXCEEDED", f"The part content may have {_LARGEST_PART} characters", None)
    return json_object(replace(request, body=text)), content
