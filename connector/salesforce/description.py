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
    )
