"""Which paths of Bulk API 1.0 are answered, and how."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from connector.sandbox.bulk.allowance import count_batch
from connector.sandbox.bulk.dialect import Dialect
from connector.sandbox.bulk.jobs import ENDED, Job, Pace, Terms
from connector.sandbox.bulk_v1.answers import batch_info, job_info, listed, refused, result_list, shown, speaks_json
from connector.sandbox.bulk_v1.content import children_of, parsed_xml
from connector.sandbox.bulk_v1.jobs import QUERIES, BulkError, ContentType, V1Job, jobs_of, new_batch, new_job
from connector.sandbox.bulk_v1.outcomes import MIME
from connector.sandbox.bulk_v1.work import REQUEST, RESULT, query_result, result_count, work
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.jobs import is_stuck
from connector.sandbox.ids import id18
from connector.sandbox.routing import route
from connector.sandbox.salesforce.guard import with_limit_info
from connector.sandbox.sessions import Session, request_session
from connector.sandbox.usage import count_call
from connector.sandbox.wire import Request, Response

_JOB = "/services/async/{version}/job"
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll")
_LARGEST_BATCH = 10_000_000

Answer = Callable[[Request, Sandbox, dict[str, str]], Response]


def create(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST job: one that waits for batches."""
    body = _document(request)
    operation = _chosen(body, "operation", "", _OPERATIONS)
    content_type = cast(ContentType, _chosen(body, "contentType", "XML", tuple(MIME)))
    definition = sandbox.salesforce.object(str(body.get("object", "")))
    if definition is None:
        raise BulkError("InvalidJob", f"Unable to find object: {body.get('object')}")
    key = _external_id(body, definition) if operation == "upsert" else None
    rule = body.get("assignmentRuleId")
    terms = Terms(
        "V1Batch", operation, definition.name, _session(request, sandbox).user_id, groups["version"], Dialect(),
        external_id_field=key, assignment_rule_id=str(rule) if rule else None,
    )  # fmt: skip
    # A client of the field says 1 where the API's own word is Serial.
    serial = str(body.get("concurrencyMode", "Parallel")).lower() in {"serial", "1"}
    job = new_job(sandbox, terms, content_type, serial=serial)
    return shown("jobInfo", job_info(job), as_json=speaks_json(request, job), status=201)


