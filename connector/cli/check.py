"""`connector check`: are the mapping and the rules sound?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.markup import escape

from connector import live, upkeep
from connector.bootstrap import Rulebook, load_rulebook, machine_offset, machine_time, rules_folder
from connector.cli.live_check import live_document, show_live, write_files
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.engine.cadence import BusinessCalendar
from connector.errors import ConfigurationError
from connector.firmographics.register import load_register
from connector.reporting.live_check import LiveCheck
from connector.reporting.metadata_files import metadata_files, with_shipped
from connector.reporting.zones import ZoneFinding
from connector.rules.lint import lint
from connector.rules.lists import Lists, load_lists
from connector.rules.load import DEFAULT, SHIPPED
from connector.rules.mapping import load_mapping
from connector.rules.schedule import load_schedule
from connector.rules.written import Finding, Written, written
from connector.settings import Settings
from connector.store.binding import open_binding


@click.command()
@click.option("--zones", is_flag=True, help="Ask the org and Account Engagement for their time zones as well.")
@click.option(
    "--live", "is_live", is_flag=True, help="Hold the mapping against the org and Account Engagement as well."
)
@click.option(
    "--metadata",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --live: a new folder for the fields that the org lacks and the rights, as files to deploy.",
)
@place_options
@json_option
@click.pass_obj
def check(options: Options, zones: bool, is_live: bool, metadata: Path | None, as_json: bool) -> int:
    """Check settings, mapping, rules and company files, all problems at once, and give advice about rules.

    With --zones the clocks too; with --live whether the org has what the mapping and the rules name.
    """
    if metadata is not None and not is_live:
        raise click.UsageError("--metadata goes with --live: only the org can tell what it lacks.")
    settings = options.settings()
    folder = rules_folder(settings)
    book = load_rulebook(folder)
    load_schedule(folder)
    lists = load_lists(folder, open_binding())
    found = _figures(settings, book)
    advice = _advice(book, lists)
    clocks = _zones(settings, quiet=as_json) if zones else []
    checked = _live(settings, _written(book, lists), metadata, folder, quiet=as_json) if is_live else None
    is_sound = checked is None or checked.found.is_sound
    if as_json:
        told = {"zones": [asdict(one) for one in clocks], "advice": [asdict(one) for one in advice]}
        live_told = None if checked is None else checked.document()
        echo_json({"ok": is_sound, **found, **told, "live": live_told})
        return 0 if is_sound else ConfigurationError.exit_code
    shown = console()
    _show_figures(shown, found, is_live=is_live)
    _show_advice(shown, advice)
    if clocks:
        _show_zones(shown, clocks)
    if checked is not None:
        show_live(shown, checked.found)
        for path in checked.written:
            shown.print(f"Written: {escape(str(path))}", soft_wrap=True)
    return 0 if is_sound else ConfigurationError.exit_code


def _figures(settings: Settings, book: Rulebook) -> dict[str, str | int]:
    register = load_register(settings.companies, settings.targets)
    return {
        "mappings": str(book.folder),
        "rules_hash": book.hash,
        "streams": len(book.mapping.fields.streams),
        "written_fields": sum(
            len(entry.write)
            for remote in ("salesforce", "account_engagement")
            for entry in book.mapping.fields.objects(remote).values()
        ),
        "content_items": len(book.content.content),
        "tiers": len(book.rules.tiers.tiers),
        "companies": 0 if register is None else len(register.companies),
    }


def _show_figures(shown: Console, found: Mapping[str, str | int], *, is_live: bool) -> None:
    shown.print(f"Sound{' in itself' if is_live else ''}: {escape(str(found['mappings']))}")
    for name, value in found.items():
        if name != "mappings":
            shown.print(f"  {name.replace('_', ' ')}: {value}")


@dataclass(frozen=True)
class _Checked:
    """What a live check found, and the files that were written for it."""

    found: LiveCheck
    written: tuple[Path, ...]

    def document(self) -> dict[str, Any]:
        return {**live_document(self.found), "written": [str(path) for path in self.written]}


def _live(settings: Settings, rules: Written, metadata: Path | None, folder: Path, *, quiet: bool) -> _Checked:
    if metadata is not None:
        write_files(metadata, {})  # Refuses a folder that has files before the org is asked.
    with river_of(settings, quiet=quiet) as river:
        found, org = live.check(river, rules, folder)
        files = (
            {}
            if metadata is None
            else metadata_files(with_shipped(river.mapping.fields, load_mapping(SHIPPED / DEFAULT).fields), org)
        )
    return _Checked(found, () if metadata is None else tuple(write_files(metadata, files)))


def _written(book: Rulebook, lists: Lists) -> Written:
    return written(book.folder, book.rules, book.content, book.mapping.fields, lists)


def _advice(book: Rulebook, lists: Lists) -> list[Finding]:
    calendar = book.rules.cadence.calendar
    business = BusinessCalendar(calendar.country, calendar.closing_days)
    today = machine_time().astimezone(ZoneInfo(book.rules.scoring.time_zone)).date()
    return lint(_written(book, lists), business.is_business_day, today)


def _show_advice(shown: Console, advice: Sequence[Finding]) -> None:
    """One line each, as editors and terminals understand places; it stops nothing."""
    if not advice:
        shown.print("No advice about the rules.")
        return
    shown.print(f"\nAdvice about the rules ({len(advice)}); it stops nothing:")
    for one in advice:
        shown.print(f"  {one}", markup=False, soft_wrap=True)


def _zones(settings: Settings, *, quiet: bool) -> list[ZoneFinding]:
    with river_of(settings, quiet=quiet) as river:
        return upkeep.zones(river, machine_offset())


def _show_zones(shown: Console, clocks: list[ZoneFinding]) -> None:
    rows = table("Time zones", "whose", "zone", "differs", "what follows")
    words = {True: "yes", False: "no", None: "not known"}
    for one in clocks:
        rows.add_row(one.whose, one.zone, words[one.differs], one.follows)
    shown.print()
    shown.print(rows)
