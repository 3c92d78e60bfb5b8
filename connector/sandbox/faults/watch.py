"""Notes which records a piece of work changes, and how they were before, whatever statements it uses."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.faults.held import Place, Record, read_record

_EVENTS = ("UPDATE", "DELETE")


def begin_watch(connection: sqlite3.Connection, objects: Sequence[ObjectDef]) -> None:
    """From now on changes of these objects through this connection are noted."""
    connection.execute("CREATE TEMP TABLE changed_record (object TEXT, key, PRIMARY KEY (object, key))")
    for definition in objects:
        name, key = definition.name, definition.key
        connection.execute(f'CREATE TEMP TABLE "before_{name}" AS SELECT * FROM main."{name}" WHERE 0')
        connection.execute(f'CREATE INDEX temp."before_{name}_key" ON "before_{name}" ("{key}")')
        unseen = "NOT EXISTS (SELECT 1 FROM changed_record WHERE object = '{0}' AND key = {1}.\"{2}\")"
        for event in _EVENTS:
            connection.execute(
                f'CREATE TEMP TRIGGER "see_{event}_{name}" BEFORE {event} ON main."{name}" '
                f"WHEN {unseen.format(name, 'OLD', key)} BEGIN "
                f'INSERT INTO "before_{name}" SELECT * FROM "{name}" WHERE "{key}" = OLD."{key}"; '
                f"INSERT INTO changed_record VALUES ('{name}', OLD.\"{key}\"); END"
            )
        connection.execute(
            f'CREATE TEMP TRIGGER "see_INSERT_{name}" AFTER INSERT ON main."{name}" '
            f"WHEN {unseen.format(name, 'NEW', key)} BEGIN "
            f"INSERT INTO changed_record VALUES ('{name}', NEW.\"{key}\"); END"
        )


def end_watch(connection: sqlite3.Connection, objects: Sequence[ObjectDef]) -> dict[Place, Record | None]:
    """The records that were changed, each as it was before; None stands for one that was not there."""
    by_name = {definition.name: definition for definition in objects}
    changed: dict[Place, Record | None] = {}
    for name, key in connection.execute("SELECT object, key FROM changed_record").fetchall():
        changed[name, key] = _before(connection, by_name[name], key)
    for definition in objects:
        for event in (*_EVENTS, "INSERT"):
            connection.execute(f'DROP TRIGGER temp."see_{event}_{definition.name}"')
        connection.execute(f'DROP TABLE temp."before_{definition.name}"')
    connection.execute("DROP TABLE temp.changed_record")
    return changed


def _before(connection: sqlite3.Connection, definition: ObjectDef, key: str | int) -> Record | None:
    """How a record was: read as from its own table, whose name alone differs."""
    return read_record(connection, definition, key, f"before_{definition.name}")
