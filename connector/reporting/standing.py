"""What further decisions say of one person: the next action, and whatever else was decided beside stage and score."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.domain.running import Run

FURTHER = (
    "screened", "recycling", "not_before", "stage_times", "segmented", "risen", "intake", "tracked", "mqls", "toss_ups",
    "toss_up_outcomes", "routed", "touches", "personified", "next_offers",
)  # fmt: skip
"""Tables that are told as they stand; of several rows about a person the last."""

KEPT = ("approvals",)
"""The same of tables of the ledger: the word that somebody gave about a person, or that is waited for (TU-2)."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")


@dataclass(frozen=True)
class Action:
    """Who does what by when. `owner` is an id or a team, `owner_name` what it is called where that is known.

    `ask` and `content` are ids; `why_id` and `why_parts` say `why` for texts in any language. `due` is a date in the
    zone of the rules.
    """

    channel: str
    owner: str
    owner_name: str | None
    purpose: str
    due: date | None
    ask: tuple[str, ...]
    content: str | None
    why: str
    why_id: str
    why_parts: tuple[str | None, ...]


def tables(run: Run) -> frozenset[str]:
    """The temporary tables that the evaluation has made."""
    return frozenset(str(row[0]) for row in run("SELECT table_name FROM duckdb_tables() WHERE temporary", {}))


def standing(run: Run, person_id: str) -> dict[str, dict[str, Any]]:
    """The rows of further decisions about a person, by table: values for JSON, moments as ISO in UTC."""
    there = tables(run) | set(KEPT)
    found = {}
    for name in (*FURTHER, *KEPT):
        if name not in there:
            continue
        for (row,) in run(_ROWS.format(name=name), {"person": person_id}):
            found[name] = {key: _plain(value) for key, value in json.loads(row).items() if key != "person_id"}
    return found


_ROWS = "SELECT to_json(told) FROM {name} AS told WHERE person_id = $person ORDER BY 1"


def action_of(run: Run, person_id: str) -> Action | None:
    """The next action of a person; None for nothing to do, and where nobody has decided on it."""
    if "next_actions" not in tables(run):
        return None
    rows = run(_ACTION, {"person": person_id})
    if not rows:
        return None
    channel, owner, name, purpose, due, ask, content, why, why_id, parts = rows[0]
    return Action(channel, owner, name, purpose, due, tuple(ask or ()), content, why, why_id, tuple(parts or ()))


_ACTION = """
SELECT action.channel, action.owner, coalesce(person.name, team.name), action.purpose, action.due, action.ask,
    action.content, action.why, action.why_id, action.why_parts
FROM next_actions AS action
LEFT JOIN seen_salesforce_user AS person ON person.id = action.owner
LEFT JOIN seen_salesforce_group AS team ON team.id = action.owner
WHERE action.person_id = $person
"""


def _plain(value: Any) -> Any:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return value.replace(" ", "T") + "+00:00"
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
