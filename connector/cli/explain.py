"""`connector explain PERSON`: every point, criterion, transition and write."""

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
from connector.cli.asking import moment_asked, moment_told
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.engine.explain import Fit, LedgerLine
from connector.errors import ConfigurationError
from connector.reporting.explanation import Explanation, Horizon, Write, explanation_of, find_person
from connector.rules.model import Name

MARKS = {"met": "✓", "missed": "✗", "unknown": "?"}


@click.command()
@click.argument("person")
@click.option("--as-of", "as_of", help="All that is known now and had happened by then (ISO 8601).")
@click.option("--as-known-at", "known_at", help="Only what had been seen by then (ISO 8601).")
@place_options
@json_option
@click.pass_obj
def explain(options: Options, person: str, as_of: str | None, known_at: str | None, as_json: bool) -> int:
    """Explain a person, named by e-mail address or any record id."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        moment = moment_asked(river, as_of or known_at)
        happened = moment_told(as_of, river) if as_of else None
        recorded = moment_told(known_at, river) if known_at else None
        flow.mirror(river, as_of=happened, known_at=recorded)
        flow.enrich(river, moment, remember=False)
        flow.score(river, moment)
        flow.decide(river, moment)
        person_id = find_person(river.store.run, person)
        horizon = Horizon(happened, recorded)
        found = explanation_of(river.store.run, river.rules, moment, person_id, horizon) if person_id else None
        if found is None:
            raise ConfigurationError(
                f"Nobody living in the mirror has the address or record id {person!r}. "
                "`connector status` shows how far the mirror has been read."
            )
        if as_json:
            echo_json(document(found))
        else:
            show(console(), found, river.rules.scoring.time_zone)
    return 0


def show(shown: Console, found: Explanation, zone: str) -> None:
    """An explanation for people: the sum first, then how it came about. Times in the zone of the rules."""
    local = ZoneInfo(zone)
    person = found.person
    who = " · ".join(word for word in (person.name, person.company, person.department, person.title) if word)
    shown.print(f"[bold]{escape(who or person.person_id)}[/bold]  ({', '.join(person.records)})", soft_wrap=True)
    since = f" since {person.hot_since.astimezone(local):%Y-%m-%d %H:%M}" if person.hot_since else ""
    parts = (
        ("source", person.score_source),
        ("behaviour", person.score_behaviour),
        ("inactivity", person.score_inactivity),
    )
    shown.print(
        f"[bold]{person.stage}[/bold]{since} ({person.stage_rule.replace('_', ' ')})   "
        f"score [bold]{person.score}[/bold] = {', '.join(f'{name} {points:+d}' for name, points in parts)}"
    )
    _show_fit(shown, found.fit)
    rows = table("", "when", "points", "total", "rule", "what", right=("points", "total"))
    for line in found.ledger:
        colour = "green" if line.points > 0 else "red"
        rows.add_row(
            f"{line.at.astimezone(local):%Y-%m-%d %H:%M}",
            f"[{colour}]{line.points:+d}[/{colour}]",
            str(line.running_total),
            escape(_both(line.name)),
            escape(line.what),
        )
    shown.print(rows)
    for moment, before, after, reason in found.transitions:
        shown.print(f"{moment.astimezone(local):%Y-%m-%d %H:%M}  {before or 'new'} → {after} ({reason})")
    for one in found.lists:
        until = f", follow up until {one.follow_up_until}" if one.follow_up_until else ""
        shown.print(f"List {escape(one.name)}: {escape(one.segment_name or 'no segment')}{until}", soft_wrap=True)
        for question, answer in one.answers.items():
            shown.print(f"  [dim]{escape(question)}[/dim] {escape(answer)}", soft_wrap=True)
    for cadence, start, end in found.cadences:
        shown.print(f"Cadence {cadence} from {start}" + (f", ended: {end}" if end else ", open"))
    for write in found.writes:
        values = ", ".join(f"{field}: {write.before.get(field)} → {value}" for field, value in write.after.items())
        when = f"{write.at.astimezone(local):%Y-%m-%d %H:%M}"
        shown.print(f"{when}  wrote {write.object} {write.record} ({write.outcome}): {escape(values)}", soft_wrap=True)
    shown.print()


def _show_fit(shown: Console, fit: Fit | None) -> None:
    if fit is None:
        return
    tier = f"{escape(_both(fit.tier_name))} ({fit.tier_rule})" if fit.tier_name else "no tier"
    bounds = "".join(
        f", {word} {bound} by the tier" for word, bound in (("at least", fit.floor), ("at most", fit.cap)) if bound
    )
    shown.print(f"Grade [bold]{fit.grade}[/bold]: {fit.start} {fit.thirds:+d} thirds{bounds}. Tier: {tier}.")
    for line in fit.criteria:
        evidence = ", ".join(f"{key} = {value}" for key, value in line.evidence.items() if value is not None)
        shown.print(
            f"  {MARKS[line.outcome]} {escape(_both(line.name))} {line.thirds:+d}  "
            f"[dim]{escape(evidence) or 'not known'}[/dim]"
        )


def document(found: Explanation) -> dict[str, Any]:
    """The explanation for machines. `ledger` points add up to `score`."""
    person = found.person
    return {
        "as_of": found.as_of.isoformat(),
        "person_id": person.person_id,
        "name": person.name,
        "company": person.company,
        "records": list(person.records),
        "stage": person.stage,
        "stage_rule": person.stage_rule,
        "hot_since": _iso(person.hot_since),
        "score": person.score,
        "score_source": person.score_source,
        "score_behaviour": person.score_behaviour,
        "score_inactivity": person.score_inactivity,
        "ledger": [_ledger_document(line) for line in found.ledger],
        **_fit_document(found.fit),
        "transitions": [
            {"at": _iso(moment), "from": before, "to": after, "reason": reason}
            for moment, before, after, reason in found.transitions
        ],
        "cadences": [{"cadence": name, "start": start, "end_reason": end} for name, start, end in found.cadences],
        "writes": [_write_document(write) for write in found.writes],
        "lists": [{**asdict(one), "happened_at": _iso(one.happened_at)} for one in found.lists],
    }


def _ledger_document(line: LedgerLine) -> dict[str, Any]:
    return {
        "at": _iso(line.at),
        "rule": line.rule_id,
        "points": line.points,
        "total": line.running_total,
        "what": line.what,
        "activity_id": line.activity_id,
    }


def _write_document(write: Write) -> dict[str, Any]:
    return {
        "at": _iso(write.at),
        "object": write.object,
        "record": write.record,
        "before": dict(write.before),
        "after": dict(write.after),
        "outcome": write.outcome,
    }


def _fit_document(fit: Fit | None) -> Mapping[str, Any]:
    if fit is None:
        return {"grade": None, "tier": None, "criteria": []}
    return {
        "grade": fit.grade,
        "grade_thirds": fit.thirds,
        "tier": fit.tier,
        "tier_rule": fit.tier_rule,
        "criteria": [
            {"id": line.id, "outcome": line.outcome, "thirds": line.thirds, "evidence": dict(line.evidence)}
            for line in fit.criteria
        ],
    }


def _both(name: Name | None) -> str:
    if name is None:
        return ""
    return name.en if name.en == name.ja else f"{name.en}（{name.ja}）"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
