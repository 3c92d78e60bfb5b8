"""One run: a world, rules, days with deeds, faults and deaths, and the quiet at the end; then all is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from unittest.mock import patch

from connector import bootstrap, flow
from connector.bootstrap import open_river
from connector.cli.river import OLDEST_PLAN, carry_out, now, permit, refuse_when_off, run_cycle
from connector.domain.plan import Plan
from connector.errors import ConnectorError, RefusedError
from connector.planning.file import load_plan, save_plan
from connector.river import River, here
from connector.store.approvals import give_word
from connector.store.failures import release
from connector.store.undoing import writing_runs
from tests.chaos import counts, lost
from tests.chaos.counts import Counts, Undone
from tests.chaos.deeds import INTEREST, Deed
from tests.chaos.engagement import memberships
from tests.chaos.land import Land
from tests.chaos.rules import without_words
from tests.chaos.weather import faults, small_calls
from tests.worlds.death import Killed, Life, living
from tests.worlds.ground import QUICK

DAYS = (0, 1, 1, 1, 2, 3)
"""How many days may pass between two mornings."""
TASKS_ARE_SENT_TO = "/composite/sobjects/Task/"


@dataclass(frozen=True)
class Happening:
    """What a run went through, in order: `seconds` that passed, a deed, or one of our cycles that ended in order.

    `meanwhile`: the deed was done while a cycle was at work, or between two attempts at one.
    """

    seconds: int = 0
    deed: Deed | None = None
    cycle: bool = False
    meanwhile: bool = False


@dataclass
class Told:
    """What happened in a run, and what was counted."""

    seed: int
    events: list[str] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    found: Counts = field(default_factory=Counts)
    kills: int = 0
    failed: int = 0
    met: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    raced: set[str] = field(default_factory=set)
    """Records of people who did something between our last look at them and our write."""


@dataclass(frozen=True)
class Size:
    """How long a run is. `attempts`: at most so many a day. `settles`: whether each day ends with a quiet cycle.

    `quiet_cycles`: at the end at most so many, of which the last has to change nothing; a single one may change
    something. `undoes`: whether runs are taken back now and then.
    """

    days: int = 3
    attempts: int = 2
    deeds: int = 5
    people: int = 60
    settles: bool = False
    quiet_cycles: int = 6
    undoes: bool = False


@dataclass
class Story:
    """A run under way."""

    land: Land
    dice: Random
    told: Told
    folder: Path
    size: Size
    boundaries: int = 550
    """How many effects the last whole attempt had."""
    attempting: bool = False
    """Whether the day's first attempt has begun: from then on nobody knows what of it is written."""
    undone: list[Undone] = field(default_factory=list)
    approved: set[tuple[str, str]] = field(default_factory=set)
    """Of which kinds and subjects somebody has given the word."""

    def day(self) -> None:
        """A morning with people at work, then attempts that may fail or die, with people at work around them."""
        self.pass_time(self.dice.choice(DAYS) * 86_400 + self.dice.randint(1, 3_600))
        for _ in range(self.dice.randint(1, 4)):
            self.do(self.dice.choice(INTEREST)(self.land.crowd, self.dice))
        self.people_work(self.size.deeds)
        self.attempts()
        if self.size.settles:
            self.clear_up()
            self.quiet_cycle()

    def attempts(self) -> None:
        """What the connector tries in a day, with people at work in between."""
        self.attempting = True
        for _ in range(self.dice.randint(1, self.size.attempts)):
            self.try_something()
            self.people_work(2)
        self.attempting = False

    def try_something(self) -> None:
        """One attempt of the connector, of whatever kind."""
        works: list[Callable[[River], object]] = [self._cycle, self._cycle, self._by_file]
        work = self.dice.choice([*works, undo_last] if self.size.undoes else works)
        first = len(self.land.changes) + 1
        self.told.events.append(f"tries {work.__name__}")
        self.disturbed(work)
        if work is undo_last:
            self.undone.append(Undone(first, len(self.land.changes)))

    def people_work(self, most: int) -> None:
        for _ in range(self.dice.randint(0, most)):
            self.somebody_does()

    def somebody_does(self, upcoming: str = "") -> None:
        """A deed, mostly in a second of its own: what falls into ours cannot be told apart by anybody."""
        alone = self.dice.random() < (0.4 if self.told.seed % 5 == 3 else 0.9)
        if alone:
            self.pass_time(2)
        deed = self.land.crowd.choose(self.dice)
        if deed is not None:
            if deed.call == "market" and upcoming and not upcoming.startswith("GET"):
                # It would fall between our last look and our write, which Account Engagement takes without conditions.
                return
            self.do(deed)
            if TASKS_ARE_SENT_TO in upcoming:
                self.told.raced |= deed.records
        if alone:
            self.pass_time(1)

    def do(self, deed: Deed) -> None:
        done = self.land.crowd.do(deed)
        self.told.happenings.append(Happening(deed=deed, meanwhile=self.attempting))
        self.told.events.append(f"{'  meanwhile ' if self.attempting else ''}{deed}: {'done' if done else 'refused'}")

    def pass_time(self, seconds: int) -> None:
        self.land.control.do("PUT", "clock", {"advance_seconds": seconds})
        self.told.happenings.append(Happening(seconds=seconds))

    def disturbed(self, work: Callable[[River], object]) -> None:
        """One attempt at something, with faults and deeds, that may die at any boundary of its effects."""
        weather = faults(self.dice)
        self.land.control.do("PUT", "faults", weather)
        self.told.events.append(f"faults {weather['faults']}")
        dies_at = None
        if self.dice.random() < 0.7:
            # Writes come last: more than half of the deaths are there.
            dies_at = self.dice.randint(round(self.boundaries * self.dice.choice((0, 0.8, 0.9))), self.boundaries)
        life = Life(dies_at, lambda: None)
        share = self.dice.choice((0.0, 0.05, 0.15))
        life.meanwhile = lambda: self._meanwhile(life, share)
        with small_calls(self.dice):
            self.attempt(life, work)
        self.told.happenings.append(Happening(cycle=True))
        self.clear_up()

    def attempt(self, life: Life, work: Callable[[River], object]) -> None:
        try:
            with living(life), open_river(self.land.ground.settings, retry=QUICK) as river:
                work(river)
        except Killed:
            self.told.kills += 1
            self.told.events.append(f"killed at boundary {life.passed}")
        except ConnectorError as error:
            self.told.failed += 1
            self.told.events.append(f"failed at boundary {life.passed}: {error}")
        else:
            self.boundaries = max(life.passed, 60)
            self.told.events.append(f"came to its end at boundary {life.passed}")

    def clear_up(self) -> None:
        """The faults end; they are counted."""
        for fault in self.land.control.do("GET", "faults").get("faults", ()):
            self.told.met[fault["kind"]] += fault["fired"]
        self.land.control.do("DELETE", "faults")

    def quiet_cycle(self) -> None:
        """A cycle among no faults, after somebody has mended what refused our rows and said so."""
        with open_river(self.land.ground.settings, retry=QUICK) as river:
            release(river.store)
            cycle(river)
        self.told.happenings.append(Happening(cycle=True))

    def end(self) -> None:
        """Quiet cycles until one changes nothing, then the counting. What refused our rows was mended before.

        In them nothing waits for a word any more: what did is written.
        """
        self.clear_up()
        self.pass_time(1)
        land, fields = self.land, self.land.rulebook.mapping.fields
        self.told.found.unapproved += counts.unapproved(
            land.changes, fields, land.crowd.ours, self.approved, self.undone
        )
        rules = without_words(land.rulebook) if fields.modes.waiting else land.rulebook
        with (
            patch.object(bootstrap, "load_rulebook", lambda _folder: rules),
            open_river(land.ground.settings, retry=QUICK) as river,
        ):
            release(river.store)
            planned = self._settled(river)
            self.told.happenings.append(Happening(cycle=True))
            self._count(river, planned)

    def _settled(self, river: River) -> Plan:
        """The plan of the first quiet cycle; the last one must be empty."""
        first = planned = run_cycle(river, first_contact=True, force=True).planned
        for _ in range(self.size.quiet_cycles - 1):
            if not planned.changes:
                break
            planned = run_cycle(river, first_contact=True, force=True).planned
        if self.size.quiet_cycles == 1:
            return first
        left = [f"{record.object} {record.record_id} {record.changes}" for record in planned.records]
        left += [f"task {task.key}" for task in planned.tasks]
        left += [f"{planned.changes} changes"] if planned.changes and not left else []
        self.told.found.lost += [f"quiet cycle {self.size.quiet_cycles} still plans {one}" for one in left]
        return first

    def _count(self, river: River, planned: Plan) -> None:
        land, found = self.land, self.told.found
        changes, ours, fields = land.changes, land.crowd.ours, land.rulebook.mapping.fields
        known = {str(one.after) for one in changes if one.field == "Connector_Key__c" and one.kind == "new"}
        histories = counts.histories(changes)
        twice, not_ours, opted_out = memberships(changes, land.opted_out)
        found.doubled += twice
        found.overwritten += not_ours
        found.against_consent += opted_out
        found.doubled += counts.doubled(changes, ours)
        over, same = counts.overwritten(changes, fields, ours, self.undone)
        found.overwritten += over
        found.same_second += same
        against, raced = counts.against_consent(changes, land.refused, ours, self.told.raced)
        found.against_consent += against
        found.raced += raced
        found.wrongly_undone += counts.wrongly_undone(changes, ours, self.undone)
        found.lost += lost.lost(river.store, fields, land.truth(), histories, ours)
        found.lost += lost.lost_tasks(planned.tasks, known) + lost.forgotten(river.store, known)
        self.told.written += Counter(
            dict(river.store.run("SELECT kind, count(*) FROM journal WHERE outcome = 'done' GROUP BY kind"))
        )
        self.told.written["bulk job"] += river.store.value("SELECT count(*) FROM ingest_jobs")

    def _cycle(self, river: River) -> None:
        """A cycle, and somebody's word about half of what waited then."""
        self._approve(river, cycle(river))

    def _approve(self, river: River, planned: Plan) -> None:
        chosen = [one for one in planned.waiting if self.dice.random() < 0.5]
        # Whether the word arrived is not known when all dies meanwhile.
        self.approved |= {(one.kind, one.subject) for one in chosen}
        if chosen:
            give_word(river.store, chosen, "approved", "somebody", None, now(river))

    def _by_file(self, river: River) -> None:
        """A plan that is saved, and carried out when people have worked on."""
        file = self.folder / "plan.json"
        self._approve(river, save_file(river, file))
        self.people_work(3)
        apply_file(river, file)

    def _meanwhile(self, life: Life, share: float) -> None:
        if self.dice.random() < share:
            self.somebody_does(life.upcoming)


