"""After a quiet cycle the mirror is the world, row by row, whatever people did, whatever failed, whenever it died."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.worlds.world import run_world

pytestmark = pytest.mark.requirement("SY-1", "SY-2", "SY-3", "SY-6", "SY-10", "OP-3")

SEEDS = range(1, 41)


@pytest.fixture(scope="module", autouse=True)
def _in_silence() -> Iterator[None]:
    """A world makes thousands of log events that nobody reads."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mirror_becomes_the_world(seed: int, tmp_path: Path) -> None:
    told = run_world(seed, tmp_path, most_rounds=3)
    assert told.differences == [], "\n".join([*told.events, *told.differences])
