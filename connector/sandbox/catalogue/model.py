"""What an object is: its fields, their types, and what may be done with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

_SQLITE_TYPES = MappingProxyType(
    {
        "boolean": "INTEGER",
        "int": "INTEGER",
        "long": "INTEGER",
        "double": "REAL",
        "currency": "REAL",
        "percent": "REAL",
    }
)


@dataclass(frozen=True)
class PicklistValue:
    value: str
    label: str | None = None
    default: bool = False
    active: bool = True


@dataclass(frozen=True)
class FieldDef:
    """One field of one object.

    `type` is Salesforce's describe type in lower case, for Account Engagement's objects too (string, int,
    boolean, datetime, …). `derived` is an SQLite expression over the object's other columns: the column is
    generated, so that every writer sees the same value. `api_name` of a reference's parent path is
    `relationship` (OwnerId → Owner).
    """

    name: str
    type: str = "string"
    label: str | None = None
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    default: str | int | float | None = None
    filterable: bool = True
    external_id: bool = False
    unique: bool = False
    id_lookup: bool = False
    restricted: bool = False
    values: tuple[PicklistValue, ...] = ()
    references: tuple[str, ...] = ()
    relationship: str | None = None
    compound: str | None = None
    custom: bool = False
    derived: str | None = None
    indexed: bool = False
    calculated: bool = False
    """A formula: nobody can write it."""

    @property
    def stored(self) -> bool:
        """Whether the database has a column for it; compound fields are put together when they are read."""
        return self.type not in {"address", "location"}

    @property
    def column(self) -> str:
        """The column's definition in SQLite. Text compares without case (ASCII only), ids and stamps exactly."""
        kind = _SQLITE_TYPES.get(self.type, "TEXT")
        exact = self.type in {"id", "reference", "datetime", "date", "time"}
        collate = " COLLATE NOCASE" if kind == "TEXT" and not exact else ""
        generated = f" GENERATED ALWAYS AS ({self.derived}) STORED" if self.derived else ""
        return f'"{self.name}" {kind}{collate}{generated}'


@dataclass(frozen=True)
class ObjectDef:
    """One object: `key` is its primary key column (Id, or id in Account Engagement)."""

    name: str
    label: str
    fields: tuple[FieldDef, ...]
    prefix: str | None = None
    label_plural: str | None = None
    key: str = "Id"
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    queryable: bool = True
    replicateable: bool = True
    children: tuple[tuple[str, str, str], ...] = ()
    """Child relationships: (relationship name, child object, the child's reference field)."""
    unseen: tuple[FieldDef, ...] = ()
    """Fields that the object has and the user may not see."""

    @property
    def every_field(self) -> tuple[FieldDef, ...]:
        """All fields, whoever may see them."""
        return (*self.fields, *self.unseen)

    @cached_property
    def by_name(self) -> dict[str, FieldDef]:
        """Fields by lower-case name: Salesforce ignores case in names."""
        return {entry.name.lower(): entry for entry in self.fields}

    def field(self, name: str) -> FieldDef | None:
        return self.by_name.get(name.lower())


@dataclass(frozen=True)
class Catalogue:
    """All objects of one system."""

    objects: tuple[ObjectDef, ...]
    _index: dict[str, ObjectDef] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {entry.name.lower(): entry for entry in self.objects})

    def __iter__(self) -> Iterator[ObjectDef]:
        return iter(self.objects)

    def object(self, name: str) -> ObjectDef | None:
        return self._index.get(name.lower())

    def by_prefix(self, prefix: str) -> ObjectDef | None:
        return next((entry for entry in self.objects if entry.prefix == prefix), None)


def with_fields(definition: ObjectDef, extra: Iterable[FieldDef]) -> ObjectDef:
    """The same object with more fields (custom ones, or columns found in a loaded file)."""
    values = {name: getattr(definition, name) for name in definition.__dataclass_fields__}
    return ObjectDef(**{**values, "fields": (*definition.fields, *extra)})
