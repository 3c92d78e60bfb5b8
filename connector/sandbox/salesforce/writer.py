"""One transaction's changes to Salesforce's records: who makes them and when, and the statements they take."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import record_id
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.values import Stored

Result = TypeVar("Result")


@dataclass(frozen=True)
class Writer:
    """`now` is a stamp of the world's clock; `user_id` is whose changes these are.

    `auto_assign` says whether active assignment rules may change owners. Every method works on the rows as they
    are in this transaction.
    """

    sandbox: Sandbox
    connection: sqlite3.Connection
    now: str
    user_id: str
    auto_assign: bool = True

    def object(self, name: str) -> ObjectDef:
        """One of the catalogue's own objects. Raises LookupError for others."""
        found = self.sandbox.salesforce.object(name)
        if found is None:
            raise LookupError(name)
        return found

    def row(self, definition: ObjectDef, record: str) -> sqlite3.Row | None:
        """The record of that 18-character id, deleted or not."""
        return self._one(f'SELECT * FROM "{definition.name}" WHERE "Id" = ?', record)

    def state(self, definition: ObjectDef, record: str) -> str | None:
        """`live`, `deleted`, or None when there is no such record."""
        column = '"IsDeleted"' if definition.field("IsDeleted") else "0"
        found = self._one(f'SELECT {column} FROM "{definition.name}" WHERE "Id" = ?', record)
        if found is None:
            return None
        return "deleted" if found[0] else "live"

    def find(self, definition: ObjectDef, field: FieldDef, value: Stored, most: int = 10) -> list[str]:
        """Ids of the live records with that value in a field, by id."""
        live = ' AND "IsDeleted" = 0' if definition.field("IsDeleted") else ""
        rows = self.connection.execute(
            f'SELECT "Id" FROM "{definition.name}" WHERE "{field.name}" = ?{live} ORDER BY "Id" LIMIT {most}',
            (value,),
        )
        return [row[0] for row in rows]

    def children(self, object_name: str, field_name: str, parent: str, *, deleted_at: str | None = None) -> list[str]:
        """Ids of records that point to a parent: the live ones, or those that were deleted at that stamp."""
        live, gone = '"IsDeleted" = 0 AND ?2 IS NULL', '"IsDeleted" = 1 AND "SystemModstamp" = ?2'
        state = live if deleted_at is None else gone
        rows = self.connection.execute(
            f'SELECT "Id" FROM "{object_name}" WHERE "{field_name}" = ?1 AND {state}',
            (parent, deleted_at),
        )
        return [row[0] for row in rows]

    def pointing(self, object_name: str, field_name: str, parent: str) -> list[str]:
        """Ids of all records that point to a parent, deleted ones too."""
        rows = self.connection.execute(f'SELECT "Id" FROM "{object_name}" WHERE "{field_name}" = ?', (parent,))
        return [row[0] for row in rows]

    def remove(self, definition: ObjectDef, record: str) -> None:
        """Takes a row out of its table."""
        self.connection.execute(f'DELETE FROM "{definition.name}" WHERE "Id" = ?', (record,))

    def insert(self, definition: ObjectDef, values: Mapping[str, Stored]) -> str:
        """A new row as it is given, under the object's next id; answers the id."""
        record = record_id(definition.prefix or "000", self.sandbox.database.next_ids(definition.name))
        names = ", ".join(f'"{name}"' for name in ("Id", *values))
        marks = ", ".join("?" * (len(values) + 1))
        self.connection.execute(
            f'INSERT INTO "{definition.name}" ({names}) VALUES ({marks})',
            (record, *values.values()),
        )
        return record

    def update(self, definition: ObjectDef, record: str, values: Mapping[str, Stored]) -> None:
        """Sets columns of one row as they are given."""
        changes = ", ".join(f'"{name}" = ?' for name in values)
        self.connection.execute(
            f'UPDATE "{definition.name}" SET {changes} WHERE "Id" = ?',
            (*values.values(), record),
        )

    def touched(self, definition: ObjectDef, *, by_user: bool = True) -> dict[str, Stored]:
        """The stamps that a change leaves on a record: by a user, or by the system alone."""
        stamps: dict[str, Stored] = {"SystemModstamp": self.now}
        if by_user and definition.field("LastModifiedDate"):
            stamps |= {"LastModifiedDate": self.now, "LastModifiedById": self.user_id}
        return stamps

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What is done within is undone again when it raises."""
        self.connection.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO attempt")
            raise
        finally:
            self.connection.execute("RELEASE attempt")

    def _one(self, statement: str, *parameters: Stored) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.connection.execute(statement, parameters).fetchone()
        return row


@contextmanager
def writing(sandbox: Sandbox, user_id: str, *, auto_assign: bool = True) -> Iterator[Writer]:
    """A writer in one transaction: kept at the end, undone on an exception."""
    with sandbox.database.write() as connection:
        yield Writer(sandbox, connection, stamp(sandbox.clock.now()), user_id, auto_assign)


def each(writer: Writer, steps: Sequence[Callable[[], Result]], *, all_or_none: bool) -> list[Result | RefusedError]:
    """Takes steps one by one, each whole or not at all; a refusal stands in the place of the step's result.

    With `all_or_none`, one refusal undoes all, and the others are refused for that reason.
    """
    outcomes: list[Result | RefusedError] = []

    def take_all() -> None:
        for step in steps:
            try:
                with writer.attempt():
                    outcomes.append(step())
            except RefusedError as refusal:
                outcomes.append(refusal)
        if all_or_none and any(isinstance(outcome, RefusedError) for outcome in outcomes):
            raise _RolledBackError

    try:
        with writer.attempt():
            take_all()
    except _RolledBackError:
        rolled_back = RefusedError(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using AllOrNone header",
        )
        return [outcome if isinstance(outcome, RefusedError) else rolled_back for outcome in outcomes]
    return outcomes


class _RolledBackError(Exception):
    """Undoes a batch of which not everything was valid."""
