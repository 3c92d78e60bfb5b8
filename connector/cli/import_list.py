"""`connector import` and `connector lists`: people from events, webinars and surveys."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.markup import escape

from connector import flow
from connector.bootstrap import machine_time, rules_folder
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.domain.lists import KINDS, Kept, ListHead, ListState, SegmentState
from connector.engine.enrich_identity import enrich_identity
from connector.errors import ConfigurationError
from connector.pulling.list_file import read_list
from connector.pulling.lists import import_list as keep
from connector.reporting.lists import list_states
from connector.river import River
from connector.rules.lists import load_lists
from connector.store.binding import open_binding
from connector.store.database import Store
from connector.store.lists import freeze_lists, known_lists, remove_list

REFUSED_ROWS = 4
SOON = 7
"""Days before its end from which a time limit is said to pass soon."""


@dataclass(frozen=True)
class Imported:
    """What an import did, and how the list stands now. `unused`: columns that mean nothing to us."""

    head: ListHead
    kept: Kept
    state: ListState
    unused: Sequence[str]
    dry_run: bool


class _OnlyLookingError(Exception):
    """Takes back what a dry run did; never seen outside."""


@contextmanager
def _kept_unless(only_looking: bool, store: Store) -> Iterator[None]:
    """What happens within is kept, or taken back at its end where somebody only wants to look."""
    try:
        with store.transaction():
            yield
            if only_looking:
                raise _OnlyLookingError
    except _OnlyLookingError:
        return


@click.command("import")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", help="The list's name; a list of this name that is there is replaced.")
@click.option("--kind", type=click.Choice(KINDS), help="What the list is of.")
@click.option("--at", help="When the event was: a date, or a time (ISO 8601).")
@click.option("--follow-up-until", "until", help="The last day on which the list may start a follow-up.")
@click.option("--segment", help="The column that names each person's segment.")
@click.option("--encoding", help="The file's encoding, such as cp932. Default: UTF-8, or UTF-16 with its mark.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and keep nothing.")
@click.option("--remove", metavar="NAME", help="Take a list back instead.")
@place_options
@json_option
@click.pass_obj
def import_list(options: Options, /, as_json: bool, remove: str | None, dry_run: bool, **given: Any) -> int:
    """Import a list of people from a CSV file: an event, a webinar, a survey. Exit code 4 when rows were refused."""
    settings = options.settings()
    lists = load_lists(rules_folder(settings), open_binding())
    if remove is not None:
        if given["file"] is not None:
            raise click.UsageError("--remove takes a list's name and no file.")
        with river_of(settings, quiet=as_json, remote=False) as river:
            return _take_back(river, remove, dry_run, as_json)
    for option in ("file", "name", "kind"):
        if not given[option]:
            raise click.UsageError(f"{'A file' if option == 'file' else f'--{option}'} is missing.")
    sheet = read_list(given["file"], lists, given["encoding"], given["segment"])
    with river_of(settings, quiet=as_json, remote=False) as river:
        zone, now = river.rules.scoring.time_zone, machine_time()
        head = ListHead(given["name"].strip(), given["kind"], _moment(given["at"], zone), _day(given["until"]))
        flow.mirror(river)
        with _kept_unless(dry_run, river.store):
            kept = keep(river.store, head, sheet, lists, zone, now)
            state = next(one for one in _states(river, now) if one.name == head.name)
    done = Imported(head, kept, state, sheet.unused, dry_run)
    if as_json:
        echo_json(import_document(done))
    else:
        _show_import(console(), done)
        _show_state(console(), state, zone)
    return REFUSED_ROWS if kept.refused else 0


@click.command()
@place_options
@json_option
@click.pass_obj
def lists(options: Options, as_json: bool) -> int:
    """Show the imported lists: who is in the CRM, in which segment, and whose time limit passes."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        flow.mirror(river)
        zone, found = river.rules.scoring.time_zone, _states(river, machine_time())
    if as_json:
        echo_json(lists_document(found))
    elif not found:
        console().print("No list was imported yet. `connector import FILE --name NAME --kind webinar` brings one.")
    else:
        for state in found:
            _show_state(console(), state, zone)
    return 0


