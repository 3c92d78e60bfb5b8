"""What bulk jobs may use up in a day."""

from __future__ import annotations

from connector.sandbox.context import Sandbox
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.usage import calls_today, count_call

ROWS_IN_A_BATCH = 10_000
_QUERY_JOBS, _RESULT_BYTES, _BATCHES = "bulk_query_jobs", "bulk_result_bytes", "bulk_batches"
_RESULT_MEGABYTES = 976_562


def count_query_job(sandbox: Sandbox) -> None:
    """Counts a new query job. Raises RefusedError when the day has no more."""
    if calls_today(sandbox, _QUERY_JOBS) >= sandbox.config.daily_bulk_query_jobs:
        raise RefusedError("LIMIT_EXCEEDED", "Max bulk v2 query jobs per 24 hours exceeded", None)
    count_call(sandbox, _QUERY_JOBS)


def count_result_bytes(sandbox: Sandbox, size: int) -> None:
    """Counts what a query job has put on disk."""
    count_call(sandbox, _RESULT_BYTES, size)


def count_batch(sandbox: Sandbox) -> bool:
    """Counts a batch of an ingest job; False when the day has no more."""
    if calls_today(sandbox, _BATCHES) >= sandbox.config.daily_bulk_batches:
        return False
    count_call(sandbox, _BATCHES)
    return True


def bulk_allowances(sandbox: Sandbox) -> dict[str, dict[str, int]]:
    """`{"Max", "Remaining"}` of today by the names that /limits has for them."""
    most = {
        "DailyBulkApiBatches": (sandbox.config.daily_bulk_batches, calls_today(sandbox, _BATCHES)),
        "DailyBulkV2QueryFileStorageMB": (_RESULT_MEGABYTES, calls_today(sandbox, _RESULT_BYTES) >> 20),
        "DailyBulkV2QueryJobs": (sandbox.config.daily_bulk_query_jobs, calls_today(sandbox, _QUERY_JOBS)),
    }
    return {name: {"Max": allowed, "Remaining": max(0, allowed - used)} for name, (allowed, used) in most.items()}
