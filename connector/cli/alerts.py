"""`connector alerts`: what somebody is to be told of at once, and whether it was told."""

from __future__ import annotations

from collections.abc import Callable

import click
from rich.markup import escape

from connector.alerting.letter import Letter, write_letter
from connector.alerting.tell import Telling
from connector.bootstrap import machine_time, rules_folder, store_path, telling_of
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options
from connector.domain.alerts import Alert
from connector.errors import ConfigurationError, ConnectorError
from connector.rules.mapping import load_mapping
from connector.rules.schedule import load_schedule
from connector.settings import Settings
from connector.store.alerts import Standing, standing_alerts
from connector.store.database import open_store


@click.command()
@click.option("--test", is_flag=True, help="Send a message that says that it is a test, by every way that is set.")
@place_options
@json_option
@click.pass_obj
def alerts(options: Options, test: bool, as_json: bool) -> int:
    """Show what stands and is to be told at once, and when it was told.

    Alerts are sent by themselves at the end of each run, each once, by webhook or mail (CONNECTOR_ALERT_…).
    """
    settings = options.settings()
    folder = rules_folder(settings)
    telling = telling_of(settings, load_schedule(folder), load_mapping(folder).fields.language)
    if test:
        return _test(telling, as_json)
    found = _standing(settings)
    if as_json:
        ways = [name for name, _ in telling.ways]
        echo_json({"ways": ways, "kinds": list(telling.kinds), "alerts": [_document(one) for one in found]})
        return 0
    shown = console()
    nobody = "nobody: set CONNECTOR_ALERT_WEBHOOK or CONNECTOR_ALERT_MAIL_TO"
    shown.print(f"Alerts go to {', '.join(name for name, _ in telling.ways) or nobody}.")
    if not found:
        shown.print("Nothing stands that is to be told.")
        return 0
    rows = table("Alerts", "kind", "since", "told", "record", "what")
    for one in found:
        told = "–" if one.told_at is None else f"{one.told_at:%Y-%m-%d %H:%M}"
        since = f"{one.began_at:%Y-%m-%d %H:%M}"
        rows.add_row(one.alert.kind, since, told, one.alert.record or "", escape(one.alert.detail))
    shown.print(rows)
    return 0


def _standing(settings: Settings) -> list[Standing]:
    path = store_path(settings)
    if not path.exists():
        raise ConfigurationError(f"There is no store {path} yet. `connector pull` makes it.")
    with open_store(path) as store:
        return standing_alerts(store.run)


def _test(telling: Telling, as_json: bool) -> int:
    """Sends a test by every way; exit code 1 when one of them fails."""
    if not telling.ways:
        raise ConfigurationError("Nobody is to be told: set CONNECTOR_ALERT_WEBHOOK or CONNECTOR_ALERT_MAIL_TO.")
    words = "テスト送信 / a test" if telling.language == "ja" else "a test"
    letter = write_letter([Alert("stalled", "test", None, words)], "test", "", telling.language, machine_time())
    said = {name: _tried(send, letter) for name, send in telling.ways}
    if as_json:
        echo_json({"sent": {name: sentence is None for name, sentence in said.items()}, "why": said})
    else:
        for name, sentence in said.items():
            console().print(f"{name}: {escape(sentence or 'sent')}")
    return 1 if any(said.values()) else 0


def _tried(send: Callable[[Letter], None], letter: Letter) -> str | None:
    try:
        send(letter)
    except ConnectorError as error:
        return str(error)
    return None


def _document(one: Standing) -> dict[str, object]:
    return {
        "kind": one.alert.kind,
        "record": one.alert.record,
        "detail": one.alert.detail,
        "since": one.began_at,
        "told": one.told_at,
    }
