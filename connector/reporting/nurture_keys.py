"""Who somebody is, what was decided at the door, and how the person is nurtured (EN-4, EN-8, LC-10, NU-1, NU-2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.reporting.further import Further

_ROWS = """
SELECT intake.*, screened.reason AS screened_reason, screened.rule AS screened_rule, personified.persona,
  personified.persona_by, interested.product, tracked.track, tracked.list, tracked.why AS track_why,
  next_offers.content AS offer, next_offers.why AS offer_why, late.may_see
FROM intake
LEFT JOIN screened USING (person_id)
LEFT JOIN personified USING (person_id)
LEFT JOIN interested USING (person_id)
LEFT JOIN tracked USING (person_id)
LEFT JOIN next_offers USING (person_id)
LEFT JOIN (
  SELECT who.person_id, list(item.content ORDER BY item.place::INTEGER) AS may_see
  FROM offered_to AS who
  JOIN content_offers AS item ON item.from_rank::INTEGER BETWEEN 1 AND who.rank
  WHERE item.persona IS NULL OR item.persona = who.persona
  GROUP BY who.person_id
) AS late USING (person_id)
"""


def _keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """`screened, intake, persona, persona_by, product_of_interest, track, offer, may_see`."""
    when = row["when_on"]
    return {
        "screened": _of(row["screened_reason"], reason=row["screened_reason"], rule=row["screened_rule"]),
        "intake": {
            **{name: row[name] for name in ("target", "target_why", "nurture", "nurture_why")},
            "when": None if when is None else when.isoformat(),
            "when_why": row["when_why"],
        },
        "persona": row["persona"],
        "persona_by": row["persona_by"],
        "product_of_interest": row["product"],
        "track": _of(row["track"], id=row["track"], list=row["list"], why=row["track_why"]),
        "offer": _of(row["offer"], content=row["offer"], why=row["offer_why"]),
        "may_see": row["may_see"] or [],
    }


def _of(there: object, **told: object) -> dict[str, object] | None:
    return None if there is None else told


NURTURE = Further(_ROWS, _keys)
"""The keys of an evaluation that tell of screening, intake, persona, tracks and offers."""
