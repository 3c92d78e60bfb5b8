"""What every handler of the sandbox is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.catalogue.model import Catalogue
from connector.sandbox.clock import WorldClock
from connector.sandbox.config import SandboxConfig
from connector.sandbox.database import Database

ORG_ID = "00DSb0000000001MAA"


@dataclass
class Sandbox:
    """One running sandbox: its switches, its time, its data, and what each system calls its objects."""

    config: SandboxConfig
    clock: WorldClock
    database: Database
    salesforce: Catalogue
    account_engagement: Catalogue
    usage: dict[str, int] = field(default_factory=dict)
    """Calls counted today: `salesforce`, `account_engagement`."""
    open_state: dict[str, Any] = field(default_factory=dict)
    """What handlers keep between calls (sessions, query cursors), by handler."""
