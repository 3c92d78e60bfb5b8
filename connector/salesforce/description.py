"""What an org says about one of its objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class FieldDescription:
    """One field. `length` in characters (0 where it means nothing); `values` are the active picklist values.

    `restricted`: no other value is taken. `filterable`: may stand in WHERE.
    """

    name: str
    label: str
    type: str
    length: int
    createable: bool
    updateable: bool
    nillable: bool
    defaulted: bool
    external_id: bool
    unique: bool
    restricted: bool
    filterable: bool
    calculated: bool
    values: tuple[str, ...]
    reference_to: tuple[str, ...]
    relationship_name: str | None = None
    """By which a question reaches the parent's fields: Owner.Name."""
    precision: int = 0
    """Of a number: how many digits it may have in all; `scale` of them behind the point. Whole numbers: `digits`."""
    scale: int = 0
    auto_number: bool = False
    custom: bool = False
    permissionable: bool = False
    """Whether field-level security can hide it, so that a permission set may name it."""

    @property
    def is_compound(self) -> bool:
        """Put together from other fields, which are to be read instead."""
        return self.type in {"address", "location"}

    @property
    def whole_digits(self) -> int:
        """How many digits a number may have before the point."""
        return self.precision - self.scale


@dataclass(frozen=True)
class Description:
    """One object as this user sees it: what is not visible to the user is not listed."""

    name: str
    label: str
    key_prefix: str | None
    queryable: bool
    createable: bool
    updateable: bool
    fields: Mapping[str, FieldDescription]
    record_types: tuple[str, ...] = ()
    """The developer names of the record types that this user may choose, without the master's."""

    def field(self, name: str) -> FieldDescription | None:
        """A field by its name in any letters, as the platform takes it."""
        found = self.fields.get(name)
        return found or next((one for key, one in self.fields.items() if key.lower() == name.lower()), None)


def description(body: Mapping[str, Any]) -> Description:
    """From the body of sobjects/<object>/describe."""
    return Description(
        name=body["name"],
        label=body["label"],
        key_prefix=body.get("keyPrefix"),
        queryable=bool(body["queryable"]),
        createable=bool(body["createable"]),
        updateable=bool(body["updateable"]),
        fields=MappingProxyType({field["name"]: _field(field) for field in body["fields"]}),
        record_types=tuple(
            str(one["developerName"])
            for one in body.get("recordTypeInfos") or ()
            if one.get("active") and one.get("available") and not one.get("master")
        ),
    )


def _field(body: Mapping[str, Any]) -> FieldDescription:
    return FieldDescription(
        name=body["name"],
        label=body["label"],
        type=body["type"],
        length=int(body.get("length") or 0),
        createable=bool(body["createable"]),
        updateable=bool(body["updateable"]),
        nillable=bool(body["nillable"]),
        defaulted=bool(body.get("defaultedOnCreate")),
        external_id=bool(body.get("externalId")),
        unique=bool(body.get("unique")),
        restricted=bool(body.get("restrictedPicklist")),
        filterable=bool(body["filterable"]),
        calculated=bool(body.get("calculated")),
        values=tuple(value["value"] for value in body.get("picklistValues") or () if value.get("active", True)),
        reference_to=tuple(body.get("referenceTo") or ()),
        relationship_name=body.get("relationshipName"),
        precision=int(body.get("precision") or body.get("digits") or 0),
        scale=int(body.get("scale") or 0),
        auto_number=bool(body.get("autoNumber")),
        custom=bool(body.get("custom")),
        permissionable=bool(body.get("permissionable")),
    )
