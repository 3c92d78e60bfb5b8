"""Runs of cadences that begin, go on or end: what the ledger knows against what has been decided (CD-1..CD-4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connector.domain.plan import RunEnd, RunStart
from connector.domain.running import Run
from connector.domain.statements import statements
from connector.engine.cadence import BusinessCalendar, cadence_steps, last_day
from connector.engine.decide import NEVER_HOT, business_calendar
from connector.engine.follow_up import pauses_of
from connector.planning.history import history_persons, history_runs
from connector.planning.tasks import FollowUp, within_limit
from connector.rules.cadence import Cadence
from connector.rules.load import RuleSet

QUIET_STAGES = frozenset({"anonymous", "registered", "cold"})
"""Stages that need no record of their beginning: everybody begins in one of them."""
_DAY = timedelta(days=1)
_SQL = statements("connector.planning.sql", "runs.sql")

Persons = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class FollowUps:
    """The runs to look at, and what changes about them."""

    open: tuple[FollowUp, ...]
    starts: tuple[RunStart, ...]
    ends: tuple[RunEnd, ...]


@dataclass(frozen=True)
class OpenRun:
    """A run that the ledger knows as open. `ended`: why it is over, and when (UTC); `restarts`: another one follows.

    `last_made`: a task of its last step is there; `undecided`: and nobody has ticked it off. `asked`: the person's
    inquiry is not answered yet; `answered`: somebody has answered since the run began. `converted`: the lead on which
    it began was converted since.
    """

    person_id: str
    cadence: str
    start: date
    key_record: str
    pauses: str
    ended: str | None
    ended_at: datetime | None
    restarts: bool
    last_made: bool
    undecided: bool
    asked: bool
    answered: bool
    converted: bool


def follow_ups(run: Run, rules: RuleSet, reviews_a_day: int, today: date) -> FollowUps:
    """Runs that are open or begin now, and those that end. `today` is a day in the zone of the rules.

    `reviews_a_day`: how many of those hot since longer an owner gets a day. Reads people, decided, scored,
    cadence_runs, run_ends, run_pauses, run_lasts, next_contacts and screened.
    """
    calendar = business_calendar(rules)
    persons = _reachable(run)
    goes_on = _Going(rules, calendar, today)
    opened, starts, ends = [], [], []
    for row in run(_SQL["open"], {"beside": list(NEVER_HOT)}):
        one = OpenRun(*row)
        person = persons.get(one.person_id)
        reason = goes_on.end_of(one, person)
        if reason is not None:
            ends.append(RunEnd(one.person_id, one.cadence, one.start.isoformat(), reason))
        if person is not None and reason is None:
            opened.append(_follow_up(person, one.cadence, one.start, one.key_record, one.pauses))
        elif person is not None and one.restarts and reason == RESTARTED:
            starts.append(_start({**person, "crossed_at": one.ended_at}, one.cadence, goes_on.day))
    history = history_persons(run)
    past, over = history_runs(run, rules, persons, history)
    present = {person_id: person for person_id, person in persons.items() if person_id not in history}
    starts += [*_starts(rules, reviews_a_day, present, goes_on.day, run), *_inquiries(run, persons, goes_on.day)]
    opened += [_started(persons[start.person_id], start) for start in starts]
    return FollowUps(tuple(opened), (*starts, *past), (*ends, *over))


RESTARTED = "restarted"
CONVERTED = "converted"
"""Why a run ends whose lead a rep has converted, even where no deal tells (WB-7); an inquiry is answered anyway."""


@dataclass(frozen=True)
class _Going:
    """Whether runs go on, by the rules on a day."""

    rules: RuleSet
    calendar: BusinessCalendar
    today: date

    @property
    def day(self) -> date:
        return self.calendar.on_or_after(self.today)

    def end_of(self, one: OpenRun, person: Mapping[str, Any] | None) -> str | None:
        """Why a run is over; None while it goes on. The CRM's word comes first, then what the person or a rep did."""
        if person is None:
            return "gone"
        stage, cadence = str(person["stage"]), self._known.get(one.cadence)
        if cadence is not None and cadence.starts == "inquiry":
            over = "answered" if one.answered else "unanswered"
            return stage if stage == "disqualified" else one.ended or (None if one.asked else over)
        if stage != "hot" and stage not in QUIET_STAGES:
            return one.ended if person["stage_rule"] == "decision" and one.ended else stage
        if one.converted:
            return CONVERTED
        if one.ended is not None and one.restarts:
            return RESTARTED if one.start < self.day else None
        if one.ended is not None:
            return one.ended
        return self._out_of_time(one, cadence, stage)

    def _out_of_time(self, one: OpenRun, cadence: Cadence | None, stage: str) -> str | None:
        over = cadence is None or last_day(cadence, one.start, self.calendar, pauses_of(one.pauses)) < self.today
        if not over:
            return None
        if stage != "hot":
            # A decision that was asked for stays to be taken, however cool the person has become meanwhile (CD-4).
            return None if cadence is not None and cadence.decides and one.undecided else stage
        asks = cadence is not None and {task.channel for task in cadence.steps[-1].tasks} <= {"call", "email"}
        return "over" if asks and one.last_made else None

    @property
    def _known(self) -> Mapping[str, Cadence]:
        return {cadence.id: cadence for cadence in self.rules.cadence.cadences}


