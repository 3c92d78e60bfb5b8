"""One random world: people, faults and kills between and within pulls, then a quiet cycle and a comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from connector import flow
from connector.bootstrap import open_river
from connector.domain.streams import MappedStream
from connector.errors import ConnectorError
from connector.river import River, here
from connector.store.reconciling import read_reconciled
from tests.worlds.death import Killed, Life, living
from tests.worlds.engagement_people import EngagementPeople
from tests.worlds.ground import QUICK, Ground, ground, some_objects, some_people
from tests.worlds.people import PAUSES, Control, People
from tests.worlds.truth import differences, unsound_times
from tests.worlds.weather import faults, small_pieces

DAY_AND_AN_HOUR = 90_000
MOST_QUIET_CYCLES = 4
"""A comparison of Account Engagement goes on where the last one stopped, so that a whole round may take two cycles."""


@dataclass
class Told:
    """What happened in a world, and how it ended: `differences` is empty where all is as it must be."""

    seed: int
    events: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    kills: int = 0
    failed: int = 0
    met: Counter[str] = field(default_factory=Counter)
    """How often each kind of fault struck."""
    hidden: set[str] = field(default_factory=set)
    """Objects of which rows were out of the user's sight for a time."""
    destroyed: set[str] = field(default_factory=set)
    """Keys of tasks that people destroyed."""
    written: Counter[str] = field(default_factory=Counter)
    """How many records and tasks the connector wrote."""


@dataclass
class World:
    """A world with its connector, which may write.

    `boundaries`: how many effects a whole run had last; any may be the end of one.
    """

    ground: Ground
    dice: Random
    told: Told
    boundaries: int = 300
    writes: bool = False

    @property
    def control(self) -> Control:
        return Control(self.ground.running.url)

    @property
    def people(self) -> People:
        engagement = EngagementPeople(self.ground.running.sandbox, self.dice, _edited(self.ground.streams))
        return People(self.control, self.dice, self.ground.objects, engagement, self.told.destroyed)

    def something_happens(self, share_of_deeds: float) -> None:
        people = self.people
        happens = people.disturb if self.dice.random() < share_of_deeds else people.move
        self.told.events.append(happens())

    def weather_changes(self) -> None:
        """Other faults from now on; those that were in force are counted."""
        self.count_faults()
        weather = faults(self.dice, self.ground.hideable, writes=self.writes)
        self.control.do("PUT", "faults", weather)
        self.told.events.append(f"faults {weather['faults']}")

    def clears_up(self) -> None:
        self.count_faults()
        self.control.do("DELETE", "faults")

    def count_faults(self) -> None:
        for fault in self.control.do("GET", "faults").get("faults", ()):
            self.told.met[fault["kind"]] += fault["fired"]
            if fault["kind"] == "hidden_rows":
                self.told.hidden.add(fault["object"])

    def people_work(self) -> None:
        if self.writes:
            self.told.events += [self.people.engagement.become_interested() for _ in range(self.dice.randint(0, 3))]
        for _ in range(self.dice.randint(0, 8)):
            self.something_happens(0.7)
        if self.dice.random() < 0.5:
            self.told.events.append(self.people.move(PAUSES))

    def attempt(self, work: Callable[[River], None]) -> None:
        """The work of one run among small pieces, which may fail, or die at any boundary."""
        # Writes come last in a cycle: half of its deaths are there.
        first = round(self.boundaries * 0.7) if self.writes and self.dice.random() < 0.5 else 1
        dies_at = self.dice.randint(first, self.boundaries) if self.dice.random() < 0.6 else None
        life = Life(dies_at, self._meanwhile(self.dice.choice((0.0, 0.02, 0.1))))
        with small_pieces(self.ground.running.sandbox, self.dice):
            try:
                with living(life), open_river(self.ground.settings, retry=QUICK) as river:
                    work(river)
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
        self.clears_up()
        for _ in range(MOST_QUIET_CYCLES):
            # Before the connector begins: a day that passes while it is at work would be news to its budget of calls.
            self.control.do("PUT", "clock", {"advance_seconds": DAY_AND_AN_HOUR, "frozen": True})
            with open_river(self.ground.settings, retry=QUICK) as river:
                at_the_start = _no_round_is_under_way(river)
                pulled_whole(river)
                if at_the_start and _no_round_is_under_way(river):
                    self._compare(river)
                    return
        self.told.differences.append(f"no round of comparing ended in {MOST_QUIET_CYCLES} cycles")

    def _compare(self, river: River) -> None:
        streams = self.ground.streams
        self.told.differences += differences(self.control.truth, river.store, streams, self.told.hidden)
        self.told.differences += unsound_times(river.store, streams)

    def _meanwhile(self, share: float) -> Callable[[], None]:
        def happens() -> None:
            if self.dice.random() < share:
                self.something_happens(0.9)

        return happens


def run_world(seed: int, folder: Path, most_rounds: int = 6) -> Told:
    """Lives through the world of a seed, in two rounds or more; `folder` takes the state of both sides.

    AssertionError where the sandbox does not carry out what it must.
    """
    dice, told = Random(seed), Told(seed)
    config, objects = some_people(dice, seed, folder), some_objects(dice, seed)
    with ground(folder, config, objects) as laid:
        world = World(laid, dice, told)
        told.events.append(f"{config.people} people, {', '.join(laid.objects)}")
        for number in range(dice.randint(2, most_rounds)):
            told.events.append(f"round {number + 1}")
            world.weather_changes()
            world.people_work()
            world.attempt(pulled_whole)
        world.quiet()
    return told


def pulled_whole(river: River) -> None:
    """What `connector pull` does."""
    flow.reconcile(river, flow.pull(river))


def _edited(streams: tuple[MappedStream, ...]) -> dict[str, str | None]:
    """Account Engagement's collections that are read, and the column of each that people change."""
    return {
        mapped.stream.object.replace("-", "_"): next(
            (column.field for column in mapped.columns if column.field in {"jobTitle", "name", "details"}), None
        )
        for mapped in streams
        if mapped.stream.remote == "account_engagement"
    }


def _no_round_is_under_way(river: River) -> bool:
    """Whether no comparison is in the middle of its round."""
    units = [unit.unit for unit in here(river).engagement]
    kept = [
        read_reconciled(river.store, mapped.stream.name, unit)
        for mapped in river.mapping.fields.streams
        for unit in units
    ]
    return all(one is None or not one.at_id for one in kept)
