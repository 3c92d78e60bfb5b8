"""A sandbox from its switches: the database, the catalogues, and a world in it, invented or loaded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from connector.sandbox import world
from connector.sandbox.account_engagement.custom_fields import record_custom_fields
from connector.sandbox.account_engagement.job_queue import stop_account_engagement_jobs
from connector.sandbox.bulk.jobs import stop_jobs
from connector.sandbox.catalogue import account_engagement, salesforce
from connector.sandbox.catalogue.model import Catalogue
from connector.sandbox.clock import WorldClock
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.database import Database
from connector.sandbox.load import load
from connector.sandbox.request_log import request_log
from connector.sandbox.tls import ensure_signing_key
from connector.sandbox.world.registers import write_registers

_KEPT_OVER_A_RESET = frozenset(
    {
        "sessions",
        "jwt_public_key",
        "refresh_token",
        "request_log",
        "gate",
        "bulk_stores",
        "job_queues",
    }
)


def signing_key_path(state: Path) -> Path:
    """Where the private key lies that signs JWT assertions for this sandbox."""
    return state / "jwt_key.pem"


def new_sandbox(config: SandboxConfig) -> Sandbox:
    """A sandbox over a fresh database in `config.state`, with its world in it and its clock at the start."""
    path = config.state / "world.sqlite"
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    # With --load it holds a real export: its owner's alone.
    path.touch(mode=0o600)
    sandbox = Sandbox(
        config=config,
        clock=WorldClock(config.start, frozen=True),
        database=Database(path),
        salesforce=Catalogue(()),
        account_engagement=Catalogue(()),
    )
    sandbox.open_state["jwt_public_key"] = ensure_signing_key(signing_key_path(config.state))
    _fill(sandbox)
    return sandbox


def rebuild(sandbox: Sandbox, people: int, seed: int) -> None:
    """The world anew. Logins outlast it; cursors, bulk jobs, counts and the request log do not."""
    # Their work may wait for this very call to end, so it is not waited for.
    stop_jobs(sandbox, wait=False)
    stop_account_engagement_jobs(sandbox, wait=False)
    sandbox.config = replace(sandbox.config, people=people, seed=seed)
    for name in set(sandbox.open_state) - _KEPT_OVER_A_RESET:
        del sandbox.open_state[name]
    sandbox.usage.clear()
    request_log(sandbox).clear()
    sandbox.database.clear()
    _fill(sandbox)


def lived_until(sandbox: Sandbox) -> datetime:
    """The instant up to which things have happened in the world; its clock may show a later one."""
    instant: datetime = sandbox.open_state["lived_until"]
    return instant


def move_world(sandbox: Sandbox, goal: datetime, *, frozen: bool | None) -> None:
    """Lets an invented world live until `goal`, then sets the clock to it; in a loaded one only time passes."""
    if sandbox.config.load is None:
        world.advance(sandbox, lived_until(sandbox), goal)
    sandbox.clock.set(goal, frozen=frozen)
    sandbox.open_state["lived_until"] = goal


def _fill(sandbox: Sandbox) -> None:
    config = sandbox.config
    sandbox.clock.set(config.start, frozen=True)
    sandbox.salesforce = salesforce.catalogue(config)
    sandbox.account_engagement = account_engagement.catalogue(config)
    sandbox.database.create((*sandbox.salesforce, *sandbox.account_engagement))
    if config.load is not None:
        load(sandbox, config.load)
    else:
        world.build(sandbox)
        record_custom_fields(sandbox)
        write_registers(sandbox, config.state)
    # Building takes real time, which the world does not notice.
    sandbox.clock.set(frozen=config.frozen)
    sandbox.open_state["lived_until"] = sandbox.clock.now()
