"""silence: how many months of silence lie between two moments, when each ends, and what it takes (SC-3).

Everything is SQL over microseconds since 1970. A month is so many times 24 hours, or a month of the calendar in the
rule set's zone.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.engine.composing import quoted
from connector.engine.moments import DAY_US
from connector.rules.scoring import Inactivity, Scoring

_SHORTEST_MONTH = 27 * DAY_US
"""No month of the calendar is shorter: 28 days less what a change of the clocks takes."""


@dataclass(frozen=True)
class Silence:
    """The penalty of a rule set and the zone of its calendar; without a penalty, nothing is ever due."""

    inactivity: Inactivity | None
    zone: str

    @property
    def least(self) -> int:
        """Microseconds: activities less than so far apart have no end of a month between them."""
        if self.inactivity is None:
            return 30 * DAY_US
        return _SHORTEST_MONTH if self._by_calendar else self.inactivity.every_days * DAY_US

    @property
    def _by_calendar(self) -> bool:
        return self.inactivity is not None and self.inactivity.month == "calendar"

    def months(self, clock: str, until: str) -> str:
        """SQL for the full months from `clock` to `until`, BIGINT; one that ends at `until` is full."""
        if self.inactivity is None:
            return "0::BIGINT"
        if not self._by_calendar:
            return f"greatest({until} - {clock}, 0) // {self.least}"
        begun = f"date_diff('month', {self._local(clock)}, {self._local(until)})"
        over = f"({self.ends(clock, begun)} > {until})::BIGINT"
        return f"CASE WHEN {until} <= {clock} THEN 0 ELSE {begun} - {over} END"

    def ends(self, clock: str, count: str) -> str:
        """SQL for the moment at which the month of that count after `clock` ends."""
        if not self._by_calendar:
            return f"({clock} + ({count}) * {self.least})"
        return f"epoch_us(timezone({quoted(self.zone)}, {self._local(clock)} + to_months(({count})::INTEGER)))"

    def takes(self, score: str) -> str:
        """SQL for the points that a month takes from the SQL value `score`: the first band that fits."""
        if self.inactivity is None:
            return "0"
        cases = " ".join(f"WHEN {score} >= {band.at_least} THEN {band.points}" for band in self.inactivity.bands)
        return f"CASE {cases} ELSE 0 END"

    def due(self, clock: str, score: str, now: int) -> str:
        """SQL for the next moment after `now` at which silence takes points; null for never."""
        if self.inactivity is None:
            return "NULL::BIGINT"
        following = f"{self.months(clock, str(now))} + 1"
        return f"CASE WHEN {self.takes(score)} <> 0 THEN {self.ends(clock, following)} END"

    def _local(self, moment: str) -> str:
        return f"timezone({quoted(self.zone)}, timezone('UTC', make_timestamp({moment})))"


def silence_of(scoring: Scoring) -> Silence:
    """The penalty that scoring.yaml describes."""
    return Silence(scoring.inactivity, scoring.time_zone)
