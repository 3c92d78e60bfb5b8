"""Two orgs on one machine: store, lock, budget, landing and kept token of each apart; and secrets that change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog

from connector import flow
from connector.bootstrap import open_river, store_path
from connector.errors import RefusedError
from connector.river import River, here
from connector.sandbox.config import SandboxConfig
from connector.scheduling.daemon import Daemon, Surroundings
from connector.scheduling.health import Health
from connector.scheduling.instance import only_instance
from connector.scheduling.report import Report
from connector.settings import Settings, load_settings
from tests.month import schedule_of
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

NAMES = ("Lead", "prospects")


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ground]]:
    with ExitStack() as laid:
        yield {
            name: laid.enter_context(ground(folder, config(folder, seed), NAMES))
            for seed, name in enumerate(("east", "west"), start=3)
            for folder in [tmp_path_factory.mktemp(name)]
        }


def config(folder: Path, seed: int) -> SandboxConfig:
    return SandboxConfig(state=folder, people=5 * seed, seed=seed, start=START, frozen=True)


@dataclass(frozen=True)
class Place:
    """A working folder whose environment names both orgs."""

    folder: Path

    def settings(self, profile: str) -> Settings:
        return load_settings(profile, {})


@pytest.fixture
def place(grounds: dict[str, Ground], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    for name, laid in grounds.items():
        secret = tmp_path / f"{name}.secret"
        secret.write_text(laid.running.settings["client_secret"], "utf-8")
        values = {
            "SALESFORCE_URL": laid.running.tls_url,
            "SALESFORCE_CLIENT_ID": laid.running.settings["client_id"],
            "SALESFORCE_CLIENT_SECRET_FILE": str(secret),
            "ACCOUNT_ENGAGEMENT_URL": laid.running.tls_url,
            "ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS": laid.running.settings["business_unit_id"],
            "CA_FILE": laid.running.settings["ca_file"],
        }
        for key, value in values.items():
            monkeypatch.setenv(f"CONNECTOR_{name.upper()}_{key}", value)
    monkeypatch.setenv("CONNECTOR_STATE", str(tmp_path / "state"))
    return Place(tmp_path)


def opened(stack: ExitStack, settings: Settings) -> River:
    return stack.enter_context(open_river(settings, retry=QUICK))


@pytest.mark.requirement("OP-7", "WB-8")
def test_two_orgs_at_once_share_nothing(
    grounds: dict[str, Ground], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_EAST_API_DAY_CALLS", "2")
    settings = {name: place.settings(name) for name in grounds}
    with ExitStack() as both:
        for name in grounds:
            both.enter_context(only_instance(store_path(settings[name]), START))
        with pytest.raises(RefusedError, match="Another daemon works on"):
            both.enter_context(only_instance(store_path(settings["east"]), START))
        rivers = {name: opened(both, settings[name]) for name in grounds}
        for river in rivers.values():
            flow.pull(river)
        waits = {name: bool(here(river).budget.waits) for name, river in rivers.items()}
        assert waits == {"east": True, "west": False}
        assert len({river.store.path for river in rivers.values()}) == 2
        assert len({river.landing for river in rivers.values()}) == 2
        assert {name: made(grounds[name]) for name in grounds}["east"] <= 2
        west = grounds["west"]
        assert differences(Control(west.running.url).truth, rivers["west"].store, west.streams) == []
    monkeypatch.delenv("CONNECTOR_EAST_API_DAY_CALLS")
    with ExitStack() as one:
        east = grounds["east"]
        river = opened(one, place.settings("east"))
        flow.pull(river)
        assert differences(Control(east.running.url).truth, river.store, east.streams) == []


def made(laid: Ground) -> int:
    return laid.running.sandbox.usage.get("salesforce", 0)


@pytest.mark.requirement("OP-8", "OP-4")
def test_a_secret_that_was_changed_is_read_anew_without_a_restart(
    grounds: dict[str, Ground], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = grounds["east"].running.sandbox
    clock = [START]
    signed_in: list[str] = []

    def cycle(_skip: frozenset[str]) -> Report:
        if len(signed_in) == 1 and sandbox.config.client_secret != "rotated":
            monkeypatch.setattr(sandbox, "config", replace(sandbox.config, client_secret="rotated"))
        elif len(signed_in) == 1:
            (place.folder / "east.secret").write_text("rotated\n", "utf-8")
        with open_river(place.settings("east"), retry=QUICK) as river:
            signed_in.append(here(river).org_id)
        return Report()

    def wait(seconds: float) -> bool:
        clock[0] += timedelta(seconds=seconds)
        return False

    def now() -> datetime:
        return clock[0]

    given = Surroundings(lambda: schedule_of("5m"), cycle, now, wait, lambda: 0.5, Health())
    with structlog.testing.capture_logs() as said:
        assert Daemon(given, schedule_of("5m")).run(3) == 0
    assert len(signed_in) == 2
    told = [one for one in said if one["event"].startswith("daemon.") and one["log_level"] == "warning"]
    assert [(one["event"], one.get("kind")) for one in told] == [
        ("daemon.failing", "ConfigurationError"),
        ("daemon.recovered", None),
    ]
    assert "CONNECTOR_EAST_SALESFORCE_CLIENT_SECRET" in told[0]["why"]
    assert "rotated" not in str(said)
