"""A few simulated days of the daemon with people and faults; `python -m tests.month` lives through a month."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from connector import flow
from connector.applying.application import Applied
from connector.cli import daemon
from connector.cli.river import Cycle
from connector.engine.enrich import EnrichReport
from connector.river import River, here
from connector.store.touched import Kept
from tests.month import Month, ground_of, live_through, schedule_of, told
from tests.remote_world import plan_of
from tests.worlds.world import Told, World

OBJECTS = ("Lead", "Task", "prospects", "visitor-activities")
NOBODY = EnrichReport(0, 0, 0, 0, 0, 0, 0, (), {})

pytestmark = pytest.mark.requirement("OP-1", "OP-3", "SY-6")


def reading_alone(river: River, **_options: Any) -> Cycle:
    """A cycle that decides and writes nothing: what that takes is proved elsewhere, and takes most of the time."""
    pulled = flow.pull(river)
    reconciled = flow.reconcile(river, pulled)
    return Cycle(tuple(pulled), tuple(reconciled), plan_of(), Applied(), NOBODY, Kept(0, 0), here(river).calls(), {})


def test_days_with_faults_end_with_a_mirror_that_is_the_truth(tmp_path: Path) -> None:
    seed = 4
    with ground_of(tmp_path, 8, seed, OBJECTS) as laid, patch.object(daemon, "run_cycle", reading_alone):
        world = World(laid, Random(seed), Told(seed), writes=False)
        month = Month(world, days=3, schedule=schedule_of("1d"), calm_after=timedelta(minutes=2))
        assert live_through(month) == []
    said = month.events
    assert month.ticks >= 3, told(month)
    assert month.outcomes["done"] + month.outcomes["failed_rows"] >= 2, told(month)
    assert sum(month.world.told.met.values()) > 0, "no fault struck"
    assert said["daemon.failing"] >= said["daemon.recovered"] >= 1, "each kind once, until it works again"
    assert said["stream.alarm"] == said["stream.recovered"]
