"""`connector daemon`: cycles by the schedule, until somebody asks to stop."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

import click
import structlog

from connector import flow, live, upkeep
from connector.bootstrap import machine_time, open_river, rules_folder, store_path
from connector.cli.river import Cycle, now, run_cycle
from connector.cli.shared import Options, place_options
from connector.errors import RefusedError
from connector.http.retry import Retry
from connector.river import River, here
from connector.rules.schedule import load_schedule
from connector.scheduling.daemon import Daemon, Surroundings
from connector.scheduling.health import Health
from connector.scheduling.instance import only_instance
from connector.scheduling.listening import listening
from connector.scheduling.report import DayUse, Report, StreamReach
from connector.scheduling.stopping import Stopping, stop_on_signals
from connector.settings import Settings
from connector.store.watching import read_watched

log = structlog.get_logger()


@click.command()
@click.option("--once", is_flag=True, help="One cycle now, then leave with its exit code: for cron.")
@click.option("--cycles", type=click.IntRange(min=1), help="Leave after so many cycles, with the last one's exit code.")
@click.option("--listen", help="HOST:PORT of /healthz, /readyz and /metrics, or off. With --once: off.")
@place_options
@click.pass_obj
def daemon(options: Options, once: bool, cycles: int | None, listen: str | None) -> int:
    """Run cycles by the schedule until stopped by SIGTERM or SIGINT; what is merged then is kept."""
    settings = options.settings(health_address=listen)
    address = "off" if once and listen is None else settings.health_address
    schedule = load_schedule(rules_folder(settings))
    health = Health()
    with ExitStack() as running:
        flag = running.enter_context(stop_on_signals())
        running.enter_context(only_instance(store_path(settings), machine_time()))
        shown = "off" if address == "off" else running.enter_context(listening(address, health, machine_time))
        log.info("daemon.started", listen=shown, store=str(store_path(settings)))
        given = Surroundings(
            schedule=lambda: load_schedule(rules_folder(options.settings())),
            cycle=lambda skip: one_cycle(options.settings(), flag, health, skip),
            now=machine_time,
            wait=flag.wait,
            chance=random.random,
            health=health,
        )
        return Daemon(given, schedule).run(1 if once else cycles)


def one_cycle(
    settings: Settings,
    stop: Stopping,
    health: Health,
    skip: frozenset[str],
    clock: Callable[[], datetime] = machine_time,
) -> Report:
    """Opens the store, runs a cycle without the streams to skip, and closes it. A refusal is part of the report.

    `settings` are read for each cycle, so that secrets and files may be changed without a restart. `clock`: this
    machine's time.
    """

    def say(_sentence: str) -> None:
        stop.check()

    retry = Retry(sleep=stop.sleep)
    with open_river(
        settings, say=say, retry=retry, before_call=stop.check, clock=clock, hanging_up=stop.hanging_up
    ) as river:
        try:
            cycle = run_cycle(river, first_contact=False, force=False, skip=skip)
            live.drift_once_a_day(river, clock())
            return _report(river, cycle, clock)
        except RefusedError as error:
            return _refused(river, error.told, clock)
        finally:
            remotes = here(river)
            health.called(remotes.calls())
            health.day(
                DayUse(account, usage.used, usage.allowed, ours) for account, usage, ours in remotes.budget.days()
            )


def _report(river: River, cycle: Cycle, clock: Callable[[], datetime]) -> Report:
    rows: dict[str, int] = {}
    for one in cycle.pulled:
        rows[one.stream] = rows.get(one.stream, 0) + one.rows
    return Report(
        seconds=cycle.seconds,
        rows=rows,
        planned=cycle.planned.changes,
        applied=cycle.applied.changes,
        failed=len(cycle.applied.failures),
        streams=_reach(river, clock),
        open_runs=flow.report(river).open_runs,
        waiting=_waiting(river),
        hidden=len(cycle.hidden),
    )


def _refused(river: River, why: str, clock: Callable[[], datetime]) -> Report:
    return Report(
        refusal=why,
        streams=_reach(river, clock),
        open_runs=flow.report(river).open_runs,
        waiting=_waiting(river),
        hidden=len(upkeep.hidden(river)),
    )


def _waiting(river: River) -> str | None:
    """Why reading ended early, where it did."""
    waits = here(river).budget.waits
    return waits[0].sentence if waits else None


def _reach(river: River, clock: Callable[[], datetime]) -> tuple[StreamReach, ...]:
    """How far each stream is, moved from the server's clock to this machine's, by which lateness is measured."""
    ahead = now(river) - clock()

    def here(instant: datetime | None) -> datetime | None:
        return None if instant is None else instant - ahead

    mapped = {one.stream.name for one in river.mapping.fields.streams}
    return tuple(
        StreamReach(one.stream, one.unit, here(one.watermark))
        for one in read_watched(river.store.run)
        if one.stream in mapped
    )
