"""Backfill: years of history, slice by slice, newest first.

    plan ──► for the stream that reaches back least: next slice ──► its cursor ──► pull ──► slice done ──► …

The cursor alone says what the mirror holds: everything between floor and watermark. A slice lies below the floor and,
read to its end, lowers it. So a pull may come between any two slices, and a kill loses no more than a part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime

from connector.domain.backfill import Asked, Backfill, BackfillStream, Slice
from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.errors import BudgetSpentError, StoppedError
from connector.pulling.progress import Progress, StreamProgress
from connector.pulling.reading import Landing, Pulled
from connector.pulling.slices import is_past, literal
from connector.pulling.windows import counted_slice, windowed_slice
from connector.store import backfills
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store

BEHAVIOUR = frozenset(
    {
        "salesforce.Task",
        "salesforce.Event",
        "salesforce.CampaignMember",
        "salesforce.OpportunityHistory",
        "account_engagement.visitor_activities",
        "account_engagement.visitors",
        "account_engagement.visits",
        "account_engagement.visitor_page_views",
    }
)
"""Streams that are read since a date: what somebody did. Who somebody is matters however long ago it was noted, so
that people, companies, deals, lists and everything that is small are read whole."""

PAGES_A_MERGE, PAGES_AHEAD = 1, 1
"""Fewer than in a pull: what has come and is not merged yet is what a kill loses."""


@dataclass(frozen=True)
class Source:
    """A stream of one business unit, and the ways to its remote.

    `pull` reads the slice that the cursor holds; None where the remote does not show the object any more. `count`
    counts rows for a condition in SOQL, None where the remote counts nothing. `server_time` is the remote's clock.
    Within `reads` calls count for the stream; it swallows the error of a day whose calls are used up.
    """

    mapped: MappedStream
    unit: str
    server_time: Callable[[], datetime]
    pull: Callable[[Landing], Pulled | None]
    count: Callable[[str | None], int] | None = None
    reads: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def name(self) -> str:
        return self.mapped.stream.name

    @property
    def key(self) -> tuple[str, str]:
        return (self.name, self.unit)


@dataclass(frozen=True)
class Reached:
    """How far a stream is: rows and slices of this backfill, `floor` as in Cursor, `lowest` where it is to end."""

    stream: str
    unit: str
    rows: int
    slices: int
    floor: datetime | None
    lowest: datetime | None
    finished: bool


@dataclass(frozen=True)
class Backfilled:
    """What a backfill has done. `ended_by`: why it is not finished, by the day's calls or somebody's word."""

    backfill: Backfill
    streams: tuple[Reached, ...]
    ended_by: BudgetSpentError | StoppedError | None = None

    @property
    def finished(self) -> bool:
        return self.ended_by is None

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.streams)


@dataclass(frozen=True)
class History:
    """The work to do: what was planned, from where it comes and where it goes to. `now`: the org's time."""

    store: Store
    backfill: Backfill
    sources: Mapping[tuple[str, str], Source]
    landing: Landing
    progress: Progress
    now: Callable[[], datetime]

    @property
    def id(self) -> str:
        return self.backfill.backfill_id


def resume_or_begin(store: Store, asked: Asked, sources: Sequence[Source], new_id: str, now: datetime) -> Backfill:
    """The last backfill, when it is the one asked for and goes on or has left nothing to read; else a new one."""
    known = backfills.last_backfill(store)
    same = known is not None and known.asked == asked
    if known is not None and same and not known.finished:
        return known
    begun = Backfill(new_id, asked, now)
    with store.transaction():
        acts_from = _acts_from(store, asked, sources, now)
        streams = [_planned(store, asked, source, now) for source in sources]
        if all(one.finished for one in streams):
            if known is not None and same:
                return known
            acts_from = backfills.acts_from(store)
        backfills.begin_backfill(store, begun, streams, acts_from)
    return begun


def _acts_from(store: Store, asked: Asked, sources: Sequence[Source], now: datetime) -> datetime | None:
    """Up to when crossings are history: to where the mirror was read before, what came later no backfill brings."""
    if asked.act:
        return None
    marks = [read_cursor(store, *one.key).watermark for one in sources if one.mapped.stream.cursor is not None]
    return min([now, *(now if mark is None else mark for mark in marks)])


