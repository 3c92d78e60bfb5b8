"""changes: when time alone can change whether a claim holds: what it counts leaves its window."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose
from connector.engine.moments import as_column
from connector.rules.lifecycle import BuyingStages, Claim


def claim_changes(claims: Mapping[Claim, str], stages: BuyingStages, as_of: datetime, run: Run) -> None:
    """Makes the temporary table `claim_changes(person_id, next_change_at)`, UTC; whoever never changes is not in it.

    `claims` are the columns of the claims in counted_activities, which `qualify` makes. The moment may come and change
    nothing; it is never later than the first that does. Windows of points are told by `scored`.
    """
    now = f"TIMESTAMP '{as_column(as_of)}'"
    left = [
        f"min(occurred_at) FILTER ({name} AND occurred_at > {now} - to_days({claim.within_days}))"
        f" + to_days({claim.within_days})"
        for claim, name in claims.items()
        if claim.activity is not None and claim.within_days
    ]
    spells = sorted({claim.active_within_days for claim in claims if claim.active_within_days})
    answered = sorted({claim.within_days for claim in claims if claim.hearing is not None and claim.within_days})
    seen = [stages.within_days] if stages.within_days else []
    statement = compose(
        "changes",
        "claim_changes",
        left=f"least({', '.join(left)})" if left else "NULL::TIMESTAMP",
        spells=_days(spells),
        answered=_days(answered),
        seen=_days(seen),
    )
    run(statement, {"as_of": as_column(as_of)})


def _days(days: list[int]) -> str:
    """A list of windows in days; an empty one asks about nobody."""
    return f"[{', '.join(map(str, days))}]::INTEGER[]"
