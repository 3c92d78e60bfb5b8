"""Handing over to field sales: once an episode, a task with what was heard first (TU-2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from connector.domain.plan import AWAITS_APPROVAL, UNDONE, RunEnd, RunStart, Withheld
from connector.domain.running import Run
from connector.engine.cadence import BusinessCalendar, CadenceStep
from connector.engine.decide import business_calendar
from connector.engine.toss_up import TOSS_UP, hand_over_of
from connector.planning.tasks import FollowUp
from connector.rules.fields import Fields
from connector.rules.load import RuleSet

STEP = CHANNEL = "hand_over"
ASSIGNED_FOR = timedelta(days=7)
"""So long after a hand-over an owner that could not be written is tried again."""
_OVER = frozenset({"won", "lost", "disqualified"})
"""Stages in which a hand-over has come to its end."""


@dataclass(frozen=True)
class HandOvers:
    """Hand-overs that begin or end, the tasks of all that go on, and those that are not made, with the reason."""

    starts: tuple[RunStart, ...]
    ends: tuple[RunEnd, ...]
    due: tuple[tuple[FollowUp, CadenceStep], ...]
    withheld: tuple[Withheld, ...]


def hand_overs(run: Run, rules: RuleSet, today: date) -> HandOvers:
    """Who is handed over to field sales by now, in the order of persons. `today` is a day in the zone of the rules.

    An episode begins when the criteria are met, and ends when they are not met any more while no deal has come of
    it, when the deal is won or lost, or when the person is disqualified or gone; only then another one can begin. The
    task of an episode goes to whom `assign_to` names, else to the owner of the record. Reads toss_ups, decided,
    people and cadence_runs.
    """
    calendar = business_calendar(rules)
    day = calendar.on_or_after(today)
    owners = {str(name): str(owner) for name, owner in run(_OWNERS, {})}
    starts, due, withheld = [], [], []
    for row in run(_READY, {"cadence": TOSS_UP}):
        person = dict(zip(_COLUMNS, row, strict=True))
        why = _why_not(person)
        if why:
            withheld.append(Withheld(str(person["person_id"]), f"{STEP}:{CHANNEL}", why))
            continue
        if not person["who_id"]:
            continue  # Handed over already, and without a record since: there is nothing to put a task on.
        start = person["start_date"] or day
        if person["start_date"] is None:
            starts.append(RunStart(str(person["person_id"]), TOSS_UP, day.isoformat(), str(person["who_id"]), None))
            named = hand_over_of(rules, person["segment"]).assign_to
            if named is not None and named not in owners:
                withheld.append(Withheld(str(person["person_id"]), f"{STEP}:owner", _nobody(named)))
        due.append(_due(person, start, rules, calendar, owners))
    ends = [
        RunEnd(str(person_id), TOSS_UP, start.isoformat(), "gone" if stage is None else str(stage))
        for person_id, start, stage in run(_ENDED, {"cadence": TOSS_UP, "over": sorted(_OVER), "undone": UNDONE})
    ]
    return HandOvers(tuple(starts), tuple(ends), tuple(due), tuple(withheld))


def _why_not(person: Mapping[str, Any]) -> str | None:
    """Why no hand-over begins; one that has begun goes on."""
    if person["start_date"] is not None:
        return None
    if person["state"] == "awaits_approval":
        return AWAITS_APPROVAL
    if not person["may_call"] and not person["may_email"]:
        return "may be neither called nor written to"
    return None if person["who_id"] else "has no lead or contact to put a task on"


def _due(
    person: Mapping[str, Any], start: date, rules: RuleSet, calendar: BusinessCalendar, owners: Mapping[str, str]
) -> tuple[FollowUp, CadenceStep]:
    hand_over = hand_over_of(rules, person["segment"])
    owner = owners.get(hand_over.assign_to) if hand_over.assign_to else None
    follow_up = FollowUp(
        str(person["person_id"]),
        TOSS_UP,
        start,
        str(person["key_record"] or person["who_id"]),
        str(person["who_id"]),
        owner or person["owner_id"],
        opted_out=False,
        do_not_call=False,
    )
    return follow_up, CadenceStep(STEP, 1, CHANNEL, hand_over.subject, calendar.plus(start, hand_over.due_in_days))


def assign_owners(run: Run, rules: RuleSet, fields: Fields, today: date) -> None:
    """Adds `owner` to `desired`: on the day of a hand-over, and for a week after it, the id of whom `assign_to` names.

    Nobody else's owner is ours to say. A contact belongs to users alone, a lead also to a queue. Nothing is done where
    the mapping does not write owners.
    """
    if not any(write.value == "owner" for one in fields.salesforce.values() for write in one.write.values()):
        return
    run("ALTER TABLE desired ADD COLUMN owner VARCHAR", {})
    named: dict[str | None, str | None] = {None: hand_over_of(rules, None).assign_to}
    toss_up = rules.lifecycle.toss_up
    named |= {part.id: hand_over_of(rules, part.id).assign_to for part in (toss_up.segments if toss_up else ())}
    given = [(segment, name) for segment, name in named.items() if name is not None]
    run(
        _ASSIGNED,
        {
            "segments": [segment for segment, _ in given],
            "names": [name for _, name in given],
            "since": today - ASSIGNED_FOR,
        },
    )


def _nobody(name: str) -> str:
    return f"goes to the owner of the record, since nobody active is called {name!r}"


_COLUMNS = ("person_id", "state", "segment", "start_date", "who_id", "owner_id", "may_call", "may_email", "key_record")
_READY = """
SELECT toss_ups.person_id, toss_ups.state, toss_ups.segment, toss_ups.start_date,
    coalesce(people.contact_ids[1], people.lead_ids[1]) AS who_id, people.owner_id, decided.may_call,
    decided.may_email, begun.key_record
