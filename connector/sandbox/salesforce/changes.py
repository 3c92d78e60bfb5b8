"""The one road for every write to Salesforce's records: rows, collections, composite, bulk.

Values arrive as JSON gives them. Whatever Salesforce would refuse raises RefusedError before the record is touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.catalogue.salesforce import cascades, undeletable
from connector.sandbox.faults.rows import refuse_struck_row
from connector.sandbox.ids import id18, is_well_formed
from connector.sandbox.salesforce.automation import after, before
from connector.sandbox.salesforce.references import check_reference, parent_by_key
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.values import Stored, stored
from connector.sandbox.salesforce.writer import Writer

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Saved:
    """A change that was made: to which record, and whether the record is new."""

    id: str
    created: bool = False


class MoreThanOneError(Exception):
    """An upsert whose key stands on several records; `ids` are theirs."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} records")
        self.ids = ids


def insert(writer: Writer, definition: ObjectDef, record: Record) -> Saved:
    """A new record, with defaults, owner and stamps."""
    if not definition.createable:
        raise _not_changeable(definition, "inserted")
    if any(name.lower() == "id" and value is not None for name, value in record.items()):
        raise id_not_allowed()
    refuse_struck_row(None)
    given = _read(writer, definition, record, creating=True)
    # A null for a field with a default stands for the default.
    chosen = {
        name: value for name, value in given.items() if value is not None or not _field(definition, name).defaulted
    }
    values = defaults(writer, definition) | chosen
    before(writer, definition, None, values)
    _check_required(definition, values)
    _check_unique(writer, definition, values, None)
    new = writer.insert(definition, values)
    after(writer, definition, None, {"Id": new, **values})
    return Saved(new, created=True)


def update(writer: Writer, definition: ObjectDef, record: str, changes: Record) -> Saved:
    """Changes fields of a live record; stamps move even when nothing differs, as Salesforce's do."""
    if not definition.updateable:
        raise _not_changeable(definition, "updated")
    row = existing(writer, definition, record)
    refuse_struck_row(row["Id"])
    values = _read(writer, definition, changes, creating=False)
    before(writer, definition, row, values)
    _check_required_left(definition, values)
    _check_unique(writer, definition, values, row["Id"])
    writer.update(definition, row["Id"], values | writer.touched(definition))
    after(writer, definition, row, {**dict(row), **values})
    return Saved(row["Id"])


def upsert(writer: Writer, definition: ObjectDef, key: FieldDef, wanted: Any, record: Record) -> Saved:
    """Updates the record whose `key` is `wanted`, or inserts one with it. Raises MoreThanOneError on several."""
    found = matching(writer, definition, key, wanted)
    if len(found) > 1:
        raise MoreThanOneError(found)
    if found:
        return update(writer, definition, found[0], record)
    return insert(writer, definition, record if key.type == "id" else {**record, key.name: wanted})


def matching(writer: Writer, definition: ObjectDef, key: FieldDef, wanted: Any) -> list[str]:
    """Ids of the live records whose external id, or Id, is `wanted`."""
    if key.type == "id":
        return [existing(writer, definition, wanted)["Id"]] if wanted is not None else []
    value = stored(key, wanted)
    if value is None:
        raise RefusedError("MISSING_ARGUMENT", f"{key.name} not specified")
    return writer.find(definition, key, value)


def delete(writer: Writer, definition: ObjectDef, record: str) -> Saved:
    """Puts a record and what hangs on it into the recycle bin."""
    if not definition.deletable:
        raise RefusedError("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type cannot be deleted: {definition.label}")
    row = existing(writer, definition, record)
    refuse_struck_row(row["Id"])
    _set_deleted(writer, definition, row["Id"], deleted=True, since=None)
    return Saved(row["Id"])


def undelete(writer: Writer, definition: ObjectDef, record: str) -> Saved:
    """Takes a record back out of the recycle bin, with what went in together with it."""
    row = writer.row(definition, _identified(record))
    if row is None:
        raise RefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if definition.name not in undeletable() or not row["IsDeleted"] or _merged_away(definition, row):
        raise RefusedError("UNDELETE_FAILED", "entity is not in the recycle bin")
    _set_deleted(writer, definition, row["Id"], deleted=False, since=row["SystemModstamp"])
    return Saved(row["Id"])


def existing(writer: Writer, definition: ObjectDef, record: Any) -> sqlite3.Row:
    """The live record of an id of 15 or 18 characters. Raises RefusedError for no id, an unknown, or a deleted one."""
    identifier = _identified(record)
    if definition.prefix and identifier[:3] != definition.prefix:
        raise _incorrect_type(definition, record)
    row = writer.row(definition, identifier)
    if row is None:
        raise RefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if "IsDeleted" in row.keys() and row["IsDeleted"]:  # noqa: SIM118 - a Row's `in` looks at values
        raise RefusedError("ENTITY_IS_DELETED", "entity is deleted")
    return row


