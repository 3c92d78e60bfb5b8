"""Asynchronous work of Account Engagement: one job after the other, the oldest first."""

from __future__ import annotations

import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from connector.sandbox.context import Sandbox
from connector.sandbox.faults.jobs import is_stuck

State = Literal["Open", "Waiting", "Processing", "Complete", "Failed", "Canceled"]
Kind = Literal["export", "import"]

KEPT = timedelta(days=7)
"""For how long a job's files can be fetched."""
_LOCK = threading.Lock()

Content = TypeVar("Content")


@dataclass
class Job(Generic[Content]):
    """One job. What it is about stands in `content`; `folder` is its own."""

    number: int
    content: Content
    folder: Path
    user: int
    created_at: datetime
    updated_at: datetime
    state: State
    begun: bool = False
    polls: int = 0
    since: float = field(default_factory=time.monotonic)

    def expired(self, now: datetime) -> bool:
        """Whether its files are gone."""
        return now - self.created_at > KEPT


Work = Callable[[Sandbox, Job[Content], Callable[[], bool]], None]
"""Does a job; the last argument says whether to go on."""


class JobQueue(Generic[Content]):
    """All jobs of one kind of a sandbox since it began or was reset. Threads may use it together."""

    def __init__(self, kind: Kind, folder: Path, work: Work[Content]) -> None:
        # With --load results are pieces of a real export: their owner's alone.
        folder.mkdir(mode=0o700, parents=True)
        self._kind = kind
        self._folder = folder
        self._work = work
        self._lock = threading.RLock()
        self._jobs: dict[int, Job[Content]] = {}
        self._stopped = threading.Event()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=kind)

    def add(self, sandbox: Sandbox, content: Content, user: int, state: State = "Waiting") -> Job[Content]:
        """A new job at the end of the queue; an Open one waits for `queue`."""
        number = sandbox.database.next_ids(self._kind.title())
        folder = self._folder / str(number)
        folder.mkdir()
        now = sandbox.clock.now()
        job = Job(number, content, folder, user, now, now, state)
        with self._lock:
            self._jobs[number] = job
        self._step(sandbox)
        return job

    def find(self, number: int) -> Job[Content] | None:
        with self._lock:
            return self._jobs.get(number)

    def all(self) -> list[Job[Content]]:
        """Every job, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def move(self, sandbox: Sandbox, job: Job[Content], state: State, *, before: frozenset[State]) -> bool:
        """Puts a job that is in one of the states `before` into another; False when it is in none of them."""
        with self._lock:
            if job.state not in before or job.begun:
                return False
            self._set(sandbox, job, state)
            job.polls, job.since = 0, time.monotonic()
            self._step(sandbox)
            return True

    def poll(self, sandbox: Sandbox, job: Job[Content]) -> State:
        """The state of a job for a question after it, which moves those on that wait for questions."""
        with self._lock:
            job.polls += 1
            self._step(sandbox)
            return job.state

    def close(self, *, wait: bool) -> None:
        """Makes all work cease."""
        self._stopped.set()
        self._worker.shutdown(wait=wait, cancel_futures=True)

    def _step(self, sandbox: Sandbox) -> None:
        """Lets the oldest job that was queued and has not ended go on, if its time has come."""
        with self._lock:
            first = next((one for one in self._jobs.values() if one.state in {"Waiting", "Processing"}), None)
            if first is None or first.begun or not _over(first, sandbox):
                return
            if first.state == "Waiting":
                self._set(sandbox, first, "Processing")
                first.polls, first.since = 0, time.monotonic()
            if _over(first, sandbox) and not is_stuck(sandbox, f"{self._kind}{first.number}", self._kind):
                first.begun = True
                self._worker.submit(self._do, sandbox, first)

    def _do(self, sandbox: Sandbox, job: Job[Content]) -> None:
        state: State = "Failed"
        try:
            self._work(sandbox, job, lambda: not self._stopped.is_set())
            state = "Complete"
        except Exception:  # noqa: BLE001 - a thread's last line of defence: the job must end, and never with a trace
            sys.stderr.write(f"{self._kind} {job.number}\n{traceback.format_exc()}")
        with self._lock:
            self._set(sandbox, job, state)
            if not self._stopped.is_set():
                self._step(sandbox)

    def _set(self, sandbox: Sandbox, job: Job[Content], state: State) -> None:
        job.state, job.updated_at = state, sandbox.clock.now()


def queue_of(sandbox: Sandbox, kind: Kind, work: Work[Content]) -> JobQueue[Content]:
    """The sandbox's jobs of a kind."""
    with _LOCK:
        queues: dict[Kind, JobQueue[Any]] = sandbox.open_state.setdefault("account_engagement_jobs", {})
        if kind not in queues:
            queues[kind] = JobQueue(kind, _fresh_folder(sandbox, kind), work)
        return queues[kind]


def stop_account_engagement_jobs(sandbox: Sandbox, *, wait: bool) -> None:
    """Makes the work on all jobs cease and forgets them."""
    with _LOCK:
        queues: dict[Kind, JobQueue[Any]] = sandbox.open_state.pop("account_engagement_jobs", {})
    for queue in queues.values():
        queue.close(wait=wait)


def _fresh_folder(sandbox: Sandbox, kind: Kind) -> Path:
    """A folder that work begun before a reset cannot write into; those of before are removed."""
    folder = sandbox.config.state / f"{kind}s"
    shutil.rmtree(folder, ignore_errors=True)
    number = sandbox.open_state.get("job_queues", 0) + 1
    sandbox.open_state["job_queues"] = number
    return folder / str(number)


def _over(job: Job[Content], sandbox: Sandbox) -> bool:
    """Whether a job has been long enough in its state: asked for so often, and for so many real seconds."""
    polls = sandbox.config.bulk_polls
    asked_enough = polls == 0 or job.polls > polls
    return asked_enough and time.monotonic() - job.since >= sandbox.config.bulk_seconds
