"""In what world, at what time and for whom a query is run."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef


@dataclass(frozen=True)
class Environment:
    """`now` is aware; `zone` is the running user's, in which relative dates are meant; `version` is the API's
    ("59.0"). `hidden` names fields (object, field) that the user may not see: they do not exist for a query.
    """

    catalogue: Catalogue
    connection: sqlite3.Connection
    now: datetime
    zone: tzinfo
    user_id: str
    version: str = "59.0"
    include_deleted: bool = False
    hidden: frozenset[tuple[str, str]] = field(default=frozenset())

    def visible(self, definition: ObjectDef, name: str) -> FieldDef | None:
        """The field of that name (any case), if the object has it and the user may see it."""
        found = definition.field(name)
        return None if found is None or (definition.name, found.name) in self.hidden else found

    def visible_fields(self, definition: ObjectDef) -> tuple[FieldDef, ...]:
        return tuple(entry for entry in definition.fields if (definition.name, entry.name) not in self.hidden)