def id_not_allowed() -> RefusedError:
    """The refusal of a record that brings its own id."""
    return RefusedError("INVALID_FIELD", "The Id field should not be specified in the sobject data.", None)


def _identified(record: Any) -> str:
    if not isinstance(record, str) or not is_well_formed(record):
        raise RefusedError("MALFORMED_ID", f"malformed id {record}", ("Id",))
    return id18(record[:15])


def _incorrect_type(definition: ObjectDef, record: Any) -> RefusedError:
    return RefusedError("MALFORMED_ID", f"{definition.label} ID: id value of incorrect type: {record}", ("Id",))


def _not_changeable(definition: ObjectDef, verb: str) -> RefusedError:
    return RefusedError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be {verb}: {definition.label}")


def _merged_away(definition: ObjectDef, row: sqlite3.Row) -> bool:
    return definition.field("MasterRecordId") is not None and row["MasterRecordId"] is not None


def _read(writer: Writer, definition: ObjectDef, record: Record, *, creating: bool) -> dict[str, Stored]:
    values: dict[str, Stored] = {}
    unwritable = []
    for name, given in record.items():
        if name.lower() in {"attributes", "id"}:
            continue
        field, value = _field_and_value(writer, definition, name, given)
        if not (field.createable if creating else field.updateable):
            unwritable.append(field.name)
            continue
        values[field.name] = value = stored(field, value)
        if field.references and isinstance(value, str):
            check_reference(writer, definition, field, value)
    if unwritable:
        names = ", ".join(unwritable)
        raise RefusedError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {names}. Please check the security settings of this field and verify "
            "that it is read/write for your profile or permission set.",
            tuple(unwritable),
        )
    return values


def _field_and_value(writer: Writer, definition: ObjectDef, name: str, given: Any) -> tuple[FieldDef, Any]:
    field = definition.field(name)
    if field is not None:
        return field, given
    found = parent_by_key(writer, definition, name, given)
    if found is None:
        raise RefusedError("INVALID_FIELD", f"No such column '{name}' on sobject of type {definition.name}", None)
    return found


def defaults(writer: Writer, definition: ObjectDef) -> dict[str, Stored]:
    """What a new record has before anybody says anything: its fields' defaults, its owner, its stamps."""
    values: dict[str, Stored] = {
        field.name: field.default for field in definition.every_field if field.default is not None and not field.derived
    }
    stamps: dict[str, Stored] = {
        "CreatedDate": writer.now,
        "CreatedById": writer.user_id,
        "OwnerId": writer.user_id,
        **writer.touched(definition),
    }
    return values | {name: value for name, value in stamps.items() if definition.field(name)}


def _check_required(definition: ObjectDef, values: Mapping[str, Stored]) -> None:
    missing = [
        field.name
        for field in definition.fields
        if field.createable and not field.nillable and values.get(field.name) is None
    ]
    _require(missing)


def _check_required_left(definition: ObjectDef, values: Mapping[str, Stored]) -> None:
    _require([name for name, value in values.items() if value is None and not _field(definition, name).nillable])


def _field(definition: ObjectDef, name: str) -> FieldDef:
    """The field of an API name that is known to be the object's, be it one that the user may not see."""
    return definition.field(name) or next(field for field in definition.unseen if field.name == name)


def _require(missing: list[str]) -> None:
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise RefusedError("REQUIRED_FIELD_MISSING", message, tuple(missing))


def _check_unique(writer: Writer, definition: ObjectDef, values: Mapping[str, Stored], own: str | None) -> None:
    for name, value in values.items():
        field = _field(definition, name)
        if not field.unique or value is None:
            continue
        other = next((found for found in writer.find(definition, field, value, most=2) if found != own), None)
        if other is not None:
            message = f"duplicate value found: {name} duplicates value on record with id: {other[:15]}"
            raise RefusedError("DUPLICATE_VALUE", message)


def _set_deleted(writer: Writer, definition: ObjectDef, record: str, *, deleted: bool, since: str | None) -> None:
    for child_name, field_name in sorted(cascades()):
        child = writer.object(child_name)
        field = child.field(field_name)
        if field is None or definition.name not in field.references:
            continue
        for found in writer.children(child_name, field_name, record, deleted_at=since):
            _set_deleted(writer, child, found, deleted=deleted, since=since)
    writer.update(definition, record, {"IsDeleted": int(deleted), **writer.touched(definition)})
