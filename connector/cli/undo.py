"""`connector undo`: takes back what a run wrote, where nobody has touched it since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from connector import flow
from connector.applying.application import Applied
from connector.cli.planned import plan_document, show_plan
from connector.cli.render import applied_lines, table
from connector.cli.river import (
    FAILED_ROWS,
    PLANNED,
    carry_out,
    force_option,
    now,
    permit,
    refuse_when_off,
)
from connector.cli.river_documents import applied_document
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.errors import ConfigurationError, RefusedError
from connector.planning.file import save_plan
from connector.planning.undo import Undoing
from connector.planning.undo_cells import Left
from connector.river import River
from connector.settings import Settings
from connector.store.backup import last_restored
from connector.store.database import Store
from connector.store.kept_files import remember_file
from connector.store.undoing import WritingRun, knows_run, release, writing_runs

LISTED = 20
EXAMPLES = 3


@click.command()
@click.argument("run", required=False)
@click.option("--last", is_flag=True, help="The last run that wrote something and is no undo itself.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan to a file for `apply`.")
@click.option("--apply", "at_once", is_flag=True, help="Carry it out at once.")
@click.option("--delete-tasks", is_flag=True, help="Delete the tasks that nobody worked on, instead of closing them.")
@click.option("--release", "let_go", is_flag=True, help="Let the values of a run that was taken back be written again.")
@force_option
@place_options
@json_option
@click.pass_obj
def undo(
    options: Options,
    run: str | None,
    last: bool,
    save: Path | None,
    at_once: bool,
    delete_tasks: bool,
    let_go: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Take back what RUN wrote, where nobody has touched it since. Without RUN: the runs that wrote lately.

    Shows what would be put back and changes nothing; exit code 2 when there is something to do.
    """
    settings = options.settings()
    if run and last:
        raise ConfigurationError("Give either a run or --last.")
    if not run and not last:
        if save or at_once or let_go:
            raise ConfigurationError("Say which run: give its id, or --last. `connector undo` lists them.")
        return _list(settings, as_json)
    if let_go:
        return _release(settings, run, as_json)
    with river_of(settings, quiet=as_json) as river:
        chosen = chosen_run(river.store, run)
        instant = now(river)
        flow.settle(river, instant)
        undoing = flow.undo(river, chosen.run_id, instant, delete_tasks=delete_tasks)
        if save is not None:
            # Remembered first: a file that nobody remembers could not be found when somebody in it is to be forgotten.
            remember_file(river.store, save, "plan", instant)
            save_plan(undoing.plan, save, last_restored(river.store))
        if not as_json:
            _show(console(), chosen, undoing, save, at_once=at_once)
        applied = _apply(river, undoing, force=force) if at_once and undoing.to_do else None
    if as_json:
        echo_json(undo_document(chosen, undoing, save, applied))
    elif applied is not None:
        _show_applied(console(), chosen, applied)
    if at_once:
        return FAILED_ROWS if applied is not None and applied.failures else 0
    return PLANNED if undoing.to_do else 0


def _apply(river: River, undoing: Undoing, *, force: bool) -> Applied:
    instant = undoing.plan.made_at
    permit(river, undoing.plan, first_contact=False, force=force, instant=instant)
    refuse_when_off(river, undoing.plan)
    return carry_out(river, undoing.plan, "undo", instant)


def chosen_run(store: Store, run: str | None) -> WritingRun:
    """The run that is meant; without a name the last one that is no undo. Refuses what cannot be taken back."""
    if run is None:
        found = next((one for one in writing_runs(store, LISTED) if one.undoes is None), None)
        if found is None:
            raise ConfigurationError("No run has written anything yet: there is nothing to undo.")
        return found
    named = writing_runs(store, 1, run)
    if not named and not knows_run(store, run):
        raise ConfigurationError(f"There is no run {run} in this store. `connector undo` lists the runs that wrote.")
    if not named:
        raise ConfigurationError(f"Run {run} wrote nothing: there is nothing to undo.")
    if named[0].undoes is not None:
        raise RefusedError(
            f"Run {run} itself took back run {named[0].undoes}; nothing was written. To have those values written "
            f"again by the next cycle: `connector undo {named[0].undoes} --release`."
        )
    return named[0]


