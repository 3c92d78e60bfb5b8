"""Imported lists as they stand: who of them is in the CRM, in which segment, and whose time limit passes."""

from __future__ import annotations

from datetime import UTC, date, datetime

from connector.domain.lists import ListState, SegmentState
from connector.domain.running import Run

_LISTS = """
SELECT name, any_value(kind), any_value(version), any_value(held_at), any_value(imported_at), count(*),
    count(*) FILTER (WHERE in_crm), count(*) FILTER (WHERE attended)
FROM listed_people
GROUP BY name
ORDER BY any_value(held_at) DESC NULLS LAST, name
"""
_SEGMENTS = """
SELECT name, segment, any_value(segment_ja), any_value(segment_en), max(follow_up_until), count(*),
    count(*) FILTER (WHERE in_crm)
FROM listed_people
GROUP BY name, segment
ORDER BY name, max(follow_up_until) NULLS LAST, segment NULLS LAST
"""
_PEOPLE = """
CREATE OR REPLACE TEMP TABLE listed_people AS
SELECT member.*, EXISTS (
    SELECT 1
    FROM person_records AS listed
    JOIN person_records AS record USING (person_id)
    WHERE listed.kind = 'list' AND listed.record_id = member.member_id AND record.live
        AND record.kind IN ('lead', 'contact')
) AS in_crm
FROM seen_list_member AS member
"""


def list_states(run: Run, today: date) -> tuple[ListState, ...]:
    """The lists that speak, the latest event first. `today` is the day in the zone of the rules.

    In the CRM is who has a living lead or contact. Reads seen_list_member and person_records.
    """
    run(_PEOPLE, {})
    segments: dict[str, list[SegmentState]] = {}
    for name, segment, ja, en, until, people, in_crm in run(_SEGMENTS, {}):
        left = None if until is None else (until - today).days
        state = SegmentState(segment, ja, en, until, int(people), int(in_crm), int(people) - int(in_crm), left)
        segments.setdefault(str(name), []).append(state)
    return tuple(
        ListState(
            name=name,
            kind=kind,
            version=int(version),
            held_at=None if held_at is None else _aware(held_at),
            imported_at=_aware(imported_at),
            people=int(people),
            in_crm=int(in_crm),
            not_in_crm=int(people) - int(in_crm),
            attended=int(attended),
            segments=tuple(segments[name]),
        )
        for name, kind, version, held_at, imported_at, people, in_crm, attended in run(_LISTS, {})
    )


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
