"""`connector sandbox`: the emulated systems by themselves, and how to reach the ones that run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from click.core import ParameterSource

from connector.sandbox.config import SandboxConfig
from connector.sandbox.loading.report import LoadError, LoadReport
from connector.sandbox.serve import RunningSandbox, run
from connector.sandbox.server import PortTakenError
from connector.sandbox.settings_file import AlreadyRunningError, running_settings

_DEFAULTS = {entry.name: entry.default for entry in fields(SandboxConfig)}
_F = TypeVar("_F", bound=Callable[..., Any])
_QUICK_PEOPLE = 2000
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ENV_KEYS = (
    "schema",
    "url",
    "tls_url",
    "ca_file",
    "my_domain",
    "client_id",
    "client_secret",
    "username",
    "password",
    "security_token",
    "refresh_token",
    "jwt_key_file",
    "business_unit_id",
)

_state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="CONNECTOR_STATE",
    default=Path("state"),
    show_default="./state",
    help="State directory; the sandbox keeps its own files under sandbox/ in it.",
)


class _Instant(click.ParamType[datetime]):
    """A point in time in ISO 8601; one without an offset is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time: write it as 2026-10-01T00:00:00Z.", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Zone(click.ParamType[str]):
    """The name of a time zone that this machine knows."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError):
            self.fail(f"{value!r} is no time zone: write it as Asia/Tokyo.", param, ctx)


class _Host(click.ParamType[str]):
    """A bare host name."""

    name = "host"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _HOST.fullmatch(value):
            self.fail(f"{value!r} is no bare host name: write it as acme.my.salesforce.com.", param, ctx)
        return str(value)


def _setting(
    name: str, kind: type | click.ParamType[str], text: str, *, least: int | None = None
) -> Callable[[_F], _F]:
    """An option for the field `name` of SandboxConfig, with that field's default."""
    flag = "--" + name.replace("_", "-")
    bounded: Any = kind if least is None else click.IntRange(min=least)
    return click.option(flag, name, type=bounded, default=_DEFAULTS[name], show_default=True, help=text)


@click.group()
def sandbox() -> None:
    """An emulated Salesforce and Account Engagement on this machine, with an invented world in it."""


@sandbox.command()
@_state_option
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Plain HTTP port; 0 = any free one.")
@click.option("--tls-port", type=click.IntRange(0, 65535), default=0, help="TLS port; 0 = any free one.")
@_setting("people", int, "How many people the invented world has.", least=0)
@_setting("seed", int, "The same seed gives the same world.", least=0)
@click.option(
    "--now",
    "start",
    type=_Instant(),
    default=_DEFAULTS["start"],
    show_default=str(_DEFAULTS["start"]),
    help="The world's time at the start; without an offset, UTC.",
)
@click.option("--frozen", is_flag=True, help="The world's clock stands still until it is moved.")
@click.option(
    "--load",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of exported CSV files to serve instead of the invented world.",
)
@_setting("my_domain", _Host(), "The org's host, to which the login hosts point.")
@_setting("client_id", str, "Consumer key of the external client app.")
@_setting("client_secret", str, "Its secret.")
@_setting("username", str, "The user that logs in.")
@_setting("password", str, "That user's password.")
@_setting("security_token", str, "Accepted after the password, and not needed.")
@_setting("refresh_token", str, "The refresh token that works from the start.")
@_setting("business_unit_id", str, "Account Engagement's business unit.")
@click.option("--rotate-refresh-token", is_flag=True, help="Each refresh gives a new refresh token and ends the old.")
@_setting("session_seconds", int, "A session ends after so long without a call.", least=1)
@_setting("daily_api_requests", int, "Salesforce calls a day.", least=0)
@_setting("account_engagement_daily_calls", int, "Account Engagement calls a day.", least=0)
@_setting("bulk_polls", int, "Questions that a job waits before it begins, and before it ends.", least=0)
@_setting("bulk_seconds", float, "Seconds that it waits in each at least.")
@_setting("daily_bulk_query_jobs", int, "Bulk query jobs a day.", least=0)
@_setting("daily_bulk_batches", int, "Batches of bulk ingest jobs a day.", least=0)
@_setting("chain_cap", int, "Rows that one chain of page tokens gives.", least=1)
@click.option(
    "--without-custom-fields",
    "custom_fields",
    flag_value=False,
    default=True,
    help="An org in which the connector's own fields have not been deployed.",
)
@click.option(
    "--task-key-not-unique",
    "unique_task_key",
    flag_value=False,
    default=True,
    help="The key field on Task allows duplicates.",
)
@click.option(
    "--task-key-plain",
    "external_task_key",
    flag_value=False,
    default=True,
    help="The key field on Task is no external id.",
)
@click.option(
    "--lead-assignment-rule",
    is_flag=True,
    help="An active rule gives leads that the API creates or changes to a queue, unless a call forbids it.",
)
@_setting("org_time_zone", _Zone(), "The Salesforce user's time zone.")
@_setting("account_engagement_time_zone", _Zone(), "The Account Engagement user's time zone.")
@click.pass_context
def serve(context: click.Context, /, state: Path, **switches: Any) -> None:
    """Serves both systems on loopback until it is stopped: plain HTTP for any tool, and TLS."""
    config = SandboxConfig(state=_folder(context, state), **switches)
    if config.load is None and config.people > _QUICK_PEOPLE:
        click.echo(f"Inventing a world of {config.people:,} people …", err=True)
    try:
        run(config, _announce)
    except (AlreadyRunningError, LoadError, PortTakenError) as error:
        _fail(context, str(error))


