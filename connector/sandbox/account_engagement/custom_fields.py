"""The collection that says which fields of their own prospects have."""

from __future__ import annotations

from connector.sandbox.account_engagement.records import next_number
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox

_TYPES = {"double": "number", "multipicklist": "multi-select"}


def record_custom_fields(sandbox: Sandbox) -> None:
    """Adds a row to `custom_fields` for every custom prospect field that has none yet.

    Whoever fills a sandbox's database calls it once the tables are there.
    """
    prospects = sandbox.account_engagement.object("prospects")
    definition = sandbox.account_engagement.object("custom_fields")
    if prospects is None or definition is None:
        return
    now = stamp(sandbox.clock.now())
    with sandbox.database.write() as connection:
        known = {row[0] for row in connection.execute('SELECT "fieldId" FROM "custom_fields"')}
        for entry in prospects.fields:
            field_id = entry.name.removesuffix("__c")
            if not entry.custom or field_id in known:
                continue
            number = next_number(connection, sandbox, definition)
            kind = _TYPES.get(entry.type, "text")
            flags = (int(kind == "multi-select"), 0, 0, 0)
            connection.execute(
                'INSERT INTO "custom_fields" ("id", "name", "fieldId", "type", "isRecordMultipleResponses", '
                '"isUseValues", "isRequired", "isAnalyticsSynced", "createdAt", "updatedAt") '
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (number, entry.label or field_id, field_id, kind, *flags, now, now),
            )
