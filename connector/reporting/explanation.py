"""Everything about one person: who, how scored, how graded, what was decided and why, what was and will be written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import Any

from connector.domain.plan import Plan, RecordChange, TaskCreation, Withheld
from connector.domain.running import Run
from connector.engine.evidence import Evidence, evidence
from connector.engine.explain import Fit, LedgerLine, criteria, ledger
from connector.engine.life import LifeLine, transitions_of
from connector.reporting.apart_keys import apart_of
from connector.reporting.standing import Action, action_of, standing, tables
from connector.rules.load import RuleSet
from connector.store.tiers import TierChange, tier_history


@dataclass(frozen=True)
class Person:
    """Who it is, and by which records we know the person."""

    person_id: str
    name: str | None
    company: str | None
    title: str | None
    department: str | None
    source: str | None
    match_status: str | None
    records: tuple[str, ...]
    stage: str
    stage_rule: str
    hot_since: datetime | None
    score: int
    score_source: int
    score_behaviour: int
    score_inactivity: int
    score_deciding: int | None = None
    opted_out: bool = False
    do_not_call: bool = False
    score_floor: int = 0


@dataclass(frozen=True)
class Write:
    """A write of ours in the journal."""

    at: datetime
    object: str
    record: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    outcome: str


@dataclass(frozen=True)
class Listed:
    """A list that names the person: in which segment, until when it may start a follow-up, and what it told."""

    name: str
    kind: str
    segment: str | None
    segment_name: str | None
    follow_up_until: date | None
    happened_at: datetime | None
    attended: bool
    answers: Mapping[str, str]
    review_score: float | None


@dataclass(frozen=True)
class Planned:
    """What a plan of this moment would do about the person, and what it withholds."""

    records: tuple[RecordChange, ...]
    tasks: tuple[TaskCreation, ...]
    withheld: tuple[Withheld, ...]


@dataclass(frozen=True)
class Explanation:
    """The whole answer; the ledger's points add up to the score. Times are UTC.

    `apart`: the lines, conversions and account of the person, as reporting.apart_keys tells them. `standing`: what
    further decisions say of the person, by the name of their table. `planned` is None where nobody
    asked for it.
    """

    as_of: datetime
    person: Person
    ledger: tuple[LedgerLine, ...]
    fit: Fit | None
    transitions: tuple[tuple[datetime, str | None, str, str], ...]
    cadences: tuple[tuple[str, str, str | None], ...]
    writes: tuple[Write, ...]
    lists: tuple[Listed, ...]
    evidence: Evidence | None = None
    next_action: Action | None = None
    standing: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    planned: Planned | None = None
    life: tuple[LifeLine, ...] = ()
    apart: Mapping[str, Any] = field(default_factory=dict)
    tiers: tuple[TierChange, ...] = ()


@dataclass(frozen=True)
class Horizon:
    """Up to when an explanation tells: what had happened by then, and what had been recorded by then. None: all."""

    happened_by: datetime | None = None
    recorded_by: datetime | None = None


_PERSON = tuple(entry.name for entry in fields(Person))


def find_person(run: Run, wanted: str) -> str | None:
    """The living person behind an e-mail address, a record id of either system (15 or 18 characters) or a person id.

    A number that two business units gave names the same person each time.
    """
    rows = run(_NAMED, {"wanted": wanted.strip()})
    return str(rows[0][0]) if rows else None


_NAMED = """
WITH named AS (
    SELECT person_id FROM person_records
    WHERE record_id = $wanted OR record_key = $wanted OR person_id = $wanted
        OR (length($wanted) = 15 AND left(record_id, 15) = $wanted)
    UNION ALL SELECT person_id FROM people WHERE lower(trim(email)) = lower($wanted)
    UNION ALL SELECT known.person_id FROM seen_salesforce_lead AS lead
        JOIN person_records AS known ON known.kind = 'lead' AND known.record_id = lead.id
        WHERE lower(trim(lead.email)) = lower($wanted)
    UNION ALL SELECT known.person_id FROM seen_salesforce_contact AS contact
        JOIN person_records AS known ON known.kind = 'contact' AND known.record_id = contact.id
        WHERE lower(trim(contact.email)) = lower($wanted)
    UNION ALL SELECT known.person_id FROM seen_account_engagement_prospects AS prospect
        JOIN person_records AS known
            ON known.record_key = 'account_engagement.prospects:' || prospect._unit || ':' || prospect.id
        WHERE lower(trim(prospect.email)) = lower($wanted)
    UNION ALL SELECT known.person_id FROM seen_list_member AS member
        JOIN person_records AS known ON known.kind = 'list' AND known.record_id = member.member_id
        WHERE member.email = lower($wanted)
)
SELECT person_id FROM named SEMI JOIN people USING (person_id) ORDER BY person_id LIMIT 1
"""


def explanation_of(
    run: Run, rules: RuleSet, as_of: datetime, person_id: str, horizon: Horizon = Horizon()
) -> Explanation | None:
    """Explains a person from the temporary tables of an evaluation as of the same time; None for nobody living."""
    person = _person(run, person_id)
    if person is None:
        return None
    asked = {"person": person_id, "happened": _naive(horizon.happened_by), "recorded": _naive(horizon.recorded_by)}
    return Explanation(
        as_of,
        person,
        ledger(rules, as_of, person_id, run),
        criteria(rules, person_id, run),
        tuple((row[0].replace(tzinfo=UTC), row[1], row[2], row[3]) for row in run(_TRANSITIONS, asked)),
        tuple((row[0], row[1].isoformat(), row[2]) for row in run(_CADENCES, asked)),
        tuple(
            Write(row[0].replace(tzinfo=UTC), row[1], row[2], json.loads(row[3] or "{}"), json.loads(row[4]), row[5])
            for row in run(_WRITES, asked)
        ),
        lists_of_person(run, person_id, horizon),
        evidence(rules, as_of, person_id, run),
        action_of(run, person_id),
        standing(run, person_id),
        apart=apart_of(run, person_id),
        life=transitions_of(run, person_id) if "life" in tables(run) else (),
        tiers=_tiers(run, person_id, horizon),
    )


def _tiers(run: Run, person_id: str, horizon: Horizon) -> tuple[TierChange, ...]:
    """The history of the company's tier, as far as it had been recorded by then."""
    ((company,),) = run("SELECT company_id FROM people WHERE person_id = $person", {"person": person_id})
    by = horizon.recorded_by
    return tuple(one for one in tier_history(run, company) if by is None or one.since <= by)


