"""What fails, and how small the pieces are in which the connector reads: both drawn anew each round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch

from connector import flow
from connector.account_engagement import read as engagement
from connector.pulling import reading, reconcile, sweep
from connector.pulling.reading import Landing
from connector.salesforce import bulk
from connector.sandbox.context import Sandbox
from connector.sandbox.salesforce import query as sandbox_query

FAILURES: tuple[dict[str, Any], ...] = (
    {"kind": "session_expired"},
    {"kind": "session_expired", "expiry": False},
    {"kind": "server_error", "status": 503},
    {"kind": "server_error", "status": 500},
    {"kind": "server_error", "status": 504},
    {"kind": "server_error", "status": 502, "after_work": True},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "truncated", "share": 0.5},
    {"kind": "truncated", "share": 0.0},
    {"kind": "malformed_json"},
    {"kind": "malformed_json", "garbled": True},
    {"kind": "malformed_csv"},
    {"kind": "concurrency"},
    {"kind": "timeout_code"},
    {"kind": "timeout_code", "code": 202},
    {"kind": "locator_expiry"},
    {"kind": "token_expiry"},
    {"kind": "slow", "seconds": 0.02},
)
RARE: tuple[dict[str, Any], ...] = ({"kind": "request_limit"}, {"kind": "daily_limit"})
"""What ends a pull: often, and nothing else would be seen."""

OF_WRITES: tuple[dict[str, Any], ...] = (
    {"kind": "row_lock", "share": 0.3},
    {"kind": "half_batch", "step": 2},
    {"kind": "half_batch", "step": 3, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"},
    {"kind": "reset_after", "method": ["POST", "PATCH"]},
    {"kind": "reset_before", "method": ["POST", "PATCH"]},
    {"kind": "server_error", "status": 503, "after_work": True, "method": ["POST", "PATCH"]},
    {"kind": "truncated", "share": 0.0, "method": ["POST", "PATCH"]},
)

STAMPED = (
    "Lead",
    "Contact",
    "Account",
    "Opportunity",
    "Task",
    "Campaign",
    "CampaignMember",
    "prospects",
    "lists",
    "visitor_activities",
)
"""Objects whose changes may be committed late, be made many in one second, or be out of the user's sight."""


def faults(dice: Random, objects: Sequence[str], *, writes: bool = False) -> dict[str, Any]:
    """A document of faults for the control plane, in a world of which these objects are read. `writes`: and written."""
    found: list[dict[str, Any]] = [
        {**failure, "probability": round(dice.uniform(0.01, 0.15), 3)}
        for failure in dice.sample(FAILURES, dice.randint(0, 4))
    ]
    if writes:
        of_writes = dice.sample(OF_WRITES, dice.randint(0, 2))
        found += [{**failure, "probability": round(dice.uniform(0.1, 0.6), 3)} for failure in of_writes]
    if dice.random() < 0.1:
        found.append({**dice.choice(RARE), "nth": dice.randint(1, 60)})
    if dice.random() < 0.3:
        found.append({"kind": "stuck_job", "job": "query", "probability": dice.choice((0.3, 1.0))})
    if dice.random() < 0.3:
        found.append({"kind": "clock_skew", "seconds": dice.choice((-290, -60, 60, 290)), "probability": 0.5})
    there = [name for name in STAMPED if name in objects]
    return {"seed": dice.randint(0, 10**6), "faults": [*found, *(_of_rows(dice, there) if there else ())]}


def _of_rows(dice: Random, objects: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What befalls rows of objects instead of calls."""
    if dice.random() < 0.5:
        late = {"kind": "late_commit", "seconds": dice.choice((5, 60, 300, 600)), "share": dice.choice((0.3, 1.0))}
        yield {**late, "objects": dice.sample(objects, dice.randint(1, len(objects)))}
    if dice.random() < 0.5:
        crowd = {"kind": "many_in_one_second", "object": dice.choice(objects), "rows": dice.randint(2, 60)}
        yield {**crowd, "nth": dice.randint(3, 40)}
    if dice.random() < 0.3:
        yield {"kind": "hidden_rows", "object": dice.choice(objects), "share": dice.choice((0.05, 0.3, 1.0))}


@contextmanager
def small_pieces(sandbox: Sandbox, dice: Random) -> Iterator[None]:
    """Within the block a handful of rows is much: pages, batches, chains, questions for ids, bulk queries."""
    capped = replace(sandbox.config, chain_cap=dice.choice((15, 60, 100_000)))
    rows = dice.choice((3, 7, 20, 200))
    sizes: tuple[tuple[object, str, object], ...] = (
        (sandbox, "config", capped),
        (sandbox_query, "page_size", lambda *_: rows),
        (engagement, "ROWS_A_PAGE", dice.choice((20, 50, 1000))),
        (bulk, "ROWS_A_PAGE", dice.choice((10, 1000))),
        (bulk, "DEADLINE", 1.0),
        (reading, "PAGES_A_MERGE", dice.choice((1, 3, 25))),
        (reconcile, "IDS_A_QUESTION", dice.choice((2, 200))),
        (reconcile, "ROWS_A_PAGE", dice.choice((2, 10, 2_000))),
        (sweep, "SWEEP_PAGES", dice.choice((1, 5))),
        (flow, "Landing", partial(Landing, bulk_from=dice.choice((1, 30, 20_000, 20_000)), ahead=0)),
    )
    with ExitStack() as patches:
        for place, name, size in sizes:
            patches.enter_context(patch.object(place, name, size))
        yield
