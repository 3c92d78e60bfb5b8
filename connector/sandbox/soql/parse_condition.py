"""Reads field expressions, literals and the conditions of WHERE and HAVING."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from connector.sandbox.soql import dates
from connector.sandbox.soql.cursor import Cursor
from connector.sandbox.soql.lexer import Token
from connector.sandbox.soql.tree import (
    Call,
    Comparison,
    Condition,
    Expression,
    Junction,
    Negation,
    Operator,
    Path,
    Query,
    Value,
)

InnerQuery = Callable[[Cursor], Query]
"""Reads the query of a semi-join; given by the parser of queries, so that the two need not know each other."""

_SYMBOLS: Mapping[str, Operator] = MappingProxyType(
    {
        "=": "=",
        "!=": "!=",
        "<>": "!=",
        "<": "<",
        "<=": "<=",
        ">": ">",
        ">=": ">=",
    }
)
_WORDS: Mapping[str, Operator] = MappingProxyType(
    {
        "LIKE": "LIKE",
        "IN": "IN",
        "INCLUDES": "INCLUDES",
        "EXCLUDES": "EXCLUDES",
    }
)
_LONGEST = 4000
_LISTS = ("IN", "NOT IN", "INCLUDES", "EXCLUDES")


def read_condition(cursor: Cursor, inner: InnerQuery) -> Condition:
    """A whole condition. AND and OR at one level without parentheses are refused, as Salesforce does."""
    cursor.enter()
    terms = [_term(cursor, inner)]
    operator: Literal["AND", "OR"] | None = None
    while cursor.token.is_word("AND", "OR"):
        if operator is not None and not cursor.token.is_word(operator):
            raise cursor.unexpected()
        operator = "AND" if cursor.take().is_word("AND") else "OR"
        terms.append(_term(cursor, inner))
    cursor.leave()
    return terms[0] if operator is None else Junction(operator, tuple(terms))


def read_expression(cursor: Cursor) -> Expression:
    """A field, or a function of one."""
    token = cursor.expect_name()
    if not cursor.take_symbol("("):
        return path_of(token)
    cursor.enter()
    argument = None if cursor.token.is_symbol(")") else read_expression(cursor)
    cursor.leave()
    cursor.expect_symbol(")")
    return Call(token.text.upper(), token.text, argument, token.at)


def path_of(token: Token) -> Path:
    """The field path that a name token spells."""
    return Path(tuple(token.text.split(".")), token.at)


def _term(cursor: Cursor, inner: InnerQuery) -> Condition:
    if cursor.take_words("NOT"):
        cursor.enter()
        negated = _term(cursor, inner)
        cursor.leave()
        return Negation(negated)
    if cursor.take_symbol("("):
        condition = read_condition(cursor, inner)
        cursor.expect_symbol(")")
        return condition
    return _comparison(cursor, inner)


def _comparison(cursor: Cursor, inner: InnerQuery) -> Comparison:
    left = read_expression(cursor)
    operator = _operator(cursor)
    if operator not in _LISTS:
        return Comparison(left, operator, _value(cursor), left.at)
    cursor.expect_symbol("(")
    right = inner(cursor) if cursor.token.is_word("SELECT") and operator in {"IN", "NOT IN"} else _values(cursor)
    cursor.expect_symbol(")")
    return Comparison(left, operator, right, left.at)


def _operator(cursor: Cursor) -> Operator:
    if cursor.take_words("NOT", "IN"):
        return "NOT IN"
    token = cursor.token
    operator = _SYMBOLS.get(token.text) if token.kind == "symbol" else None
    if token.kind == "name":
        operator = _WORDS.get(token.text.upper())
    if operator is None:
        raise cursor.unexpected()
    cursor.take()
    return operator


def _values(cursor: Cursor) -> tuple[Value, ...]:
    values = [_value(cursor)]
    while cursor.take_symbol(","):
        values.append(_value(cursor))
    return tuple(values)


def _value(cursor: Cursor) -> Value:
    token = cursor.token
    if token.kind == "name":
        return _named_value(cursor)
    if token.kind in {"string", "number", "date", "datetime"}:
        cursor.take()
        if len(token.text) > _LONGEST:
            raise cursor.source.malformed(token.at, f"a string may have no more than {_LONGEST} characters")
        return Value(token.kind, token.text, token.at)
    raise cursor.unexpected()


def _named_value(cursor: Cursor) -> Value:
    token = cursor.token
    if token.is_word("NULL"):
        cursor.take()
        return Value("null", "null", token.at)
    if token.is_word("TRUE", "FALSE"):
        cursor.take()
        return Value("boolean", token.text.lower(), token.at)
    counted = dates.takes_count(token.text)
    if counted is None:
        raise cursor.unexpected()
    cursor.take()
    count = 0
    if counted:
        cursor.expect_symbol(":")
        count = cursor.expect_whole_number()
    return Value("period", token.text.upper(), token.at, count)