def run_backfill(history: History) -> Backfilled:
    """Reads slice after slice until all is there, the day's calls are used up or somebody says stop.

    The latter two are no errors: the next run goes on. A stream whose calls are used up waits while others, whose are
    not, are read. Everything else that pulling raises is raised.
    """
    if history.backfill.finished:
        return _told(history, None)
    _note_beginning(history)
    spent: dict[tuple[str, str], BudgetSpentError] = {}
    try:
        while (chosen := _next_stream(history, spent.keys())) is not None:
            error = _within_the_day(history, *chosen)
            if error is not None:
                spent[chosen[0].key] = error
    except StoppedError as error:
        return _told(history, error)
    if spent:
        now = history.now()
        return _told(history, min(spent.values(), key=lambda one: one.goes_on_at(now)))
    backfills.finish_backfill(history.store, history.id, history.now())
    return _told(history, None)


def _within_the_day(
    history: History, source: Source, stream: BackfillStream, cursor: Cursor
) -> BudgetSpentError | None:
    """One step; the error where the calls of the day did not suffice for it."""
    spent: BudgetSpentError | None = None
    with source.reads():
        try:
            _step(history, source, stream, cursor)
        except BudgetSpentError as error:
            spent = error
            raise
    return spent


def _note_beginning(history: History) -> None:
    """Tells the progress what is to come, and what earlier runs have read."""
    for each in backfills.backfill_streams(history.store, history.id):
        slices = backfills.slices_of(history.store, history.id, each)
        history.progress.streams[(each.stream, each.unit)] = StreamProgress(
            each.lowest, each.expected, noted=sum(one.rows or 0 for one in slices), done=each.finished
        )


def _planned(store: Store, asked: Asked, source: Source, now: datetime) -> BackfillStream:
    """What is to be read of a stream; its cursor is made ready for it. The caller holds the transaction."""
    lowest = asked.since if source.name in BEHAVIOUR else None
    known = read_cursor(store, *source.key)
    if known.watermark is None:
        begun_lower = known.slice_upper is not None and known.slice_lower != lowest
        if lowest is not None and (known.floor != lowest or begun_lower):
            # From now on a pull does not go further back than was asked for.
            save_cursor(store, Cursor(*source.key, floor=lowest), now)
        return BackfillStream(*source.key, lowest, lowest)
    if asked.again:
        top = known.watermark if asked.until is None or lowest is None else min(asked.until, known.watermark)
        unread = replace(known, floor=top)
        if is_past(known):
            unread = replace(unread, slice_lower=None, slice_upper=None, at_stamp=None, at_id=None)
        save_cursor(store, unread, now)
        return BackfillStream(*source.key, lowest, known.floor)
    return BackfillStream(*source.key, lowest, known.floor, finished=_is_there(known, lowest))


def _is_there(cursor: Cursor, lowest: datetime | None) -> bool:
    """Whether the mirror holds all of a stream down to `lowest` (None: its beginning)."""
    if cursor.watermark is None or cursor.slice_upper is not None:
        return False
    return cursor.floor is None or (lowest is not None and cursor.floor <= lowest)


def _next_stream(
    history: History, waiting_for_calls: Collection[tuple[str, str]]
) -> tuple[Source, BackfillStream, Cursor] | None:
    """The stream that is read next: what is read whole first, then the one that reaches back least.

    So all of them reach back about as far, whenever the day's calls end.
    """
    waiting = []
    for place, each in enumerate(backfills.backfill_streams(history.store, history.id)):
        key = (each.stream, each.unit)
        if each.finished or key in waiting_for_calls or key not in history.sources:
            continue
        source, cursor = history.sources[key], read_cursor(history.store, *key)
        reach = float("-inf") if cursor.watermark is None or cursor.floor is None else -cursor.floor.timestamp()
        waiting.append(((each.lowest is not None, reach, place), source, each, cursor))
    if not waiting:
        return None
    _, source, each, cursor = min(waiting, key=lambda one: one[0])
    return source, each, cursor


