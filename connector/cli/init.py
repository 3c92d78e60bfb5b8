"""`connector init`: a folder with a first mapping, made from what the org itself shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click
from rich.markup import escape

from connector.bootstrap import load_rulebook
from connector.cli.live_check import write_files
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.reporting.first_mapping import first_mapping, told
from connector.river import here
from connector.rules.load import DEFAULT, SHIPPED
from connector.rules.mapping import FIELDS_FILE, load_mapping
from connector.salesforce.org_shown import ask_org


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@place_options
@json_option
@click.pass_obj
def init(options: Options, folder: Path, as_json: bool) -> int:
    """Write a first mapping and the shipped rules into FOLDER, a new or empty one. Asks the org, changes nothing there.

    What is guessed is marked in the file.
    """
    shipped = SHIPPED / DEFAULT
    write_files(folder, {})  # Refuses a folder that has files before the org is asked.
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(shipped.glob("*.yaml"))}
    mapping = load_mapping(shipped)
    # The mapping that is in use may be wrong or for another org: what is asked for here comes from the shipped one.
    with river_of(options.settings(mappings=str(shipped)), quiet=as_json) as river:
        org = ask_org(here(river).reader, mapping.fields.salesforce)
    files[FIELDS_FILE], choices = first_mapping(mapping, files[FIELDS_FILE], org)
    write_files(folder, files)
    load_rulebook(folder)
    counts = Counter(one.how for one in choices)
    if as_json:
        words = {"lead_statuses": len(org.lead_statuses), "opportunity_stages": len(org.stages)}
        lines = [asdict(one) for one in choices]
        echo_json({"folder": str(folder), "files": sorted(files), "counts": dict(counts), "lines": lines, **words})
        return 0
    shown = console()
    shown.print(f"Written: {escape(str(folder))} ({', '.join(sorted(files))})", soft_wrap=True)
    shown.print(f"  lines that the org has: {counts['mapped'] + counts['written']}")
    for sentence in told(choices):
        shown.print(f"  {sentence}", markup=False, soft_wrap=True)
    shown.print(f"Look at {FIELDS_FILE}, then: connector check --live --mappings {escape(str(folder))}", soft_wrap=True)
    return 0
