"""The command line: parse → flow → render → exit code. One file a group of commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

import click

from connector.cli.last_word import have_the_last_word
from connector.cli.shared import Options
from connector.errors import ConnectorError, Problem
from connector.settings import PREFIX

USAGE = 64
"""Exit code for a wrong command line and for a wrong configuration."""


COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "demo": "demo",
        "sandbox": "sandbox",
        "check": "check",
        "init": "init",
        "rules": "rules",
        "pull": "river",
        "backfill": "backfill",
        "plan": "river",
        "apply": "river",
        "sync": "river",
        "undo": "undo",
        "daemon": "daemon",
        "evaluate": "evaluate",
        "explain": "explain",
        "movers": "movers",
        "today": "today",
        "overdue": "overdue",
        "nurture": "nurture",
        "status": "status",
        "failures": "failures:failures_command",
        "locks": "locks",
        "alerts": "alerts",
        "forget": "forget",
        "writes": "writes",
        "approve": "approve",
        "backup": "backup",
        "restore": "backup",
        "support": "support",
        "import": "import_list:import_list",
        "lists": "import_list",
    }
)
"""Command → the module of connector.cli that holds it, and its name there where the word is not free."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for: the whole river takes a second to load."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"connector.cli.{module}"), name or cmd_name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--state", help="Folder of the store and its files. Default: ./state")
@click.option("--mappings", help="Folder of mappings and rules. Default: ./mappings")
@click.option("--profile", help="Name of an org: settings are read from CONNECTOR_<NAME>_… first.")
@click.option("--verbose", "-v", is_flag=True, help="Log every step to standard error.")
@click.version_option(package_name="connector")
@click.pass_context
def commands(
    context: click.Context, state: str | None, mappings: str | None, profile: str | None, verbose: bool
) -> None:
    """Decides from Salesforce and Account Engagement who is worth a call today, by whom and why.

    Exit codes: 0 done or nothing to do, 1 failed, 2 changes planned, 3 refused, 4 applied with failed rows,
    64 usage or configuration.
    """
    context.obj = Options(state=state, mappings=mappings, profile=profile, verbose=verbose)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and leaves with its exit code; what went wrong is one sentence on standard error."""
    have_the_last_word()
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and answers its exit code."""
    try:
        result = commands.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 1
    except click.ClickException as error:
        click.echo(f"{error.format_message()} See `connector --help`.", err=True)
        return USAGE
    except ConnectorError as error:
        show_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("Stopped. What was finished is kept; the next run goes on from there.", err=True)
        return 1
    return result if isinstance(result, int) else 0


def show_error(error: ConnectorError) -> None:
    """The sentence, and each problem in a file with its place; what is wrong with settings is all in the sentence."""
    found: Sequence[Problem] = getattr(error, "problems", ())
    problems = [str(problem) for problem in found if not problem.file.startswith(PREFIX)]
    if problems[:1] != [str(error)]:
        click.echo(str(error), err=True)
    for problem in problems:
        click.echo(f"  {problem}" if len(problems) > 1 else problem, err=True)
