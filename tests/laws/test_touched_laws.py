"""To evaluate whom something has touched, and whose time has come, is as good as everybody (SC-10, SY-3, CD-2)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.worlds.touched import run_touched

pytestmark = pytest.mark.requirement("SC-10", "SY-3", "SY-4", "CD-2")


@pytest.fixture(autouse=True)
def _in_silence() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("seed", [20])
def test_a_narrow_cycle_leaves_nobody_out_and_plans_what_a_whole_one_would(seed: int, tmp_path: Path) -> None:
    told = run_touched(seed, tmp_path, rounds=3)
    assert told.differences == [], "\n".join([*told.events, *told.differences])
    assert told.met["narrow"] > 0
