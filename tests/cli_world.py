"""The command line in this process, pointed at a sandbox in this process: quick enough for many commands a test."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests

from connector.cli.main import run
from connector.sandbox.config import SandboxConfig
from connector.sandbox.serve import RunningSandbox
from tests.worlds.ground import MAPPINGS, START, ground

OBJECTS = frozenset(
    (
        *("Lead", "Contact", "Account", "Opportunity", "Campaign", "CampaignMember", "Task", "Organization"),
        *("prospects", "visitors", "visits", "visitor-activities", "visitor-page-views"),
    )
)
"""The objects that are read: people, with all that belongs to them."""


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

    def truth(self, name: str) -> list[dict[str, Any]]:
        """Every row of an object as the world has it."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{self.running.url}/_sandbox/truth/{name}", timeout=60)
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    def __call__(self, *arguments: str, **changes: str) -> Said:
        """Runs a command; keyword arguments are environment variables."""
        out, err = io.StringIO(), io.StringIO()
        bare = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        environment = patch.dict(os.environ, {**bare, **self.environment, **changes}, clear=True)
        with environment, redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
        return Said(code, out.getvalue(), err.getvalue())


@contextmanager
def command_line(home: Path, people: int = 40, seed: int = 3) -> Iterator[CommandLine]:
    """A sandbox whose clock stands still, with a connector beside it."""
    home.mkdir(exist_ok=True)
    config = SandboxConfig(state=home, people=people, seed=seed, start=START, frozen=True)
    with ground(home / "world", config, OBJECTS) as laid:
        running = laid.running
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
