"""A query as it was understood: values only, with the places that errors point to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ValueKind = Literal["string", "number", "boolean", "null", "date", "datetime", "period"]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE", "IN", "NOT IN", "INCLUDES", "EXCLUDES"]


@dataclass(frozen=True)
class Value:
    """A literal. `text` is as written (a string's escapes untouched); a period is a relative date's name,
    and `count` its n."""

    kind: ValueKind
    text: str
    at: int
    count: int = 0


@dataclass(frozen=True)
class Path:
    """A field, perhaps through parents. Errors about a dotted path point to its last dot, as recorded."""

    names: tuple[str, ...]
    start: int

    @property
    def at(self) -> int:
        before = self.names[:-1]
        return self.start + (sum(map(len, before)) + len(before) - 1 if before else 0)

    @property
    def text(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True)
class Call:
    """A function of a field. `function` is in upper case, `written` as the query has it; COUNT() has no argument."""

    function: str
    written: str
    argument: Expression | None
    at: int


Expression = Path | Call


@dataclass(frozen=True)
class FieldSet:
    """FIELDS(…): `group` is ALL, STANDARD or CUSTOM."""

    group: str
    at: int


@dataclass(frozen=True)
class Branch:
    """WHEN an object THEN these fields."""

    entity: str
    at: int
    fields: tuple[Path, ...]


@dataclass(frozen=True)
class Typeof:
    """TYPEOF a relationship, with the fields for each type of parent."""

    relationship: Path
    branches: tuple[Branch, ...]
    otherwise: tuple[Path, ...]
    at: int


@dataclass(frozen=True)
class Comparison:
    left: Expression
    operator: Operator
    right: Value | tuple[Value, ...] | Query
    at: int


@dataclass(frozen=True)
class Junction:
    """Two or more conditions joined by one operator."""

    operator: Literal["AND", "OR"]
    terms: tuple[Condition, ...]


@dataclass(frozen=True)
class Negation:
    term: Condition


Condition = Comparison | Junction | Negation


@dataclass(frozen=True)
class Ordering:
    """`nulls_last` is None where the query says nothing: then nulls come first in both directions."""

    expression: Expression
    descending: bool
    nulls_last: bool | None


@dataclass(frozen=True)
class Selected:
    """One item of a SELECT list, and the alias behind it."""

    item: Path | Call | FieldSet | Typeof | Query
    alias: str | None
    at: int


@dataclass(frozen=True)
class Query:
    """One SELECT: the query itself, a child subquery, or a semi-join's inner query.

    `grouping` is None without GROUP BY, else PLAIN, ROLLUP or CUBE.
    """

    selected: tuple[Selected, ...]
    entity: str
    entity_at: int
    alias: str | None
    scope: str | None
    where: Condition | None
    grouping: Literal["PLAIN", "ROLLUP", "CUBE"] | None
    groups: tuple[Expression, ...]
    having: Condition | None
    order: tuple[Ordering, ...]
    limit: int | None
    offset: int
    all_rows: bool
    at: int