@sandbox.command()
@_state_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of shell lines.")
@click.pass_context
def env(context: click.Context, state: Path, *, as_json: bool) -> None:
    """Prints how to reach the sandbox that runs: `eval "$(connector sandbox env)"` points the connector at it."""
    folder = _folder(context, state)
    settings = running_settings(folder)
    if settings is None:
        _fail(context, f"No sandbox runs in {folder}: start one with `connector sandbox serve`.")
    if as_json:
        click.echo(json.dumps({key: settings[key] for key in _ENV_KEYS}, ensure_ascii=False, indent=2))
        return
    for name, value in _exports(settings).items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _announce(running: RunningSandbox) -> None:
    """One line on standard output; what became of loaded files goes to standard error before it."""
    report = running.sandbox.open_state.get("load_report")
    if isinstance(report, LoadReport):
        click.echo(report.summary, err=True)
    click.echo(f"Sandbox ready: {running.url} (plain) and {running.tls_url} (TLS)")


def _fail(context: click.Context, sentence: str) -> NoReturn:
    """Ends the command with exit code 1: it was used rightly, and could not be done."""
    click.echo(sentence, err=True)
    context.exit(1)


def _folder(context: click.Context, state: Path) -> Path:
    """The sandbox's own folder; a --state before the word `sandbox` counts too, unless one stands after it."""
    given_here = context.get_parameter_source("state") is ParameterSource.COMMANDLINE
    given_before = None if given_here else getattr(context.find_root().obj, "state", None)
    return (Path(given_before) if given_before else state) / "sandbox"


def _exports(settings: dict[str, Any]) -> dict[str, str]:
    return {
        "CONNECTOR_SALESFORCE_URL": settings["tls_url"],
        "CONNECTOR_SALESFORCE_AUTH": "client_credentials",
        "CONNECTOR_SALESFORCE_CLIENT_ID": settings["client_id"],
        "CONNECTOR_SALESFORCE_CLIENT_SECRET": settings["client_secret"],
        "CONNECTOR_SALESFORCE_USERNAME": settings["username"],
        "CONNECTOR_SALESFORCE_JWT_KEY_FILE": settings["jwt_key_file"],
        "CONNECTOR_SALESFORCE_REFRESH_TOKEN": settings["refresh_token"],
        "CONNECTOR_ACCOUNT_ENGAGEMENT_URL": settings["tls_url"],
        "CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": settings["business_unit_id"],
        "CONNECTOR_CA_FILE": settings["ca_file"],
    }
