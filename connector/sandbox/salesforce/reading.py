"""Records as the REST API shows them, read with SOQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.soql import Environment, execute


def environment(sandbox: Sandbox, user_id: str, version: str, *, include_deleted: bool = False) -> Environment:
    """Where a query of that user runs: on this thread's connection, at the world's time, in the user's zone."""
    connection = sandbox.database.current()
    row = connection.execute('SELECT "TimeZoneSidKey" FROM "User" WHERE "Id" = ?', (user_id,)).fetchone()
    return Environment(
        catalogue=sandbox.salesforce,
        connection=connection,
        now=sandbox.clock.now(),
        zone=ZoneInfo((row and row[0]) or sandbox.config.org_time_zone),
        user_id=user_id,
        version=version,
        include_deleted=include_deleted,
    )


def known_fields(definition: ObjectDef, names: Sequence[str]) -> list[str]:
    """The API names of fields given in any case, each once. Raises RefusedError for one that the object has not."""
    found: dict[str, None] = {}
    for name in names:
        field = definition.field(name.strip())
        if field is None:
            message = f"No such column '{name.strip()}' on sobject of type {definition.name}"
            raise RefusedError("INVALID_FIELD", message, None)
        found[field.name] = None
    return list(found)


def read_records(
    where: Environment, definition: ObjectDef, fields: Sequence[str], ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Records by 18-character id, deleted ones too if `where` includes them; unknown ids are left out.

    `fields` are API names that the object has; Id comes last where it is not among them.
    """
    selected = [*fields, *(["Id"] if "Id" not in fields else [])]
    quoted = ", ".join(f"'{record}'" for record in ids)
    # The names are the catalogue's and the ids well-formed: nothing of a client's text gets into the query.
    found = execute(f"SELECT {', '.join(selected)} FROM {definition.name} WHERE Id IN ({quoted})", where)
    return {record["Id"]: record for record in found.page(0, len(ids))}
