"""Plan: what should be, less what is. Reads the store and the decisions; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from connector.domain.plan import Kept, Plan, RecordChange, TaskCreation, Transition, Withheld
from connector.domain.running import Run
from connector.domain.streams import MappedStream
from connector.engine.cadence import CadenceStep
from connector.engine.decide import business_calendar
from connector.engine.inquiries import inquiries
from connector.planning.approvals import hold
from connector.planning.book import Book
from connector.planning.brief import briefs
from connector.planning.closings import TASK, close_tasks
from connector.planning.compare import compare
from connector.planning.desired import desire
from connector.planning.engagement import PROSPECTS, engage, prospect_changes
from connector.planning.guard import guard_findings, orders_of
from connector.planning.hidden import withheld
from connector.planning.history import history_persons
from connector.planning.opportunities import create_opportunities, linked
from connector.planning.owners import owned_by_the_active
from connector.planning.refused import without_refused, without_refused_deals
from connector.planning.runs import QUIET_STAGES, follow_ups, open_steps
from connector.planning.tasks import (
    FollowUp,
    consented,
    create_tasks,
    due_tasks,
    no_leads,
    not_before,
    told_in_time,
    wanted,
)
from connector.planning.toss_up import assign_owners, hand_overs
from connector.planning.waiting import standing, within_day
from connector.rules.fields import STAMPS, Fields


@dataclass(frozen=True)
class Basis:
    """What a plan rests on. `today` is the day of `as_of` in the zone of the rules."""

    org_id: str
    rules_hash: str
    as_of: datetime
    today: date


def assemble(run: Run, book: Book, basis: Basis) -> Plan:
    """The plan from people, scored, graded, tiered and decided as they stand in the store's temporary tables."""
    rules, fields = book.rules, book.fields
    records, kept = _compared(run, book, basis)
    inquiries(rules, basis.as_of, run)
    runs = follow_ups(run, rules, fields.guard.reviews_per_owner_a_day, basis.today)
    tossed = hand_overs(run, rules, basis.today)
    tasks, forbidden = _tasks(run, book, basis, runs.open, tossed.due)
    deals = create_opportunities(run, fields.deals_made, tossed.due, basis.org_id, basis.today)
    closed = close_tasks(run, rules.cadence, fields, (*runs.ends, *tossed.ends))
    engaged = engage(run, book, basis.as_of, basis.today)
    # First what waits for a word: one that was given stands while the org refuses what it is about.
    wanted_of = [*records, *closed.closings, *engaged.records]
    free = hold(run, fields, wanted_of, linked(run, tasks), engaged.memberships, deals)
    sent = without_refused(run, fields, free.records, free.tasks, basis.as_of)
    deals, turned_down = without_refused_deals(run, free.opportunities, basis.as_of)
    fields_of = [record for record in sent.records if record.object != TASK]
    records = [record for record in fields_of if record.object != PROSPECTS]
    plan = Plan(
        org_id=basis.org_id,
        rules_hash=basis.rules_hash,
        as_of=basis.as_of,
        made_at=basis.as_of,
        watermarks=_watermarks(run),
        records=tuple(sorted(records, key=lambda record: (record.object, record.record_id))),
        tasks=sent.tasks,
        starts=(*runs.starts, *tossed.starts),
        ends=(*runs.ends, *tossed.ends),
        transitions=_transitions(run, basis.as_of),
        kept=(*kept, *engaged.kept),
        withheld=tuple(sorted((*forbidden, *tossed.withheld, *closed.left, *engaged.withheld, *_out_of_reach(run)))),
        findings=(),
        prospects=prospect_changes((one for one in fields_of if one.object == PROSPECTS), fields),
        memberships=free.memberships,
        waiting=free.waiting,
        closings=tuple(one for one in sent.records if one.object == TASK),
        refused=(*sent.refused, *turned_down),
        opportunities=deals,
        held=int(run("SELECT count(*) FROM held", {})[0][0]),
    )
    filled = {**values_there(run, fields), **engaged.filled}
    return replace(plan, findings=guard_findings(fields.guard, plan, filled, orders_of(fields)))


def _compared(run: Run, book: Book, basis: Basis) -> tuple[list[RecordChange], list[Kept]]:
    """What differs in the records of Salesforce, and what stays as people set it."""
    rules, fields = book.rules, book.fields
    desire(run, rules.tiers.tiers, fields.language, rules.scoring.time_zone)
    assign_owners(run, rules, fields, basis.today)
    records: list[RecordChange] = []
    kept: list[Kept] = []
    for mapped in _written(fields):
        changes, stays = compare(run, mapped, fields.objects("salesforce")[mapped.stream.object], basis.as_of)
        records += changes
        kept += stays
    return records, kept


