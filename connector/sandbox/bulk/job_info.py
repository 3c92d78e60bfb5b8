"""Jobs as the API shows them, with the keys on record for each call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.bulk.jobs import Job, Status


def created(job: Job, status: Status) -> dict[str, Any]:
    """What creating a job answers."""
    return {**_common(job, status), **_content(job)}


def changed(job: Job, status: Status) -> dict[str, Any]:
    """What changing a job's state answers: an ingest job's upload is no longer described."""
    return _common(job, status) if job.terms.kind == "V2Ingest" else created(job, status)


def asked(job: Job, status: Status) -> dict[str, Any]:
    """What asking for a job answers."""
    counts: dict[str, Any] = {
        "jobType": job.terms.kind,
        "numberRecordsProcessed": status.processed,
        "retries": 0,
        "totalProcessingTime": status.milliseconds,
    }
    if job.terms.kind == "V2Query":
        counts["isPkChunkingSupported"] = True
    else:
        counts["numberRecordsFailed"] = status.failed
        counts["apiActiveProcessingTime"] = status.milliseconds
        counts["apexProcessingTime"] = 0
    error = {} if status.error is None else {"errorMessage": status.error}
    return {**created(job, status), **counts, **error}


def jobs_path(job: Job, *parts: str) -> str:
    """The path of a job or of what belongs to it, without a leading slash."""
    collection = "query" if job.terms.kind == "V2Query" else "ingest"
    return "/".join((f"services/data/v{job.terms.version}/jobs/{collection}/{job.id}", *parts))


def _common(job: Job, status: Status) -> dict[str, Any]:
    terms = job.terms
    info: dict[str, Any] = {
        "id": job.id,
        "operation": terms.operation,
        "object": terms.object,
        "createdById": terms.user_id,
        "createdDate": _shown(job.created_at),
        "systemModstamp": _shown(status.changed_at),
        "state": status.state,
    }
    optional: Mapping[str, str | None] = {
        "externalIdFieldName": terms.external_id_field,
        "assignmentRuleId": terms.assignment_rule_id,
    }
    info |= {name: value for name, value in optional.items() if value is not None}
    return {**info, "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": float(terms.version)}


def _content(job: Job) -> dict[str, Any]:
    dialect = {
        "lineEnding": job.terms.dialect.line_ending,
        "columnDelimiter": job.terms.dialect.column_delimiter,
    }
    if job.terms.kind == "V2Query":
        return dialect
    # As on record, without a leading slash.
    return {"contentUrl": jobs_path(job, "batches"), **dialect}


def _shown(stamp: str) -> str:
    """A stamp of the database as JSON has it."""
    return stamp.removesuffix("Z") + "+0000"
