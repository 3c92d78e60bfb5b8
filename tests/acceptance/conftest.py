"""Sandboxes and connectors for acceptance tests: real processes, real HTTPS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.connector_process import Connector
from tests.sandbox_process import SandboxProcess, running_sandbox


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Connector]]:
    """Starts a sandbox with the switches given, and gives a connector that is pointed at it."""
    with ExitStack() as running:

        def starting(*switches: str) -> Connector:
            name = f"world{len(list(tmp_path.iterdir()))}"
            sandbox: SandboxProcess = running.enter_context(running_sandbox(tmp_path / name, *switches))
            home = tmp_path / f"{name}-home"
            home.mkdir()
            return Connector(sandbox, home)

        yield starting
