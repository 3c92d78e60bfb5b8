"""What a call asked to see (`fields`), as SQL and as the JSON that goes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from connector.sandbox.account_engagement.refusals import RefusalError, unknown_field
from connector.sandbox.catalogue.account_engagement import WRITE_ONLY
from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef

OBJECT_TRACKS = 3
"""How many objects a dotted field may pass through."""

Convert = Callable[[Any], Any]


@dataclass
class _Node:
    """One object that a call reads from: its own columns, and the objects that it is asked through."""

    definition: ObjectDef
    alias: str
    fields: dict[str, FieldDef] = field(default_factory=dict)
    parents: dict[str, tuple[FieldDef, _Node]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Leaf:
    key: str
    position: int
    convert: Convert | None
    type: str


@dataclass(frozen=True)
class _Branch:
    key: str
    presence: int
    parts: tuple[_Part, ...]


_Part = _Leaf | _Branch


@dataclass(frozen=True)
class Shape:
    """The columns and joins to read, and how a row of them becomes a JSON object.

    The object's own table has the alias `m`. Keys come out in the recorded order: id, then the standard
    fields and relations by name, then the custom ones by name.
    """

    columns: tuple[str, ...]
    joins: tuple[str, ...]
    parts: tuple[_Part, ...]

    def record(self, row: Sequence[Any]) -> dict[str, Any]:
        """One row of `columns` as it goes out."""
        return _record(self.parts, row)

    def cells(self) -> dict[str, tuple[int, str]]:
        """Of each asked field, by its dotted name: its place in a row of `columns`, and its type."""
        return dict(_cells(self.parts, ""))


def local_time(stamp_text: str, zone: ZoneInfo) -> str:
    """A database stamp in the API user's own offset, to the second."""
    return datetime.fromisoformat(stamp_text[:19] + "+00:00").astimezone(zone).isoformat()


def parse_fields(text: str | None) -> tuple[str, ...]:
    """The names in a `fields` parameter, each once, in the order given; 13 when there is none."""
    names = tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
    if not names:
        raise RefusalError(13, "fields")
    return names


def known_fields(text: str | None, known: Container[str]) -> tuple[str, ...]:
    """The same of a resource that is no record: refuses a name that it does not have."""
    names = parse_fields(text)
    for name in names:
        if name not in known:
            raise unknown_field(name)
    return names


def shape(
    definition: ObjectDef, names: Iterable[str], catalogue: Catalogue, zone: ZoneInfo, *, single: bool = False
) -> Shape:
    """How the named fields of an object are read.

    51 for a name that does not exist, 224 for one that may only be written. Fields of several values are
    refused unless a `single` record is read, as the real query refuses them.
    """
    root = _Node(definition, "m")
    aliases: list[str] = []
    for name in names:
        _place(root, name, catalogue, aliases, single=single)
    columns: list[str] = []
    joins: list[str] = []
    parts = _lay_out(root, columns, joins, zone)
    return Shape(tuple(columns), tuple(joins), parts)


def _place(root: _Node, name: str, catalogue: Catalogue, aliases: list[str], *, single: bool) -> None:
    *path, last = name.split(".")
    if len(path) > OBJECT_TRACKS:
        raise unknown_field(name)
    node = root
    for step in path:
        node = _through(node, step, catalogue, aliases) or _refuse(name)
    found = _exactly(node.definition, last) or _refuse(name)
    write_only = (node.definition.name, found.name) in WRITE_ONLY
    if write_only or (found.type == "multipicklist" and not single):
        raise RefusalError(224, name)
    node.fields[found.name] = found


def _refuse(name: str) -> NoReturn:
    raise unknown_field(name)


def _through(node: _Node, relationship: str, catalogue: Catalogue, aliases: list[str]) -> _Node | None:
    if relationship in node.parents:
        return node.parents[relationship][1]
    reference = next((f for f in node.definition.fields if f.relationship == relationship), None)
    target = catalogue.object(reference.references[0]) if reference else None
    if reference is None or target is None:
        return None
    aliases.append(f"r{len(aliases) + 1}")
    parent = _Node(target, aliases[-1])
    node.parents[relationship] = (reference, parent)
    return parent


def _exactly(definition: ObjectDef, name: str) -> FieldDef | None:
    found = definition.field(name)
    return found if found is not None and found.name == name else None


def _lay_out(node: _Node, columns: list[str], joins: list[str], zone: ZoneInfo) -> tuple[_Part, ...]:
    parts: list[tuple[tuple[int, str], _Part]] = []
    for name, definition in node.fields.items():
        columns.append(f'{node.alias}."{name}"')
        leaf = _Leaf(name, len(columns) - 1, converter(definition, zone), definition.type)
        parts.append((_rank(name, custom=definition.custom), leaf))
    for relationship, (reference, parent) in node.parents.items():
        joins.append(
            f'LEFT JOIN "{parent.definition.name}" AS {parent.alias} '
            f'ON {parent.alias}."id" = {node.alias}."{reference.name}"'
        )
        columns.append(f'{parent.alias}."id"')
        presence = len(columns) - 1
        branch = _Branch(relationship, presence, _lay_out(parent, columns, joins, zone))
        parts.append((_rank(relationship, custom=False), branch))
    return tuple(part for _, part in sorted(parts, key=lambda pair: pair[0]))


def _rank(name: str, *, custom: bool) -> tuple[int, str]:
    return (0 if name == "id" else 2 if custom else 1, name)


def converter(definition: FieldDef, zone: ZoneInfo) -> Convert | None:
    """How a stored value of a field becomes its JSON value; None when it is that already."""
    if definition.type == "datetime":
        return lambda value: None if value is None else local_time(value, zone)
    if definition.name == "isDeleted":
        return bool
    if definition.type == "boolean":
        return lambda value: None if value is None else bool(value)
    if definition.type == "double":
        return lambda value: int(value) if isinstance(value, float) and value.is_integer() else value
    if definition.type == "multipicklist":
        return lambda value: None if value is None else json.loads(value)
    return None


def _cells(parts: Iterable[_Part], above: str) -> Iterator[tuple[str, tuple[int, str]]]:
    for part in parts:
        if isinstance(part, _Leaf):
            yield f"{above}{part.key}", (part.position, part.type)
        else:
            yield from _cells(part.parts, f"{above}{part.key}.")


def _record(parts: tuple[_Part, ...], row: Sequence[Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, _Leaf):
            value = row[part.position]
            record[part.key] = part.convert(value) if part.convert else value
        else:
            record[part.key] = None if row[part.presence] is None else _record(part.parts, row)
    return record
