"""`connector check`: are the mapping and the rules sound?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.markup import escape

from connector import upkeep
from connector.bootstrap import Rulebook, load_rulebook, machine_offset, machine_time, rules_folder
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.engine.cadence import BusinessCalendar
from connector.firmographics.register import load_register
from connector.reporting.zones import ZoneFinding
from connector.rules.lint import lint
from connector.rules.lists import Lists, load_lists
from connector.rules.schedule import load_schedule
from connector.rules.written import Finding, written
from connector.settings import Settings
from connector.store.binding import open_binding


@click.command()
@click.option("--zones", is_flag=True, help="Ask the org and Account Engagement for their time zones as well.")
@place_options
@json_option
@click.pass_obj
def check(options: Options, zones: bool, as_json: bool) -> int:
    """Check settings, mapping, rules and company files, all problems at once, and give advice about rules.

    With --zones the clocks too.
    """
    settings = options.settings()
    folder = rules_folder(settings)
    book = load_rulebook(folder)
    load_schedule(folder)
    lists = load_lists(folder, open_binding())
    register = load_register(settings.companies, settings.targets)
    found = {
        "mappings": str(folder),
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
    advice = _advice(book, lists)
    clocks = _zones(settings, quiet=as_json) if zones else []
    if as_json:
        told = {"zones": [asdict(one) for one in clocks], "advice": [asdict(one) for one in advice]}
        echo_json({"ok": True, **found, **told})
        return 0
    shown = console()
    shown.print(f"Sound: {escape(str(folder))}")
    for name, value in found.items():
        if name != "mappings":
            shown.print(f"  {name.replace('_', ' ')}: {value}")
    _show_advice(shown, advice)
    if clocks:
        _show_zones(shown, clocks)
    return 0


def _advice(book: Rulebook, lists: Lists) -> list[Finding]:
    calendar = book.rules.cadence.calendar
    business = BusinessCalendar(calendar.country, calendar.closing_days)
    today = machine_time().astimezone(ZoneInfo(book.rules.scoring.time_zone)).date()
    rules = written(book.folder, book.rules, book.content, book.mapping.fields, lists)
    return lint(rules, business.is_business_day, today)


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
