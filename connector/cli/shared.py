"""What every command is given, and how it shows what it has to say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from connector.bootstrap import open_river
from connector.http.retry import Retry
from connector.log import configure
from connector.river import River
from connector.scheduling.stopping import stop_on_signals
from connector.settings import Settings, load_settings

SCHEMA = 1
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Options:
    """The options that stand before the command."""

    state: str | None = None
    mappings: str | None = None
    profile: str | None = None
    verbose: bool = False

    def settings(self, **overrides: str | None) -> Settings:
        """The settings for this call: options over environment over `.env` over defaults."""
        given = {"state": self.state, "mappings": self.mappings, **overrides}
        settings = load_settings(self.profile, {key: value for key, value in given.items() if value is not None})
        configure(settings.log_format, "debug" if self.verbose else settings.log_level)
        return settings


def place_options(command: F) -> F:
    """--state, --mappings and --profile after a command's name too: there they win over those before it."""

    def remembering(name: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
        def remember(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
            if value is not None:
                context.obj = replace(context.obj, **{name: value})

        return remember

    for name, words in (
        ("profile", "Name of an org: settings are read from CONNECTOR_<NAME>_… first."),
        ("mappings", "Folder of mappings and rules."),
        ("state", "Folder of the store and its files."),
    ):
        command = click.option(f"--{name}", expose_value=False, callback=remembering(name), help=words)(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output, one JSON document.")


def echo_json(value: Mapping[str, Any]) -> None:
    click.echo(json.dumps({"schema": SCHEMA, **value}, ensure_ascii=False, default=str))


def console(*, stderr: bool = False) -> Console:
    """A console that keeps lines whole when nobody looks at a terminal."""
    shown = Console(stderr=stderr, highlight=False, emoji=False)
    if not shown.is_terminal:
        shown = Console(stderr=stderr, highlight=False, emoji=False, width=160)
    return shown


@contextmanager
def working(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line on standard error that says what is being done, for what takes longer than a blink."""
    shown = console(stderr=True)
    if quiet or not shown.is_terminal:
        yield lambda _sentence: None
        return
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=shown, transient=True
    ) as progress:
        task = progress.add_task("…")
        yield lambda sentence: progress.update(task, description=sentence)


@contextmanager
def river_of(settings: Settings, *, quiet: bool, remote: bool = True) -> Iterator[River]:
    """The river with everything that its steps need; `remote=False` for what only looks at the store.

    With remotes the first SIGINT or SIGTERM asks to stop (StoppedError) instead of breaking in: pages are fetched by
    other threads, which no exception reaches, and a wait for a bulk job may take half an hour.
    """
    if not remote:
        with working(quiet) as say, open_river(settings, say=say, remote=False) as river:
            yield river
        return
    with working(quiet) as show, stop_on_signals() as flag:

        def say(sentence: str) -> None:
            flag.check()
            show(sentence)

        retry = Retry(sleep=flag.sleep)
        with open_river(settings, say=say, retry=retry, before_call=flag.check, hanging_up=flag.hanging_up) as river:
            yield river
