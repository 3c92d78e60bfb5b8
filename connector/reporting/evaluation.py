"""What an evaluation says of each person, in the keys that others rely on (interfaces: `connector evaluate`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from connector.domain.running import Run
from connector.reporting.apart_keys import APART
from connector.reporting.contact_keys import CONTACT
from connector.reporting.further import Further
from connector.reporting.life_keys import LIFE
from connector.reporting.loss_keys import LOSS
from connector.reporting.nurture_keys import NURTURE
from connector.reporting.score_keys import SCORE
from connector.reporting.stage_keys import STAGES

SCHEMA = 1
_COLUMNS = (
    "person_id", "score", "score_source", "score_behaviour", "score_inactivity", "score_deciding", "score_attribute",
    "window_1d", "window_7d", "window_30d", "grade", "tier", "stage", "buying_stage", "is_mql", "mql_rules", "is_sql",
    "toss_up_ready", "toss_up_met", "toss_up_required", "toss_up_missing", "channel", "owner", "purpose", "due", "ask",
    "content", "why", "next_actions.track", "why_id", "why_parts", "destination",
)  # fmt: skip
FURTHER: tuple[Further, ...] = (STAGES, APART, NURTURE, LOSS, LIFE, SCORE, CONTACT)
"""What parts of the engine add at the end of each document, in this order."""
_EVERYBODY = f"""
SELECT {", ".join(_COLUMNS)}{"".join(f", further_{n}" for n in range(len(FURTHER)))}
FROM scored
JOIN decided USING (person_id)
JOIN qualified USING (person_id)
LEFT JOIN attributed USING (person_id)
LEFT JOIN graded USING (person_id)
LEFT JOIN (SELECT person_id, company_id FROM people) USING (person_id)
LEFT JOIN tiered USING (company_id)
LEFT JOIN next_actions USING (person_id)
{" ".join(one.joined(n) for n, one in enumerate(FURTHER))}
ORDER BY person_id
"""


def evaluations(run: Run) -> Iterator[dict[str, Any]]:
    """One document a person, by person_id: everything but those who were created after the time asked about.

    Reads what `score`, `grade`, `decide`, `next_actions` and `reasons` made.
    """
    reasons = _reasons(run)
    for row in run(_EVERYBODY, {}):
        found = dict(zip(_COLUMNS, row, strict=False))
        further = row[len(_COLUMNS) :]
        yield {
            "schema": SCHEMA,
            **{name: found[name] for name in _COLUMNS[:7]},
            "score_window": {"1d": found["window_1d"], "7d": found["window_7d"], "30d": found["window_30d"]},
            **{name: found[name] for name in ("grade", "tier", "stage", "buying_stage", "is_mql")},
            "mql_reason": found["mql_rules"] if found["is_mql"] else [],
            "is_sql": found["is_sql"],
            "toss_up": {
                "ready": found["toss_up_ready"],
                "met": found["toss_up_met"],
                "required": found["toss_up_required"],
                "missing": found["toss_up_missing"],
            },
            "next_action": _action(found),
            "reasons": reasons.get(found["person_id"], []),
            **{
                key: value
                for one, told in zip(FURTHER, further, strict=True)
                for key, value in one.keys(told or {}).items()
            },
        }


def _action(found: Mapping[str, Any]) -> dict[str, Any] | None:
    if found["purpose"] is None:
        return None
    due = found["due"]
    return {
        **{name: found[name] for name in ("channel", "owner", "purpose")},
        "due": None if due is None else due.isoformat(),
        **{name: found[name] for name in ("ask", "content", "why")},
        "track": found["next_actions.track"],
        **{name: found[name] for name in ("why_id", "why_parts", "destination")},
    }


def _reasons(run: Run) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for person, rule, points, times in run(
        "SELECT person_id, rule, points, times FROM reasons ORDER BY person_id, abs(points) DESC, rule", {}
    ):
        found[person].append({"rule": rule, "points": points, "times": times})
    return found
