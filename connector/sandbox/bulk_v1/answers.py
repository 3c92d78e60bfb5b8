"""Jobs, batches and refusals as Bulk API 1.0 shows them, in JSON or XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from connector.sandbox.bulk.jobs import Job, State
from connector.sandbox.bulk_v1.jobs import BulkError, V1Job
from connector.sandbox.bulk_v1.outcomes import MIME, NAMESPACE, XML_HEAD
from connector.sandbox.wire import Request, Response

_STATES: Mapping[State, str] = MappingProxyType(
    {
        "UploadComplete": "Queued",
        "InProgress": "InProgress",
        "JobComplete": "Completed",
        "Failed": "Failed",
        "Aborted": "NotProcessed",
    }
)


def job_info(job: V1Job) -> dict[str, Any]:
    """The jobInfo of a job, with the sums of its batches."""
    found = [batch.status() for batch in job.batches]
    states = Counter(_STATES[status.state] for status in found)
    milliseconds = sum(status.milliseconds for status in found)
    optional: Mapping[str, str | None] = {
        "externalIdFieldName": job.terms.external_id_field,
        "assignmentRuleId": job.terms.assignment_rule_id,
    }
    return {
        "id": job.id,
        "operation": job.terms.operation,
        "object": job.terms.object,
        "createdById": job.terms.user_id,
        "createdDate": _shown(job.created_at),
        "systemModstamp": _shown(job.changed_at),
        "state": job.state,
        **{name: value for name, value in optional.items() if value is not None},
        "concurrencyMode": "Serial" if job.serial else "Parallel",
        "contentType": job.content_type,
        "numberBatchesQueued": states["Queued"],
        "numberBatchesInProgress": states["InProgress"],
        "numberBatchesCompleted": states["Completed"],
        "numberBatchesFailed": states["Failed"],
        "numberBatchesTotal": len(found),
        "numberRecordsProcessed": sum(status.processed for status in found),
        "numberRetries": 0,
        "apiVersion": float(job.terms.version),
        "numberRecordsFailed": sum(status.failed for status in found),
        "totalProcessingTime": milliseconds,
        "apiActiveProcessingTime": milliseconds,
        "apexProcessingTime": 0,
    }


def batch_info(job: V1Job, batch: Job, *, asked: bool = False) -> dict[str, Any]:
    """The batchInfo of a batch. `asked`: the question counts for a batch that waits for questions."""
    status = batch.poll() if asked else batch.status()
    return {
        "id": batch.id,
        "jobId": job.id,
        "state": _STATES[status.state],
        **({} if status.error is None else {"stateMessage": status.error}),
        "createdDate": _shown(batch.created_at),
        "systemModstamp": _shown(status.changed_at),
        "numberRecordsProcessed": status.processed,
        "numberRecordsFailed": status.failed,
        "totalProcessingTime": status.milliseconds,
        "apiActiveProcessingTime": status.milliseconds,
        "apexProcessingTime": 0,
    }


def shown(name: str, info: Mapping[str, Any], *, as_json: bool, status: int = 200) -> Response:
    """One jobInfo or batchInfo."""
    if as_json:
        return Response(status, json.dumps(info, ensure_ascii=False).encode(), {}, MIME["JSON"])
    stamps = {key: _zulu(value) for key, value in info.items()}
    return _xml(status, f'<{name} xmlns="{NAMESPACE}">{_elements(stamps)}</{name}>')


def listed(batches: Sequence[Mapping[str, Any]], *, as_json: bool) -> Response:
    """All batches of a job."""
    if as_json:
        return Response(200, json.dumps({"batchInfo": list(batches)}).encode(), {}, MIME["JSON"])
    inner = "".join(
        f"<batchInfo>{_elements({key: _zulu(value) for key, value in info.items()})}</batchInfo>" for info in batches
    )
    return _xml(200, f'<batchInfoList xmlns="{NAMESPACE}">{inner}</batchInfoList>')


def result_list(ids: Sequence[str], *, as_json: bool) -> Response:
    """The ids of a query's results."""
    if as_json:
        return Response(200, json.dumps(list(ids)).encode(), {}, MIME["JSON"])
    inner = "".join(f"<result>{one}</result>" for one in ids)
    return _xml(200, f'<result-list xmlns="{NAMESPACE}">{inner}</result-list>')


def refused(error: BulkError, *, as_json: bool) -> Response:
    """A call that is refused: always 400, a dead session too."""
    found = {"exceptionCode": error.code, "exceptionMessage": error.message}
    return shown("error", found, as_json=as_json, status=400)


def speaks_json(request: Request, job: V1Job | None = None) -> bool:
    """Whether an answer is in JSON: the request is, or says so, or its job's batches are."""
    said = f"{request.headers.get('content-type', '')} {request.headers.get('accept', '')}".lower()
    if "json" in said:
        return True
    return "xml" not in said and job is not None and job.content_type == "JSON"


def _xml(status: int, body: str) -> Response:
    return Response(status, f"{XML_HEAD}{body}".encode(), {}, MIME["XML"])


def _elements(info: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in info.items())


def _shown(stamp: str) -> str:
    """A stamp of the database as JSON has it."""
    return stamp.removesuffix("Z") + "+0000"


def _zulu(value: Any) -> Any:
    """The same as XML has it."""
    return value.removesuffix("+0000") + "Z" if isinstance(value, str) and value.endswith("+0000") else value
