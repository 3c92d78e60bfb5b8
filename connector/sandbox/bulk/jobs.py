"""Jobs, the states they go through, and the threads that work on them."""

from __future__ import annotations

import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from connector.sandbox.bulk.dialect import Dialect
from connector.sandbox.clock import instant, stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import record_id
from connector.sandbox.soql import SoqlError

State = Literal["Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]
Kind = Literal["V2Query", "V2Ingest", "V1Batch"]
"""A batch of Bulk API 1.0 is worked on as a job of its own."""

ENDED: frozenset[State] = frozenset({"JobComplete", "Failed", "Aborted"})
_WORKERS = 2
_KEPT = timedelta(days=7)
_STORE_LOCK = threading.Lock()


class JobError(Exception):
    """Why a job fails as a whole, in the words of its `errorMessage`."""


@dataclass(frozen=True)
class Terms:
    """What a job was created with. `version` is the API's, as in the path ("61.0")."""

    kind: Kind
    operation: str
    object: str
    user_id: str
    version: str
    dialect: Dialect
    query: str | None = None
    external_id_field: str | None = None
    assignment_rule_id: str | None = None


@dataclass(frozen=True)
class Status:
    """Where a job is. `changed_at` is a stamp of the world's clock; `milliseconds` are of real work."""

    state: State
    changed_at: str
    processed: int = 0
    failed: int = 0
    error: str | None = None
    milliseconds: int = 0


@dataclass(frozen=True)
class Pace:
    """How long a job stays in UploadComplete, and again in InProgress: for that many questions after its state
    and at least so many real seconds."""

    polls: int = 0
    seconds: float = 0.0


@dataclass
class _Waiting:
    """How often a job was asked for in its present stage, and since when it is in it (monotonic seconds)."""

    since: float = field(default_factory=time.monotonic)
    polls: int = 0

    def is_over(self, pace: Pace) -> bool:
        return self.polls > pace.polls and time.monotonic() - self.since >= pace.seconds


Work = Callable[["Job"], None]


class Job:
    """One job. Threads may ask and change it together; `folder` is its own and exists as long as the job does."""

    def __init__(self, job_id: str, terms: Terms, folder: Path, sandbox: Sandbox, first_state: State) -> None:
        self.id = job_id
        self.terms = terms
        self.folder = folder
        self.created_at = stamp(sandbox.clock.now())
        self._now = sandbox.clock.now
        self._lock = threading.RLock()
        self._status = Status(first_state, self.created_at)
        self._pace = Pace()
        self._waiting = _Waiting()
        self._queued = False
        self._submit: Callable[[], None] | None = None
        self._is_stuck: Callable[[], bool] = lambda: False
        self._cancelled = threading.Event()
        self._at_rest = threading.Event()
        self._at_rest.set()

    @property
    def stopped(self) -> bool:
        """Whether work on the job has to cease: it was aborted, or its sandbox goes away."""
        return self._cancelled.is_set()

    def status(self) -> Status:
        """Where the job is, as clients may know it."""
        with self._lock:
            hidden = self._status.state in {"JobComplete", "Failed"} and not self._waiting.is_over(self._pace)
            return replace(self._status, state="InProgress") if hidden else self._status

    def poll(self) -> Status:
        """The same for a question after the state, which moves a job on that waits for questions."""
        with self._lock:
            self._waiting.polls += 1
            self._start_if_due()
            return self.status()

    def queue(self, submit: Callable[[], None], pace: Pace, is_stuck: Callable[[], bool]) -> bool:
        """Puts the job in UploadComplete; `submit` hands its work to a thread when its time has come.

        As long as `is_stuck` says so, the job is InProgress and nothing is done. False when the job was queued
        already or has ended: of two calls at the same time one starts it.
        """
        with self._lock:
            if self._queued or self._status.state in ENDED:
                return False
            self._queued = True
            self._set(state="UploadComplete")
            self._pace, self._waiting, self._submit, self._is_stuck = pace, _Waiting(), submit, is_stuck
            if pace == Pace():
                self._waiting.polls = 1
                self._start_if_due()
            return True

    def progressed(self, processed: int, failed: int) -> None:
        """Tells how many records have been dealt with so far, failed ones included."""
        with self._lock:
            self._set(processed=processed, failed=failed)

    def run(self, work: Work) -> None:
        """Does the job's work in this thread and notes how it ended."""
        begun = time.monotonic()
        try:
            if not self.stopped:
                work(self)
            self._end("Aborted" if self.stopped else "JobComplete", None, begun)
        except JobError as error:
            self._end("Failed", str(error), begun)
        except SoqlError as error:
            self._end("Failed", f"InvalidBatch : Failed to process query: {error}", begun)
        except Exception:  # noqa: BLE001 - a thread's last line of defence: the job must end, and never with a trace
            sys.stderr.write(f"Job {self.id}\n{traceback.format_exc()}")
            self._end("Failed", "UnknownError : An unexpected error occurred.", begun)
        finally:
            self._at_rest.set()

    def abort(self) -> bool:
        """Ends the job before its time; False when it has ended already."""
        with self._lock:
            if self.status().state in ENDED:
                return False
            self._cancelled.set()
            self._submit = None
            self._set(state="Aborted")
            return True

    def rested(self, seconds: float) -> bool:
        """Waits until no thread works on the job, at most so long; says whether that is so."""
        return self._at_rest.wait(seconds)

    def cancel(self) -> None:
        """Makes work on the job cease, whatever its state says."""
        self._cancelled.set()

    def _start_if_due(self) -> None:
        if self._status.state == "UploadComplete" and self._waiting.is_over(self._pace):
            self._set(state="InProgress")
            self._waiting = _Waiting(polls=int(self._pace == Pace()))
        if self._submit is not None and self._status.state == "InProgress" and not self._is_stuck():
            submit, self._submit = self._submit, None
            self._at_rest.clear()
            submit()

    def _end(self, state: State, error: str | None, begun: float) -> None:
        with self._lock:
            if self._status.state != "Aborted":
                self._set(state=state, error=error, milliseconds=round((time.monotonic() - begun) * 1000))

    def _set(self, **changes: object) -> None:
        self._status = replace(self._status, changed_at=stamp(self._now()), **changes)  # type: ignore[arg-type] # names of Status


class JobStore:
    """All jobs of one sandbox since it began or was reset."""

    def __init__(self, folder: Path) -> None:
        # With --load results are pieces of a real export: their owner's alone.
        folder.mkdir(mode=0o700, parents=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="bulk")

    def create(self, sandbox: Sandbox, terms: Terms, first_state: State, prefix: str = "750") -> Job:
        """A new job, which waits for `queue`. Jobs of more than seven days ago are forgotten."""
        now = sandbox.clock.now()
        for job in self.all():
            if now - instant(job.created_at) > _KEPT and job.status().state in ENDED:
                self.forget(job)
        job_id = record_id(prefix, sandbox.database.next_ids("BulkJob"))
        folder = self._folder / job_id
        folder.mkdir()
        job = Job(job_id, terms, folder, sandbox, first_state)
        with self._lock:
            self._jobs[job_id] = job
        return job

    def submit(self, job: Job, work: Work) -> None:
        """Has a thread do the job's work."""
        self._workers.submit(job.run, work)

    def find(self, job_id: str, kind: Kind) -> Job | None:
        """The job of an id of 15 or 18 characters."""
        with self._lock:
            job = next((entry for key, entry in self._jobs.items() if job_id in {key, key[:15]}), None)
        return job if job is not None and job.terms.kind == kind else None

    def all(self) -> list[Job]:
        """Every job, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def forget(self, job: Job) -> None:
        """Removes a job with its files."""
        with self._lock:
            self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def close(self, *, wait: bool) -> None:
        """Makes all work cease; with `wait`, returns when it has."""
        for job in self.all():
            job.cancel()
        self._workers.shutdown(wait=wait, cancel_futures=True)


def job_store(sandbox: Sandbox) -> JobStore:
    """The sandbox's jobs."""
    with _STORE_LOCK:
        store: JobStore | None = sandbox.open_state.get("bulk_jobs")
        if store is None:
            store = sandbox.open_state["bulk_jobs"] = JobStore(_fresh_folder(sandbox))
        return store


def stop_jobs(sandbox: Sandbox, *, wait: bool) -> None:
    """Makes the work on all jobs cease and forgets them; with `wait`, returns when no thread works any more."""
    with _STORE_LOCK:
        store: JobStore | None = sandbox.open_state.pop("bulk_jobs", None)
    if store is not None:
        store.close(wait=wait)


def _fresh_folder(sandbox: Sandbox) -> Path:
    """A folder that work begun before a reset cannot write into; those of before are removed."""
    folder = sandbox.config.state / "bulk"
    shutil.rmtree(folder, ignore_errors=True)
    number = sandbox.open_state.get("bulk_stores", 0) + 1
    sandbox.open_state["bulk_stores"] = number
    return folder / str(number)
