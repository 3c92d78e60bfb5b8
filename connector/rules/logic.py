"""What can be told of conditions from their text alone: that one can never be true, or that it implies another.

A condition is brought into alternatives (OR) of facts that hold together (AND). For each thing that is compared, the
facts of an alternative say which values are left. Three-valued: a comparison is only ever true of what is known.
Nothing is claimed that is not certain: what cannot be told counts as possible, and as implying nothing but itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import product

import sqlglot
from sqlglot import exp

Value = str | bool | Decimal
Limit = tuple[Value, bool]
"""A bound, and whether it is itself within."""

MOST_ALTERNATIVES = 200
_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE}
_NEGATED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.NEQ, exp.NEQ: exp.EQ, exp.GT: exp.LTE, exp.LTE: exp.GT, exp.LT: exp.GTE, exp.GTE: exp.LT,
}  # fmt: skip


class _TooManyError(ValueError):
    """More alternatives than are worth looking at."""


@dataclass(frozen=True)
class Left:
    """Which values are left for one thing. `known`: it has a value (True), has none (False), or either (None)."""

    known: bool | None = None
    only: frozenset[Value] | None = None
    never: frozenset[Value] = frozenset()
    low: Limit | None = None
    high: Limit | None = None

    def admits(self, value: Value) -> bool:
        if self.known is False or value in self.never or (self.only is not None and value not in self.only):
            return False
        return _above(value, self.low) and _below(value, self.high)

    def and_(self, other: Left) -> Left | None:
        """What is left by both; None: nothing is."""
        if self.known is not None and other.known is not None and self.known != other.known:
            return None
        known = other.known if self.known is None else self.known
        lows = [one for one in (self.low, other.low) if one is not None]
        highs = [one for one in (self.high, other.high) if one is not None]
        both = Left(
            known,
            None,
            self.never | other.never,
            max(lows, key=lambda limit: (limit[0], not limit[1]), default=None),
            min(highs, key=lambda limit: (limit[0], limit[1]), default=None),
        )
        sets = [one for one in (self.only, other.only) if one is not None]
        if sets:
            only = frozenset(value for value in sets[0] if all(value in one for one in sets) and both.admits(value))
            return Left(known, only) if only else None
        return None if _crossed(both.low, both.high) else both

    def within(self, wider: Left) -> bool:
        """Whether everything that is left here is left there, too."""
        if wider.known is not None and self.known != wider.known:
            return False
        if self.only is not None:
            return all(wider.admits(value) for value in self.only)
        if wider.only is not None or any(self.admits(value) for value in wider.never):
            return False
        return _at_least_as_tight(self.low, wider.low, _above) and _at_least_as_tight(self.high, wider.high, _below)


@dataclass(frozen=True)
class Alternative:
    """Facts that hold together: what is left by thing, and whether other predicates (by their text) hold."""

    left: dict[str, Left] = field(default_factory=dict)
    others: dict[str, bool] = field(default_factory=dict)

    def and_(self, other: Alternative) -> Alternative | None:
        """Both; None: they exclude each other."""
        if any(self.others.get(name, holds) != holds for name, holds in other.others.items()):
            return None
        left = dict(self.left)
        for thing, more in other.left.items():
            both = left.get(thing, Left()).and_(more)
            if both is None:
                return None
            left[thing] = both
        return Alternative(left, {**self.others, **other.others})

    def implies(self, other: Alternative) -> bool:
        return all(self.others.get(name) == holds for name, holds in other.others.items()) and all(
            self.left.get(thing, Left()).within(wider) for thing, wider in other.left.items()
        )


def can_be_true(*conditions: str) -> bool:
    """Whether generated conditions (DuckDB SQL) can be true together; True where it cannot be told."""
    try:
        return bool(_together([_alternatives(sql) for sql in conditions]))
    except _TooManyError:
        return True


def implies(narrow: str, wide: str) -> bool:
    """Whether a generated condition being true means for certain that another one is."""
    if narrow == wide:
        return True
    try:
        wides = _alternatives(wide)
        return all(any(one.implies(other) for other in wides) for one in _alternatives(narrow))
    except _TooManyError:
        return False


def words(sql: str) -> Iterator[tuple[str, str]]:
    """Each text that a column is compared with by = or IN: ("relation.column", text). What is excluded is not told."""
    for node in sqlglot.parse_one(sql, read="duckdb").find_all(exp.EQ, exp.In):
        if isinstance(node.this, exp.Column) and not isinstance(node.parent, exp.Not):
            values = node.expressions if isinstance(node, exp.In) else [node.expression]
            texts = (value.name for value in values if isinstance(value, exp.Literal) and value.is_string)
            yield from ((_thing(node.this), text) for text in texts)


@lru_cache(maxsize=2_000)
def _alternatives(sql: str) -> list[Alternative]:
    return _spread(sqlglot.parse_one(sql, read="duckdb"), True)


def _spread(node: exp.Expr, holds: bool) -> list[Alternative]:
    """The alternatives in which a node is true (or false)."""
    if isinstance(node, exp.Paren):
        return _spread(node.this, holds)
    if isinstance(node, exp.Not):
        return _spread(node.this, not holds)
    if isinstance(node, exp.And | exp.Or):
        parts = [_spread(node.this, holds), _spread(node.expression, holds)]
        if isinstance(node, exp.And) == holds:
            return _together(parts)
        return _few([one for part in parts for one in part])
    if node.args.get("negate"):
        plain = node.copy()
        plain.set("negate", False)
        return _spread(plain, not holds)
    return _facts(node, holds)


def _together(parts: list[list[Alternative]]) -> list[Alternative]:
    found = [Alternative()]
    for part in parts:
        if len(found) * len(part) > 50 * MOST_ALTERNATIVES:
            raise _TooManyError
        joined = (one.and_(other) for one, other in product(found, part))
        found = _few([one for one in joined if one is not None])
    return found


def _few(found: list[Alternative]) -> list[Alternative]:
    if len(found) > MOST_ALTERNATIVES:
        raise _TooManyError
    return found


def _facts(node: exp.Expr, holds: bool) -> list[Alternative]:
    if isinstance(node, exp.Boolean):
        return [Alternative()] if node.this is holds else []
    if isinstance(node, exp.Null):
        return []
    if isinstance(node, exp.Column):
        return _only(node, frozenset({holds}))
    if isinstance(node, exp.Between):
        low = exp.GTE(this=node.this, expression=node.args["low"])
        high = exp.LTE(this=node.this, expression=node.args["high"])
        parts = [_facts(low, holds), _facts(high, holds)]
        return _together(parts) if holds else [one for part in parts for one in part]
    if isinstance(node, exp.Is):
        return _is(node, holds)
    if isinstance(node, exp.In):
        values = [_value(one) for one in node.expressions]
        if any(value is None for value in values):
            return _other(node, holds)
        some = frozenset(value for value in values if value is not None)
        return _only(node.this, some) if holds else [_of(node.this, Left(known=True, never=some))]
    if type(node) in _NEGATED:
        return _comparison(node, holds)
    return _other(node, holds)


def _is(node: exp.Is, holds: bool) -> list[Alternative]:
    if isinstance(node.expression, exp.Null):
        return [_of(node.this, Left(known=not holds))]
    if isinstance(node.expression, exp.Boolean) and holds:
        return _only(node.this, frozenset({bool(node.expression.this)}))
    return _other(node, holds)


def _comparison(node: exp.Expr, holds: bool) -> list[Alternative]:
    kind = type(node) if holds else _NEGATED[type(node)]
    thing, value = node.this, _value(node.expression)
    if value is None and _value(node.this) is not None:
        thing, value, kind = node.expression, _value(node.this), _FLIPPED.get(kind, kind)
    if value is None or _value(thing) is not None:
        return _other(node, holds)
    if kind is exp.EQ:
        return _only(thing, frozenset({value}))
    if kind is exp.NEQ:
        return [_of(thing, Left(known=True, never=frozenset({value})))]
    limit = (value, kind in (exp.GTE, exp.LTE))
    if kind in (exp.GT, exp.GTE):
        return [_of(thing, Left(known=True, low=limit))]
    return [_of(thing, Left(known=True, high=limit))]


def _only(thing: exp.Expr, values: frozenset[Value]) -> list[Alternative]:
    """One of these values; what lower and upper never give is none of them."""
    fold = str.lower if isinstance(thing, exp.Lower) else str.upper if isinstance(thing, exp.Upper) else None
    possible = frozenset(one for one in values if fold is None or not isinstance(one, str) or fold(one) == one)
    return [_of(thing, Left(known=True, only=possible))] if possible else []


def _of(thing: exp.Expr, left: Left) -> Alternative:
    return Alternative({_thing(thing): left})


def _other(node: exp.Expr, holds: bool) -> list[Alternative]:
    return [Alternative({}, {node.sql(dialect="duckdb"): holds})]


def _thing(node: exp.Expr) -> str:
    return f"{node.table}.{node.name}" if isinstance(node, exp.Column) else node.sql(dialect="duckdb")


def _value(node: exp.Expr) -> Value | None:
    if isinstance(node, exp.Neg):
        inner = _value(node.this)
        return -inner if isinstance(inner, Decimal) else None
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        return str(node.name) if node.is_string else Decimal(str(node.name))
    return None


def _above(value: Value, low: Limit | None) -> bool:
    return low is None or value > low[0] or (low[1] and value == low[0])  # type: ignore[operator] # one kind each thing


def _below(value: Value, high: Limit | None) -> bool:
    return high is None or value < high[0] or (high[1] and value == high[0])  # type: ignore[operator] # the same


def _crossed(low: Limit | None, high: Limit | None) -> bool:
    if low is None or high is None:
        return False
    return not _above(high[0], low) or not _below(low[0], high)


def _at_least_as_tight(own: Limit | None, wider: Limit | None, inside: Callable[[Value, Limit | None], bool]) -> bool:
    if wider is None:
        return True
    if own is None:
        return False
    return inside(own[0], wider) or (own[0] == wider[0] and not own[1])
