"""Gathers the SELECT list: which columns the SQL must read, and what records are made of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.soql.records import Address, Choice, Entry, Leaf, Object, Placeholder
from connector.sandbox.soql.scope import Parent, Scope
from connector.sandbox.soql.tree import Path, Typeof

_ADDRESS_PARTS = ("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street")
_LOCATION_PARTS = ("Latitude", "Longitude")


@dataclass(frozen=True)
class ResultColumn:
    """What a client is told of one column: `columns` are those of a parent or a child subquery."""

    name: str
    display_name: str
    type: str
    aggregate: bool = False
    custom: bool = False
    columns: tuple[ResultColumn, ...] = ()


@dataclass
class Draft:
    """A record in the making."""

    parent: Parent
    key: int
    kind: str | int
    entity: str | int
    entries: dict[str, Entry | Draft] = field(default_factory=dict)
    columns: dict[str, ResultColumn] = field(default_factory=dict)

    def finished(self, base: str) -> Object:
        entries = tuple(
            (name, entry.finished(base) if isinstance(entry, Draft) else entry) for name, entry in self.entries.items()
        )
        return Object(self.kind, self.entity, self.key, entries, base)

    def described(self) -> tuple[ResultColumn, ...]:
        return tuple(
            ResultColumn(name, name, "reference", columns=entry.described())
            if isinstance(entry, Draft)
            else self.columns[name]
            for name, entry in self.entries.items()
        )


class SelectList:
    """The SELECT list of one query. Column 0 of its SQL is the rowid, column 1 the record's key."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.sql = [f'"{scope.root}".rowid', scope.key]
        self.own_fields: list[str] = []
        name = scope.definition.name
        self.root = Draft(scope.top, 1, name, name)

    @property
    def base(self) -> str:
        """The path before the object's name in records' URLs."""
        return f"/services/data/v{self.scope.environment.version}/sobjects"

    def add_path(self, path: Path) -> None:
        """A field of the object or of a parent."""
        names = self.scope.own(path)
        parent = self.scope.climb(names[:-1], path)
        column = self.scope.column_of(parent, names[-1], path)
        draft = self._draft(parent.path, path)
        if column.name in draft.entries:
            raise self._duplicate(path.at, ".".join((*parent.path, column.name)))
        if draft is self.root:
            self.own_fields.append(column.name)
        self._enter(draft, column.field, column.name, column.sql)

    def add_label(self, path: Path, alias: str | None) -> None:
        """toLabel(field): a picklist's label instead of its value."""
        column = self.scope.column(path)
        name = alias or column.name
        if name in self.root.entries:
            raise self._duplicate(path.at, name)
        labels = {value.value: value.label for value in column.field.values if value.label}
        self.root.entries[name] = Leaf(self._index(column.sql), lambda value: labels.get(value, value))
        self.root.columns[name] = ResultColumn(name, name, column.field.type, custom=column.field.custom)

    def add_field(self, definition: FieldDef, at: int) -> None:
        """A field of FIELDS(…)."""
        if definition.name in self.root.entries:
            raise self._duplicate(at, definition.name)
        self.own_fields.append(definition.name)
        self._enter(self.root, definition, definition.name, f'"{self.scope.root}"."{definition.name}"')

    def add_children(self, name: str, columns: tuple[ResultColumn, ...], at: int) -> None:
        """A child subquery; its records are put in later."""
        if name in self.root.entries:
            raise self._duplicate(at, name)
        self.root.entries[name] = Placeholder()
        self.root.columns[name] = ResultColumn(name, name, "complexvalue", aggregate=True, columns=columns)

    def add_typeof(self, typeof: Typeof) -> None:
        """TYPEOF relationship WHEN … THEN … ELSE … END."""
        names = self.scope.own(typeof.relationship)
        parent = self.scope.climb(names, typeof.relationship)
        name = parent.path[-1]
        if len(parent.path) != 1:
            raise self.scope.source.malformed(typeof.at, "TYPEOF takes a relationship of the object in FROM")
        if name in self.root.entries:
            raise self._duplicate(typeof.at, name)
        kind = self._index(self.scope.type_of(parent))
        branches = {}
        columns: dict[str, ResultColumn] = {}
        for branch in typeof.branches:
            definition = self._branch_object(parent, branch.entity, branch.at)
            draft = self._branch(parent, definition, branch.fields)
            branches[definition.name] = draft.finished(self.base)
            columns.update(draft.columns)
        rest = None
        if typeof.otherwise:
            draft = Draft(parent, self._index(parent.reference), kind, kind)
            self._fill(draft, typeof.otherwise)
            rest = draft.finished(self.base)
            columns.update(draft.columns)
        self.root.entries[name] = Choice(kind, branches, rest)
        self.root.columns[name] = ResultColumn(name, name, "reference", columns=tuple(columns.values()))

    def _branch_object(self, parent: Parent, entity: str, at: int) -> ObjectDef:
        found = next((entry for entry in parent.objects if entry.name.lower() == entity.lower()), None)
        if found is None:
            raise self.scope.source.no_such_object(at, entity)
        return found

    def _branch(self, parent: Parent, definition: ObjectDef, fields: tuple[Path, ...]) -> Draft:
        joined = self.scope.branch(parent, definition, fields[0].at)
        draft = Draft(joined, self._index(f'"{joined.alias}"."{definition.key}"'), definition.name, definition.name)
        self._fill(draft, fields)
        return draft

    def _fill(self, draft: Draft, fields: tuple[Path, ...]) -> None:
        for path in fields:
            if len(path.names) > 1:
                raise self.scope.source.malformed(path.at, f"unexpected token: '{path.text}'")
            column = self.scope.column_of(draft.parent, path.names[0], path)
            if column.name in draft.entries:
                raise self._duplicate(path.at, column.name)
            self._enter(draft, column.field, column.name, column.sql)

    def _draft(self, relationships: tuple[str, ...], path: Path) -> Draft:
        draft = self.root
        for depth, name in enumerate(relationships, 1):
            found = draft.entries.get(name)
            if found is None:
                found = self._parent_draft(self.scope.climb(relationships[:depth], path))
                draft.entries[name] = found
            if not isinstance(found, Draft):
                raise self._duplicate(path.at, name)
            draft = found
        return draft

    def _parent_draft(self, parent: Parent) -> Draft:
        if parent.alias is None:
            return Draft(parent, self._index(parent.reference), "Name", self._index(self.scope.type_of(parent)))
        definition = parent.objects[0]
        return Draft(parent, self._index(f'"{parent.alias}"."{definition.key}"'), definition.name, definition.name)

    def _enter(self, draft: Draft, definition: FieldDef, name: str, sql: str) -> None:
        draft.columns[name] = ResultColumn(name, name, definition.type, custom=definition.custom)
        if definition.type in {"address", "location"}:
            draft.entries[name] = self._address(draft.parent, definition)
        elif definition.type == "datetime":
            # Stamps are held as 2026-05-01T07:25:37.000Z and travel as 2026-05-01T07:25:37.000+0000.
            draft.entries[name] = Leaf(self._index(f"substr({sql}, 1, 23) || '+0000'"))
        else:
            draft.entries[name] = Leaf(self._index(sql), bool if definition.type == "boolean" else None)

    def _address(self, parent: Parent, compound: FieldDef) -> Address:
        parts = _ADDRESS_PARTS if compound.type == "address" else _LOCATION_PARTS
        found = {entry.name: entry for entry in parent.objects[0].fields if entry.compound == compound.name}
        prefix = compound.name.removesuffix("Address")
        return Address(
            tuple(
                (
                    part[0].lower() + part[1:],
                    self._index(f'"{parent.alias}"."{prefix}{part}"') if f"{prefix}{part}" in found else None,
                )
                for part in parts
            )
        )

    def _index(self, sql: str) -> int:
        self.sql.append(sql)
        return len(self.sql) - 1

    def _duplicate(self, at: int, name: str) -> Exception:
        return self.scope.source.error("INVALID_FIELD", at, f"duplicate field selected: {name}")
