"""`python -m tests.worlds.backfill --kills N --seed S`: a backfill that dies N times, beside one that does not."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import structlog

from connector import flow, upkeep
from connector.account_engagement import read as engagement
from connector.bootstrap import open_river
from connector.cli.backfill import Words, asked_for, run
from connector.cli.river import now
from connector.http.retry import Retry
from connector.pulling import backfill, windows
from connector.pulling.backfill import Backfilled
from connector.pulling.reading import Landing
from connector.river import here
from connector.salesforce import bulk
from connector.sandbox.config import SandboxConfig
from connector.sandbox.salesforce import query as sandbox_query
from connector.store.mirror import table_of
from tests.worlds.death import Killed, Life, living
from tests.worlds.ground import START, Ground, ground

SINCE = (START - timedelta(days=700)).date().isoformat()

PATIENT = Retry(sleep=lambda seconds: time.sleep(min(seconds, 1.0)), jitter=lambda: 0.5)
"""Waits a little for jobs: asking again at once would be calls that nobody makes."""

Rows = Mapping[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Story:
    """A backfill from its beginning to its end: what is in the mirror then, and how many calls it took in all lives."""

    rows: Rows
    calls: int
    kills: int
    slices: int
    ended: Backfilled


@dataclass(frozen=True)
class Size:
    """Of a comparison. `names`: of the objects that are read, None for all. `at_once`: calls to Account Engagement at
    one time, `ahead`: pages fetched before they are merged; a kill loses all of either. `by_jobs`: whether bulk queries
    and exports are used."""

    people: int
    kills: int
    rows_a_page: int
    names: Collection[str] | None = None
    at_once: int = 4
    ahead: int = 1
    by_jobs: bool = True


@contextmanager
def small_pieces(size: Size) -> Iterator[None]:
    """Within the block so few rows are a page that a small world has many; slices are a dozen pages."""
    rows_a_page = size.rows_a_page
    patched: tuple[tuple[object, str, object], ...] = (
        (sandbox_query, "page_size", lambda *_: rows_a_page),
        (engagement, "ROWS_A_PAGE", rows_a_page),
        (bulk, "ROWS_A_PAGE", 4 * rows_a_page),
        (windows, "ROWS_COUNTED", 12 * rows_a_page),
        (windows, "ROWS_WINDOWED", 12 * rows_a_page),
        (upkeep, "Landing", BulkFrom(10 * rows_a_page if size.by_jobs else 10**9)),
        (backfill, "PAGES_AHEAD", size.ahead),
    )
    with ExitStack() as patches:
        for place, name, value in patched:
            patches.enter_context(patch.object(place, name, value))
        yield


@dataclass(frozen=True)
class BulkFrom:
    """Makes landings where bulk queries and exports begin at fewer rows."""

    rows: int

    def __call__(self, folder: Path) -> Landing:
        return Landing(folder, bulk_from=self.rows)


def backfilled(laid: Ground, state: Path, dice: Random, kills: int, boundaries: int = 0) -> tuple[Story, int]:
    """Runs one backfill to its end, dying at so many random boundaries of the `boundaries` that it has in all.

    Answers the story and how many boundaries the last life passed.
    """
    settings = laid.settings.model_copy(update={"state": state})
    calls, died = 0, 0
    deaths = [dice.randint(1, max(1, 2 * boundaries // (kills + 1))) for _ in range(kills)]
    while True:
        life = Life(deaths[died] if died < kills else None, lambda: None)
        river = None
        try:
            with living(life), open_river(settings, retry=PATIENT) as river:
                asked = asked_for(river, Words(SINCE, None, "", False, False), now(river))
                done = run(river, asked)
        except Killed:
            died += 1
            calls += sum(here(river).calls().values()) if river else 1
            continue
        calls += sum(here(river).calls().values())
        break
    with open_river(settings, remote=False) as river:
        rows = {mapped.stream.name: _rows(river, mapped) for mapped in laid.streams}
        slices = int(river.store.value("SELECT count(*) FROM backfill_slice"))
    return Story(rows, calls, died, slices, done), life.passed


def _rows(river: flow.River, mapped: Any) -> list[tuple[Any, ...]]:
    """Every row with all that the remote said of it; when we saw it is no matter of the remote."""
    names = ", ".join(f'"{column.name}"' for column in mapped.columns)
    return river.store.run(
        f'SELECT {names}, _unit, _valid_from FROM "{table_of(mapped)}" WHERE _until IS NULL ORDER BY id'
    )


def compare(folder: Path, size: Size, seed: int) -> tuple[Story, Story]:
    """The undisturbed story and the one with kills, in the same world."""
    config = SandboxConfig(state=folder, people=size.people, seed=seed, start=START, frozen=True)
    kills = size.kills
    with ground(folder, config, size.names) as laid, small_pieces(size):
        settings = laid.settings.model_copy(update={"account_engagement_calls_at_once": size.at_once})
        here = replace(laid, settings=settings)
        calm, boundaries = backfilled(here, folder / "calm", Random(seed), 0)
        killed, _ = backfilled(here, folder / "killed", Random(seed), kills, boundaries)
    return calm, killed


def main() -> int:
    """The figures of one comparison; 1 when the mirrors differ or the calls are more than 1.2 times, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.worlds.backfill", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how often it dies (50)")
    parser.add_argument("--people", type=int, default=250, help="how many people the world has (250)")
    parser.add_argument("--rows-a-page", type=int, default=4, help="rows on a page (4)")
    parser.add_argument("--at-once", type=int, default=4, help="calls to Account Engagement at one time (4)")
    parser.add_argument("--seed", type=int, default=1, help="of the world and of the moments (1)")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    size = Size(given.people, given.kills, given.rows_a_page, at_once=given.at_once)
    with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
        calm, killed = compare(Path(folder), size, given.seed)
    ratio = killed.calls / calm.calls
    different = [name for name, rows in calm.rows.items() if rows != killed.rows[name]]
    sys.stdout.write(
        f"{sum(map(len, calm.rows.values()))} rows in {calm.slices} slices by {calm.calls} calls; killed "
        f"{killed.kills} times: {killed.slices} slices by {killed.calls} calls, {ratio:.2f} times as many; "
        f"{len(different)} streams differ {', '.join(different)}\n"
    )
    return 1 if different or ratio > 1.2 else 0


if __name__ == "__main__":
    sys.exit(main())
