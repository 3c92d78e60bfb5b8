"""The life of a person in an evaluation: its transitions, and when the person became an MQL (LC-5, LC-6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connector.reporting.further import Further

_ROWS = """
SELECT lived.person_id, lived.transitions, mqls.first_at, mqls.last_at, mqls.times
FROM (
  SELECT person_id, list({'at': "at", 'kind': kind, 'from': from_stage, 'to': to_stage, 'rules': rules,
    'score': score, 'undated': undated} ORDER BY n) AS transitions
  FROM life
  GROUP BY person_id
) AS lived
LEFT JOIN mqls USING (person_id)
"""


def _keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """`mql_first_at, mql_last_at, mql_times, transitions`; times are in UTC."""
    return {
        "mql_first_at": _iso(row.get("first_at")),
        "mql_last_at": _iso(row.get("last_at")),
        "mql_times": row.get("times") or 0,
        "transitions": [{**one, "at": _iso(one["at"])} for one in row.get("transitions") or ()],
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.replace(tzinfo=UTC).isoformat()


LIFE = Further(_ROWS, _keys)
"""The keys of an evaluation that tell of a person's life."""
