"""How many stand in a stage for longer than it may last, by the lives that the last evaluations kept (LC-4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from connector.domain.running import Run
from connector.rules.lifecycle import Lifecycle

_COUNTED = """
WITH standing AS (
  SELECT to_stage AS stage, happened_at
  FROM known_life
  WHERE kind = 'stage' AND withdrawn_at IS NULL AND happened_at <= $now
  QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY happened_at DESC, place DESC) = 1
    AND NOT list_contains(undated, 'crm_status')
)
SELECT standing.stage, count(*)
FROM standing
JOIN (SELECT unnest($stages::VARCHAR[]) AS stage, unnest($days::INTEGER[]) AS days) AS rule USING (stage)
WHERE standing.happened_at + to_days(rule.days) <= $now
GROUP BY standing.stage
"""


def over_time(run: Run, life: Lifecycle, now: datetime) -> Mapping[str, int]:
    """By stage; stages in which nobody stands too long are left out.

    Reads the ledger alone, which keeps the lives of those who were more than registered and cold: `connector overdue`
    looks at everybody.
    """
    limits = {stage: text.within_days for stage, text in life.stages.items() if text.within_days}
    given = {"now": now.astimezone(UTC).replace(tzinfo=None), "stages": list(limits), "days": list(limits.values())}
    found = {str(stage): int(count) for stage, count in run(_COUNTED, given)} if limits else {}
    return {stage: found[stage] for stage in life.stages if stage in found}