def _written(fields: Fields) -> list[MappedStream]:
    objects = fields.objects("salesforce")
    return [
        mapped
        for mapped in fields.streams
        if mapped.stream.remote == "salesforce" and objects[mapped.stream.object].write
    ]


def _tasks(
    run: Run,
    book: Book,
    basis: Basis,
    open_runs: Sequence[FollowUp],
    tossed: Sequence[tuple[FollowUp, CadenceStep]],
) -> tuple[tuple[TaskCreation, ...], tuple[Withheld, ...]]:
    rules, org = book.rules, basis.org_id
    calendar = business_calendar(rules)
    there: dict[str, date] = dict(run(_THERE, {"zone": rules.scoring.time_zone}))
    owners = {str(name): str(owner) for name, owner in run(_OWNERS, {})}
    due = [*due_tasks(open_runs, rules.cadence, calendar, basis.today, owners), *tossed]
    ripe = told_in_time(wanted(due, org, there), org, there, rules.cadence, calendar, basis.today)
    leads, out = no_leads(ripe, {str(one) for (one,) in run("SELECT person_id FROM screened", {})})
    allowed, forbidden = consented(leads)
    days = {str(person): day for person, day in run("SELECT person_id, day FROM not_before WHERE held", {})}
    free, agreed = not_before(allowed, days, rules.cadence)
    ready, missed = standing(free, due, rules.cadence, open_steps(run))
    chosen, waiting = within_day(ready, rules.cadence, basis.today, run, rules.scoring.time_zone)
    texts = briefs(run, book, {follow_up.person_id for follow_up, _ in chosen}, basis.as_of)
    # What is asked for late is due on the day of the task, not on a day that is over.
    day = calendar.on_or_after(basis.today)
    timely = [(follow_up, replace(step, due=max(step.due, day))) for follow_up, step in chosen]
    tasks = create_tasks(owned_by_the_active(run, timely), org, texts.__getitem__, book.fields.language)
    left = (*out, *forbidden, *agreed, *missed, *waiting)
    return ((), (*left, *withheld(tasks, book.no_tasks))) if book.no_tasks else (tasks, left)


_THERE = """
SELECT key, min(timezone($zone, timezone('UTC', made_at))::DATE) FROM (
    SELECT key, created_at AS made_at FROM seen_salesforce_task WHERE key IS NOT NULL
    UNION ALL SELECT record, intended_at FROM journal WHERE kind = 'task' AND outcome = 'done'
)
GROUP BY key
"""
_OWNERS = "SELECT name, min(owner_id) FROM owner_names WHERE is_active AND name IS NOT NULL GROUP BY name"


def _out_of_reach(run: Run) -> list[Withheld]:
    """Persons who are hot or ask, and whom only Account Engagement knows: a task needs a lead or a contact."""
    history = history_persons(run)
    return [
        Withheld(str(person), what, "has no lead or contact to put a task on")
        for person, what in run(_PROSPECTS_ONLY, {})
        if what == "inquiry" or str(person) not in history
    ]


_PROSPECTS_ONLY = """
SELECT person_id, unnest(list_filter(
    [CASE WHEN cadence_starts OR review THEN 'hot' END, CASE WHEN asked_at IS NOT NULL THEN 'inquiry' END],
    lambda what: what IS NOT NULL))
FROM people JOIN decided USING (person_id) LEFT JOIN next_contacts USING (person_id)
WHERE len(lead_ids) + len(contact_ids) = 0 AND stage <> 'disqualified'
    AND person_id NOT IN (SELECT person_id FROM screened)
"""


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


def values_there(run: Run, fields: Fields) -> dict[tuple[str, str], int]:
    """How many live records have a value in each written field now; a stamp has no share."""
    filled = {}
    for mapped in _written(fields):
        written = fields.objects("salesforce")[mapped.stream.object].write
        names = [name for name, entry in written.items() if entry.value not in STAMPS]
        if not names:
            continue
        counts = ", ".join(f'count("{mapped.column_of(name)}")' for name in names)
        row = run(f'SELECT {counts} FROM "whole_{mapped.stream.table}" WHERE NOT coalesce(is_deleted, FALSE)', {})[0]
        filled.update({(mapped.stream.object, name): int(count) for name, count in zip(names, row, strict=True)})
    return filled
