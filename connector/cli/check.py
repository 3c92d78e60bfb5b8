"""`connector check`: are the mapping and the rules sound?"""

from __future__ import annotations

import click

from connector.bootstrap import load_rulebook, rules_folder
from connector.cli.shared import Options, console, echo_json, json_option, place_options
from connector.firmographics.register import load_register
from connector.rules.lists import load_lists
from connector.rules.schedule import load_schedule
from connector.store.binding import open_binding


@click.command()
@place_options
@json_option
@click.pass_obj
def check(options: Options, as_json: bool) -> int:
    """Check settings, mapping, rules and company files without touching an org. All problems at once."""
    settings = options.settings()
    folder = rules_folder(settings)
    book = load_rulebook(folder)
    load_schedule(folder)
    load_lists(folder, open_binding())
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
    if as_json:
        echo_json({"ok": True, **found})
        return 0
    shown = console()
    shown.print(f"Sound: {folder}")
    for name, value in found.items():
        if name != "mappings":
            shown.print(f"  {name.replace('_', ' ')}: {value}")
    return 0
