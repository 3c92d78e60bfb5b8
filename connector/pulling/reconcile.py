"""Reconcile: what the remote has, what we have, which ids differ; what differs is mended (SY-6).

Salesforce tells totals. Where the counts differ, they are narrowed down to spans of stamps that are short enough to be
listed, and each row that differs is read again by its id. Equal counts prove nothing about single rows: once a day the
counts of each age are compared, and a share of the rows one by one, so that each has its turn within a week or two.
Account Engagement tells no totals: see `sweep`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import structlog

from connector.domain.cursor import Cursor
from connector.domain.reconciled import Reconciled, Span
from connector.domain.streams import MappedStream
from connector.http.outcome import RoadClosedError, TooSlowError
from connector.pulling.emptied import emptied
from connector.pulling.halving import SECOND
from connector.pulling.narrowing import Counts, by_age, merged, narrowed
from connector.pulling.reading import BULK_FROM, LandedPage
from connector.pulling.salesforce import ROWS_A_PAGE, SalesforceSource
from connector.pulling.slices import literal
from connector.salesforce.bulk import bulk_calls
from connector.store.cursors import read_cursor
from connector.store.database import Store
from connector.store.hidden_fields import read_again
from connector.store.mirror import merge
from connector.store.reconciling import Side, id_fields, load_remote_ids, read_reconciled, save_reconciled

A_DAY = timedelta(days=1)
"""A stream that brings nothing is compared all the same this often: rows vanish without moving any stamp."""

ROUND = 7
"""Days in which each row of a stream is compared once, whatever the counts say."""

IDS_A_QUESTION = 200
MOST_MENDED = 20_000
"""Rows that one comparison reads again by their ids; the next one goes on. More are read with the whole stream."""

FEW_PAGES = 2
"""Pages in which the rows of a small stream are listed, which costs no more than counting them does."""

MOST_MOVED = 10_000
"""Rows that may have changed since the reading; a stream in which more did is compared after the next reading."""

MANY, MANY_OF = 200, 0.2
"""More rows than both, the number and the share, are not believed to be gone at once: a right taken from the user
looks the same as all of them deleted. They end when they are not shown a day later either."""

EXAMPLES = 20

log = structlog.get_logger()


@dataclass(frozen=True)
class Comparing:
    """One comparison: the store, the stream as it is shown, when, where pages land, and how calls are counted."""

    store: Store
    mapped: MappedStream
    unit: str
    now: datetime
    folder: Path
    calls: Callable[[], int]
    bulk_from: int = BULK_FROM

    @property
    def side(self) -> Side:
        return Side(self.store, self.mapped, self.unit)

    @property
    def last(self) -> Reconciled | None:
        return read_reconciled(self.store, self.mapped.stream.name, self.unit)

    @property
    def cursor(self) -> Cursor:
        return read_cursor(self.store, self.mapped.stream.name, self.unit)


@dataclass(frozen=True)
class Asked:
    """Salesforce, asked about one stream as of its last reading."""

    source: SalesforceSource
    comparing: Comparing
    whole: Span

    @property
    def _stream(self) -> str:
        return self.comparing.mapped.stream.object

    @property
    def _deleted(self) -> bool:
        return self.comparing.mapped.stream.keeps_deleted

    def _where(self, span: Span) -> str:
        stream = self.comparing.mapped.stream
        live = "IsDeleted = false AND " if "is_deleted" in stream.system else ""
        lower = f"{stream.cursor} >= {literal(span.lower)} AND " if span.lower else ""
        return f"{live}{lower}{stream.cursor} <= {literal(span.upper)}"

    def count(self, span: Span) -> int:
        """The live rows of a span."""
        return self.source.count(self._stream, self._where(span), deleted=self._deleted)

    def bring_few(self) -> bool:
        """Brings id and stamp of all live rows into `remote_ids`; False where they are not few."""
        pages = self.source.query_pages(self._listing(self.whole), self._fresh(), deleted=self._deleted)
        taken = list(islice(pages, FEW_PAGES + 1))
        self._load(iter(taken))
        return len(taken) <= FEW_PAGES

    def bring(self, span: Span, rows: int) -> None:
        """Brings id and stamp of the live rows of a span, some `rows`, into `remote_ids`."""
        question = self._listing(span)
        if rows >= self.comparing.bulk_from:
            try:
                return self._load(self.source.bulk_pages(question, self._fresh(), deleted=self._deleted))
            except (RoadClosedError, TooSlowError) as error:
                log.info("reconcile.by_pages", stream=self.comparing.mapped.stream.name, why=str(error))
        return self._load(self.source.query_pages(question, self._fresh(), deleted=self._deleted))

    def moved(self) -> bool:
        """Brings the ids of all rows that have changed since the reading into `remote_moved`; False for too many."""
        stream = self.comparing.mapped.stream
        names = ", ".join(id_fields(self.comparing.mapped))
        after = f"SELECT {names} FROM {self._stream} WHERE {stream.cursor} > {literal(self.whole.upper)}"
        pages = self.source.query_pages(after, self._fresh(), deleted=self._deleted)
        most = MOST_MOVED // ROWS_A_PAGE + 1
        taken = [page.path for page in islice(pages, most)]
        load_remote_ids(self.comparing.store, self.comparing.mapped, taken, "remote_moved")
        return len(taken) < most

    def by_ids(self, ids: Sequence[str]) -> list[Path]:
        """Reads rows again by their ids, with all fields; they are in `remote_ids` then too. Answers the pages."""
        mapped, folder = self.comparing.mapped, self._fresh()
        wanted = ", ".join(f"'{record}'" for record in ids)
        question = f"SELECT {', '.join(mapped.fields)} FROM {self._stream} WHERE Id IN ({wanted})"
        pages = [page.path for page in self.source.query_pages(question, folder, deleted=self._deleted)]
        load_remote_ids(self.comparing.store, mapped, pages)
        return pages

    def with_deleted(self, question: str) -> Iterator[LandedPage]:
        """The pages of an answer, soft-deleted rows included where the object keeps them."""
        return self.source.query_pages(question, self._fresh(), deleted=self._deleted)

    def _listing(self, span: Span) -> str:
        return f"SELECT {', '.join(id_fields(self.comparing.mapped))} FROM {self._stream} WHERE {self._where(span)}"

    def _load(self, pages: Iterator[LandedPage]) -> None:
        load_remote_ids(self.comparing.store, self.comparing.mapped, [page.path for page in pages])

    def _fresh(self) -> Path:
        return fresh(self.comparing.folder)


def is_due(comparing: Comparing, brought: int) -> bool:
    """Whether a stream is compared now: it brought something, something waits, or the last comparison is a day old."""
    if comparing.mapped.stream.cursor is None:
        return False  # Read whole each time: nothing can be missing.
    last = comparing.last
    if last is None or brought > 0 or comparing.now - last.reconciled_at >= A_DAY:
        return True
    return last.waiting > 0 and last.held_since is None


def reconcile_salesforce(source: SalesforceSource, comparing: Comparing) -> Reconciled | None:
    """Compares one Salesforce object as it stood at its watermark, and mends what differs.

    None when it was never read to the end, or when too much has changed since to tell. Rows that are missing or stale
    are read again by id; rows that the org does not show any more (emptied bin, hard delete, a sharing rule) end.
    """
    cursor = comparing.cursor
    if cursor.watermark is None:
        return None
    before, last = comparing.calls(), comparing.last
    asked = Asked(source, comparing, Span(cursor.floor, cursor.watermark))
    ours = comparing.side.rows(asked.whole)
    found = Reconciled(comparing.mapped.stream.name, "", comparing.now, None, ours)
    if last is not None:
        found = replace(found, at_stamp=last.at_stamp, rolled_at=last.rolled_at, held_since=last.held_since)
        found = replace(found, round_finished_at=last.round_finished_at)
    if ours <= ROWS_A_PAGE and asked.bring_few():
        found = replace(found, remote_rows=_live(comparing), at_stamp=None, rolled_at=comparing.now)
        differing = comparing.side.differing(asked.whole)
    else:
        suspected = _suspected(asked, found)
        if suspected is None:
            log.info("reconcile.moving", stream=found.stream)
            return None
        found, spans = suspected
        # A stale row is found twice: where we have it, and where it is now.
        differing = list(dict.fromkeys(record for span in spans for record in _differing(asked, span)))
    found = _mended(asked, found, differing)
    if found.rolled_at == comparing.now:
        found = _without_emptied(asked, found)
    return told(comparing, replace(found, calls=comparing.calls() - before))


def _suspected(asked: Asked, found: Reconciled) -> tuple[Reconciled, list[Span]] | None:
    """The spans to be listed: those whose counts differ, and once a day the next share of all rows."""
    side, ours = asked.comparing.side, found.mirror_rows or 0
    counts = Counts(asked.count, side.rows, lambda span: side.stamp_after(span, 0.5), _listed(asked), ROWS_A_PAGE)
    theirs = counts.count(asked.whole)
    found = replace(found, remote_rows=theirs)
    spans: list[Span] = []
    if theirs != ours:
        if not asked.moved():
            return None
        counts = replace(counts, ours=lambda span: side.rows(span, moved=True))
        spans += narrowed(counts, asked.whole, theirs, counts.ours(asked.whole))
    if found.rolled_at is None or found.reconciled_at - found.rolled_at >= A_DAY:
        spans += by_age(counts, asked.whole)
        found, span = _next_share(asked, found)
        spans.append(span)
    return found, merged(iter(spans))


def _next_share(asked: Asked, found: Reconciled) -> tuple[Reconciled, Span]:
    """The rows whose turn it is, whatever their count: from where the last share ended, a seventh of all."""
    side = asked.comparing.side
    begins = [one for one in (asked.whole.lower, found.at_stamp and found.at_stamp + SECOND) if one is not None]
    rest = replace(asked.whole, lower=max(begins, default=None))
    rows = side.rows(rest)
    wanted = max(ROWS_A_PAGE, (found.mirror_rows or 0) // ROUND)
    until = side.stamp_after(rest, wanted / rows) if rows > wanted else None
    if until is None or until >= rest.upper:
        return replace(found, at_stamp=None, rolled_at=found.reconciled_at, round_finished_at=found.reconciled_at), rest
    return replace(found, at_stamp=until, rolled_at=found.reconciled_at), replace(rest, upper=until)


def _listed(asked: Asked) -> Callable[[int], int]:
    bulk_from = asked.comparing.bulk_from
    return lambda rows: bulk_calls(rows) if rows >= bulk_from else max(1, -(-rows // ROWS_A_PAGE))


def _differing(asked: Asked, span: Span) -> list[str]:
    asked.bring(span, asked.comparing.side.rows(span))
    return asked.comparing.side.differing(span)


def _mended(asked: Asked, found: Reconciled, differing: Sequence[str]) -> Reconciled:
    """Reads every row that differs again, and ends those that are not shown any more."""
    comparing, side = asked.comparing, asked.comparing.side
    kinds: dict[str, list[str]] = {"missing": [], "stale": [], "vanished": []}
    for start in range(0, min(len(differing), MOST_MENDED), IDS_A_QUESTION):
        ids = differing[start : min(start + IDS_A_QUESTION, MOST_MENDED)]
        pages = asked.by_ids(ids)
        of_these = side.kinds(ids, asked.whole.upper)
        kinds = {kind: kinds[kind] + of_these[kind] for kind in kinds}
        with comparing.store.transaction():
            merge(comparing.store, comparing.mapped, comparing.unit, pages, comparing.now)
    left = max(0, len(differing) - MOST_MENDED)
    if left and len(kinds["missing"]) + len(kinds["stale"]) > MOST_MENDED // 2:
        with comparing.store.transaction():
            read_again(comparing.store, found.stream, comparing.unit, comparing.now)
    found = replace(found, missing=len(kinds["missing"]), stale=len(kinds["stale"]), waiting=left)
    named = sorted(record for ids in kinds.values() for record in ids)
    found = replace(found, examples=tuple(named[:EXAMPLES]))
    return end_vanished(comparing, found, kinds["vanished"], found.mirror_rows or 0)


def _without_emptied(asked: Asked, found: Reconciled) -> Reconciled:
    """Ends soft-deleted records that have left the recycle bin."""
    comparing = asked.comparing
    gone = emptied(comparing.store, comparing.mapped, asked.with_deleted)
    with comparing.store.transaction():
        comparing.side.end(gone, comparing.now)
    return replace(found, vanished=found.vanished + len(gone))


def _live(comparing: Comparing) -> int:
    return int(comparing.store.value("SELECT count(*) FROM remote_ids WHERE NOT is_deleted"))


def end_vanished(comparing: Comparing, found: Reconciled, ids: Sequence[str], of: int) -> Reconciled:
    """Ends records that are not shown any more; very many `of` so many only when they were not a day ago either."""
    held_since = found.held_since or comparing.now
    if len(ids) > MANY and len(ids) > MANY_OF * of and comparing.now - held_since < A_DAY:
        log.error("reconcile.many_vanished", stream=found.stream, unit=found.unit or None, rows=len(ids), of=of)
        return replace(found, waiting=found.waiting + len(ids), held_since=held_since)
    with comparing.store.transaction():
        comparing.side.end(ids, comparing.now)
    return replace(found, vanished=len(ids), held_since=None)


def told(comparing: Comparing, found: Reconciled) -> Reconciled:
    """Keeps and logs what was found."""
    save_reconciled(comparing.store, found)
    shutil.rmtree(comparing.folder, ignore_errors=True)
    say = log.info if found.agrees else log.warning
    say(
        "reconcile.stream",
        stream=found.stream,
        unit=found.unit or None,
        remote=found.remote_rows,
        mirror=found.mirror_rows,
        missing=found.missing,
        stale=found.stale,
        vanished=found.vanished,
        waiting=found.waiting,
    )
    return found


def fresh(folder: Path) -> Path:
    """An empty folder for pages."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder
