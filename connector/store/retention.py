"""Retention: what is not needed any more is put away, by itself, once a day (SY-10, OP-8)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from connector.errors import StopError
from connector.store.belonging import PERSONS, tables_of
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.erasing import begin_forgetting, erase_vanished
from connector.store.kept_files import copies_beside, kept_files
from connector.store.rewriting import needs_rewriting, remove_store, rewrite
from connector.store.traces import Traces, in_file, keys

log = structlog.get_logger()

EVERY = timedelta(days=1)
FEW, SHARE = 10, 0.01
DOUBTFUL = timedelta(days=7)


@dataclass(frozen=True)
class Keeping:
    """How many days things are kept; None: for ever.

    `journal`: values and texts of writes, from then on entries without them. `landed`: pages that no pull has taken
    up again. `copies`: copies of the store from before a change of its schema. `vanished`: records that the remote
    does not show any more.
    """

    journal: int | None = 365
    landed: int | None = 7
    copies: int | None = 90
    vanished: int = 0


@dataclass(frozen=True)
class Tidied:
    """What was put away: journal entries emptied, files deleted, rows of vanished records erased by table."""

    journal: int = 0
    files: int = 0
    erased: Mapping[str, int] = field(default_factory=dict)
    rewritten: bool = False


def tidy(store: Store, keeping: Keeping, landing: Path, now: datetime, *, vanished: bool) -> Tidied:
    """Puts away what is old. Once a day, except that records which have just `vanished` are erased at once.

    The file is written anew once a day, if something was erased since; temporary tables are lost then.
    """
    due = _is_due(store, now)
    if not due and not vanished:
        return Tidied()
    with store.transaction():
        erased = _erase_gone(store, keeping, now)
    if not due:
        return Tidied(erased=erased)
    journal = _empty_journal(store, keeping.journal, now)
    _drop_alerts(store, keeping.journal, now)
    files = _remove_old(landing.rglob("*"), keeping.landed, now)
    files += _remove_old(copies_beside(store.path) if store.path else (), keeping.copies, now)
    rewritten = needs_rewriting(store) and _rewritten(store, now)
    with store.transaction():
        store.run("DELETE FROM tidied")
        store.run("INSERT INTO tidied VALUES ($now)", {"now": naive(now)})
    return Tidied(journal, files, erased, rewritten)


def _rewritten(store: Store, now: datetime) -> bool:
    """Writes the file anew; where there is no room for a second one the work goes on, and tomorrow tries again."""
    try:
        rewrite(store, now)
    except StopError as error:
        log.warning("tidy.not_rewritten", why=str(error))
        return False
    return True


def _is_due(store: Store, now: datetime) -> bool:
    last: datetime | None = store.value("SELECT max(tidied_at) FROM tidied")
    return last is None or now - last.replace(tzinfo=UTC) >= EVERY


def _erase_gone(store: Store, keeping: Keeping, now: datetime) -> Mapping[str, int]:
    before = now - timedelta(days=keeping.vanished)
    if _many_at_once(store, before):
        # So many are rarely deleted, but a sharing rule hides them in a moment: what is shown again keeps its history.
        before = min(before, now - DOUBTFUL)
    erased = erase_vanished(store, before)
    if erased:
        _remove_plans(store)
        number = begin_forgetting(store, "vanished", now)
        store.run(
            "UPDATE forgetting SET counts = $counts WHERE number = $number",
            {"counts": json.dumps(erased), "number": number},
        )
    return erased


def _remove_plans(store: Store) -> None:
    """Deletes saved plans that name a person in `erasing`."""
    traces = Traces(ids=tuple(sorted(keys(store, ()))))
    for plan in kept_files(store, "plan"):
        if in_file(plan, traces):
            plan.unlink()


def _many_at_once(store: Store, before: datetime) -> bool:
    """Whether more people have vanished than are deleted on an ordinary day."""
    for table in tables_of(store, dict.fromkeys(PERSONS)):
        gone, known = store.run(
            "SELECT count(*) FILTER (WHERE until IS NOT NULL AND until <= $before), count(*) FROM (SELECT "
            f'CASE WHEN bool_and(_until IS NOT NULL) THEN max(_until) END AS until FROM "{table.name}" '
            "GROUP BY _unit, id)",
            {"before": naive(before)},
        )[0]
        if gone > max(FEW, SHARE * known):
            return True
    return False


def _empty_journal(store: Store, days: int | None, now: datetime) -> int:
    """Empties old entries. The key of a task stays: by it we know that we have made the task."""
    if days is None:
        return 0
    rows = store.run(
        "UPDATE journal SET values_before = NULL, values_after = '{}', why = NULL, message = NULL "
        "WHERE outcome IS NOT NULL AND intended_at < $before AND values_after <> '{}' RETURNING 1",
        {"before": naive(now - timedelta(days=days))},
    )
    return len(rows)


def _drop_alerts(store: Store, days: int | None, now: datetime) -> None:
    """Drops what was to be told and is over for as long as entries of the journal are kept."""
    if days is not None:
        store.run("DELETE FROM alerts WHERE ended_at < $before", {"before": naive(now - timedelta(days=days))})


def _remove_old(files: Iterable[Path], days: int | None, now: datetime) -> int:
    if days is None:
        return 0
    oldest = (now - timedelta(days=days)).timestamp()
    old = [file for file in files if file.is_file() and file.stat().st_mtime < oldest]
    for file in old:
        remove_store(file)
    return len(old)
