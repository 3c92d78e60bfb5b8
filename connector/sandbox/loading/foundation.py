"""What an org has even where no file says so: a user that logs in, an organization, statuses, stages."""

from __future__ import annotations

import sqlite3
from typing import Any

from connector.sandbox.catalogue.model import Catalogue, ObjectDef
from connector.sandbox.context import ORG_ID, Sandbox
from connector.sandbox.ids import record_id

_CONVERTED = "Closed - Converted"


def found_user(sandbox: Sandbox, connection: sqlite3.Connection) -> str:
    """The id of the user that logs in; added when no loaded user has that name."""
    config = sandbox.config
    row = connection.execute('SELECT "Id" FROM "User" WHERE "Username" = ?', (config.username,)).fetchone()
    if row is not None:
        return str(row[0])
    number = record_id("005", sandbox.database.next_ids("User"))
    values = {
        "Id": number,
        "Username": config.username,
        "Email": config.username,
        "LastName": "Integration",
        "Alias": "connect",
        "IsActive": 1,
        "TimeZoneSidKey": config.org_time_zone,
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "UserType": "Standard",
        "CreatedById": number,
        "LastModifiedById": number,
    }
    _add(connection, _definition(sandbox.salesforce, "User"), values)
    return number


def found_org(sandbox: Sandbox, connection: sqlite3.Connection, user: str) -> None:
    """Adds what is missing besides the user. A loaded organization takes the sandbox's own id."""
    by = {"CreatedById": user, "LastModifiedById": user}
    _organization(sandbox, connection, by)
    for name in by:
        connection.execute(f'UPDATE "User" SET "{name}" = ? WHERE "{name}" IS NULL', (user,))
    if _is_empty(connection, "LeadStatus"):
        _lead_statuses(sandbox, connection, by)
    if _is_empty(connection, "OpportunityStage"):
        _stages(sandbox, connection, by)
    if _is_empty(connection, "users"):
        _engagement_users(sandbox, connection)


def _organization(sandbox: Sandbox, connection: sqlite3.Connection, by: dict[str, str]) -> None:
    if not _is_empty(connection, "Organization"):
        connection.execute('UPDATE "Organization" SET "Id" = ?', (ORG_ID,))
        return
    values = {
        "Id": ORG_ID,
        "Name": "Loaded data",
        "TimeZoneSidKey": sandbox.config.org_time_zone,
        "DefaultLocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1,
        "OrganizationType": "Enterprise Edition",
    }
    _add(connection, _definition(sandbox.salesforce, "Organization"), values | by)


def _lead_statuses(sandbox: Sandbox, connection: sqlite3.Connection, by: dict[str, str]) -> None:
    used = connection.execute(
        'SELECT "Status", max("IsConverted") FROM "Lead" WHERE "Status" IS NOT NULL GROUP BY 1 ORDER BY 1'
    ).fetchall()
    stock = _picklist(sandbox, "Lead", "Status")
    converted = {row[0] for row in used if row[1]} or {_CONVERTED}
    names = [row[0] for row in used] or stock
    names += [name for name in sorted(converted) if name not in names]
    default = stock[0] if stock[0] in names else next(name for name in names if name not in converted)
    definition = _definition(sandbox.salesforce, "LeadStatus")
    for order, name in enumerate(names, start=1):
        flags = {"IsDefault": int(name == default), "IsConverted": int(name in converted)}
        number = record_id(definition.prefix or "01J", sandbox.database.next_ids("LeadStatus"))
        names_of_it = {"MasterLabel": name, "ApiName": name, "SortOrder": order}
        _add(connection, definition, {"Id": number, **names_of_it, **flags, **by})


def _stages(sandbox: Sandbox, connection: sqlite3.Connection, by: dict[str, str]) -> None:
    definition = _definition(sandbox.salesforce, "OpportunityStage")
    used = connection.execute(
        'SELECT "StageName", max("IsClosed"), max("IsWon"), avg("Probability") FROM "Opportunity" '
        'WHERE "StageName" IS NOT NULL GROUP BY 1 ORDER BY avg("Probability"), 1'
    ).fetchall()
    stages: list[tuple[str, int, int, float | None]] = [tuple(row) for row in used] or [
        (name, int(name.startswith("Closed")), int(name == "Closed Won"), None)
        for name in _picklist(sandbox, "Opportunity", "StageName")
    ]
    for order, (name, closed, won, probability) in enumerate(stages, start=1):
        number = record_id(definition.prefix or "01J", sandbox.database.next_ids("OpportunityStage"))
        values = {
            "Id": number,
            "MasterLabel": name,
            "ApiName": name,
            "SortOrder": order,
            "IsActive": 1,
            "IsClosed": closed,
            "IsWon": won,
            "DefaultProbability": probability,
        }
        _add(connection, definition, values | by)


def _engagement_users(sandbox: Sandbox, connection: sqlite3.Connection) -> None:
    definition = _definition(sandbox.account_engagement, "users")
    users = connection.execute(
        'SELECT "Id", "Username", "Email", "FirstName", "LastName" FROM "User" ORDER BY "Username" = ? DESC, "Id"',
        (sandbox.config.username,),
    ).fetchall()
    for record, username, email, first, last in users:
        number = sandbox.database.next_ids("users")
        names = {"username": username, "email": email, "firstName": first, "lastName": last}
        _add(connection, definition, {"id": number, "salesforceId": record, **names})


def _add(connection: sqlite3.Connection, definition: ObjectDef, values: dict[str, Any]) -> None:
    flags = {
        entry.name: int(bool(entry.default))
        for entry in definition.fields
        if entry.type == "boolean" and entry.stored and entry.derived is None
    }
    row = flags | values
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(f'INSERT INTO "{definition.name}" ({names}) VALUES ({marks})', tuple(row.values()))


def _picklist(sandbox: Sandbox, object_name: str, field_name: str) -> list[str]:
    found = _definition(sandbox.salesforce, object_name).field(field_name)
    return [value.value for value in found.values] if found else []


def _is_empty(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is None


def _definition(catalogue: Catalogue, name: str) -> ObjectDef:
    found = catalogue.object(name)
    if found is None:
        raise LookupError(name)
    return found
