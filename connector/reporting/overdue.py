"""Who has stood too long where they stand: by the seller's clock, and by the customer's (LC-4, LC-9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.domain.running import Run
from connector.engine.composing import compose
from connector.rules.stages import Stage


@dataclass(frozen=True)
class Overdue:
    """One person who is over one clock.

    `clock`: limit (the time that the rules give the stage), stage or buying_stage (the time that people with this
    `lead_time` need). `place` is the stage or buying stage that lasts too long, `since` then, its time was over at
    `until`; both in UTC. `then` is the stage's way on, `team` whose turn it is, `owner` the record's.
    """

    person_id: str
    name: str | None
    company: str | None
    record: str | None
    stage: str
    clock: str
    place: str
    since: datetime
    until: datetime
    lead_time: str | None
    team: str | None
    then: str | None
    owner: str | None
    owner_name: str | None
    score: int

    def days_over(self, as_of: datetime) -> int:
        """Whole days since the time was over."""
        return (as_of - self.until).days


@dataclass(frozen=True)
class Standing:
    """All of them, the longest first; `counts` by clock and place."""

    rows: tuple[Overdue, ...] = ()

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for row in self.rows:
            places = found.setdefault(row.clock, {})
            places[row.place] = places.get(row.place, 0) + 1
        return found


def overdue_of(run: Run, stage: Stage | None = None) -> Standing:
    """Everybody who is over a clock, or those who stand in one stage; reads what `decide` made."""
    rows = run(compose("overdue", "overdue"), {"stage": stage})
    return Standing(tuple(_told(*row) for row in rows))


def _told(*row: object) -> Overdue:
    aware: list[Any] = [value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row]
    return Overdue(*aware)
