"""Id sequences that go on above the ids that came with files."""

from __future__ import annotations

import sqlite3
import string

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.database import Database
from connector.sandbox.ids import record_id

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_OWN_IDS = slice(3, 8)


def raise_sequence(database: Database, connection: sqlite3.Connection, definition: ObjectDef) -> None:
    """Moves an object's sequence above every id in its table that the sequence itself could give."""
    top = _highest(connection, definition)
    following = database.next_ids(definition.name, 0)
    if following <= top:
        database.next_ids(definition.name, top - following + 1)


def _highest(connection: sqlite3.Connection, definition: ObjectDef) -> int:
    if definition.key == "id":
        return int(connection.execute(f'SELECT max("id") FROM "{definition.name}"').fetchone()[0] or 0)
    start = record_id(definition.prefix or "000", 0)[: _OWN_IDS.stop]
    found = connection.execute(
        f'SELECT max("Id") FROM "{definition.name}" WHERE "Id" >= ? AND "Id" < ?', (start, start + "~")
    ).fetchone()[0]
    number = 0
    for letter in (found or "")[_OWN_IDS.stop : 15]:
        number = number * 62 + _BASE62.index(letter)
    return number
