"""Records of which readers see another state than the true one: not committed yet, or not theirs to see."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connector.sandbox.catalogue.model import ObjectDef

Cell = str | int | float | None
Record = Mapping[str, Cell]
Place = tuple[str, str | int]
"""An object's name and a record's key."""

_NOTHING: Mapping[Place, Held] = MappingProxyType({})


@dataclass(frozen=True)
class Held:
    """One record kept back. None stands for no record.

    `shown` is what stands in the table, `true` what takes its place at the stamp `until`; None stands for as long as
    the fault does.
    """

    shown: Record | None
    true: Record | None
    until: str | None


class HeldRecords:
    """All records kept back. Changed within the database's write transaction alone, and replaced as a whole."""

    def __init__(self) -> None:
        self._held: Mapping[Place, Held] = _NOTHING
        self._uncommitted: frozenset[str | int] = frozenset()
        self._next_due: str | None = None

    @property
    def next_due(self) -> str | None:
        """The stamp at which the first record takes its true state."""
        return self._next_due

    def all(self) -> Mapping[Place, Held]:
        return self._held

    def replace(self, held: Mapping[Place, Held]) -> None:
        self._uncommitted = frozenset(key for (_, key), entry in held.items() if entry.until)
        self._next_due = min((entry.until for entry in held.values() if entry.until), default=None)
        self._held = dict(held)

    def is_uncommitted(self, key: str) -> bool:
        """Whether a change by others to the Salesforce record of that id awaits its commit."""
        return key in self._uncommitted

    def counts(self) -> dict[str, dict[str, int]]:
        """How many records of which object are `uncommitted` and `hidden`."""
        counted: dict[str, Counter[str]] = {}
        for (name, _), entry in self._held.items():
            counted.setdefault(name, Counter())["uncommitted" if entry.until else "hidden"] += 1
        return {name: dict(counts) for name, counts in counted.items()}


def read_record(
    connection: sqlite3.Connection, definition: ObjectDef, key: str | int, table: str | None = None
) -> Record | None:
    """A record's stored values as they stand in its table, or in another one of the same columns."""
    names = ", ".join(f'"{name}"' for name in _columns(definition))
    row = connection.execute(
        f'SELECT {names} FROM "{table or definition.name}" WHERE "{definition.key}" = ?', (key,)
    ).fetchone()
    return None if row is None else dict(row)


def put_record(connection: sqlite3.Connection, definition: ObjectDef, key: str | int, record: Record | None) -> None:
    """Makes a record stand in the table as given; None takes it out."""
    if record is None:
        connection.execute(f'DELETE FROM "{definition.name}" WHERE "{definition.key}" = ?', (key,))
        return
    names = ", ".join(f'"{name}"' for name in record)
    marks = ", ".join("?" * len(record))
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in record)
    # The row keeps its place in the table where it has one, so that open queries find it again.
    connection.execute(
        f'INSERT INTO "{definition.name}" ({names}) VALUES ({marks}) '
        f'ON CONFLICT ("{definition.key}") DO UPDATE SET {changes}',
        tuple(record.values()),
    )


def stamp_column(definition: ObjectDef) -> str | None:
    """The column that says when a record was last changed."""
    names = ("SystemModstamp", "updatedAt")
    return next((name for name in names if definition.field(name) is not None), None)


def _columns(definition: ObjectDef) -> list[str]:
    return [field.name for field in definition.every_field if field.stored and not field.derived]
