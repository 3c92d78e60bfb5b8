"""Turns rows of SQL into records as Salesforce's JSON has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Sequence[Any]
Record = dict[str, Any]
Read = Callable[[Row], Any]


@dataclass(frozen=True)
class Leaf:
    """One value of the row, as it stands or converted."""

    index: int
    convert: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Address:
    """A compound field: its parts under their own names, or null when all are empty."""

    parts: tuple[tuple[str, int | None], ...]

    def read(self, row: Row) -> Record | None:
        found = {name: None if index is None else row[index] for name, index in self.parts}
        return found if any(value is not None for value in found.values()) else None


@dataclass(frozen=True)
class Object:
    """A record: of the query's own object or of a parent.

    `kind` is what `attributes` calls it, or the index of a column that says so. `entity` is the object in the
    record's URL, or the index of a column.
    """

    kind: str | int
    entity: str | int
    key: int
    entries: tuple[tuple[str, Entry], ...]
    base: str

    def reader(self) -> Callable[[Row], Record | None]:
        """Reads a record from a row; None when its key is null."""
        steps = tuple(_step(name, entry) for name, entry in self.entries)
        kind, entity, key, base = self.kind, self.entity, self.key, self.base

        def read(row: Row) -> Record | None:
            identifier = row[key]
            if identifier is None:
                return None
            shown = row[kind] if isinstance(kind, int) else kind
            where = row[entity] if isinstance(entity, int) else entity
            record: Record = {"attributes": {"type": shown, "url": f"{base}/{where}/{identifier}"}}
            for name, index, convert in steps:
                if convert is None:
                    record[name] = row[index]
                else:
                    record[name] = convert(row if index < 0 else row[index])
            return record

        return read


@dataclass(frozen=True)
class Choice:
    """TYPEOF: the record that fits the parent's type, which the column at `kind` names."""

    kind: int
    branches: Mapping[str, Object]
    otherwise: Object | None

    def reader(self) -> Callable[[Row], Record | None]:
        readers = {name: branch.reader() for name, branch in self.branches.items()}
        rest = self.otherwise.reader() if self.otherwise else None

        def read(row: Row) -> Record | None:
            chosen = readers.get(row[self.kind], rest)
            return chosen(row) if chosen is not None and row[self.kind] is not None else None

        return read


@dataclass(frozen=True)
class Placeholder:
    """Keeps a child subquery's place in the order of keys until its records are fetched."""

    def read(self, _row: Row) -> None:
        return None


Entry = Leaf | Address | Object | Choice | Placeholder


def _step(name: str, entry: Entry) -> tuple[str, int, Callable[[Any], Any] | None]:
    if isinstance(entry, Leaf):
        return name, entry.index, entry.convert
    if isinstance(entry, Object | Choice):
        return name, -1, entry.reader()
    return name, -1, entry.read


def children(records: list[Record]) -> Record | None:
    """A child subquery's part of its parent's record: null when there are no children."""
    return {"totalSize": len(records), "done": True, "records": records} if records else None
