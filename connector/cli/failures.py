"""`connector failures`: what the org refuses, grouped by what it says and by the field, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from connector.applying.refusals import refusal
from connector.bootstrap import store_path
from connector.cli.shared import Options, console, echo_json, json_option, place_options
from connector.errors import ConfigurationError
from connector.store.database import open_store
from connector.store.failures import KeptFailure, failures, release

EXAMPLES = 3
WHAT_COMES: Mapping[str, str] = {
    "now": "sent again by itself",
    "later": "sent again by itself",
    "next": "the next plan brings what is right",
    "person": "waits for somebody; tried once a day",
}


@dataclass(frozen=True)
class Group:
    """Failures of one object with one code in the same fields, oldest first."""

    object: str
    code: str
    fields: tuple[str, ...]
    remedy: str
    rows: tuple[KeptFailure, ...]

    @property
    def since(self) -> datetime:
        return self.rows[0].since

    @property
    def last_at(self) -> datetime:
        return max(row.last_at for row in self.rows)

    @property
    def advice(self) -> str:
        return refusal(self.code).advice


@click.command("failures")
@click.option("--retry", is_flag=True, help="Let the next plan send all that waits for somebody.")
@place_options
@json_option
@click.pass_obj
def failures_command(options: Options, retry: bool, as_json: bool) -> int:
    """Show the rows that were refused and that nothing has resolved yet, with the platform's own words."""
    path = store_path(options.settings())
    if not path.exists():
        raise ConfigurationError(f"There is no store {path} yet. `connector pull` makes it.")
    with open_store(path, announce=lambda sentence: click.echo(sentence, err=True)) as store:
        released = release(store) if retry else 0
        groups = grouped(failures(store.run))
    if as_json:
        echo_json({**document(groups), "released": released})
    else:
        show(console(), groups, released)
    return 0


def grouped(rows: Iterable[KeptFailure]) -> list[Group]:
    """The groups, those that wait for somebody first, then the largest."""

    def key(row: KeptFailure) -> tuple[str, str, tuple[str, ...], str]:
        return row.object, row.code, row.fields, row.remedy

    groups = [
        Group(*shared, tuple(sorted(mine, key=lambda row: (row.since, row.record))))
        for shared, mine in groupby(sorted(rows, key=key), key)
    ]
    return sorted(groups, key=lambda one: (one.remedy != "person", -len(one.rows), one.object, one.code))


def document(groups: Sequence[Group]) -> dict[str, Any]:
    """For machines: all rows."""
    return {
        "count": sum(len(group.rows) for group in groups),
        "oldest": min((group.since for group in groups), default=None),
        "groups": [
            {
                "object": group.object,
                "code": group.code,
                "fields": list(group.fields),
                "remedy": group.remedy,
                "advice": group.advice,
                "count": len(group.rows),
                "since": group.since,
                "rows": [
                    {
                        "record": row.record,
                        "message": row.message,
                        "since": row.since,
                        "times": row.times,
                        "last_at": row.last_at,
                        "run": row.run_id,
                    }
                    for row in group.rows
                ],
            }
            for group in groups
        ],
    }


def show(shown: Console, groups: Sequence[Group], released: int) -> None:
    """A paragraph a group: how many, since when, the platform's words, what to do."""
    if released:
        shown.print(f"The next plan sends {released:,} that waited.")
    if not groups:
        shown.print("Nothing is refused: every write has gone through.")
    for group in groups:
        field = f" · {', '.join(group.fields)}" if group.fields else ""
        shown.print(f"[bold]{len(group.rows):,} × {group.object} {escape(group.code)}{escape(field)}[/bold]")
        times = f"since {group.since:%Y-%m-%d %H:%M}, last {group.last_at:%Y-%m-%d %H:%M} UTC"
        shown.print(f"  {WHAT_COMES[group.remedy]}; {times}")
        for row in group.rows[:EXAMPLES]:
            often = f" ({row.times} times)" if row.times > 1 else ""
            shown.print(f"  {row.record}{often}: {escape(row.message or 'without a word')}", soft_wrap=True)
        left = len(group.rows) - EXAMPLES
        if left > 0:
            shown.print(f"  … and {left:,} more")
        shown.print(f"  → {group.advice}\n", soft_wrap=True)
