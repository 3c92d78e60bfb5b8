"""One apply: where it writes, where it journals, and what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connector.applying.consent import Asked
from connector.applying.roads import Road
from connector.applying.switch import Off
from connector.applying.units import UnitWriter
from connector.domain.ingest import JobState, Waited
from connector.domain.outcome import RowResult
from connector.store.database import Store
from connector.store.journal import Intent


class Writer(Protocol):
    """What applying needs of Salesforce. Row results come in the order of the rows."""

    def update(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]: ...

    def update_unmodified(
        self, object_name: str, rows: Sequence[tuple[str, Mapping[str, Any], datetime]]
    ) -> list[RowResult]: ...

    def upsert(self, object_name: str, external_id: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]: ...

    def create(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]: ...

    def delete(self, ids: Sequence[str]) -> list[RowResult]: ...


class Reader(Protocol):
    """What settling lost answers, and the last question before tasks, need of Salesforce. `deleted`: those too."""

    def query(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]: ...


class Ingest(Protocol):
    """What applying needs of bulk jobs that update records. A job does nothing until it is started.

    `allowed`: whether new ones may be made. `begin` raises RoadClosedError where the org takes none. `state` is None
    for a job that the org knows no more. `failed` and `successful` go by the rows' `Id`.
    """

    allowed: bool

    def begin(self, object_name: str) -> str: ...

    def upload(self, job: str, rows: Sequence[Mapping[str, Any]]) -> None: ...

    def start(self, job: str) -> None: ...

    def state(self, job: str) -> JobState | None: ...

    def wait(self, job: str, expected: float) -> Waited: ...

    def abort(self, job: str) -> None: ...

    def failed(self, job: str) -> Mapping[str, RowResult]: ...

    def successful(self, job: str) -> Mapping[str, RowResult]: ...


@dataclass(frozen=True)
class Failure:
    """A row that the platform refused, with its own words, save the addresses and phone numbers in them."""

    object: str
    record: str
    code: str | None
    message: str | None


@dataclass
class Applied:
    """What an apply did. `fields` counts field values written, `tasks` tasks made,
    `opportunities` those made, `closed` tasks closed, `moved` what
    was skipped because somebody, or a later plan of ours, changed it since the plan was made. `forbidden` counts by
    reason the tasks that were left out at the last moment; `unowned` those of `tasks` whose owner the org refused, so
    that they are our own user's."""

    fields: int = 0
    records: int = 0
    tasks: int = 0
    opportunities: int = 0
    closed: int = 0
    deleted: int = 0
    moved: int = 0
    failures: list[Failure] = field(default_factory=list)
    forbidden: Counter[str] = field(default_factory=Counter)
    unowned: int = 0
    roads: list[Road] = field(default_factory=list, compare=False)
    """Which calls carried the fields that are ours alone, object by object."""
    same_second: int = 0
    """Records that we had read within the second of their last change, and that were looked at once more."""
    memberships: int = 0
    """Prospects that came onto lists or left them."""
    waiting: int = 0
    """Records whose bulk job had not ended when we went on."""

    @property
    def changes(self) -> int:
        return self.fields + self.tasks + self.opportunities + self.closed + self.deleted + self.memberships


Again = tuple[Intent, Callable[..., list[RowResult]]]
"""A row that is sent once more in the same apply, and how."""


@dataclass
class Application:
    """One apply: where it writes, where it journals, what it counts. `asked`: the fields in which consent stands."""

    writer: Writer
    reader: Reader
    store: Store
    run_id: str
    now: datetime
    progress: Callable[[int], None] = lambda _rows: None
    applied: Applied = field(default_factory=Applied)
    writes_off: Callable[[], Off | None] = lambda: None
    off: Off | None = None
    ingest: Ingest | None = None
    """Bulk jobs; None where all goes by collections."""
    key_is_unique: Callable[[], bool] = lambda: True
    """Whether the org itself allows no two tasks of one key; asked only where tasks are made."""
    calls_left: Callable[[], int | None] = lambda: None
    """How many calls to Salesforce our budget of the day has left for writing; None while nobody has said."""
    asked: Asked = field(default_factory=dict)
    units: Mapping[str, UnitWriter] = field(default_factory=dict)
    """The business units of Account Engagement, by id."""
    criteria: Mapping[str, tuple[int, int, int, int]] = field(default_factory=dict)
    """Unit → the criteria that drive the native grade, in the order of their weights."""
    again: list[Again] = field(default_factory=list)
    """Rows for another round of this apply."""
    last_round: bool = False
