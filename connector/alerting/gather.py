"""What there is to tell at the end of a cycle: hand-overs, approvals, late tasks, and rows that were refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from connector.domain.alerts import Alert, AlertKind
from connector.domain.plan import AWAITS_APPROVAL, Plan
from connector.domain.running import Run
from connector.store.failures import KeptFailure

OF_A_CYCLE: tuple[AlertKind, ...] = ("toss_up", "approval", "overdue", "refused")
A_DAY = timedelta(days=1)
OF_ROWS: tuple[AlertKind, ...] = ("failed_rows",)


def cycle_alerts(run: Run, plan: Plan, refusal: str | None, today: date, overdue_after: timedelta) -> list[Alert]:
    """What a cycle that came to a plan has to tell, be it carried out or refused.

    Reads people, cadence_runs and the tasks of the mirror. `today` is a day in the zone of the rules.
    """
    found = [Alert("refused", "plan", None, refusal)] if refusal else []
    waiting = sorted({one.person_id for one in plan.withheld if one.reason == AWAITS_APPROVAL})
    records: dict[str, str] = dict(run(_RECORDS, {"persons": waiting})) if waiting else {}
    found += [Alert("approval", person, records.get(person)) for person in waiting]
    found += [Alert("toss_up", f"{person}:{day}", record, str(day)) for person, day, record in run(_HANDED_OVER, {})]
    before = today - overdue_after
    found += [
        Alert("overdue", key, record, f"{key.split(':')[-2]} {due}") for key, record, due in run(_LATE, {"day": before})
    ]
    return found


def failure_alerts(kept: Iterable[KeptFailure]) -> list[Alert]:
    """Rows that the platform refuses and that a person has to look at, or that it has refused for a day.

    Grouped by what it says: one alert a group, however many rows.
    """
    groups = sorted({(one.object, one.code) for one in kept if _worth_telling(one)})
    return [
        Alert("failed_rows", f"{object_name}:{code}", None, f"{object_name}: {code}") for object_name, code in groups
    ]


def _worth_telling(one: KeptFailure) -> bool:
    return one.remedy == "person" or one.last_at - one.since >= A_DAY


_RECORDS = """
SELECT person_id, coalesce(contact_ids[1], lead_ids[1]) FROM people
WHERE person_id IN (SELECT unnest($persons::VARCHAR[]))
"""
_HANDED_OVER = """
SELECT person_id, start_date, key_record FROM cadence_runs WHERE cadence = 'toss_up' AND ended_at IS NULL
ORDER BY person_id, start_date
"""
_LATE = """
SELECT task.key, task.id, task.due::DATE FROM whole_salesforce_task AS task
JOIN cadence_runs AS run
  ON run.key_record = split_part(task.key, ':', 2) AND run.cadence = split_part(task.key, ':', 3)
  AND run.start_date = try_cast(split_part(task.key, ':', 4) AS DATE) AND run.ended_at IS NULL
WHERE task.key IS NOT NULL AND NOT coalesce(task.is_closed, FALSE) AND NOT coalesce(task.is_deleted, FALSE)
  AND task.due::DATE < $day
ORDER BY task.key
"""