def read(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET a job."""
    job = _job(sandbox, groups)
    return shown("jobInfo", job_info(job), as_json=speaks_json(request, job))


def change(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST `state` Closed, after which no batch is taken, or Aborted, which ends the batches that wait."""
    job = _job(sandbox, groups)
    state = _chosen(_document(request), "state", "", ("Closed", "Aborted"))
    if job.state != "Open" and not (job.state == "Closed" and state == "Aborted"):
        raise BulkError("InvalidJobState", f"Job is already {job.state}")
    job.state = "Closed" if state == "Closed" else "Aborted"
    job.changed_at = stamp(sandbox.clock.now())
    if job.state == "Aborted":
        for batch in job.batches:
            batch.abort()
    return shown("jobInfo", job_info(job), as_json=speaks_json(request, job))


def add_batch(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST a batch's rows, or the query of a job that queries."""
    job = _job(sandbox, groups)
    if job.state != "Open":
        raise BulkError("InvalidJobState", f"Unable to add a batch: the job is {job.state}")
    if job.terms.operation in QUERIES and job.batches:
        raise BulkError("InvalidBatch", "A query job takes one batch")
    if len(request.body) > _LARGEST_BATCH:
        raise BulkError("ClientInputError", f"A batch may have {_LARGEST_BATCH} bytes: these are {len(request.body)}")
    if not count_batch(sandbox):
        raise BulkError("ExceededQuota", "ApiBatchItems Limit exceeded.")
    batch, store = new_batch(sandbox, job)
    (batch.folder / REQUEST).write_bytes(request.body)
    info = batch_info(job, batch)
    pace = Pace(sandbox.config.bulk_polls, sandbox.config.bulk_seconds)
    kind = "query" if job.terms.operation in QUERIES else "ingest"
    batch.queue(
        lambda: store.submit(batch, lambda own: work(sandbox, job, own)),
        pace,
        lambda: is_stuck(sandbox, batch.id, "query" if kind == "query" else "ingest"),
    )
    return shown("batchInfo", info, as_json=job.content_type == "JSON", status=201)


def list_batches(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET all batches of a job."""
    job = _job(sandbox, groups)
    return listed([batch_info(job, batch, asked=True) for batch in job.batches], as_json=job.content_type == "JSON")


def read_batch(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET a batch: its state and counts."""
    job = _job(sandbox, groups)
    batch = job.batch(groups["batch"])
    return shown("batchInfo", batch_info(job, batch, asked=True), as_json=job.content_type == "JSON")


def read_request(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET what a batch was made of."""
    job = _job(sandbox, groups)
    return Response(200, job.batch(groups["batch"]).folder / REQUEST, {}, MIME[job.content_type])


def read_results(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET what became of a batch's rows; of a query, the ids of its results."""
    job, batch = _ended(sandbox, groups)
    if job.terms.operation in QUERIES:
        ids = [_result_id(batch, number) for number in range(result_count(batch))]
        return result_list(ids, as_json=job.content_type == "JSON")
    return Response(200, batch.folder / RESULT, {}, MIME[job.content_type])


def read_result(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET one file of a query's results."""
    job, batch = _ended(sandbox, groups)
    ids = [_result_id(batch, number) for number in range(result_count(batch))]
    if job.terms.operation not in QUERIES or groups["result"] not in ids:
        raise BulkError("InvalidBatch", f"Unable to find result for id: {groups['result']}")
    return Response(200, query_result(sandbox, job, batch, ids.index(groups["result"])), {}, MIME[job.content_type])


def guarded(handler: Answer) -> Answer:
    """The handler behind this API's own session check, with its refusals in its own form."""

    @wraps(handler)
    def checked(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
        try:
            _session(request, sandbox)
            if count_call(sandbox, "salesforce") > sandbox.config.daily_api_requests:
                raise BulkError("ExceededQuota", "TotalRequests Limit exceeded.")
            response = handler(request, sandbox, groups)
        except BulkError as error:
            response = refused(error, as_json=speaks_json(request))
        return with_limit_info(response, sandbox)

    return checked


def _session(request: Request, sandbox: Sandbox) -> Session:
    session = request_session(request, sandbox)
    if session is None:
        raise BulkError("InvalidSessionId", "Invalid session id")
    return session


def _job(sandbox: Sandbox, groups: Mapping[str, str]) -> V1Job:
    job = jobs_of(sandbox).find(groups["job"])
    if float(groups["version"]) != float(job.terms.version):
        raise BulkError("InvalidVersion", f"The job was created with version {job.terms.version}")
    return job


def _ended(sandbox: Sandbox, groups: Mapping[str, str]) -> tuple[V1Job, Job]:
    job = _job(sandbox, groups)
    batch = job.batch(groups["batch"])
    state = batch.status().state
    if state not in ENDED:
        raise BulkError("InvalidBatch", "Batch not completed")
    if state != "JobComplete":
        raise BulkError("InvalidBatch", "Batch has no results: it was not completed")
    return job, batch


def _result_id(batch: Job, number: int) -> str:
    """An id of a result: its batch's under another prefix, with its number in the middle."""
    return id18(f"752{batch.id[3:5]}{number:03}{batch.id[8:15]}")


def _document(request: Request) -> dict[str, Any]:
    """A request's jobInfo, in JSON or XML."""
    if "json" in request.headers.get("content-type", "").lower():
        try:
            found = json.loads(request.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise BulkError("InvalidJob", "Unable to parse Job")
        return found
    root = parsed_xml(request.body)
    if root is None:
        raise BulkError("InvalidJob", "Unable to parse Job")
    return dict(children_of(root))


def _chosen(body: Mapping[str, Any], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = str(body.get(name, default))
    found = next((entry for entry in allowed if entry.lower() == value.lower()), None)
    if found is None:
        raise BulkError("InvalidJob", f"{name} must be one of {', '.join(allowed)}: {value}")
    return found


def _external_id(body: Mapping[str, Any], definition: ObjectDef) -> str:
    name = str(body.get("externalIdFieldName") or "")
    field = definition.field(name) if name else None
    if field is None or not (field.external_id or field.id_lookup or field.type == "id"):
        raise BulkError("InvalidJob", f"External ID was blank or is none of {definition.name}: {name}")
    return field.name


ROUTES = (
    route("POST", _JOB, guarded(create)),
    route("GET", _JOB + "/{job}", guarded(read)),
    route("POST", _JOB + "/{job}", guarded(change)),
    route("POST", _JOB + "/{job}/batch", guarded(add_batch)),
    route("GET", _JOB + "/{job}/batch", guarded(list_batches)),
    route("GET", _JOB + "/{job}/batch/{batch}", guarded(read_batch)),
    route("GET", _JOB + "/{job}/batch/{batch}/request", guarded(read_request)),
    route("GET", _JOB + "/{job}/batch/{batch}/result", guarded(read_results)),
    route("GET", _JOB + "/{job}/batch/{batch}/result/{result}", guarded(read_result)),
)
