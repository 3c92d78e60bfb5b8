"""`connector demo`: real work on an invented world, in a minute."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from connector.cli.explained import show as show_explanation
from connector.cli.planned import show_plan
from connector.cli.render import applied_lines, show_enriched, show_pulled, show_reconciled, table
from connector.cli.river import FAILED_ROWS, Cycle, now, run_cycle
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.cli.wording import wording_of
from connector.domain.running import Run
from connector.errors import ConfigurationError, StopError
from connector.reporting.explanation import explanation_of
from connector.reporting.report import stages
from connector.river import River
from connector.sandbox.context import ORG_ID
from connector.store.database import open_store

DEMO_ORG = ORG_ID
"""The org that every sandbox emulates."""


@click.command()
@click.option("--people", default=2000, show_default=True, type=click.IntRange(min=1), help="Size of the world.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same world.")
@place_options
@json_option
@click.pass_obj
def demo(options: Options, people: int, seed: int, as_json: bool) -> int:
    """Start the sandbox, run two whole cycles on it, and show what was pulled, decided and written."""
    started = time.monotonic()
    with _state(options) as state, _sandbox(state, people, seed, quiet=as_json) as access:
        settings = Options(str(state), options.mappings, None, options.verbose).settings(**access)
        with river_of(settings, quiet=as_json) as river:
            if not as_json:
                click.echo(
                    "The sandbox's clock stands still between the two cycles. "
                    "--first-contact and --force are given here."
                )
            first = run_cycle(river, first_contact=True, force=True)
            second = run_cycle(river, first_contact=False, force=True)
            if as_json:
                echo_json(_document(river, first, second, time.monotonic() - started))
            else:
                _show(river, first, second, time.monotonic() - started)
    if second.planned.changes:
        raise StopError(f"The second cycle found {second.planned.changes} changes; it should find none.")
    return FAILED_ROWS if first.applied.failures else 0


@contextmanager
def _state(options: Options) -> Iterator[Path]:
    """The folder that was asked for, or one that goes with the demo."""
    if options.state is not None:
        folder = Path(options.state)
        folder.mkdir(parents=True, exist_ok=True)
        _begin_anew(folder)
        yield folder.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="connector-demo-") as name:
        yield Path(name)


def _begin_anew(folder: Path) -> None:
    """Takes away the store of an earlier demo: each world begins at its beginning. Another org's store stays."""
    path = folder / "default.duckdb"
    if not path.exists():
        return
    with open_store(path) as store:
        org = store.value("SELECT org_id FROM org LIMIT 1")
    if org not in (None, DEMO_ORG):
        raise ConfigurationError(f"{folder} holds the store of org {org}. Name another folder for the demo.")
    path.unlink()


@contextmanager
def _sandbox(state: Path, people: int, seed: int, *, quiet: bool) -> Iterator[Mapping[str, str]]:
    """A sandbox in a process of its own; gives the settings that lead to it, and stops it at the end."""
    if not quiet:
        click.echo(f"Inventing a world of {people:,} people …", err=True)
    command = [sys.executable, "-m", "connector", "sandbox", "serve", "--frozen"]
    command += ["--port", "0", "--tls-port", "0", "--people", str(people), "--seed", str(seed), "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            ready = process.stdout.readline() if process.stdout else ""
            if not ready:
                raise StopError(f"The sandbox did not start (exit code {process.wait()}); see the lines above.")
            yield _access(state)
        finally:
            process.terminate()
            process.wait()


def _access(state: Path) -> Mapping[str, str]:
    env = json.loads((state / "sandbox" / "sandbox.json").read_text("utf-8"))
    access = {
        "salesforce_url": env["tls_url"],
        "salesforce_auth": "client_credentials",
        "salesforce_client_id": env["client_id"],
        "salesforce_client_secret": env["client_secret"],
        "account_engagement_url": env["tls_url"],
        "account_engagement_business_unit_ids": env["business_unit_id"],
        "ca_file": env["ca_file"],
    }
    for name, file in (("companies", "companies.csv"), ("targets", "targets.csv")):
        if (state / "sandbox" / file).exists():
            access[name] = str(state / "sandbox" / file)
    return access


def _document(river: River, first: Cycle, second: Cycle, seconds: float) -> dict[str, Any]:
    applied = (first.applied, second.applied)
    return {
        "pulled": {one.stream: one.rows for one in first.pulled},
        "people": first.enriched.people,
        "hot": stages(river.store.run).get("hot", 0),
        "planned": first.planned.changes + second.planned.changes,
        "applied": sum(one.changes for one in applied),
        "failed": sum(len(one.failures) for one in applied),
        "tasks_created": sum(one.tasks for one in applied),
        "second_cycle_changes": second.planned.changes,
        "api_calls": sum(second.calls.values()),
        "seconds": round(seconds, 2),
    }


def _show(river: River, first: Cycle, second: Cycle, seconds: float) -> None:
    shown = console()
    show_pulled(shown, first.pulled, first.calls)
    show_reconciled(shown, first.reconciled)
    show_enriched(shown, first.enriched)
    rows = table("Decided", "stage", "people", right=("people",))
    for stage, count in stages(river.store.run).items():
        rows.add_row(stage, f"{count:,}")
    shown.print(rows)
    shown.print()
    show_plan(shown, first.planned)
    for line in applied_lines(first.applied):
        shown.print(line)
    shown.print(f"\nSecond cycle: {second.planned.changes} changes.\n")
    shown.print("[bold]Five explanations[/bold] (`connector explain PERSON` gives any other)\n")
    words = wording_of(river.rules, river.content, "en")
    for person in _examples(river.store.run):
        found = explanation_of(river.store.run, river.rules, now(river), person)
        if found is not None:
            show_explanation(shown, found, words)
    calls = sum(second.calls.values())
    shown.print(
        f"{first.enriched.people:,} people, {calls:,} API calls in both cycles, {seconds:.1f} seconds with the sandbox."
    )


def _examples(run: Run) -> list[str]:
    """Five people worth a look: newly hot, just below, cooled by silence, with an open deal, lost."""
    questions = (
        "stage = 'hot' AND hot_since IS NOT NULL ORDER BY hot_since DESC",
        "stage = 'cold' AND score < 65 ORDER BY score DESC",
        "stage = 'cold' ORDER BY score_inactivity",
        "stage = 'opportunity' ORDER BY score DESC",
        "stage = 'lost' ORDER BY score DESC",
    )
    found = []
    for question in questions:
        rows = run(
            f"SELECT person_id FROM decided JOIN scored USING (person_id) WHERE {question}, person_id LIMIT 1", {}
        )
        found += [str(row[0]) for row in rows]
    return found
