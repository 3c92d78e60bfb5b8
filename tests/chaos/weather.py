"""What fails while the connector writes, drawn anew for each attempt, and the small pieces in which it works."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

from connector.applying import roads
from tests.worlds.weather import FAILURES

WRITES = {"method": ["POST", "PATCH"], "path": "*/composite*"}
OF_WRITES: tuple[dict[str, Any], ...] = (
    {"kind": "row_lock", "share": 0.4},
    {"kind": "half_batch", "step": 2},
    {"kind": "half_batch", "step": 3, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"},
    {"kind": "half_batch", "step": 2, "code": "INSUFFICIENT_ACCESS_OR_READONLY"},
    {"kind": "reset_after", **WRITES},
    {"kind": "reset_before", **WRITES},
    {"kind": "server_error", "status": 503, "after_work": True, **WRITES},
    {"kind": "server_error", "status": 500, "after_work": True, **WRITES},
    {"kind": "server_error", "status": 503, **WRITES},
    {"kind": "truncated", "share": 0.0, **WRITES},
    {"kind": "truncated", "share": 0.6, **WRITES},
    {"kind": "malformed_json", **WRITES},
    {"kind": "session_expired", **WRITES},
    {"kind": "session_expired", "expiry": False, "times": 1, **WRITES},
    {"kind": "concurrency", **WRITES},
    {"kind": "stuck_job", "job": "ingest"},
    {"kind": "stuck_job", "job": "import"},
)
"""What befalls a write: its answer is lost, half of it fails, its session ends, its job stays open."""


def faults(dice: Random) -> dict[str, Any]:
    """A document of faults for the control plane; now and then none."""
    found = [
        {**failure, "probability": round(dice.uniform(0.01, 0.08), 3)}
        for failure in dice.sample(FAILURES, dice.choice((0, 0, 1, 2)))
    ]
    found += [
        {**failure, "probability": round(dice.uniform(0.2, 1.0), 2)}
        for failure in dice.sample(OF_WRITES, dice.choice((0, 1, 1, 2, 3)))
    ]
    return {"seed": dice.randint(0, 10**6), "faults": found}


@contextmanager
def small_calls(dice: Random) -> Iterator[None]:
    """Within the block a handful of rows is a call, so that an apply has many; now and then a job is cheaper."""
    size, by_jobs = dice.choice((2, 5, 200)), dice.random() < 0.3
    with ExitStack() as patches:
        for module in [found for name, found in sys.modules.items() if name.startswith("connector.applying.")]:
            for name in [name for name in vars(module) if name.endswith("ROWS_A_CALL")]:
                patches.enter_context(patch.object(module, name, min(size, getattr(module, name))))
        if by_jobs:
            patches.enter_context(patch.object(roads, "ROWS_A_CALL", 1))
        yield
