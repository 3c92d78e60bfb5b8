"""Whose lead it is, how we were in touch, what was asked and which follow-up is under way (CD-2, CD-3, CD-6, CD-9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connector.reporting.further import Further

_ROWS = """
SELECT decided.person_id, routed.chain, routed.team, routed.mode, routed.next_team, touches.calls, touches.emails,
  touches.meetings, touches.tasks, touches.in_run, response.asked_at, response.responded_at, response.minutes,
  contact.person_id IS NOT NULL AS waits, coalesce(step.cadence, decided.cadence) AS cadence, step.step, step.due
FROM decided
LEFT JOIN routed USING (person_id)
LEFT JOIN touches USING (person_id)
LEFT JOIN inquiry_responses AS response USING (person_id)
LEFT JOIN next_contacts AS contact USING (person_id)
LEFT JOIN next_steps AS step USING (person_id)
"""


def _keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """`routing, touches, inquiry, cadence`; times are in UTC, `due` is a date in the zone of the rules."""
    asked = row["asked_at"] is not None
    return {
        "routing": {name: row[name] for name in ("chain", "team", "mode", "next_team")},
        "touches": {name: row[name] or 0 for name in ("calls", "emails", "meetings", "tasks", "in_run")},
        "inquiry": {
            "asked_at": _iso(row["asked_at"]),
            "responded_at": _iso(row["responded_at"]),
            "response_minutes": row["minutes"],
            "waits": row["waits"],
        }
        if asked
        else None,
        "cadence": {"id": row["cadence"], "step": row["step"], "due": None if row["due"] is None else f"{row['due']}"}
        if row["cadence"]
        else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.replace(tzinfo=UTC).isoformat()


CONTACT = Further(_ROWS, _keys)
"""The keys of an evaluation that tell of teams (CD-6), touches (CD-9), inquiries (CD-3) and cadences (CD-2)."""
