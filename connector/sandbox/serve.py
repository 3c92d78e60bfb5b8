"""Starts a sandbox, announces it, and stops it cleanly."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.sandbox.account_engagement.job_queue import stop_account_engagement_jobs
from connector.sandbox.app import App
from connector.sandbox.building import new_sandbox, signing_key_path
from connector.sandbox.bulk.jobs import stop_jobs
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.loading.report import LoadReport
from connector.sandbox.salesforce.refusals import refusal
from connector.sandbox.server import Answer, Listener
from connector.sandbox.settings_file import exclusive_use, remove_settings, write_settings
from connector.sandbox.tls import Certificates, ensure_certificates, server_context
from connector.sandbox.wire import Request, Response

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_WORKERS = 8
"""Threads that work on requests; each has one connection to the database."""


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that answers: its addresses and all that a client needs, as `connector sandbox env` shows it."""

    sandbox: Sandbox
    settings: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.settings["url"])

    @property
    def tls_url(self) -> str:
        return str(self.settings["tls_url"])


@contextmanager
def serving(config: SandboxConfig) -> Iterator[RunningSandbox]:
    """A sandbox that answers on two ports of loopback for as long as the block lasts.

    Raises AlreadyRunningError when another one holds the state directory, PortTakenError when a port is
    not to be had, LoadError when the folder to load has nothing of use.
    """
    with ExitStack() as cleanup:
        cleanup.enter_context(exclusive_use(config.state))
        files = ensure_certificates(config.state, config.my_domain, datetime.now(UTC))
        plain = cleanup.enter_context(Listener(config.port))
        secure = cleanup.enter_context(Listener(config.tls_port, server_context(files)))
        sandbox = new_sandbox(config)
        cleanup.callback(sandbox.database.close)
        cleanup.callback(stop_jobs, sandbox, wait=True)
        cleanup.callback(stop_account_engagement_jobs, sandbox, wait=True)
        workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sandbox")
        cleanup.callback(workers.shutdown)
        answer = _through(workers, App(sandbox))
        for listener in (plain, secure):
            listener.start(answer, sandbox.clock.now)
            cleanup.callback(listener.stop)
        settings = _settings(config, plain, secure, files)
        write_settings(config.state, settings)
        cleanup.callback(remove_settings, config.state)
        yield RunningSandbox(sandbox, settings)


def run(config: SandboxConfig, announce: Callable[[RunningSandbox], None]) -> None:
    """Serves until SIGTERM or SIGINT; `announce` is called as soon as the sandbox answers.

    Call it from the main thread: signals arrive nowhere else.
    """
    with serving(config) as running:
        _tell_what_was_loaded(running.sandbox)
        # Only now: whoever interrupts the building of a large world does not want to wait for its end.
        asked_to_stop = threading.Event()
        before = {name: signal.signal(name, lambda *_: asked_to_stop.set()) for name in _SIGNALS}
        try:
            announce(running)
            asked_to_stop.wait()
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)


def _tell_what_was_loaded(sandbox: Sandbox) -> None:
    report: LoadReport | None = sandbox.open_state.get("load_report")
    if report is not None:
        sys.stderr.write(report.summary + "\n")


def _through(workers: ThreadPoolExecutor, app: App) -> Answer:
    """The app's answers, worked out by a fixed number of threads however many connections there are."""

    def answer(request: Request) -> Response:
        try:
            work = workers.submit(app.answer, request)
        except RuntimeError:
            return refusal(503, "SERVER_UNAVAILABLE", "The sandbox is stopping.")
        return work.result()

    return answer


def _settings(config: SandboxConfig, plain: Listener, secure: Listener, files: Certificates) -> dict[str, Any]:
    return {
        "schema": 1,
        "url": plain.url,
        "tls_url": secure.url,
        "ca_file": str(files.authority.resolve()),
        "my_domain": config.my_domain,
        "client_id": config.client_id,
        "client_secret": config.client_secret,
        "username": config.username,
        "password": config.password,
        "security_token": config.security_token,
        "refresh_token": config.refresh_token,
        "jwt_key_file": str(signing_key_path(config.state).resolve()),
        "business_unit_id": config.business_unit_id,
        "state": str(config.state.resolve()),
        "pid": os.getpid(),
    }
