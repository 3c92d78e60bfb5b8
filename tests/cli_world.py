"""The command line in this process, pointed at a sandbox in this process: quick enough for many commands a test."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from connector.cli.main import run
from connector.sandbox.config import SandboxConfig
from connector.sandbox.serve import RunningSandbox, serving

MAPPINGS = Path(__file__).resolve().parents[1] / "mappings"
START = datetime(2026, 10, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class CommandLine:
    """A connector with a folder of its own. `environment`: its settings."""

    home: Path
    running: RunningSandbox
    environment: Mapping[str, str]

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def store(self) -> Path:
        return self.state / "default.duckdb"

    def __call__(self, *arguments: str, **changes: str) -> Said:
        """Runs a command; keyword arguments are environment variables."""
        out, err = io.StringIO(), io.StringIO()
        bare = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        with patch.dict(os.environ, {**bare, **self.environment, **changes}, clear=True):
            with redirect_stdout(out), redirect_stderr(err):
                code = run(arguments)
        return Said(code, out.getvalue(), err.getvalue())


@contextmanager
def command_line(home: Path, people: int = 40, seed: int = 3) -> Iterator[CommandLine]:
    """A sandbox whose clock stands still, with a connector beside it."""
    home.mkdir(exist_ok=True)
    config = SandboxConfig(state=home / "world", people=people, seed=seed, start=START, frozen=True)
    with serving(config) as running:
        given = running.settings
        yield CommandLine(
            home,
            running,
            {
                "CONNECTOR_SALESFORCE_URL": running.tls_url,
                "CONNECTOR_SALESFORCE_CLIENT_ID": given["client_id"],
                "CONNECTOR_SALESFORCE_CLIENT_SECRET": given["client_secret"],
                "CONNECTOR_ACCOUNT_ENGAGEMENT_URL": running.tls_url,
                "CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": given["business_unit_id"],
                "CONNECTOR_CA_FILE": given["ca_file"],
                "CONNECTOR_STATE": str(home / "state"),
                "CONNECTOR_MAPPINGS": str(MAPPINGS),
            },
        )
