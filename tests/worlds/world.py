"""One random world: people, faults and kills between and within pulls, then a quiet cycle and a comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from unittest.mock import patch

from connector import bootstrap, flow
from connector.bootstrap import Rulebook, load_rulebook, open_river
from connector.errors import ConnectorError
from connector.flow import River
from connector.http.retry import Retry
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.serve import RunningSandbox, serving
from connector.settings import Settings
from connector.store.reconciling import read_reconciled
from tests.worlds.death import Killed, Life, living
from tests.worlds.people import PAUSES, Control, disturb, move
from tests.worlds.truth import differences
from tests.worlds.weather import faults, small_pieces

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
START = datetime(2026, 10, 1, tzinfo=UTC)
DAY_AND_AN_HOUR = 90_000
LIKE_FORMS = {"form-handlers", "landing-pages", "files", "custom-redirects", "list-emails", "email-templates"}
"""Collections that are read as forms are: forms stand for them, which makes a world a fifth faster."""
QUICK = Retry(sleep=lambda _seconds: None, jitter=lambda: 0.5)
MOST_QUIET_CYCLES = 4
"""A comparison of Account Engagement goes on where the last one stopped, so that a whole round may take two cycles."""


@dataclass
class Told:
    """What happened in a world, and how it ended: `differences` is empty where the mirror is the world."""

    seed: int
    events: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    kills: int = 0
    failed: int = 0


@dataclass
class World:
    """A world with its connector. `boundaries`: how many effects a whole pull had last; any may be the end of one."""

    sandbox: Sandbox
    control: Control
    settings: Settings
    dice: Random
    told: Told
    boundaries: int = 1_000

    def something_happens(self, share_of_deeds: float) -> None:
        happens = disturb if self.dice.random() < share_of_deeds else move
        self.told.events.append(happens(self.control, self.dice))

    def round(self) -> None:
        """People, faults, and a pull among small pieces that may die on the way."""
        weather = faults(self.dice)
        self.control.do("PUT", "faults", weather)
        self.told.events.append(f"faults {weather['faults']}")
        for _ in range(self.dice.randint(0, 8)):
            self.something_happens(0.7)
        if self.dice.random() < 0.5:
            self.told.events.append(move(self.control, self.dice, PAUSES))
        dies_at = self.dice.randint(1, self.boundaries) if self.dice.random() < 0.6 else None
        life = Life(dies_at, self._meanwhile(self.dice.choice((0.0, 0.02, 0.1))))
        with small_pieces(self.sandbox, self.dice):
            try:
                with living(life), open_river(self.settings, retry=QUICK) as river:
                    flow.reconcile(river, flow.pull(river))
            except Killed:
                self.told.kills += 1
                self.told.events.append(f"killed at boundary {life.passed}")
            except ConnectorError as error:
                self.told.failed += 1
                self.told.events.append(f"failed at boundary {life.passed}: {error}")
            else:
                self.boundaries = life.passed

    def quiet(self) -> None:
        """Nothing fails and nobody works while all is compared; then the mirror is held against the truth."""
        self.control.do("DELETE", "faults")
        with open_river(self.settings, retry=QUICK) as river:
            for _ in range(MOST_QUIET_CYCLES):
                at_the_start = _no_round_is_under_way(river)
                self.control.do("PUT", "clock", {"advance_seconds": DAY_AND_AN_HOUR, "frozen": True})
                flow.reconcile(river, flow.pull(river))
                if at_the_start and _no_round_is_under_way(river):
                    break
            else:
                self.told.differences.append(f"no round of comparing ended in {MOST_QUIET_CYCLES} cycles")
            self.told.differences += differences(self.control.truth, river.store, river.mapping.fields.streams)

    def _meanwhile(self, share: float) -> Callable[[], None]:
        def happens() -> None:
            if self.dice.random() < share:
                self.something_happens(0.9)

        return happens


def run_world(seed: int, folder: Path, most_rounds: int = 6) -> Told:
    """Lives through the world of a seed, in three rounds or more; `folder` takes the state of both sides.

    AssertionError where the sandbox does not carry out what it must.
    """
    dice, told = Random(seed), Told(seed)
    people, frozen = dice.randint(20, 60), dice.random() < 0.7
    config = SandboxConfig(state=folder / "sandbox", people=people, seed=seed, start=START, frozen=frozen)
    # The rules are the same in every world, and reading them takes longer than a small pull.
    with patch.object(bootstrap, "load_rulebook", _rulebook), serving(config) as running:
        settings = _settings(running, folder / "connector")
        world = World(running.sandbox, Control(running.url), settings, dice, told)
        for number in range(dice.randint(3, most_rounds)):
            told.events.append(f"round {number + 1}")
            world.round()
        world.quiet()
    return told


@cache
def _rulebook(folder: Path) -> Rulebook:
    found = load_rulebook(folder)
    streams = tuple(mapped for mapped in found.mapping.fields.streams if mapped.stream.object not in LIKE_FORMS)
    return replace(
        found, mapping=replace(found.mapping, fields=found.mapping.fields.model_copy(update={"streams": streams}))
    )


def _no_round_is_under_way(river: River) -> bool:
    """Whether no comparison is in the middle of its round."""
    units = [unit.unit for unit in flow.here(river).engagement]
    kept = [
        read_reconciled(river.store, mapped.stream.name, unit)
        for mapped in river.mapping.fields.streams
        for unit in units
    ]
    return all(one is None or not one.at_id for one in kept)


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
