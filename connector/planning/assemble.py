"""Plan: what should be, less what is. Reads the store and the decisions; writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from connector.domain.plan import Plan, RunEnd, RunStart, TaskCreation, Transition, Withheld
from connector.domain.running import Run
from connector.domain.streams import MappedStream
from connector.engine.cadence import BusinessCalendar, CadenceStep, cadence_steps, last_day
from connector.engine.decide import business_calendar
from connector.engine.toss_up import TOSS_UP
from connector.planning.book import Book
from connector.planning.brief import briefs
from connector.planning.compare import compare
from connector.planning.desired import desire
from connector.planning.guard import guard_findings
from connector.planning.hidden import withheld
from connector.planning.history import history_persons, history_runs
from connector.planning.tasks import FollowUp, create_tasks, due_tasks, task_key, within_limit
from connector.planning.toss_up import hand_overs
from connector.rules.cadence import Cadence
from connector.rules.fields import Fields
from connector.rules.load import RuleSet

QUIET_STAGES = frozenset({"anonymous", "registered", "cold"})
"""Stages that need no record of their beginning: everybody begins in one of them."""


@dataclass(frozen=True)
class Basis:
    """What a plan rests on. `today` is the day of `as_of` in the zone of the rules."""

    org_id: str
    rules_hash: str
    as_of: datetime
    today: date


@dataclass(frozen=True)
class FollowUps:
    """The runs to look at, and what changes about them."""

    open: tuple[FollowUp, ...]
    starts: tuple[RunStart, ...]
    ends: tuple[RunEnd, ...]


def assemble(run: Run, book: Book, basis: Basis) -> Plan:
    """The plan from people, scored, graded, tiered and decided as they stand in the store's temporary tables."""
    rules, fields = book.rules, book.fields
    desire(run, rules.tiers.tiers, fields.language, rules.scoring.time_zone)
    records, kept = [], []
    for mapped in _written(fields):
        changes, stays = compare(run, mapped, fields.objects("salesforce")[mapped.stream.object], basis.as_of)
        records += changes
        kept += stays
    follow_ups = _follow_ups(run, rules, fields, basis)
    tossed = hand_overs(run, rules, basis.today)
    tasks, forbidden = _tasks(run, book, basis, follow_ups.open, tossed.due)
    return Plan(
        org_id=basis.org_id,
        rules_hash=basis.rules_hash,
        as_of=basis.as_of,
        made_at=basis.as_of,
        watermarks=_watermarks(run),
        records=tuple(sorted(records, key=lambda record: (record.object, record.record_id))),
        tasks=tasks,
        starts=(*follow_ups.starts, *tossed.starts),
        ends=(*follow_ups.ends, *tossed.ends),
        transitions=_transitions(run, basis.as_of),
        kept=tuple(kept),
        withheld=tuple(sorted((*forbidden, *tossed.withheld, *_out_of_reach(run)))),
        findings=guard_findings(fields.guard, records, tasks, _filled(run, fields)),
    )


def _written(fields: Fields) -> list[MappedStream]:
    objects = fields.objects("salesforce")
    return [
        mapped
        for mapped in fields.streams
        if mapped.stream.remote == "salesforce" and objects[mapped.stream.object].write
    ]


def _follow_ups(run: Run, rules: RuleSet, fields: Fields, basis: Basis) -> FollowUps:
    """Runs that are open or begin now. A run ends when the CRM says that the person is elsewhere in the cycle."""
    calendar = business_calendar(rules)
    persons = _reachable(run)
    opened, ends = [], []
    for person_id, cadence, start, key_record in run(
        "SELECT person_id, cadence, start_date, key_record FROM cadence_runs "
        "WHERE ended_at IS NULL AND cadence <> $beside ORDER BY ALL",
        {"beside": TOSS_UP},
    ):
        person = persons.get(person_id)
        reason = "gone" if person is None else str(person["stage"])
        if person is None or person["stage"] != "hot":
            if _over(rules, cadence, start, calendar, basis.today) or reason not in QUIET_STAGES:
                ends.append(RunEnd(person_id, cadence, start.isoformat(), reason))
            continue
        opened.append(_follow_up(person, cadence, start, key_record))
    history = history_persons(run)
    past, over = history_runs(run, rules, persons, history)
    present = {person_id: person for person_id, person in persons.items() if person_id not in history}
    starts = _starts(rules, fields, basis, present, calendar, run)
    opened += [_started(persons[start.person_id], start) for start in starts]
    return FollowUps(tuple(opened), (*starts, *past), (*ends, *over))


