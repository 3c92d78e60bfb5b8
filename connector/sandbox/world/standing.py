"""How a person stands in both systems: kept beside them in a table of its own, with the hidden truth."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import NamedTuple

_TYPES = {"int": "INTEGER", "float": "REAL"}


@dataclass(slots=True)
class Standing:
    """One row of `world_people`. Moments are whole seconds; `born` is None before the first record exists.

    `mail` says whether e-mail reaches the person: yes, opted out, bounced, or none (no prospect or address).
    """

    person: int
    born: int | None = None
    name: str | None = None
    email: str | None = None
    company: str | None = None
    corporate_number: str | None = None
    fit: float = 0.0
    intent: float = 0.0
    segment: int = 0
    happened: str = "unborn"
    lead_id: str | None = None
    twin_lead_id: str | None = None
    contact_id: str | None = None
    account_id: str | None = None
    opportunity_id: str | None = None
    owner_id: str | None = None
    prospect_id: int | None = None
    visitor_id: int | None = None
    mail: str = "none"
    page_views: int = 0
    last_activity: int | None = None


_NAMES = tuple(entry.name for entry in fields(Standing))
_READ = ", ".join(f"world_people.{name}" for name in _NAMES)
_VALUES = attrgetter(*_NAMES)
_COLUMNS = ", ".join(
    f"{entry.name} {_TYPES.get(str(entry.type).removesuffix(' | None'), 'TEXT')}"
    + (" PRIMARY KEY" if entry.name == "person" else "")
    for entry in fields(Standing)
)
_TRUTH = ", ".join(name for name in _NAMES if name not in {"born", "last_activity", "segment"})
_MOMENT = "strftime('%Y-%m-%dT%H:%M:%S.000Z', {0}, 'unixepoch') AS {0}"


def create(connection: sqlite3.Connection) -> None:
    """Makes the table, and `truth_people`, the view on it that shows those who have been born."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS world_people ({_COLUMNS})")
    moments = ", ".join(_MOMENT.format(name) for name in ("born", "last_activity"))
    connection.execute("DROP VIEW IF EXISTS truth_people")
    connection.execute(
        f"CREATE VIEW truth_people AS SELECT {_TRUTH}, {moments} FROM world_people WHERE born IS NOT NULL"
    )


@dataclass(slots=True)
class LeadState:
    """What the person's Lead says now; others may have changed it since the world last looked."""

    status: str
    deleted: bool
    converted: bool


class Gain(NamedTuple):
    """Points that Account Engagement gave, the first and last moment it did so, and for what at last."""

    points: int
    first: int
    last: int
    what: str


class Standings:
    """Standings read during one step of the world, and written back at its end."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[int, Standing] = {}
        self._leads: dict[int, LeadState | None] = {}
        self._gains: dict[int, Gain] = {}

    def preload(self, until: int) -> None:
        """Reads everybody in whose agenda something is due by `until`."""
        self._load("person IN (SELECT person FROM world_agenda WHERE moment <= ?)", until)

    def _load(self, condition: str, value: int) -> None:
        """Reads those of the people for whom a condition holds who have not been read yet."""
        rows = self._connection.execute(
            f"SELECT {_READ}, Lead.Status, Lead.IsDeleted, Lead.IsConverted FROM world_people "
            f"LEFT JOIN Lead ON Lead.Id = world_people.lead_id WHERE {condition}",
            (value,),
        )
        for row in rows:
            if row[0] in self._known:
                continue
            *values, status, deleted, converted = row
            self._known[row[0]] = Standing(*values)
            self._leads[row[0]] = None if status is None else LeadState(status, bool(deleted), bool(converted))

    def expect(self, person: int) -> None:
        """Keeps a place for somebody who has never been seen before."""
        self._known[person] = Standing(person)

    def of(self, person: int) -> Standing:
        """The standing of a person; a new one for somebody not yet known."""
        found = self._known.get(person)
        if found is None and person < 0:
            found = self._known[person] = Standing(person)
        if found is None:
            row = self._connection.execute(
                f"SELECT {_READ} FROM world_people WHERE person = ?",
                (person,),
            ).fetchone()
            found = self._known[person] = Standing(*row) if row else Standing(person)
        return found

    def mailable(self, segment: int) -> list[int]:
        """The people of a segment whom e-mail reaches now, in order; those touched in this step included."""
        self._load("mail = 'yes' AND segment = ?", segment)
        return sorted(
            person for person, standing in self._known.items() if standing.segment == segment and standing.mail == "yes"
        )

    def lead(self, standing: Standing) -> LeadState | None:
        """The state of the person's Lead, None without one."""
        person = standing.person
        if person not in self._leads:
            row = self._connection.execute(
                "SELECT Status, IsDeleted, IsConverted FROM Lead WHERE Id = ?", (standing.lead_id,)
            ).fetchone()
            self._leads[person] = LeadState(row[0], bool(row[1]), bool(row[2])) if row else None
        return self._leads[person]

    def set_lead(self, person: int, state: LeadState) -> None:
        """Remembers the state that a Lead has been given in this step."""
        self._leads[person] = state

    def score(self, standing: Standing, moment: int, points: int, what: str) -> None:
        """Adds to the prospect's own score, as Account Engagement does when something happens."""
        if standing.prospect_id is None:
            return
        standing.last_activity = max(moment, standing.last_activity or moment)
        before = self._gains.get(standing.prospect_id) or Gain(0, moment, moment, what)
        last, name = max((before.last, before.what), (moment, what))
        gain = Gain(before.points + points, min(before.first, moment), last, name)
        self._gains[standing.prospect_id] = gain

    def gains(self) -> Iterable[tuple[int, Gain]]:
        """By prospect id, what was gained in this step."""
        return self._gains.items()

    def write(self) -> None:
        """Writes all standings back; strangers, who come once only, are not kept."""
        marks = ", ".join("?" for _ in _NAMES)
        self._connection.executemany(
            f"INSERT OR REPLACE INTO world_people VALUES ({marks})",
            (_VALUES(standing) for standing in self._known.values() if standing.person >= 0),
        )
        self._known.clear()
        self._leads.clear()
        self._gains.clear()
