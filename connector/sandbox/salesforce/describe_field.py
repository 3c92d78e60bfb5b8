"""One field as a describe shows it: the 57 recorded keys, in order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from connector.sandbox.catalogue.model import FieldDef, ObjectDef, PicklistValue

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
    """All that a describe says of a field. What no recorded field of the sandbox's objects varies is constant."""
    is_long_text = field.type == "textarea" and not field.filterable
    is_compound = field.type == "address"
    is_int = field.type == "int"
    is_polymorphic = len(field.references) > 1
    is_free = field.filterable and not is_compound
    return {
        "aggregatable": not (is_compound or is_long_text or field.type == "boolean"),
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": 18 if field.type in {"id", "reference"} else field.length * 3,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": field.compound,
        "controllerName": None,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": _default(field),
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.precision if is_int else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": _extra_type(definition, field),
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": not is_long_text and field.type not in _UNGROUPABLE,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup or field.external_id,
        "inlineHelpText": None,
        "label": field.label or field.name,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name == _name_field(definition),
        "namePointing": is_polymorphic,
        "nillable": field.nillable,
        "permissionable": _is_permissionable(definition, field),
        "picklistValues": [_picklist_value(entry) for entry in field.values],
        "polymorphicForeignKey": is_polymorphic,
        "precision": 0 if is_int else field.precision,
        "queryByDistance": is_compound,
        "referenceTargetField": None,
        "referenceTo": list(field.references),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference" and field.name not in _SYSTEM_REFERENCES and field.nillable,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": is_free,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable,
        "writeRequiresMasterRead": False,
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
