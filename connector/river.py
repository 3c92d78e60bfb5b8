"""What every step is given: the store, the rules, and the org on the other side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from connector.applying.application import Ingest, Writer
from connector.applying.switch import Off
from connector.applying.units import UnitWriter
from connector.firmographics.register import Register
from connector.http.budget import CallBudget
from connector.pulling.account_engagement import EngagementSource
from connector.pulling.streams import Reader as StreamReader
from connector.pulling.streams import Sources
from connector.rules.content import Content
from connector.rules.load import RuleSet
from connector.rules.mapping import Mapping as FieldMapping
from connector.salesforce.description import Description
from connector.salesforce.read import Organization
from connector.store.database import Store
from connector.store.retention import Keeping


class Reader(StreamReader, Protocol):
    """Salesforce, for reading: pages of streams, and small questions."""

    def query(self, soql: str, *, deleted: bool = False) -> list[dict[str, object]]: ...

    def organization(self) -> Organization: ...

    def user_zone(self) -> str | None: ...

    def describe(self, object_name: str, *, fresh: bool = False) -> Description: ...


class Unit(EngagementSource, Protocol):
    """A business unit of Account Engagement, for reading."""

    def account(self, fields: Sequence[str]) -> Mapping[str, object]: ...


@dataclass(frozen=True)
class Remotes:
    """The org on the other side: who reads, who writes, and how many calls were made."""

    org_id: str
    name: str
    url: str
    reader: Reader
    writer: Writer
    engagement: tuple[Unit, ...]
    calls: Callable[[], Mapping[str, int]]
    budget: CallBudget = field(default_factory=CallBudget)
    ingest: Ingest | None = None
    unit_writers: Mapping[str, UnitWriter] = field(default_factory=dict)
    """Who writes to the business units of Account Engagement, by unit."""
    """Bulk jobs that take rows; None where nothing goes by them."""


@dataclass(frozen=True)
class River:
    """Everything that the steps are given. `remotes` is None where only the store is looked at."""

    store: Store
    rules: RuleSet
    mapping: FieldMapping
    content: Content
    register: Register | None
    rules_hash: str
    landing: Path
    say: Callable[[str], None]
    remotes: Remotes | None
    writes_off: Callable[[], Off | None] = lambda: None
    """Looks at the switch that stops all writes."""
    keeping: Keeping = field(default_factory=Keeping)
    evaluate_all_below: int = 0
    """With fewer people than this a cycle evaluates everybody."""
    overdue_after: timedelta = timedelta(days=1)
    """How long after its day a task of ours counts as late."""


def here(river: River) -> Remotes:
    """The remotes, in a step that needs them."""
    if river.remotes is None:
        raise ValueError("this river was opened without its remotes")
    return river.remotes


def sources(river: River) -> Sources:
    """The streams to read, with all that reading them takes."""
    remotes = here(river)
    return Sources(remotes.reader, remotes.engagement, river.store, river.mapping, remotes.budget.reads)
