"""`connector pull`, `plan`, `apply` and `sync`: the steps that touch the remotes."""

from __future__ import annotations

import shlex
import time
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from connector import flow, upkeep
from connector.applying.application import Applied
from connector.cli.planned import plan_document, show_plan
from connector.cli.render import (
    applied_lines,
    hidden_document,
    show_enriched,
    show_hidden,
    show_pulled,
    show_reconciled,
)
from connector.cli.river_documents import applied_document, brought_document, compared_document
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.cli.status_words import show_status_words, status_words_document
from connector.cli.waiting import enough_read, finished_early, show_waits, waits_document
from connector.domain.calls import Wait
from connector.domain.hidden import HiddenField
from connector.domain.plan import Finding, Plan
from connector.domain.reconciled import Reconciled
from connector.engine.enrich import EnrichReport
from connector.errors import BudgetSpentError, ConfigurationError, RefusedError
from connector.planning.file import load_plan, save_plan
from connector.pulling.reading import Pulled
from connector.reporting.statuses import status_words
from connector.river import River, here
from connector.store.backup import last_restored
from connector.store.decisions import allow_writes, begin_run, finish_run, writes_allowed
from connector.store.kept_files import remember_file
from connector.store.touched import Kept

PLANNED, FAILED_ROWS = 2, 4
OLDEST_PLAN = timedelta(hours=24)

first_contact_option = click.option(
    "--first-contact", is_flag=True, help="The word that this org may be written to; needed once an org."
)
force_option = click.option("--force", is_flag=True, help="Apply although the guard would stop the plan.")
pass_option = click.option(
    "--pass", "passed", multiple=True, metavar="WHAT", help="Pass this limit of the guard alone, as in Lead.Status."
)


@dataclass(frozen=True)
class Cycle:
    """What one whole cycle did."""

    pulled: tuple[Pulled, ...]
    reconciled: tuple[Reconciled, ...]
    planned: Plan
    applied: Applied
    enriched: EnrichReport
    kept: Kept
    calls: Mapping[str, int]
    seconds: Mapping[str, float]
    hidden: tuple[HiddenField, ...] = ()
    waits: tuple[Wait, ...] = ()


@click.command()
@place_options
@json_option
@click.pass_obj
def pull(options: Options, as_json: bool) -> int:
    """Bring the local mirror up to date."""
    try:
        return _pull(options, as_json)
    except BudgetSpentError as error:
        return finished_early(error, as_json=as_json)


def _pull(options: Options, as_json: bool) -> int:
    started = time.monotonic()
    with river_of(options.settings(), quiet=as_json) as river:
        run_id = start_run(river, "pull")
        pulled = flow.pull(river)
        reconciled = flow.reconcile(river, pulled)
        upkeep.tidy(river, reconciled, now(river))
        waits = here(river).budget.waits
        outcome = "finished early" if waits else "done"
        finish_run(river.store, run_id, outcome, {"rows": sum(one.rows for one in pulled)}, now(river))
        calls, hidden = here(river).calls(), upkeep.hidden(river)
        words = status_words(river.store.run, river.mapping.fields)
    if as_json:
        echo_json(
            {
                "streams": [brought_document(one) for one in pulled],
                "reconciled": compared_document(reconciled),
                "waits": waits_document(waits),
                "hidden": hidden_document(hidden),
                "status_words": status_words_document(words),
                "api_calls": sum(calls.values()),
                "seconds": _since(started),
            }
        )
    else:
        show_pulled(console(), pulled, calls)
        show_reconciled(console(), reconciled)
        show_waits(console(), waits)
        show_hidden(console(), hidden)
        show_status_words(console(), words)
    return 0


@click.command()
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan to a file for `apply`.")
@place_options
@json_option
@click.pass_obj
def plan(options: Options, save: Path | None, as_json: bool) -> int:
    """Show what would change in the remotes, and why. Changes nothing; exit code 2 when there is something to do."""
    with river_of(options.settings(), quiet=as_json) as river:
        read_once(river)
        as_of = now(river)
        flow.settle(river, as_of)
        flow.evaluate(river, as_of)
        planned = flow.plan(river, here(river).org_id, as_of)
        upkeep.keep_locks(river, planned, as_of, whole=True)
        if save is not None:
            # Remembered first: a file that nobody remembers could not be found when somebody in it is to be forgotten.
            remember_file(river.store, save, "plan", as_of)
            save_plan(planned, save, last_restored(river.store))
        in_the_way = _in_the_way(river, planned)
    if as_json:
        echo_json({**plan_document(planned), "saved": None if save is None else str(save)})
    else:
        show_plan(console(), planned)
        for sentence in in_the_way:
            console().print(f"[red]{escape(sentence)}[/red]")
        if save is not None:
            console().print(f"Saved to {escape(str(save))}. `connector apply {escape(str(save))}` carries it out.")
    return PLANNED if planned.changes else 0


