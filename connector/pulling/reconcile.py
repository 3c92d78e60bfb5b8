"""Reconcile: what the remote has, what we have, which ids differ; what differs is mended (SY-6).

Salesforce tells totals: one count a stream, and the ids only where the counts differ. Account Engagement tells none:
its ids are swept a few pages at a time, round after round.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import structlog

from connector.domain.reconciled import Reconciled
from connector.domain.streams import MappedStream
from connector.pulling.account_engagement import EngagementSource
from connector.pulling.reading import LandedPage
from connector.pulling.salesforce import SalesforceSource
from connector.pulling.slices import literal
from connector.store.cursors import read_cursor
from connector.store.database import Store
from connector.store.mirror import merge
from connector.store.reconciling import (
    end_vanished,
    id_fields,
    live_rows,
    load_remote_ids,
    missing_ids,
    read_reconciled,
    save_reconciled,
)

AT_LEAST_EVERY = timedelta(days=1)
"""A stream that brings nothing is compared all the same this often: rows vanish without moving any stamp."""

SWEEP_PAGES = 5
"""Pages of a thousand ids that one stream of Account Engagement is swept by in one reconcile: its share of calls."""

IDS_A_QUESTION = 200

log = structlog.get_logger()


@dataclass(frozen=True)
class Comparing:
    """One comparison: the store, the stream, when, where pages land, and how calls are counted."""

    store: Store
    mapped: MappedStream
    unit: str
    now: datetime
    folder: Path
    calls: Callable[[], int]

    @property
    def last(self) -> Reconciled | None:
        return read_reconciled(self.store, self.mapped.stream.name, self.unit)

    @property
    def watermark(self) -> datetime | None:
        return read_cursor(self.store, self.mapped.stream.name, self.unit).watermark


def is_due(comparing: Comparing, brought: int) -> bool:
    """Whether a stream is compared now: it brought something, or the last comparison is a day old."""
    if comparing.mapped.stream.cursor is None:
        return False  # Read whole each time: nothing can be missing.
    last = comparing.last
    return brought > 0 or last is None or comparing.now - last.reconciled_at >= AT_LEAST_EVERY


def reconcile_salesforce(source: SalesforceSource, comparing: Comparing) -> Reconciled | None:
    """Compares one Salesforce object as it stands at its watermark; None when it was never read to the end.

    Rows that changed since then leave the count: then the ids decide. Missing rows are read again by id; rows that
    the org does not show any more (emptied bin, hard delete, a sharing rule) end.
    """
    upper = comparing.watermark
    if upper is None:
        return None
    before = comparing.calls()
    store, mapped = comparing.store, comparing.mapped
    stream = mapped.stream
    live = "IsDeleted = false AND " if "is_deleted" in stream.system else ""
    remote = source.count(stream.object, f"{live}{stream.cursor} <= {literal(upper)}", deleted=stream.keeps_deleted)
    ours = live_rows(store, mapped, "", upper)
    found = Reconciled(stream.name, "", comparing.now, remote, ours)
    if remote != ours:
        found = _compare_ids(source, comparing, upper, found)
    found = replace(found, calls=comparing.calls() - before)
    return _told(comparing, found)


def sweep_account_engagement(source: EngagementSource, comparing: Comparing) -> Reconciled | None:
    """Compares the next stretch of ids of one collection; None when it was never read to the end."""
    upper = comparing.watermark
    if upper is None:
        return None
    before = comparing.calls()
    store, mapped = comparing.store, comparing.mapped
    last = comparing.last
    place = last.at_id if last else 0
    filters = {"idGreaterThan": str(place)} if place else {}
    landed = list(islice(_pages(source, mapped, id_fields(mapped), filters, _fresh(comparing.folder)), SWEEP_PAGES))
    ended = bool(getattr(landed[-1], "last", False)) and not getattr(landed[-1], "truncated", False)
    reached = load_remote_ids(store, mapped, [page.path for page in landed])
    until = None if ended or reached is None else int(reached)
    missing = missing_ids(store, mapped, source.unit, upper)
    with store.transaction():
        vanished = end_vanished(store, mapped, source.unit, comparing.now, (place, until))
    arrived = _read_stretch(source, comparing, missing) if missing else 0
    found = Reconciled(
        mapped.stream.name,
        source.unit,
        comparing.now,
        missing=arrived,
        vanished=vanished,
        calls=comparing.calls() - before,
        at_id=until or 0,
        round_finished_at=comparing.now if until is None else (last.round_finished_at if last else None),
    )
    return _told(comparing, found)


def _compare_ids(source: SalesforceSource, comparing: Comparing, upper: datetime, found: Reconciled) -> Reconciled:
    store, mapped = comparing.store, comparing.mapped
    stream = mapped.stream
    question = f"SELECT {', '.join(id_fields(mapped))} FROM {stream.object} ORDER BY Id"
    pages = list(source.query_pages(question, _fresh(comparing.folder), deleted=stream.keeps_deleted))
    load_remote_ids(store, mapped, [page.path for page in pages])
    missing = missing_ids(store, mapped, "", upper)
    with store.transaction():
        vanished = end_vanished(store, mapped, "", comparing.now)
    for start in range(0, len(missing), IDS_A_QUESTION):
        wanted = ", ".join(f"'{record}'" for record in missing[start : start + IDS_A_QUESTION])
        again = f"SELECT {', '.join(mapped.fields)} FROM {stream.object} WHERE Id IN ({wanted})"
        _merge(comparing, source.query_pages(again, _fresh(comparing.folder), deleted=stream.keeps_deleted))
    return replace(found, missing=len(missing), vanished=vanished)


def _read_stretch(source: EngagementSource, comparing: Comparing, missing: Sequence[str]) -> int:
    """Reads the stretch of ids around the missing ones again, in full. Answers how many of them have arrived.

    A row that was made after the watermark is not missing: the next pull brings it, and it comes here too.
    """
    numbers = sorted(int(record) for record in missing)
    filters = {"idGreaterThanOrEqualTo": str(numbers[0]), "idLessThanOrEqualTo": str(numbers[-1])}
    _merge(comparing, _pages(source, comparing.mapped, comparing.mapped.fields, filters, _fresh(comparing.folder)))
    return len(numbers)


def _merge(comparing: Comparing, pages: Iterator[LandedPage]) -> None:
    landed = [page.path for page in pages]
    with comparing.store.transaction():
        merge(comparing.store, comparing.mapped, comparing.unit, landed, comparing.now)


def _pages(
    source: EngagementSource,
    mapped: MappedStream,
    fields: tuple[str, ...],
    filters: Mapping[str, str],
    folder: Path,
) -> Iterator[LandedPage]:
    deleted = "all" if mapped.stream.keeps_deleted else None
    yield from source.pages(mapped.stream.object, fields, filters, "id", folder, deleted=deleted)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


def _told(comparing: Comparing, found: Reconciled) -> Reconciled:
    save_reconciled(comparing.store, found)
    shutil.rmtree(comparing.folder, ignore_errors=True)
    say = log.info if found.agrees else log.warning
    say(
        "reconcile.stream",
        stream=found.stream,
        remote=found.remote_rows,
        mirror=found.mirror_rows,
        missing=found.missing,
        vanished=found.vanished,
    )
    return found
