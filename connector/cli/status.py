"""`connector status`: how far everything is, what is left of the day's calls, and whether anything stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click
from rich.console import Console
from rich.markup import escape

from connector.applying.switch import switched_off
from connector.bootstrap import call_policy, load_rulebook, machine_time, rules_folder, store_path
from connector.cli.render import hidden_document, show_hidden, table
from connector.cli.shared import Options, console, echo_json, json_option, place_options
from connector.cli.status_words import show_status_words, status_words_document
from connector.domain.calls import SALESFORCE
from connector.domain.hidden import HiddenField
from connector.errors import ConfigurationError
from connector.reporting.budget import AccountBudget
from connector.reporting.closings import closed_without_reason
from connector.reporting.outlook import Expected, Outlook, StreamOutlook, outlook
from connector.reporting.over_time import over_time
from connector.reporting.report import Evaluated, Status, StreamState, status_of
from connector.reporting.statuses import StatusWord, status_words
from connector.rules.mapping import load_mapping
from connector.rules.schedule import load_schedule
from connector.settings import Settings
from connector.store.database import open_store
from connector.store.hidden_fields import hidden_fields

STANDS_STILL = 1


@click.command()
@place_options
@json_option
@click.pass_obj
def status(options: Options, as_json: bool) -> int:
    """Show how far each stream has been read, what is left of the day's calls, the last runs, and what waits.

    Exit code 1 when a stream stands still.
    """
    settings = options.settings()
    path = store_path(settings)
    if not path.exists():
        raise ConfigurationError(f"There is no store {path} yet. `connector pull` makes it.")
    expected = _expected(settings)
    with open_store(path, announce=lambda sentence: click.echo(sentence, err=True)) as store:
        found, ahead = status_of(store.run), outlook(store.run, expected, machine_time())
        hidden = hidden_fields(store)
        book = load_rulebook(rules_folder(settings))
        fields = book.mapping.fields
        waiting = over_time(store.run, book.rules.lifecycle, ahead.now)
        words = status_words(store.run, fields)
        reasonless = closed_without_reason(store.run, fields)
        found = replace(found, over_time=waiting)
        found = replace(found, reasonless_leads=reasonless.leads, reasonless_deals=reasonless.deals)
    off = switched_off(*settings.switch_folders, by_setting=settings.writes == "off")
    found = replace(found, writes_off=None if off is None else off.sentence)
    if as_json:
        echo_json(document(found, ahead, hidden, words))
    else:
        _show(console(), found, ahead)
        show_hidden(console(), hidden)
        show_status_words(console(), words)
    return STANDS_STILL if ahead.alarms else 0


def _expected(settings: Settings) -> Expected:
    folder = rules_folder(settings)
    schedule = load_schedule(folder)
    units = {"salesforce": ("",), "account_engagement": settings.account_engagement_business_unit_ids}
    streams = [
        (mapped.stream.name, unit)
        for mapped in load_mapping(folder).fields.streams
        for unit in units[mapped.stream.remote]
    ]
    return Expected(schedule, call_policy(settings, schedule), streams)


def _show(shown: Console, found: Status, ahead: Outlook) -> None:
    since = found.writes_allowed_since
    words = f"writes allowed since {since:%Y-%m-%d}" if since else "only planned so far: nothing may be written"
    shown.print(f"[bold]{escape(found.org_name or 'No org yet')}[/bold] {found.org_id or ''} ({words})\n")
    if found.writes_off is not None:
        shown.print(f"[red]{escape(found.writes_off)}[/red]. `connector writes on` switches them on again.\n")
    for sentence in ahead.alarms:
        shown.print(f"[red]{sentence}[/red]\n")
    _show_streams(shown, found, ahead)
    _show_budgets(shown, ahead)
    runs = table("Last runs", "run", "command", "started", "outcome")
    for run in found.runs:
        runs.add_row(run.run_id, run.command, f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC", run.outcome or "not finished")
    shown.print(runs)
    shown.print(f"\nOpen cadence runs: {found.open_runs}. Writes whose outcome is unknown: {found.unsettled}.")
    if found.locks:
        counted = ", ".join(
            f"{one.object}.{one.field} {one.count:,} (oldest since {one.oldest:%Y-%m-%d})" for one in found.locks
        )
        shown.print(f"Kept as people set them: {counted}. `connector locks` lists them.")
    if found.awaiting_word:
        counted = ", ".join(f"{kind} {count:,}" for kind, count in found.awaiting_word.items())
        shown.print(f"Waiting for somebody's word: {counted}. `connector approve` lists them.")
    if found.reasonless_leads or found.reasonless_deals:
        counted = f"leads {found.reasonless_leads or 0:,}, deals {found.reasonless_deals or 0:,}"
        shown.print(f"Closed or lost without a reason: {counted}. `connector today` names them and whom to ask.")
    if found.over_time:
        counted = ", ".join(f"{stage} {count:,}" for stage, count in found.over_time.items())
        shown.print(f"Over the time of their stage: {counted}. `connector overdue` names them.")
    _show_evaluated(shown, found.evaluated)
    if found.forgotten:
        shown.print(f"People forgotten: {found.forgotten}. What the org still shows of them is turned away.")
    if found.refused and found.refused_since:
        oldest = f"the oldest since {found.refused_since:%Y-%m-%d %H:%M} UTC"
        shown.print(f"Refused and not resolved: {found.refused:,}, {oldest}. `connector failures` says what to do.")
    for object_name, code, count in found.failures:
        shown.print(f"Refused in the last run: {count} × {object_name} {code}")


def _show_evaluated(shown: Console, last: Evaluated | None) -> None:
    if last is None:
        return
    everybody = f"everybody {last.everybody_at:%Y-%m-%d %H:%M} UTC"
    shown.print(f"Last evaluated: {last.people:,} of {last.known:,} people {last.as_of:%m-%d %H:%M} UTC; {everybody}.")
    if last.differences:
        shown.print(
            f"[red]Looking at everybody found {last.differences:,} people whom the looks before it had left out.[/red] "
            "Their decisions are right now; send `connector support` to whoever looks after the connector."
        )


def _show_streams(shown: Console, found: Status, ahead: Outlook) -> None:
    names = ("stream", "business unit", "records", "read up to", "behind", "state", "compared", "calls today")
    rows = table("Streams", *names, right=("records", "behind", "calls today"))
    for stream in found.streams:
        up_to = f"{stream.watermark:%Y-%m-%d %H:%M:%S} UTC" if stream.watermark else "–"
        seen = ahead.streams.get((stream.stream, stream.unit))
        rows.add_row(
            stream.stream, stream.unit or "", f"{stream.rows:,}", up_to, *_moves(seen), _compared(stream), _calls(seen)
        )
    shown.print(rows)
    if ahead.never_read:
        more = f" and {len(ahead.never_read) - 5} more" if len(ahead.never_read) > 5 else ""
        shown.print(f"Never read: {', '.join(name for name, _unit in ahead.never_read[:5])}{more}.")
    shown.print()


def _moves(seen: StreamOutlook | None) -> tuple[str, str]:
    if seen is None:
        return "–", "no longer mapped"
    lag = seen.freshness.lag
    behind = "–" if lag is None else f"{int(lag.total_seconds()) // 60:,} min"
    return behind, f"[red]{seen.freshness.state}[/red]" if seen.freshness.alarm else seen.freshness.state


def _compared(stream: StreamState) -> str:
    if stream.reconciled_at is None:
        return "–"
    found = f"{stream.missing} missing, {stream.vanished} vanished" if stream.missing or stream.vanished else "agrees"
    return f"{stream.reconciled_at:%m-%d %H:%M} {found}"


def _calls(seen: StreamOutlook | None) -> str:
    """Pulling and comparing apart."""
    return "–" if seen is None else f"{seen.pull_calls:,} + {seen.reconcile_calls:,}"


def _show_budgets(shown: Console, ahead: Outlook) -> None:
    if not ahead.budgets:
        return
    names = ("account", "used by all", "of", "used by us", "we may use", "we stop at", "calls come back")
    rows = table("API calls of the day", *names, right=names[1:6])
    for one in ahead.budgets:
        ours = f"{one.spent:,} (writes {one.ours.get('write', 0):,})"
        may = "–" if one.limit is None else f"{one.limit:,}"
        renews = "–" if one.renews_at is None else f"{one.renews_at:%Y-%m-%d %H:%M} UTC"
        rows.add_row(one.account, f"{one.used:,}", f"{one.allowed:,}", ours, may, f"{one.stop_at:,}", renews)
    shown.print(rows)
    shown.print()


def document(
    found: Status, ahead: Outlook, hidden: Sequence[HiddenField], words: Sequence[StatusWord] = ()
) -> dict[str, object]:
    """The same for machines."""
    return {
        "org": found.org_id,
        "name": found.org_name,
        "writes_allowed_since": found.writes_allowed_since,
        "now": ahead.now,
        "streams": [
            _stream_document(stream, ahead.streams.get((stream.stream, stream.unit))) for stream in found.streams
        ],
        "never_read": [{"stream": name, "unit": unit} for name, unit in ahead.never_read],
        "alarms": ahead.alarms,
        "hidden": hidden_document(hidden),
        "budgets": [_budget_document(one) for one in ahead.budgets],
        "runs": [
            {"run": run.run_id, "command": run.command, "started_at": run.started_at, "outcome": run.outcome}
            for run in found.runs
        ],
        "open_cadence_runs": found.open_runs,
        "unsettled": found.unsettled,
        "failures": [{"object": name, "code": code, "count": count} for name, code, count in found.failures],
        "refused": {"count": found.refused, "oldest": found.refused_since},
        "closed_without_reason": {"leads": found.reasonless_leads, "deals": found.reasonless_deals},
        "forgotten": found.forgotten,
        "awaiting_word": dict(found.awaiting_word),
        "writes_off": found.writes_off,
        "evaluated": _evaluated_document(found.evaluated),
        "status_words": status_words_document(words),
        "over_time": dict(found.over_time),
        "locks": [
            {"object": one.object, "field": one.field, "count": one.count, "oldest": one.oldest} for one in found.locks
        ],
    }


def _evaluated_document(last: Evaluated | None) -> dict[str, object] | None:
    if not last:
        return None
    return {
        "as_of": last.as_of,
        "people": last.people,
        "known": last.known,
        "everybody_at": last.everybody_at,
        "differences": last.differences,
    }


def _stream_document(stream: StreamState, seen: StreamOutlook | None) -> dict[str, object]:
    lag = seen.freshness.lag if seen else None
    return {
        "stream": stream.stream,
        "unit": stream.unit,
        "watermark": stream.watermark,
        "lag_seconds": None if lag is None else int(lag.total_seconds()),
        "state": seen.freshness.state if seen else None,
        "in_progress": stream.in_progress,
        "rows": stream.rows,
        "reconciled_at": stream.reconciled_at,
        "missing": stream.missing,
        "vanished": stream.vanished,
        "calls": {"pull": seen.pull_calls, "reconcile": seen.reconcile_calls} if seen else None,
    }


def _budget_document(one: AccountBudget) -> dict[str, object]:
    return {
        "account": one.account,
        "used": one.used,
        "allowed": one.allowed,
        "heard_at": one.heard_at,
        "ours": one.spent,
        "ours_for": dict(one.ours),
        "limit": one.limit,
        "stop_at": one.stop_at,
        "rolling": one.account == SALESFORCE,
        "renews_at": one.renews_at,
    }
