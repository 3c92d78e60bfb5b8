"""Collects new rows and changes of one step of the world and writes them in bulk."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Any

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import record_id

_HELD_BY = {"Task": ("WhoId",), "Event": ("WhoId",), "CampaignMember": ("LeadId",)}
"""By which columns `holders` can be asked for."""


_STAMPS = frozenset({"updatedAt", "LastModifiedDate", "SystemModstamp"})


class UnknownColumnError(Exception):
    """The world writes a column that the catalogue does not have."""


def _default(entry: FieldDef) -> Any:
    if entry.type == "boolean":
        return int(entry.default in {1, "1", "true"})
    return entry.default


class Ledger:
    """Rows to insert and columns to change, until `write`. It must live within one write transaction.

    A row is a mapping of column to value; columns left out get the catalogue's default, or NULL.
    """

    def __init__(self, sandbox: Sandbox, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._sandbox = sandbox
        self._defaults: dict[str, dict[str, Any]] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._rows: dict[str, dict[Any, list[Any]]] = defaultdict(dict)
        self._changes: dict[str, dict[Any, dict[str, Any]]] = defaultdict(dict)
        self._held: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._next: dict[str, int] = {}
        self._prefixes: dict[str, str] = {}

    def number(self, table: str) -> int:
        """The next whole number of a table, which is the id in Account Engagement."""
        found = self._next.get(table)
        if found is None:
            found = self._sandbox.database.next_ids(table, 0)
        self._next[table] = found + 1
        return found

    def id(self, table: str) -> str:
        """The next record id of a Salesforce object."""
        prefix = self._prefixes.get(table)
        if prefix is None:
            prefix = self._prefixes[table] = self._definition(table).prefix or "000"
        return record_id(prefix, self.number(table))

    def add(self, table: str, row: dict[str, Any]) -> None:
        """Keeps a new row."""
        defaults = self._defaults.get(table)
        if defaults is None:
            defaults = self._defaults[table] = self._columns(table)
            self._places[table] = {name: place for place, name in enumerate(defaults)}
        if not row.keys() <= defaults.keys():
            raise UnknownColumnError(f"{table} has no column {sorted(row.keys() - defaults.keys())}.")
        key = row["Id"] if "Id" in row else row["id"]
        self._rows[table][key] = list({**defaults, **row}.values())
        self._hold(table, key, row)

    def change(self, table: str, key: Any, **values: Any) -> None:
        """Keeps new values for some columns of one row: the last word wins, but stamps never go back."""
        self._hold(table, key, values)
        fresh = self._rows[table].get(key)
        if fresh is not None:
            places = self._places[table]
            for name, value in values.items():
                place = places[name]
                fresh[place] = max(fresh[place] or "", value) if name in _STAMPS else value
            return
        kept = self._changes[table].setdefault(key, {})
        for name, value in values.items():
            kept[name] = max(kept.get(name) or "", value) if name in _STAMPS else value

    def _hold(self, table: str, record: Any, values: dict[str, Any]) -> None:
        for column in _HELD_BY.get(table, ()):
            if values.get(column) is not None:
                self._held[table, column, values[column]].add(record)

    def write(self) -> None:
        """Writes what was kept: rows first, then changes, then how far each id sequence has come."""
        for table, rows in self._rows.items():
            if not rows:
                continue
            self._sandbox.database.insert(table, tuple(self._defaults[table]), rows.values())
        for table, by_key in self._changes.items():
            self._write_changes(table, by_key)
        for table, following in self._next.items():
            used = following - self._sandbox.database.next_ids(table, 0)
            self._sandbox.database.next_ids(table, used)
        self._rows.clear()
        self._changes.clear()
        self._held.clear()
        self._next.clear()

    def _write_changes(self, table: str, by_key: dict[Any, dict[str, Any]]) -> None:
        groups: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
        for key, values in by_key.items():
            groups[tuple(values)].append([*values.values(), key])
        primary = self._definition(table).key
        for columns, rows in groups.items():
            sets = ", ".join(f'"{column}" = ?' for column in columns)
            self.connection.executemany(
                f'UPDATE "{table}" SET {sets} WHERE "{primary}" = ?',
                rows,
            )

    def holders(self, table: str, column: str, value: str) -> list[str]:
        """The Salesforce ids of the rows of a table whose column has a value, pending changes included."""
        rows = self.connection.execute(
            f'SELECT "Id" FROM "{table}" WHERE "{column}" = ?',
            (value,),
        )
        found = {str(row[0]) for row in rows} | self._held.get((table, column, value), set())
        fresh, changes = self._rows[table], self._changes[table]
        place = self._places[table][column] if fresh else 0
        return sorted(
            record
            for record in found
            if (fresh[record][place] if record in fresh else changes.get(record, {}).get(column, value)) == value
        )

    def has_column(self, table: str, column: str) -> bool:
        """Whether the catalogue knows a column (custom fields may not be deployed)."""
        return self._definition(table).field(column) is not None

    def _columns(self, table: str) -> dict[str, Any]:
        return {
            entry.name: _default(entry)
            for entry in self._definition(table).fields
            if entry.stored and entry.derived is None
        }

    def _definition(self, table: str) -> ObjectDef:
        found = self._sandbox.salesforce.object(table) or self._sandbox.account_engagement.object(table)
        if found is None:
            raise UnknownColumnError(f"There is no table {table}.")
        return found
