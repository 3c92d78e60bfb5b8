"""Why somebody was lost or closed, and when they are turned to again (RC-1, RC-2, RC-4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connector.reporting.further import Further

_ROWS = """
SELECT people.person_id, CASE WHEN recycling.person_id IS NOT NULL THEN recycling END AS loss,
  agreed.day AS agreed_day, qualified.approach
FROM people
JOIN qualified USING (person_id)
LEFT JOIN recycling ON recycling.person_id = people.person_id
LEFT JOIN not_before AS agreed ON agreed.person_id = people.person_id
"""
_PLAIN = ("kind", "reason", "rule", "action", "competitor", "product", "amount")


def _keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """`loss, not_before, second_approach`; times are in UTC, `not_before` is a date in the zone of the rules.

    `loss` is null for whoever is neither lost nor closed.
    """
    loss, day = row["loss"], row["agreed_day"]
    return {
        "loss": loss_document(loss) if loss else None,
        "not_before": None if day is None else day.isoformat(),
        "second_approach": row["approach"],
    }


def loss_document(one: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `recycling` for machines."""
    return {**{name: one[name] for name in _PLAIN}, "at": _iso(one["closed_at"]), "again_at": _iso(one["due_at"])}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.replace(tzinfo=UTC).isoformat()


LOSS = Further(_ROWS, _keys)
"""The keys of an evaluation that tell of a loss and of what follows it."""
