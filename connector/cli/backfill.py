"""`connector backfill`: years of history, within the day's calls, as often as it takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from connector import flow, upkeep
from connector.bootstrap import open_river
from connector.cli.backfill_words import document, nothing, show
from connector.cli.river import now, read_once, start_run
from connector.cli.shared import Options, console, echo_json, json_option, place_options, working
from connector.domain.backfill import Asked
from connector.errors import BudgetSpentError, ConfigurationError, StoppedError
from connector.http.retry import Retry
from connector.pulling.backfill import Backfilled
from connector.pulling.history import moment, wanted_streams
from connector.river import River, here
from connector.scheduling.stopping import StopFlag, stop_on_signals
from connector.store.backfills import keep_waiting, last_backfill
from connector.store.decisions import finish_run


@click.command()
@click.option("--since", required=True, help="The first day of the history, such as 2023-04-01, or an ISO 8601 time.")
@click.option("--until", help="The last day; without it, everything up to now.")
@click.option("--objects", default="", help="Only these, separated by commas: Lead,Task,prospects.")
@click.option("--act", is_flag=True, help="Follow the crossings of history up as if they were of today.")
@click.option("--again", is_flag=True, help="Read what the mirror holds already once more.")
@place_options
@json_option
@click.pass_obj
def backfill(
    options: Options, since: str, until: str | None, objects: str, act: bool, again: bool, as_json: bool
) -> int:
    """Read years of history in slices. Stopped at any moment, the same command goes on; history is not acted upon."""
    words = Words(since, until, objects, act, again)
    with stop_on_signals() as flag:
        try:
            told = _told(options, words, flag, quiet=as_json)
        except (BudgetSpentError, StoppedError) as error:
            # Before the first slice: there is nothing to tell but why.
            told = {**nothing(error), "api_calls": 0, "seconds": 0.0}
    if as_json:
        echo_json(told)
    else:
        show(console(), told)
    return 0


@dataclass(frozen=True)
class Words:
    """The options as they were typed."""

    since: str
    until: str | None
    objects: str
    act: bool
    again: bool


def _told(options: Options, words: Words, flag: StopFlag, *, quiet: bool) -> dict[str, Any]:
    """Runs the backfill and tells what it did."""
    started = time.monotonic()
    retry = Retry(sleep=flag.sleep)
    with (
        working(quiet) as say,
        open_river(
            options.settings(), say=say, retry=retry, before_call=flag.check, hanging_up=flag.hanging_up
        ) as river,
    ):
        instant = now(river)
        asked = asked_for(river, words, instant)
        done = run(river, asked)
        calls = here(river).calls()
    return {
        **document(done, instant),
        "api_calls": sum(calls.values()),
        "seconds": round(time.monotonic() - started, 3),
    }


def run(river: River, asked: Asked) -> Backfilled:
    """Carries a backfill on, or begins it; who waits for follow-up before it begins is noted."""
    known = last_backfill(river.store)
    if (known is None or known.finished) and not asked.act and not upkeep.has_history(river, asked):
        keep_waiting(river.store, _waiting(river))
    run_id = start_run(river, "backfill")
    done = upkeep.backfill(river, asked, run_id, time.monotonic)
    outcome = "done" if done.finished else "ended early"
    finish_run(river.store, run_id, outcome, {"rows": done.rows}, done.backfill.begun_at)
    return done


def asked_for(river: River, words: Words, instant: datetime) -> Asked:
    """What the options mean, by the zone of the rules and the org's clock. ConfigurationError where it is nothing."""
    zone = river.rules.scoring.time_zone
    first = moment("--since", words.since, zone, now=instant)
    last = None if words.until is None else moment("--until", words.until, zone, now=instant, end=True)
    if last is not None and last <= first:
        raise ConfigurationError(
            f"--until {words.until} lies before --since {words.since}: the history would have no day."
        )
    streams = wanted_streams(river.mapping.fields.streams, words.objects.split(","))
    return Asked(first, last, streams, words.act, words.again)


def _waiting(river: River) -> list[str]:
    """Who waits for follow-up now: nobody while the mirror is not whole, as nothing is decided then."""
    try:
        read_once(river)
    except ConfigurationError:
        return []
    instant = now(river)
    flow.evaluate(river, instant)
    return upkeep.waiting(river)