FROM toss_ups
JOIN people USING (person_id)
JOIN decided USING (person_id)
JOIN qualified USING (person_id)
LEFT JOIN (SELECT * FROM cadence_runs WHERE cadence = $cadence AND ended_at IS NULL) AS begun
    ON begun.person_id = toss_ups.person_id AND begun.start_date = toss_ups.start_date
WHERE toss_ups.state IN ('due', 'awaits_approval')
    OR (toss_ups.state = 'handed_over' AND qualified.toss_up_ready AND decided.stage IN ('registered', 'cold', 'hot'))
ORDER BY toss_ups.person_id
"""
_ENDED = """
SELECT begun.person_id, begun.start_date,
    CASE WHEN decided.stage IN (SELECT unnest($over::VARCHAR[])) THEN decided.stage
        WHEN decided.person_id IS NOT NULL THEN 'not_ready' END AS reason
FROM cadence_runs AS begun
LEFT JOIN decided USING (person_id)
LEFT JOIN qualified USING (person_id)
WHERE begun.cadence = $cadence AND (begun.ended_at IS NULL OR begun.end_reason = $undone)
    AND (decided.person_id IS NULL OR decided.stage IN (SELECT unnest($over::VARCHAR[]))
        OR (decided.stage <> 'opportunity' AND NOT qualified.toss_up_ready))
ORDER BY begun.person_id, begun.start_date
"""
_OWNERS = """
SELECT name, arg_min(id, (is_queue, id)) FROM (
    SELECT name, id, FALSE AS is_queue FROM seen_salesforce_user WHERE coalesce(is_active, TRUE)
    UNION ALL SELECT name, id, TRUE FROM seen_salesforce_group WHERE coalesce(type = 'Queue', TRUE)
)
WHERE name IS NOT NULL
GROUP BY name
"""
_ASSIGNED = """
UPDATE desired SET owner = assigned.owner_id
FROM (
    SELECT tossed.person_id, target.object, arg_min(one.owner_id, (one.is_queue, one.owner_id)) AS owner_id
    FROM toss_ups AS tossed
    JOIN decided USING (person_id)
    JOIN (SELECT unnest($segments::VARCHAR[]) AS segment, unnest($names::VARCHAR[]) AS name) AS given
        ON given.segment IS NOT DISTINCT FROM tossed.segment
    JOIN (
        SELECT id AS owner_id, name, FALSE AS is_queue FROM seen_salesforce_user WHERE coalesce(is_active, TRUE)
        UNION ALL SELECT id, name, TRUE FROM seen_salesforce_group WHERE coalesce(type = 'Queue', TRUE)
    ) AS one ON one.name = given.name
    JOIN (VALUES ('Lead'), ('Contact')) AS target(object) ON target.object = 'Lead' OR NOT one.is_queue
    WHERE (tossed.state = 'due' AND (decided.may_call OR decided.may_email))
        OR (tossed.state = 'handed_over' AND tossed.start_date >= $since)
    GROUP BY tossed.person_id, target.object
) AS assigned
WHERE assigned.person_id = desired.person_id AND assigned.object = desired.object
"""