def _in_the_way(river: River, planned: Plan) -> list[str]:
    """What stops a plan beside the guard: that nobody has given the word of first contact, and the switch."""
    if not planned.changes:
        return []
    off, known = river.writes_off(), writes_allowed(river.store, here(river).org_id)
    first = "This would be the first contact with this org: nothing is written without the word --first-contact."
    switched = [] if off is None else [f"{off.sentence}. `connector writes on` switches them on again."]
    return [*([] if known else [first]), *switched]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@first_contact_option
@force_option
@pass_option
@place_options
@json_option
@click.pass_obj
def apply(
    options: Options, file: Path, first_contact: bool, force: bool, passed: tuple[str, ...], as_json: bool
) -> int:
    """Carry out a saved plan, if it still fits."""
    with river_of(options.settings(), quiet=as_json) as river:
        instant = now(river)
        planned = load_plan(
            file,
            org_id=here(river).org_id,
            rules_hash=river.rules_hash,
            now=instant,
            oldest=OLDEST_PLAN,
            restored=last_restored(river.store),
        )
        permit(river, planned, first_contact=first_contact, force=force, passed=passed, instant=instant)
        refuse_when_off(river, planned)
        applied = carry_out(river, planned, "apply", instant)
    return _told(applied, as_json)


@click.command()
@first_contact_option
@force_option
@pass_option
@place_options
@json_option
@click.pass_obj
def sync(options: Options, first_contact: bool, force: bool, passed: tuple[str, ...], as_json: bool) -> int:
    """One whole cycle: pull, evaluate, plan, apply."""
    with river_of(options.settings(), quiet=as_json) as river:
        cycle = run_cycle(river, first_contact=first_contact, force=force, passed=passed)
        words = status_words(river.store.run, river.mapping.fields)
    if as_json:
        echo_json(
            {
                "pulled": {one.stream: one.rows for one in cycle.pulled},
                "reconciled": compared_document(cycle.reconciled),
                "waits": waits_document(cycle.waits),
                "hidden": hidden_document(cycle.hidden),
                "status_words": status_words_document(words),
                "people": cycle.kept.people,
                "evaluated": cycle.kept.looked_at,
                "unknown_content": cycle.enriched.unknown_content,
                "company_matches": cycle.enriched.matches,
                "planned": cycle.planned.changes,
                **applied_document(cycle.applied),
                "api_calls": sum(cycle.calls.values()),
                "seconds": cycle.seconds,
            }
        )
        return FAILED_ROWS if cycle.applied.failures else 0
    show_pulled(console(), cycle.pulled, cycle.calls)
    show_reconciled(console(), cycle.reconciled)
    show_waits(console(), cycle.waits)
    show_hidden(console(), cycle.hidden)
    show_status_words(console(), words)
    show_enriched(console(), cycle.enriched)
    show_plan(console(), cycle.planned)
    return _told(cycle.applied, as_json)


def run_cycle(
    river: River,
    *,
    first_contact: bool,
    force: bool,
    passed: Collection[str] = (),
    skip: Collection[str] = (),
) -> Cycle:
    """The river from end to end, without reading the streams to `skip`.

    Raises RefusedError before anything is written when the plan must not be applied, BudgetSpentError before anything
    is decided when the day's calls ended before every stream was read once.
    """
    clock = _StepClock()
    flow.settle(river, now(river))
    pulled = clock.of("pull", lambda: flow.pull(river, skip=skip))
    reconciled = clock.of("reconcile", lambda: flow.reconcile(river, pulled))
    clock.of("tidy", lambda: upkeep.tidy(river, reconciled, now(river)))
    enough_read(river, _unread(river))
    as_of = now(river)
    clock.of("mirror", lambda: flow.mirror(river))
    whom = clock.of("narrow", lambda: upkeep.narrow(river, as_of))
    enriched = clock.of("enrich", lambda: flow.enrich(river, as_of))
    clock.of("score", lambda: flow.score(river, as_of))
    clock.of("decide", lambda: flow.decide(river, as_of))
    planned = clock.of("plan", lambda: flow.plan(river, here(river).org_id, as_of))
    kept = clock.of("keep", lambda: upkeep.keep(river, whom, planned, as_of))
    upkeep.keep_locks(river, planned, as_of, whole=whom.whole)
    try:
        permit(river, planned, first_contact=first_contact, force=force, passed=passed, instant=as_of)
        refuse_when_off(river, planned)
        applied = clock.of("apply", lambda: carry_out(river, planned, "sync", as_of))
    except RefusedError as error:
        error.told = planned.less_examples(str(error))
        upkeep.note(river, planned, error.told, as_of)
        raise
    upkeep.note(river, planned, None, as_of)
    calls, hidden, waits = here(river).calls(), upkeep.hidden(river), here(river).budget.waits
    brought = tuple(pulled), tuple(reconciled)
    return Cycle(*brought, planned, applied, enriched, kept, calls, clock.seconds, tuple(hidden), tuple(waits))