def _starts(
    rules: RuleSet,
    fields: Fields,
    basis: Basis,
    persons: Mapping[str, Mapping[str, Any]],
    calendar: BusinessCalendar,
    run: Run,
) -> list[RunStart]:
    """Runs for fresh crossings, and reviews of those hot since longer up to each owner's limit a day."""
    day = calendar.on_or_after(basis.today)
    fresh = rules.cadence.starting("fresh_crossing")
    review = rules.cadence.starting("hot_since_longer")
    starts = [_start(person, fresh, day) for person in persons.values() if person["cadence_starts"] and fresh]
    if review is None:
        return starts
    waiting = sorted(
        (person for person in persons.values() if person["review"]),
        key=lambda person: (-int(person["score"]), str(person["person_id"])),
    )
    begun = Counter(
        persons[person_id]["owner_id"]
        for (person_id,) in run(
            "SELECT person_id FROM cadence_runs WHERE cadence = $cadence AND start_date = $day",
            {"cadence": review.id, "day": day},
        )
        if person_id in persons
    )
    step = cadence_steps(review, day, calendar)[0]
    pairs = [(_follow_up(person, review.id, day, str(person["who_id"])), step) for person in waiting]
    chosen = {follow_up.person_id for follow_up, _ in within_limit(pairs, begun, fields.guard.reviews_per_owner_a_day)}
    return starts + [_start(person, review, day) for person in waiting if person["person_id"] in chosen]


def _tasks(
    run: Run,
    book: Book,
    basis: Basis,
    follow_ups: Sequence[FollowUp],
    tossed: Sequence[tuple[FollowUp, CadenceStep]],
) -> tuple[tuple[TaskCreation, ...], tuple[Withheld, ...]]:
    rules = book.rules
    cadences = {cadence.id: cadence for cadence in rules.cadence.cadences}
    due: list[tuple[FollowUp, CadenceStep]] = list(
        due_tasks(follow_ups, cadences, business_calendar(rules), basis.today)
    )
    due += tossed
    there = {
        str(row[0])
        for row in run(
            "SELECT key FROM seen_salesforce_task WHERE key IS NOT NULL "
            "UNION SELECT record FROM journal WHERE kind = 'task' AND outcome = 'done'",
            {},
        )
    }
    wanted = {follow_up.person_id for follow_up, step in due if task_key(basis.org_id, follow_up, step) not in there}
    texts = briefs(run, book, wanted, basis.as_of)
    tasks, forbidden = create_tasks(due, basis.org_id, there, texts.__getitem__, book.fields.language)
    return ((), (*forbidden, *withheld(tasks, book.no_tasks))) if book.no_tasks else (tasks, forbidden)


