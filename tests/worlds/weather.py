"""What fails, and how small the pieces are in which the connector reads: both drawn anew each round."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch

from connector import flow
from connector.account_engagement import read as engagement
from connector.pulling import reading, reconcile
from connector.pulling.reading import Landing
from connector.salesforce import bulk
from connector.sandbox.context import Sandbox
from connector.sandbox.salesforce import query as sandbox_query

FAILURES: tuple[dict[str, Any], ...] = (
    {"kind": "session_expired"},
    {"kind": "server_error", "status": 503},
    {"kind": "server_error", "status": 500},
    {"kind": "server_error", "status": 502, "after_work": True},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "truncated", "share": 0.5},
    {"kind": "truncated", "share": 0.0},
    {"kind": "malformed_json"},
    {"kind": "malformed_csv"},
    {"kind": "concurrency"},
    {"kind": "timeout_code"},
    {"kind": "locator_expiry"},
    {"kind": "token_expiry"},
)
LATE = ("Lead", "Contact", "Account", "Opportunity", "Task", "CampaignMember")


def faults(dice: Random) -> dict[str, Any]:
    """A document of faults for the control plane."""
    found: list[dict[str, Any]] = [
        {**failure, "probability": round(dice.uniform(0.01, 0.15), 3)}
        for failure in dice.sample(FAILURES, dice.randint(0, 4))
    ]
    if dice.random() < 0.5:
        objects = dice.sample(LATE, dice.randint(1, len(LATE)))
        late = {"kind": "late_commit", "seconds": dice.choice((5, 300, 600)), "objects": objects}
        found.append({**late, "share": dice.choice((0.3, 1.0))})
    if dice.random() < 0.5:
        crowd = {"kind": "many_in_one_second", "object": dice.choice(LATE), "rows": dice.randint(2, 60)}
        found.append({**crowd, "nth": dice.randint(3, 40)})
    return {"seed": dice.randint(0, 10**6), "faults": found}


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
        (reading, "PAGES_A_MERGE", dice.choice((1, 3, 25))),
        (reconcile, "IDS_A_QUESTION", dice.choice((2, 200))),
        (reconcile, "SWEEP_PAGES", dice.choice((1, 5))),
        (flow, "Landing", partial(Landing, bulk_from=dice.choice((1, 30, 20_000, 20_000)))),
    )
    with ExitStack() as patches:
        for place, name, size in sizes:
            patches.enter_context(patch.object(place, name, size))
        yield
