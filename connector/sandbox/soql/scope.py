"""What field paths mean: columns of the object in FROM, and of parents that are joined when they are named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.soql.environment import Environment
from connector.sandbox.soql.errors import Source
from connector.sandbox.soql.tree import Path

_DEEPEST = 5
"""Parents that a path may climb through."""

_MOST_PARENTS = 55
"""Different parents in one query."""

_NAME_FIELDS = frozenset({
    "alias", "email", "firstname", "id", "isactive", "lastname", "lastreferenceddate", "lastvieweddate", "name",
    "phone", "profileid", "recordtypeid", "title", "type", "username", "userroleid",
})  # fmt: skip
"""What Salesforce's Name object has: the fields that a lookup to one of several objects can be asked for."""


@dataclass(frozen=True)
class Column:
    """A field and the SQL that reads it. `name` is the path's last part in API case."""

    name: str
    field: FieldDef
    sql: str
    nillable: bool


@dataclass(frozen=True)
class Parent:
    """Where a path has climbed to.

    One object behind an alias of the statement, or one of several objects (`alias` None): then fields are
    looked for in each. `path` holds the relationships' names in API case, `reference` the SQL of the lookup
    that led here (empty at the root).
    """

    path: tuple[str, ...]
    objects: tuple[ObjectDef, ...]
    alias: str | None
    reference: str

    @property
    def entity(self) -> str:
        return self.objects[0].name if self.alias else "Name"


class Scope:
    """The FROM of one SELECT: it gathers the joins that its paths need."""

    def __init__(
        self,
        source: Source,
        environment: Environment,
        definition: ObjectDef,
        names: Iterator[str],
        own_names: tuple[str, ...] = (),
    ) -> None:
        """`names` gives aliases that are new in the whole statement; `own_names` may stand before a path for
        the object itself (FROM's alias, the object's or the relationship's name)."""
        self.source = source
        self.environment = environment
        self.definition = definition
        self.names = names
        self.root = next(names)
        self._own_names = frozenset(name.lower() for name in own_names)
        self._joins: dict[tuple[tuple[str, ...], str], tuple[str, str]] = {}

    @property
    def top(self) -> Parent:
        return Parent((), (self.definition,), self.root, "")

    @property
    def joins(self) -> str:
        """The LEFT JOINs of all parents named so far, in order."""
        return "".join(sql for _, sql in self._joins.values())

    @property
    def key(self) -> str:
        return f'"{self.root}"."{self.definition.key}"'

    def column(self, path: Path) -> Column:
        """The column that a path names; raises SoqlError when the object or a parent has none such."""
        names = self.own(path)
        parent = self.climb(names[:-1], path)
        return self.column_of(parent, names[-1], path)

    def own(self, path: Path) -> tuple[str, ...]:
        """The path's names without the FROM alias before them."""
        names = path.names
        if len(names) > 1 and names[0].lower() in self._own_names and self._reference(self.top, names[0]) is None:
            return names[1:]
        return names

    def climb(self, relationships: tuple[str, ...], path: Path) -> Parent:
        """The parent behind a chain of relationships."""
        if len(relationships) > _DEEPEST:
            raise self.source.malformed(path.at, f"maximum {_DEEPEST} levels of parents allowed: {path.text}")
        parent = self.top
        for name in relationships:
            parent = self._up(parent, name, path)
        return parent

    def column_of(self, parent: Parent, name: str, path: Path) -> Column:
        """One field of a parent."""
        if parent.alias is None:
            return self._column_of_any(parent, name, path)
        found = self.environment.visible(parent.objects[0], name)
        if found is None:
            raise self.source.no_such_column(path.at, name, parent.entity)
        return Column(found.name, found, f'"{parent.alias}"."{found.name}"', found.nillable or bool(parent.path))

    def branch(self, parent: Parent, definition: ObjectDef, at: int) -> Parent:
        """One of the objects that a lookup may point to, joined."""
        alias = self._alias(parent, definition, at)
        return Parent((*parent.path, definition.name), (definition,), alias, parent.reference)

    def type_of(self, parent: Parent) -> str:
        """SQL for the name of the object that a lookup points to."""
        if parent.alias is not None:
            return f"'{parent.objects[0].name}'"
        cases = " ".join(f"WHEN '{entry.prefix}' THEN '{entry.name}'" for entry in parent.objects if entry.prefix)
        return f"CASE substr({parent.reference}, 1, 3) {cases} END"

    def _reference(self, parent: Parent, name: str) -> FieldDef | None:
        """The lookup field behind a relationship name."""
        if parent.alias is None:
            return None
        return next(
            (
                entry
                for entry in self.environment.visible_fields(parent.objects[0])
                if entry.relationship is not None and entry.relationship.lower() == name.lower()
            ),
            None,
        )

    def _up(self, parent: Parent, name: str, path: Path) -> Parent:
        reference = self._reference(parent, name)
        named = [self.environment.catalogue.object(target) for target in reference.references] if reference else []
        objects = tuple(entry for entry in named if entry is not None)
        if reference is None or not objects:
            raise self.source.no_such_parent(path.at, name)
        path_above = (*parent.path, reference.relationship or name)
        above = Parent(path_above, objects, None, f'"{parent.alias}"."{reference.name}"')
        if len(reference.references) > 1:
            return above
        return Parent(above.path, objects, self._alias(above, objects[0], path.at), above.reference)

    def _alias(self, parent: Parent, definition: ObjectDef, at: int) -> str:
        known = self._joins.get((parent.path, definition.name))
        if known is None:
            if len(self._joins) == _MOST_PARENTS:
                raise self.source.malformed(at, f"a query may climb to no more than {_MOST_PARENTS} different parents")
            alias = next(self.names)
            on = f'"{alias}"."{definition.key}" = {parent.reference}'
            known = alias, f' LEFT JOIN "{definition.name}" "{alias}" ON {on}'
            self._joins[parent.path, definition.name] = known
        return known[0]

    def _column_of_any(self, parent: Parent, name: str, path: Path) -> Column:
        if name.lower() not in _NAME_FIELDS:
            raise self.source.no_such_column(path.at, name, parent.entity)
        if name.lower() == "id":
            return Column("Id", FieldDef("Id", "id"), parent.reference, nillable=True)
        if name.lower() == "type":
            # An owner that is a queue says Queue, though its record is a Group.
            sql = self.type_of(parent).replace("THEN 'Group'", "THEN 'Queue'")
            return Column("Type", FieldDef("Type", "string"), f"({sql})", nillable=True)
        found = [
            (entry, field) for entry in parent.objects if (field := self.environment.visible(entry, name)) is not None
        ]
        if not found:
            raise self.source.no_such_column(path.at, name, parent.entity)
        sides = [f'"{self._alias(parent, entry, path.at)}"."{field.name}"' for entry, field in found]
        sql = sides[0] if len(sides) == 1 else f"COALESCE({', '.join(sides)}) COLLATE NOCASE"
        return Column(found[0][1].name, found[0][1], sql, nillable=True)
