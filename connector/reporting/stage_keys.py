"""Where somebody stands in time, and the three axes of every decision: attribute, behaviour, time (LC-8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connector.reporting.further import Further

_ROWS = """
SELECT decided.person_id, graded.grade, graded.met, graded.missed, graded.unknown, tiered.tier,
  attributed.score_attribute AS points, segmented.segment, scored.score_deciding, scored.hot_at_least,
  scored.window_30d, qualified.buying_stage, qualified.hot_lacks, decided.hot_since, scored.last_activity_at,
  stage_times.since, stage_times.limit_at, stage_times.overdue, stage_times.owner, stage_times.way_on, late_ones.late
FROM decided
JOIN scored USING (person_id)
JOIN qualified USING (person_id)
JOIN people AS person USING (person_id)
JOIN stage_times USING (person_id)
LEFT JOIN graded USING (person_id)
LEFT JOIN attributed USING (person_id)
LEFT JOIN tiered ON tiered.company_id = person.company_id
LEFT JOIN segmented ON segmented.person_id = decided.person_id
LEFT JOIN (
  SELECT person_id, list({'about': about, 'stage': stage, 'since': since, 'days': days} ORDER BY about, stage) AS late
  FROM lead_timed WHERE late GROUP BY person_id
) AS late_ones ON late_ones.person_id = decided.person_id
"""


def _keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """`stage_since, stage_limit, stage_overdue, stage_owner, stage_then, lead_time, late, axes`; times are in UTC."""
    late = [{**one, "since": _iso(one["since"])} for one in row["late"] or ()]
    return {
        "stage_since": _iso(row["since"]),
        "stage_limit": _iso(row["limit_at"]),
        "stage_overdue": row["overdue"],
        "stage_owner": row["owner"],
        "stage_then": row["way_on"],
        "lead_time": row["segment"],
        "late": late,
        "axes": {
            "attribute": {
                "grade": row["grade"],
                **{name: row[name] or [] for name in ("met", "missed", "unknown")},
                "tier": row["tier"],
                "points": row["points"],
                "lead_time": row["segment"],
            },
            "behaviour": {
                "score": row["score_deciding"],
                "threshold": row["hot_at_least"],
                "last_30d": row["window_30d"],
                "buying_stage": row["buying_stage"],
                "lacks": row["hot_lacks"] or [],
            },
            "time": {
                "last_activity_at": _iso(row["last_activity_at"]),
                "hot_since": _iso(row["hot_since"]),
                "stage_since": _iso(row["since"]),
                "stage_limit": _iso(row["limit_at"]),
                "overdue": row["overdue"],
                "late": bool(late),
            },
        },
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.replace(tzinfo=UTC).isoformat()


STAGES = Further(_ROWS, _keys)
"""The keys of an evaluation that tell of stages (LC-4), lead times (LC-9) and axes (LC-8)."""
