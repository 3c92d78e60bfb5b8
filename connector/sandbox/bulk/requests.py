"""What the handlers of both kinds of jobs share: what a request asks for, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from connector.sandbox.bulk.dialect import DELIMITERS, LINE_ENDINGS, Dialect
from connector.sandbox.bulk.job_info import asked, changed
from connector.sandbox.bulk.jobs import ENDED, Job, Kind, Pace, Work, job_store
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.jobs import is_stuck
from connector.sandbox.salesforce.payload import RESOURCE_MISSING, answer, resource
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.wire import Request, Response

_PAGE = 1000
_REST_SECONDS = 5


def start(sandbox: Sandbox, job: Job, work: Work) -> None:
    """Queues a job; it waits as long as the sandbox was told, and is stuck when a fault says so.

    Raises RefusedError when somebody else has queued or aborted it meanwhile.
    """
    store = job_store(sandbox)
    pace = Pace(sandbox.config.bulk_polls, sandbox.config.bulk_seconds)
    kind: Literal["query", "ingest"] = "query" if job.terms.kind == "V2Query" else "ingest"
    if not job.queue(lambda: store.submit(job, work), pace, lambda: is_stuck(sandbox, job.id, kind)):
        raise not_open(job)


def dialect_of(body: Mapping[str, Any]) -> Dialect:
    """`columnDelimiter`, `lineEnding` and `contentType` of a new job; each has a default."""
    chosen(body, "contentType", "CSV", ("CSV",))
    return Dialect(
        chosen(body, "columnDelimiter", "COMMA", tuple(DELIMITERS)),
        chosen(body, "lineEnding", "LF", tuple(LINE_ENDINGS)),
    )


def chosen(body: Mapping[str, Any], name: str, default: str | None, allowed: tuple[str, ...]) -> str:
    """The value of a key that takes one of a few, or its default."""
    value = body.get(name)
    if value is None:
        value = default
    if value not in allowed:
        message = f"The value of {name} is {value!r}: it must be one of {', '.join(allowed)}"
        raise RefusedError("INVALIDINPUT" if value else "MISSING_ARGUMENT", message, None)
    return str(value)


def whole_number(request: Request, name: str, default: int) -> int:
    """A parameter that counts, from 1."""
    text = request.parameter(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) == 0:
        raise RefusedError("INVALIDINPUT", f"{name} must be a whole number from 1: {text}", None)
    return int(text)


def job_of(sandbox: Sandbox, groups: Mapping[str, str], kind: Kind) -> Job:
    """The job of a path. Raises RefusedError (404) when there is none."""
    job = job_store(sandbox).find(groups["job"], kind)
    if job is None:
        raise RefusedError("NOT_FOUND", RESOURCE_MISSING, None)
    return job


def not_open(job: Job) -> RefusedError:
    """The refusal of a change to a job that has been started or has ended."""
    return RefusedError("INVALIDJOBSTATE", f"The job is not open: its state is {job.status().state}", None)


def available(groups: Mapping[str, str], since: float) -> None:
    """Refuses (404) a resource that the API version in the path does not have yet."""
    if float(groups["version"]) < since:
        raise RefusedError("NOT_FOUND", RESOURCE_MISSING, None)


def await_rest(job: Job) -> None:
    """Waits until no thread works on a job that was aborted: its last chunk may still be on the way."""
    if not job.rested(_REST_SECONDS):
        raise RefusedError("INVALIDJOBSTATE", "The job is still being aborted", None)


def same_version(job: Job, groups: Mapping[str, str]) -> None:
    """Refuses to give results under another API version than the job's."""
    if float(groups["version"]) != float(job.terms.version):
        message = f"The API version in the request URI ({groups['version']}) is not the job's ({job.terms.version})"
        raise RefusedError("INVALIDVERSION", message, None, status=409)


def list_jobs(request: Request, sandbox: Sandbox, groups: Mapping[str, str], kind: Kind, collection: str) -> Response:
    """All jobs of a kind, a thousand at a time."""
    start = whole_number(request, "queryLocator", 1) - 1
    wanted = request.parameter("jobType") or kind
    jobs = [job for job in job_store(sandbox).all() if job.terms.kind == kind == wanted]
    shown = [asked(job, job.status()) for job in jobs[start : start + _PAGE]]
    done = start + _PAGE >= len(jobs)
    following = None if done else f"{resource(groups, 'jobs', collection)}?queryLocator={start + _PAGE + 1}"
    return answer(request, 200, {"done": done, "records": shown, "nextRecordsUrl": following})


def abort(request: Request, job: Job) -> Response:
    """Ends a job that has not ended."""
    if not job.abort():
        message = "Aborting already Completed Job not allowed"
        raise RefusedError("INVALIDJOBSTATE", message, None)
    return answer(request, 200, changed(job, job.status()))


def delete(sandbox: Sandbox, job: Job) -> Response:
    """Forgets a job that has ended, with its results."""
    if job.status().state not in ENDED:
        message = "Error encountered when deleting the job because the job is not terminated"
        raise RefusedError("API_ERROR", message, None)
    await_rest(job)
    job_store(sandbox).forget(job)
    return Response(204, content_type=None)
