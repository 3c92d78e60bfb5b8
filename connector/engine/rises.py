"""rises: points that somebody has earned since a stage was set, as a reason to act of its own (LC-13)."""

from __future__ import annotations

from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import DAY_US, microseconds
from connector.rules.lifecycle import Lifecycle
from connector.rules.stages import Rise

_FILE = "rises"


def recent_points(life: Lifecycle, as_of: datetime, run: Run) -> None:
    """Makes the temporary table `risen_points(person_id, t, points)` where a rule asks for it, from the lives' tables.

    `t` is in microseconds since 1970, within the longest of the rules' windows.
    """
    if life.rises:
        longest = max(rise.within_days for rise in life.rises)
        run(compose(_FILE, "earned"), {"begin": microseconds(as_of) - longest * DAY_US})


def rises(life: Lifecycle, as_of: datetime, run: Run) -> None:
    """Makes the temporary table `risen(person_id, rise, points, reached_at, owner, next_change_at)`.

    Whoever has earned anything of the kind is in it; `rise` is null while it is not enough. A call, a meeting or an
    e-mail that somebody of ours wrote begins the count anew: the rise has been answered. Times are TIMESTAMP in UTC.
    Reads stage_times, activities and risen_points, so `score` and `stage_times` go before.
    """
    if not life.rises:
        run(compose(_FILE, "nobody"), {})
        return
    rules = ", ".join(_row(life, place, rise) for place, rise in enumerate(life.rises))
    run(compose(_FILE, "risen", rules=rules), {"now": microseconds(as_of)})


def _row(life: Lifecycle, place: int, rise: Rise) -> str:
    owner = rise.owner or life.stages[rise.stage].owner
    team = quoted(owner) if owner else "NULL::VARCHAR"
    span = rise.within_days * DAY_US
    return f"({quoted(rise.id)}, {place}, {quoted(rise.stage)}, {rise.points}, {span}::BIGINT, {team})"