def _starts(rules: RuleSet, reviews_a_day: int, persons: Persons, day: date, run: Run) -> list[RunStart]:
    """Runs for fresh crossings, and reviews of those hot since longer up to each owner's limit a day."""
    starts = [_start(person, person["cadence"], day) for person in persons.values() if person["cadence_starts"]]
    waiting = sorted(
        (person for person in persons.values() if person["review"]),
        key=lambda person: (-int(person["score"]), str(person["person_id"])),
    )
    if not waiting:
        return starts
    reviews = {cadence.id: cadence for cadence in rules.cadence.of_kind("hot_since_longer")}
    begun = Counter(
        persons[person_id]["owner_id"]
        for (person_id,) in run(_SQL["begun"], {"cadences": list(reviews), "day": day})
        if person_id in persons
    )
    calendar = business_calendar(rules)
    pairs = [
        (_follow_up(person, review.id, day, str(person["who_id"])), cadence_steps(review, day, calendar)[0])
        for person in waiting
        for review in (reviews[person["cadence"]],)
    ]
    chosen = {follow_up.person_id for follow_up, _ in within_limit(pairs, begun, reviews_a_day)}
    return starts + [_start(person, person["cadence"], day) for person in waiting if person["person_id"] in chosen]


def _inquiries(run: Run, persons: Persons, day: date) -> Iterator[RunStart]:
    """Runs for inquiries that nobody answered, each once; a second one on a day has the next day in its tasks' keys."""
    for person_id, cadence, since, taken in run(_SQL["inquiries"], {}):
        if person_id not in persons:
            continue
        start = day
        while start in (taken or ()):
            start += _DAY
        who = str(persons[person_id]["who_id"])
        yield RunStart(person_id, cadence, start.isoformat(), who, since.replace(tzinfo=UTC))


def _reachable(run: Run) -> dict[str, Mapping[str, Any]]:
    """Persons with a record that a task can be put on, with what follow-up needs to know of them."""
    names = (
        "person_id", "who_id", "owner_id", "opted_out", "do_not_call", "stage", "stage_rule", "score", "crossed_at",
        "cadence_starts", "review", "cadence",
    )  # fmt: skip
    return {row[0]: dict(zip(names, row, strict=True)) for row in run(_SQL["reachable"], {})}


def _follow_up(person: Mapping[str, Any], cadence: str, start: date, key_record: str, pauses: str = "") -> FollowUp:
    return FollowUp(
        str(person["person_id"]),
        cadence,
        start,
        key_record,
        str(person["who_id"]),
        person["owner_id"],
        bool(person["opted_out"]),
        bool(person["do_not_call"]),
        pauses_of(pauses),
    )


def _started(person: Mapping[str, Any], start: RunStart) -> FollowUp:
    return _follow_up(person, start.cadence, date.fromisoformat(start.start_date), start.key_record)


def _start(person: Mapping[str, Any], cadence: str, day: date) -> RunStart:
    crossed = person["crossed_at"]
    moment = None if crossed is None else crossed.replace(tzinfo=UTC)
    return RunStart(str(person["person_id"]), cadence, day.isoformat(), str(person["who_id"]), moment)


def open_steps(run: Run) -> frozenset[tuple[str, str, str, str]]:
    """Our tasks that nobody has ticked off: person, cadence, step and channel, of whichever run."""
    return frozenset(run(_SQL["open_steps"], {}))
