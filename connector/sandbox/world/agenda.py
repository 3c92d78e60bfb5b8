"""What will happen, in order of time: due events in a heap, later ones in a table."""

from __future__ import annotations

import sqlite3
from heapq import heapify, heappop, heappush
from typing import NamedTuple


class Due(NamedTuple):
    """One thing that will happen. The four fields also order events of the same second.

    `person` is a person's number, or -1 for what concerns nobody alone; `detail` is text of the event's own.
    """

    moment: int
    person: int
    what: str
    detail: str = ""


def create(connection: sqlite3.Connection) -> None:
    """Makes the table of later events."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS world_agenda (moment INTEGER, person INTEGER, what TEXT, detail TEXT)"
    )
    connection.execute("CREATE INDEX IF NOT EXISTS world_agenda_moment ON world_agenda (moment)")


class Agenda:
    """The events of one step that ends at `until` (inclusive), in whole seconds."""

    def __init__(self, connection: sqlite3.Connection, until: int) -> None:
        self._connection = connection
        self._until = until
        self._later: list[Due] = []
        rows = connection.execute("SELECT * FROM world_agenda WHERE moment <= ?", (until,))
        self._heap = [Due(*row) for row in rows]
        heapify(self._heap)
        connection.execute("DELETE FROM world_agenda WHERE moment <= ?", (until,))

    def push(self, due: Due) -> None:
        """Adds an event: due in this step, or kept for a later one."""
        if due.moment <= self._until:
            heappush(self._heap, due)
        else:
            self._later.append(due)

    def pop(self) -> Due | None:
        """The earliest event that is due, or None when the step is over."""
        return heappop(self._heap) if self._heap else None

    def write(self) -> None:
        """Keeps the later events."""
        self._connection.executemany("INSERT INTO world_agenda VALUES (?, ?, ?, ?)", self._later)
        self._later.clear()
