"""`connector writes`: the one switch that stops all writes."""

from __future__ import annotations

from typing import Literal

import click

from connector.applying.switch import switched_off, throw_off, throw_on
from connector.bootstrap import machine_time
from connector.cli.shared import Options, console, echo_json, json_option, place_options
from connector.errors import ConfigurationError
from connector.settings import Settings


@click.command()
@click.argument("position", type=click.Choice(["on", "off"]), required=False)
@click.option("--reason", help="Why: `status`, refusals and the daemon's log say it. Needed with off.")
@place_options
@json_option
@click.pass_obj
def writes(options: Options, position: Literal["on", "off"] | None, reason: str | None, as_json: bool) -> int:
    """Switch all writes off or on, at once and also in the middle of an apply; without a word, show the switch."""
    settings = options.settings()
    if position == "off":
        if not (reason or "").strip():
            raise ConfigurationError("Say why with --reason: whoever finds the switch off wants to know.")
        throw_off(settings.state, (reason or "").strip(), machine_time())
    elif position == "on":
        throw_on(settings.state)
    return _show(settings, as_json)


def _show(settings: Settings, as_json: bool) -> int:
    off = switched_off(settings.state, by_setting=settings.writes == "off")
    if as_json:
        echo_json(
            {
                "writes": "on" if off is None else "off",
                "since": None if off is None else off.since,
                "reason": None if off is None else off.reason,
                "by": None if off is None else off.by,
            }
        )
    elif off is None:
        console().print("Writes are on.")
    else:
        console().print(f"{off.sentence}. `connector writes on` switches them on again.", soft_wrap=True)
    return 0
