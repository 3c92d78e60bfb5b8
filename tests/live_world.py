"""Checks against an org: descriptions made by hand, and a command line beside a sandbox whose fields can be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import requests

from connector import bootstrap
from connector.bootstrap import Rulebook, load_rulebook
from connector.domain.streams import SALESFORCE_SYSTEM
from connector.reporting.live_check import LiveCheck, live_check
from connector.reporting.live_finding import LiveFinding
from connector.rules.lists import load_lists
from connector.rules.mapping import FIELDS_FILE, load_mapping
from connector.rules.mapping import Mapping as FieldMapping
from connector.rules.written import Written, written
from connector.salesforce.description import Description, FieldDescription
from connector.salesforce.org_shown import OrgShown
from connector.sandbox.config import SandboxConfig
from connector.sandbox.serve import serving
from connector.store import database
from connector.store.binding import open_binding
from tests.cli_world import CommandLine
from tests.worlds.ground import MAPPINGS, START, _lay_keys

check_command, init_command = (import_module(f"connector.cli.{name}") for name in ("check", "init"))

PLAIN = FieldDescription(
    name="", label="", type="string", length=80, createable=True, updateable=True, nillable=True, defaulted=False,
    external_id=False, unique=False, restricted=False, filterable=True, calculated=False, values=(), reference_to=(),
    permissionable=True,
)  # fmt: skip


def field(name: str, **changes: Any) -> FieldDescription:
    values = {"name": name, "label": name, "custom": name.endswith("__c"), **changes}
    return replace(PLAIN, **values)


def described(name: str, *fields: FieldDescription, **changes: Any) -> Description:
    """An object with these fields, and those that are always read."""
    always = (field(one, type="datetime") for one, _ in SALESFORCE_SYSTEM.values())
    there = {one.name: one for one in (*always, *fields)}
    whole: dict[str, Any] = {
        "name": name, "label": name, "key_prefix": None, "queryable": True, "createable": True, "updateable": True,
        "fields": MappingProxyType(there), **changes,
    }  # fmt: skip
    return Description(**whole)


def org(*descriptions: Description, **more: Any) -> OrgShown:
    return OrgShown({one.name: one for one in descriptions}, **more)


def rules_with(folder: Path, text: str, **files: str) -> tuple[FieldMapping, Written]:
    """The rules in use with another fields.yaml, and other files by their name without the ending."""
    for path in MAPPINGS.glob("*.yaml"):
        (folder / path.name).write_text(files.get(path.stem, path.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / FIELDS_FILE).write_text(text, encoding="utf-8")
    # Reading all the rules takes ten times as long as reading the mapping.
    book = load_rulebook(folder) if files else replace(_rulebook(MAPPINGS), folder=folder, mapping=load_mapping(folder))
    lists = load_lists(folder, open_binding())
    return book.mapping, written(folder, book.rules, book.content, book.mapping.fields, lists)


def checked(
    rules: tuple[FieldMapping, Written],
    text: str,
    shown: OrgShown,
    before: Mapping[str, Mapping[str, FieldDescription]] = MappingProxyType({}),
) -> LiveCheck:
    return live_check(*rules, shown, (), before, text)


def of(found: LiveCheck, object_name: str, field_name: str = "") -> list[LiveFinding]:
    return [one for one in found.findings if (one.object, one.field) == (object_name, field_name)]


class Setup:
    """What an administrator does in the setup of a running sandbox."""

    def __init__(self, url: str) -> None:
        self._url = url

    def put(self, object_name: str, name: str, **changes: Any) -> None:
        with requests.Session() as session:
            session.trust_env = False
            wish = {"object": object_name, "name": name, **changes}
            answer = session.put(f"{self._url}/_sandbox/fields", json=wish, timeout=60)
        assert answer.status_code == 200, answer.text

    def calls(self) -> int:
        """How many calls the org has been asked so far."""
        with requests.Session() as session:
            session.trust_env = False
            return int(session.get(f"{self._url}/_sandbox/requests", timeout=60).json()["next"])

    def rename(self, object_name: str, old: str, new: str, **changes: Any) -> None:
        """Another API name for the same field."""
        self.put(object_name, old, gone=True)
        self.put(object_name, new, **changes)


@cache
def _read_once(folder: Path, _texts: str) -> Rulebook:
    return load_rulebook(folder)


def _rulebook(folder: Path) -> Rulebook:
    """Reading the rules takes longer than asking the org: once for what is written there."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
    return _read_once(folder, "".join(texts))


@contextmanager
def org_line(home: Path, **changes: Any) -> Iterator[tuple[CommandLine, Setup]]:
    """A command line whose rules are read from wherever it is told, beside a sandbox of few people.

    Without a business unit: asking it takes as many calls as the org.
    """
    home.mkdir(exist_ok=True)
    _lay_keys(home / "sandbox")
    config = SandboxConfig(state=home / "sandbox", people=2, seed=3, start=START, frozen=True, **changes)
    with ExitStack() as laid:
        for module in (bootstrap, check_command, init_command):
            laid.enter_context(patch.object(module, "load_rulebook", _rulebook))
        laid.enter_context(patch.dict(database._CONFIG, {"threads": "1"}))
        running = laid.enter_context(serving(config))
        given = running.settings
        environment = {
            "CONNECTOR_SALESFORCE_URL": running.tls_url,
            "CONNECTOR_SALESFORCE_CLIENT_ID": given["client_id"],
            "CONNECTOR_SALESFORCE_CLIENT_SECRET": given["client_secret"],
            "CONNECTOR_CA_FILE": given["ca_file"],
            "CONNECTOR_STATE": str(home / "state"),
            "CONNECTOR_MAPPINGS": str(MAPPINGS),
        }
        yield CommandLine(home, running, environment), Setup(running.url)
