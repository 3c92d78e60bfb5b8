"""`connector overdue`: who has stood too long where they stand, and what comes now."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.markup import escape

from connector.cli.asking import evaluated
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.domain.vocabulary import BUYING_STAGE_NAMES, VALUE_NAMES
from connector.reporting.overdue import Overdue, Standing, overdue_of
from connector.rules.load import RuleSet
from connector.rules.names import Name
from connector.rules.stages import STAGES, Stage

CLOCKS = {
    "limit": "Over the time of their stage",
    "stage": "Longer in their stage than people like them need",
    "buying_stage": "Longer at their buying stage than people like them need",
}


@click.command()
@click.option("--stage", type=click.Choice(STAGES), help="Only who stands in this stage.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="Of each list.")
@click.option("--as-of", "as_of", help="All that is known now and had happened by then (ISO 8601).")
@place_options
@json_option
@click.pass_obj
def overdue(options: Options, stage: Stage | None, limit: int, as_of: str | None, as_json: bool) -> int:
    """Show who has stood longer in a stage than it may last, or than people like them need."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        moment = evaluated(river, as_of)
        found = overdue_of(river.store.run, stage)
        if as_json:
            echo_json({"as_of": moment.isoformat(), **document(found, moment)})
        else:
            zone = ZoneInfo(river.rules.scoring.time_zone)
            console().print(f"As of {moment.astimezone(zone):%Y-%m-%d %H:%M}, by what the store knows.\n")
            show(console(), found, moment, _names(river.rules, river.mapping.fields.language), zone, limit)
    return 0


def document(found: Standing, as_of: datetime) -> dict[str, Any]:
    """For machines: all of them."""
    return {
        "counts": {clock: dict(places) for clock, places in found.counts.items()},
        "overdue": [
            {
                **asdict(row),
                "since": row.since.isoformat(),
                "until": row.until.isoformat(),
                "days": row.days_over(as_of),
            }
            for row in found.rows
        ],
    }


def show(shown: Console, found: Standing, as_of: datetime, names: dict[str, str], zone: ZoneInfo, limit: int) -> None:
    """One list a clock."""
    if not found.rows:
        shown.print("Nobody has stood too long.")
    for clock, head in CLOCKS.items():
        rows = [row for row in found.rows if row.clock == clock]
        if rows:
            _show_clock(shown, f"{head} ({len(rows):,})", rows[:limit], as_of, names, zone)
            left = len(rows) - limit
            shown.print(f"… and {left:,} more\n" if left > 0 else "")


def _show_clock(
    shown: Console, head: str, rows: list[Overdue], as_of: datetime, names: dict[str, str], zone: ZoneInfo
) -> None:
    listed = table(head, "who", "record", "stage", "since", "days over", "owner", "then", right=("days over",))
    for row in rows:
        who = " · ".join(word for word in (row.name, row.company) if word) or row.person_id
        owner = row.owner_name or row.owner or names.get(row.team or "", row.team) or "–"
        listed.add_row(
            escape(who), row.record or "–", escape(names.get(row.place, row.place)),
            f"{row.since.astimezone(zone):%Y-%m-%d}", f"{row.days_over(as_of):,}", escape(owner),
            names.get(row.then or "", row.then) or "–",
        )  # fmt: skip
    shown.print(listed)


def _names(rules: RuleSet, language: str) -> dict[str, str]:
    def word(name: Name) -> str:
        return name.ja if language == "ja" else name.en

    ours = {key: names[0 if language == "ja" else 1] for key, names in {**VALUE_NAMES, **BUYING_STAGE_NAMES}.items()}
    return {**ours, **{stage: word(text.name) for stage, text in rules.lifecycle.stages.items()}}