def _release(settings: Settings, run: str | None, as_json: bool) -> int:
    with river_of(settings, quiet=as_json, remote=False) as river:
        chosen = chosen_run(river.store, run)
        released = release(river.store, chosen.run_id)
    if as_json:
        echo_json({"released": released, "run": chosen.run_id})
    else:
        console().print(f"Released: {released:,} values of run {chosen.run_id}. The next cycle writes them again.")
    return 0


def _list(settings: Settings, as_json: bool) -> int:
    with river_of(settings, quiet=as_json, remote=False) as river:
        runs = writing_runs(river.store, LISTED)
    if as_json:
        echo_json({"runs": [run_document(one) for one in runs]})
        return 0
    if not runs:
        console().print("No run has written anything yet.")
        return 0
    rows = table("Runs that wrote", "run", "when (UTC)", "command", "values", "tasks", "refused", "", right=_NUMBERS)
    for one in runs:
        counts = (f"{one.fields:,}", f"{one.tasks:,}", f"{one.failed:,}")
        rows.add_row(one.run_id, f"{one.started_at:%Y-%m-%d %H:%M}", one.command, *counts, _standing(one))
    console().print(rows)
    console().print("\n`connector undo RUN` shows what taking one back would do.")
    return 0


_NUMBERS = ("values", "tasks", "refused")


def _standing(run: WritingRun) -> str:
    if run.undoes is not None:
        return f"undo of {run.undoes}"
    return f"undone, {run.held:,} values held" if run.undone else ""


def run_document(run: WritingRun) -> dict[str, Any]:
    """A run that wrote, for machines."""
    return {
        "run": run.run_id,
        "command": run.command,
        "started_at": run.started_at,
        "fields": run.fields,
        "tasks": run.tasks,
        "failed": run.failed,
        "undoes": run.undoes,
        "undone": bool(run.undone),
        "held": run.held,
    }


def _show(shown: Console, run: WritingRun, undoing: Undoing, save: Path | None, *, at_once: bool) -> None:
    shown.print(f"Undo of run {run.run_id} ({run.command}, {run.started_at:%Y-%m-%d %H:%M} UTC)\n")
    plan = undoing.plan
    if undoing.to_do:
        show_plan(shown, plan)
    else:
        shown.print("Nothing to do: nothing of it is left that could be taken back.\n")
    if plan.ends:
        shown.print(f"Follow-ups that end: {len(plan.ends):,}.")
    if undoing.left:
        shown.print("Left alone:")
    for reason, stays in _grouped(undoing.left):
        named = ", ".join(_named(one) for one in stays[:EXAMPLES])
        more = ", …" if len(stays) > EXAMPLES else ""
        shown.print(f"  {len(stays):,} × {escape(reason)} ({escape(named)}{more})", soft_wrap=True)
    if save is not None:
        shown.print(f"Saved to {escape(str(save))}. `connector apply {escape(str(save))}` carries it out.")
    elif undoing.to_do and not at_once:
        shown.print(f"\n`connector undo {run.run_id} --apply` carries it out.")


def _show_applied(shown: Console, run: WritingRun, applied: Applied) -> None:
    for line in applied_lines(applied):
        shown.print(line)
    shown.print(
        "What was put back is not written again while our values stay the same; "
        f"`connector undo {run.run_id} --release` lets go of it."
    )


def undo_document(run: WritingRun, undoing: Undoing, save: Path | None, applied: Applied | None) -> dict[str, Any]:
    """The undo of a run, for machines; `applied` is null where nothing was carried out."""
    return {
        **plan_document(undoing.plan),
        "undoes": run.run_id,
        "left": [
            {
                "reason": reason,
                "count": len(stays),
                "entries": [{"object": one.object, "record": one.record, "field": one.field or None} for one in stays],
            }
            for reason, stays in _grouped(undoing.left)
        ],
        "saved": None if save is None else str(save),
        "result": None if applied is None else applied_document(applied),
    }


def _grouped(left: Sequence[Left]) -> Iterable[tuple[str, list[Left]]]:
    return [(reason, list(stays)) for reason, stays in groupby(left, key=lambda one: one.reason)]


def _named(one: Left) -> str:
    return " ".join(word for word in (one.object, one.record, one.field) if word)
