"""`connector today`: per rep whom to call, in which order and why; and what falls between the chairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.markup import escape

from connector import flow
from connector.cli.asking import moment_asked, moment_told
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.engine.next_action import next_actions
from connector.errors import ConfigurationError
from connector.planning.history import history_persons
from connector.reporting.today import Asked, Call, Gap, Rep, Today, is_owner, only, today_of

GAPS_SHOWN = 20
GAPS = {
    "nobody_owns": "Nobody owns them",
    "owner_left": "Their owner is not active any more",
    "out_of_reach": "They may be neither called nor written to",
    "no_next_action": "They have no next action",
    "closed_without_reason": "They were lost or closed, and nobody said why",
}
"""What is missing, by the word in the document."""


@click.command()
@click.option("--owner", help="Only this user, queue or team: a name or an id.")
@click.option("--as-of", "as_of", help="All that is known now and had happened by then (ISO 8601).")
@place_options
@json_option
@click.pass_obj
def today(options: Options, owner: str | None, as_of: str | None, as_json: bool) -> int:
    """Show whom to call today, per rep and ranked, and the leads about whom nobody does anything."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        moment = moment_asked(river, as_of)
        flow.mirror(river, as_of=moment_told(as_of, river) if as_of else None)
        flow.enrich(river, moment, remember=False)
        flow.score(river, moment)
        flow.decide(river, moment)
        run, rules, fields = river.store.run, river.rules, river.mapping.fields
        next_actions(rules, moment, flow.today(river, moment), run, river.store.load)
        reviews = fields.guard.reviews_per_owner_a_day
        asked = Asked(rules, river.content, fields.language, moment, history_persons(run), reviews)
        found: Today | None = today_of(run, asked)
        if owner is not None and found is not None:
            day = found.day
            found = only(found, owner) or (Today(day) if is_owner(run, owner) else None)
        if found is None:
            raise ConfigurationError(
                f"There is no owner {owner!r}: give the name or the id of a user or a queue, or inside_sales, "
                "field_sales or marketing."
            )
        if as_json:
            echo_json({"as_of": moment.isoformat(), **document(found)})
        else:
            local = moment.astimezone(ZoneInfo(rules.scoring.time_zone))
            console().print(f"As of {local:%Y-%m-%d %H:%M}, by what the store knows.\n")
            words = {item.id: item.name for item in rules.lifecycle.hearing}
            show(console(), found, {one: getattr(name, fields.language) for one, name in words.items()})
    return 0


def show(shown: Console, found: Today, items: Mapping[str, str]) -> None:
    """The lists for people, one a rep, and the gaps below. `items`: what the items of the hearing are called."""
    if not found.reps:
        shown.print("Nobody is to be called.\n")
    for rep in found.reps:
        _show_rep(shown, rep, items)
    for kind, words in GAPS.items():
        gaps = [gap for gap in found.gaps if gap.gap == kind]
        if gaps:
            _show_gaps(shown, words, gaps)


def _show_rep(shown: Console, rep: Rep, items: Mapping[str, str]) -> None:
    late = sum(call.overdue for call in rep.calls)
    head = f"{rep.name}{'' if rep.active else ' (not active)'}: {len(rep.calls)} to do"
    rows = table(
        head + (f", {late} overdue" if late else ""), "", "due", "by", "who", "record", "why", "ask", right=("",)
    )
    for call in rep.calls:
        due = f"[red]{call.due} overdue[/red]" if call.overdue else f"{call.due}"
        who = " · ".join(word for word in (call.name, call.company) if word) or call.person_id
        why = escape(call.reason) + (f" (offer {escape(call.content)})" if call.content else "")
        ask = escape(", ".join(items.get(one, one) for one in call.ask))
        rows.add_row(f"{call.rank}", due, call.channel, escape(who), call.record or "–", why, ask)
    shown.print(rows)
    shown.print(f"{rep.waiting} more to be looked at wait for another day.\n" if rep.waiting else "")


def _show_gaps(shown: Console, words: str, gaps: list[Gap]) -> None:
    rows = table(f"{words} ({len(gaps):,})", "who", "record", "stage", "score", "owner", right=("score",))
    for gap in gaps[:GAPS_SHOWN]:
        who = " · ".join(word for word in (gap.name, gap.company) if word) or gap.person_id
        owner = gap.owner_name or gap.owner or "–"
        rows.add_row(escape(who), gap.record or "–", gap.stage, f"{gap.score:,}", escape(owner))
    shown.print(rows)
    left = len(gaps) - GAPS_SHOWN
    shown.print(f"… and {left:,} more\n" if left > 0 else "")


def document(found: Today) -> dict[str, Any]:
    """The same for machines; all gaps are in it."""
    return {
        "day": found.day.isoformat(),
        "reps": [
            {
                "owner": rep.owner,
                "name": rep.name,
                "active": rep.active,
                "waiting": rep.waiting,
                "calls": [_call_document(call) for call in rep.calls],
            }
            for rep in found.reps
        ],
        "gap_counts": dict(found.gap_counts),
        "gaps": [asdict(gap) for gap in found.gaps],
    }


def _call_document(call: Call) -> dict[str, Any]:
    return {**asdict(call), "due": call.due.isoformat(), "ask": list(call.ask), "questions": list(call.questions)}
