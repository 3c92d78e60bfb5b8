"""Lookups that a client writes: by id, or through a field that identifies the parent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.values import malformed_id, stored
from connector.sandbox.salesforce.writer import Writer

_ATTRIBUTES_FIRST = "Nested object for polymorphic foreign key must have an attributes field before any other fields."


def check_reference(writer: Writer, definition: ObjectDef, field: FieldDef, record: str) -> None:
    """Refuses an id (18 characters) that the field cannot hold: of another object, unknown, or deleted.

    Objects that this sandbox does not have are taken on trust.
    """
    targets = [name for name in field.references if writer.sandbox.salesforce.object(name) is not None]
    if not targets:
        return
    target = writer.sandbox.salesforce.by_prefix(record[:3])
    if target is None or target.name not in field.references:
        if len(targets) < len(field.references) and target is None:
            return
        raise malformed_id(field, record)
    state = writer.state(target, record)
    if state is None:
        raise RefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if state == "deleted":
        raise RefusedError("ENTITY_IS_DELETED", "entity is deleted", status=400)
    if field.name == "OwnerId" and target.name == "User":
        _check_active(writer, definition, target, record)
    if target.name == "Lead" and field.name in {"WhoId", "LeadId"}:
        _check_unconverted(writer, target, record)


def parent_by_key(writer: Writer, definition: ObjectDef, name: str, value: Any) -> tuple[FieldDef, str | None] | None:
    """The lookup behind a relationship name (`Account`) and the id of the parent that `value` names by a key.

    `value` is `{"Ext__c": "…"}`, for a polymorphic lookup with `attributes.type` before it. None when the
    object has no such relationship.
    """
    links = (entry for entry in definition.fields if entry.relationship and entry.references)
    field = next((entry for entry in links if str(entry.relationship).lower() == name.lower()), None)
    if field is None:
        return None
    if value is None:
        return field, None
    if not isinstance(value, Mapping):
        raise RefusedError("JSON_PARSER_ERROR", f"The value of {name} is not an object with the key of a parent", None)
    target = _target(writer, field, value)
    keys = {key: entry for key, entry in value.items() if key.lower() != "attributes"}
    if len(keys) != 1:
        message = f"The external foreign key reference does not reference a valid entity: {name}"
        raise RefusedError("INVALID_FIELD", message, None)
    key, wanted = next(iter(keys.items()))
    return field, _parent(writer, target, key, wanted)


def _target(writer: Writer, field: FieldDef, value: Mapping[str, Any]) -> ObjectDef:
    attributes = value.get("attributes")
    named = attributes.get("type") if isinstance(attributes, Mapping) else None
    if named is None and len(field.references) > 1:
        raise RefusedError("JSON_PARSER_ERROR", _ATTRIBUTES_FIRST, None)
    wanted = str(named or field.references[0]).lower()
    target = next((entry for entry in field.references if entry.lower() == wanted), None)
    found = writer.sandbox.salesforce.object(target) if target else None
    if found is None:
        message = f"The external foreign key reference does not reference a valid entity: {field.relationship}"
        raise RefusedError("INVALID_FIELD", message, None)
    return found


def _parent(writer: Writer, target: ObjectDef, key: str, wanted: Any) -> str:
    field = target.field(key)
    if field is None or not (field.external_id or field.id_lookup):
        message = f"Field name provided, {key} is not an External ID or indexed field for {target.name}"
        raise RefusedError("INVALID_FIELD", message, None)
    found = writer.find(target, field, stored(field, wanted), most=2)
    if len(found) == 1:
        return found[0]
    if found:
        message = f"{field.label}: more than one record found for external id field: [{', '.join(found)}]"
        raise RefusedError("DUPLICATE_EXTERNAL_ID", message)
    message = f"Foreign key external ID: {wanted} not found for field {field.name} in entity {target.name}"
    raise RefusedError("INVALID_FIELD", message)


def _check_active(writer: Writer, definition: ObjectDef, user: ObjectDef, record: str) -> None:
    row = writer.row(user, record)
    if row is not None and row["IsActive"] == 0:
        raise RefusedError(
            "INACTIVE_OWNER_OR_USER",
            f"operation performed with inactive user [{record[:15]}] as owner of {definition.name.lower()}",
            ("OwnerId",),
        )


def _check_unconverted(writer: Writer, lead: ObjectDef, record: str) -> None:
    row = writer.row(lead, record)
    if row is not None and row["IsConverted"]:
        raise RefusedError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
