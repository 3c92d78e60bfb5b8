"""A stop in the middle of a pull, of a bulk wait, of a pause before another try, and of an answer that does not come:
it ends within seconds, what was merged stays, and the next run brings the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from connector import flow
from connector.bootstrap import open_river
from connector.errors import StoppedError
from connector.http.retry import Retry
from connector.pulling.reading import Landing
from connector.sandbox.config import SandboxConfig
from connector.scheduling import stopping
from connector.scheduling.stopping import StopFlag
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

pytestmark = pytest.mark.requirement("OP-1", "OP-3")

SECONDS = 5.0
PLACES: dict[str, dict[str, Any]] = {
    "a pull whose answer does not come": {"kind": "slow", "path": "*/query*", "nth": [3], "seconds": 7},
    "a page of Account Engagement that does not come": {
        "kind": "slow",
        "path": "*/prospects*",
        "nth": [1],
        "seconds": 20,
    },
    "the wait for a bulk job": {"kind": "stuck_job", "job": "query", "probability": 1.0},
    "the pause before another try": {"kind": "server_error", "status": 503, "path": "*/query*", "nth": [3]},
}


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("stopping")
    config = SandboxConfig(state=folder, people=12, seed=5, start=START, frozen=True)
    with ground(folder, config, ("Lead", "Task", "prospects")) as laid:
        yield laid


@pytest.mark.parametrize("place", PLACES)
def test_a_stop_takes_seconds_wherever_it_comes_and_loses_nothing(laid: Ground, place: str, tmp_path: Path) -> None:
    control = Control(laid.running.url)
    settings = laid.settings.model_copy(update={"state": tmp_path})
    control.do("PUT", "faults", {"seed": 1, "faults": [PLACES[place]]})
    flag = StopFlag()
    asked: list[float] = []

    def ask() -> None:
        while not any(fault["fired"] for fault in control.do("GET", "faults")["faults"]):
            time.sleep(0.02)
        asked.append(time.monotonic())
        flag.ask()

    somebody = threading.Thread(target=ask)
    somebody.start()
    bulk_from = 1 if "bulk" in place else 20_000
    retry = Retry(sleep=flag.sleep, first_wait=60.0)
    with (
        patch.object(stopping, "PATIENCE", 0.2),
        patch.object(flow, "Landing", lambda folder, **_: Landing(folder, bulk_from)),
        pytest.raises(StoppedError),
        open_river(settings, retry=retry, before_call=flag.check, hanging_up=flag.hanging_up) as river,
    ):
        flow.pull(river)
    assert time.monotonic() - asked[0] < SECONDS
    somebody.join()
    flag.close()
    control.do("DELETE", "faults")
    with open_river(settings, retry=QUICK) as river:
        flow.pull(river)
        assert differences(control.truth, river.store, laid.streams) == []
