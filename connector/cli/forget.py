"""`connector forget PERSON`: erases a person from everything that the connector keeps, and proves it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click
from rich.markup import escape

from connector import flow, upkeep
from connector.bootstrap import machine_time
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.errors import ConfigurationError, RefusedError
from connector.reporting.whom import Known, everybody_called
from connector.river import River
from connector.store.forgetting import Forgotten

STILL_THERE = 1


@click.command()
@click.argument("person")
@click.option("--yes", is_flag=True, help="Do not ask: what is erased cannot be brought back.")
@click.option("--backups", is_flag=True, help="Delete the copies and backups that hold the person, too.")
@place_options
@json_option
@click.pass_obj
def forget(options: Options, person: str, yes: bool, backups: bool, as_json: bool) -> int:
    """Erase a person, named by e-mail address, record id or person id, and prove that nothing is left."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        moment = machine_time()
        flow.mirror(river)
        flow.enrich(river, moment, remember=False)
        called = everybody_called(river.store.run, person)
        if called:
            known = _one(called, person)
            _permit(river, known, yes)
            found = upkeep.forget(river, known.records, [known.person_id], moment, copies=backups)
        else:
            found = _only_in_copies(river, person, yes, backups)
    if as_json:
        echo_json(document(found))
    else:
        show(found)
    return 0 if found.complete else STILL_THERE


def _only_in_copies(river: River, wanted: str, yes: bool, backups: bool) -> Forgotten:
    """Somebody who was forgotten before, or has vanished: what can still be done is about copies and backups."""
    found = upkeep.search_copies(river, wanted, delete=False)
    if found.complete:
        raise ConfigurationError(
            f"Nobody in the store has the address or record id {wanted!r}, and no copy that it knows of either. "
            "`connector status` shows how far the mirror has been read."
        )
    if not (backups and found.holding):
        return found
    _confirm(river, f"delete {', '.join(map(str, found.holding))}", yes)
    return upkeep.search_copies(river, wanted, delete=True)


def _one(found: list[Known], wanted: str) -> Known:
    if len(found) > 1:
        people = ", ".join(f"{one.person_id} ({len(one.records)} records)" for one in found)
        raise ConfigurationError(
            f"{wanted!r} means {len(found)} people: {people}. Look at each with `connector explain`, and name the "
            "one by the person's id. Nothing was erased."
        )
    return found[0]


def _permit(river: River, known: Known, yes: bool) -> None:
    """Asks whoever sits at the terminal; without one, the word has to be on the command line."""
    records = ", ".join(f"{stream} {record}" for stream, _, record in known.records)
    _confirm(river, f"erase {records} with all that belongs to them", yes)


def _confirm(river: River, deed: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise RefusedError(f"This would {deed}. It cannot be undone: give the word with --yes. Nothing was erased.")
    river.say("waiting for an answer")
    if not click.confirm(f"{deed[0].upper()}{deed[1:]}? It cannot be undone.", err=True):
        raise RefusedError("Nothing was erased.")


def document(found: Forgotten) -> Mapping[str, Any]:
    """The proof for machines. It names no person."""
    return {
        "complete": found.complete,
        "records": found.records,
        "erased": dict(found.erased),
        "landed_files": found.landed,
        "plans_deleted": [str(path) for path in found.plans],
        "copies_deleted": [str(path) for path in found.copies],
        "copies_holding": [str(path) for path in found.holding],
        "searched": {"traces": found.searched, "files": found.files, "shared": found.shared},
        "found": dict(found.found),
    }


def show(found: Forgotten) -> None:
    shown = console()
    if found.records:
        shown.print(f"[bold]Forgotten[/bold]: {found.records} records of one person.")
    else:
        shown.print("Nobody of that name is in the store; its copies and backups were searched.")
    for table, count in sorted(found.erased.items()):
        shown.print(f"  {count:>6} rows of {table}")
    files = [
        f"{found.landed} landed pages",
        f"{len(found.plans)} saved plans",
        f"{len(found.copies)} copies and backups",
    ]
    anew = " The store's file was written anew." if found.records else ""
    shown.print(f"  Files deleted: {', '.join(files)}.{anew}")
    if found.erased.get("list_member"):
        shown.print(
            "  The person was on an imported list: take the row off your file, or the next import brings it back."
        )
    shared = f" {found.shared} that other people's records have too were left out." if found.shared else ""
    shown.print(f"Searched all rows and {found.files} files for {found.searched} identifying values.{shared}")
    for place, count in found.found.items():
        shown.print(f"[red]Still there[/red]: {escape(place)} ({count})", soft_wrap=True)
    for path in found.holding:
        shown.print(f"[red]Still holds the person[/red]: {escape(str(path))}", soft_wrap=True)
    if found.holding:
        shown.print("Copies and backups cannot be changed: --backups deletes those that hold the person.")
    if found.found:
        shown.print("Where a text of others names the person: change it in the org, pull, and forget once more.")
    if found.complete:
        shown.print("Nothing was found. As long as the org still shows the records, they are turned away.")
