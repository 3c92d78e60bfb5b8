"""By whatever road, in whatever pieces, whatever fails and whenever the process dies: every row comes (SY-3, SY-6)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.account_engagement import connect, read, windows
from connector.domain.streams import MappedStream
from connector.errors import ConnectorError
from connector.http.session import open_session
from connector.pulling.account_engagement import pull_account_engagement
from connector.pulling.reading import Landing
from connector.sandbox.config import SandboxConfig
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare
from tests.worlds.death import Killed, Life, living
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

pytestmark = pytest.mark.requirement("SY-3", "SY-6", "OP-3")

NAMES = ("visitor-activities", "list-memberships", "visitors", "visitor-page-views")
RETRY = replace(QUICK, sleep=lambda seconds: time.sleep(min(seconds, 10.0) / 2000))
KIND = st.sampled_from(
    [
        "server_error",
        "reset_after",
        "truncated",
        "concurrency",
        "timeout_code",
        "token_expiry",
        "malformed_csv",
        "malformed_json",
        "session_expired",
        "not_permitted",
    ]
)
FAULTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": KIND,
            "probability": st.sampled_from([0.05, 0.2]),
        }
    ),
    max_size=2,
)


@dataclass(frozen=True)
class Pieces:
    """How small the pieces are in which one pull reads."""

    page: int
    window: int
    chain: int
    export_from: int
    merge: int


PIECES = st.builds(
    Pieces,
    page=st.sampled_from([7, 20, 60]),
    window=st.sampled_from([1, 3, 20]),
    chain=st.sampled_from([40, 100_000]),
    export_from=st.sampled_from([1, 1, 10**9]),
    merge=st.sampled_from([1, 4, 25]),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("world")
    with ground(folder, SandboxConfig(state=folder, people=12, seed=9, start=START, frozen=True), NAMES) as laid:
        yield laid


def pull(world: Ground, store: Store, mapped: MappedStream, folder: Path, pieces: Pieces) -> None:
    """One pull by a new process, as it were."""
    sandbox = world.running.sandbox
    sizes: tuple[tuple[object, str, object], ...] = (
        (read, "ROWS_A_PAGE", pieces.page),
        (windows, "FEWEST_PAGES", pieces.window),
        (windows, "MOST_PAGES", pieces.window),
        (sandbox, "config", replace(sandbox.config, chain_cap=pieces.chain)),
    )
    with ExitStack() as within:
        for place, name, size in sizes:
            within.enter_context(patch.object(place, name, size))
        session = within.enter_context(open_session(world.settings))
        source = connect(world.settings, session, RETRY)[0]
        pull_account_engagement(
            source, store, mapped, Landing(folder, bulk_from=pieces.export_from, pages_a_merge=pieces.merge)
        )


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_row_comes_by_every_road(world: Ground, tmp_path: Path, data: st.DataObject) -> None:
    control = Control(world.running.url)
    mapped = data.draw(st.sampled_from(world.streams))
    store = memory_store()
    prepare(store, [mapped])
    told: list[Any] = []
    for _ in range(data.draw(st.integers(1, 3))):
        faults, dies_at = data.draw(FAULTS), data.draw(st.none() | st.integers(1, 150))
        control.do("PUT", "faults", {"seed": data.draw(st.integers(1, 99)), "faults": faults})
        try:
            with living(Life(dies_at, lambda: None)):
                pull(world, store, mapped, tmp_path, data.draw(PIECES))
        except (Killed, ConnectorError) as end:
            told.append(type(end).__name__)
        control.do("DELETE", "faults")
        control.do("PUT", "clock", {"advance_seconds": data.draw(st.sampled_from([1, 901, 20_000])), "frozen": True})
    pull(world, store, mapped, tmp_path, data.draw(PIECES))
    found = differences(control.truth, store, [mapped])
    store.close()
    assert not found, told