def _reachable(run: Run) -> dict[str, Mapping[str, Any]]:
    """Persons with a record that a task can be put on, with what follow-up needs to know of them."""
    names = (
        "person_id", "who_id", "owner_id", "opted_out", "do_not_call", "stage", "score", "crossed_at",
        "cadence_starts", "review",
    )  # fmt: skip
    rows = run(
        """
        SELECT people.person_id, coalesce(people.contact_ids[1], people.lead_ids[1]) AS who_id, people.owner_id,
            coalesce(people.opted_out, FALSE), coalesce(people.do_not_call, FALSE), decided.stage, scored.score,
            decided.hot_since AS crossed_at, decided.cadence_starts, decided.review
        FROM people JOIN decided USING (person_id) JOIN scored USING (person_id)
        WHERE len(people.contact_ids) + len(people.lead_ids) > 0
            AND (decided.cadence_starts OR decided.review
                OR person_id IN (SELECT person_id FROM cadence_runs WHERE ended_at IS NULL))
        ORDER BY people.person_id
        """,
        {},
    )
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def _out_of_reach(run: Run) -> list[Withheld]:
    """Hot persons whom only Account Engagement knows: a task needs a lead or a contact."""
    rows = run(
        "SELECT person_id FROM people JOIN decided USING (person_id) "
        "WHERE len(lead_ids) + len(contact_ids) = 0 AND (cadence_starts OR review)",
        {},
    )
    history = history_persons(run)
    return [
        Withheld(str(person), "hot", "has no lead or contact to put a task on")
        for (person,) in rows
        if str(person) not in history
    ]


def _follow_up(person: Mapping[str, Any], cadence: str, start: date, key_record: str) -> FollowUp:
    return FollowUp(
        str(person["person_id"]),
        cadence,
        start,
        key_record,
        str(person["who_id"]),
        person["owner_id"],
        bool(person["opted_out"]),
        bool(person["do_not_call"]),
    )


def _started(person: Mapping[str, Any], start: RunStart) -> FollowUp:
    return _follow_up(person, start.cadence, date.fromisoformat(start.start_date), start.key_record)


def _start(person: Mapping[str, Any], cadence: Cadence, day: date) -> RunStart:
    crossed = person["crossed_at"]
    return RunStart(
        str(person["person_id"]),
        cadence.id,
        day.isoformat(),
        str(person["who_id"]),
        None if crossed is None else crossed.replace(tzinfo=UTC),
    )


def _over(rules: RuleSet, cadence: str, start: date, calendar: BusinessCalendar, today: date) -> bool:
    known = {entry.id: entry for entry in rules.cadence.cadences}
    return cadence not in known or last_day(known[cadence], start, calendar) < today


def _transitions(run: Run, as_of: datetime) -> tuple[Transition, ...]:
    """The persons whose stage is not the last one recorded. Hot begins at its crossing, everything else now."""
    rows = run(
        """
        WITH last AS (
            SELECT person_id, to_stage AS stage FROM transitions
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY recorded_at DESC, rowid DESC) = 1
        )
        SELECT person_id, last.stage, decided.stage, decided.stage_rule, decided.hot_since, scored.score
        FROM decided JOIN scored USING (person_id) LEFT JOIN last USING (person_id)
        WHERE decided.stage IS DISTINCT FROM last.stage
        ORDER BY person_id
        """,
        {},
    )
    return tuple(
        Transition(
            person,
            hot_since.replace(tzinfo=UTC) if stage == "hot" and hot_since is not None else as_of,
            before,
            stage,
            rule,
            score,
        )
        for person, before, stage, rule, hot_since, score in rows
        if before is not None or stage not in QUIET_STAGES
    )


def _watermarks(run: Run) -> dict[str, str]:
    rows = run("SELECT stream, unit, watermark FROM cursor WHERE watermark IS NOT NULL ORDER BY ALL", {})
    return {
        f"{stream}:{unit}" if unit else stream: watermark.replace(tzinfo=UTC).isoformat()
        for stream, unit, watermark in rows
    }


def _filled(run: Run, fields: Fields) -> dict[tuple[str, str], int]:
    """How many live records have a value in each written field now."""
    filled = {}
    for mapped in _written(fields):
        names = list(fields.objects("salesforce")[mapped.stream.object].write)
        counts = ", ".join(f'count("{mapped.column_of(name)}")' for name in names)
        row = run(f'SELECT {counts} FROM "whole_{mapped.stream.table}" WHERE NOT coalesce(is_deleted, FALSE)', {})[0]
        filled.update({(mapped.stream.object, name): int(count) for name, count in zip(names, row, strict=True)})
    return filled
