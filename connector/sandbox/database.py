"""The embedded database that both emulated systems share: one table an object, one writer, many readers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.sandbox.catalogue.model import ObjectDef


class Database:
    """SQLite in a file. Readers are one connection a thread; the writer is one connection behind a lock.

    Durability is off: the world can be invented again from its seed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._write_lock = threading.RLock()
        self._opened: list[sqlite3.Connection] = []
        self._writing_thread: int | None = None
        self._writer = self._connect()
        self._writer.execute("CREATE TABLE IF NOT EXISTS id_sequence (object TEXT PRIMARY KEY, next INTEGER)")

    def create(self, objects: Iterable[ObjectDef]) -> None:
        """Makes the table and the indexes of each object that has none yet."""
        with self.write() as connection:
            for definition in objects:
                columns = ", ".join(
                    entry.column + (" PRIMARY KEY" if entry.name == definition.key else "")
                    for entry in definition.fields
                    if entry.stored
                )
                connection.execute(f'CREATE TABLE IF NOT EXISTS "{definition.name}" ({columns})')
                for entry in definition.fields:
                    if entry.indexed and entry.stored:
                        connection.execute(
                            f'CREATE INDEX IF NOT EXISTS "{definition.name}_{entry.name}" '
                            f'ON "{definition.name}" ("{entry.name}", "{definition.key}")'
                        )

    def reader(self) -> sqlite3.Connection:
        """This thread's connection for reading; rows are `sqlite3.Row`."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            connection.execute("PRAGMA query_only = 1")
        return connection

    def current(self) -> sqlite3.Connection:
        """The connection that sees this thread's own open transaction; outside of one, the reader's."""
        return self._writer if self._writing_thread == threading.get_ident() else self.reader()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The writer's connection, in one transaction: committed at the end, undone on an exception.

        A `write` within a `write` of the same thread joins the outer transaction.
        """
        with self._write_lock:
            if self._writer.in_transaction:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            self._writing_thread = threading.get_ident()
            try:
                yield self._writer
            except BaseException:
                self._writer.rollback()
                raise
            else:
                self._writer.commit()
            finally:
                self._writing_thread = None

    def next_ids(self, object_name: str, count: int = 1) -> int:
        """Takes `count` numbers for new records of an object; answers the first (from 1)."""
        with self.write() as connection:
            row = connection.execute(
                "INSERT INTO id_sequence VALUES (?, ? + 1) "
                "ON CONFLICT (object) DO UPDATE SET next = next + ? RETURNING next",
                (object_name, count, count),
            ).fetchone()
            return int(row[0]) - count

    def insert(self, object_name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Inserts rows as they are, without any of the emulated systems' checks."""
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" for _ in columns)
        with self.write() as connection:
            connection.executemany(f'INSERT INTO "{object_name}" ({names}) VALUES ({marks})', rows)

    def clear(self) -> None:
        """Drops every table, for a reset."""
        with self.write() as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                if name != "id_sequence":
                    connection.execute(f'DROP TABLE "{name}"')
            connection.execute("DELETE FROM id_sequence")

    def close(self) -> None:
        """Closes every connection. Nothing may use the database afterwards."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=60)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -65536")
        self._opened.append(connection)
        return connection
