"""Runs the connector as users run it: a process of its own, settings from the environment.

Tests of many commands run those that are not their point within this process: starting one takes longer than most do.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from connector import bootstrap
from connector.bootstrap import load_rulebook
from connector.cli.main import run
from tests.sandbox_process import SandboxProcess

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Connector:
    """The connector pointed at a sandbox, with a store of its own."""

    sandbox: SandboxProcess
    state: Path
    mappings: Path = ROOT / "mappings"
    extra: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, **changes: str) -> Outcome:
        """Runs a command; keyword arguments replace environment variables."""
        done = subprocess.run(
            [sys.executable, "-m", "connector", *arguments],
            capture_output=True,
            text=True,
            env={**_bare_environment(), **self.environment, **changes},
            cwd=self.state,
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def here(self, *arguments: str, **changes: str) -> Outcome:
        """The same within this process, which has read the rules already."""
        out, err = io.StringIO(), io.StringIO()
        variables = {**_bare_environment(), **self.environment, **changes}
        with (
            patch.dict(os.environ, variables, clear=True),
            patch.object(bootstrap, "load_rulebook", _rules),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run(arguments)
        return Outcome(code, out.getvalue(), err.getvalue())

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CONNECTOR_SALESFORCE_URL": self.sandbox.tls_url,
            "CONNECTOR_SALESFORCE_CLIENT_ID": self.sandbox.client_id,
            "CONNECTOR_SALESFORCE_CLIENT_SECRET": self.sandbox.client_secret,
            "CONNECTOR_ACCOUNT_ENGAGEMENT_URL": self.sandbox.tls_url,
            "CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": self.sandbox.business_unit_id,
            "CONNECTOR_CA_FILE": self.sandbox.ca_file,
            "CONNECTOR_COMPANIES": str(self.sandbox.state / "companies.csv"),
            "CONNECTOR_TARGETS": str(self.sandbox.state / "targets.csv"),
            "CONNECTOR_STATE": str(self.state / "state"),
            "CONNECTOR_MAPPINGS": str(self.mappings),
            **self.extra,
        }

    @property
    def store(self) -> Path:
        return self.state / "state" / "default.duckdb"


_rules = cache(load_rulebook)


def _bare_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
