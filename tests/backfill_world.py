"""Two remotes in memory whose history is read in slices: rows, questions, and moments at which the process dies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.domain.backfill import Asked, Backfill
from connector.domain.streams import MappedStream
from connector.errors import BudgetSpentError
from connector.pulling.account_engagement import pull_account_engagement
from connector.pulling.backfill import Backfilled, History, Source, resume_or_begin, run_backfill
from connector.pulling.progress import Progress
from connector.pulling.reading import Landing
from connector.pulling.salesforce import pull_salesforce
from connector.store.backfills import backfill_streams, slices_of
from connector.store.database import Store
from connector.store.mirror import table_of
from tests.mirror_world import NOON, ae_time, land, mapped, sf_time
from tests.remote_world import Killed

TASKS = mapped("salesforce.Task", subject="Subject")
LEADS = mapped("salesforce.Lead", title="Title")
STATUSES = mapped("salesforce.LeadStatus", label="MasterLabel")
ACTIVITIES = mapped("account_engagement.visitor_activities", details="details")
UNIT = "0Uv5g0000008OIACA2"


@dataclass(frozen=True)
class LandedPage:
    path: Path
    truncated: bool = False
    last: bool = True


@dataclass
class Remote:
    """Rows by stream, each an id and the time that its cursor field shows. `dies_at`: the boundary of a call."""

    rows: dict[str, list[tuple[int, datetime]]] = field(default_factory=dict)
    now: datetime = NOON
    page_rows: int = 3
    unit: str = UNIT
    dies_at: int | None = None
    passed: int = 0
    calls: int = 0
    asked: list[tuple[str, datetime | None, datetime | None]] = field(default_factory=list)
    before_call: Callable[[], None] = lambda: None

    def server_time(self) -> datetime:
        return self.now

    def count(self, object_name: str, where: str | None = None, *, deleted: bool = False) -> int:
        self._call()
        return len(self._matching(object_name, where or ""))

    def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]:
        yield from self._salesforce_pages(soql, folder)

    def bulk_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]:
        self._call()
        yield from self._salesforce_pages(soql, folder)

    def pages(
        self,
        collection: str,
        fields: tuple[str, ...],
        filters: Mapping[str, str],
        order_by: str,
        folder: Path,
        *,
        deleted: str | None,
        rows: int | None = None,
    ) -> Iterator[LandedPage]:
        lower, upper = filters.get("updatedAtAfterOrEqualTo"), filters.get("updatedAtBeforeOrEqualTo")
        above = int(filters.get("idGreaterThan", 0))
        self.asked.append((collection, _time(lower), _time(upper)))
        found = [
            {"id": number, "updatedAt": ae_time(at), "createdAt": ae_time(at), "details": f"{number}"}
            for number, at in sorted(self.rows.get(collection, []))
            if number > above and (not lower or ae_time(at) >= lower) and (not upper or ae_time(at) <= upper)
        ]
        yield from self._landed(ACTIVITIES, found, folder)

    def greatest_id(self, collection: str, filters: Mapping[str, str], *, deleted: str | None) -> int | None:
        """Nothing is estimated here, so that everything comes by pages."""
        return None

    def account(self, fields: Sequence[str]) -> Mapping[str, Any]:
        raise AssertionError("nobody asks for the account")

    def windows(self, *_: object, **__: object) -> Iterator[LandedPage]:
        raise AssertionError("few rows need no stretches")

    def export(self, *_: object, **__: object) -> Iterator[LandedPage]:
        raise AssertionError("few rows need no export")

    def _salesforce_pages(self, soql: str, folder: Path) -> Iterator[LandedPage]:
        stream = next(one for one in (TASKS, LEADS, STATUSES) if f" FROM {one.stream.object} " in f"{soql} ")
        where = soql.partition(" WHERE ")[2]
        lower, upper = re.search(r">=? (\S+Z)", where), re.search(r"<= (\S+Z)", where)
        self.asked.append((stream.stream.object, _time(lower and lower[1]), _time(upper and upper[1])))
        found = [_record(stream, number, at) for number, at in self._matching(stream.stream.object, where)]
        yield from self._landed(stream, found, folder)

    def _landed(self, stream: MappedStream, found: Sequence[Any], folder: Path) -> Iterator[LandedPage]:
        for start in range(0, max(len(found), 1), self.page_rows):
            self._call()
            (file,) = land(folder, stream, found[start : start + self.page_rows])
            yield LandedPage(file, last=start + self.page_rows >= len(found))

    def _matching(self, object_name: str, where: str) -> list[tuple[int, datetime]]:
        lower = re.search(r"SystemModstamp >= (\S+Z)", where)
        upper = re.search(r"SystemModstamp <= (\S+Z)", where)
        place = re.search(r"SystemModstamp > (\S+Z) OR \(SystemModstamp = \S+Z AND Id > '(\w+)'\)", where)
        found = sorted(self.rows.get(object_name, []), key=lambda row: (row[1], row[0]))
        return [
            (number, at)
            for number, at in found
            if (not lower or at >= _aware(lower[1]))
            and (not upper or at <= _aware(upper[1]))
            and (not place or (at, _id(number)) > (_aware(place[1]), place[2]))
        ]

    def _call(self) -> None:
        self.boundary()
        self.before_call()
        self.calls += 1
        self.boundary()

    def boundary(self) -> None:
        self.passed += 1
        if self.passed == self.dies_at:
            raise Killed


@dataclass
class World:
    """A store and its remote; each run is a process of its own, which may die."""

    store: Store
    remote: Remote
    folder: Path
    streams: tuple[MappedStream, ...]
    bulk_from: int = 10**9
    runs: int = 0

    def backfill(self, since: datetime, until: datetime | None = None, **more: bool) -> Backfilled:
        asked = Asked(since, until, tuple(one.stream.name for one in self.streams), **more)
        self.runs += 1
        begun = resume_or_begin(self.store, asked, self.sources, f"run{self.runs}", self.remote.now)
        return run_backfill(self.history(begun))

    def history(self, begun: Backfill) -> History:
        landing = Landing(self.folder, bulk_from=self.bulk_from)
        sources = {source.key: source for source in self.sources}
        progress = Progress(lambda: 0.0)
        return History(self.store, begun, sources, landing, progress, self.remote.server_time)

    @property
    def sources(self) -> list[Source]:
        return [self._source(one) for one in self.streams]

    def _source(self, stream: MappedStream) -> Source:
        remote, store = self.remote, self.store
        if stream.stream.remote == "salesforce":
            return Source(
                stream,
                "",
                remote.server_time,
                lambda landing: pull_salesforce(remote, store, stream, replace(landing, ahead=0)),
                lambda where: remote.count(stream.stream.object, where),
                reads=_swallowing,
            )
        return Source(
            stream,
            remote.unit,
            remote.server_time,
            lambda landing: pull_account_engagement(remote, store, stream, replace(landing, ahead=0)),
            reads=_swallowing,
        )

    def mirrored(self, stream: MappedStream) -> list[tuple[Any, ...]]:
        """Ids and times of what the mirror has, by time."""
        name = "stamp" if stream.has_stamp else "created_at"
        rows = self.store.run(f'SELECT id, {name} FROM "{table_of(stream)}" WHERE _until IS NULL ORDER BY {name}, id')
        return [(record, at.replace(tzinfo=UTC)) for record, at in rows]

    def truth(self, stream: MappedStream, since: datetime | None = None) -> list[tuple[Any, ...]]:
        salesforce = stream.stream.remote == "salesforce"
        rows = self.remote.rows.get(stream.stream.object, [])
        found = [(_id(number) if salesforce else number, at) for number, at in rows if since is None or at >= since]
        return sorted(found, key=lambda row: (row[1], row[0]))

    def slices(self, done: Backfilled, stream: MappedStream) -> list[tuple[datetime | None, datetime]]:
        (planned,) = (
            one for one in backfill_streams(self.store, done.backfill.backfill_id) if one.stream == stream.stream.name
        )
        return [(one.lower, one.upper) for one in slices_of(self.store, done.backfill.backfill_id, planned)]


def spread(count: int, since: datetime, until: datetime, first: int = 1) -> list[tuple[int, datetime]]:
    """So many rows, evenly between two times, to the second."""
    step = (until - since) / max(count, 1)
    return [(first + place, (since + step * place).replace(microsecond=0)) for place in range(count)]


def years(count: float) -> timedelta:
    return timedelta(days=365 * count)


def _swallowing() -> AbstractContextManager[None]:
    """As the budget does: a reading whose calls are used up ends early."""
    return suppress(BudgetSpentError)


def _record(stream: MappedStream, number: int, at: datetime) -> dict[str, Any]:
    known: dict[str, Any] = {"Id": _id(number), "SystemModstamp": sf_time(at)}
    if "is_deleted" in stream.stream.system:
        known |= {"IsDeleted": False, "CreatedDate": sf_time(at), "LastModifiedDate": sf_time(at)}
    extra = stream.columns[-1].field
    return {**known, extra: f"{number}"}


def _id(number: int) -> str:
    return f"00T{number:012d}AAA"


def _aware(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
