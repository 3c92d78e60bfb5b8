"""What is scored and counted apart, beside the one score: product lines (SC-4), conversions (SC-11), account (SC-9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connector.domain.running import Run
from connector.reporting.further import Further

APART_KEYS = ("lines", "conversions", "account")
_ROWS = """
SELECT scored.person_id, by_line.lines, by_name.conversions, account
FROM scored
JOIN people AS person USING (person_id)
LEFT JOIN account_scored AS account ON account.company_id = person.company_id
LEFT JOIN (SELECT person_id, list(lined ORDER BY line) AS lines FROM lined GROUP BY person_id) AS by_line
  ON by_line.person_id = scored.person_id
LEFT JOIN (
  SELECT person_id, list(converted ORDER BY is_key DESC, conversion) AS conversions FROM converted GROUP BY person_id
) AS by_name ON by_name.person_id = scored.person_id
"""


def _keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """`lines, conversions, account`; times are in UTC. `account` is null without a company."""
    return {
        "lines": [line_document(one) for one in row["lines"] or ()],
        "conversions": [conversion_document(one) for one in row["conversions"] or ()],
        "account": _account(row["account"]),
    }


def apart_of(run: Run, person_id: str) -> dict[str, Any]:
    """The same keys for one person; empty for somebody who was not evaluated."""
    rows = run(f"SELECT told FROM ({_ROWS}) AS told WHERE person_id = $person", {"person": person_id})
    return _keys(rows[0][0]) if rows else {}


def line_document(one: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `lined` for machines."""
    return {
        "id": one["line"],
        "score": one["score"],
        "7d": one["window_7d"],
        "30d": one["window_30d"],
        "hot": one["hot"],
        "crossed_at": _iso(one["crossed_at"]),
        "last_at": _iso(one["last_at"]),
    }


def conversion_document(one: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `converted` for machines."""
    return {
        "id": one["conversion"],
        "key": one["is_key"],
        "times": one["times"],
        "first_at": _iso(one["first_at"]),
        "last_at": _iso(one["last_at"]),
        **{f"{days}d": one[f"last_{days}d"] for days in (1, 7, 30)},
    }


def _account(one: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A row of `account_scored` for machines; without a company there is none, or one of nothing."""
    if not one or one["company_id"] is None:
        return None
    kept = ("company_id", "score", "people", "active_people", "departments", "titles", "roles", "hot", "hot_lacks")
    return {name: one[name] for name in kept}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.replace(tzinfo=UTC).isoformat()


APART = Further(_ROWS, _keys)
"""The keys of an evaluation that tell of lines, conversions and the account."""