def lists_document(found: tuple[ListState, ...]) -> dict[str, Any]:
    """All lists for machines."""
    return {"lists": [asdict(state) for state in found]}


def import_document(done: Imported) -> dict[str, Any]:
    """What an import did, for machines."""
    kept, state = done.kept, done.state
    return {
        "name": done.head.name,
        "kind": done.head.kind,
        "version": kept.version,
        "changed": kept.changed,
        "dry_run": done.dry_run,
        "rows": kept.rows,
        "people": kept.people,
        "together": kept.together,
        "attended": state.attended,
        "in_crm": state.in_crm,
        "not_in_crm": state.not_in_crm,
        "segments": [asdict(one) for one in state.segments],
        "refused": [asdict(one) for one in kept.refused],
        "unused_columns": list(done.unused),
    }


def _take_back(river: River, name: str, dry_run: bool, as_json: bool) -> int:
    known = known_lists(river.store)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        advice = f"Did you mean {close[0]!r}?" if close else f"Lists: {', '.join(known) or 'none'}."
        raise ConfigurationError(f"There is no list {name!r}. {advice}")
    with _kept_unless(dry_run, river.store):
        people = remove_list(river.store, name, machine_time())
    if as_json:
        echo_json({"removed": name, "people": people, "dry_run": dry_run})
    else:
        done = "would be taken back" if dry_run else "was taken back"
        console().print(f"The list {escape(name)} {done}, with {_people(people)}. The next cycle scores without it.")
    return 0


def _states(river: River, now: datetime) -> tuple[ListState, ...]:
    freeze_lists(river.store)
    enrich_identity(river.store.run, river.store.load)
    return list_states(river.store.run, flow.today(river, now))


def _show_import(shown: Console, done: Imported) -> None:
    kept = done.kept
    what = "would be version" if done.dry_run else "is version"
    news = f"{what} {kept.version}" if kept.changed else "says what it said before: nothing changed"
    shown.print(
        f"{kept.rows:,} rows, {_people(kept.people)}. The list {escape(done.head.name)} {news}.", soft_wrap=True
    )
    if kept.together:
        shown.print(f"{_rows(kept.together)} about somebody named before, and put together with the first.")
    for one in kept.refused:
        more = " …" if one.rows > len(one.lines) else ""
        lines = ", ".join(str(line) for line in one.lines)
        shown.print(f"{_rows(one.rows)} left out (lines {lines}{more}): {one.sentence}", soft_wrap=True)
    if done.unused:
        shown.print(f"Columns without a meaning here: {escape(', '.join(done.unused))}.", soft_wrap=True)


def _show_state(shown: Console, state: ListState, zone: str) -> None:
    held = "" if state.held_at is None else f" of {state.held_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    shown.print(
        f"\n[bold]{escape(state.name)}[/bold] ({state.kind}{held}): {_people(state.people)}, {state.attended:,} "
        f"attended, {state.in_crm:,} in the CRM, {state.not_in_crm:,} not in the CRM"
    )
    rows = table("", "segment", "people", "in the CRM", "not in the CRM", "follow up until",
                 right=("people", "in the CRM", "not in the CRM"))  # fmt: skip
    for one in state.segments:
        rows.add_row(
            escape(one.name_en or one.segment or "–"), f"{one.people:,}", f"{one.in_crm:,}", f"{one.not_in_crm:,}",
            _limit(one),
        )  # fmt: skip
    shown.print(rows)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _rows(count: int) -> str:
    return "1 row was" if count == 1 else f"{count:,} rows were"


def _limit(segment: SegmentState) -> str:
    if segment.follow_up_until is None or segment.days_left is None:
        return "no limit"
    if segment.days_left < 0:
        return f"{segment.follow_up_until} (passed)"
    days = "today" if segment.days_left == 0 else f"{segment.days_left} days left"
    return f"{segment.follow_up_until} ({days})" if segment.days_left <= SOON else str(segment.follow_up_until)


def _moment(text: str | None, zone: str) -> datetime | None:
    """A date begins in the zone of the rules; a time without an offset is of that zone, too."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--at: {text!r} is not a time such as 2026-05-10 or 2026-05-10T14:00.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--follow-up-until: {text!r} is not a day such as 2026-06-10.") from error
