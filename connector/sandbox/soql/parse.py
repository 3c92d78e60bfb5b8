"""Reads a query. Whatever is not understood is refused where it stands: nothing is passed over."""

from __future__ import annotations

from typing import Literal

from connector.sandbox.soql.cursor import Cursor
from connector.sandbox.soql.errors import SoqlError, Source
from connector.sandbox.soql.parse_condition import path_of, read_condition, read_expression
from connector.sandbox.soql.tree import (
    Branch,
    Call,
    Expression,
    FieldSet,
    Ordering,
    Path,
    Query,
    Selected,
    Typeof,
)

_LONGEST = 100_000

_AFTER_FROM = (
    "USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "UPDATE", "ALL",
)  # fmt: skip
_MODES = (("SECURITY_ENFORCED",), ("USER_MODE",), ("SYSTEM_MODE",))
_PURPOSES = ("VIEW", "REFERENCE", "UPDATE")

Grouping = tuple[Literal["PLAIN", "ROLLUP", "CUBE"] | None, tuple[Expression, ...]]


def parse(source: Source) -> Query:
    """The query that the text spells; raises SoqlError with the place of what it cannot read."""
    if len(source.text) > _LONGEST:
        raise SoqlError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {_LONGEST} characters.")
    cursor = Cursor(source)
    query = _query(cursor)
    if cursor.token.kind != "end":
        raise cursor.unexpected()
    return query


def _query(cursor: Cursor) -> Query:
    at = cursor.expect_word("SELECT").at
    selected = _selected_list(cursor)
    cursor.expect_word("FROM")
    entity = cursor.expect_name()
    alias = _alias(cursor)
    scope = cursor.expect_name().text.upper() if cursor.take_words("USING", "SCOPE") else None
    where = read_condition(cursor, _query) if cursor.take_words("WHERE") else None
    _mode(cursor)
    grouping, groups = _groups(cursor)
    having = read_condition(cursor, _query) if grouping and cursor.take_words("HAVING") else None
    order = _order(cursor) if cursor.take_words("ORDER", "BY") else ()
    limit = cursor.expect_whole_number() if cursor.take_words("LIMIT") else None
    offset = _offset(cursor) if cursor.take_words("OFFSET") else 0
    _purpose(cursor)
    all_rows = cursor.take_words("ALL", "ROWS")
    return Query(
        selected, entity.text, entity.at, alias, scope, where, grouping, groups, having, order, limit, offset,
        all_rows, at,
    )  # fmt: skip


def _selected_list(cursor: Cursor) -> tuple[Selected, ...]:
    items = [_selected(cursor)]
    while cursor.take_symbol(","):
        items.append(_selected(cursor))
    return tuple(items)


def _selected(cursor: Cursor) -> Selected:
    token = cursor.token
    if cursor.take_symbol("("):
        item: Path | Call | FieldSet | Typeof | Query = _query(cursor)
        cursor.expect_symbol(")")
        return Selected(item, None, token.at)
    if token.is_word("FROM"):
        raise cursor.unexpected()
    if token.is_word("TYPEOF") and cursor.following.kind == "name" and not cursor.following.is_word("FROM"):
        return Selected(_typeof(cursor), None, token.at)
    if token.is_word("FIELDS") and cursor.following.is_symbol("("):
        return Selected(_field_set(cursor), None, token.at)
    item = read_expression(cursor)
    alias = None
    if cursor.token.kind == "name" and not cursor.token.is_word("FROM"):
        alias = cursor.take().text
    return Selected(item, alias, item.at)


def _field_set(cursor: Cursor) -> FieldSet:
    at = cursor.take().at
    cursor.expect_symbol("(")
    if not cursor.token.is_word("ALL", "STANDARD", "CUSTOM"):
        raise cursor.unexpected()
    group = cursor.take().text.upper()
    cursor.expect_symbol(")")
    return FieldSet(group, at)


def _typeof(cursor: Cursor) -> Typeof:
    at = cursor.take().at
    relationship = path_of(cursor.expect_name())
    branches: list[Branch] = []
    while cursor.token.is_word("WHEN") or not branches:
        cursor.expect_word("WHEN")
        entity = cursor.expect_name()
        cursor.expect_word("THEN")
        branches.append(Branch(entity.text, entity.at, _paths(cursor)))
    otherwise = _paths(cursor) if cursor.take_words("ELSE") else ()
    cursor.expect_word("END")
    return Typeof(relationship, tuple(branches), otherwise, at)


def _paths(cursor: Cursor) -> tuple[Path, ...]:
    paths = [path_of(cursor.expect_name())]
    while cursor.take_symbol(","):
        paths.append(path_of(cursor.expect_name()))
    return tuple(paths)


def _alias(cursor: Cursor) -> str | None:
    if cursor.take_words("AS"):
        return cursor.expect_name().text
    if cursor.token.kind == "name" and not cursor.token.is_word(*_AFTER_FROM):
        return cursor.take().text
    return None


def _mode(cursor: Cursor) -> None:
    """Access modes change nothing here: the one user sees what `hidden` leaves."""
    if cursor.take_words("WITH") and not any(cursor.take_words(*words) for words in _MODES):
        raise cursor.unexpected()


def _groups(cursor: Cursor) -> Grouping:
    if not cursor.take_words("GROUP", "BY"):
        return None, ()
    if cursor.token.is_word("ROLLUP", "CUBE") and cursor.following.is_symbol("("):
        kind: Literal["ROLLUP", "CUBE"] = "ROLLUP" if cursor.take().is_word("ROLLUP") else "CUBE"
        cursor.expect_symbol("(")
        groups = _expressions(cursor)
        cursor.expect_symbol(")")
        return kind, groups
    return "PLAIN", _expressions(cursor)


def _expressions(cursor: Cursor) -> tuple[Expression, ...]:
    found = [read_expression(cursor)]
    while cursor.take_symbol(","):
        found.append(read_expression(cursor))
    return tuple(found)


def _order(cursor: Cursor) -> tuple[Ordering, ...]:
    keys = [_ordering(cursor)]
    while cursor.take_symbol(","):
        keys.append(_ordering(cursor))
    return tuple(keys)


def _ordering(cursor: Cursor) -> Ordering:
    expression = read_expression(cursor)
    descending = not cursor.take_words("ASC") and cursor.take_words("DESC")
    nulls_last = None
    if cursor.take_words("NULLS"):
        if not cursor.token.is_word("FIRST", "LAST"):
            raise cursor.unexpected()
        nulls_last = cursor.take().is_word("LAST")
    return Ordering(expression, descending, nulls_last)


def _offset(cursor: Cursor) -> int:
    at = cursor.token.at
    offset = cursor.expect_whole_number()
    if offset > 2000:
        raise cursor.source.error("NUMBER_OUTSIDE_VALID_RANGE", at, "Maximum SOQL offset allowed is 2000")
    return offset


def _purpose(cursor: Cursor) -> None:
    """FOR VIEW and FOR REFERENCE mark records as seen, FOR UPDATE locks them: neither shows in an answer."""
    while cursor.take_words("FOR"):
        if not cursor.token.is_word(*_PURPOSES):
            raise cursor.unexpected()
        cursor.take()