def save_file(river: River, file: Path) -> Plan:
    """What `connector pull` and `connector plan --save FILE` do."""
    flow.settle(river, now(river))
    flow.pull(river)
    as_of = now(river)
    flow.evaluate(river, as_of)
    planned = flow.plan(river, here(river).org_id, as_of)
    save_plan(planned, file)
    return planned


def apply_file(river: River, file: Path) -> None:
    """What `connector apply FILE` does."""
    instant = now(river)
    org = here(river).org_id
    planned = load_plan(file, org_id=org, rules_hash=river.rules_hash, now=instant, oldest=OLDEST_PLAN)
    permit(river, planned, first_contact=True, force=True, instant=instant)
    refuse_when_off(river, planned)
    carry_out(river, planned, "apply", instant)


def undo_last(river: River) -> None:
    """What `connector undo --last --apply` does."""
    runs = [one.run_id for one in writing_runs(river.store, 20) if one.undoes is None]
    if not runs:
        return
    instant = now(river)
    flow.settle(river, instant)
    planned = flow.undo(river, runs[0], instant, delete_tasks=len(runs) % 2 == 0).plan
    permit(river, planned, first_contact=True, force=True, instant=instant)
    refuse_when_off(river, planned)
    carry_out(river, planned, "undo", instant)


def cycle(river: River) -> Plan:
    """What `connector sync` does; now and then the guard stops it, and a word passes it."""
    try:
        return run_cycle(river, first_contact=True, force=False).planned
    except RefusedError:
        return run_cycle(river, first_contact=True, force=True).planned


def live(land: Land, told: Told, folder: Path, size: Size) -> None:
    """Lives through the run of a seed."""
    story = Story(land, Random(told.seed), told, folder, size)
    for number in range(story.dice.randint(1, size.days)):
        told.events.append(f"day {number + 1}")
        story.day()
    story.end()
