"""One field as a describe shows it: the 57 recorded keys, in order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from connector.sandbox.catalogue.model import FieldDef, ObjectDef, PicklistValue

_SAME_FOR_ALL: Mapping[str, Any] = MappingProxyType(
    {
        "aiPredictionField": False,
        "autoNumber": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "controllerName": None,
        "defaultValueFormula": None,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "inlineHelpText": None,
        "mask": None,
        "maskType": None,
        "referenceTargetField": None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "writeRequiresMasterRead": False,
    }
)
"""What no recorded field of the sandbox's objects varies in."""
_SOAP_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "id": "tns:ID",
        "reference": "tns:ID",
        "boolean": "xsd:boolean",
        "int": "xsd:int",
        "double": "xsd:double",
        "currency": "xsd:double",
        "percent": "xsd:double",
        "date": "xsd:date",
        "datetime": "xsd:dateTime",
        "address": "urn:address",
    }
)
_UNGROUPABLE = frozenset({"double", "currency", "percent", "datetime", "address", "combobox"})
_PERSON_NAME = frozenset({"FirstName", "LastName", "Name", "Salutation"})
_PEOPLE = frozenset({"Contact", "Lead", "User"})
_SYSTEM_REFERENCES = frozenset(
    {
        "CreatedById",
        "LastModifiedById",
        "MasterRecordId",
        "OwnerId",
        "RecurrenceActivityId",
    }
)
_ALWAYS_VISIBLE = frozenset(
    {
        "ContactId",
        "EmailBouncedDate",
        "EmailBouncedReason",
        "FirstName",
        "ForecastCategoryName",
        "IndividualId",
        "Pricebook2Id",
        "Role",
        "Salutation",
    }
)
"""Fields that no field-level security can hide, though they may be empty."""
_SECURED = frozenset({"ExpectedRevenue", "IsAllDayEvent", "IsPrivate"})
"""Fields that it can hide, though they are never empty or cannot be written."""
_SECURED_OF_ACTIVITIES = frozenset({"Description", "IsAllDayEvent", "Location", "Type", "WhatId", "WhoId"})


def describe_field(definition: ObjectDef, field: FieldDef) -> dict[str, Any]:
    """All that a describe says of a field."""
    return dict(sorted({**_SAME_FOR_ALL, **_kind(definition, field), **_uses(definition, field)}.items()))


def _kind(definition: ObjectDef, field: FieldDef) -> dict[str, Any]:
    """What a field is: its name, type, size, values and references."""
    is_int = field.type == "int"
    is_polymorphic = len(field.references) > 1
    return {
        "calculated": field.calculated,
        "byteLength": 18 if field.type in {"id", "reference"} else field.length * 3,
        "compoundFieldName": field.compound,
        "custom": field.custom,
        "defaultValue": _default(field),
        "defaultedOnCreate": field.defaulted,
        "digits": field.precision if is_int else 0,
        "extraTypeInfo": _extra_type(definition, field),
        "label": field.label or field.name,
        "length": field.length,
        "name": field.name,
        "nameField": field.name == _name_field(definition),
        "namePointing": is_polymorphic,
        "nillable": field.nillable,
        "picklistValues": [_picklist_value(entry) for entry in field.values],
        "polymorphicForeignKey": is_polymorphic,
        "precision": 0 if is_int else field.precision,
        "referenceTo": list(field.references),
        "relationshipName": field.relationship,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "type": field.type,
        "unique": field.unique,
    }


def _uses(definition: ObjectDef, field: FieldDef) -> dict[str, Any]:
    """What can be done with a field: in queries, in writes, by look-ups."""
    is_long_text = field.type == "textarea" and not field.filterable
    is_compound = field.type == "address"
    is_searchable = field.type == "reference" and field.nillable and field.name not in _SYSTEM_REFERENCES
    return {
        "aggregatable": not (is_compound or is_long_text or field.type == "boolean"),
        "createable": field.createable,
        "externalId": field.external_id,
        "filterable": field.filterable,
        "groupable": not is_long_text and field.type not in _UNGROUPABLE,
        "idLookup": field.id_lookup or field.external_id,
        "permissionable": _is_permissionable(definition, field),
        "queryByDistance": is_compound,
        "searchPrefilterable": is_searchable,
        "sortable": field.filterable and not is_compound,
        "updateable": field.updateable,
    }


def _is_permissionable(definition: ObjectDef, field: FieldDef) -> bool:
    """Whether field-level security can hide the field."""
    if field.custom:
        return field.nillable
    if definition.name in {"Task", "Event"}:
        return field.name in _SECURED_OF_ACTIVITIES
    if field.name in _SECURED or field.type == "address":
        return True
    return field.nillable and field.createable and field.name not in _ALWAYS_VISIBLE


def _default(field: FieldDef) -> str | int | float | bool | None:
    return bool(field.default) if field.type == "boolean" else field.default


def _extra_type(definition: ObjectDef, field: FieldDef) -> str | None:
    if field.type == "textarea":
        return "plaintextarea"
    if field.name == "PhotoUrl":
        return "imageurl"
    if field.name in _PERSON_NAME and definition.name in _PEOPLE:
        return "personname"
    return "switchablepersonname" if (definition.name, field.name) == ("Account", "Name") else None


def _name_field(definition: ObjectDef) -> str | None:
    """The field by which people know a record; activities are known by their subject."""
    return next((name for name in ("Name", "Subject", "MasterLabel") if definition.field(name)), None)


def _picklist_value(entry: PicklistValue) -> dict[str, Any]:
    return {
        "active": entry.active,
        "defaultValue": entry.default,
        "label": entry.label or entry.value,
        "validFor": None,
        "value": entry.value,
    }
