"""One step of the world: what the handlers of events read, and where they put what happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from connector.sandbox.world.agenda import Agenda, Due
from connector.sandbox.world.assets import Assets
from connector.sandbox.world.draws import salt, stream
from connector.sandbox.world.ledger import Ledger
from connector.sandbox.world.moments import DAY, HOUR, text
from connector.sandbox.world.people import Person, person
from connector.sandbox.world.standing import Standing, Standings

HISTORY = 540 * DAY
"""How long the world has lived before its start."""


VisitStep = list[Any]
"""[seconds since the visit began, what, of which kind, which one of that kind]."""


class Walk(NamedTuple):
    """A visit under way: what is still to come, the pages seen so far and when the last one was."""

    visit: int
    visitor: int
    begin: int
    steps: list[VisitStep]
    pages: int
    last: int


@dataclass(frozen=True)
class Scene:
    """A step that ends at `until`. `people` is the number the world began with, `start` its first moment."""

    seed: int
    people: int
    start: int
    until: int
    ledger: Ledger
    agenda: Agenda
    assets: Assets
    standings: Standings
    walks: dict[int, Walk] = field(default_factory=dict)

    def rng(self, due: Due) -> Random:
        """The chance that belongs to an event, whenever and in whatever step it is handled."""
        return stream(self.seed, due.person, due.moment, salt(due.what))

    def person(self, index: int) -> Person:
        return person(self.seed, index, self.people)

    def mailable(self, segment: int) -> list[int]:
        """The people of a segment whom e-mail reaches, in order."""
        return self.standings.mailable(segment)

    def push(self, moment: int, index: int, what: str, detail: str = "") -> None:
        """Puts an event on the agenda."""
        self.agenda.push(Due(moment, index, what, detail))

    def activity(self, standing: Standing, moment: int, kind: int, name: str, **columns: Any) -> int:
        """Records a visitor activity of `type` kind and `typeName` name; answers its id."""
        number = self.ledger.number("visitor_activities")
        self.ledger.add(
            "visitor_activities",
            {
                "id": number,
                "type": kind,
                "typeName": name,
                "prospectId": standing.prospect_id,
                "createdAt": text(moment),
                "updatedAt": text(moment),
                **columns,
            },
        )
        return number

    def touch(self, table: str, record: str, moment: int, user: str, **values: Any) -> None:
        """Changes a Salesforce record as a user does: with the new values come new stamps."""
        when = text(moment)
        stamps = {"LastModifiedDate": when, "LastModifiedById": user, "SystemModstamp": when}
        self.ledger.change(table, record, **values, **stamps)


def later(rng: Random, moment: int, days_from: float, days_to: float) -> int:
    """A moment between two numbers of days after another, at least an hour after it."""
    return moment + max(HOUR, int(rng.uniform(days_from, days_to) * DAY))
