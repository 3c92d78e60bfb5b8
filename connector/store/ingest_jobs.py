"""The bulk jobs that took our rows, by the entries of the journal that went with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.store.cursors import naive
from connector.store.database import Store

REMEMBERED = 5
"""So many jobs of before tell what the next one will take."""


@dataclass(frozen=True)
class IngestJob:
    """A job and its entries in the journal, from `first` to `last`. `job_id` is None while nothing was uploaded."""

    first: int
    last: int
    object: str
    job_id: str | None

    @property
    def rows(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class PastJob:
    """What a job took: rows, questions after it (for its state, and for the rows that failed), seconds of its work."""

    rows: int
    questions: int
    seconds: float


def note_job(store: Store, job: IngestJob, run_id: str, now: datetime) -> None:
    """Notes, before anything is uploaded, that these entries go by a job; again with its id once it has one."""
    store.run(
        "INSERT INTO ingest_jobs (first_number, last_number, job_id, object, run_id, begun_at) "
        "VALUES ($first, $last, $job, $object, $run, $now) ON CONFLICT DO UPDATE SET job_id = excluded.job_id",
        {
            "first": job.first,
            "last": job.last,
            "job": job.job_id,
            "object": job.object,
            "run": run_id,
            "now": naive(now),
        },
    )


def forget_job(store: Store, job: IngestJob) -> None:
    """The entries of a job, or some of them, go another way: records tell what became of them, not the job."""
    store.run(
        "DELETE FROM ingest_jobs WHERE first_number <= $last AND last_number >= $first",
        {"first": job.first, "last": job.last},
    )


def note_cost(store: Store, job: IngestJob, questions: int, seconds: float) -> None:
    """What it took to learn what became of a job."""
    store.run(
        "UPDATE ingest_jobs SET polls = $polls, seconds = $seconds WHERE first_number = $first",
        {"polls": questions, "seconds": seconds, "first": job.first},
    )


def unsettled_jobs(store: Store) -> list[IngestJob]:
    """The jobs some of whose entries have no outcome yet, oldest first."""
    rows = store.run(
        "SELECT first_number, last_number, object, job_id FROM ingest_jobs WHERE EXISTS (SELECT 1 FROM journal "
        "WHERE outcome IS NULL AND number BETWEEN first_number AND last_number) ORDER BY first_number"
    )
    return [IngestJob(*row) for row in rows]


def past_jobs(store: Store) -> list[PastJob]:
    """What the last jobs that ended took, newest first."""
    rows = store.run(
        "SELECT last_number - first_number + 1, polls, seconds FROM ingest_jobs WHERE polls IS NOT NULL "
        "ORDER BY first_number DESC LIMIT $count",
        {"count": REMEMBERED},
    )
    return [PastJob(*row) for row in rows]
