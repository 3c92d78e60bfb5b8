"""The rolling sweep of Account Engagement, which tells no totals: stretch by stretch of ids, round after round (SY-6).

Each collection of each business unit has its own share of calls a day, however often is pulled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from connector.domain.reconciled import Reconciled
from connector.domain.streams import MappedStream
from connector.pulling.account_engagement import EngagementSource
from connector.pulling.reading import LandedPage
from connector.pulling.reconcile import A_DAY, EXAMPLES, Comparing, end_vanished, fresh, told
from connector.pulling.slices import OVERLAP
from connector.store.mirror import merge
from connector.store.reconciling import id_fields, load_remote_ids
from connector.store.tombstones import not_listed

SWEEP_PAGES = 5
"""Pages of a thousand ids that are swept at a time."""

ROWS_A_PAGE = 1000
ROUND = 14
"""Days that a round through a collection may take, as far as its share of calls allows."""

LEAST_A_DAY, MOST_A_DAY = 10, 500
"""Pages of one collection that are swept in a day: of 25,000 calls that the smallest edition has."""


def sweep_is_due(comparing: Comparing) -> bool:
    """Whether the next stretch is swept now: a round is begun once a day, and its calls are spread over the day."""
    if comparing.mapped.stream.cursor is None:
        return False  # Read whole each time: nothing can be missing.
    last = comparing.last
    if last is None:
        return True
    if not last.at_id:
        return comparing.now - last.reconciled_at >= A_DAY
    pages = comparing.side.rows() // ROWS_A_PAGE + 1
    share = min(MOST_A_DAY, max(LEAST_A_DAY, pages // ROUND + 1))
    return comparing.now - last.reconciled_at >= A_DAY * SWEEP_PAGES / share


def sweep_account_engagement(source: EngagementSource, comparing: Comparing) -> Reconciled | None:
    """Compares the next stretch of ids of one collection; None when it was never read to the end.

    Rows that moved or were made in the last quarter of an hour before the reading are left to the next one, which
    reads them again anyway: the remote may answer from a cache that does not have them yet.
    """
    cursor = comparing.cursor
    if cursor.watermark is None:
        return None
    before, last, mapped = comparing.calls(), comparing.last, comparing.mapped
    place = last.at_id if last else 0
    stretch, pages = _asked(source, comparing, place)
    load_remote_ids(comparing.store, mapped, pages)
    kinds = comparing.side.swept(stretch, cursor.floor, cursor.watermark - OVERLAP)
    ours = comparing.side.stretch_rows(stretch)
    emptied = not_listed(comparing.store, mapped, source.unit, stretch)
    with comparing.store.transaction():
        comparing.side.end(emptied, comparing.now)
    again = [*kinds["missing"], *kinds["stale"]]
    if again:
        _read_stretch(source, comparing, again)
    until = stretch[1]
    found = Reconciled(
        mapped.stream.name,
        source.unit,
        comparing.now,
        missing=len(kinds["missing"]),
        stale=len(kinds["stale"]),
        examples=tuple([*again, *kinds["vanished"]][:EXAMPLES]),
        at_id=until or 0,
        round_finished_at=comparing.now if until is None else (last.round_finished_at if last else None),
        held_since=last.held_since if last else None,
    )
    found = end_vanished(comparing, found, kinds["vanished"], ours)
    if found.held_since is not None:
        # Here it goes on: whether they are gone shows when they are asked for again.
        found = replace(found, at_id=place, round_finished_at=last.round_finished_at if last else None)
    found = replace(found, vanished=found.vanished + len(emptied))
    return told(comparing, replace(found, calls=comparing.calls() - before))


def _asked(source: EngagementSource, comparing: Comparing, place: int) -> tuple[tuple[int, int | None], Sequence[Path]]:
    """The next stretch (over the first id, up to the second, None: to the end) with its pages."""
    mapped, folder = comparing.mapped, fresh(comparing.folder)
    filters = {"idGreaterThan": str(place)} if place else {}
    landed = list(islice(_pages(source, mapped, id_fields(mapped), filters, folder), SWEEP_PAGES))
    paths = [page.path for page in landed]
    ended = bool(getattr(landed[-1], "last", False)) and not getattr(landed[-1], "truncated", False)
    reached = load_remote_ids(comparing.store, mapped, paths)
    return (place, None if ended or reached is None else int(reached)), paths


def _read_stretch(source: EngagementSource, comparing: Comparing, ids: Sequence[str]) -> None:
    """Reads the stretch of ids around some again, in full."""
    numbers = sorted(int(record) for record in ids)
    filters = {"idGreaterThanOrEqualTo": str(numbers[0]), "idLessThanOrEqualTo": str(numbers[-1])}
    mapped = comparing.mapped
    landed = [page.path for page in _pages(source, mapped, mapped.fields, filters, fresh(comparing.folder))]
    with comparing.store.transaction():
        merge(comparing.store, mapped, comparing.unit, landed, comparing.now)


def _pages(
    source: EngagementSource, mapped: MappedStream, fields: tuple[str, ...], filters: Mapping[str, str], folder: Path
) -> Iterator[LandedPage]:
    deleted = "all" if mapped.stream.keeps_deleted else None
    yield from source.pages(mapped.stream.object, fields, filters, "id", folder, deleted=deleted)
