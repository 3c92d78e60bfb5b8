"""Builds invented worlds for the tests of the sandbox's world, and reads all of their rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from connector.sandbox import world
from connector.sandbox.catalogue import account_engagement, salesforce
from connector.sandbox.clock import WorldClock
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.database import Database

START = datetime(2026, 10, 1, 3, 30, tzinfo=UTC)


def build_world(folder: Path, people: int, seed: int = 1) -> Sandbox:
    """A sandbox in `folder` with a world of `people`, standing at START (12:30 on a Thursday in Japan)."""
    folder.mkdir(parents=True, exist_ok=True)
    config = SandboxConfig(state=folder, people=people, seed=seed, start=START)
    sandbox = Sandbox(
        config=config,
        clock=WorldClock(START, frozen=True),
        database=Database(folder / "world.sqlite"),
        salesforce=salesforce.catalogue(config),
        account_engagement=account_engagement.catalogue(config),
    )
    sandbox.database.create((*sandbox.salesforce, *sandbox.account_engagement))
    world.build(sandbox)
    return sandbox


def all_rows(sandbox: Sandbox) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, the world's own memory included, in a fixed order."""
    reader = sandbox.database.reader()
    tables = [row[0] for row in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {
        table: sorted((tuple(row) for row in reader.execute(f'SELECT * FROM "{table}"')), key=repr) for table in tables
    }
