"""What a world stands on: a sandbox that answers, and a connector that reads some of its streams."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from unittest.mock import patch

from connector import bootstrap
from connector.bootstrap import Rulebook, load_rulebook
from connector.domain.streams import MappedStream
from connector.http.retry import Retry
from connector.sandbox.building import signing_key_path
from connector.sandbox.config import SandboxConfig
from connector.sandbox.serve import RunningSandbox, serving
from connector.sandbox.tls import ensure_certificates, ensure_signing_key
from connector.settings import Settings
from connector.store import database

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
START = datetime(2026, 10, 1, tzinfo=UTC)
SIZES = (4, 8, 15, 15, 25, 25, 40, 60)
QUICK = Retry(sleep=lambda _seconds: None, jitter=lambda: 0.5)

EDITED = ("Lead", "Contact", "Account", "Opportunity", "Task", "Campaign", "prospects")
"""Where most happens: a world reads some of these, and others in turn."""


@dataclass(frozen=True)
class Ground:
    """A running sandbox, the settings that point at it, and the streams that are read."""

    running: RunningSandbox
    settings: Settings
    streams: tuple[MappedStream, ...]

    @property
    def objects(self) -> tuple[str, ...]:
        """The objects read, as the truth calls them."""
        return tuple(mapped.stream.object.replace("-", "_") for mapped in self.streams)

    @property
    def hideable(self) -> dict[str, list[str]]:
        """The objects read, each with the fields that an administrator can hide from the connector's user."""
        sandbox = self.running.sandbox
        found: dict[str, list[str]] = {}
        for mapped, name in zip(self.streams, self.objects, strict=True):
            definition = sandbox.salesforce.object(name) or sandbox.account_engagement.object(name)
            known = {entry.name: entry for entry in definition.fields if entry.nillable} if definition else {}
            system = {field for field, _ in mapped.stream.system.values()}
            found[name] = [column.field for column in mapped.columns if column.field in known.keys() - system]
        return found


@contextmanager
def ground(folder: Path, config: SandboxConfig, names: Collection[str] | None = None) -> Iterator[Ground]:
    """A sandbox with its connector. `names`: of the objects whose streams are read; None for all of them.

    The engine works with one thread: for a handful of rows a second one costs more than it brings.
    """
    rulebook = rulebook_of(names)
    with served(folder, config) as running, upon(running, folder / "connector", rulebook) as laid:
        yield laid


@contextmanager
def served(folder: Path, config: SandboxConfig) -> Iterator[RunningSandbox]:
    """A sandbox that answers; its state goes below `folder`."""
    config = replace(config, state=folder / "sandbox")
    _lay_keys(config.state)
    with serving(config) as running:
        yield running


@contextmanager
def upon(running: RunningSandbox, state: Path, rulebook: Rulebook) -> Iterator[Ground]:
    """A connector with rules of its own, and its state in a folder of its own, on a sandbox that answers."""
    with ExitStack() as laid:
        # The rules are the same in every world, and reading them takes longer than a small pull.
        laid.enter_context(patch.object(bootstrap, "load_rulebook", lambda _folder: rulebook))
        laid.enter_context(patch.dict(database._CONFIG, {"threads": "1"}))
        yield Ground(running, _settings(running, state), rulebook.mapping.fields.streams)


def rulebook_of(names: Collection[str] | None) -> Rulebook:
    """The rules of this repository. `names`: of the objects whose streams are read; None for all of them."""
    return _rulebook(frozenset(names) if names is not None else None)


def some_people(dice: Random, seed: int, folder: Path) -> SandboxConfig:
    """A small world: its clock stands still mostly, so that only what happens moves it."""
    return SandboxConfig(state=folder, people=dice.choice(SIZES), seed=seed, start=START, frozen=dice.random() < 0.7)


def some_objects(dice: Random, seed: int) -> frozenset[str]:
    """Some objects where much happens, and two others in turn: all have theirs within as many worlds."""
    others = [name for name in _every_object() if name not in EDITED]
    turn = [others[(2 * seed + place) % len(others)] for place in (0, 1)]
    return frozenset((*dice.sample(EDITED, dice.choice((2, 3, 3, 4))), *turn))


@cache
def _every_object() -> Sequence[str]:
    return [mapped.stream.object for mapped in _whole_rulebook().mapping.fields.streams]


@cache
def _whole_rulebook() -> Rulebook:
    return load_rulebook(MAPPINGS)


@cache
def _rulebook(names: frozenset[str] | None) -> Rulebook:
    whole = _whole_rulebook()
    if names is None:
        return whole
    fields = whole.mapping.fields
    streams = tuple(mapped for mapped in fields.streams if mapped.stream.object in names)
    return replace(whole, mapping=replace(whole.mapping, fields=fields.model_copy(update={"streams": streams})))


@cache
def _keys() -> Path:
    """The certificates and the key of all sandboxes of this process: making them takes as long as a pull."""
    folder = Path(tempfile.mkdtemp(prefix="world-keys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ensure_certificates(folder, SandboxConfig(state=folder).my_domain, datetime.now(UTC))
    ensure_signing_key(signing_key_path(folder))
    return folder


def _lay_keys(state: Path) -> None:
    shutil.copytree(_keys(), state, dirs_exist_ok=True)


def _settings(running: RunningSandbox, state: Path) -> Settings:
    found = running.settings
    return Settings(
        salesforce_url=running.tls_url,
        salesforce_client_id=found["client_id"],
        salesforce_client_secret=found["client_secret"],
        account_engagement_url=running.tls_url,
        account_engagement_business_unit_ids=(found["business_unit_id"],),
        ca_file=found["ca_file"],
        state=state,
        mappings=MAPPINGS,
    )
