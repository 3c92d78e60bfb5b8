"""One apply: where it writes, where it journals, and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connector.applying.switch import Off
from connector.domain.outcome import RowResult
from connector.store.database import Store


class Writer(Protocol):
    """What applying needs of Salesforce. Row results come in the order of the rows."""

    def update(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]: ...

    def update_unmodified(
        self, object_name: str, rows: Sequence[tuple[str, Mapping[str, Any], datetime]]
    ) -> list[RowResult]: ...

    def upsert(self, object_name: str, external_id: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]: ...


class Reader(Protocol):
    """What settling lost answers needs of Salesforce."""

    def query(self, soql: str) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Failure:
    """A row that the platform refused, with its own words, save the addresses and phone numbers in them."""

    object: str
    record: str
    code: str | None
    message: str | None


@dataclass
class Applied:
    """What an apply did. `fields` counts field values written, `tasks` tasks made, `moved` what was skipped
    because somebody, or a later plan of ours, changed it since the plan was made."""

    fields: int = 0
    records: int = 0
    tasks: int = 0
    moved: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return self.fields + self.tasks


@dataclass
class Application:
    """One apply: where it writes, where it journals, what it counts."""

    writer: Writer
    reader: Reader
    store: Store
    run_id: str
    now: datetime
    progress: Callable[[int], None] = lambda _rows: None
    applied: Applied = field(default_factory=Applied)
    writes_off: Callable[[], Off | None] = lambda: None
    off: Off | None = None
