"""`connector status`: how far everything is."""

from __future__ import annotations

import click

from connector.bootstrap import store_path
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options
from connector.errors import ConfigurationError
from connector.reporting.report import Status, StreamState, status_of
from connector.store.database import open_store


@click.command()
@place_options
@json_option
@click.pass_obj
def status(options: Options, as_json: bool) -> int:
    """Show how far each stream has been read, the last runs, and what waits."""
    path = store_path(options.settings())
    if not path.exists():
        raise ConfigurationError(f"There is no store {path} yet. `connector pull` makes it.")
    with open_store(path, announce=lambda sentence: click.echo(sentence, err=True)) as store:
        found = status_of(store.run)
    if as_json:
        echo_json(_document(found))
    else:
        _show(found)
    return 0


def _show(found: Status) -> None:
    shown = console()
    since = found.writes_allowed_since
    words = f"writes allowed since {since:%Y-%m-%d}" if since else "only planned so far: nothing may be written"
    shown.print(f"[bold]{found.org_name or 'No org yet'}[/bold] {found.org_id or ''} ({words})\n")
    rows = table("Streams", "stream", "business unit", "records", "read up to", "compared", right=("records",))
    for stream in found.streams:
        up_to = (
            "being read"
            if stream.in_progress
            else (f"{stream.watermark:%Y-%m-%d %H:%M:%S} UTC" if stream.watermark else "–")
        )
        rows.add_row(stream.stream, stream.unit or "", f"{stream.rows:,}", up_to, _compared(stream))
    shown.print(rows)
    shown.print()
    runs = table("Last runs", "run", "command", "started", "outcome")
    for run in found.runs:
        runs.add_row(run.run_id, run.command, f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC", run.outcome or "not finished")
    shown.print(runs)
    shown.print(f"\nOpen cadence runs: {found.open_runs}. Writes whose outcome is unknown: {found.unsettled}.")
    for object_name, code, count in found.failures:
        shown.print(f"Refused in the last run: {count} × {object_name} {code}")


def _compared(stream: StreamState) -> str:
    if stream.reconciled_at is None:
        return "–"
    found = f"{stream.missing} missing, {stream.vanished} vanished" if stream.missing or stream.vanished else "agrees"
    return f"{stream.reconciled_at:%m-%d %H:%M} {found}"


def _document(found: Status) -> dict[str, object]:
    return {
        "org": found.org_id,
        "name": found.org_name,
        "writes_allowed_since": found.writes_allowed_since,
        "streams": [
            {
                "stream": stream.stream,
                "unit": stream.unit,
                "watermark": stream.watermark,
                "in_progress": stream.in_progress,
                "rows": stream.rows,
                "reconciled_at": stream.reconciled_at,
                "missing": stream.missing,
                "vanished": stream.vanished,
            }
            for stream in found.streams
        ],
        "runs": [
            {"run": run.run_id, "command": run.command, "started_at": run.started_at, "outcome": run.outcome}
            for run in found.runs
        ],
        "open_cadence_runs": found.open_runs,
        "unsettled": found.unsettled,
        "failures": [{"object": name, "code": code, "count": count} for name, code, count in found.failures],
    }
