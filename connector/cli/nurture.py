"""`connector nurture`: who is on which track, to whom content may be offered, and past leads like a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.markup import escape

from connector import flow
from connector.cli.asking import evaluated
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.domain.vocabulary import BUYING_STAGE_NAMES, VALUE_NAMES
from connector.engine.next_action import next_actions
from connector.engine.similar import Similar, similar
from connector.errors import ConfigurationError
from connector.reporting.explanation import find_person
from connector.reporting.nurture import Nurtured, Nurturing, nurturing_of
from connector.river import River
from connector.rules.content import OFFERED

MOST_LEADS_SHOWN = 10


@click.command()
@click.option("--track", help="The people on this track, by its id.")
@click.option("--content", help="The people who may be offered this content, by its id.")
@click.option("--like", "like", help="Past leads like this person: an e-mail address or any record id.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="Of the people shown.")
@click.option("--as-of", "as_of", help="All that is known now and had happened by then (ISO 8601).")
@place_options
@json_option
@click.pass_obj
def nurture(options: Options, /, like: str | None, limit: int, as_of: str | None, as_json: bool, **whom: Any) -> int:
    """Show who is nurtured on which track, and to whom content may be offered."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        _refuse_unknown(river, **whom)
        moment = evaluated(river, as_of)
        run = river.store.run
        next_actions(river.rules, moment, flow.today(river, moment), run, river.store.load)
        found = nurturing_of(run, **whom)
        past = _like(river, like, moment) if like else None
        if as_json:
            echo_json({"as_of": moment.isoformat(), **document(found, past)})
        else:
            local = moment.astimezone(ZoneInfo(river.rules.scoring.time_zone))
            console().print(f"As of {local:%Y-%m-%d %H:%M}, by what the store knows.\n")
            if past is not None:
                _show_similar(console(), past)
            else:
                _show(console(), found, river, limit, asked=any(whom.values()))
    return 0


def _refuse_unknown(river: River, track: str | None, content: str | None) -> None:
    tracks = [one.id for one in river.rules.nurture.tracks]
    if track is not None and track not in tracks:
        raise ConfigurationError(f"--track: nurture.yaml has no track {track!r}. There: {', '.join(tracks) or 'none'}.")
    there = [item.id for item in river.content.content if item.stage and item.activity in OFFERED]
    if content is not None and content not in there:
        raise ConfigurationError(
            f"--content: {content!r} is nothing that can be offered. There: {', '.join(there) or 'nothing'}."
        )


def _like(river: River, like: str, moment: datetime) -> Similar:
    person = find_person(river.store.run, like)
    if person is None:
        raise ConfigurationError(f"Nobody living in the mirror has the address or record id {like!r}.")
    return similar(river.rules, moment, person, river.store.run)


def document(found: Nurturing, past: Similar | None) -> dict[str, Any]:
    """For machines: all people who were asked about."""
    return {**asdict(found), "similar": None if past is None else _similar_document(past)}


def _similar_document(past: Similar) -> dict[str, Any]:
    leads = [
        {**asdict(lead), "closed_at": None if lead.closed_at is None else lead.closed_at.isoformat()}
        for lead in past.leads
    ]
    return {**asdict(past), "leads": leads}


Names = Mapping[str, Mapping[str, str]]


def _show(shown: Console, found: Nurturing, river: River, limit: int, *, asked: bool) -> None:
    """The tracks with their counts, and what speaks against the others; or the people who were asked about."""
    names = _names(river)
    if asked:
        _show_people(shown, found.people, names, limit)
        return
    rows = table("Nurtured", "track", "list", "people", right=("people",))
    for one in found.tracks:
        rows.add_row(
            escape(names["track"].get(one.track or "", "on no track")), escape(one.list or "–"), f"{one.people:,}"
        )
    shown.print(rows)
    shown.print(f"{found.without_offer:,} of them have seen all that could be offered.\n")
    for head, kind, counts in (
        ("Not nurtured", "why", found.refused),
        ("Screened out", "why", found.screened),
        ("Personas", "persona", found.personas),
    ):
        _show_counts(shown, head, {names[kind].get(key, key): count for key, count in counts.items()})


def _names(river: River) -> Names:
    """What things are called in the CRM's language, by the column or line in which they are shown."""
    language = river.mapping.fields.language
    place = 0 if language == "ja" else 1
    life, nurture = river.rules.lifecycle, river.rules.nurture
    stages: dict[str, str] = {key: getattr(one.name, language) for key, one in life.stages.items()}
    return {
        "track": {one.id: getattr(one.name, language) for one in nurture.tracks},
        "persona": {one.id: getattr(one.name, language) for one in nurture.personas},
        "offer": {one.id: getattr(one.name, language) for one in river.content.content},
        "buying_stage": {key: words[place] for key, words in BUYING_STAGE_NAMES.items()},
        "why": {**{key: words[place] for key, words in VALUE_NAMES.items()}, **stages},
    }


def _show_counts(shown: Console, head: str, counts: Mapping[str, int]) -> None:
    if counts:
        shown.print(f"{head}: {', '.join(f'{word} {count:,}' for word, count in counts.items())}.")


def _show_people(shown: Console, people: tuple[Nurtured, ...], names: Names, limit: int) -> None:
    if not people:
        shown.print("Nobody.")
        return
    rows = table(f"People ({len(people):,})", "who", "record", "buying stage", "persona", "product", "track", "offer")
    for one in people[:limit]:
        who = " · ".join(word for word in (one.name, one.company) if word) or one.person_id
        offer = " (seen the one asked about)" if one.seen else ""
        ids = (("buying_stage", one.buying_stage), ("persona", one.persona), ("track", one.track), ("offer", one.offer))
        stage, persona, track, content = (escape(names[kind].get(key, key) if key else "–") for kind, key in ids)
        product = escape(one.product or "–")
        rows.add_row(escape(who), one.record or "–", stage, persona, product, track, content + offer)
    shown.print(rows)
    left = len(people) - limit
    shown.print(f"… and {left:,} more\n" if left > 0 else "")


def _show_similar(shown: Console, past: Similar) -> None:
    """How past leads like a person ended; nothing more where there are too few of them."""
    traits = ", ".join(f"{name} {value}" for name, value in past.traits.items())
    shown.print(f"Known: {escape(traits) or 'nothing'}.")
    shown.print(
        f"{len(past.leads):,} past leads are like this person: {past.won:,} won, {past.lost:,} lost. "
        f"Of all past leads {past.all_won:,} were won and {past.all_lost:,} lost."
    )
    if not past.enough:
        shown.print("Too few to learn from.")
        return
    for one in past.preceding:
        done = " This person did that, too." if one.done else ""
        shown.print(
            f"- {escape(one.what)}: before the deal by {one.won} of {past.won} who were won, {one.lost} of {past.lost} "
            f"who were lost.{done}"
        )
    rows = table("The likest", "person", "ended", "closed", "alike", "different")
    for lead in past.leads[:MOST_LEADS_SHOWN]:
        closed = "–" if lead.closed_at is None else f"{lead.closed_at:%Y-%m-%d}"
        rows.add_row(lead.person_id, lead.outcome, closed, ", ".join(lead.alike), ", ".join(lead.different) or "–")
    shown.print(rows)
