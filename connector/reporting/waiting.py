"""The hand-overs that wait for somebody's word, in words (TU-2)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from connector.domain.running import Run
from connector.domain.vocabulary import Language
from connector.rules.load import RuleSet


@dataclass(frozen=True)
class HandOver:
    """Somebody who meets the criteria of the toss-up. `met` and `missing` are what the criteria are called."""

    person_id: str
    record: str | None
    name: str | None
    company: str | None
    tier: str | None
    grade: str | None
    score: int
    met: tuple[str, ...]
    missing: tuple[str, ...]
    required: int


def hand_overs_waiting(run: Run, rules: RuleSet, language: Language) -> tuple[HandOver, ...]:
    """Whose hand-over waits for an approval, the highest score first. Reads what `decide` and the plan left."""
    toss_up = rules.lifecycle.toss_up
    names = {one.id: getattr(one.name, language) for one in (toss_up.criteria if toss_up else ())}
    found = []
    for row in run(_WAITING, {}):
        told: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
        told |= {key: tuple(names.get(one, one) for one in told[key] or ()) for key in ("met", "missing")}
        found.append(HandOver(**told))
    return tuple(found)


_COLUMNS = tuple(entry.name for entry in fields(HandOver))
_WAITING = """
SELECT tossed.person_id, coalesce(people.contact_ids[1], people.lead_ids[1]), people.name, people.company,
    desired.tier, desired.grade, desired.score, tossed.met, tossed.missing, tossed.required
FROM toss_ups AS tossed
JOIN people USING (person_id)
JOIN desired_persons AS desired USING (person_id)
WHERE tossed.state = 'awaits_approval'
ORDER BY desired.score DESC, tossed.person_id
"""
