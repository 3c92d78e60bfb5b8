"""The lives of people as they were worked out, kept: what was known when (LC-5, SC-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.store.cursors import naive
from connector.store.database import Store

_SAME = " AND ".join(
    f"known.{name} IS NOT DISTINCT FROM told.{name}"
    for name in ("person_id", "happened_at", "place", "kind", "from_stage", "to_stage", "rules", "score", "undated")
)
_TOLD = """
CREATE OR REPLACE TEMP TABLE life_told AS
SELECT person_id, "at" AS happened_at, place, kind, from_stage, to_stage, rules, score, undated
FROM life
SEMI JOIN (
    SELECT person_id FROM life WHERE kind <> 'stage' OR to_stage NOT IN ('registered', 'cold')
) AS eventful USING (person_id)
"""


@dataclass(frozen=True)
class KeptLives:
    """How many transitions were new, and how many that were known turned out untrue."""

    added: int
    withdrawn: int


def keep_lives(store: Store, now: datetime, *, whole: bool) -> KeptLives:
    """Notes the transitions of `life` that are new, and withdraws those that are there no more; nothing is acted upon.

    `whole`: everybody was looked at, so that people who are gone have no life any more; else only those in `scored`
    were.
    """
    store.run(_TOLD)
    looked_at = "TRUE" if whole else "person_id IN (SELECT person_id FROM scored)"
    withdrawn = store.run(
        f"UPDATE known_life SET withdrawn_at = $now WHERE withdrawn_at IS NULL AND {looked_at} AND rowid NOT IN ("
        f"SELECT known.rowid FROM known_life AS known JOIN life_told AS told ON {_SAME} "
        "WHERE known.withdrawn_at IS NULL)",
        {"now": naive(now)},
    )
    added = store.run(
        "INSERT INTO known_life SELECT told.*, $now, NULL FROM life_told AS told "
        f"ANTI JOIN (SELECT * FROM known_life WHERE withdrawn_at IS NULL) AS known ON {_SAME}",
        {"now": naive(now)},
    )
    store.run("DROP TABLE life_told")
    return KeptLives(int(added[0][0]), int(withdrawn[0][0]))
