"""`connector locks`: the values of people that stay where ours would be written, and letting go of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import structlog
from rich.console import Console
from rich.markup import escape

from connector.bootstrap import machine_time, store_path
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options
from connector.errors import ConfigurationError, RefusedError
from connector.store.database import Store, open_store
from connector.store.locks import Field, Lock, open_locks, release

MOST_SHOWN = 50

log = structlog.get_logger()


@click.command()
@click.option("--field", "fields", multiple=True, metavar="OBJECT.FIELD", help="Only locks of this field.")
@click.option("--record", "records", multiple=True, metavar="ID", help="Only locks of this record.")
@click.option(
    "--release", "releasing", multiple=True, metavar="OBJECT.FIELD", help="Let go of the locks of this field."
)
@click.option("--yes", is_flag=True, help="Do not ask: the next plan writes our values over theirs.")
@place_options
@json_option
@click.pass_obj
def locks(
    options: Options,
    fields: tuple[str, ...],
    records: tuple[str, ...],
    releasing: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> int:
    """Show the values that people set in fields of ours and that therefore stay; with --release, let go of them."""
    path = store_path(options.settings())
    if not path.exists():
        raise ConfigurationError(f"There is no store {path} yet. `connector pull` makes it.")
    with open_store(path, announce=lambda sentence: click.echo(sentence, err=True)) as store:
        found = open_locks(store, [_field(name) for name in (*fields, *releasing)], records)
        if releasing:
            _release(store, found, releasing, yes)
    now = machine_time()
    if as_json:
        echo_json(document(found, released=bool(releasing)))
    elif releasing:
        console().print(
            f"Released: {len(found)}. The next plan writes our values there, save where `order` keeps theirs."
        )
    else:
        show(console(), found, now)
    return 0


def _field(name: str) -> Field:
    object_name, _, field = name.partition(".")
    if not object_name or not field:
        raise ConfigurationError(f"{name!r} is not a field: name object and field, as in Lead.Status.")
    return object_name, field


def _release(store: Store, found: Sequence[Lock], named: Sequence[str], yes: bool) -> None:
    if not found:
        raise ConfigurationError(
            f"There is no lock of {', '.join(named)} to release. `connector locks` shows those that there are."
        )
    deed = f"let go of {len(found)} values that people set in {', '.join(named)}: the next plan writes ours over them"
    if not yes:
        if not sys.stdin.isatty():
            raise RefusedError(f"This would {deed}. Give the word with --yes. Nothing was released.")
        if not click.confirm(f"{deed[0].upper()}{deed[1:]}. Do it?", err=True):
            raise RefusedError("Nothing was released.")
    release(store, found)
    log.info("locks.released", fields=list(named), locks=len(found))


def show(shown: Console, found: Sequence[Lock], now: datetime) -> None:
    """The locks, the oldest first."""
    if not found:
        shown.print("No locks: no value that a person set keeps ours out.")
        return
    rows = table(
        "Locks", "object", "record", "field", "theirs", "ours would be", "since", "days", "by", right=("days",)
    )
    for one in found[:MOST_SHOWN]:
        days = str(max((now - one.since).days, 0))
        since = f"{one.since:%Y-%m-%d %H:%M} UTC"
        values = (_short(one.theirs), _short(one.ours))
        rows.add_row(one.object, one.record_id, one.field, *values, since, days, one.by or "–")
    shown.print(rows)
    if len(found) > MOST_SHOWN:
        shown.print(f"… and {len(found) - MOST_SHOWN} more")
    shown.print("\n`connector locks --release OBJECT.FIELD` lets go of them.")


def document(found: Sequence[Lock], *, released: bool) -> Mapping[str, Any]:
    """The same for machines. `released`: these were let go of just now."""
    return {"released": released, "locks": [_entry(one) for one in found]}


def _entry(one: Lock) -> Mapping[str, Any]:
    return {
        "object": one.object,
        "id": one.record_id,
        "field": one.field,
        "person": one.person_id,
        "theirs": one.theirs,
        "ours": one.ours,
        "since": one.since,
        "by": one.by,
        "seen_at": one.seen_at,
    }


def _short(value: str | None) -> str:
    text = "–" if value is None else value
    return escape(text if len(text) <= 40 else text[:39] + "…")
