"""Thirty runs of deaths within this process and ten of processes killed for real: every count is zero.

`scripts/chaos` lives through as many as wanted, of whole cycles over several days.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from connector.sandbox.serve import RunningSandbox
from tests.chaos.kinds import of_twins
from tests.chaos.land import sandbox
from tests.chaos.prepared import Prepared, of_prepared, of_prepared_processes, prepared
from tests.chaos.story import Size, Told

pytestmark = pytest.mark.requirement("WB-3", "WB-4", "WB-7", "SY-10", "OP-3")

WORLDS = ((3, 25), (14, 60))
"""Seeds of the worlds, and how many people they have."""
IN_PROCESS, KILLED = 15, 5
"""Runs in each of them."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with sandbox(tmp_path_factory.mktemp("chaos")) as one:
        yield one


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"world {world[0]}")
def world(
    request: pytest.FixtureRequest, running: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Prepared]]:
    seed, people = request.param
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("prepared") / "world"
        yield seed, stack.enter_context(prepared(running, folder, seed, people))


def test_runs_that_die_at_any_boundary_of_an_effect(
    running: RunningSandbox, world: tuple[int, Prepared], tmp_path: Path
) -> None:
    told = [Told(1000 * world[0] + number) for number in range(IN_PROCESS)]
    for one in told:
        of_prepared(running, world[1], one, tmp_path / str(one.seed))
    assert {one.seed: one.found.defects for one in told if one.found.defects} == {}
    assert sum(one.kills for one in told) >= IN_PROCESS / 2
    assert sum(sum(one.met.values()) for one in told) > IN_PROCESS / 2


def test_runs_whose_process_is_killed(running: RunningSandbox, world: tuple[int, Prepared], tmp_path: Path) -> None:
    told = [Told(1000 * world[0] + 500 + number) for number in range(KILLED)]
    for one in told:
        of_prepared_processes(running, world[1], one, tmp_path / str(one.seed), rules=world[0])
    assert {one.seed: one.found.defects for one in told if one.found.defects} == {}
    assert sum(one.kills for one in told) >= KILLED / 2


def test_the_end_is_that_of_an_undisturbed_run(running: RunningSandbox, tmp_path: Path) -> None:
    told = Told(22)
    partial(of_twins, size=Size(days=1, settles=True))(running, told, tmp_path)
    assert told.found.defects == []