def _step(history: History, source: Source, stream: BackfillStream, cursor: Cursor) -> None:
    """One slice of one stream; the end of the stream when there is none left."""
    store, now = history.store, history.now()
    slices = backfills.slices_of(store, history.id, stream)
    if cursor.slice_upper is None:
        if slices and cursor.watermark is None:
            # A change of the mapping has made the stream be read anew.
            backfills.forget_slices(store, history.id, stream)
            slices = []
        # One that a kill left unnoted.
        backfills.finish_slices(store, history.id, source.mapped, stream, now)
        if _is_there(cursor, stream.lowest) and (slices or not history.backfill.asked.again):
            _finish(history, stream, cursor)
            return
        stream, planned = _plan(history, source, stream, cursor)
        with store.transaction():
            save_cursor(store, _with_slice(cursor, planned), now)
            backfills.plan_slice(store, history.id, stream, planned, now)
        slices = [*slices, planned]
    _read(history, source, stream, slices)


def _read(history: History, source: Source, stream: BackfillStream, slices: Sequence[Slice]) -> None:
    """Reads the slice that the cursor holds to its end."""
    expected = slices[-1].expected if slices and slices[-1].rows is None else None
    progress = history.progress
    progress.reads(source.key, slices[-1].upper if slices else history.backfill.begun_at)
    landing = replace(
        history.landing,
        onward=False,
        expected=expected,
        pages_a_merge=PAGES_A_MERGE,
        ahead=PAGES_AHEAD,
        progress=lambda pulled: progress.landed(source.key, pulled.rows),
    )
    if source.pull(landing) is None:
        backfills.finish_stream(history.store, history.id, stream, history.now())
        progress.of(source.key).done = True
        return
    rows = backfills.finish_slices(history.store, history.id, source.mapped, stream, history.now())
    progress.read(source.key, rows, read_cursor(history.store, *source.key).floor)


def _plan(history: History, source: Source, stream: BackfillStream, cursor: Cursor) -> tuple[BackfillStream, Slice]:
    """The next slice of a stream, counted where the remote counts."""
    asked = history.backfill.asked
    if cursor.watermark is not None and cursor.floor is not None:
        upper = cursor.floor
    else:
        upper = source.server_time()
        if asked.until is not None and stream.lowest is not None:
            upper = min(upper, asked.until)
    slices = backfills.slices_of(history.store, history.id, stream)
    if source.mapped.stream.cursor is None:
        return stream, Slice(None, upper)
    if source.count is None:
        return stream, windowed_slice(upper, stream.lowest, slices)
    field, count = source.mapped.stream.cursor, source.count
    if stream.expected is None:
        since = "" if stream.lowest is None else f"{field} >= {literal(stream.lowest)} AND "
        stream = replace(stream, expected=count(f"{since}{field} <= {literal(upper)}"))
        backfills.expect_rows(history.store, history.id, stream, stream.expected or 0)
        history.progress.of(source.key).expected = stream.expected
    left = max((stream.expected or 0) - sum(one.expected or 0 for one in slices), 0)

    def between(lower: datetime, higher: datetime) -> int:
        return count(f"{field} >= {literal(lower)} AND {field} <= {literal(higher)}")

    return stream, counted_slice(upper, stream.lowest, left, between)


def _with_slice(cursor: Cursor, planned: Slice) -> Cursor:
    """The cursor with a slice to read: below its floor, or the first one, whose beginning is the floor."""
    floor = cursor.floor if cursor.watermark is not None else planned.lower
    return replace(cursor, floor=floor, slice_lower=planned.lower, slice_upper=planned.upper, at_stamp=None, at_id=None)


def _finish(history: History, stream: BackfillStream, cursor: Cursor) -> None:
    """Notes that a stream is there. What the mirror held further down before is still there."""
    before = stream.floor_before
    floor = None if before is None or cursor.floor is None else min(cursor.floor, before)
    if cursor.watermark is None:
        raise ValueError("a stream without a watermark is not there")
    with history.store.transaction():
        if floor != cursor.floor:
            save_cursor(history.store, replace(cursor, floor=floor), history.now())
        backfills.finish_stream(history.store, history.id, stream, history.now())
    history.progress.of((stream.stream, stream.unit)).done = True


def _told(history: History, ended_by: BudgetSpentError | StoppedError | None) -> Backfilled:
    reached = []
    for each in backfills.backfill_streams(history.store, history.id):
        slices = [one for one in backfills.slices_of(history.store, history.id, each) if one.rows is not None]
        cursor = read_cursor(history.store, each.stream, each.unit)
        rows = sum(one.rows or 0 for one in slices)
        reached.append(Reached(each.stream, each.unit, rows, len(slices), cursor.floor, each.lowest, each.finished))
    return Backfilled(history.backfill, tuple(reached), ended_by)
