"""`connector support FILE`: a bundle for whoever has to mend something, without personal data."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

import click

from connector.applying.switch import switched_off
from connector.bootstrap import load_rulebook, machine_time, rules_folder, store_path
from connector.cli.shared import Options, console, echo_json, json_option, place_options
from connector.errors import ConfigurationError, ConnectorError
from connector.redaction import redact_event
from connector.reporting.support import support_document
from connector.settings import SECRETS, Settings
from connector.store.database import open_store

PERSONAL = frozenset({"salesforce_username", "salesforce_client_id"})
"""Settings that name a person or the app: only whether they are set is told."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@place_options
@json_option
@click.pass_obj
def support(options: Options, file: Path, as_json: bool) -> int:
    """Write a bundle for support: versions, settings without secrets, states and counts. No personal data."""
    parts = {
        "machine.json": _part(_machine),
        "settings.json": _part(lambda: _settings(options.settings())),
        "rules.json": _part(lambda: _rules(options.settings())),
        "store.json": _part(lambda: _store(options.settings())),
        "files.json": _part(lambda: _files(options.settings())),
    }
    _write(file, parts)
    if as_json:
        echo_json({"file": str(file), "parts": sorted(parts)})
    else:
        console().print(f"{file}: {', '.join(sorted(parts))}. It is plain text: look through it before you send it.")
    return 0


def _part(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A part of the bundle; what cannot be told says why, and the other parts are told all the same."""
    try:
        return redact_event(make())
    except ConnectorError as error:
        problems = [str(problem) for problem in getattr(error, "problems", ())]
        return redact_event({"error": type(error).__name__, "sentence": str(error), "problems": problems})


def _machine() -> dict[str, Any]:
    found = sorted(f"{one.metadata['Name']} {one.version}" for one in distributions())
    return {
        "connector": version("connector"),
        "python": sys.version,
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "made_at": machine_time().isoformat(),
        "packages": found,
    }


def _settings(settings: Settings) -> dict[str, Any]:
    """Each setting by its variable's name; of secrets and of names of people only whether they are set."""
    lines = []
    for name in Settings.model_fields:
        value = getattr(settings, name)
        variable = f"{settings.prefix}{name.upper()}"
        if name.removesuffix("_file") in SECRETS or name in PERSONAL:
            lines.append(f"{variable} {'is set' if value else 'is not set'}")
        else:
            lines.append(f"{variable} = {_plain(value)}")
    return {"variables": lines}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _rules(settings: Settings) -> dict[str, Any]:
    book = load_rulebook(rules_folder(settings))
    streams = [
        f"{one.stream.name}: {', '.join(f'{column.name} = {column.field}' for column in one.columns)}"
        for one in book.mapping.fields.streams
    ]
    return {"folder": str(book.folder), "hash": book.hash, "streams": streams}


def _store(settings: Settings) -> dict[str, Any]:
    path = store_path(settings)
    if not path.exists():
        raise ConfigurationError(f"There is no store {path} yet.")
    off = switched_off(settings.state, by_setting=settings.writes == "off")
    with open_store(path, wait_seconds=5) as store:
        return {"writes_off": off is not None, **support_document(store.run)}


def _files(settings: Settings) -> dict[str, Any]:
    """The state folder: names, sizes and rights of its files, and the room on its disk."""
    folder = settings.state
    if not folder.is_dir():
        raise ConfigurationError(f"There is no folder {folder}.")
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    room = shutil.disk_usage(folder)
    return {
        "free_bytes": room.free,
        "total_bytes": room.total,
        "files": [
            f"{file.relative_to(folder)} {file.stat().st_size} bytes {file.stat().st_mode & 0o777:o}" for file in files
        ],
    }


def _write(file: Path, parts: dict[str, dict[str, Any]]) -> None:
    draft = file.with_name(f".{file.name}.draft")
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b") as opened, zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, part in parts.items():
                archive.writestr(name, json.dumps(part, ensure_ascii=False, indent=1, default=str))
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigurationError(f"The bundle cannot be written as {file}: {error.strerror}.") from None
