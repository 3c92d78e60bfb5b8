"""Starts the sandbox as users start it: a process of its own."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

import requests

_ENTRY = "from connector.cli.sandbox import sandbox; sandbox()"
_START_SECONDS = 120
_CALL_SECONDS = 120


@dataclass(frozen=True)
class SandboxProcess:
    """A sandbox that answers, with what `connector sandbox env --json` says about it."""

    url: str
    tls_url: str
    ca_file: str
    my_domain: str
    client_id: str
    client_secret: str
    username: str
    password: str
    security_token: str
    refresh_token: str
    jwt_key_file: str
    business_unit_id: str
    state: Path
    ready_line: str
    process: subprocess.Popen[str]

    def token(self) -> str:
        """An access token by client credentials."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        answer = _call("POST", f"{self.url}/services/oauth2/token", data=form)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def control(self, method: str, path: str, document: object = None) -> requests.Response:
        """A call to the control plane."""
        return _call(method, f"{self.url}/_sandbox/{path}", json=document)

    def truth(self, name: str) -> list[dict[str, object]]:
        """Every row of an object as the world has it."""
        answer = self.control("GET", f"truth/{name}")
        answer.raise_for_status()
        rows: list[dict[str, object]] = answer.json()["rows"]
        return rows


def _call(method: str, url: str, **content: Any) -> requests.Response:
    """A call to loopback, past whatever proxy or certificate bundle the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=_CALL_SECONDS, **content)


def sandbox_command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", _ENTRY, *arguments]


@contextmanager
def running_sandbox(state: Path, *switches: str) -> Iterator[SandboxProcess]:
    """A sandbox on free ports for as long as the block lasts; its state lies under `state`."""
    command = sandbox_command("serve", "--state", str(state), *switches)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment())
    try:
        ready_line = _first_line(process)
        yield _described(state, ready_line, process)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def _described(state: Path, ready_line: str, process: subprocess.Popen[str]) -> SandboxProcess:
    """From the file that `env` prints, without the second process that asking `env` would take."""
    settings = json.loads((state / "sandbox" / "sandbox.json").read_bytes())
    known = {entry.name for entry in fields(SandboxProcess)} & set(settings) - {"state"}
    shown = {name: settings[name] for name in known}
    return SandboxProcess(**shown, state=state / "sandbox", ready_line=ready_line, process=process)


def _first_line(process: subprocess.Popen[str]) -> str:
    stream: IO[str] | None = process.stdout
    assert stream is not None
    deadline = time.monotonic() + _START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            if selector.select(timeout=1):
                return stream.readline()
    raise AssertionError(f"The sandbox did not answer within {_START_SECONDS} seconds.")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