def read_once(river: River) -> None:
    """Refuses to decide from a mirror of which a stream was never read to its end. ConfigurationError."""
    waiting = _unread(river)
    if not waiting:
        return
    read = river.store.run("SELECT 1 FROM cursor WHERE watermark IS NOT NULL LIMIT 1")
    named = ", ".join(waiting[:2]) + (f" and {len(waiting) - 2} more" if len(waiting) > 2 else "")
    what = f"Not yet read to the end: {named}." if read else "Nothing has been pulled yet."
    raise ConfigurationError(f"{what} `connector pull` brings the mirror up to date.")


def _unread(river: River) -> list[str]:
    """The streams that were never read to their end."""
    remotes = here(river)
    units = {"salesforce": [""], "account_engagement": [source.unit for source in remotes.engagement]}
    read = set(river.store.run("SELECT stream, unit FROM cursor WHERE watermark IS NOT NULL"))
    streams = [mapped.stream for mapped in river.mapping.fields.streams]
    return [one.name for one in streams if any((one.name, unit) not in read for unit in units[one.remote])]


def permit(
    river: River,
    planned: Plan,
    *,
    first_contact: bool,
    force: bool,
    passed: Collection[str] = (),
    instant: datetime,
) -> None:
    """Refuses, before anything is written, what needs an explicit word: first contact, and passing the guard.

    `passed` names single limits that may be passed. The word of first contact, given at `instant`, is kept. A plan that
    writes nothing gives none by itself.
    """
    org_id = here(river).org_id
    if planned.changes and not first_contact and not writes_allowed(river.store, org_id):
        raise RefusedError(
            f"This is the first contact with org {org_id}: {planned.changes} changes are planned and nothing was "
            "written. Look at `connector plan`, then give the word with --first-contact."
        )
    stopping = [finding for finding in planned.findings if finding.what not in passed]
    if stopping and not force:
        sentences = " ".join(finding.sentence for finding in stopping)
        raise RefusedError(f"The guard stops this plan; nothing was written. {sentences} {_passing(stopping)}")
    if first_contact:
        allow_writes(river.store, org_id, instant)


def _passing(stopping: Iterable[Finding]) -> str:
    words = " ".join(f"--pass {shlex.quote(finding.what)}" for finding in stopping)
    return f"--force passes it; `{words}` of `connector apply` and `sync` passes no more than what is named here."


def refuse_when_off(river: River, planned: Plan) -> None:
    """RefusedError while all writes are switched off, before the ledger is told of anything that would be written."""
    off = river.writes_off()
    if off is not None and planned.changes:
        raise RefusedError(
            f"{off.sentence}: {planned.changes} changes are planned and nothing was written. `connector writes on` "
            "switches them on again."
        )


def carry_out(river: River, planned: Plan, command: str, instant: datetime) -> Applied:
    run_id = start_run(river, command)
    try:
        applied = flow.apply(river, planned, run_id, instant)
    except RefusedError:
        finish_run(river.store, run_id, "switched off", {}, now(river))
        raise
    except BudgetSpentError:
        finish_run(river.store, run_id, "finished early", {}, now(river))
        raise
    counts = {"fields": applied.fields, "tasks": applied.tasks, "failed": len(applied.failures)}
    finish_run(river.store, run_id, "failed rows" if applied.failures else "done", counts, now(river))
    return applied


def start_run(river: River, command: str) -> str:
    instant = now(river)
    run_id = f"{instant:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    begin_run(river.store, run_id, command, instant)
    return run_id


def now(river: River) -> datetime:
    """The server's time."""
    return here(river).reader.server_time()


class _StepClock:
    """How long each step took, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def of(self, step: str, work: Any) -> Any:
        started = time.monotonic()
        try:
            return work()
        finally:
            self.seconds[step] = _since(started)


def _told(applied: Applied, as_json: bool) -> int:
    if as_json:
        echo_json(applied_document(applied))
    else:
        for line in applied_lines(applied):
            console().print(line)
    return FAILED_ROWS if applied.failures else 0


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
