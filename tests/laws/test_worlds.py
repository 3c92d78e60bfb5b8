"""After a quiet cycle the mirror is the world, row by row, whatever people did, whatever failed, whenever it died.

What is written meanwhile is held by tests/chaos; `scripts/worlds` lives through whole cycles as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.worlds.processes import run_processes
from tests.worlds.world import Told, run_world

pytestmark = [
    pytest.mark.requirement("SY-1", "SY-2", "SY-3", "SY-6", "SY-10", "OP-3"),
    # Whoever dies closes no connection; within this process that shows as a socket which nobody closed.
    pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def _in_silence() -> Iterator[None]:
    """A world makes thousands of log events that nobody reads."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("seed", range(1, 25))
def test_the_mirror_becomes_the_world(seed: int, tmp_path: Path) -> None:
    _ended_well(run_world(seed, tmp_path, most_rounds=3 if seed % 4 == 0 else 2))


def test_killed_for_real_the_next_pull_goes_on(tmp_path: Path) -> None:
    _ended_well(run_processes(52, tmp_path, most_rounds=2))


def _ended_well(told: Told) -> None:
    assert told.differences == [], "\n".join([*told.events, *told.differences])
