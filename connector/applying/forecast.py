"""How many calls to Salesforce a plan will take, before the first of them is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import structlog

from connector.applying.application import Application
from connector.applying.roads import ROWS_A_CALL, calls_by_collections, calls_of_a_job
from connector.domain.plan import Plan
from connector.errors import BudgetSpentError
from connector.store.ingest_jobs import PastJob, past_jobs

log = structlog.get_logger()

SHARED_ROWS_A_CALL = 25


def expected_calls(plan: Plan, past: Sequence[PastJob], *, bulk: bool) -> int:
    """The calls that carry a plan where nothing is refused or lost. `past` and `bulk`: see `roads.choose`.

    Each 200 tasks take a call, and one or two more to ask for consent before it.
    """
    rows = Counter((record.object, record.shared) for record in plan.records)
    fields = sum(
        -(-count // SHARED_ROWS_A_CALL) if shared else _cheapest(count, past, bulk=bulk)
        for (_object, shared), count in rows.items()
    )
    closed = -(-len(plan.closings) // SHARED_ROWS_A_CALL)
    deleted = -(-len(plan.deletions) // ROWS_A_CALL)
    made = calls_by_collections(len(plan.opportunities))
    return fields + closed + deleted + made + 2 * calls_by_collections(len(plan.tasks))


def _cheapest(rows: int, past: Sequence[PastJob], *, bulk: bool) -> int:
    by_collections = calls_by_collections(rows)
    return min(by_collections, calls_of_a_job(past)) if bulk else by_collections


def tell_ahead(application: Application, plan: Plan) -> None:
    """Says in the log, before anything is sent, that the day has fewer calls left than the plan will take."""
    left = application.calls_left()
    if left is None:
        return
    expected = expected_of(application, plan)
    if expected > left:
        log.warning("apply.day_is_short", calls=expected, left=left)


def expected_of(application: Application, plan: Plan) -> int:
    """The same for an apply, with the jobs of before that its store knows."""
    ingest = application.ingest
    return expected_calls(plan, past_jobs(application.store), bulk=ingest is not None and ingest.allowed)


def finished_early(application: Application, plan: Plan, error: BudgetSpentError) -> BudgetSpentError:
    """The error to raise where the day's calls end in the middle of a plan: what was done, what comes of the rest."""
    applied = application.applied
    sentence = (
        f"{error} Of a plan of some {expected_of(application, plan):,} calls, {applied.records:,} records and "
        f"{applied.tasks:,} tasks were written before; the next plan brings what is still different."
    )
    return BudgetSpentError(
        sentence, error.again_after, error.resumes_at, account=error.account, code=error.code or "CALL_BUDGET"
    )
