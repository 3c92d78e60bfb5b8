"""Jobs of Bulk API 1.0: what they were created with, and the batches that they were given."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

from connector.sandbox.bulk.jobs import Job, JobStore, Terms, job_store
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import record_id

ContentType = Literal["CSV", "JSON", "XML"]
JobState = Literal["Open", "Closed", "Aborted"]

QUERIES = frozenset({"query", "queryAll"})


class BulkError(Exception):
    """A call that is refused: `code` is the API's exceptionCode, the message its exceptionMessage."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class V1Job:
    """One job. Its batches are worked on as jobs of their own; with `serial`, one after another."""

    id: str
    terms: Terms
    content_type: ContentType
    serial: bool
    created_at: str
    changed_at: str
    state: JobState = "Open"
    batches: list[Job] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def batch(self, batch_id: str) -> Job:
        """The batch of an id of 15 or 18 characters. Raises BulkError for another."""
        found = next((batch for batch in self.batches if batch_id in {batch.id, batch.id[:15]}), None)
        if found is None:
            raise BulkError("InvalidBatch", f"Unable to find batch for id: {batch_id}")
        return found


@dataclass
class V1Jobs:
    """All jobs since the sandbox began or was reset."""

    jobs: dict[str, V1Job] = field(default_factory=dict)

    def find(self, job_id: str) -> V1Job:
        """The job of an id of 15 or 18 characters. Raises BulkError for another."""
        found = next((job for key, job in list(self.jobs.items()) if job_id in {key, key[:15]}), None)
        if found is None:
            raise BulkError("InvalidJob", f"Unable to find job for id: {job_id}")
        return found


def new_job(sandbox: Sandbox, terms: Terms, content_type: ContentType, *, serial: bool) -> V1Job:
    """A job that is open for batches."""
    now = stamp(sandbox.clock.now())
    job_id = record_id("750", sandbox.database.next_ids("BulkJob"))
    job = V1Job(job_id, terms, content_type, serial, now, now)
    jobs_of(sandbox).jobs[job_id] = job
    return job


def new_batch(sandbox: Sandbox, job: V1Job) -> tuple[Job, JobStore]:
    """A batch that waits to be queued, and the store whose threads will work on it."""
    store = job_store(sandbox)
    batch = store.create(sandbox, job.terms, "UploadComplete", prefix="751")
    job.batches.append(batch)
    return batch, store


def jobs_of(sandbox: Sandbox) -> V1Jobs:
    """The sandbox's jobs of Bulk API 1.0."""
    found: V1Jobs = sandbox.open_state.setdefault("bulk_v1_jobs", V1Jobs())
    return found