def planned_for(plan: Plan, person_id: str) -> Planned:
    """What of a plan is about one person."""
    return Planned(
        tuple(one for one in plan.records if one.person_id == person_id),
        tuple(one for one in plan.tasks if one.person_id == person_id),
        tuple(one for one in plan.withheld if one.person_id == person_id),
    )


def lists_of_person(run: Run, person_id: str, horizon: Horizon = Horizon()) -> tuple[Listed, ...]:
    """The imported lists that name a person, in the order of time; reads list_follow_ups."""
    asked = {"person": person_id, "happened": _naive(horizon.happened_by)}
    return tuple(_listed(row) for row in run(_LISTS, asked))


def _listed(row: tuple[Any, ...]) -> Listed:
    name, kind, segment, segment_name, until, happened_at, attended, answers, review_score = row
    moment = None if happened_at is None else happened_at.replace(tzinfo=UTC)
    told = json.loads(answers) if answers else {}
    return Listed(name, kind, segment, segment_name, until, moment, bool(attended), told, review_score)


_LISTS = """
SELECT name, kind, segment, segment_en, follow_up_until, happened_at, attended, answers, review_score
FROM list_follow_ups
WHERE person_id = $person AND ($happened::TIMESTAMP IS NULL OR happened_at <= $happened::TIMESTAMP)
ORDER BY happened_at NULLS FIRST, name
"""


_TRANSITIONS = """
SELECT happened_at, from_stage, to_stage, reason FROM transitions
WHERE person_id = $person AND ($happened::TIMESTAMP IS NULL OR happened_at <= $happened::TIMESTAMP)
    AND ($recorded::TIMESTAMP IS NULL OR recorded_at <= $recorded::TIMESTAMP)
ORDER BY happened_at, recorded_at
"""

# What we did ourselves happened when it was recorded.
_OURS_BY_THEN = "least($happened::TIMESTAMP, $recorded::TIMESTAMP)"

_CADENCES = f"""
SELECT cadence, start_date, CASE WHEN coalesce(ended_at <= {_OURS_BY_THEN}, TRUE) THEN end_reason END
FROM cadence_runs
WHERE person_id = $person AND coalesce(recorded_at <= {_OURS_BY_THEN}, TRUE)
ORDER BY ALL
"""

_WRITES = f"""
SELECT journal.intended_at, journal.object, journal.record, journal.values_before, journal.values_after,
    coalesce(journal.outcome, 'unknown')
FROM journal
WHERE coalesce(journal.intended_at <= {_OURS_BY_THEN}, TRUE) AND (
    journal.record IN (SELECT record_id FROM person_records WHERE person_id = $person AND kind <> 'prospect')
    OR (journal.kind IN ('task', 'opportunity') AND split_part(journal.record, ':', 2) IN (
        SELECT key_record FROM cadence_runs WHERE person_id = $person)))
ORDER BY journal.number
"""


def _person(run: Run, person_id: str) -> Person | None:
    rows = run(
        """
        SELECT people.person_id, people.name, people.company, people.title, people.department, people.source,
            people.match_status,
            (SELECT list(record_key ORDER BY created_at, record_key) FROM person_records
             WHERE person_records.person_id = people.person_id),
            decided.stage, decided.stage_rule, decided.hot_since, scored.score, scored.score_source,
            scored.score_behaviour, scored.score_inactivity, scored.score_deciding,
            coalesce(people.opted_out, FALSE), coalesce(people.do_not_call, FALSE), scored.score_floor
        FROM people JOIN decided USING (person_id) JOIN scored USING (person_id)
        WHERE people.person_id = $person
        """,
        {"person": person_id},
    )
    if not rows:
        return None
    found = dict(zip(_PERSON, rows[0], strict=True))
    hot_since = found["hot_since"]
    found["records"] = tuple(found["records"])
    found["hot_since"] = None if hot_since is None else hot_since.replace(tzinfo=UTC)
    return Person(**found)


def _naive(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)
